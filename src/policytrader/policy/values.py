"""The small values of the language: amounts, durations, ids, and the base of every model."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNIT_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
DURATION_PATTERN = r"^(0|[1-9][0-9]{0,5})(h|m|s)$"


class Model(BaseModel):
    """A frozen, closed model: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@cache
def duration_microseconds(text: str) -> int:
    """``8h``, ``30m`` or ``15s`` in microseconds. Raises ``ValueError`` for anything else."""
    if not re.fullmatch(DURATION_PATTERN, text):
        message = "a duration is a whole number and a unit, such as 8h, 30m or 15s"
        raise ValueError(message)
    return int(text[:-1]) * _UNIT_MICROSECONDS[text[-1]]


def duration(text: str) -> timedelta:
    """The same as a ``timedelta``."""
    return timedelta(microseconds=duration_microseconds(text))


def _to_decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        kind = "number_expected"
        raise PydanticCustomError(kind, "must be a number, without quotes")
    return Decimal(value)


def _decimal_type(*, low: str, high: str, places: int) -> Any:
    def check(value: Decimal) -> Decimal:
        exponent = value.normalize().as_tuple().exponent
        if not Decimal(low) <= value <= Decimal(high):
            kind = "number_range"
            raise PydanticCustomError(kind, f"must be from {low} to {high}")
        if isinstance(exponent, int) and -exponent > places:
            kind = "number_places"
            raise PydanticCustomError(kind, f"has more than {places} decimals")
        return value

    schema = {"type": "number", "minimum": float(low), "maximum": float(high), "multipleOf": float(f"1e-{places}")}
    if places == 0:
        schema = {"type": "integer", "minimum": int(low), "maximum": int(high)}
    return Annotated[Decimal, BeforeValidator(_to_decimal), AfterValidator(check), WithJsonSchema(schema)]


def _check_duration(text: str) -> str:
    try:
        duration_microseconds(text)
    except ValueError as error:
        kind = "duration"
        raise PydanticCustomError(kind, str(error)) from None
    return text


def _at_least_a_second(text: str) -> str:
    if duration_microseconds(text) == 0:
        kind = "duration"
        raise PydanticCustomError(kind, "must be at least 1s")
    return text


if TYPE_CHECKING:
    Money = Decimal
    Odds = Decimal
    Points = Decimal
    Change = Decimal
    Percent = Decimal
    Count = Decimal
    Line = Decimal
else:
    Money = _decimal_type(low="0", high="1000000", places=2)
    """An amount in account currency, 0 to 1,000,000, at most two decimals."""

    Percent = _decimal_type(low="0", high="1000", places=2)
    Count = _decimal_type(low="0", high="1000000", places=0)
    Line = _decimal_type(low="-10000", high="10000", places=2)
    Odds = _decimal_type(low="1.01", high="1000", places=2)
    """Decimal odds within the ends of the exchange's ladder."""

    Points = _decimal_type(low="0.01", high="1000", places=2)
    Change = _decimal_type(low="-99", high="1000", places=2)
    """A percentage more, or less."""

Duration = Annotated[
    str,
    AfterValidator(_check_duration),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]
"""``8h``, ``30m``, ``15s``: a whole number and one unit."""

PositiveDuration = Annotated[Duration, AfterValidator(_at_least_a_second)]
"""A duration of at least a second."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
"""Name of a rule, ladder or trigger: lower case words joined by hyphens."""

FactName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]

Sentence = Annotated[str, StringConstraints(min_length=3, max_length=600)]
"""A title or a reason for people: ``title`` and ``why`` are required, and printed."""

CheckNumber = Annotated[str, StringConstraints(pattern=r"^W[0-9]{3}$")]
"""The number of a check that a file switches off, such as ``W208``."""
