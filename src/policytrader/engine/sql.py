"""The one place where names and literals become SQL text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from policytrader.policy.fields import FieldType
from policytrader.policy.values import duration_microseconds


def quote(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A quoted string literal."""
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any, kind: FieldType) -> str:  # noqa: ANN401 - whatever the checked policy holds
    """A literal of a field's type: durations in whole microseconds, numbers by value, texts quoted."""
    match kind, value:
        case FieldType.DURATION, str():
            return str(duration_microseconds(value))
        case _, bool():
            return "TRUE" if value else "FALSE"
        case _, str():
            return text(value)
        case _, int() | Decimal():
            return format(Decimal(value), "f")
        case _:
            message = f"no literal of type {kind} for {value!r}"
            raise TypeError(message)


def text_list(values: tuple[str, ...]) -> str:
    """``('a', 'b')``."""
    return "(" + ", ".join(text(value) for value in values) + ")"
