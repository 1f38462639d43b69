"""The tests beside grading rules run through the compiled conditions, and find a rule that says something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policytrader.app.coverage import RuleCoverage
from policytrader.app.grading.inline_tests import run_inline_tests
from policytrader.policy.grading.fields import GRADING_FIELDS
from policytrader.policy.grading.grading_set import GradingSet
from policytrader.policy.rules import InlineTest
from tests.engine.grading.policies import shipped

if TYPE_CHECKING:
    from policytrader.app.inline_tests import InlineResult

pytestmark = pytest.mark.engine


def test_every_test_beside_the_shipped_rules_passes() -> None:
    results = run_inline_tests(shipped())
    assert [(one.rule.id, one.test.name, one.actual) for one in results if not one.is_passed] == []
    assert {one.rule.id for one in results} == {rule.id for rule in shipped().grading.rules}
    assert all(one.place is not None and one.place.line for one in results)


def test_every_shipped_rule_and_condition_is_seen_in_every_way() -> None:
    coverage = RuleCoverage([("grading", shipped().grading.rules)], GRADING_FIELDS)
    coverage.add_inline(run_inline_tests(shipped()))
    assert [seen.label for seen in coverage.seen.values() if not seen.is_complete] == []


def _with_test(rule_id: str, test: InlineTest) -> GradingSet:
    policy = shipped()
    rules = tuple(
        rule.model_copy(update={"tests": (test,) if rule.id == rule_id else ()}) for rule in policy.grading.rules
    )
    changed = policy.grading.model_copy(update={"rules": rules})
    return GradingSet(policy.markets, policy.participation, changed, policy.names)


def _run(rule_id: str, expect: str, **given: object) -> InlineResult:
    named = {name.replace("__", "."): value for name, value in given.items()}
    (result,) = run_inline_tests(_with_test(rule_id, InlineTest(name="a test", given=named, expect=expect)))
    return result


def test_a_wrong_expectation_fails() -> None:
    found = _run("line", "lost", fixture__period_over=True, bet__margin=1)
    assert (found.actual, found.is_passed, found.truth, found.leaves) == ("won", False, True, (True, True))


def test_a_rule_lets_pass_what_it_is_not_about_and_what_it_may_not_know() -> None:
    other = _run("did-not-play", "next", bet__scope="team", player__took_part=False)
    assert (other.is_passed, other.applies, other.truth) == (True, False, None)
    unscoped = _run("did-not-play", "next", player__took_part=False)
    assert (unscoped.is_passed, unscoped.applies) == (True, False)
    unknown = _run("live-over-won", "next", bet__direction="over", fixture__status="LIVE")
    assert (unknown.is_passed, unknown.applies, unknown.truth) == (True, True, None)


def test_an_unknown_rule_says_its_reason() -> None:
    assert _run("not-finished", "not_finished", fixture__status="LIVE").is_passed


def test_a_margin_that_is_missing_has_no_outcome() -> None:
    found = _run("abandoned-period-over", "won", fixture__status="ABANDONED", fixture__period_over=True)
    assert not found.is_passed
    assert found.actual == "no row of the margin table"


def test_no_tests_no_results() -> None:
    assert run_inline_tests(_with_test("no-such-rule", InlineTest(name="a", given={}, expect="next"))) == ()
