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
from policytrader.adapters.snapshots.headers import check_names
from policytrader.adapters.snapshots.problems import MAXIMUM_DIAGNOSTICS, CellError, Problems, make_visible
from policytrader.errors import Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policytrader.adapters.snapshots.columns import Table

_CELL: Final = re.compile(r'(?:"[^"]*+(?:""[^"]*+)*+"|[^",\r\n]*+)')
_UNQUOTED: Final = re.compile(r"[^,\r\n]*+")
_ENDS_OF_CELL: Final = frozenset({",", "\r", "\n", ""})
_WELL_QUOTED_LINE: Final = re.compile(f"{_CELL.pattern}(?:,{_CELL.pattern})*+")
_LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")


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
        spans, _ = self._scan_record(self._record_starts[row])
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
            spans, fault = self._scan_record(start)
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
            starts.extend(lines[min(records.line_num, len(lines) - 1)] for _ in records)
        return starts

    def _scan_record(self, offset: int) -> tuple[list[tuple[int, int]], int | None]:
        """Start and end of each cell of the record that starts there, and where its first misplaced quote is.

        Like the standard library it takes a quote inside of an unquoted cell for a character of the cell.
        """
        text, spans, fault = self._text, [], None
        while True:
            end = _find_end(_CELL, text, offset)
            if text[end : end + 1] not in _ENDS_OF_CELL:
                fault = end if fault is None else fault
                end = _find_end(_UNQUOTED, text, end)
            spans.append((offset, end))
            if text[end : end + 1] != ",":
                return spans, fault
            offset = end + 1

    def _place(self, start: int, end: int) -> tuple[Place, str]:
        number = bisect_right(self._line_starts, start)
        line_start = self._line_starts[number - 1]
        found = _LINE_BREAK.search(self._text, line_start)
        line = self._text[line_start : found.start() if found else len(self._text)]
        # A cell of several lines is underlined to the end of its first.
        length = min(end, line_start + len(line)) - start
        return Place(self.file, number, start - line_start + 1, max(1, length)), line


def _find_end(pattern: re.Pattern[str], text: str, offset: int) -> int:
    found = pattern.match(text, offset)
    return found.end() if found else offset


def read_csv(file: str, text: str, table: Table, problems: Problems) -> CsvRows | None:
    """The rows of ``text``; None where it cannot be divided into rows. What is wrong goes to ``problems``."""
    rows = CsvRows(file, text)
    records: list[list[str]] | None = None
    failure = ""
    try:
        records = list(rows.records())
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
    if not records or not records[0]:
        remedy = f"The first line names the columns: {','.join(table.names)}."
        problems.add(Diagnostic(Place(file, 1, 1), codes.BROKEN_FORMAT, "the header is missing", remedy))
        return None
    rows.positions = check_names(rows, records[0], table, problems)
    _take_records(rows, records, problems)
    return rows


def _take_records(rows: CsvRows, records: list[list[str]], problems: Problems) -> None:
    width = len(records[0])
    whole = records[1:]
    rows.row_numbers = range(1, len(records))
    if any(len(record) != width for record in whole):
        rows.complete = False
        rows.row_numbers = [row for row, record in enumerate(records) if row and len(record) == width]
        whole = [records[row] for row in rows.row_numbers]
        for row, record in enumerate(records):
            if len(record) != width:
                problems.add_cell(rows, row, min(len(record), width), _tell_width(len(record), width))
    columns = list(zip(*whole, strict=True)) if whole else [()] * width
    rows.cells = {name: columns[position] for name, position in rows.positions.items()}


def _tell_width(count: int, width: int) -> CellError:
    if not count:
        return CellError(codes.BROKEN_FORMAT, "an empty line between rows", "Delete it.")
    remedy = "Quote a cell that contains a comma." if count > width else "Keep the comma of an empty cell."
    return CellError(codes.BROKEN_FORMAT, f"the row has {count} cells, the header {width}", remedy)
