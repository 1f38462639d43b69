"""Every kind of cell that must be refused, each found at its place, and the least and the most that are taken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import read_snapshot
from policytrader.adapters.snapshots.columns import TABLES
from tests.adapters.snapshots.folders import find_problems, short, underlined, with_cell, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.snapshot import Snapshot

BIG = str(2**63)

# table, line, column's name, cell -> place and code, and a word of what is said
BROKEN = [
    ("selections", 2, "selection_ref", "", "1 S105", "empty"),
    ("selections", 2, "selection_ref", " a", "1 S113", "space"),
    ("selections", 2, "selection_ref", "a\u200bb", "1 S113", "invisible"),
    ("selections", 2, "race_id", "", "3 S105", "empty"),
    ("selections", 2, "race_time", "", "6 S105", "empty"),
    ("selections", 2, "race_time", "2026-05-02T13:45:00", "6 S108", "zone"),
    ("selections", 2, "race_time", "2026-05-02 13:45:00Z", "6 S108", "ISO"),
    ("selections", 2, "race_time", "2026-13-02T13:45:00Z", "6 S108", "ISO"),
    ("selections", 2, "race_time", "0001-01-01T00:00:00+14:00", "6 S108", "ISO"),
    ("selections", 2, "race_time", "2026-05-02T13:45:00+99:99", "6 S108", "ISO"),
    ("selections", 2, "race_time", "1999-12-31T23:59:59Z", "6 S108", "2000"),
    ("selections", 2, "race_time", "2101-01-01T00:00:00Z", "6 S108", "2100"),
    ("selections", 2, "market_id", "1.101 ", "27 S113", "space"),
    ("selections", 2, "market_type", "win", "33 S107", "did you mean `WIN`"),
    ("selections", 2, "market_type", "PLAC", "33 S107", "did you mean `PLACE`"),
    ("selections", 2, "selection_id", "", "37 S105", "empty"),
    ("selections", 2, "selection_id", "-1", "37 S106", "sign"),
    ("selections", 2, "selection_id", "11.5", "37 S106", "whole"),
    ("selections", 2, "selection_id", f"1.{'0' * 40}1", "37 S106", "28"),
    ("selections", 2, "selection_id", "1.0", "37 S106", "digits only"),
    ("selections", 2, "selection_id", "\u0661\u0661", "37 S106", "plain"),
    ("selections", 2, "selection_id", BIG, "37 S106", "range"),
    ("selections", 2, "runner_name", "Blue\x07Moon", "40 S113", "U+0007"),
    ("selections", 2, "runner_name", "Blue\u2028Moon", "40 S113", "U+2028"),
    ("selections", 2, "runner_name", "Blue\u202eMoon", "40 S113", "U+202E"),
    ("selections", 2, "runner_name", "x" * 1001, "40 S113", "1,000"),
    ("selections", 2, "side", "Back", "50 S107", "did you mean `BACK`"),
    ("selections", 2, "side", "BOTH", "50 S107", "BACK, LAY"),
    ("selections", 2, "price_requested", "1.00", "55 S106", "1.01 to 1,000"),
    ("selections", 2, "price_requested", "1000.01", "55 S106", "1.01 to 1,000"),
    ("selections", 2, "price_requested", "8.005", "55 S106", "2 decimals"),
    ("selections", 2, "price_requested", "0", "55 S106", "empty"),
    ("selections", 2, "price_requested", "1e308", "55 S106", "exponent"),
    ("selections", 2, "price_requested", "8.", "55 S106", "plain"),
    ("selections", 2, "price_requested", ".5", "55 S106", "plain"),
    ("selections", 2, "price_requested", "٨", "55 S106", "plain"),
    ("selections", 2, "price_requested", "8_0", "55 S106", "plain"),
    ("selections", 2, "price_requested", " 8", "55 S106", "spaces"),
    ("selections", 2, "price_requested", "8" * 29, "55 S106", "28"),
    ("selections", 2, "price_requested", f"8.{'0' * 36}1", "55 S106", "28"),
    ("selections", 2, "price_requested", f"8.{'0' * 26}1", "55 S106", "2 decimals"),
    ("selections", 2, "stake_points", "0", "60 S106", "above 0"),
    ("selections", 2, "stake_points", "1000.0001", "60 S106", "1,000"),
    ("selections", 2, "stake_points", "0.00001", "60 S106", "4 decimals"),
    ("selections", 2, "valid", "yes", "65 S107", "true or false"),
    ("selections", 2, "closed", "0", "67 S107", "true or false"),
    ("reference", 3, "capture_id", "", "1 S105", "empty"),
    ("reference", 3, "number_of_runners", "1001", "28 S106", "1,000"),
    ("reference", 3, "status", "RUNNING", "52 S107", "ACTIVE"),
    ("reference", 3, "reference_price", "NaN", "59 S106", "empty"),
    ("reference", 3, "reference_price", "1.001", "59 S106", "1.01"),
    ("markets", 2, "status", "Open", "14 S107", "did you mean `OPEN`"),
    ("markets", 2, "in_play", "1", "19 S107", "true or false"),
    ("markets", 2, "version", "-7", "25 S106", "sign"),
    ("markets", 2, "number_of_winners", "1.5", "27 S106", "whole"),
    ("markets", 2, "published_at", "noon", "29 S108", "zone"),
    ("markets", 2, "course", "As\tcot", "50 S113", "U+0009"),
    ("runners", 2, "best_back", "0", "27 S106", "empty"),
    ("runners", 2, "best_back", "-1", "27 S106", "sign"),
    ("runners", 2, "best_back", "1", "27 S106", "1.01"),
    ("runners", 2, "best_back", "null", "27 S106", "empty"),
    ("runners", 2, "best_back", "-inf", "27 S106", "empty"),
    ("runners", 2, "best_back", "8.1", "27 S111", "8.00 and 8.20"),
    ("runners", 2, "best_back", "7.9", "27 S111", "7.80 and 8.00"),
    ("runners", 2, "best_back", "1000.5", "27 S106", "1,000"),
    ("runners", 2, "best_lay", "8.201", "35 S111", "8.20 and 8.40"),
    ("runners", 2, "best_lay", "999", "35 S111", "990.00 and 1000.00"),
    ("runners", 2, "last_traded", "8.005", "42 S106", "2 decimals"),
    ("runners", 2, "last_traded", "0", "42 S106", "empty"),
    ("runners", 2, "best_back_size", "10000000.01", "29 S106", "10,000,000"),
    ("runners", 2, "best_back_size", "0.001", "29 S106", "2 decimals"),
    ("runners", 2, "adjustment_factor", "100.1", "44 S106", "100"),
    ("runners", 2, "adjustment_factor", "1.000001", "44 S106", "5 decimals"),
    ("runners", 3, "removed_at", "yesterday", "46 S108", "zone"),
    ("orders", 2, "price", "8.15", "18 S111", "8.00 and 8.20"),
    ("orders", 2, "size", "0", "20 S106", "above 0"),
    ("orders", 2, "average_price_matched", "1.000000001", "26 S106", "above 1"),
    ("orders", 2, "average_price_matched", "1000.1", "26 S106", "1,000"),
    ("orders", 2, "average_price_matched", "", "26 S105", "20 is matched"),
    ("orders", 2, "average_price_matched", "0", "26 S105", "20 is matched"),
    ("orders", 2, "size_matched", "25.01", "23 S110", "more than"),
    ("orders", 2, "size_remaining", "5.01", "30 S110", "more than"),
    ("orders", 2, "status", "EXECUTED", "32 S107", "EXECUTABLE"),
]


@pytest.mark.parametrize(("table", "line", "column", "cell", "expected", "word"), BROKEN)
def test_broken_cell_is_refused_at_its_place(
    tmp_path: Path, table: str, line: int, column: str, cell: str, expected: str, word: str
) -> None:
    found = find_problems(write_folder(tmp_path, **{table: with_cell(table, line, column, cell)}))
    assert [short(one, tmp_path) for one in found] == [f"{table}.csv:{line}:{expected}"]
    assert f"`{column}`" in found[0].message
    assert word in f"{found[0].message} {found[0].help}"


def test_a_cell_with_a_comma_is_underlined_with_its_quotes(tmp_path: Path) -> None:
    (found,) = find_problems(write_folder(tmp_path, runners=with_cell("runners", 2, "best_back", "12,5")))
    assert short(found, tmp_path) == "runners.csv:2:27 S106"
    assert underlined(found) == '"12,5"'
    assert "point" in found.help


TAKEN = [
    ("selections", 2, "selection_id", "0", 0),
    ("selections", 2, "selection_id", str(2**63 - 1), 2**63 - 1),
    ("selections", 2, "price_requested", "1.01", Decimal("1.01")),
    ("selections", 2, "price_requested", f"8.{'0' * 27}", Decimal(8)),
    ("selections", 2, "price_requested", "1000.000", Decimal(1000)),
    ("selections", 2, "stake_points", "0.0001", Decimal("0.0001")),
    ("selections", 2, "valid", "FALSE", False),
    ("selections", 2, "valid", "True", True),
    ("selections", 2, "valid", "", True),
    ("selections", 2, "closed", "", False),
    ("selections", 2, "race_time", "2026-05-02T14:45+01:00", datetime(2026, 5, 2, 13, 45, tzinfo=UTC)),
    ("selections", 2, "runner_name", " O'Brien'; drop table ", " O'Brien'; drop table "),
    ("selections", 2, "runner_name", "=1+1", "=1+1"),
    ("selections", 2, "runner_name", "Cafe\u0301", "Cafe\u0301"),
    ("reference", 3, "reference_price", "7.77", Decimal("7.77")),
    ("markets", 2, "number_of_winners", "0", 0),
    ("markets", 2, "in_play", "", False),
    ("runners", 2, "best_back", "1.01", Decimal("1.01")),
    ("runners", 2, "last_traded", "999.99", Decimal("999.99")),
    ("runners", 2, "best_back_size", "0", Decimal(0)),
    ("runners", 2, "adjustment_factor", "100", Decimal(100)),
    ("orders", 2, "average_price_matched", "6.123456785", Decimal("6.12345679")),
    ("orders", 2, "average_price_matched", "1000", Decimal(1000)),
    ("orders", 2, "size_remaining", "", Decimal(5)),
    ("orders", 2, "size_remaining", "0", Decimal(0)),
]


@pytest.mark.parametrize(("table", "line", "column", "cell", "value"), TAKEN)
def test_value_is_taken_as_it_is(tmp_path: Path, table: str, line: int, column: str, cell: str, value: object) -> None:
    snapshot = read_snapshot(write_folder(tmp_path, **{table: with_cell(table, line, column, cell)}))
    assert getattr(getattr(snapshot, table)[line - 2], column) == value


def _order(tmp_path: Path, cells: str) -> Snapshot:
    header = (
        "order_ref,market_id,selection_id,side,price,size,size_matched,average_price_matched,size_remaining,status\n"
    )
    return read_snapshot(write_folder(tmp_path, orders=f"{header}o1,1.101,11,BACK,8,{cells}\n"))


@pytest.mark.parametrize(
    ("cells", "matched", "average", "remaining"),
    [
        ("20,,,,EXECUTABLE", "0", None, "20"),
        ("20,5,8,,EXECUTABLE", "5", "8", "15"),
        ("20,5,8,3,EXECUTABLE", "5", "8", "3"),
        ("20,,,,EXECUTION_COMPLETE", "0", None, "0"),
        ("20,0,0,0,EXECUTION_COMPLETE", "0", None, "0"),
        ("20,,,,UNKNOWN", "0", None, "0"),
        ("20,5,,,UNKNOWN", "5", None, "0"),
        ("20,5,8.1,,UNKNOWN", "5", "8.1", "0"),
    ],
)
def test_what_an_order_leaves_empty_follows_from_its_status(
    tmp_path: Path, cells: str, matched: str, average: str | None, remaining: str
) -> None:
    (order,) = _order(tmp_path, cells).orders
    assert order.size_matched == Decimal(matched)
    assert order.average_price_matched == (None if average is None else Decimal(average))
    assert order.size_remaining == Decimal(remaining)


def test_an_average_without_a_matched_size_could_hide_a_position(tmp_path: Path) -> None:
    (found,) = find_problems(write_folder(tmp_path, orders=with_cell("orders", 2, "size_matched", "")))
    assert short(found, tmp_path) == "orders.csv:2:24 S110"
    assert "nothing is matched" in found.message


def test_columns_are_the_fields_of_the_models_rows() -> None:
    for table in TABLES:
        row = table.make([None] * len(table.columns))
        assert table.names == row._fields
