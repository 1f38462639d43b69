"""Proof of the money formulas: what comes back for each outcome, for every stake and all odds.

A formula may divide by numbers only, so it is a polynomial in stake and odds, of a degree no higher than the times that
each is named. Two polynomials that agree on a grid with more points than that in both directions are the same.
"""

from __future__ import annotations

import ast
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Final

from policytrader.policy.grading.formulas import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.grading.rules import Returns

_TARGETS: Final = {
    "won": "stake * odds",
    "lost": "0",
    "refund": "stake",
    # Half of the stake wins or loses, the other half is given back.
    "half_win": "stake * (odds + 1) / 2",
    "half_loss": "stake / 2",
}
"""Outcome -> a formula of what it comes to."""

_SPREAD: Final = Decimal("0.5")


def check_returns(returns: Returns, document: YamlDocument) -> Iterator[Diagnostic]:
    """E225 for a formula that does not come to what its outcome means, with stake and odds that show it."""
    for outcome, target in _TARGETS.items():
        if (problem := _problem(getattr(returns, outcome), target)) is not None:
            remedy = f'For example `{outcome}: "{target}"`.'
            yield document.diagnostic(("returns", outcome), "E225", f"`{outcome}` {problem}", remedy)


def _problem(text: str, target: str) -> str | None:
    """What is wrong with a formula, as the end of a sentence."""
    if _divides_by_a_name(text):
        return "divides by stake or odds: for some of them there would be no amount"
    stakes = [Decimal(10) + number for number in range(text.count("stake") + 2)]
    odds = [Decimal(3) + number * _SPREAD for number in range(text.count("odds") + 2)]
    for stake, price in product(stakes, odds):
        actual, expected = evaluate(text, stake, price), evaluate(target, stake, price)
        if actual != expected:
            at = f"with a stake of {stake} and odds of {_amount(Fraction(price))}"
            return f"comes to {_amount(actual)} {at}, and must come to {_amount(expected)}"
    return None


def _divides_by_a_name(text: str) -> bool:
    divisors = (
        node.right
        for node in ast.walk(ast.parse(text.strip(), mode="eval"))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
    )
    return any(isinstance(part, ast.Name) for divisor in divisors for part in ast.walk(divisor))


def _amount(value: Fraction) -> str:
    return format(round(Decimal(value.numerator) / value.denominator, 4).normalize(), "f")
