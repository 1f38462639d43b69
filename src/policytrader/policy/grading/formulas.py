"""Money formulas: ``stake * (odds + 1) / 2``, as a policy writes what an outcome returns.

Sums and products of ``stake``, ``odds`` and numbers; Python's own grammar reads them, of which only this is let in.
"""

from __future__ import annotations

import ast
import operator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

MAXIMUM_LENGTH = 120
NAMES = ("stake", "odds")

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
    if len(text) > MAXIMUM_LENGTH:
        message = f"is longer than {MAXIMUM_LENGTH} characters"
        raise FormulaError(message)
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        message = "is no formula: numbers, stake, odds, + - * / and brackets"
        raise FormulaError(message) from None
    try:
        return _value(tree.body, text.strip(), {"stake": Fraction(stake), "odds": Fraction(odds)})
    except ZeroDivisionError:
        message = "divides by zero"
        raise FormulaError(message) from None


def _value(node: ast.expr, text: str, names: dict[str, Fraction]) -> Fraction:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            return _OPERATIONS[type(op)](_value(left, text, names), _value(right, text, names))
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return -_value(part, text, names)
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return Fraction(ast.get_source_segment(text, node) or "")  # as written: 0.1 is a tenth
        case _:
            message = f"may not hold `{ast.get_source_segment(text, node)}`: numbers, stake, odds, + - * / and brackets"
            raise FormulaError(message)
