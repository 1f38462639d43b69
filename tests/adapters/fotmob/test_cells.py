"""What the cells say, and which say nothing."""

from __future__ import annotations

import pytest

from policytrader.adapters.fotmob.cells import Cell, read_cell


@pytest.mark.parametrize(
    ("value", "total", "cell"),
    [
        (4, None, Cell(4)),
        (0, None, Cell(0)),
        (3.0, None, Cell(3)),
        ("-", None, Cell(0)),
        ("17", None, Cell(17)),
        ("4/6 (67%)", None, Cell(4, 6)),
        ("2/1 (200%)", None, Cell(2, 1)),
        ("267 (83%)", None, Cell(267)),
        (36, 42, Cell(36, 42)),
        ("83%", None, Cell(None)),
        ("0.44", None, Cell(None)),
        ("6 + 3", None, Cell(None)),
        ("٣", None, Cell(None)),
        ("12345", None, Cell(None)),
        ("4/6 (67%)", 6, Cell(None)),
        (36, "many", Cell(None)),
        (True, None, Cell(None)),
        (-1, None, Cell(None)),
        (2.5, None, Cell(None)),
        (float("inf"), None, Cell(None)),
        (None, None, Cell(None)),
        ([4], None, Cell(None)),
    ],
)
def test_a_cell(value: object, total: object, cell: Cell) -> None:
    assert read_cell(value, total) == cell
