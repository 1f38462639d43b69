"""``picks.csv``: what a trader wrote down in the morning."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, TypeVar

from policytrader.app.csv_rows import UNFIT, Row, is_fit, plain_number, read_rows, read_text
from policytrader.app.morning import Pick
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.model.price import is_on_ladder
from policytrader.model.snapshot import MarketType, Side
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

REQUIRED = ("market_type", "side", "price_requested", "stake_points")
BY_NAME = ("race_time", "course", "horse")
BY_ID = ("market_id", "selection_id")
COLUMNS = (*BY_NAME, *REQUIRED, *BY_ID, "selection_ref")
_MOST_POINTS = Decimal(1000)

E = TypeVar("E", bound=StrEnum)


class _CellError(Exception):
    def __init__(self, column: str, code: str, message: str) -> None:
        super().__init__(message)
        self.column, self.code, self.message = column, code, message


def read_pick_file(path: Path) -> tuple[Pick, ...]:
    """The picks of a CSV file. Raises ``SnapshotError`` with every problem of every row."""
    return read_picks(read_text(path, "picks"), str(path))


def read_picks(text: str, file: str) -> tuple[Pick, ...]:
    """The picks of a text with a header line; ``file`` is its name in messages."""
    return read_rows(text, file, check_header=_header_problems, read_row=_read_row, empty="the file holds no picks")


def pick_of(cells: dict[str, str], place: Place) -> Pick:
    """One pick from its cells as text. Raises ``SnapshotError`` with the first problem."""
    try:
        return _pick(cells, place)
    except _CellError as error:
        raise SnapshotError([_diagnostic(error, place)]) from None


def _header_problems(header: list[str], place: Place) -> list[Diagnostic]:
    known = ", ".join(COLUMNS)
    found = [
        Diagnostic(place, "S104", f"unknown column `{name}`", f"Columns: {known}.")
        for name in header
        if name not in COLUMNS
    ]
    found += [Diagnostic(place, "S104", f"column `{name}` twice") for name in COLUMNS if header.count(name) > 1]
    found += [
        Diagnostic(place, "S105", f"no column `{name}`", f"Columns: {known}.")
        for name in REQUIRED
        if name not in header
    ]
    if not found and not set(BY_NAME) <= set(header) and not set(BY_ID) <= set(header):
        message = "neither race_time, course and horse nor market_id and selection_id"
        found.append(Diagnostic(place, "S105", message, "Name the runner in one of the two ways."))
    return found


def _read_row(row: Row) -> Pick:
    try:
        return _pick(row.cells, row.place)
    except _CellError as error:
        raise SnapshotError([_diagnostic(error, row.place_of(error.column))]) from None


def _diagnostic(error: _CellError, place: Place) -> Diagnostic:
    return Diagnostic(place, error.code, f"{error.column}: {error.message}")


def _pick(row: dict[str, str], place: Place) -> Pick:
    is_by_id = bool(row.get("market_id")) or bool(row.get("selection_id"))
    for name in (*REQUIRED, *(BY_ID if is_by_id else BY_NAME)):
        if not row.get(name):
            _refuse(name, "S105", "missing")
    for name, text in row.items():
        if not is_fit(text):
            _refuse(name, "S113", UNFIT)
    price = _number(row, "price_requested")
    if not is_on_ladder(price):
        _refuse("price_requested", "S111", f"{price} is no price of the exchange's ladder")
    points = _number(row, "stake_points")
    if not 0 < points <= _MOST_POINTS:
        _refuse("stake_points", "S106", f"must be more than 0 and at most {_MOST_POINTS}")
    return Pick(
        market_type=_word(row, "market_type", MarketType),
        side=_word(row, "side", Side),
        price_requested=price,
        stake_points=points,
        race_time=_time(row),
        course=row.get("course") or None,
        horse=row.get("horse") or None,
        market_id=row.get("market_id") or None,
        selection_id=_whole(row) if is_by_id else None,
        selection_ref=row.get("selection_ref") or None,
        place=place,
    )


def _refuse(column: str, code: str, message: str) -> NoReturn:
    raise _CellError(column, code, message) from None


def _time(row: dict[str, str]) -> datetime | None:
    if not row.get("race_time"):
        return None
    try:
        return parse_utc(row["race_time"])
    except ValueError as error:
        _refuse("race_time", "S108", f"{row['race_time']} is {error}")


def _number(row: dict[str, str], name: str) -> Decimal:
    number = plain_number(row[name])
    if number is None:
        _refuse(name, "S106", f"{row[name]} is not a plain number")
    return number


def _whole(row: dict[str, str]) -> int:
    text = row["selection_id"]
    if not (text.isascii() and text.isdecimal()):
        _refuse("selection_id", "S106", f"{text} is not a whole number")
    return int(text)


def _word(row: dict[str, str], name: str, words: type[E]) -> E:
    try:
        return words(row[name].upper())
    except ValueError:
        _refuse(name, "S107", f"{row[name]} is not one of {', '.join(words)}")
