"""A recorded race at its ticks: which definition of each market holds, and what the catalogue has said by then."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from policytrader.app.world import CATALOGUE_EVERY
from policytrader.model.snapshot import MarketStatus
from policytrader.model.times import EPOCH, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from policytrader.ports.races import MarketRecord, RaceRecord
    from policytrader.simulation.definition import RunnerDefinition
    from policytrader.simulation.tape import Whole


class MarketView:
    """One market. ``shown`` is the place of the definition that holds at each tick; -1 until the market is known."""

    def __init__(self, record: MarketRecord, ticks: Whole, asked: Any) -> None:
        """``asked`` tells at which ticks the catalogue is read: it lists what is not closed."""
        self.record = record
        self.definitions = [definition for _, _, definition in record.definitions]
        self._places = np.searchsorted(np.array(record.times, np.int64), ticks, "right") - 1
        is_open = np.array([one.status is not MarketStatus.CLOSED for one in self.definitions], np.bool_)
        listed = asked & (self._places >= 0) & is_open[self._places]
        self._told = np.maximum.accumulate(np.where(listed, np.arange(len(ticks)), -1))
        self.shown = np.where(self._told >= 0, self._places, -1)

    @property
    def changes(self) -> Any:
        """Where another definition holds than at the tick before, or the market becomes known."""
        return differs(self._places) | differs(self._told >= 0)

    def start_of(self, before: int) -> Whole:
        """The off at each tick, as the catalogue listed it last; ``before`` until it did."""
        starts = np.array([microseconds_between(EPOCH, one.start) for one in self.definitions], np.int64)
        return np.where(self._told >= 0, starts[self._places[self._told]], before)

    def runner(self, selection_id: int) -> Sequence[RunnerDefinition | None]:
        """The runner in each definition."""
        return [runners.get(selection_id) for runners in self._runners]

    @cached_property
    def _runners(self) -> list[Mapping[int, RunnerDefinition]]:
        # The first of a number counts, as it does in ``runner_of``.
        return [{one.selection_id: one for one in reversed(told.runners)} for told in self.definitions]


class RaceView:
    """The markets of a race."""

    def __init__(self, race: RaceRecord, ticks: Whole, asked: Any) -> None:
        """``asked`` as in ``MarketView``."""
        self.ticks = ticks
        self.markets = {market_id: MarketView(market, ticks, asked) for market_id, market in race.markets.items()}

    def changes(self, *, with_prices: bool) -> Any:
        """Where a definition, or the list of known markets, is another one than at the tick before; and the first."""
        changes = np.zeros(len(self.ticks), np.bool_)
        changes[0] = True
        for market in self.markets.values():
            changes |= market.changes
            for runner in market.record.runners.values() if with_prices else ():
                changes |= first_ticks(self.ticks, runner.best.at)
        return changes


def catalogue_ticks(ticks: Whole, new_at: Iterable[int] = ()) -> Any:
    """The ticks at which the catalogue is read: the first, each a minute or more after the last, and for new races."""
    every = CATALOGUE_EVERY // timedelta(microseconds=1)
    asked = np.zeros(len(ticks), np.bool_)
    news = sorted({int(np.searchsorted(ticks, at, "left")) for at in new_at})
    place = 0
    while place < len(ticks):
        asked[place] = True
        due = int(np.searchsorted(ticks, ticks[place] + every, "left"))
        place = next((one for one in news if place < one < due), due)
    return asked


def differs(values: Any) -> Any:
    """Where an array is not what it is one place before; the first place is no difference."""
    found = np.zeros(len(values), np.bool_)
    found[1:] = values[1:] != values[:-1]
    return found


def first_ticks(ticks: Whole, moments: Any, *, after: bool = False) -> Any:
    """Which ticks are the first at or after one of the moments; the first ``after`` it where that is asked for."""
    found = np.zeros(len(ticks) + 1, np.bool_)
    found[np.searchsorted(ticks, moments, "right" if after else "left")] = True
    return found[:-1]
