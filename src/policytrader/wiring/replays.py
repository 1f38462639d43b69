"""Replays: imported recordings, picks and a policy, done here or by workers, day by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from policytrader.errors import UsageError
from policytrader.model.money import MINIMUM_SIZES
from policytrader.ports.workers import Unit
from policytrader.wiring.workers import open_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from policytrader.app.replay.replay import DayPicks, Replayer, ReplayPick, ReplayTerms
    from policytrader.model.replay import Replay
    from policytrader.model.snapshot import ReferenceRunner, Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.selections import SelectionsPolicy
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.races import RaceRecord
    from policytrader.ports.workers import Progress
    from policytrader.simulation.exchange import SimulatedExchange


_MARKET = "market="


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is replayed, and how; everything by value, so that it can be sent anywhere.

    Picks come from ``picks`` or from ``select``; ``cadence`` and ``capture`` as in ``ReplayTerms``.
    """

    policy: PolicySet
    picks: tuple[ReplayPick, ...] = ()
    select: SelectionsPolicy | None = None
    cadence: str = "schedule"
    capture: str | datetime = "8h"
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

    Raises ``RecordingError`` for damage, ``UsageError`` where nothing of what was picked is recorded.
    """
    from policytrader.app.replay.split import merge_replays

    workers = open_workers(jobs, cluster)
    units, problems = _units(question, recordings, together=workers.jobs == 1 and cluster is None)
    done = list(workers.run(replay_races, units, progress))
    if not done:
        message = "nothing to replay: none of the picks is in the recording"
        raise UsageError("\n".join((message, *problems)))
    merged = merge_replays(done)
    return replace(merged, problems=(*problems, *merged.problems))


def replay_races(work: _Work) -> Replay:
    """One unit of work: what a worker does."""
    from policytrader.app.replay.split import selection_order
    from policytrader.model.replay import Replay

    question = work.question
    problems: list[str] = []
    days = list(_replayer(question).replay(_days_of(work, problems)))
    return Replay(
        policy_hash=question.policy.hash,
        cadence=question.cadence,
        selections=tuple(sorted((one for day in days for one in day.selections), key=selection_order)),
        markets=sum(day.markets for day in days),
        ticks=sum(day.ticks for day in days),
        decisions=sum(day.decisions for day in days),
        evaluated=sum(day.evaluated for day in days),
        problems=(*problems, *(problem for day in days for problem in day.problems)),
    )


def _days_of(work: _Work, problems: list[str]) -> Iterator[DayPicks]:
    """The work's days, read when their turn comes; ``problems`` hears of picks that cannot be replayed."""
    from policytrader.adapters.recordings.races import read_race
    from policytrader.app.replay.replay import by_day

    question = work.question
    by_market: dict[str, list[ReplayPick]] = defaultdict(list)
    for pick in question.picks:
        by_market[pick.market_id].append(pick)
    for _, group in groupby(work.races, key=lambda race: _day_of(race[0])):
        races = []
        for race_id, folders in group:
            race = read_race(race_id, folders)
            picks = [pick for market_id in race.markets for pick in by_market[market_id]]
            for folder in folders:
                market_id = folder.name.removeprefix(_MARKET)
                if market_id not in race.markets:
                    what = "is no WIN or PLACE market that can be played"
                    problems += [
                        f"market {market_id} of pick {one.selection_ref} {what}" for one in by_market[market_id]
                    ]
            if race.markets and (picks or question.select is not None):
                races.append((race, picks))
        yield from by_day(races)


def read_replay_picks(path: Path) -> tuple[ReplayPick, ...]:
    """The picks of a file (``docs/replay.md``). Raises ``SnapshotError`` with every problem of it."""
    from policytrader.adapters.recordings.picks import read_picks
    from policytrader.app.replay.replay import ReplayPick

    return tuple(
        ReplayPick(
            selection_ref=pick.selection_ref,
            market_id=pick.market_id,
            selection_id=pick.selection_id,
            side=pick.side,
            price_requested=pick.price_requested,
            stake_points=pick.stake_points,
            race_id=pick.race_id,
        )
        for pick in read_picks(path)
    )


def snapshots_of(
    question: Question, recordings: Sequence[Path], found: Replay
) -> Callable[[str, datetime], Snapshot | None]:
    """The inputs on which a replay decided at a tick, by pick and time: prices as recorded, orders as they ended."""
    from policytrader.adapters.recordings.races import read_race
    from policytrader.app.replay.inputs import inputs_at
    from policytrader.app.replay.replay import make_picks

    terms = _terms(question)
    races = {folder.name.removeprefix(_MARKET): race for race in _races(recordings) for folder in race.folders}
    replayed = {one.selection.selection_ref: one for one in found.selections}

    @lru_cache(maxsize=8)
    def record(race: _Race) -> tuple[RaceRecord, tuple[ReferenceRunner, ...]]:
        read = read_race(race.race_id, race.folders)
        made = make_picks(read, [pick for pick in question.picks if pick.market_id in read.markets], terms)
        return read, made.captures

    def snapshot(selection_ref: str, at: datetime) -> Snapshot | None:
        pick = replayed.get(selection_ref)
        race = None if pick is None else races.get(pick.selection.market_id)
        return None if pick is None or race is None else inputs_at(record(race)[0], pick, found, record(race)[1], at)

    return snapshot


@dataclass(frozen=True, slots=True)
class _Race:
    race_id: str
    day: date
    folders: tuple[Path, ...]


def _races(recordings: Sequence[Path]) -> Iterator[_Race]:
    from policytrader.adapters.recordings.races import race_folders

    seen: dict[str, Path] = {}
    for recording in recordings:
        for race_id, folders in race_folders(recording).items():
            for folder in folders:
                other = seen.setdefault(folder.name, folder)
                if other is not folder:
                    message = f"{folder.name.replace('=', ' ')} is there twice: {other} and {folder}; name one of them"
                    raise UsageError(message)
            yield _Race(race_id, _day_of(race_id), tuple(folders))


def _day_of(race_id: str) -> date:
    """The London day of a recorded race: its name tells its first start."""
    from policytrader.model.times import london_day, parse_utc

    return london_day(parse_utc(race_id.rpartition("@")[2]))


def _units(question: Question, recordings: Sequence[Path], *, together: bool) -> tuple[list[Unit[_Work]], list[str]]:
    """The work, a London day each, and what cannot be done; ``together``: all of it as one, for a single worker."""
    picked = {pick.market_id for pick in question.picks}
    by_day: dict[date, list[_Race]] = defaultdict(list)
    known: set[str] = set()
    for race in _races(recordings):
        here = {folder.name.removeprefix(_MARKET) for folder in race.folders}
        known |= here
        if question.select is not None or here & picked:
            by_day[race.day].append(race)
    unknown = sorted(picked - known)
    problems = [f"market {market_id} of a pick is not in the recording" for market_id in unknown]
    days = sorted(by_day.items())
    groups = (
        [(f"{len(days)} days", [race for _, races in days for race in races])]
        if together
        else [(day.isoformat(), races) for day, races in days]
    )
    units = []
    for name, races in groups:
        markets = {folder.name.removeprefix(_MARKET) for race in races for folder in race.folders}
        own = tuple(pick for pick in question.picks if pick.market_id in markets)
        work = _Work(replace(question, picks=own), tuple((race.race_id, race.folders) for race in races))
        if races:
            units.append(Unit(name, work))
    return units, problems


@lru_cache(maxsize=2)
def _compiled(policy_hash: str, terms: ReplayTerms) -> list[Replayer]:
    """A place for a policy's replayer, which a worker uses for all of its units."""
    del policy_hash, terms
    return []


def _replayer(question: Question) -> Replayer:
    from policytrader.app.replay.replay import Replayer

    terms = _terms(question)
    place = _compiled(question.policy.hash, terms)
    if not place:
        place.append(Replayer(question.policy, terms))
    return place[0]


def _terms(question: Question) -> ReplayTerms:
    from policytrader.app.replay.replay import ReplayTerms

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
