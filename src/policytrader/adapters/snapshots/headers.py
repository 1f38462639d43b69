"""Columns by name: which of a file's columns the table knows, and what is wrong with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.adapters.snapshots import codes
from policytrader.adapters.snapshots.problems import CellError, Problems, RowSource, show
from policytrader.authoring.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policytrader.adapters.snapshots.columns import Table


def check_names(source: RowSource, names: Sequence[str], table: Table, problems: Problems) -> dict[str, int]:
    """Position of each known column among ``names``; unknown, repeated and missing ones are kept as problems."""
    positions: dict[str, int] = {}
    for position, name in enumerate(names):
        if name not in table.names:
            problems.add_cell(source, 0, position, unknown_column(name, table))
        elif name in positions:
            error = CellError(codes.UNKNOWN_COLUMN, f"the column `{name}` is there twice", "Keep one of the two.")
            problems.add_cell(source, 0, position, error)
        else:
            positions[name] = position
    for column in table.columns:
        if column.required and column.name not in positions:
            message = f"the column `{column.name}` is missing"
            problems.add_cell(
                source,
                0,
                0,
                CellError(codes.MISSING_VALUE, message, "Add it; only columns without a value may be left out."),
            )
    return positions


def unknown_column(name: str, table: Table) -> CellError:
    """What is said about a column that the table does not have."""
    if not name:
        return CellError(
            codes.UNKNOWN_COLUMN,
            "a column without a name",
            f"The columns of {table.name} are {', '.join(table.names)}.",
        )
    message = f"{show(name)} is not a column of {table.name}{_near(name, table.names)}"
    return CellError(codes.UNKNOWN_COLUMN, message, f"Its columns are {', '.join(table.names)}.")


def _near(name: str, names: Iterable[str]) -> str:
    plain = name.strip().casefold().replace(" ", "_")
    return f"; did you mean `{plain}`?" if plain in names else did_you_mean(plain[:80], names)
