"""Replays: imported recordings, picks and a policy, done here or by workers, day by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from policytrader.adapters.recordings.definition import first_start
from policytrader.errors import UsageError
from policytrader.model.money import MINIMUM_SIZES
from policytrader.ports.workers import Unit
from policytrader.wiring.workers import open_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from policytrader.app.replay.picks import ReplayPick, ReplayTerms
    from policytrader.app.replay.replay import DayPicks
    from policytrader.model.replay import Problem, Replay, ReplayedSelection
    from policytrader.model.snapshot import ReferenceRunner, Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.selections import SelectionsPolicy
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.races import RaceRecord
    from policytrader.ports.workers import Progress
    from policytrader.simulation.exchange import SimulatedExchange

DEFAULT_CAPTURE = "8h"
_MOST_LINES = 20
_READ = (
    "market_id", "market_type", "selection_id", "side", "price_requested", "stake_points", "selection_ref", "race_id",
    "race_time", "runner_name",
)  # fmt: skip
"""The columns of a file of picks that a replay reads; others of a snapshot's are passed over."""
_NO_MARKET = "is no WIN or PLACE market that can be played"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is replayed, and how; everything by value, so that it can be sent anywhere.

    Picks come from ``picks`` or from ``select``; ``cadence`` and ``capture`` as in ``ReplayTerms``.
    """

    policy: PolicySet
    picks: tuple[ReplayPick, ...] = ()
    select: SelectionsPolicy | None = None
    cadence: str = "schedule"
    capture: str | datetime = DEFAULT_CAPTURE
    currency: str = "GBP"


@dataclass(frozen=True, slots=True)
class _Work:
    """One unit: the races of some London days, by race the folders of its markets."""

    question: Question
    races: tuple[tuple[str, tuple[Path, ...]], ...]


def replay(
    recordings: Sequence[Path],
    selections: Path,
    policy: str | None,
    *,
    cadence: str = "schedule",
    jobs: int | None = 1,
) -> Replay:
    """A policy by its folder over the picks of a file: the short way for a program."""
    from pathlib import Path

    from policytrader.wiring.policies import policy_at

    question = Question(policy=policy_at(policy, Path()), picks=read_replay_picks(selections), cadence=cadence)
    return ask(question, recordings, jobs=jobs)


def ask(
    question: Question,
    recordings: Sequence[Path],
    *,
    jobs: int | None = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Replay everything that was picked. The answer does not tell who did which day.

    Raises ``RecordingError`` for damage, ``UsageError`` where nothing at all can be replayed.
    """
    from policytrader.app.replay.select import with_names
    from policytrader.app.replay.split import merge_replays
    from policytrader.app.replay.told import in_order, made_lines, problem_lines

    workers = open_workers(jobs, cluster)
    units, problems = _units(question, recordings, together=workers.jobs == 1 and cluster is None)
    done = list(workers.run(replay_races, units, progress))
    lines: list[str] = []
    if done:
        merged = merge_replays(done)
        made = merged.made if question.select is None else with_names(merged.made, question.select)
        problems += merged.problems
        if merged.selections:
            return replace(merged, problems=in_order(problems), made=made)
        lines += made_lines(made)
    lines += problem_lines(in_order(problems))
    shown = lines if len(lines) <= _MOST_LINES else [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more"]
    raise UsageError("\n  ".join(("nothing to replay", *shown)))


def replay_races(work: _Work) -> Replay:
    """One unit of work: what a worker does."""
    from policytrader.app.replay.replay import Replayer
    from policytrader.app.replay.split import merge_replays
    from policytrader.model.replay import Replay

    question = work.question
    problems: list[Problem] = []
    with Replayer(question.policy, _terms(question)) as replayer:
        days = list(replayer.replay(_days_of(work, problems)))
    nothing = Replay(
        policy_hash=question.policy.hash, cadence=question.cadence, selections=(), markets=0, ticks=0, decisions=0,
        evaluated=0,
    )  # fmt: skip
    found = merge_replays(days) if days else nothing
    return replace(found, problems=(*problems, *found.problems))


def _days_of(work: _Work, problems: list[Problem]) -> Iterator[DayPicks]:
    """The work's days, read when their turn comes; ``problems`` hears of picks that cannot be replayed."""
    from policytrader.adapters.recordings.races import read_race
    from policytrader.adapters.recordings.tables import market_id_of
    from policytrader.app.replay.replay import DayPicks

    question = work.question
    by_market: dict[str, list[ReplayPick]] = defaultdict(list)
    for pick in question.picks:
        by_market[pick.market_id].append(pick)
    for day, group in groupby(work.races, key=lambda race: _day_of(race[0])):
        races: list[tuple[RaceRecord, tuple[ReplayPick, ...]]] = []
        for race_id, folders in group:
            race = read_race(race_id, folders)
            picks = tuple(pick for market_id in race.markets for pick in by_market[market_id])
            for folder in folders:
                market_id = market_id_of(folder)
                if market_id not in race.markets:
                    problems += [
                        one.problem(f"market {market_id} {_NO_MARKET}", f"picks are on what {_NO_MARKET}")
                        for one in by_market[market_id]
                    ]
            if race.markets and (picks or question.select is not None):
                races.append((race, picks))
                problems += _off_ladder(race)
        if races:
            yield DayPicks(day, tuple(sorted(races, key=lambda one: (one[0].off, one[0].race_id))))


def _off_ladder(race: RaceRecord) -> Iterator[Problem]:
    """What cannot be replayed exactly: the exchange leaves such a level out, and shows the next one."""
    from policytrader.model.replay import Problem

    for market in race.markets.values():
        if market.off_ladder:
            runners = ", ".join(map(str, market.off_ladder))
            text = (
                f"market {market.market_id} of race {race.race_id}: prices off the exchange's ladder were recorded for "
                f"{runners}; what is decided on their best prices may not be what the daemon would decide"
            )
            yield Problem(text, "markets have prices off the exchange's ladder", is_remark=True)


def read_replay_picks(path: Path) -> tuple[ReplayPick, ...]:
    """The picks of a file (``docs/replay.md``).

    Raises ``SnapshotError`` with every problem of it, ``UsageError`` where it holds none.
    """
    from policytrader.adapters.recordings.picks import read_picks
    from policytrader.app.replay.picks import ReplayPick

    picks = tuple(
        ReplayPick(
            selection_ref=pick.selection_ref,
            market_id=pick.market_id,
            selection_id=pick.selection_id,
            side=pick.side,
            price_requested=pick.price_requested,
            stake_points=pick.stake_points,
            market_type=pick.market_type,
            race_id=pick.race_id,
            race_time=pick.race_time,
            runner_name=pick.runner_name,
            place=pick.place,
        )
        for pick in read_picks(path, _READ)
    )
    if not picks:
        message = f"{path}: there are no picks in it, only a header"
        raise UsageError(message)
    return picks


def snapshots_of(
    question: Question, recordings: Sequence[Path], found: Replay
) -> Callable[[str, datetime], Snapshot | None]:
    """The inputs on which a replay decided at a tick, by pick and time: prices as recorded, orders as they ended."""
    from policytrader.adapters.recordings.races import read_race
    from policytrader.adapters.recordings.tables import market_id_of
    from policytrader.app.replay.inputs import inputs_at
    from policytrader.app.replay.picks import make_picks

    terms = _terms(question)
    races = {market_id_of(folder): race for race in _races(recordings) for folder in race.folders}
    replayed = {one.selection.selection_ref: one for one in found.selections}
    traded: dict[date, list[ReplayedSelection]] = defaultdict(list)
    for one in found.selections:
        if one.selection.market_id in races:
            traded[_day_of(races[one.selection.market_id].race_id)].append(one)

    @lru_cache(maxsize=8)
    def record(race: _Race) -> tuple[RaceRecord, tuple[ReferenceRunner, ...]]:
        read = read_race(race.race_id, race.folders)
        picks = [one for one in question.picks if one.market_id in read.markets and one.selection_ref in replayed]
        made = make_picks(read, picks, terms)
        return read, tuple(row for one in made for row in one.captures)

    def snapshot(selection_ref: str, at: datetime) -> Snapshot | None:
        pick = replayed.get(selection_ref)
        race = None if pick is None else races.get(pick.selection.market_id)
        if pick is None or race is None:
            return None
        recorded, captures = record(race)
        return inputs_at(recorded, pick, traded[_day_of(race.race_id)], captures, at)

    return snapshot


@dataclass(frozen=True, slots=True)
class _Race:
    race_id: str
    folders: tuple[Path, ...]


def _races(recordings: Sequence[Path]) -> Iterator[_Race]:
    from policytrader.adapters.recordings.race_folders import race_folders

    for race_id, folders in race_folders(*recordings).items():
        yield _Race(race_id, tuple(folders))


def _day_of(race_id: str) -> date:
    """The London day on which a recorded race is traded."""
    from policytrader.model.times import london_day

    return london_day(first_start(race_id))


def _units(
    question: Question, recordings: Sequence[Path], *, together: bool
) -> tuple[list[Unit[_Work]], list[Problem]]:
    """The work, a London day each, and what cannot be done; ``together``: all of it as one, for a single worker."""
    from policytrader.adapters.recordings.tables import market_id_of
    from policytrader.app.replay.picks import split_misnamed
    from policytrader.app.replay.split import RecordedMarket, split_replay

    races = list(_races(recordings))
    markets = [
        RecordedMarket(market_id_of(folder), first_start(race.race_id), folder)
        for race in races
        for folder in race.folders
    ]
    of_market = {market_id_of(folder): race for race in races for folder in race.folders}
    picks, misnamed = split_misnamed(question.picks, {market_id: race.race_id for market_id, race in of_market.items()})
    split = split_replay(markets, picks, 1 if together else None, every_day=question.select is not None)
    text, group = "is not in the recording", "picks are on markets that are not in the recording"
    unknown = [pick.problem(f"market {pick.market_id} {text}", group) for pick in split.unknown]
    units = []
    for part in split.parts:
        # Of a day's races those with picks, or all where a rule is to pick.
        named = part.markets if question.select is not None else part.picks
        wanted = {of_market[one.market_id].race_id for one in named}
        here = dict.fromkeys(of_market[market.market_id] for market in part.markets)
        chosen = tuple((race.race_id, race.folders) for race in here if race.race_id in wanted)
        units.append(Unit(part.name, _Work(replace(question, picks=part.picks), chosen)))
    return units, [*unknown, *misnamed]


def _terms(question: Question) -> ReplayTerms:
    from policytrader.app.replay.picks import ReplayTerms

    return ReplayTerms(
        cadence=question.cadence,
        capture=question.capture,
        select=question.select,
        minimum=MINIMUM_SIZES[question.currency],
        ports=_in_memory,
    )


def _in_memory(exchange: SimulatedExchange) -> tuple[Exchange, PriceFeed]:
    from policytrader.adapters.simulated.exchange import InMemoryExchange
    from policytrader.adapters.simulated.prices import InMemoryPrices

    return InMemoryExchange(exchange), InMemoryPrices(exchange)
