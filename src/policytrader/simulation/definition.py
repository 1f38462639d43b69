"""The definition of a market: everything the exchange says of it beside prices, in one immutable value.

A market's life is a sequence of definitions. What a change of definition does to bets (a removal's reductions, lapses
at the off, settlement) follows from the difference of two of them, whoever made the second: a recording, a generated
race day, or a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO
from policytrader.model.snapshot import MarketStatus, RunnerStatus

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal


def nameless(selection_id: int) -> str:
    """What a runner is called that nobody has named yet: many a recorded definition leaves names out."""
    return f"Selection {selection_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerDefinition:
    """One runner. ``adjustment_factor`` in percent; ``starting_price`` once it is reconciled, off the ladder."""

    selection_id: int
    name: str
    sort_priority: int
    status: RunnerStatus = RunnerStatus.ACTIVE
    adjustment_factor: Decimal | None = None
    removed_at: datetime | None = None
    starting_price: Decimal | None = None
    handicap: Decimal = ZERO
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether ``name`` was told."""
        return self.name != nameless(self.selection_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDefinition:
    """One market. ``start`` is the off as scheduled now, ``base_rate`` the commission in percent.

    Names as in the exchange's catalogue: ``name`` of the market ("4f Hcap"), ``market_type`` WIN, PLACE and others.
    """

    market_id: str
    event_id: str
    event_name: str
    event_type_id: str
    market_type: str
    name: str
    start: datetime
    venue: str | None
    country_code: str | None
    timezone: str
    number_of_winners: int
    runners: tuple[RunnerDefinition, ...]
    version: int
    status: MarketStatus = MarketStatus.OPEN
    in_play: bool = False
    bet_delay: int = 0
    base_rate: Decimal = ZERO
    is_bsp: bool = True
    turns_in_play: bool = True
    bsp_reconciled: bool = False
    open_date: datetime | None = None
    settled_at: datetime | None = None
    each_way_divisor: Decimal | None = None
    regulators: tuple[str, ...] = ()
    race_type: str | None = None

    @property
    def active_runners(self) -> tuple[RunnerDefinition, ...]:
        """The runners that have not been withdrawn, in the order of the card."""
        return tuple(runner for runner in self.runners if runner.status is not RunnerStatus.REMOVED)
