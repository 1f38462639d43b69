"""The compiled statement over recorded races: what it costs to read them, to make its rows, and to judge those."""

from __future__ import annotations

import gc
from collections import defaultdict
from dataclasses import replace
from time import process_time
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from benchmarks.report import Goal, table
from policytrader.adapters.recordings.race_folders import race_folders
from policytrader.adapters.recordings.races import read_race
from policytrader.app.replay.picks import ReplayTerms, make_picks
from policytrader.app.replay.race_view import catalogue_ticks
from policytrader.app.replay.rows import HistoryRows, RacePicks
from policytrader.engine.history import HistoryEngine
from policytrader.model.money import MINIMUM_SIZES
from policytrader.wiring.replays import read_replay_picks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from policytrader.app.replay.picks import ReplayPick
    from policytrader.app.replay.rows import PickHistory
    from policytrader.engine.history import Reads
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.exchange import SimulatedExchange

T = TypeVar("T")
NEWS, EVERY = "rows where something differs, as a replay asks", "a row for every tick"
ROUNDS = 5


def judge_history(
    recording: Path, selections: Path, policy: PolicySet, every_seconds: int
) -> dict[str, dict[str, Any]]:
    """Decisions, rows, and the CPU seconds of each part: the least of some rounds.

    Raises ``AssertionError`` where a row for every tick judges otherwise than rows for what differs.
    """
    picks: dict[str, list[ReplayPick]] = defaultdict(list)
    for pick in read_replay_picks(selections):
        picks[pick.market_id].append(pick)
    races, reading = _least(lambda: [read_race(name, folders) for name, folders in race_folders(recording).items()])
    chosen = [one for race in races for one in _picks_of(race, picks, every_seconds)]
    with HistoryEngine(policy) as engine:
        # A policy that compares two times has a row for every tick.
        found = {
            NEWS: _judge(engine, engine.reads, chosen),
            EVERY: _judge(engine, replace(engine.reads, durations=None), chosen),
        }
    answers = [one.pop("answers") for one in found.values()]
    assert all(map(np.array_equal, *answers)), "a row for every tick judges otherwise than rows for what differs"
    return {name: {"read": reading, **one} for name, one in found.items()}


def _judge(engine: HistoryEngine, reads: Reads, chosen: Sequence[RacePicks]) -> dict[str, Any]:
    def make_rows() -> tuple[HistoryRows, Any]:
        rows = HistoryRows(engine.policy, reads, engine.wanted)
        for race in chosen:
            rows.add(race)
        return rows, (rows.picks, rows.captures, rows.runners)

    (rows, asked), making = _least(make_rows)
    judged, judging = _least(lambda: engine.judge(*asked))
    places = [_at_each_tick(one) for one in rows.histories]
    return {
        "decisions": sum(map(len, places)),
        "rows": rows.count,
        "rows_made": making,
        "statement": judging,
        "answers": [answers[place] for place in places for answers in judged],
    }


def _at_each_tick(pick: PickHistory) -> Any:
    """The row that holds at each tick of a pick."""
    return pick.begin + np.searchsorted(pick.tick, np.arange(len(pick.ticks)), "right") - 1


def _picks_of(race: RaceRecord, picks: Mapping[str, list[ReplayPick]], every_seconds: int) -> Iterator[RacePicks]:
    terms = ReplayTerms(cadence=f"{every_seconds}s", capture="8h", minimum=MINIMUM_SIZES["GBP"], ports=_no_ports)
    for made in make_picks(race, [pick for market_id in race.markets for pick in picks[market_id]], terms):
        ticks = np.arange(made.at, race.until, every_seconds * 1_000_000, dtype=np.int64)
        yield RacePicks(
            race=race, selections=made.selections, captures=made.captures, ticks=ticks, asked=catalogue_ticks(ticks)
        )


def _no_ports(exchange: SimulatedExchange) -> tuple[Exchange, PriceFeed]:
    raise NotImplementedError(exchange)


def _least(work: Callable[[], T]) -> tuple[T, float]:
    """What it comes to, and the least CPU time of some rounds, in seconds."""
    rounds = [_timed(work) for _ in range(ROUNDS)]
    return rounds[-1][0], min(seconds for _, seconds in rounds)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    gc.collect()
    before = process_time()
    found = work()
    return found, process_time() - before


def history_text(found: Mapping[str, Mapping[str, Any]]) -> str:
    """A table of ``judge_history``."""
    head = (
        "before the fold, CPU ms", "decisions", "rows", "read", "rows made", "statement", "rows/CPU-s of the statement",
        "decisions/CPU-s of all three",
    )  # fmt: skip
    lines = [
        [
            name,
            f"{one['decisions']:,}",
            f"{one['rows']:,}",
            *(f"{one[part] * 1000:.0f}" for part in ("read", "rows_made", "statement")),
            f"{one['rows'] / one['statement']:,.0f}",
            f"{one['decisions'] / (one['read'] + one['rows_made'] + one['statement']):,.0f}",
        ]
        for name, one in found.items()
    ]
    return table(head, lines)


def history_goal(found: Mapping[str, Mapping[str, Any]]) -> Goal:
    """How fast the statement judges where every decision is a row of its own."""
    every = found[EVERY]
    speed = every["rows"] / every["statement"] / 1e6
    return Goal("statement over history, rows a core-second", speed, 2, "M", "CPU; every tick a row", at_least=True)
