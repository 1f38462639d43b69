"""A bet as the exchange holds it: what it asked for, what matched, and what became of the rest.

The parts are whole pennies; matched, remaining, lapsed, cancelled and voided always add up to the size. The size itself
changes only with a bet target (it follows the prices it gets) and at the starting price (a liability becomes a size).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.model.bets import Bet, BetTarget, OrderType, Persistence
from policytrader.model.snapshot import OrderStatus, Side
from policytrader.simulation.units import average_price, from_pennies

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.simulation.codes import BetOutcome, LapseCode


@dataclass(slots=True)
class Match:
    """One fragment as it was matched; ``hundredths`` is its price today, which a removal may have lowered.

    ``tick`` is None for the starting price, which is off the ladder.
    """

    price: Decimal
    pennies: int
    at: datetime
    tick: int | None
    hundredths: int

    @property
    def size(self) -> Decimal:
        """Matched size in the account's currency."""
        return from_pennies(self.pennies)

    @property
    def price_now(self) -> Decimal:
        """The price after all removals until now."""
        return from_pennies(self.hundredths)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the removal of ``selection_id`` did to one matched fragment."""

    at: datetime
    selection_id: int
    factor: Decimal
    old_price: Decimal
    new_price: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a bet came to, before commission. ``price_reduced`` says that a removal lowered one of its prices."""

    profit: Decimal
    outcome: BetOutcome
    at: datetime
    price_reduced: bool


@dataclass(slots=True, kw_only=True, eq=False)
class SimulatedBet:
    """One bet. ``tick`` is its limit on the ladder, None for MARKET_ON_CLOSE; the ``pennies_*`` are its parts.

    ``ahead`` is what stood before it in the queue when it joined and is not matched yet; ``delayed_until`` is set while
    a bet delay runs; ``target_units`` is what is left to reach of a bet target (pennies x hundredths).
    """

    bet_id: str
    market_id: str
    selection_id: int
    side: Side
    order_type: OrderType
    placed_at: datetime
    persistence: Persistence | None = None
    handicap: Decimal
    tick: int | None = None
    price: Decimal | None = None
    pennies: int = 0
    pennies_remaining: int = 0
    pennies_matched: int = 0
    pennies_lapsed: int = 0
    pennies_cancelled: int = 0
    pennies_voided: int = 0
    payout: int = 0
    liability_pennies: int = 0
    is_on_close_open: bool = False
    is_fill_or_kill: bool = False
    min_fill_pennies: int | None = None
    bet_target_type: BetTarget | None = None
    bet_target_size: Decimal | None = None
    target_units: int = 0
    order_ref: str | None = None
    strategy_ref: str | None = None
    customer_ref: str | None = None
    market_version: int | None = None
    ahead: int = 0
    delayed_until: datetime | None = None
    matched_at: datetime | None = None
    cancelled_at: datetime | None = None
    lapsed_at: datetime | None = None
    voided_at: datetime | None = None
    lapse_code: LapseCode | None = None
    settled: Settlement | None = None
    matches: list[Match] = field(default_factory=list)
    adjustments: list[Adjustment] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """True while a part of it may still be matched."""
        return self.pennies_remaining > 0 or self.is_on_close_open

    @property
    def status(self) -> OrderStatus:
        """EXECUTABLE while a part is open."""
        return OrderStatus.EXECUTABLE if self.is_open else OrderStatus.EXECUTION_COMPLETE

    @property
    def size(self) -> Decimal:
        """Sum of the parts; zero for a starting-price order until it is matched."""
        return from_pennies(self.pennies)

    @property
    def size_matched(self) -> Decimal:
        """What is matched and not void."""
        return from_pennies(self.pennies_matched)

    @property
    def size_remaining(self) -> Decimal:
        """What is open at the limit."""
        return from_pennies(self.pennies_remaining)

    @property
    def size_lapsed(self) -> Decimal:
        """What the exchange let lapse."""
        return from_pennies(self.pennies_lapsed)

    @property
    def size_cancelled(self) -> Decimal:
        """What was cancelled, by the account or because of a removal."""
        return from_pennies(self.pennies_cancelled)

    @property
    def size_voided(self) -> Decimal:
        """What was matched on a runner that was removed."""
        return from_pennies(self.pennies_voided)

    @property
    def bsp_liability(self) -> Decimal:
        """What a starting-price order asked for; zero for a LIMIT order."""
        return from_pennies(self.liability_pennies)

    @property
    def average_price_matched(self) -> Decimal | None:
        """Average over what is matched, at today's prices, to eight decimals."""
        return average_price(self.payout, self.pennies_matched)

    def as_bet(self) -> Bet:
        """The bet as the account lists it."""
        return Bet(
            bet_id=self.bet_id,
            market_id=self.market_id,
            selection_id=self.selection_id,
            side=self.side,
            order_type=self.order_type,
            persistence=self.persistence,
            price=self.price,
            size=self.size,
            status=self.status,
            placed_at=self.placed_at,
            matched_at=self.matched_at,
            average_price_matched=self.average_price_matched,
            size_matched=self.size_matched,
            size_remaining=self.size_remaining,
            size_lapsed=self.size_lapsed,
            size_cancelled=self.size_cancelled,
            size_voided=self.size_voided,
            bsp_liability=self.bsp_liability,
            order_ref=self.order_ref,
            strategy_ref=self.strategy_ref,
        )
