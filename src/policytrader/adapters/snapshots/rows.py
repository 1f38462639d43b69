"""From cells to the model's rows: each distinct text of a column is read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.problems import MAXIMUM_DIAGNOSTICS, CellError, Problems, RowSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.adapters.snapshots.columns import Column, Table


@dataclass(frozen=True)
class TableRows:
    """The rows of one table; a row in ``broken`` (by index) has None where a cell could not be read.

    ``complete`` is False where the file has rows that are not among them.
    """

    table: Table
    source: RowSource
    rows: list[Any]
    broken: set[int]

    def add_problem(self, problems: Problems, index: int, column: str, error: CellError) -> None:
        """Keep a finding about the cell of row ``index`` in ``column``."""
        error = CellError(error.code, f"`{column}`: {error.message}", error.remedy)
        position = self.source.positions.get(column, 0)
        problems.add_cell(self.source, self.source.row_numbers[index], position, error)

    def whole_rows(self) -> list[tuple[int, Any]]:
        """Index and row of those whose cells could all be read."""
        if not self.broken:
            return list(enumerate(self.rows))
        return [(index, row) for index, row in enumerate(self.rows) if index not in self.broken]


def read_rows(table: Table, source: RowSource, problems: Problems) -> TableRows:
    """Read all cells of a table; what cannot be read goes to ``problems``."""
    count = len(source.row_numbers)
    found = TableRows(table, source, [], set())
    values = [_read_column(column, found, count, problems) for column in table.columns]
    # With so many problems nobody looks at the rows again.
    if not problems.stop_if_full():
        found.rows.extend(map(table.make, zip(*values, strict=True)))
    return found


def _read_column(column: Column, found: TableRows, count: int, problems: Problems) -> Sequence[object]:
    cells = found.source.cells.get(column.name)
    if cells is None:
        # A required column that the whole file lacks was told once, at the header.
        if column.required:
            found.broken.update(range(count))
        return [column.empty] * count
    values: dict[str | CellError, object] = {}
    errors: dict[str | CellError, CellError] = {}
    # In the file's order: what is told are the first problems, and what comes behind too many is not read.
    for cell in dict.fromkeys(cells):
        try:
            values[cell] = _read_cell(column, cell)
        except CellError as error:
            errors[cell] = error
            if len(errors) > MAXIMUM_DIAGNOSTICS:
                problems.stop()
                break
    if errors:
        _tell_errors(column, found, cells, errors, problems)
        if problems.stop_if_full():
            return ()
        found.broken.update(index for index, cell in enumerate(cells) if cell not in values)
    return list(map(values.get, cells))


def _tell_errors(
    column: Column,
    found: TableRows,
    cells: Sequence[str | CellError],
    errors: dict[str | CellError, CellError],
    problems: Problems,
) -> None:
    wrong = [index for index, cell in enumerate(cells) if cell in errors]
    for index in wrong[:MAXIMUM_DIAGNOSTICS]:
        found.add_problem(problems, index, column.name, errors[cells[index]])
    problems.count_more(len(wrong[MAXIMUM_DIAGNOSTICS:]))


def _read_cell(column: Column, cell: str | CellError) -> object:
    if isinstance(cell, CellError):
        raise cell
    if cell:
        return column.reader.read(cell)
    if column.required:
        raise CellError(codes.MISSING_VALUE, "the cell is empty", "Every row needs a value here.")
    return column.empty
