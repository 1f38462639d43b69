"""What outcomes pay, by the shipped formulas."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.tracking.new_bet import Request
from policytrader.engine.grading.money import Payout, payout
from policytrader.model.money import half_up
from policytrader.model.outcomes import Outcome
from tests.tracked_bets import ALERT, OWNER, MadeBook, policy

STAKES = st.decimals("0.01", "100000", places=2)
ODDS = st.decimals("1.01", "1000", places=3)
SETTLED = [one for one in Outcome if one.is_settled]


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


@given(STAKES, ODDS, st.sampled_from(SETTLED))
def test_money_is_conserved(stake: Decimal, odds: Decimal, outcome: Outcome) -> None:
    formulas = policy().grading.returns
    back, lay = payout(formulas, outcome, stake, odds), payout(formulas, outcome, stake, odds, is_lay=True)
    assert back.profit_loss == half_up(back.profit_loss)
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


@given(st.floats(0.005, 100_000), st.floats(0.005, 100_000), st.sampled_from(SETTLED))
def test_whatever_floats_are_staked_money_is_conserved_in_pennies(
    first: float, corrected: float, outcome: Outcome
) -> None:
    made = MadeBook()
    bet = made.tracked(stake=first)
    assert made.book.set_result(OWNER, bet.bet_id, outcome.value, 1, is_manual=True).is_done
    settled = made.stored(bet)
    assert made.book.set_stake(OWNER, bet.bet_id, corrected).is_done
    again = made.stored(bet)
    for stored, given_stake in ((settled, first), (again, corrected)):
        assert abs(stored.actual_stake - Decimal(str(given_stake))) <= Decimal("0.005")
        assert stored.returns - stored.actual_stake == stored.profit_loss
        for amount in (stored.actual_stake, stored.returns, stored.profit_loss):
            assert amount == half_up(amount)
        assert stored.profit_loss == 0 or outcome is not Outcome.REFUND


@pytest.mark.parametrize("stake", [0.004, "0.0049"])
def test_a_stake_that_comes_to_nothing_is_refused(stake: object) -> None:
    answer = MadeBook().book.track(OWNER, Request(alert=ALERT, actual_stake=stake, unit_size=1))
    assert (answer.is_done, answer.message) == (False, f"actual_stake: `{stake}` is not an amount of at least 0.01")


def test_a_refund_of_another_programs_part_of_a_penny_wins_nothing() -> None:
    for is_lay in (False, True):
        assert paid(Outcome.REFUND, "33.335", "2.1", is_lay=is_lay) == Payout(Decimal("33.335"), Decimal(0))
