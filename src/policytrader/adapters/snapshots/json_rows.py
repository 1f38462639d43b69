"""Rows from a JSON file: a list of objects, one per row. Numbers keep the digits they are written with.

An absent key and ``null`` are missing values. Nothing passes through a float on its way.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.cells import Kind
from policytrader.adapters.snapshots.files import MAXIMUM_COLUMNS, MAXIMUM_ROWS
from policytrader.adapters.snapshots.headers import unknown_column
from policytrader.adapters.snapshots.problems import LONGEST_LINE, CellError, Problems, make_visible, show
from policytrader.errors import Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.adapters.snapshots.columns import Column, Table

_MAXIMUM_COMMAS = 1_000_000  # more than fit between the keys of a file of the largest size
_SHAPE = "Write a list of objects, one for each row: [{…}, {…}]."


class NumberedRows:
    """A ``RowSource`` without lines: the line of a place is the row's number, the column that of the column."""

    def __init__(self, file: str) -> None:
        """No rows yet: the reader of the format puts them in."""
        self.file = file
        self.cells: dict[str, Sequence[str | CellError]] = {}
        self.positions: dict[str, int] = {}
        self.row_numbers: Sequence[int] = ()
        self.complete = True

    def locate(self, row: int, position: int) -> tuple[Place, str]:
        """The row and the column by number; of row 0, the file."""
        return (Place(self.file, row, position + 1) if row else Place(self.file)), ""

    def name_row(self, row: int) -> str:
        """The row by number."""
        return f"row {row}"


class _Number(str):
    """A number as it is written in the file."""

    __slots__ = ()


class _Pairs(list[tuple[str, object]]):
    """An object's keys and values in the file's order; a list in the file is a plain list."""


def read_json(file: str, text: str, table: Table, problems: Problems) -> NumberedRows | None:
    """The rows of ``text``; None where it is not JSON or not a list. What is wrong goes to ``problems``."""
    if text.count("{") > MAXIMUM_ROWS or text.count(",") > _MAXIMUM_COMMAS:
        message, remedy = "the table is too large", f"At most {MAXIMUM_ROWS:,} rows are read."
        problems.add_file(file, codes.WRONG_FILE, message, remedy)
        return None
    try:
        document = json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
        )
    except json.JSONDecodeError as error:
        place = Place(file, error.lineno, error.colno)
        start = error.pos - error.colno + 1
        line = make_visible(text[start : start + LONGEST_LINE].split("\n", maxsplit=1)[0])
        line = line if error.colno <= LONGEST_LINE else ""
        problems.add(
            Diagnostic(place, codes.BROKEN_FORMAT, f"not JSON: {error.msg}", "Correct it; JSON has no comments.", line)
        )
        return None
    except RecursionError:
        problems.add_file(file, codes.BROKEN_FORMAT, "nested too deeply", _SHAPE)
        return None
    if not isinstance(document, list) or isinstance(document, _Pairs):
        problems.add_file(file, codes.BROKEN_FORMAT, "not a list of objects", _SHAPE)
        return None
    rows = NumberedRows(file)
    rows.positions = {name: position for position, name in enumerate(table.names)}
    _take_objects(rows, document, table, problems)
    return rows


def _take_objects(rows: NumberedRows, document: list[object], table: Table, problems: Problems) -> None:
    numbers, objects = [], []
    unknown: set[str] = set()
    for number, pairs in enumerate(document, start=1):
        if problems.stop_if_full():
            rows.complete = False
            break
        if not isinstance(pairs, _Pairs):
            problems.add_cell(rows, number, 0, CellError(codes.BROKEN_FORMAT, "this row is not an object", _SHAPE))
            rows.complete = False
            continue
        values = dict(pairs)
        if len(values) > MAXIMUM_COLUMNS:
            message = f"an object with {len(values):,} different keys"
            remedy = f"The keys of {table.name} are {', '.join(table.names)}."
            problems.add_cell(rows, number, 0, CellError(codes.UNKNOWN_COLUMN, message, remedy))
            rows.complete = False
            continue
        if len(values) != len(pairs):
            _refuse_repeated_keys(rows, number, pairs, problems)
        for name in values.keys() - rows.positions.keys() - unknown:
            unknown.add(name)
            problems.add_cell(rows, number, 0, unknown_column(name, table))
        numbers.append(number)
        objects.append(values)
    rows.row_numbers = numbers
    rows.cells = {
        column.name: [_to_text(column, values.get(column.name)) for values in objects] for column in table.columns
    }


def _refuse_repeated_keys(rows: NumberedRows, number: int, pairs: _Pairs, problems: Problems) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            error = CellError(codes.UNKNOWN_COLUMN, f"the key {show(name)} is there twice", "Keep one of the two.")
            problems.add_cell(rows, number, rows.positions.get(name, 0), error)
            if problems.stop_if_full():
                break
        seen.add(name)


def _to_text(column: Column, value: object) -> str | CellError:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower() if column.reader.kind is Kind.FLAG else _refuse(column, str(value).lower())
        case _Number():
            return number_to_text(column, value)
        case str():
            return value
        case _:
            return _refuse(column, "an object" if isinstance(value, _Pairs) else "a list")


def number_to_text(column: Column, digits: str) -> str | CellError:
    """The cell of a number that is written ``digits``; a text may be a whole number, but has no decimals to lose."""
    if column.reader.kind is Kind.TEXT and not digits.isdigit():
        message = f"{show(digits)} is a number, not text"
        return CellError(codes.WRONG_TEXT, message, "Write it as text: a number could lose a zero at its end.")
    return str(digits)


def _refuse(column: Column, what: str) -> CellError:
    return CellError(
        column.reader.kind.code, f"{what} cannot stand here", "Write the value as text, or as a number where it is one."
    )
