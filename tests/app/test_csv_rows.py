"""Files that a trader writes by hand: every problem of every row is told, with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.contender_file import read_mark_file
from policytrader.app.csv_rows import Row, is_fit, read_rows, read_text
from policytrader.app.pick_file import read_pick_file, read_picks
from policytrader.errors import Diagnostic, Place, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def check_header(header: list[str], place: Place) -> list[Diagnostic]:
    return [] if header == ["a", "b"] else [Diagnostic(place, "S104", f"the columns are {header}")]


def read_row(row: Row) -> tuple[dict[str, str], Place]:
    if bad := [name for name, cell in row.cells.items() if cell.startswith("bad")]:
        raise SnapshotError([Diagnostic(row.place_of(name), "S107", name) for name in bad])
    return row.cells, row.place


def read(text: str) -> tuple[tuple[dict[str, str], Place], ...]:
    return read_rows(text, "x.csv", check_header=check_header, read_row=read_row, empty="nothing here")


def test_rows_without_the_spaces_around_their_cells() -> None:
    assert read(' a , b\r\n1, 2\r\n\r\n , \r\n"3, 4",') == (
        ({"a": "1", "b": "2"}, Place("x.csv", 2, 1)),
        ({"a": "3, 4", "b": ""}, Place("x.csv", 5, 1)),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["x.csv:1:1  S104  the columns are []"]),
        ("b,a\nbad,bad\n1\n", ["x.csv:1:1  S104  the columns are ['b', 'a']"]),
        ("a,b\n\n", ["x.csv  S105  nothing here"]),
        ("a,b\n1\n1,2,3\n", ["x.csv:2:1  S103  1 cells, and the header has 2", "x.csv:3:1  S103  3 cells, and the"]),
        (
            "a,b\n  1 ,bad\n1,2\nbad,bad\n",
            ["x.csv:2:6  S107  b", "x.csv:4:1  S107  a", "x.csv:4:5  S107  b"],
        ),
        ('a,b\nbad,1\n"x', ["x.csv:3:1  S103  not CSV: unexpected end of data"]),
    ],
)
def test_every_problem_is_told_with_its_place(text: str, told: list[str]) -> None:
    with pytest.raises(SnapshotError) as caught:
        read(text)
    shown = [one.render() for one in caught.value.diagnostics]
    assert len(shown) == len(told)
    for one, begins in zip(shown, told, strict=True):
        assert one.startswith(begins)


def test_a_column_that_is_not_there_is_placed_at_the_row() -> None:
    assert Row({"a": ""}, Place("x.csv", 7, 1), {"a": 4}).place_of("b") == Place("x.csv", 7, 1)


@pytest.mark.parametrize(("text", "fits"), [("", True), ("é" * 100, True), ("a" * 101, False), ("a\u202eb", False)])
def test_what_can_be_shown(text: str, *, fits: bool) -> None:
    assert is_fit(text) is fits


@pytest.mark.parametrize(("reader", "what"), [(read_pick_file, "picks"), (read_mark_file, "contenders")])
def test_files_that_cannot_be_read(reader: Callable[[Path], Any], what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(SnapshotError, match=r"S101  cannot be read"):
        reader(path)
    path.write_bytes(b"\xff")
    with pytest.raises(SnapshotError, match=r"S102  not UTF-8 text"):
        reader(path)
    path.write_bytes(b" " * 4_000_001)
    with pytest.raises(SnapshotError, match=f"S102  too large for a file of {what}"):
        reader(path)
    path.write_bytes(b"\xef\xbb\xbfa")
    assert read_text(path, what) == "a"


def test_a_pick_is_told_at_its_cell() -> None:
    header = "market_id,selection_id,market_type,side,price_requested,stake_points\n"
    with pytest.raises(SnapshotError) as caught:
        read_picks(header + "1.1,2,WIN,BACK,2.01,1\n1.1,,WIN,BACK,2,1\n1.1,2,WIN,UP,2,1\n", "x.csv")
    assert [(one.place.line, one.place.column, one.code) for one in caught.value.diagnostics] == [
        (2, 16, "S111"),
        (3, 5, "S105"),
        (4, 11, "S107"),
    ]
