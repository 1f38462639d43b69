"""What each pick saw at each tick of its race: the statement's rows, and only those that differ from the one before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from policytrader.app.replay.race_view import MarketView, RaceView, differs, first_ticks
from policytrader.engine.history import Captured, PickRows
from policytrader.engine.tables import RUNNERS, SELECTIONS
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import EPOCH, microseconds_between
from policytrader.ports.races import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policytrader.engine.history import Reads
    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
    from policytrader.simulation.tape import Whole

AMOUNT_PLACES = 10
AMOUNT = 10**AMOUNT_PLACES
"""Exposures and targets are whole numbers of 1e-10, as in the statement."""
_PRICES = {
    "best_back": "back",
    "best_back_size": "back_size",
    "best_lay": "lay",
    "best_lay_size": "lay_size",
    "last_traded": "last_traded",
}
"""Columns of ``selections``, and where recorded prices have them."""
_SAID: dict[str, Callable[[MarketDefinition], Any]] = {
    "market_status": lambda told: told.status,
    "in_play": lambda told: told.in_play or told.bet_delay > 0,
    "number_of_winners": lambda told: told.number_of_winners,
    "course": lambda told: told.venue,
}
"""Columns of ``selections`` that a market's definition says."""


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
        self._epochs = 0
        self._listed = _RunnerRows(with_prices=reads.prices_of_others)
        self._rows = _PickColumns(wanted)
        self.count = 0
        """How many rows there are for the statement."""
        self.histories: list[PickHistory] = []
        self.captures: list[Captured] = []

    def add(self, picks: RacePicks) -> None:
        """Add the picks of a race."""
        if not len(picks.ticks) or not picks.selections:
            return
        view = RaceView(picks.race, picks.ticks, picks.asked)
        changes = view.changes(with_prices=self._reads.prices_of_others)
        epochs = np.cumsum(changes) - 1 + self._epochs
        begins = np.flatnonzero(changes)
        for market in view.markets.values():
            self._listed.add(picks.selections[0].race_id, market, picks.ticks, begins, self._epochs)
        self.captures.append(Captured(picks.captures, self._epochs, self._epochs + len(begins)))
        self._epochs += len(begins)
        markets: dict[tuple[str, int], _MarketRows] = {}
        for selection in picks.selections:
            key = selection.market_id, microseconds_between(EPOCH, selection.race_time)
            if key not in markets:
                market = view.markets[key[0]]
                race_time = market.start_of(key[1])
                is_new = changes | differs(race_time) | self._turns(picks.ticks, race_time, picks.captures)
                markets[key] = _MarketRows(market, self._rows.say(market), race_time, is_new)
            self._add_pick(selection, picks, markets[key], epochs)

    @property
    def picks(self) -> PickRows:
        """What was picked, at its ticks."""
        return PickRows(
            [history.selection for history in self.histories],
            [len(history.tick) for history in self.histories],
            np.concatenate([history.epoch for history in self.histories]),
            self._rows.arrays(),
        )

    @property
    def runners(self) -> pa.Table:
        """The live runners of every epoch."""
        return self._listed.table()

    def _add_pick(self, selection: Selection, picks: RacePicks, rows: _MarketRows, epochs: Any) -> None:
        ticks = picks.ticks
        record = rows.market.record.runners.get(selection.selection_id)
        is_new = rows.is_new if record is None else rows.is_new | first_ticks(ticks, record.best.at)
        tick = np.flatnonzero(is_new)
        race_time = rows.race_time[tick]
        self._rows.add(rows, selection.selection_id, ticks, tick)
        ladder = self._policy.staking.ladder_for(selection.side, selection.market_type)
        points = selection.stake_points
        self.histories.append(
            PickHistory(
                selection=selection,
                race=picks.race,
                ticks=ticks,
                tick=tick,
                race_time=race_time,
                target=_targets(self._policy, selection, race_time - ticks[tick]),
                epoch=epochs[tick],
                begin=self.count,
                cap=int(ladder.limits.amount(selection.side) * points * AMOUNT),
                within=int(ladder.fully_matched_within * AMOUNT),
            )
        )
        self.count += len(tick)

    def _turns(self, ticks: Whole, race_time: Whole, captures: Sequence[ReferenceRunner]) -> Any:
        """Ticks at which a condition on time may turn over, though nothing else has changed."""
        if self._reads.durations is None:
            return np.ones(len(ticks), np.bool_)
        starts = {int(race_time[0]), *race_time[differs(race_time)].tolist()}
        taken = {microseconds_between(EPOCH, one.captured_at) for one in captures if one.captured_at is not None}
        moments: list[int] = []
        for field, lengths in self._reads.durations.items():
            if field == "selection.time_to_off":
                moments += [start - length for start in starts for length in lengths]
            elif field == "reference.age":
                moments += [one + length for one in taken for length in lengths]
            # The price age is none here: prices are as of the tick.
        # At the very moment and right after it: some conditions include it and some do not.
        return first_ticks(ticks, moments) | first_ticks(ticks, moments, after=True)


class _MarketRows(NamedTuple):
    """What the picks of one market have in common: ``is_new`` tells where they all have a row.

    ``said`` is the place of its first definition among all that say something.
    """

    market: MarketView
    said: int
    race_time: Whole
    is_new: Any


class _PickColumns:
    """The columns of ``selections`` that move, pick after pick, as far as the statement reads them."""

    def __init__(self, wanted: frozenset[str]) -> None:
        names = {name.removeprefix("selections.") for name in wanted}
        self._prices = {name: column for name, column in _PRICES.items() if name in names}
        self._said: dict[str, list[Any]] = {name: [] for name in _SAID if name in names}
        self._factors: list[int | None] = []
        self._is_aged, self._has_factors = "published_at" in names, "adjustment_factor" in names
        self._parts: dict[str, list[Any]] = defaultdict(list)
        self._definitions = 0

    def say(self, market: MarketView) -> int:
        """Take down what a market's definitions say. Returns the place of the first."""
        first = self._definitions
        self._definitions += len(market.definitions)
        for name, values in self._said.items():
            values.extend(map(_SAID[name], market.definitions))
        return first

    def add(self, rows: _MarketRows, selection_id: int, ticks: Whole, tick: Any) -> None:
        """Add a pick: its rows begin with the ticks in the places ``tick``."""
        shown, now = rows.market.shown[tick], ticks[tick]
        runner = rows.market.runner(selection_id)
        self._part("now", now)
        self._part("race_time", rows.race_time[tick])
        self._part("said", np.where(shown >= 0, shown + rows.said, MISSING))
        if self._has_factors:
            self._part("factor", np.where(shown >= 0, shown + len(self._factors), MISSING))
            self._factors += map(_factor, runner)
        is_shown = np.array([one is not None and one.status is not RunnerStatus.HIDDEN for one in runner], np.bool_)
        record = rows.market.record.runners.get(selection_id)
        if record is None or not len(record.best.at):
            nothing = np.full(len(tick), MISSING)
            for name in self._prices:
                self._part(name, nothing)
            return
        row = np.searchsorted(record.best.at, now, "right") - 1
        is_priced = (shown >= 0) & is_shown[shown] & (row >= 0)
        for name, column in self._prices.items():
            self._part(name, np.where(is_priced, getattr(record.best, column)[row], MISSING))

    def _part(self, name: str, values: Any) -> None:
        self._parts[name].append(values)

    def arrays(self) -> dict[str, pa.Array]:
        """The columns over all rows."""
        whole = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        said, now = whole["said"], whole["now"]
        found = {"now": pa.array(now), "race_time": pa.array(whole["race_time"])}
        found |= {name: pa.array(whole[name], mask=whole[name] == MISSING) for name in self._prices}
        found |= {name: _coded(name, values, said) for name, values in self._said.items()}
        if self._is_aged:
            found["published_at"] = pa.array(now, mask=said == MISSING)
        if self._has_factors:
            found["adjustment_factor"] = _coded("adjustment_factor", self._factors, whole["factor"])
        return found


class _RunnerRows:
    """The live runners of every epoch: what a definition says of them is taken down once."""

    def __init__(self, *, with_prices: bool) -> None:
        self._with_prices = with_prices
        self._told: dict[str, list[Any]] = defaultdict(list)
        self._parts: dict[str, list[Any]] = defaultdict(list)

    def add(self, race_id: str, market: MarketView, ticks: Whole, begins: Any, first_epoch: int) -> None:
        """Add a market. Epochs begin with the ticks in the places ``begins``; the first of them has a number."""
        shown = market.shown[begins]
        epochs = np.flatnonzero(shown >= 0)
        sizes = np.array([len(told.runners) for told in market.definitions])
        firsts = np.cumsum(sizes) - sizes
        runners = [one for told in market.definitions for one in told.runners]
        size = sizes[shown[epochs]]
        # Of each epoch the places of its definition's runners, one after the other.
        places = np.arange(size.sum()) + np.repeat(firsts[shown[epochs]] - np.cumsum(size) + size, size)
        self._parts["place"].append(places + len(self._told["race_id"]))
        self._parts["snapshot_id"].append(np.repeat(epochs + first_epoch, size))
        if self._with_prices:
            shows = [MISSING if one.status is RunnerStatus.HIDDEN else one.selection_id for one in runners]
            self._add_prices(market, np.array(shows)[places], np.repeat(ticks[begins[epochs]], size))
        self._tell(race_id, market, runners)

    def _tell(self, race_id: str, market: MarketView, runners: Sequence[RunnerDefinition]) -> None:
        told, count = self._told, len(runners)
        told["race_id"] += [race_id] * count
        told["market_id"] += [market.record.market_id] * count
        told["market_type"] += [market.record.market_type] * count
        told["selection_id"] += [one.selection_id for one in runners]
        told["status"] += [None if one.status is RunnerStatus.HIDDEN else one.status for one in runners]
        told["removed_at"] += [one.removed_at.replace(tzinfo=None) if one.removed_at else None for one in runners]

    def _add_prices(self, market: MarketView, shows: Whole, now: Whole) -> None:
        """Best back and last traded price at each row's moment: whose they are, or ``MISSING`` for nobody's."""
        back, last_traded = np.full(len(now), MISSING), np.full(len(now), MISSING)
        for selection_id, runner in market.record.runners.items():
            rows = np.flatnonzero(shows == selection_id)
            row = np.searchsorted(runner.best.at, now[rows], "right") - 1
            rows, row = rows[row >= 0], row[row >= 0]
            back[rows], last_traded[rows] = runner.best.back[row], runner.best.last_traded[row]
        self._parts["best_back"].append(back)
        self._parts["last_traded"].append(last_traded)

    def table(self) -> pa.Table:
        """A table of ``RUNNERS``."""
        whole = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        places = pa.array(whole.pop("place"))
        arrays = {name: pa.array(values, mask=values == MISSING) for name, values in whole.items()}
        for name, values in self._told.items():
            arrays[name] = pa.array(values, RUNNERS.schema.field(name).type).take(places)
        columns = [
            arrays[field.name].cast(field.type) if field.name in arrays else pa.nulls(len(places), field.type)
            for field in RUNNERS.schema
        ]
        return pa.Table.from_arrays(columns, schema=RUNNERS.schema)


def _coded(name: str, values: Sequence[Any], places: Whole) -> pa.Array:
    """Values by place, each written once; none where the place is ``MISSING``."""
    kind = SELECTIONS.schema.field(name).type
    where = pa.array(places.astype(np.int32), mask=places == MISSING)
    return pa.DictionaryArray.from_arrays(where, pa.array(values, kind))


def _factor(runner: RunnerDefinition | None) -> int | None:
    return None if runner is None or runner.adjustment_factor is None else int(runner.adjustment_factor * 100_000)


def _targets(policy: PolicySet, selection: Selection, time_to_off: Whole) -> Whole:
    ladder = policy.staking.ladder_for(selection.side, selection.market_type)
    steps = ladder.steps
    amounts = [int(step.amount(selection.side) * selection.stake_points * AMOUNT) for step in steps]
    target = np.full(len(time_to_off), amounts[0], np.int64)
    for step, amount in zip(steps[1:], amounts[1:], strict=True):
        target[time_to_off <= (step.microseconds or 0)] = amount
    target[time_to_off <= 0] = 0
    return target
