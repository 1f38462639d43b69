"""Fields of the exchange's answers: each is checked for its type and its range, or ``ExchangeError`` names its path.

Numbers become ``Decimal`` from their text; a float, where a library parsed it, from its shortest form. NaN and the
infinities, which the exchange also sends as strings, are no numbers unless a field says that it may hold them.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from policytrader.errors import ExchangeError, printable
from policytrader.model.money import ZERO
from policytrader.model.price import MAX_PRICE, MIN_PRICE, is_on_ladder
from policytrader.model.strict_json import refuse_constant, refuse_two_of_a_name
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from enum import StrEnum

E = TypeVar("E", bound="StrEnum")
T = TypeVar("T")

MAX_AMOUNT = Decimal(10) ** 12
BROKEN_ANSWER = "BROKEN_ANSWER"

_ID = re.compile(r"\d{1,32}", re.ASCII)
_SELECTION_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_MARKET_ID = re.compile(r"\d{1,4}\.\d{1,18}", re.ASCII)
_SHOWN = 60
_MAX_EXPONENT = 40


def loads(text: str) -> Any:
    """JSON with exact numbers, each key once. Raises ``ValueError`` for whatever is not JSON."""
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=refuse_constant, object_pairs_hook=refuse_two_of_a_name
        )
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None
    except InvalidOperation:
        message = "a number beyond all numbers"
        raise ValueError(message) from None


def broken(path: str, value: object, wanted: str) -> ExchangeError:
    """The error for a field: where it stands, what it is, what it should be."""
    shown = printable(repr(value))
    shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
    return ExchangeError(f"the exchange answered {path} = {shown}, which is not {wanted}", BROKEN_ANSWER)


class Node:
    """One JSON object of an answer, and the path to it."""

    __slots__ = ("path", "values")

    def __init__(self, value: object, path: str) -> None:
        """Raises ``ExchangeError`` where the value is not an object."""
        if not isinstance(value, dict):
            raise broken(path, value, "an object")
        self.values: dict[str, Any] = value
        self.path = path

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def where(self, key: str) -> str:
        """The path of a field."""
        return f"{self.path}.{key}"

    def refuse(self, key: str, wanted: str) -> NoReturn:
        """Raise ``ExchangeError`` for a field of this object."""
        raise broken(self.where(key), self.values.get(key), wanted) from None

    def node(self, key: str) -> Node:
        """An object that must be there."""
        return Node(self.values.get(key), self.where(key))

    def optional_node(self, key: str) -> Node | None:
        """An object, or None where it is missing or null."""
        return self.node(key) if self.has(key) else None

    def nodes(self, key: str, *, required: bool = False) -> Iterator[Node]:
        """The objects of a list; a missing list is empty unless it is ``required``."""
        value = self.values.get(key)
        if value is None and not required:
            return iter(())
        return nodes_of(value, self.where(key))

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            self.refuse(key, "a text")
        return value

    def optional_text(self, key: str) -> str | None:
        """A text; None where it is missing or empty."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        return self.text(key)

    def identifier(self, key: str) -> str:
        """Digits in a text: a bet, an event."""
        value = self.values.get(key)
        if not isinstance(value, str) or not _ID.fullmatch(value):
            self.refuse(key, "an id of digits")
        return value

    def market_id(self, key: str = "marketId") -> str:
        """A market's id."""
        value = self.values.get(key)
        if not isinstance(value, str) or not _MARKET_ID.fullmatch(value):
            self.refuse(key, "a market id")
        return value

    def whole(self, key: str, low: int = 0, high: int = 10**18) -> int:
        """A whole number, also where it is written 1.0."""
        value = self.values.get(key)
        if isinstance(value, (float, Decimal)) and not isinstance(value, bool):
            number = _decimal(value)
            value = int(number) if number is not None and number == number.to_integral_value() else None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.refuse(key, f"a whole number from {low}")
        return value

    def selection_id(self, key: str = "selectionId") -> int:
        """A runner's id; hand-made examples write it as a text."""
        value = self.values.get(key)
        if isinstance(value, str) and _SELECTION_ID.fullmatch(value):
            return int(value)
        return self.whole(key, 1)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            self.refuse(key, "true or false")
        return value

    def amount(self, key: str) -> Decimal:
        """Money or a percentage that may be negative."""
        number = _decimal(self.values.get(key))
        if number is None or abs(number) > MAX_AMOUNT:
            self.refuse(key, "a finite number")
        return number

    def size(self, key: str) -> Decimal:
        """Money that is not negative."""
        number = self.amount(key)
        if number < ZERO:
            self.refuse(key, "a size of 0 or more")
        return number

    def size_or_zero(self, key: str) -> Decimal:
        """Money that is not negative; a missing field is zero."""
        return self.size(key) if self.has(key) else ZERO

    def price(self, key: str) -> Decimal:
        """A price on the ladder."""
        number = self.amount(key)
        if not is_on_ladder(number):
            self.refuse(key, "a price on the ladder")
        return number

    def odds(self, key: str) -> Decimal:
        """A price that need not stand on the ladder: an average, or one that a removal has reduced."""
        number = self.amount(key)
        if not 1 <= number <= MAX_PRICE:
            self.refuse(key, f"a price from 1 to {MAX_PRICE}")
        return number

    def odds_or_none(self, key: str) -> Decimal | None:
        """Odds; None where the exchange says that there are none (missing, or 0)."""
        if not self.has(key) or _decimal(self.values[key]) == ZERO:
            return None
        return self.odds(key)

    def starting_price(self, key: str) -> Decimal | None:
        """A starting price: documented to be NaN or infinite, also as a text, where there is none."""
        value = self.values.get(key)
        if value is None or (isinstance(value, str) and value in _NO_NUMBERS):
            return None
        if isinstance(value, float) and not math.isfinite(value):
            return None
        number = self.amount(key)
        if number == ZERO:
            return None
        if not MIN_PRICE <= number <= MAX_PRICE:
            self.refuse(key, f"a starting price up to {MAX_PRICE}")
        return number

    def moment(self, key: str) -> datetime:
        """A time with its zone."""
        value = self.values.get(key)
        try:
            return parse_utc(value) if isinstance(value, str) else _no_time()
        except ValueError:
            self.refuse(key, "a time with a zone")

    def optional_moment(self, key: str) -> datetime | None:
        """A time, or None where it is missing."""
        return self.moment(key) if self.has(key) else None

    def word(self, key: str, words: type[E]) -> E:
        """One of the words of an enumeration."""
        value = self.values.get(key)
        try:
            return words(value) if isinstance(value, str) else _no_word(words)
        except ValueError:
            self.refuse(key, "one of " + ", ".join(words))


_NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity", "INF", "-INF"})


def nodes_of(value: object, path: str) -> Iterator[Node]:
    """The objects of a list. Raises ``ExchangeError`` where it is none."""
    if not isinstance(value, list):
        raise broken(path, value, "a list")
    return (Node(item, f"{path}[{index}]") for index, item in enumerate(value))


def once(values: list[T], key: Callable[[T], object], path: str) -> list[T]:
    """The values, after making sure that each key is there once."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        name = key(value)
        if name in seen:
            where = f"{path}[{index}]"
            raise broken(where, name, "given once: it stands there twice")
        seen.add(name)
    return values


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        return None
    return value


def _no_time() -> NoReturn:
    raise ValueError


def _no_word(words: type[E]) -> NoReturn:
    raise ValueError(words)
