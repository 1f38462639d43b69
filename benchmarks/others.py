"""The engine beside others that make the same decisions on the same snapshots, tick by tick in turn."""

from __future__ import annotations

import gc
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.contenders import plain
from benchmarks.contenders.answers import Answer, agree, read_answers
from benchmarks.measure import time_ticks
from benchmarks.race_day import make_snapshot, move_prices
from benchmarks.report import Section, timing_table
from benchmarks.rough_day import roughen
from benchmarks.ticks import SELECTIONS_PER_RACE
from policytrader.engine.evaluate import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

    Way = Callable[[Snapshot], list[Answer]]

ROUGH_DAYS, ROUGH_SELECTIONS = 5, 1_000
LACKING = (
    "Wall and CPU of the whole tick, Python rows to decisions; x is CPU beside the engine's tick. All decide verdict, "
    "target, price check and action with size and minimum order, without protections, and were found to decide as the "
    "engine does on these snapshots and on rough days in which every outcome occurs. None but the engine handles "
    "missing values, records the rules beside the first that matched, hedges, or keeps what it needs to "
    "explain. Joins and sums are Python written by hand for the plain loops, rule-engine and zen-engine."
)


def find_ways() -> tuple[dict[str, Way], tuple[str, ...]]:
    """The contenders that are installed, and the names of those that are not."""
    ways: dict[str, Way] = {"plain Python loops": plain.decide}
    lacking = []
    for name, module in (("pandas, the seed's way", "pandas"), ("rule-engine", "rule_engine"), ("zen-engine", "zen")):
        if find_spec(module) is None:
            lacking.append(name)
        else:
            ways[name] = _make_way(module)
    return ways, tuple(lacking)


def _make_way(module: str) -> Way:
    match module:
        case "pandas":
            from benchmarks.contenders import pandas_way  # noqa: PLC0415 - not installed everywhere

            return pandas_way.decide
        case "rule_engine":
            from benchmarks.contenders.rule_engine_way import RuleEngineWay  # noqa: PLC0415

            return RuleEngineWay().decide
        case _:
            from benchmarks.contenders.zen_way import ZenWay  # noqa: PLC0415

            return ZenWay().decide


def measure_others(policy: PolicySet, selection_count: int, tick_count: int) -> Section:
    """Raises ``DisagreementError`` when one of them decides differently: its time would say nothing."""
    ways, lacking = find_ways()
    day = make_snapshot(selection_count // SELECTIONS_PER_RACE, selection_count)
    with Engine(policy, protections=False) as engine:
        _check_agreement(engine, ways, day)
        contenders: dict[str, Callable[[Snapshot], object]] = {
            "policytrader": engine.evaluate,
            "policytrader, amounts read": lambda snapshot: read_answers(engine.evaluate(snapshot)),
        }
        timings = time_ticks(contenders | ways, partial(move_prices, day), tick_count)
    notes = [LACKING]
    if lacking:
        notes.append(f"Not installed, so not beside it: {', '.join(lacking)}. `make bench` installs them.")
    title = f"Beside others, {selection_count:,} selections"
    data = {name: timing.to_dict() for name, timing in timings.items()}
    return Section(title, timing_table(timings, beside="policytrader", count=selection_count), data, (), tuple(notes))


def _check_agreement(engine: Engine, ways: dict[str, Way], day: Snapshot) -> None:
    snapshots = [day, move_prices(day, 0)]
    # Large enough for every outcome to occur near its edge, however small the timed day is.
    rough = make_snapshot(ROUGH_SELECTIONS // SELECTIONS_PER_RACE, ROUGH_SELECTIONS)
    snapshots += [roughen(move_prices(rough, seed), seed) for seed in range(1, 1 + ROUGH_DAYS)]
    for snapshot in snapshots:
        plan = engine.evaluate(snapshot)
        for name, decide in ways.items():
            agree(name, decide(snapshot), plan)
    gc.collect()
