"""What outcomes pay, by the shipped formulas."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.engine.grading.money import Payout, payout
from policytrader.model.outcomes import Outcome
from tests.tracked_bets import policy

STAKES = st.decimals("0.01", "100000", places=2)
ODDS = st.decimals("1.01", "1000", places=3)


def paid(outcome: Outcome, stake: str, odds: str, *, is_lay: bool = False) -> Payout:
    return payout(policy().grading.returns, outcome, Decimal(stake), Decimal(odds), is_lay=is_lay)


@pytest.mark.parametrize(
    ("outcome", "returns", "profit", "lay_profit"),
    [
        (Outcome.WON, "21", "11", "-11"),
        (Outcome.LOST, "0", "-10", "10"),
        (Outcome.REFUND, "10", "0", "0"),
        (Outcome.HALF_WIN, "15.5", "5.5", "-5.5"),
        (Outcome.HALF_LOSS, "5", "-5", "5"),
        (Outcome.PENDING, "0", "0", "0"),
    ],
)
def test_the_table(outcome: Outcome, returns: str, profit: str, lay_profit: str) -> None:
    assert paid(outcome, "10", "2.1") == Payout(Decimal(returns), Decimal(profit))
    assert paid(outcome, "10", "2.1", is_lay=True).profit_loss == Decimal(lay_profit)


@pytest.mark.parametrize(
    ("stake", "odds", "returns"), [("0.01", "2.5", "0.03"), ("1.15", "2.3", "2.65"), ("0.5", "1.01", "0.51")]
)
def test_a_half_penny_goes_up(stake: str, odds: str, returns: str) -> None:
    assert paid(Outcome.WON, stake, odds).returns == Decimal(returns)


@given(STAKES, ODDS, st.sampled_from([one for one in Outcome if one.is_settled]))
def test_money_is_conserved(stake: Decimal, odds: Decimal, outcome: Outcome) -> None:
    formulas = policy().grading.returns
    back, lay = payout(formulas, outcome, stake, odds), payout(formulas, outcome, stake, odds, is_lay=True)
    for one in (back, lay):
        assert one.returns - stake == one.profit_loss
    assert back.profit_loss + lay.profit_loss == 0
    won, refund = payout(formulas, Outcome.WON, stake, odds), payout(formulas, Outcome.REFUND, stake, odds)
    half_win, half_loss = (
        payout(formulas, Outcome.HALF_WIN, stake, odds),
        payout(formulas, Outcome.HALF_LOSS, stake, odds),
    )
    assert refund.profit_loss == 0
    assert 0 <= half_win.profit_loss <= won.profit_loss
    assert -stake <= half_loss.profit_loss <= 0
