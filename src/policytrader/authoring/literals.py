"""Literals of conditions and of inline tests: do they have the field's type and unit?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.authoring.suggest import did_you_mean
from policytrader.policy.fields import Field, FieldType, Operator
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LITERAL = Decimal(10) ** 9
_MAX_LIST_SIZE = 1000

_EXAMPLES = {
    FieldType.NUMBER: "8",
    FieldType.MONEY: "10.00",
    FieldType.PRICE: "12",
    FieldType.DURATION: "30m",
    FieldType.BOOLEAN: "true",
    FieldType.TEXT: "Ascot",
    FieldType.LIST: "7",
}


def describe(field: Field) -> str:
    """What the field holds, for a sentence: ``a price in odds``, ``true or false``."""
    match field.type:
        case FieldType.NUMBER if field.unit not in {"", "percent"}:
            return f"a {field.unit}" if field.unit.endswith(" id") else f"a number of {field.unit}"
        case FieldType.NUMBER:
            return f"a number in {field.unit}" if field.unit else "a number"
        case FieldType.MONEY:
            return "an amount of money"
        case FieldType.PRICE:
            return "a price in odds"
        case FieldType.ENUM:
            return "one of a few words"
        case FieldType.BOOLEAN:
            return "true or false"
        case FieldType.DURATION | FieldType.TEXT | FieldType.LIST:
            return f"a {field.type}"


def example(field: Field, op: Operator) -> str:
    """A literal that this field and operator take, as an author writes it."""
    one = field.values[0] if field.values else _EXAMPLES[field.type]
    if op in {Operator.IN, Operator.NOT_IN}:
        return f"[{one}]"
    return f"[{one}, {one}]" if op is Operator.BETWEEN else one


def operand_problem(field: Field, op: Operator, value: Any) -> str | None:
    """What is wrong with the ``value`` of a comparison, as the end of a sentence."""
    if op in {Operator.IN, Operator.NOT_IN}:
        if not isinstance(value, tuple) or not value:
            return "must be a list of at least one"
        if len(value) > _MOST_LISTED:
            return f"lists more than {_MOST_LISTED} values"
        return _first_problem(field, value)
    if op is Operator.BETWEEN:
        match value:
            case (low, high):
                problem = _first_problem(field, (low, high))
                is_reversed = problem is None and amount_of(low) > amount_of(high)
                return "has its bounds the wrong way round" if is_reversed else problem
            case _:
                return "must be a list of two: the lower and the upper bound"
    if op is Operator.SIZE_GTE:
        is_size = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_LIST_SIZE
        return None if is_size else f"must be a whole number from 0 to {_MAX_LIST_SIZE}"
    return literal_problem(field, value)


_MOST_LISTED = 100


def _first_problem(field: Field, values: Iterable[Any]) -> str | None:
    return next((problem for one in values if (problem := literal_problem(field, one)) is not None), None)


def amount_of(value: str | int | Decimal) -> Decimal:
    """A number, or a duration in microseconds. Raises ``ValueError`` for any other text."""
    return Decimal(duration_microseconds(value)) if isinstance(value, str) else Decimal(value)


def literal_problem(field: Field, value: Any) -> str | None:
    """What is wrong with one literal of the field's type."""
    match field.type:
        case FieldType.DURATION:
            return _duration_problem(value)
        case FieldType.ENUM:
            return None if value in field.values else _word_problem(field, value)
        case FieldType.TEXT:
            return None if isinstance(value, str) else "must be a text"
        case FieldType.LIST:
            return None if isinstance(value, int) and not isinstance(value, bool) else "must be a whole number"
        case FieldType.BOOLEAN:
            return None if isinstance(value, bool) else "must be true or false"
        case FieldType.NUMBER | FieldType.MONEY | FieldType.PRICE:
            return _number_problem(value)


def _duration_problem(value: Any) -> str | None:
    try:
        duration_microseconds(value if isinstance(value, str) else "")
    except ValueError:
        return "must be a duration such as 8h, 30m or 15s"
    return None


def _word_problem(field: Field, value: Any) -> str:
    if value == "HIDDEN":
        return "cannot be HIDDEN, which is read as missing: ask with `is_missing`"
    near = did_you_mean(value.upper(), field.values) if isinstance(value, str) else ""
    return f"must be one of {', '.join(field.values)}{near}"


def _number_problem(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return "must be a number, without quotes and without a unit"
    return None if -MAX_LITERAL <= value <= MAX_LITERAL else f"must be from {-MAX_LITERAL} to {MAX_LITERAL}"


def given_problem(field: Field, value: Any) -> str | None:
    """What is wrong with a field's value in an inline test."""
    if field.type is FieldType.LIST:
        is_ids = isinstance(value, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in value)
        return None if is_ids else "must be a list of selection ids, such as [7]"
    return literal_problem(field, value)
