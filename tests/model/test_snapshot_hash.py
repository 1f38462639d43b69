"""A snapshot's hash names its rows: every cell counts; the order of rows and how a number is written do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.made_up_race import last_snapshot

if TYPE_CHECKING:
    from policytrader.model.snapshot import Snapshot

TABLES = ("selections", "reference", "markets", "runners", "orders")
SNAPSHOT = last_snapshot()
ROWS: dict[str, tuple[Any, ...]] = {name: getattr(SNAPSHOT, name) for name in TABLES}


def with_rows(**rows: tuple[Any, ...]) -> Snapshot:
    changed: dict[str, Any] = rows
    return replace(SNAPSHOT, **changed)


def other(value: object) -> object:
    """A value that is not this one, of its type."""
    match value:
        case None:
            return "something"
        case bool():
            return not value
        case StrEnum():
            return next(one for one in type(value) if one is not value)
        case str():
            return value + "'"
        case int() | Decimal():
            return value + 1
        case datetime():
            return value + timedelta(microseconds=1)
        case _:
            raise AssertionError(value)


CELLS = [
    pytest.param(table, row, column, id=f"{table}-{row}-{name}")
    for table, rows in ROWS.items()
    for row in range(0, len(rows), 5)
    for column, name in enumerate(rows[0]._fields)
]


@pytest.mark.parametrize(("table", "row", "column"), CELLS)
def test_every_cell_counts(table: str, row: int, column: int) -> None:
    rows = list(ROWS[table])
    cells = list(rows[row])
    cells[column] = other(cells[column])
    rows[row] = type(rows[row])(*cells)
    assert with_rows(**{table: tuple(rows)}).hash != SNAPSHOT.hash


def test_every_column_of_every_table_was_tried() -> None:
    assert len({(cell.values[0], cell.values[2]) for cell in CELLS}) == sum(len(rows[0]) for rows in ROWS.values())


@pytest.mark.parametrize("table", TABLES)
def test_every_row_counts(table: str) -> None:
    assert with_rows(**{table: ROWS[table][1:]}).hash != SNAPSHOT.hash
    assert with_rows(**{table: (*ROWS[table], ROWS[table][0])}).hash != SNAPSHOT.hash


def test_the_moment_counts() -> None:
    assert replace(SNAPSHOT, now=SNAPSHOT.now + timedelta(microseconds=1)).hash != SNAPSHOT.hash


@given(st.data())
def test_the_order_of_rows_does_not_count(data: st.DataObject) -> None:
    shuffled = {name: tuple(data.draw(st.permutations(rows))) for name, rows in ROWS.items()}
    assert with_rows(**shuffled).hash == SNAPSHOT.hash


@given(st.integers(0, 6))
def test_how_a_number_is_written_does_not_count(zeros: int) -> None:
    def written(value: object) -> object:
        if not isinstance(value, Decimal):
            return value
        return (
            Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros) if zeros else value.normalize()
        )

    rows = {name: tuple(type(row)(*map(written, row)) for row in rows) for name, rows in ROWS.items()}
    assert rows == ROWS  # equal, and written in another way
    assert with_rows(**rows).hash == SNAPSHOT.hash


def test_what_describes_a_scenario_does_not_count() -> None:
    assert replace(SNAPSHOT, title="another", why="because", policy="rules").hash == SNAPSHOT.hash


def test_a_value_does_not_run_into_its_neighbour() -> None:
    first = ROWS["selections"][0]
    one = first._replace(selection_ref="ab", race_id="c")
    two = first._replace(selection_ref="a", race_id="bc")
    assert with_rows(selections=(one,)).hash != with_rows(selections=(two,)).hash


def test_the_hash_is_sha_256_in_hexadecimal() -> None:
    assert len(SNAPSHOT.hash) == 64
    assert int(SNAPSHOT.hash, 16)
