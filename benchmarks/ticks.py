"""Whole ticks of the engine, from Python rows to decisions: by what changed, by part, by size, by number of rules."""

from __future__ import annotations

import gc
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.contenders.answers import read_answers
from benchmarks.measure import WARM_UP_TICKS, Growth, Stopwatch, Timing, frozen_heap, time_ticks
from benchmarks.parts import Spent, watched_engine
from benchmarks.policies import policy_with_rules
from benchmarks.race_day import make_snapshot, move_prices
from benchmarks.report import Goal, Section, ms, table, timing_table
from policytrader.engine.evaluate import Engine
from policytrader.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.policy.policy_set import PolicySet

SELECTIONS_PER_RACE = 5
LIVE = "prices new"
EXPLAIN = "prices new, explain"
RENEWED = "every row new"
LINEAR = 1.0


def renew(snapshot: Snapshot) -> Snapshot:
    """The same rows as new objects, so that nothing can be recognised from the tick before."""
    return Snapshot(
        snapshot.now,
        tuple(row._replace() for row in snapshot.selections),
        tuple(row._replace() for row in snapshot.reference),
        tuple(row._replace() for row in snapshot.markets),
        tuple(row._replace() for row in snapshot.runners),
        tuple(row._replace() for row in snapshot.orders),
    )


def measure_ticks(policy: PolicySet, selection_count: int, tick_count: int, *, wanted_ms: float) -> Section:
    """One size of day: by what changed since the tick before, with and without explanations and protections."""
    day = make_snapshot(selection_count // SELECTIONS_PER_RACE, selection_count)
    plain, explaining = Engine(policy), Engine(policy, explain=True)
    unprotected, renewing, read = Engine(policy, protections=False), Engine(policy), Engine(policy)
    with plain, explaining, unprotected, renewing, read:
        timings = time_ticks(
            {
                LIVE: plain.evaluate,
                EXPLAIN: explaining.evaluate,
                "prices new, no protections": unprotected.evaluate,
                "prices new, every amount read": lambda snapshot: read_answers(read.evaluate(snapshot)),
                RENEWED: renewing.evaluate,
            },
            partial(move_prices, day),
            tick_count,
            {RENEWED: lambda seed: renew(move_prices(day, seed))},
        )
    live, explain = timings[LIVE], timings[EXPLAIN]
    goals = [
        Goal(f"tick, {selection_count:,} selections, p50", live.p50, wanted_ms, "ms", f"CPU {ms(live.cpu_p50)} ms"),
        Goal(f"explain, {selection_count:,} selections, x tick", explain.cpu_p50 / live.cpu_p50, 1.25, "x", "CPU"),
    ]
    if selection_count == 100:
        goals.append(Goal("tick, 100 selections, p99", live.p99, 20, "ms"))
    title = f"A tick, {selection_count:,} selections in {selection_count // SELECTIONS_PER_RACE} races"
    data = {name: timing.to_dict() for name, timing in timings.items()}
    return Section(title, timing_table(timings, beside=LIVE, count=selection_count), data, tuple(goals))


def measure_split(policy: PolicySet, selection_count: int, tick_count: int) -> Section:
    """Where the time of a tick goes; see ``parts``."""
    day = make_snapshot(selection_count // SELECTIONS_PER_RACE, selection_count)
    laps: dict[str, list[tuple[float, float]]] = {"whole tick": [], "tables": [], "statement": [], "decisions": []}
    with watched_engine(policy) as (engine, building, statement), frozen_heap():
        for number in range(-WARM_UP_TICKS, tick_count):
            snapshot = move_prices(day, number)
            gc.collect()
            whole = Spent()
            plan = whole.timed(engine.evaluate, snapshot)
            del plan, snapshot
            parts = [whole.take(), building.take(), statement.take()]
            (wall, cpu), *known = parts
            parts.append((wall - sum(one[0] for one in known), cpu - sum(one[1] for one in known)))
            if number >= 0:
                for name, part in zip(laps, parts, strict=True):
                    laps[name].append(part)
    timings = {name: Timing(*(tuple(column) for column in zip(*of, strict=True))) for name, of in laps.items()}
    text = timing_table(timings, beside="whole tick")
    title = f"Its parts, {selection_count:,} selections"
    return Section(title, text, {name: timing.to_dict() for name, timing in timings.items()})


def measure_growth_by_selections(policy: PolicySet, tick_counts: Mapping[int, int]) -> Section:
    """The tick with more and more selections, five in each race; ``tick_counts`` tells how often each is timed."""
    timings = {}
    for selection_count, tick_count in tick_counts.items():
        day = make_snapshot(selection_count // SELECTIONS_PER_RACE, selection_count)
        with Engine(policy) as engine:
            timings[selection_count] = time_ticks({LIVE: engine.evaluate}, partial(move_prices, day), tick_count)[LIVE]
    growth = Growth(timings)
    goal = Goal(
        f"growth, {min(timings)} to {max(timings):,} selections, steepest exponent",
        growth.steepest,
        LINEAR,
        "",
        f"{growth.overall:.2f} from end to end",
    )
    return Section("Growth with selections", _growth_table(growth, "selections"), growth.to_dict(), (goal,))


def measure_growth_by_rules(rule_counts: tuple[int, ...], selection_count: int, tick_count: int) -> Section:
    """The tick with more and more validation rules."""
    policies = {rule_count: policy_with_rules(rule_count) for rule_count in rule_counts}
    day = make_snapshot(selection_count // SELECTIONS_PER_RACE, selection_count)
    preparing = {}
    engines = {}
    for rule_count, policy in policies.items():
        watch = Stopwatch()
        with watch.lap():
            engines[rule_count] = Engine(policy)
        preparing[rule_count] = watch.timing
    try:
        work = {str(rule_count): engine.evaluate for rule_count, engine in engines.items()}
        timed = time_ticks(work, partial(move_prices, day), tick_count)
    finally:
        for engine in engines.values():
            engine.close()
    growth = Growth({int(name): timing for name, timing in timed.items()})
    goal = Goal(
        f"growth, {min(rule_counts)} to {max(rule_counts)} rules, {selection_count:,} selections, steepest exponent",
        growth.steepest,
        LINEAR,
        "",
        f"{growth.overall:.2f} from end to end",
    )
    data = growth.to_dict() | {"prepare_ms": {str(count): round(one.p50, 1) for count, one in preparing.items()}}
    return Section(
        f"Growth with rules, {selection_count:,} selections", _growth_table(growth, "rules", preparing), data, (goal,)
    )


def _growth_table(growth: Growth, unit: str, preparing: Mapping[int, Timing] | None = None) -> str:
    sizes = sorted(growth.timings)
    steps = ["", *(f"{Growth({one: growth.timings[one] for one in pair}).overall:.2f}" for pair in _pairs(sizes))]
    head = [unit, "p50 ms", "p99 ms", "CPU p50 ms", "exponent since the line before"]
    rows = []
    for size, step in zip(sizes, steps, strict=True):
        timing = growth.timings[size]
        rows.append([f"{size:,}", ms(timing.p50), ms(timing.p99), ms(timing.cpu_p50), step])
        if preparing:
            rows[-1].append(ms(preparing[size].p50))
    return table([*head, *(["compile and prepare, once, ms"] if preparing else [])], rows)


def _pairs(sizes: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(sizes))
