"""One bet or several on one fixture, graded by the shipped policy or another."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.grades import FixtureBets
from tests.engine.grading.builders import AT
from tests.engine.grading.policies import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade, Grade
    from policytrader.policy.grading.grading_set import GradingSet


@cache
def _shipped_engine() -> GradingEngine:
    return GradingEngine(shipped())


def grade_all(
    bets: Sequence[BetToGrade],
    fixture: Fixture | None,
    *,
    policy: GradingSet | None = None,
    at: datetime = AT,
    explain: bool = False,
) -> tuple[Grade, ...]:
    """Grades in the order of the bets."""
    batches = [FixtureBets(fixture, tuple(bets))]
    if policy is None:
        return _shipped_engine().grade(batches, at, explain=explain)
    with GradingEngine(policy) as engine:
        return engine.grade(batches, at, explain=explain)


def grade(
    bet: BetToGrade,
    fixture: Fixture | None,
    *,
    policy: GradingSet | None = None,
    at: datetime = AT,
    explain: bool = False,
) -> Grade:
    """The one grade."""
    (only,) = grade_all([bet], fixture, policy=policy, at=at, explain=explain)
    return only


def said(grade: Grade) -> tuple[str, str, int | None]:
    """Outcome, reason and count."""
    return str(grade.status), str(grade.reason), grade.actual_value
