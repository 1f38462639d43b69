"""JSON in and out: exact numbers, times as the exchange writes them, and typed reading of parameters.

The exchange is lenient about the form of a scalar (numbers may come as strings, identifiers as numbers) and strict
about the rest. A parameter of the call that is missing or of another type is a fault of form (DSC-0018, DSC-0009); a
wrong value is INVALID_INPUT_DATA with a sentence.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import orjson

from policytrader.adapters.exchange_server.api_errors import missing_parameter, refuse_input, wrong_parameter
from policytrader.model.strict_json import refuse_two_of_a_name
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    Word = TypeVar("Word", bound=StrEnum)

Value = TypeVar("Value")

# Far beyond any price, size or identifier; keeps sums and roundings of what is let in exact.
_LARGEST_EXPONENT, _SMALLEST_EXPONENT = 18, -30
_WHOLE = re.compile(r"[+-]?\d{1,18}")


def parse_json(text: bytes, *, are_keys_unique: bool = False) -> Any:
    """A JSON document with exact numbers; NaN and infinities pass as such, to be refused where they stand.

    Raises ``ValueError`` for anything else, and for a key that comes twice in an object where that matters.
    """
    hook = refuse_two_of_a_name if are_keys_unique else None
    try:
        return json.loads(text.decode("utf-8"), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=hook)
    except (RecursionError, ArithmeticError) as error:
        message = "too deep, or a number out of every range"
        raise ValueError(message) from error


def dump_json(document: Any) -> bytes:
    """JSON as the exchange writes it: numbers are doubles, the keys stand in their order."""
    return orjson.dumps(document, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def seconds_time(moment: datetime) -> str:
    """A time of the account's lists and reports: whole seconds, written with three zeros."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def milliseconds_time(moment: datetime) -> str:
    """A time to the millisecond, ``2026-05-02T13:42:15.250Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TimeRange(NamedTuple):
    """Both ends belong to it; a missing one is open."""

    start: datetime | None = None
    end: datetime | None = None

    def has(self, moment: datetime | None) -> bool:
        """Whether a moment lies in it; a missing moment only lies in a range without ends."""
        if moment is None:
            return self.start is None and self.end is None
        return (self.start is None or self.start <= moment) and (self.end is None or moment <= self.end)


class Fields:
    """One JSON object, read field by field; ``where`` names it in errors, empty for the call's own parameters."""

    def __init__(self, values: dict[str, Any], where: str = "") -> None:
        self._values = values
        self._where = where

    def has(self, name: str) -> bool:
        """Whether there is a value; null is none."""
        return self._values.get(name) is not None

    def refuse(self, name: str, what: str) -> NoReturn:
        """Say that a value cannot be. Raises ``ApingError``."""
        refuse_input(f"{self._path(name)} {what}")

    def require(self, name: str, value: Value | None) -> Value:
        """The value that must be there. Raises ``ApiError``."""
        if value is not None:
            return value
        if not self._where:
            raise missing_parameter()
        return self.refuse(name, "is missing")

    def text(self, name: str) -> str | None:
        """A string; numbers are taken as written."""
        return self._read(name, _as_text)

    def number(self, name: str) -> Decimal | None:
        """A finite number of ordinary size."""
        return self._read(name, _as_number)

    def whole(self, name: str) -> int | None:
        """A whole number."""
        return self._read(name, _as_whole)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._read(name, _as_flag)
        return default if value is None else value

    def choice(self, name: str, words: type[Word]) -> Word | None:
        """One of the exchange's words."""
        value = self.text(name)
        return None if value is None else self._word(name, value, words)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of strings; an empty one restricts nothing, so it reads as none."""
        values = self._list(name)
        return tuple(self._convert(name, value, _as_text) for value in values) if values else None

    def choices(self, name: str, words: type[Word]) -> tuple[Word, ...]:
        """A list of the exchange's words."""
        return tuple(self._word(name, value, words) for value in self.texts(name) or ())

    def part(self, name: str) -> Fields | None:
        """An object."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self._mistyped(name)
        return Fields(value, self._path(name))

    def parts(self, name: str) -> list[Fields] | None:
        """A list of objects."""
        values = self._list(name)
        if values is None:
            return None
        path = self._path(name)
        found = []
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                refuse_input(f"{path}[{index}] is not an object")
            found.append(Fields(value, f"{path}[{index}]"))
        return found

    def time(self, name: str) -> datetime | None:
        """A time with its zone."""
        return self._read(name, _as_time)

    def time_range(self, name: str) -> TimeRange:
        """An object with ``from`` and ``to``, either or both of them."""
        part = self.part(name)
        return TimeRange() if part is None else TimeRange(part.time("from"), part.time("to"))

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name

    def _read(self, name: str, convert: Callable[[Any], Value]) -> Value | None:
        value = self._values.get(name)
        return None if value is None else self._convert(name, value, convert)

    def _convert(self, name: str, value: Any, convert: Callable[[Any], Value]) -> Value:
        try:
            return convert(value)
        except TypeError:
            self._mistyped(name)
        except ValueError as error:
            self.refuse(name, str(error))

    def _list(self, name: str) -> list[Any] | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            self._mistyped(name)
        return value

    def _word(self, name: str, value: str, words: type[Word]) -> Word:
        try:
            return words(value)
        except ValueError:
            self.refuse(name, f"is none of {', '.join(words)}")

    def _mistyped(self, name: str) -> NoReturn:
        if not self._where:
            raise wrong_parameter()
        self.refuse(name, "has the wrong type")


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise TypeError


def _as_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        message = "is not a number"
        raise ValueError(message) from None
    if not number.is_finite():
        message = "is not a finite number"
        raise ValueError(message)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "it is finite"
    if not number:
        return Decimal(0)  # whatever exponent it was written with
    if number.adjusted() > _LARGEST_EXPONENT or exponent < _SMALLEST_EXPONENT:
        message = "is out of range"
        raise ValueError(message)
    return number


def _as_whole(value: Any) -> int:
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            message = "is not a whole number"
            raise ValueError(message)
        return int(value)
    number = _as_number(value)
    if number != number.to_integral_value():
        message = "is not a whole number"
        raise ValueError(message)
    return int(number)


def _as_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return bool(value == "true")
    raise TypeError


def _as_time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise TypeError
    try:
        # The exchange's own times; the client library also sends ISO 8601 without a zone, which means UTC here.
        return parse_utc(value if re.search(r"(Z|[+-]\d\d:\d\d)$", value) else f"{value}Z")
    except ValueError:
        message = "is not a time such as 2026-05-02T13:42:15Z"
        raise ValueError(message) from None
