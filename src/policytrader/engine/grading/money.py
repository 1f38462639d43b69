"""What an outcome pays: the policy's formulas, exact, and rounded half up to the penny once for each bet."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO, nearest_penny
from policytrader.policy.grading.formulas import evaluate

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.model.outcomes import Outcome
    from policytrader.policy.grading.rules import Returns


@dataclass(frozen=True, slots=True)
class Payout:
    """What comes back, the stake included, and what that is more or less than the stake. Both zero while pending."""

    returns: Decimal = ZERO
    profit_loss: Decimal = ZERO


def payout(formulas: Returns, outcome: Outcome, stake: Decimal, odds: Decimal, *, is_lay: bool = False) -> Payout:
    """The money of a bet with this outcome.

    A lay bet, with the backer's stake, wins what its backer loses: ``returns`` is then stake plus profit, below zero
    where more than the stake is lost, so that returns less stakes are the profit of any sum of bets.
    """
    if not outcome.is_settled:
        return Payout()
    exact = evaluate(getattr(formulas, outcome), stake, odds)
    returns = nearest_penny(exact)
    if returns != stake and exact == Fraction(stake):
        returns = stake  # of another program's, with part of a penny: a refund wins nothing
    profit = returns - stake
    return Payout(stake - profit, ZERO - profit) if is_lay else Payout(returns, profit)
