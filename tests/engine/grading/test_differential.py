"""Random bets x random fixtures: the compiled statement and the oracle say the same.

``POLICYTRADER_GRADING_DIFFERENTIAL=20000`` compares as many bets.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.grades import FixtureBets
from policytrader.model.outcomes import Outcome
from tests.engine.grading import random_bets
from tests.engine.grading.builders import AT
from tests.engine.grading.oracle import Oracle, as_answer
from tests.engine.grading.policies import shipped, strict

if TYPE_CHECKING:
    from policytrader.model.grades import BetToGrade
    from policytrader.policy.grading.grading_set import GradingSet

CASES = int(os.environ.get("POLICYTRADER_GRADING_DIFFERENTIAL", "3000"))
BETS_PER_FIXTURE = 20

POLICIES = {"shipped": shipped, "strict": strict}

MUST_OCCUR = {"line", "did_not_play", "fixture_cancelled", "not_finished", "stat_unavailable", "invalid_bet"}
"""Common enough for every run; a run without them compared nothing."""


def _placed(bets: list[BetToGrade]) -> tuple[BetToGrade, ...]:
    return tuple(replace(bet, key=str(number)) for number, bet in enumerate(bets))


@pytest.mark.engine
@pytest.mark.parametrize("name", POLICIES)
def test_statement_and_oracle_agree(name: str) -> None:
    policy: GradingSet = POLICIES[name]()
    seen: Counter[str] = Counter()
    oracle = Oracle(policy)
    drawn = st.lists(random_bets.bets(policy), min_size=BETS_PER_FIXTURE, max_size=BETS_PER_FIXTURE)
    with GradingEngine(policy) as engine:

        @settings(max_examples=CASES // BETS_PER_FIXTURE // len(POLICIES), suppress_health_check=list(HealthCheck))
        @given(random_bets.fixtures_or_none(), drawn)
        def compare(fixture: Any, bets: Any) -> None:
            placed = _placed(bets)
            grades = engine.grade([FixtureBets(fixture, placed)], AT)
            for bet, grade in zip(placed, grades, strict=True):
                assert grade.key == bet.key
                assert as_answer(grade) == oracle.grade(bet, fixture, AT), bet
                seen[grade.reason] += 1
                assert grade.status.is_settled or grade.returns == grade.profit_loss == 0
                assert grade.reason == "manual_override" or grade.status in Outcome

        compare()
    assert MUST_OCCUR - set(seen) == set()
