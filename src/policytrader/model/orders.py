"""Orders on their way: what is asked of an exchange, and what is known afterwards.

An answer has two sides. Its *fate* says what is known of the order: seen (the exchange holds it), dead (provably no
bet) or unknown (nobody knows; whatever it could have cost stays reserved). Its *reactions* say what the caller has to
do besides (``docs/exchange-rules.md`` section 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self

from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import Side


class Fate(StrEnum):
    """What is known of an instruction that was sent."""

    SEEN = "seen"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Reaction(StrEnum):
    """What the caller does besides believing the fate; several may be due."""

    RECONCILE = "reconcile"
    """Read the account's orders, completely, before any new intent."""
    REREAD_MARKET = "reread_market"
    """The market is not what it was: read it again before deciding."""
    REREAD_ORDER = "reread_order"
    """The order is not what it was: it may have been matched."""
    SKIP_MARKET = "skip_market"
    """Nothing more in this market in this tick."""
    CANCEL_OPPOSITE = "cancel_opposite"
    """An own order on the other side stands in the way."""
    BACK_OFF = "back_off"
    """Wait, longer each time, before the next request."""
    LOG_IN = "log_in"
    """Log in once; if that does not help, stop."""
    SPLIT = "split"
    """Ask for less at a time."""
    SUBSCRIBE_AFRESH = "subscribe_afresh"
    """Forget the stream's clock and take a whole image."""
    RECONNECT = "reconnect"
    """Open the stream again; no placing meanwhile."""
    ALERT = "alert"
    """Tell a person."""
    STOP = "stop"
    """No new bets until a person looks; tell them. Hedges and cancels stay allowed."""


class Runner(Protocol):
    """Whatever is about one runner in one market: a pick, an intent, a cash-out's terms."""

    @property
    def market_id(self) -> str:
        """The exchange's."""
        ...

    @property
    def selection_id(self) -> int:
        """The exchange's."""
        ...


class Limit(Protocol):
    """What is bet, and at which price at worst: a planned order, a hedge, an intent."""

    @property
    def side(self) -> Side:
        """BACK or LAY."""
        ...

    @property
    def price(self) -> Decimal:
        """On the ladder."""
        ...

    @property
    def size(self) -> Decimal:
        """With two decimals."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """One LIMIT order that lapses at the off: the only kind that policytrader sends.

    ``price`` stands on the ladder, ``size`` has two decimals. ``order_ref`` (at most 32 characters) is the intent's
    name and the only one that can be read back; ``request_ref`` de-duplicates for 60 s; ``strategy_ref`` (at most 15)
    says that an order is ours. ``market_version`` is the one that the decision was made on. ``payout`` asks the
    exchange to keep the payout (size x price) at this when it matches at a better price: for hedges on the back side.
    """

    market_id: str
    selection_id: int
    side: Side
    price: Decimal
    size: Decimal
    order_ref: str
    request_ref: str
    strategy_ref: str
    market_version: int
    payout: Decimal | None = None

    @classmethod
    def on(
        cls,
        runner: Runner,
        limit: Limit,
        *,
        ref: str,
        strategy_ref: str,
        market_version: int,
        payout: Decimal | None = None,
    ) -> Self:
        """The order that is sent once: ``ref`` names it, and de-duplicates its request."""
        return cls(
            market_id=runner.market_id,
            selection_id=runner.selection_id,
            side=limit.side,
            price=limit.price,
            size=limit.size,
            order_ref=ref,
            request_ref=ref,
            strategy_ref=strategy_ref,
            market_version=market_version,
            payout=payout,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswer:
    """What is known after an order was sent once. ``code`` is the exchange's, or names what happened to the request."""

    fate: Fate
    code: str
    reactions: frozenset[Reaction] = frozenset()
    detail: str = ""
    bet_id: str | None = None
    placed_at: datetime | None = None
    size_matched: Decimal = ZERO
    average_price_matched: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAnswer:
    """What is known of one bet after its cancel was asked for; SEEN means that the exchange says it was cancelled."""

    bet_id: str
    fate: Fate
    code: str
    reactions: frozenset[Reaction] = frozenset()
    detail: str = ""
    size_cancelled: Decimal = ZERO
