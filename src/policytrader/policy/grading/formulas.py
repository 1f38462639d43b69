"""Money formulas: ``stake * (odds + 1) / 2``, as a policy writes what an outcome returns.

Sums and products of ``stake``, ``odds`` and numbers; Python's own grammar reads them, of which only this is let in.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal

MAXIMUM_LENGTH = 120
NAMES = ("stake", "odds")

# Nothing with an exponent: 1e999999999 has a billion digits.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")

_Formula: TypeAlias = Callable[[Fraction, Fraction], Fraction]

_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class FormulaError(ValueError):
    """The text is no formula: says what stands where it must not."""


def evaluate(text: str, stake: Decimal, odds: Decimal) -> Fraction:
    """The exact value; rounding is the caller's. Raises ``FormulaError``, also for a division by zero."""
    formula = _read(text)
    try:
        return formula(Fraction(stake), Fraction(odds))
    except ZeroDivisionError:
        message = "divides by zero"
        raise FormulaError(message) from None


@lru_cache(maxsize=64)  # the same few texts work out every bet's money
def _read(text: str) -> _Formula:
    if len(text) > MAXIMUM_LENGTH:
        message = f"is longer than {MAXIMUM_LENGTH} characters"
        raise FormulaError(message)
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        message = "is no formula: numbers, stake, odds, + - * / and brackets"
        raise FormulaError(message) from None
    return _formula(tree.body, text.strip())


def _formula(node: ast.expr, text: str) -> _Formula:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            operate, one, two = _OPERATIONS[type(op)], _formula(left, text), _formula(right, text)
            return lambda stake, odds: operate(one(stake, odds), two(stake, odds))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            part = _formula(operand, text)
            return lambda stake, odds: -part(stake, odds)
        case ast.Name(id=name) if name in NAMES:
            return (lambda stake, _: stake) if name == "stake" else (lambda _, odds: odds)
        case ast.Constant() if _NUMBER.fullmatch(written := ast.get_source_segment(text, node) or ""):
            number = Fraction(written)  # as written: 0.1 is a tenth
            return lambda _, __: number
        case _:
            message = f"may not hold `{ast.get_source_segment(text, node)}`: numbers, stake, odds, + - * / and brackets"
            raise FormulaError(message)
