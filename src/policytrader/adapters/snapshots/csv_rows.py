"""Rows from a CSV file (RFC 4180): read at the speed of the standard library, places worked out when they are needed.

A cell's column is its character position in the line, counted from 1; a quoted cell begins at its quote.
"""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from contextlib import suppress
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.files import MAXIMUM_COLUMNS, MAXIMUM_ROWS
from policytrader.adapters.snapshots.headers import check_names
from policytrader.adapters.snapshots.problems import (
    LONGEST_LINE,
    MAXIMUM_DIAGNOSTICS,
    CellError,
    Problems,
    make_visible,
)
from policytrader.errors import Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policytrader.adapters.snapshots.columns import Table

_CELL: Final = re.compile(r'(?:"[^"]*+(?:""[^"]*+)*+"|[^",\r\n]*+)')
_LONGEST_HEADER: Final = 4000
_UNQUOTED: Final = re.compile(r"[^,\r\n]*+")
_ENDS_OF_CELL: Final = frozenset({",", "\r", "\n", ""})
_WELL_QUOTED_CELLS: Final = re.compile(f"(?:{_CELL.pattern},)*+")
_WELL_QUOTED_LINE: Final = re.compile(f"{_CELL.pattern}(?:,{_CELL.pattern})*+")
_LINE_BREAK: Final = re.compile(r"\r\n?|\n")
_END_OF_LINE: Final = re.compile(r"[\r\n]")


class CsvRows:
    """A ``RowSource`` over the text of one file; row 0 is the header, and rows count records, not lines."""

    def __init__(self, file: str, text: str) -> None:
        """No rows yet: ``read_csv`` puts them in."""
        self.file = file
        self.cells: dict[str, Sequence[str | CellError]] = {}
        self.positions: dict[str, int] = {}
        self.row_numbers: Sequence[int] = ()
        self.complete = True
        self._text = text

    def records(self) -> Iterator[list[str]]:
        """The records as the standard library reads them. Raises ``csv.Error``."""
        return csv.reader(io.StringIO(self._text, newline=""), strict=True)

    def locate(self, row: int, position: int) -> tuple[Place, str]:
        """Place of a cell (the last one where the row has fewer), and the line on which it begins."""
        spans, _ = self._scan_record(self._record_starts[row], position)
        return self._place(*spans[min(position, len(spans) - 1)])

    def name_row(self, row: int) -> str:
        """The line on which the record begins."""
        return f"line {bisect_right(self._line_starts, self._record_starts[row])}"

    def find_faults(self) -> Iterator[Diagnostic]:
        """The first quote of each record that does not stand where quotes may."""
        # Nearly every file takes this way out: its lines are well quoted one by one.
        if all(_WELL_QUOTED_LINE.fullmatch(line) for line in _LINE_BREAK.split(self._text) if '"' in line):
            return
        for start in self._record_starts:
            spans, fault = self._scan_record(_find_end(_WELL_QUOTED_CELLS, self._text, start))
            if fault is not None:
                span = next(span for span in spans if span[1] >= fault)
                yield self._tell_fault(*span, fault)

    def _tell_fault(self, start: int, end: int, fault: int) -> Diagnostic:
        opened, line = self._place(start, end)
        where, fault_line = self._place(fault, fault + 1)
        remedy = 'Quote the whole cell and double the quotes inside: "The ""Duke""".'
        if start == fault:
            message = "this quote is never closed"
        elif opened.line != where.line:
            # A quote that was forgotten is closed by the next one, rows later: the fault is where it was opened.
            message = f"this quote is closed on line {where.line}, with text behind it"
        else:
            message = (
                "text behind a closing quote" if self._text[start] == '"' else "a quote inside of an unquoted cell"
            )
            opened, line = where, fault_line
        return Diagnostic(opened, codes.BROKEN_FORMAT, message, remedy, make_visible(line))

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_BREAK.finditer(self._text))]

    @cached_property
    def _record_starts(self) -> list[int]:
        """Offset of each record; the last is that of the one that cannot be read, or the end of the text."""
        lines, starts = self._line_starts, [0]
        records = csv.reader(io.StringIO(self._text, newline=""), strict=True)
        with suppress(csv.Error):
            lines = [*lines, len(self._text)]
            starts.extend(lines[min(records.line_num, len(lines) - 1)] for _ in records)
        return starts

    def _scan_record(self, offset: int, last: int | None = None) -> tuple[list[tuple[int, int]], int | None]:
        """Start and end of each cell of the record that starts there, and where its first misplaced quote is.

        Stops behind the cell at position ``last``; without one, behind the misplaced quote.
        Like the standard library it takes a quote inside of an unquoted cell for a character of the cell.
        """
        text, spans, fault = self._text, [], None
        while True:
            end = _find_end(_CELL, text, offset)
            if text[end : end + 1] not in _ENDS_OF_CELL:
                fault = end if fault is None else fault
                end = _find_end(_UNQUOTED, text, end)
            spans.append((offset, end))
            is_enough = fault is not None if last is None else len(spans) > last
            if is_enough or text[end : end + 1] != ",":
                return spans, fault
            offset = end + 1

    def _place(self, start: int, end: int) -> tuple[Place, str]:
        number = bisect_right(self._line_starts, start)
        line_start = self._line_starts[number - 1]
        # Of a line without end only so much is kept as could be shown; two hundred copies would fill the memory.
        found = _END_OF_LINE.search(self._text, line_start, line_start + LONGEST_LINE)
        line = self._text[line_start : found.start() if found else line_start + LONGEST_LINE]
        # A cell of several lines is underlined to the end of its first.
        length = min(end, line_start + len(line)) - start
        return Place(self.file, number, start - line_start + 1, max(1, length)), line if length >= 0 else ""


def _find_end(pattern: re.Pattern[str], text: str, offset: int) -> int:
    found = pattern.match(text, offset)
    return found.end() if found else offset


def read_csv(file: str, text: str, table: Table, problems: Problems) -> CsvRows | None:
    """The rows of ``text``; None where it cannot be divided into rows. What is wrong goes to ``problems``."""
    if not _is_within_limits(file, text, problems):
        return None
    rows = CsvRows(file, text)
    records: list[_Record] | None = None
    failure = ""
    try:
        records = _read_records(rows)
    except csv.Error as error:
        failure = str(error)
    faults = list(islice(rows.find_faults(), MAXIMUM_DIAGNOSTICS)) if '"' in text else []
    for fault in faults:
        problems.add(fault)
    if records is None:
        if not faults:
            problems.add_file(file, codes.BROKEN_FORMAT, f"not CSV: {failure}", "Write it as comma-separated text.")
        return None
    while records and not records[-1]:
        records.pop()
    header = records[0] if records else []
    if isinstance(header, int):
        _refuse_header(file, problems)
        return None
    if not header:
        remedy = f"The first line names the columns: {','.join(table.names)}."
        problems.add(Diagnostic(Place(file, 1, 1), codes.BROKEN_FORMAT, "the header is missing", remedy))
        return None
    rows.positions = check_names(rows, header, table, problems)
    _take_records(rows, records, len(header), problems)
    return rows


def _is_within_limits(file: str, text: str, problems: Problems) -> bool:
    """Whether the text is worth reading, told by counting and before anything is made of it."""
    if text.count("\n") + text.count("\r") - text.count("\r\n") > MAXIMUM_ROWS:
        message, remedy = f"more than {MAXIMUM_ROWS:,} lines", "A snapshot is one moment; divide it."
        problems.add_file(file, codes.WRONG_FILE, message, remedy)
        return False
    found = _END_OF_LINE.search(text, 0, _LONGEST_HEADER + 1)
    length = found.start() if found else len(text)
    if length <= _LONGEST_HEADER and text.count(",", 0, length) < MAXIMUM_COLUMNS:
        return True
    _refuse_header(file, problems)
    return False


def _refuse_header(file: str, problems: Problems) -> None:
    message = f"the header is longer than {_LONGEST_HEADER:,} characters or {MAXIMUM_COLUMNS} columns"
    problems.add(Diagnostic(Place(file, 1, 1), codes.WRONG_FILE, message, "Its first line names the columns."))


_Record = list[str] | int
"""The cells of a record, or only their number where they are more than any table has columns."""


def _read_records(rows: CsvRows) -> list[_Record]:
    """All records; equal cells are one object. Raises ``csv.Error``."""
    known: dict[str, str] = {}
    records: list[_Record] = []
    for record in rows.records():
        is_sane = len(record) <= MAXIMUM_COLUMNS
        records.append([known.setdefault(cell, cell) for cell in record] if is_sane else len(record))
    return records


def _count(record: _Record) -> int:
    return record if isinstance(record, int) else len(record)


def _take_records(rows: CsvRows, records: list[_Record], width: int, problems: Problems) -> None:
    whole = [record for record in records[1:] if not isinstance(record, int) and len(record) == width]
    rows.row_numbers = range(1, len(records))
    if len(whole) != len(rows.row_numbers):
        rows.complete = False
        rows.row_numbers = [row for row, record in enumerate(records) if row and _count(record) == width]
        wrong = [row for row, record in enumerate(records) if _count(record) != width]
        for row in wrong[:MAXIMUM_DIAGNOSTICS]:
            count = _count(records[row])
            problems.add_cell(rows, row, min(count, width), _tell_width(count, width))
        problems.count_more(len(wrong[MAXIMUM_DIAGNOSTICS:]))
    columns = list(zip(*whole, strict=True)) if whole else [()] * width
    rows.cells = {name: columns[position] for name, position in rows.positions.items()}


def _tell_width(count: int, width: int) -> CellError:
    if not count:
        return CellError(codes.BROKEN_FORMAT, "an empty line between rows", "Delete it.")
    remedy = "Quote a cell that contains a comma." if count > width else "Keep the comma of an empty cell."
    return CellError(codes.BROKEN_FORMAT, f"the row has {count} cells, the header {width}", remedy)
