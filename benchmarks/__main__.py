"""``python -m benchmarks`` (``make bench``): measure, print ratios; fails only when it could not run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.bet_store import measure_bet_store
from benchmarks.contenders.answers import DisagreementError
from benchmarks.exchange import measure_exchange
from benchmarks.grading import measure_grading
from benchmarks.live_day import NotMeasuredError, measure_live_tick
from benchmarks.measure import machine
from benchmarks.names import measure_names
from benchmarks.others import measure_others
from benchmarks.recordings import measure_recordings
from benchmarks.replay import measure_replay
from benchmarks.report import Section, goals_table
from benchmarks.season import measure_season
from benchmarks.start_up import measure_start_up
from benchmarks.stream_to_order import measure_stream_to_order
from benchmarks.ticks import (
    measure_growth_by_rules,
    measure_growth_by_selections,
    measure_split,
    measure_ticks,
)
from policytrader.authoring.load import load_grading, load_policy
from policytrader.errors import PolicytraderError
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = "policytrader/benchmarks/1"
RULE_COUNTS = (5, 20, 50, 100)
QUICK_DAYS, SEASON_DAYS = 2, 56
"""Of 36 races: a season of 2,016 races, and one that is made in half a minute."""


def main(arguments: list[str] | None = None) -> int:
    """Run and print. Returns 1 when something could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer ticks, no 10,000 selections, no recorded files")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write every figure to FILE too")
    parser.add_argument(
        "--season", metavar="DIR", type=Path, help="keep the generated season in DIR, or use the one that is there"
    )
    options = parser.parse_args(arguments)
    started, before = perf_counter(), machine()
    print(
        f"CPU {before['cpu']}, {before['cores']} cores, Python {before['python']}, DuckDB {before['duckdb']}, "
        f"load {before['load'][0]} at the start\n"
    )
    sections = []
    try:
        for measure in _plan(quick=options.quick, season=options.season):
            section = measure()
            sections.append(section)
            print(section.render(), flush=True)
    except (DisagreementError, NotMeasuredError, PolicytraderError) as error:
        print(f"benchmarks: could not run: {error}", file=sys.stderr)
        return 1
    goals = [goal for section in sections for goal in section.goals]
    took, after = perf_counter() - started, machine()
    print(f"## Goals\n\n{goals_table(goals)}\n")
    print(f"Took {took:.0f} s; load {after['load'][0]} at the end (above 0: others were using the machine too).")
    if options.json is not None:
        document = {
            "schema": SCHEMA,
            "machine": before | {"load_after": after["load"]},
            "quick": options.quick,
            "seconds": round(took, 1),
            "sections": {section.title: section.data for section in sections},
            "goals": [goal.to_dict() for goal in goals],
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


def _plan(*, quick: bool, season: Path | None) -> Iterator[Callable[[], Section]]:
    """The parts of a run. What imports the other engines comes last: their modules weigh on nobody's ticks."""
    policy = load_policy(resource("rules"))
    sizes = {100: 20, 1_000: 10, 3_000: 5} if quick else {100: 60, 1_000: 30, 3_000: 15, 10_000: 7}
    yield lambda: measure_ticks(policy, 100, 30 if quick else 200, wanted_ms=5)
    yield lambda: measure_ticks(policy, 1_000, 10 if quick else 60, wanted_ms=10)
    yield lambda: measure_split(policy, 100, 20 if quick else 100)
    yield lambda: measure_split(policy, 1_000, 10 if quick else 40)
    yield lambda: measure_growth_by_selections(policy, sizes)
    yield lambda: measure_growth_by_rules(RULE_COUNTS, 100, 10 if quick else 40)
    yield lambda: measure_growth_by_rules(RULE_COUNTS, 1_000, 5 if quick else 20)
    yield lambda: measure_start_up(7 if quick else 15)
    yield lambda: measure_recordings(10_000 if quick else 30_000, 1 if quick else 3, real=not quick)
    yield lambda: measure_exchange(500 if quick else 5_000, 1 if quick else 3, real=not quick)
    yield lambda: measure_live_tick(3 if quick else 10, 10 if quick else 20)
    yield lambda: measure_stream_to_order(40 if quick else 200)
    yield lambda: measure_replay(1 if quick else 5)
    yield lambda: measure_season(QUICK_DAYS if quick else SEASON_DAYS, season)
    grading = load_grading(resource("rules"))
    yield lambda: measure_grading(grading, *((20, 1_000, 2) if quick else (200, 10_000, 5)))
    yield lambda: measure_bet_store(*((10_000, 3) if quick else (100_000, 7)))
    if not quick:  # over recorded pairs
        yield measure_names
    yield lambda: measure_others(policy, 100, 20 if quick else 100)
    yield lambda: measure_others(policy, 1_000, 5 if quick else 25)


if __name__ == "__main__":
    sys.exit(main())
