"""What tests beside grading rules and golden matches say against a policy, and which rules the matches have seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.app.grading.inline_tests import condition_truths, run_inline_tests
from policytrader.app.grading.scenarios import run_grading_scenario
from policytrader.engine.compile import leaf_column
from policytrader.engine.grading.compile import KIND
from policytrader.policy.conditions import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from policytrader.app.coverage import RuleCoverage
    from policytrader.app.grading.scenarios import ReadMatch
    from policytrader.policy.grading.grading_set import GradingSet

_MOST_DIFFERENCES = 5


def failed_grading_checks(policy: GradingSet, folders: Iterable[Path], read_match: ReadMatch) -> tuple[str, ...]:
    """What fails of the tests beside the rules and of these golden matches; nothing when all pass."""
    failed = [
        f"{result.place or result.rule.id}  {result.rule.id}, {result.test.name}: actual {result.actual}, "
        f"expected {result.test.expect}"
        for result in run_inline_tests(policy)
        if not result.is_passed
    ]
    for folder in folders:
        result = run_grading_scenario(folder, policy, read_match)
        failed += [f"{folder}  {one}" for one in result.differences[:_MOST_DIFFERENCES]]
        if result.error:
            failed.append(f"{folder}  {result.error}")
    return tuple(failed)


def add_grades(coverage: RuleCoverage, policy: GradingSet, values: Sequence[Mapping[str, Any]]) -> None:
    """Count what every rule said of graded bets; ``values`` are what the rules saw of each (``Grade.values``)."""
    for row in condition_truths(policy, values):
        for rule in policy.grading.rules:
            if not row[f"{KIND}/{rule.id}/applies"]:
                continue
            names = [f"{KIND}/{rule.id}"]
            names += [leaf_column(KIND, rule.id, index) for index, _ in enumerate(walk(rule.when))]
            for name in names:
                coverage.seen[name].counts[row[name]] += 1
