"""Rows that contradict each other, each refused at the cell at fault; and rows that only look as if they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import read_snapshot
from tests.adapters.snapshots.folders import TABLES, find_problems, short, with_cell, write_folder

if TYPE_CHECKING:
    from pathlib import Path

A = "r1,2026-05-02T13:45:00Z,1.101,WIN,11,,BACK,8,1,c1,,,\n"

# table, text -> the places and codes, in order, and a word of the first message
REFUSED = [
    ("selections", TABLES["selections"] + f"b,{A}".replace("BACK", "LAY"), ["4:1 S109"], "line 3"),
    ("selections", TABLES["selections"] + f"c,{A}", ["4:37 S109"], "line 2"),
    ("selections", with_cell("selections", 2, "race_id", "r2"), ["2:3 S110", "2:62 S110"], "r1"),
    ("selections", with_cell("selections", 2, "market_type", "PLACE"), ["2:33 S110"], "WIN"),
    ("selections", with_cell("selections", 2, "market_id", "1.102"), ["2:33 S110"], "PLACE"),
    ("markets", TABLES["markets"] + "1.101,r9,WIN,,,,,,\n", ["4:1 S109"], "line 2"),
    ("runners", TABLES["runners"] + "1.101,11,,,,,,,,,\n", ["5:7 S109"], "line 2"),
    ("runners", TABLES["runners"] + "1.101,011,,,,,,,,,\n", ["5:7 S109"], "line 2"),
    ("runners", TABLES["runners"] + "1.103,11,,,,,,,,,\n", ["5:1 S110"], "not listed"),
    ("runners", with_cell("runners", 2, "best_lay", "7.8"), ["2:35 S112"], "crossed"),
    ("runners", with_cell("runners", 2, "best_lay", "8"), ["2:35 S112"], "crossed"),
    ("runners", with_cell("runners", 2, "best_lay", "8").replace(",ACTIVE,", ",,", 1), ["2:29 S112"], "crossed"),
    ("markets", with_cell("markets", 3, "status", "OPEN"), ["4:42 S112"], "crossed"),
    ("reference", TABLES["reference"] + "c1,r1,2026-05-02T10:00:00Z,8,11,,,\n", ["4:30 S109"], "line 2"),
    ("reference", with_cell("reference", 3, "race_id", "r2"), ["3:4 S110"], "line 2"),
    ("reference", with_cell("reference", 3, "captured_at", ""), ["3:7 S110"], "line 2"),
    ("reference", with_cell("reference", 3, "captured_at", "2026-05-02T10:00:01Z"), ["3:7 S110"], "line 2"),
    ("reference", with_cell("reference", 3, "number_of_runners", "9"), ["3:28 S110"], "line 2"),
    ("orders", TABLES["orders"] + "o1,1.101,11,BACK,8,1,,,,EXECUTABLE,\n", ["4:1 S109"], "line 2"),
]


@pytest.mark.parametrize(("table", "text", "expected", "word"), REFUSED)
def test_contradiction_is_refused_at_the_cell_at_fault(
    tmp_path: Path, table: str, text: str, expected: list[str], word: str
) -> None:
    found = find_problems(write_folder(tmp_path, **{table: text}))
    at_fault = "runners" if "S112" in expected[0] else table
    assert [short(one, tmp_path) for one in found] == [f"{at_fault}.csv:{one}" for one in expected]
    assert word in found[0].message


def test_markets_that_differ_only_in_case_are_one(tmp_path: Path) -> None:
    text = TABLES["selections"] + f"c,{A}d,{A}".replace("1.101", "m1", 1).replace("1.101", "M1")
    (found,) = find_problems(write_folder(tmp_path, selections=text))
    assert short(found, tmp_path) == "selections.csv:5:27 S110"


def test_markets_cannot_be_listed_twice_in_other_letters(tmp_path: Path) -> None:
    text = TABLES["markets"] + "m1,r9,WIN,,,,,,\nM1,r9,WIN,,,,,,\n"
    (found,) = find_problems(write_folder(tmp_path, markets=text))
    assert short(found, tmp_path) == "markets.csv:5:1 S110"
    assert found.message == "`market_id`: `M1` differs from `m1` only in case"


# A column's identifiers in other letters than in the tables before it.
OTHER_CASE = [
    ("selections", "market_id", "m1", "M1"),
    ("runners", "market_id", "m1", "M1"),
    ("orders", "market_id", "m1", "M1"),
    ("selections", "race_id", "r1", "R1"),
    ("reference", "race_id", "r1", "R1"),
]


@pytest.mark.parametrize(("table", "column", "usual", "other"), OTHER_CASE)
def test_an_identifier_has_one_case_in_all_tables(
    tmp_path: Path, table: str, column: str, usual: str, other: str
) -> None:
    changed = {name: text.replace("1.101", "m1") for name, text in TABLES.items()}
    assert read_snapshot(write_folder(tmp_path, **changed)).title
    changed[table] = changed[table].replace(f"{usual},", f"{other},", 1)
    found = find_problems(write_folder(tmp_path, **changed))
    assert {(one.place.file.rpartition("/")[2], one.code) for one in found} == {(f"{table}.csv", "S110")}
    assert f"`{column}`: " in found[0].message
    assert "only in case" in found[0].message


ALLOWED = [
    ("selections", with_cell("selections", 2, "market_id", "1.999")),
    ("selections", with_cell("selections", 2, "selection_id", "99")),
    ("selections", with_cell("selections", 2, "capture_id", "c9")),
    ("selections", with_cell("selections", 2, "capture_id", "")),
    ("selections", with_cell("selections", 2, "race_time", "2026-05-02T13:46:00Z")),
    ("selections", with_cell("selections", 3, "invalidated_reason", "")),
    ("selections", TABLES["selections"] + f"c,{A}".replace("BACK", "LAY")),
    ("markets", with_cell("markets", 2, "status", "SUSPENDED")),
    ("runners", with_cell("runners", 2, "best_lay", "7.8").replace(",ACTIVE,", ",REMOVED,", 1)),
    ("runners", with_cell("runners", 2, "best_lay", "")),
    ("orders", TABLES["orders"] + ",1.777,11,BACK,8,1,,,,EXECUTABLE,\n" * 2),
    ("orders", TABLES["orders"].split("\n", maxsplit=1)[0]),
]


@pytest.mark.parametrize(("table", "text"), ALLOWED)
def test_what_is_missing_elsewhere_is_no_contradiction(tmp_path: Path, table: str, text: str) -> None:
    assert read_snapshot(write_folder(tmp_path, **{table: text})).title


def test_a_broken_row_does_not_make_others_look_wrong(tmp_path: Path) -> None:
    markets = with_cell("markets", 2, "version", "x")
    assert [short(one, tmp_path) for one in find_problems(write_folder(tmp_path, markets=markets))] == [
        "markets.csv:2:25 S106"
    ]
    markets = with_cell("markets", 2, "market_id", "")
    assert [short(one, tmp_path) for one in find_problems(write_folder(tmp_path, markets=markets))] == [
        "markets.csv:2:1 S105"
    ]
    markets = TABLES["markets"].replace("1.101,r1", "1.101")
    assert [short(one, tmp_path) for one in find_problems(write_folder(tmp_path, markets=markets))] == [
        "markets.csv:2:47 S103"
    ]
