"""The one place where names and literals become SQL text."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.policy.fields import Field, FieldType
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A quoted string literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any, field: Field) -> str:
    """A literal as the field's column holds it: durations in whole microseconds, numbers scaled, texts quoted."""
    match value:
        case str() if field.type is FieldType.DURATION:
            return str(duration_microseconds(value))
        case str():
            return text(value)
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | Decimal():
            return number(Decimal(value).scaleb(field.places))
        case _:
            message = f"no literal for {value!r} in {field.name}"
            raise TypeError(message)


def number(value: Decimal) -> str:
    """A number without exponent, whole ones without a point."""
    return format(value.to_integral_value() if value == value.to_integral_value() else value, "f")


def text_list(values: Iterable[str]) -> str:
    """``('a', 'b')``."""
    return "(" + ", ".join(text(value) for value in values) + ")"


def case(cases: Iterable[tuple[str, object]], otherwise: object) -> str:
    """``CASE`` with a branch for each (condition, result), and what else holds."""
    listed = " ".join(f"WHEN {condition} THEN {result}" for condition, result in cases)
    return f"CASE {listed} ELSE {otherwise} END"
