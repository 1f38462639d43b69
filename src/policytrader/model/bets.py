"""Orders and bets in the exchange's words: what may be asked for, and what an account holds.

Shared by the ports, the adapter that speaks to the exchange and the simulated exchange. An *order* is an instruction of
ours, a *bet* what the exchange holds of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO
from policytrader.model.snapshot import Order, OrderStatus, Side

if TYPE_CHECKING:
    from datetime import datetime

_EVENS = Decimal("2.00")


class OrderType(StrEnum):
    """How an order is priced: at a limit, or at the starting price, with or without a limit."""

    LIMIT = "LIMIT"
    LIMIT_ON_CLOSE = "LIMIT_ON_CLOSE"
    MARKET_ON_CLOSE = "MARKET_ON_CLOSE"


class Persistence(StrEnum):
    """What becomes of the unmatched part when the market turns in-play."""

    LAPSE = "LAPSE"
    PERSIST = "PERSIST"
    MARKET_ON_CLOSE = "MARKET_ON_CLOSE"


class BetTarget(StrEnum):
    """What a size may be worked out from while it matches: the payout, or the backer's profit."""

    PAYOUT = "PAYOUT"
    BACKERS_PROFIT = "BACKERS_PROFIT"


class ClearedStatus(StrEnum):
    """How a bet, or a part of it, ended."""

    SETTLED = "SETTLED"
    VOIDED = "VOIDED"
    LAPSED = "LAPSED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bet:
    """One bet as the account lists it. Sizes in the account's currency; what is open is ``size_remaining``.

    ``size`` is what was asked for (zero for a starting-price order, which has a ``bsp_liability``). The parts add up:
    matched, remaining, lapsed, cancelled and voided. ``average_price_matched`` is None while nothing is matched; a
    removal lowers it afterwards.
    """

    bet_id: str
    market_id: str
    selection_id: int
    side: Side
    order_type: OrderType
    persistence: Persistence | None
    price: Decimal | None
    size: Decimal
    status: OrderStatus
    placed_at: datetime
    matched_at: datetime | None = None
    average_price_matched: Decimal | None = None
    size_matched: Decimal = ZERO
    size_remaining: Decimal = ZERO
    size_lapsed: Decimal = ZERO
    size_cancelled: Decimal = ZERO
    size_voided: Decimal = ZERO
    bsp_liability: Decimal = ZERO
    order_ref: str | None = None
    strategy_ref: str | None = None

    def as_order(self, *, is_ours: bool) -> Order:
        """The bet as a row of a snapshot; only one of ours has a reference there.

        A starting-price bet has no size before the off, and perhaps no price: until then it stands there at 2.00, where
        stake and liability are the same, with the amount that it risks.
        """
        price, size, remaining = self.price, self.size, self.size_remaining
        if self.order_type is not OrderType.LIMIT and self.status is not OrderStatus.EXECUTION_COMPLETE:
            price, size, remaining = _EVENS, self.bsp_liability, self.bsp_liability
        elif price is None:
            price = self.average_price_matched or _EVENS
        return Order(
            self.order_ref if is_ours else None,
            self.market_id,
            self.selection_id,
            self.side,
            price,
            size,
            self.size_matched,
            self.average_price_matched,
            remaining,
            self.status,
            self.placed_at,
        )
