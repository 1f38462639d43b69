"""Recorded races in columns: what the statement reads at every tick, and the tapes that orders are matched against."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
    from policytrader.simulation.tape import Tape, Whole

MISSING = -1
_NEVER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class BestPrices:
    """What is shown of one runner, a row at each change: prices in hundredths, sizes in pennies, ``MISSING`` for none.

    ``at`` in microseconds since 1970, rising. A crossed book shows neither side.
    """

    at: Whole
    back: Whole
    back_size: Whole
    lay: Whole
    lay_size: Whole
    last_traded: Whole

    def row_at(self, at: int) -> int:
        """The row that holds at this moment; -1 before the first."""
        return int(np.searchsorted(self.at, at, "right")) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerRecord:
    """One runner of one market. The tape is read when the first order meets it."""

    selection_id: int
    best: BestPrices
    read_tape: Callable[[], Tape]


@dataclass(frozen=True, kw_only=True)
class MarketRecord:
    """One recorded market. ``definitions`` are (microseconds since 1970, number, definition) in order, at least one.

    ``until`` is when its last message was published. ``off_ladder`` are runners that were offered at prices which the
    exchange's ladder does not have: they stand among the best prices here, and nothing can be bet at them.
    """

    market_id: str
    market_type: MarketType
    definitions: Sequence[tuple[int, int, MarketDefinition]]
    runners: Mapping[int, RunnerRecord]
    until: int
    off_ladder: Sequence[int] = ()

    @cached_property
    def times(self) -> list[int]:
        """When each definition was published."""
        return [at for at, _, _ in self.definitions]

    def place_at(self, at: int) -> int:
        """Which definition holds at this moment; -1 before the first."""
        return bisect_right(self.times, at) - 1

    def definition_at(self, at: int) -> MarketDefinition | None:
        """The definition that holds at this moment."""
        place = self.place_at(at)
        return self.definitions[place][2] if place >= 0 else None

    @cached_property
    def closed_at(self) -> int | None:
        """When it was first told to be closed."""
        closed = (at for at, _, definition in self.definitions if definition.status is MarketStatus.CLOSED)
        return next(closed, None)

    @cached_property
    def last(self) -> MarketDefinition:
        """The last definition: results and starting prices, where the recording has them."""
        return self.definitions[-1][2]

    @cached_property
    def _silences(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        ends = [*(number for _, number, _ in self.definitions[1:]), _NEVER]
        for (_, number, definition), until in zip(self.definitions, ends, strict=True):
            for runner in definition.runners:
                if definition.status is MarketStatus.CLOSED or runner.status is RunnerStatus.REMOVED:
                    found[runner.selection_id].append((number, until))
        return found

    def silences(self, selection_id: int) -> Sequence[tuple[int, int]]:
        """Between which numbers of the market's changes the exchange hears no quote of a runner.

        It is out of the race, or the market is closed: a stretch for each definition that says so.
        """
        return self._silences.get(selection_id, ())


@dataclass(frozen=True, kw_only=True)
class RaceRecord:
    """The WIN and PLACE markets of one race, as far as they were recorded, by id."""

    race_id: str
    markets: Mapping[str, MarketRecord] = field(default_factory=dict)

    @property
    def first_at(self) -> int:
        """When the first of its markets appears."""
        return min(market.times[0] for market in self.markets.values())

    @property
    def until(self) -> int:
        """When the last message of any of its markets was published."""
        return max(market.until for market in self.markets.values())

    @property
    def off(self) -> datetime:
        """The off as it was scheduled when the race was first recorded."""
        first = min(self.markets.values(), key=lambda market: (market.times[0], market.market_id))
        return first.definitions[0][2].start


def runner_of(definition: MarketDefinition, selection_id: int) -> RunnerDefinition | None:
    """The runner in a definition."""
    return next((one for one in definition.runners if one.selection_id == selection_id), None)
