"""What outcomes return, by the policy's formulas, and the one place that rounds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from policytrader.model.fixture import Stat
from policytrader.model.money import nearest_penny
from policytrader.policy.grading.formulas import FormulaError, evaluate
from policytrader.policy.grading.grading_set import GradingSet
from tests.engine.grading.builders import REGULAR, bet, both, fixture
from tests.engine.grading.grading import grade, said
from tests.engine.grading.policies import shipped


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (Fraction(1, 200), "0.01"),
        (Fraction(-1, 200), "-0.01"),
        (Fraction(49, 10_000), "0.00"),
        (Fraction(1, 3), "0.33"),
        (Fraction(2, 3), "0.67"),
        (Fraction(10**30) + Fraction(1, 200), f"{10**30}.01"),
    ],
)
def test_a_half_goes_away_from_zero(amount: Fraction, expected: str) -> None:
    assert format(nearest_penny(amount), "f") == expected


def test_a_formula_is_exact() -> None:
    assert evaluate("stake * (odds - 0.1) / 3", Decimal("0.1"), Decimal("1.2")) == Fraction(11, 300)
    assert evaluate("-stake + 2 * 2.50", Decimal(1), Decimal(2)) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stake ** 9", "may not hold `stake ** 9`"),
        ("odds // 2", "may not hold"),
        ("profit", "may not hold `profit`"),
        ("1e999999999", "may not hold `1e999999999`"),
        ("0x10", "may not hold `0x10`"),
        ("1_000", "may not hold `1_000`"),
        ("True", "may not hold `True`"),
        ("stake /", "is no formula"),
        ("", "is no formula"),
        ("1 +" * 60 + " 1", "is longer than 120 characters"),
        ("stake / (odds - 2)", "divides by zero"),
        ("__import__('os')", "may not hold"),
    ],
)
def test_what_is_no_formula(text: str, problem: str) -> None:
    with pytest.raises(FormulaError, match="^" + problem.replace("*", r"\*").replace("(", r"\(")):
        evaluate(text, Decimal(1), Decimal(2))


@pytest.mark.engine
def test_a_formula_that_fails_for_one_bet_leaves_it_pending() -> None:
    policy = shipped()
    returns = policy.grading.returns.model_copy(update={"won": "stake / (odds - 3)"})
    changed = policy.grading.model_copy(update={"returns": returns})
    policy = GradingSet(policy.markets, policy.participation, changed, policy.names)
    played = fixture(team_stats={REGULAR: {Stat.CORNERS: both(2, 0)}})
    found = grade(bet("Team Corners", team_id="10", odds=Decimal(3)), played, policy=policy)
    assert said(found) == ("pending", "invalid_bet", None)
    assert "`stake / (odds - 3)` for stake 1 at odds 3: divides by zero" in found.problem
    assert grade(bet("Team Corners", team_id="10", odds=Decimal(5)), played, policy=policy).returns == Decimal("0.50")
