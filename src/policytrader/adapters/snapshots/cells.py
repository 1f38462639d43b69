"""From the text of one cell to its value, by kind of column. Whatever is not plainly what it should be is refused.

Each reader takes a non-empty text and raises ``CellError``; empty cells are the table's business.
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.problems import CONTROLS, CellError, show
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml_text import is_forbidden, name_character
from policytrader.model.money import AVERAGE_UNIT, ZERO, half_up
from policytrader.model.price import MAX_PRICE, MIN_PRICE, PRICES, is_on_ladder
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

MAXIMUM_CHARACTERS: Final = 1000
MAXIMUM_DIGITS: Final = 28
MAXIMUM_INTEGER: Final = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 2000, 2100

_LONGEST_SHORT_CELL = 40
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
_NO_VALUE = frozenset({"nan", "inf", "infinity", "null", "none", "n/a", "na", "nil", "-"})


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    DECIMAL = "decimal"
    WORD = "word"
    FLAG = "true or false"
    TIME = "time"

    @property
    def code(self) -> str:
        """The code of a cell that holds something else."""
        return _CODES[self]


_CODES: Final = {
    Kind.TEXT: codes.WRONG_TEXT,
    Kind.WHOLE: codes.WRONG_NUMBER,
    Kind.DECIMAL: codes.WRONG_NUMBER,
    Kind.WORD: codes.WRONG_WORD,
    Kind.FLAG: codes.WRONG_WORD,
    Kind.TIME: codes.WRONG_TIME,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of cell is read. ``read`` raises ``CellError`` for a text that is no such value.

    ``decimals`` are the most that a value of kind DECIMAL has.
    """

    kind: Kind
    read: Callable[[str], Any]
    decimals: int = 0


def _read_text(cell: str) -> str:
    if len(cell) > MAXIMUM_CHARACTERS:
        raise CellError(codes.WRONG_TEXT, f"the text is longer than {MAXIMUM_CHARACTERS:,} characters", "Shorten it.")
    if found := CONTROLS.search(cell):
        what = "a line break" if found[0] in "\r\n" else f"the control character {name_character(found[0])}"
        raise CellError(
            codes.WRONG_TEXT, f"{show(cell)} contains {what}", "Delete it; a text is one line of visible text."
        )
    return cell


def _read_identifier(cell: str) -> str:
    # Two identifiers that look the same must be the same: otherwise one market would have two caps.
    if cell != cell.strip():
        raise CellError(codes.WRONG_TEXT, f"{show(cell)} has a space before or after it", "Delete the space.")
    _read_text(cell)
    if not cell.isascii() and (hidden := next(filter(is_forbidden, cell), None)):
        message = f"{show(cell)} contains the invisible character {name_character(hidden)}"
        raise CellError(codes.WRONG_TEXT, message, "Delete it or type the identifier again.")
    return cell


TEXT: Final = Reader(Kind.TEXT, _read_text)
"""A name or a reason, kept as it is."""

IDENTIFIER: Final = Reader(Kind.TEXT, _read_identifier)
"""A key that joins tables: visible characters, no space around it."""


def _read_number(cell: str) -> Decimal:
    # Before anything else: beyond 28 digits arithmetic rounds, and what was refused would be taken.
    if len(cell) > MAXIMUM_DIGITS and len(cell) - cell.count(".") > MAXIMUM_DIGITS:
        message = f"{show(cell)} is longer than {MAXIMUM_DIGITS} digits"
        raise CellError(codes.WRONG_NUMBER, message, "Write only the digits that matter.")
    if _NUMBER.fullmatch(cell):
        return Decimal(cell)
    raise CellError(codes.WRONG_NUMBER, f"{show(cell)} is not a plain number", _advise_number(cell))


def _advise_number(cell: str) -> str:
    plain = cell.strip()
    if plain.lower().lstrip("+-") in _NO_VALUE or not plain:
        return "Leave the cell empty where there is no value."
    if plain != cell:
        return "Delete the spaces around it."
    if _EXPONENT.fullmatch(cell):
        return "Write it without an exponent."
    if "," in cell:
        return "Write decimals with a point and nothing between thousands: 12.5, 1250."
    if cell[0] in "+-":
        return "Write it without a sign; nothing here is negative."
    return f"Write digits with at most one point between them, such as 12.5; at most {MAXIMUM_DIGITS} digits."


def _decimals(cell: str) -> int:
    """Decimals that matter: 3.50 has one. Counted in the text, where nothing is rounded."""
    return len(cell.partition(".")[2].rstrip("0"))


def _plain(number: Decimal) -> str:
    return format(number, ",f")


def _check_range(cell: str, number: Decimal, low: Decimal, high: Decimal, *, above: bool = False) -> None:
    if number > high or number < low or (above and number == low):
        span = f"above {_plain(low)} and at most {_plain(high)}" if above else f"{_plain(low)} to {_plain(high)}"
        raise CellError(codes.WRONG_NUMBER, f"{show(cell)} is out of range", f"It must be {span}.")


def _check_decimals(cell: str, decimals: int) -> None:
    if _decimals(cell) > decimals:
        allowed = f"at most {decimals} decimals" if decimals else "a whole number"
        raise CellError(codes.WRONG_NUMBER, f"{show(cell)} has too many decimals", f"It must be {allowed}.")


def amount(low: str, high: str, decimals: int, *, above: bool = False) -> Reader:
    """A decimal from ``low`` to ``high``, ``low`` itself left out when ``above``; zeros at its end do not count."""
    least, most = Decimal(low), Decimal(high)

    def read(cell: str) -> Decimal:
        number = _read_number(cell)
        _check_range(cell, number, least, most, above=above)
        _check_decimals(cell, decimals)
        return number

    return Reader(Kind.DECIMAL, read, decimals)


def whole(high: int = MAXIMUM_INTEGER) -> Reader:
    """A whole number from 0 to ``high``."""
    most = Decimal(high)

    def read(cell: str) -> int:
        number = _read_number(cell)
        _check_range(cell, number, ZERO, most)
        _check_decimals(cell, 0)
        return int(number)

    return Reader(Kind.WHOLE, read)


_COUNT = whole()


def _read_id(cell: str) -> int:
    number: int = _COUNT.read(cell)
    if "." in cell:
        message = f"{show(cell)} is no identifier"
        raise CellError(codes.WRONG_NUMBER, message, "It must be a whole number, written with digits only.")
    return number


ID: Final = Reader(Kind.WHOLE, _read_id)
"""A runner's number at the exchange: digits and nothing else."""


def _read_odds(cell: str) -> Decimal:
    number = _read_number(cell)
    if number == ZERO:
        raise CellError(codes.WRONG_NUMBER, "0 is not a price", "Leave the cell empty where there is no price.")
    _check_range(cell, number, MIN_PRICE, MAX_PRICE)
    return number


def _read_price(cell: str) -> Decimal:
    number = _read_odds(cell)
    _check_decimals(cell, 2)
    return number


def _read_ladder_price(cell: str) -> Decimal:
    number = _read_odds(cell)
    if not is_on_ladder(number):
        above = bisect(PRICES, number)
        below, over = PRICES[above - 1], PRICES[above]
        raise CellError(
            codes.OFF_LADDER, f"{show(cell)} is not on the exchange's ladder", f"Its neighbours are {below} and {over}."
        )
    return number


PRICE: Final = Reader(Kind.DECIMAL, _read_price, 2)
"""Any price of two decimals: what a trader asks for, or a reference."""

LADDER_PRICE: Final = Reader(Kind.DECIMAL, _read_ladder_price, 2)
"""A price at which the exchange takes orders."""


def _read_average(cell: str) -> Decimal | None:
    number = _read_number(cell)
    if number == ZERO:
        return None
    _check_range(cell, number, Decimal(1), MAX_PRICE, above=True)
    rounded = half_up(number, AVERAGE_UNIT)
    _check_range(cell, rounded, Decimal(1), MAX_PRICE, above=True)
    return rounded


AVERAGE_PRICE: Final = Reader(Kind.DECIMAL, _read_average, 8)
"""The exchange's average over matched parts, kept to eight decimals; 0 says that nothing is matched."""


def word(words: Iterable[str]) -> Reader:
    """One of the words, exactly as written; an enumeration's members give its members."""
    by_text = {str(one): one for one in words}

    def read(cell: str) -> str:
        found = by_text.get(cell)
        if found is None:
            raise CellError(
                codes.WRONG_WORD, f"{show(cell)} is not one of its words{_near(cell, by_text)}", _list(by_text)
            )
        return found

    return Reader(Kind.WORD, read)


def _near(cell: str, words: Iterable[str]) -> str:
    cell = cell[:_LONGEST_SHORT_CELL]
    same = next((one for one in words if one.casefold() == cell.strip().casefold()), None)
    return f"; did you mean `{same}`?" if same else did_you_mean(cell.upper(), words)


def _list(words: Iterable[str]) -> str:
    return f"Write one of {', '.join(words)}."


_FLAGS: Final = {"true": True, "false": False}


def _read_flag(cell: str) -> bool:
    found = _FLAGS.get(cell.lower())
    if found is None:
        raise CellError(codes.WRONG_WORD, f"{show(cell)} is neither true nor false", "Write true or false.")
    return found


FLAG: Final = Reader(Kind.FLAG, _read_flag)
"""true or false, in any case."""


def _read_time(cell: str) -> datetime:
    try:
        moment = parse_utc(cell[: _LONGEST_SHORT_CELL + 1])
    except (ValueError, OverflowError):
        message = f"{show(cell)} is not an ISO 8601 time with a zone"
        raise CellError(
            codes.WRONG_TIME, message, "Write it like 2026-05-02T13:42:15Z or 2026-05-02T14:42:15+01:00."
        ) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        message = f"{show(cell)} is not between the years {FIRST_YEAR} and {LAST_YEAR}"
        raise CellError(codes.WRONG_TIME, message, "Check the year.")
    return moment


TIME: Final = Reader(Kind.TIME, _read_time)
"""A moment, in UTC."""
