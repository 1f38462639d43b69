"""A policy over recorded races: London days, their picks judged together and folded one by one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

import numpy as np

from policytrader.app.replay.came_to import came_to
from policytrader.app.replay.fold import DayFold
from policytrader.app.replay.picks import ReplayPick, ReplayTerms, make_picks
from policytrader.app.replay.race_view import catalogue_ticks
from policytrader.app.replay.rows import HistoryRows, RacePicks
from policytrader.app.replay.run import PickRun
from policytrader.app.replay.ticks import change_ticks, day_ticks, midnight_of
from policytrader.engine.evaluate import Engine, decision_order
from policytrader.engine.history import HistoryEngine
from policytrader.model.replay import Replay
from policytrader.model.times import EPOCH, format_utc, from_microseconds, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from policytrader.model.replay import ReplayedSelection
    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.races import RaceRecord

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
        self._engine = Engine(policy, protections=False, minimum=terms.minimum)

    def __enter__(self) -> Self:
        """The replayer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the engines."""
        self.close()

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._history.close()
        self._engine.close()

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
            captures = {race.selections[0].race_id: race.captures for race in day.races}
            fold = DayFold(
                self._engine, self._history.reads, runs, captures, minimum=self._terms.minimum, ports=self._terms.ports
            )
            fold.run()
            yield day.told(came_to(fold), runs)


class _Day:
    """One day on its way."""

    def __init__(self, picks: DayPicks, terms: ReplayTerms, policy: PolicySet) -> None:
        self.day = picks.day
        self._policy, self._cadence = policy, terms.cadence
        self.first = self.last = 0
        self.problems: list[str] = []
        prepared = [(race, self._prepare(race, chosen, terms)) for race, chosen in picks.races]
        spans = [(race, *found) for race, found in prepared if found is not None]
        grid = day_ticks(picks.day, [(begin, end) for _, _, _, begin, end in spans], terms.cadence, policy.schedule)
        tomorrow = microseconds_between(EPOCH, midnight_of(picks.day + _DAY))
        asked = None if grid is None else catalogue_ticks(grid, [begin for _, _, _, begin, _ in spans])
        self.races = []
        for race, selections, captures, begin, end in spans:
            if grid is None or asked is None:
                ticks = change_ticks(race, begin, end)
                own = catalogue_ticks(ticks)
            else:
                place = slice(int(np.searchsorted(grid, begin, "left")), int(np.searchsorted(grid, end, "left")) + 1)
                ticks, own = grid[place], asked[place]
                is_today = ticks < tomorrow
                ticks, own = ticks[is_today], own[is_today]
            if len(ticks):
                self.races.append(
                    RacePicks(race=race, selections=selections, captures=captures, ticks=ticks, asked=own)
                )

    def _prepare(
        self, race: RaceRecord, chosen: Sequence[ReplayPick], terms: ReplayTerms
    ) -> tuple[tuple[Selection, ...], tuple[ReferenceRunner, ...], int, int] | None:
        """The picks as selections, their capture, and from when to when they are decided."""
        made = make_picks(race, chosen, terms)
        self.problems += made.problems
        begin = max(made.at, microseconds_between(EPOCH, midnight_of(self.day)))
        end = min(race.until, microseconds_between(EPOCH, midnight_of(self.day + _DAY)) - 1)
        if made.selections and (begin > end or from_microseconds(made.at) >= race.off):
            late = f"captured at {format_utc(from_microseconds(made.at))}, which is after its off or its recording"
            self.problems.append(f"race {race.race_id} is {late}: nothing is decided")
            return None
        if not made.selections:
            return None
        return tuple(sorted(made.selections, key=decision_order)), made.captures, begin, end

    def told(self, selections: Iterable[ReplayedSelection], runs: Sequence[PickRun]) -> Replay:
        """The day as a replay of its own."""
        return Replay(
            policy_hash=self._policy.hash,
            cadence=self._cadence,
            selections=tuple(sorted(selections, key=lambda one: decision_order(one.selection))),
            markets=len({key for run in runs for key in run.history.race.markets}),
            ticks=len(np.unique(np.concatenate([race.ticks for race in self.races]))) if runs else 0,
            decisions=sum(len(run.history.ticks) for run in runs),
            evaluated=sum(len(run.history.tick) for run in runs),
            problems=tuple(self.problems),
        )
