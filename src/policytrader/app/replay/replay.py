"""A policy over recorded races: London days, their picks judged together and folded one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from policytrader.app.replay.asked import AskedRows
from policytrader.app.replay.came_to import came_to, undecided
from policytrader.app.replay.fold import DayFold
from policytrader.app.replay.picks import ReplayPick, ReplayTerms, make_picks
from policytrader.app.replay.race_view import catalogue_ticks
from policytrader.app.replay.rows import HistoryRows, RacePicks
from policytrader.app.replay.run import PickRun
from policytrader.app.replay.split import merge_made
from policytrader.app.replay.ticks import change_ticks, day_ticks, midnight_of
from policytrader.engine.evaluate import decision_order
from policytrader.engine.history import HistoryEngine
from policytrader.model.replay import PicksMade, Problem, Replay
from policytrader.model.times import EPOCH, format_utc, from_microseconds, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from policytrader.model.replay import ReplayedSelection
    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.tape import Whole

_DAY = timedelta(days=1)
_ROWS_TOGETHER = 25_000
"""Rows that are judged in one statement: days are put together up to here, and in memory until they are folded."""


@dataclass(frozen=True, slots=True)
class DayPicks:
    """The picks of one London day, that of the races' offs as first recorded, with their races by off."""

    day: date
    races: tuple[tuple[RaceRecord, tuple[ReplayPick, ...]], ...]


class Replayer:
    """One policy, compiled once, over any number of days. Close it, or use it in ``with``."""

    def __init__(self, policy: PolicySet, terms: ReplayTerms) -> None:
        """Compile."""
        self.policy = policy
        self._terms = terms
        self._history = HistoryEngine(policy)
        self._asked = AskedRows(policy, terms.minimum)

    def __enter__(self) -> Self:
        """The replayer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engines."""
        self.close()

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._history.close()
        self._asked.close()

    def replay(self, days: Iterable[DayPicks]) -> Iterable[Replay]:
        """Replay days, one after the other; what is judged together does not change what comes of it."""
        waiting: list[_Day] = []
        rows = HistoryRows(self.policy, self._history.reads, self._history.wanted)
        for picks in days:
            day = _Day(picks, self._terms, self.policy)
            day.first = len(rows.histories)
            for race in day.races:
                rows.add(race)
            day.last = len(rows.histories)
            waiting.append(day)
            if rows.count >= _ROWS_TOGETHER:
                yield from self._fold(waiting, rows)
                waiting, rows = [], HistoryRows(self.policy, self._history.reads, self._history.wanted)
        if waiting:
            yield from self._fold(waiting, rows)

    def _fold(self, days: Sequence[_Day], rows: HistoryRows) -> Iterable[Replay]:
        judged = self._history.judge(rows.picks, rows.captures, rows.runners) if rows.histories else None
        for day in days:
            histories = rows.histories[day.first : day.last]
            if judged is None or not histories:
                yield day.told((), ())
                continue
            runs = [PickRun.of(history, judged) for history in histories]
            captures: dict[str, tuple[ReferenceRunner, ...]] = defaultdict(tuple)
            for race in day.races:
                captures[race.selections[0].race_id] += race.captures
            self._asked.forget()
            fold = DayFold(
                self._history, self._asked.rows, runs, captures, minimum=self._terms.minimum, ports=self._terms.ports
            )
            fold.run()
            yield day.told(came_to(fold), runs)


class _Span(NamedTuple):
    """Picks that were made at one moment, their capture, and from when to when they are decided."""

    selections: tuple[Selection, ...]
    captures: tuple[ReferenceRunner, ...]
    begin: int
    end: int


def _own_ticks(race: RaceRecord, spans: Sequence[_Span]) -> tuple[Whole, Any]:
    """A race's ticks where it has its own, and at which of them the catalogue is read."""
    if not spans:
        return np.array([], np.int64), np.array([], np.bool_)
    begins = [one.begin for one in spans]
    ticks = change_ticks(race, min(begins), max(one.end for one in spans))
    return ticks, catalogue_ticks(ticks, begins)


class _Day:
    """One day on its way."""

    def __init__(self, picks: DayPicks, terms: ReplayTerms, policy: PolicySet) -> None:
        self.day = picks.day
        self._policy, self._cadence = policy, terms.cadence
        self.first = self.last = 0
        self.problems: list[Problem] = []
        self._made: list[PicksMade] = []
        self._undecided: list[ReplayedSelection] = []
        self._rules: dict[str, str] = {}
        prepared = [(race, self._prepare(race, chosen, terms)) for race, chosen in picks.races]
        spans = [(one.begin, one.end) for _, found in prepared for one in found]
        grid = day_ticks(picks.day, spans, terms.cadence, policy.schedule)
        shared = None if grid is None else (grid, catalogue_ticks(grid, [begin for begin, _ in spans]))
        tomorrow = microseconds_between(EPOCH, midnight_of(picks.day + _DAY))
        self.races = []
        for race, found in prepared:
            ticks, asked = shared or _own_ticks(race, found)
            for one in found:
                place = slice(int(np.searchsorted(ticks, one.begin)), int(np.searchsorted(ticks, one.end)) + 1)
                is_today = ticks[place] < tomorrow
                if not is_today.any():
                    self._pass_over(race, one)
                    continue
                self.races.append(
                    RacePicks(
                        race=race,
                        selections=one.selections,
                        captures=one.captures,
                        ticks=ticks[place][is_today],
                        asked=asked[place][is_today],
                    )
                )

    def _prepare(self, race: RaceRecord, chosen: Sequence[ReplayPick], terms: ReplayTerms) -> list[_Span]:
        """The picks as selections, their captures, and from when to when they are decided."""
        spans = []
        for made in make_picks(race, chosen, terms):
            self.problems += made.problems
            self._made.append(made.made)
            if made.rules:
                self._rules |= {one.selection_ref: rule for one, rule in zip(made.selections, made.rules, strict=True)}
            if not made.selections:
                continue
            begin = max(made.at, microseconds_between(EPOCH, midnight_of(self.day)))
            end = min(race.until, microseconds_between(EPOCH, midnight_of(self.day + _DAY)) - 1)
            if begin > end:
                markets = " and ".join(sorted({one.market_id for one in made.selections}))
                late = f"captured at {format_utc(from_microseconds(made.at))}, and its recording or its day had ended"
                self.problems.append(Problem(f"race {race.race_id} is {late}: nothing is decided in {markets}"))
                continue
            spans.append(_Span(tuple(sorted(made.selections, key=decision_order)), made.captures, begin, end))
        return spans

    def _pass_over(self, race: RaceRecord, span: _Span) -> None:
        begin, end = (format_utc(from_microseconds(at)) for at in (span.begin, span.end))
        told = f"no tick of cadence {self._cadence} is between {begin} and {end}: nothing is decided"
        self.problems.append(Problem(f"race {race.race_id}: {told}", "races have no tick"))
        self._undecided += [undecided(race, selection) for selection in span.selections]

    def told(self, selections: Iterable[ReplayedSelection], runs: Sequence[PickRun]) -> Replay:
        """The day as a replay of its own."""
        known = (
            replace(one, picked_by=self._rules.get(one.selection.selection_ref))
            for one in (*selections, *self._undecided)
        )
        return Replay(
            policy_hash=self._policy.hash,
            cadence=self._cadence,
            selections=tuple(sorted(known, key=lambda one: decision_order(one.selection))),
            markets=len({key for run in runs for key in run.history.race.markets}),
            ticks=len(np.unique(np.concatenate([race.ticks for race in self.races]))) if runs else 0,
            decisions=sum(len(run.history.ticks) for run in runs),
            evaluated=sum(len(run.history.tick) for run in runs),
            problems=tuple(self.problems),
            made=merge_made(self._made),
        )
