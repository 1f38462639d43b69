"""What each pick saw at each tick of its race: the statement's rows, and only those that differ from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from policytrader.app.world import CATALOGUE_EVERY
from policytrader.engine.history import PickRows, runners_rows
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.model.times import EPOCH, microseconds_between
from policytrader.ports.races import MISSING, runner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policytrader.engine.history import Reads
    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.races import BestPrices, MarketRecord, RaceRecord
    from policytrader.simulation.tape import Whole

AMOUNT_PLACES = 10
AMOUNT = 10**AMOUNT_PLACES
"""Exposures and targets are whole numbers of 1e-10, as in the statement."""
_PRICES = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")


@dataclass(frozen=True, slots=True, kw_only=True)
class RacePicks:
    """The picks of one race, what was captured for them, and the ticks (microseconds) at which they are decided.

    ``asked`` tells at which of them the catalogue is read, the first one included.
    """

    race: RaceRecord
    selections: tuple[Selection, ...]
    captures: tuple[ReferenceRunner, ...]
    ticks: Whole
    asked: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PickHistory:
    """One pick over its ticks, a row wherever something differs from the tick before.

    ``tick`` is the row's place in ``ticks``; a row holds until the next. ``race_time`` in microseconds since 1970 as
    listed then. ``target`` is the ladder's amount of the step in force, in 1e-10; 0 from the off on.
    """

    selection: Selection
    race: RaceRecord
    ticks: Whole
    tick: Whole
    race_time: Whole
    target: Whole
    epoch: Whole
    cap: int
    within: int
    begin: int
    """Where its rows begin among all that are judged together."""


class HistoryRows:
    """Rows for the statement, race after race; epochs are numbered over all of them."""

    def __init__(self, policy: PolicySet, reads: Reads, wanted: frozenset[str]) -> None:
        """``reads`` and ``wanted`` are the engine's."""
        self._policy = policy
        self._reads = reads
        self._wanted = wanted
        self._epochs = 0
        self.count = 0
        """How many rows there are for the statement."""
        self.histories: list[PickHistory] = []
        self.picks: list[PickRows] = []
        self.reference: list[tuple[int, ReferenceRunner]] = []
        self.captures: list[ReferenceRunner] = []
        self._runners: dict[str, list[Any]] = {
            name: [] for name in ("snapshot_id", "race_id", "market_id", "market_type", "selection_id", "status",
                                  "best_back", "last_traded", "removed_at")
        }  # fmt: skip

    def add(self, picks: RacePicks) -> None:
        """Add the picks of a race."""
        if not len(picks.ticks) or not picks.selections:
            return
        view = _RaceView(picks)
        race_id = picks.selections[0].race_id
        changes = view.changes(with_prices=self._reads.prices_of_others)
        epochs = np.cumsum(changes) - 1 + self._epochs
        for place in np.flatnonzero(changes):
            self._add_epoch(view, int(place), race_id, picks.captures)
        self.captures += picks.captures
        for selection in picks.selections:
            self._add_pick(view, selection, picks, changes, epochs)

    @property
    def runners(self) -> pa.Table:
        """The live runners of every epoch."""
        return runners_rows(self._runners, len(self._runners["snapshot_id"]))

    def _add_epoch(self, view: _RaceView, place: int, race_id: str, captures: Iterable[ReferenceRunner]) -> None:
        rows = self._runners
        for market, runner, best in view.runners_at(place, with_prices=self._reads.prices_of_others):
            rows["snapshot_id"].append(self._epochs)
            rows["race_id"].append(race_id)
            rows["market_id"].append(market.market_id)
            rows["market_type"].append(market.market_type.value)
            rows["selection_id"].append(runner.selection_id)
            rows["status"].append(None if runner.status is RunnerStatus.HIDDEN else runner.status.value)
            rows["best_back"].append(best[0])
            rows["last_traded"].append(best[1])
            rows["removed_at"].append(runner.removed_at.replace(tzinfo=None) if runner.removed_at else None)
        self.reference += [(self._epochs, row) for row in captures]
        self._epochs += 1

    def _add_pick(self, view: _RaceView, selection: Selection, picks: RacePicks, changes: Any, epochs: Any) -> None:
        ticks = picks.ticks
        market = picks.race.markets[selection.market_id]
        record = market.runners.get(selection.selection_id)
        race_time = view.start_of(market, microseconds_between(EPOCH, selection.race_time))
        rows = None if record is None else np.searchsorted(record.best.at, ticks, "right") - 1
        is_new = changes | _differs(race_time)
        if rows is not None:
            is_new |= _differs(rows)
        is_new |= self._turns(ticks, race_time, picks.captures)
        tick = np.flatnonzero(is_new)
        columns = view.columns(market, selection.selection_id, tick)
        columns["race_time"] = race_time[tick]
        if record is not None and rows is not None:
            columns |= _prices(record.best, rows[tick], columns.pop("shows"))
        columns.pop("shows", None)
        self.picks.append(
            PickRows(selection, epochs[tick], {name: columns.get(name) for name in self._columns(columns)})
        )
        ladder = self._policy.staking.ladder_for(selection.side, selection.market_type)
        points = selection.stake_points
        self.histories.append(
            PickHistory(
                selection=selection,
                race=picks.race,
                ticks=ticks,
                tick=tick,
                race_time=race_time[tick],
                target=_targets(self._policy, selection, race_time[tick] - ticks[tick]),
                epoch=epochs[tick],
                begin=self.count,
                cap=int(ladder.limits.amount(selection.side) * points * AMOUNT),
                within=int(ladder.fully_matched_within * AMOUNT),
            )
        )
        self.count += len(tick)

    def _columns(self, columns: dict[str, Any]) -> list[str]:
        """Those that the statement reads."""
        always = {"now", "race_time"}
        return [name for name in columns if name in always or f"selections.{name}" in self._wanted]

    def _turns(self, ticks: Whole, race_time: Whole, captures: Sequence[ReferenceRunner]) -> Any:
        """Ticks at which a condition on time may turn over, though nothing else has changed."""
        if self._reads.durations is None:
            return np.ones(len(ticks), np.bool_)
        moments: list[int] = []
        for field, lengths in self._reads.durations.items():
            if field == "selection.time_to_off":
                moments += [int(start) - length for start in np.unique(race_time) for length in lengths]
            elif field == "reference.age":
                taken = {one.captured_at for one in captures if one.captured_at is not None}
                moments += [microseconds_between(EPOCH, one) + length for one in taken for length in lengths]
            # The price age is none here: prices are as of the tick.
        turns = np.zeros(len(ticks) + 1, np.bool_)
        # At the very moment and right after it: some conditions include it and some do not.
        turns[np.searchsorted(ticks, moments, "left")] = True
        turns[np.searchsorted(ticks, moments, "right")] = True
        return turns[:-1]


class _RaceView:
    """One race at its ticks: which definition of each market holds, and what the catalogue has said."""

    def __init__(self, picks: RacePicks) -> None:
        race, ticks = picks.race, picks.ticks
        self.race = race
        self.ticks = ticks
        self.places = {
            market_id: np.searchsorted(np.array(market.times, np.int64), ticks, "right") - 1
            for market_id, market in race.markets.items()
        }
        self._asked = picks.asked
        self._known = {market_id: self._known_from(market) for market_id, market in race.markets.items()}

    def changes(self, *, with_prices: bool) -> Any:
        """Where a definition, or the list of known markets, is another one than at the tick before."""
        changes = np.zeros(len(self.ticks), np.bool_)
        changes[0] = True
        for market_id, places in self.places.items():
            changes |= _differs(places) | _differs(self._known[market_id])
            for runner in self.race.markets[market_id].runners.values() if with_prices else ():
                changes |= _differs(np.searchsorted(runner.best.at, self.ticks, "right"))
        return changes

    def runners_at(self, place: int, *, with_prices: bool) -> Iterable[tuple[MarketRecord, Any, tuple[Any, Any]]]:
        """The runners of the race's known markets at one tick, with best back and last traded price where asked for."""
        for market_id, market in self.race.markets.items():
            definition = self.places[market_id][place]
            if definition < 0 or not self._known[market_id][place]:
                continue
            for runner in market.definitions[definition][2].runners:
                best: tuple[Any, Any] = (None, None)
                if with_prices and runner.status is not RunnerStatus.HIDDEN and runner.selection_id in market.runners:
                    prices = market.runners[runner.selection_id].best
                    row = prices.row_at(int(self.ticks[place]))
                    best = (_known(prices.back, row), _known(prices.last_traded, row))
                yield market, runner, best

    def start_of(self, market: MarketRecord, before: int) -> Whole:
        """The market's off at each tick, as the catalogue listed it last; ``before`` until it did."""
        starts = np.array([microseconds_between(EPOCH, one.start) for _, _, one in market.definitions], np.int64)
        is_listed = np.array([one.status is not MarketStatus.CLOSED for _, _, one in market.definitions], np.bool_)
        places = self.places[market.market_id]
        tells = self._asked & (places >= 0) & np.where(places >= 0, is_listed[places], False)  # noqa: FBT003
        told = np.maximum.accumulate(np.where(tells, np.arange(len(places)), -1))
        return np.where(told >= 0, starts[places[told]], before)

    def columns(self, market: MarketRecord, selection_id: int, tick: Any) -> dict[str, Any]:
        """The columns of ``selections`` that the market tells; ``shows`` is where the runner has prices at all."""
        places = np.where(self._known[market.market_id], self.places[market.market_id], -1)[tick]
        definitions = [definition for _, _, definition in market.definitions]
        runners = [runner_of(definition, selection_id) for definition in definitions]
        factors = [
            None if one is None or one.adjustment_factor is None else int(one.adjustment_factor * 100_000)
            for one in runners
        ]
        now = self.ticks[tick]
        is_known = places >= 0
        return {
            "now": now,
            "market_status": _taken([one.status.value for one in definitions], places),
            "in_play": _taken([one.in_play or one.bet_delay > 0 for one in definitions], places),
            "number_of_winners": _taken([one.number_of_winners for one in definitions], places),
            "published_at": pa.array(now, mask=~is_known),
            "course": _taken([one.venue for one in definitions], places),
            "adjustment_factor": _taken(factors, places),
            "shows": is_known
            & np.array([one is not None and one.status is not RunnerStatus.HIDDEN for one in runners])[places],
        }

    def _known_from(self, market: MarketRecord) -> Any:
        """Whether the market was in the catalogue at the tick or before it."""
        places = self.places[market.market_id]
        is_listed = np.array([one.status is not MarketStatus.CLOSED for _, _, one in market.definitions], np.bool_)
        listed = self._asked & (places >= 0) & is_listed[places]
        return np.maximum.accumulate(listed)


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


def _differs(values: Any) -> Any:
    """Where an array is not what it is one place before; the first place is no difference."""
    found = np.zeros(len(values), np.bool_)
    found[1:] = values[1:] != values[:-1]
    return found


def _taken(values: Sequence[Any], places: Any) -> pa.Array:
    """Values by place; none where the place is negative."""
    return pa.array(values).take(pa.array(places, mask=places < 0))


def _known(column: Whole, row: int) -> int | None:
    return None if row < 0 or column[row] == MISSING else int(column[row])


def _prices(best: BestPrices, rows: Any, shows: Any) -> dict[str, Any]:
    is_there = shows & (rows >= 0)
    found = {}
    for name, column in zip(
        _PRICES, (best.back, best.back_size, best.lay, best.lay_size, best.last_traded), strict=True
    ):
        values = column[rows] if len(column) else np.full(len(rows), MISSING)
        found[name] = pa.array(values, mask=~is_there | (values == MISSING))
    return found


def _targets(policy: PolicySet, selection: Selection, time_to_off: Whole) -> Whole:
    ladder = policy.staking.ladder_for(selection.side, selection.market_type)
    steps = ladder.steps
    amounts = [int(step.amount(selection.side) * selection.stake_points * AMOUNT) for step in steps]
    target = np.full(len(time_to_off), amounts[0], np.int64)
    for step, amount in zip(steps[1:], amounts[1:], strict=True):
        target[time_to_off <= (step.microseconds or 0)] = amount
    target[time_to_off <= 0] = 0
    return target
