"""JSON and Parquet: the same rows as in CSV, and what each of the two could get wrong on its own."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.snapshots import parquet_rows, read_snapshot, write_snapshot
from tests.adapters.snapshots.folders import TABLES, find_problems, short, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.errors import Diagnostic
    from policytrader.model.snapshot import Snapshot

MARKET = {"market_id": "1.101", "race_id": "r1", "market_type": "WIN"}
RUNNER = {"market_id": "1.101", "selection_id": 11}


def write_json(folder: Path, table: str, text: str) -> Path:
    write_folder(folder)
    (folder / f"{table}.csv").unlink()
    (folder / f"{table}.json").write_text(text, encoding="utf-8")
    return folder


def write_parquet(folder: Path, table: str, columns: dict[str, Any]) -> Path:
    write_folder(folder)
    (folder / f"{table}.csv").unlink()
    pq.write_table(pa.table(columns), folder / f"{table}.parquet")
    return folder


def objects_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(TABLES[table], newline="")))


@pytest.mark.parametrize("table", TABLES)
def test_the_same_rows_as_text_in_json_and_parquet(tmp_path: Path, table: str) -> None:
    plain = read_snapshot(write_folder(tmp_path / "csv"))
    objects = objects_of(table)
    assert read_snapshot(write_json(tmp_path / "json", table, json.dumps(objects))) == plain
    columns = {name: [row[name] for row in objects] for name in objects[0]}
    assert read_snapshot(write_parquet(tmp_path / "parquet", table, columns)) == plain


def read_runner(folder: Path, cells: str) -> Snapshot:
    return read_snapshot(write_json(folder, "runners", f'[{{"market_id": "1.101", "selection_id": 11, {cells}}}]'))


def test_numbers_in_json_never_pass_through_a_float(tmp_path: Path) -> None:
    (runner,) = read_runner(tmp_path, '"best_back": 8.20, "best_back_size": 9999999.97, "status": null').runners
    assert runner.best_back == Decimal("8.2")
    assert str(runner.best_back_size) == "9999999.97"
    assert runner.status is None


@pytest.mark.parametrize(
    ("table", "text", "expected", "word"),
    [
        ("runners", "[{]", ":1:3 S103", "not JSON"),
        ("runners", "", ":1:1 S103", "not JSON"),
        ("runners", "[" * 100_000, " S103", "deeply"),
        ("runners", "{}", " S103", "list"),
        ("runners", "7", " S103", "list"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11}, 7]', ":2:1 S103", "not an object"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11}, []]', ":2:1 S103", "not an object"),
        ("runners", '[{"market_id": "1.101"}]', ":1:2 S105", "`selection_id`"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "statsu": null}]', ":1:1 S104", "`status`"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "selection_id": 12}]', ":1:2 S104", "twice"),
        ("runners", '[{"market_id": "1.101", "selection_id": 1e3}]', ":1:2 S106", "`1e3`"),
        ("runners", '[{"market_id": "1.101", "selection_id": true}]', ":1:2 S106", "true"),
        ("runners", '[{"market_id": 1.10, "selection_id": 11}]', ":1:1 S113", "not text"),
        ("runners", '[{"market_id": ["1.101"], "selection_id": 11}]', ":1:1 S113", "a list"),
        ("runners", '[{"market_id": {"a": 1}, "selection_id": 11}]', ":1:1 S113", "an object"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "best_back": NaN}]', ":1:5 S106", "NaN"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "best_back": 1e308}]', ":1:5 S106", "1e308"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "best_back": 0.0}]', ":1:5 S106", "not a price"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "runner_name": "\\ud800"}]', ":1:3 S113", "U+D800"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "runner_name": "a\\u0000"}]', ":1:3 S113", "U+0000"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "removed_at": 7}]', ":1:11 S108", "`7`"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "runner_name": true}]', ":1:3 S113", "true"),
        ("runners", '[{"market_id": "1.101", "selection_id": 11, "status": 7}]', ":1:4 S107", "`7`"),
        ("runners", f'[{{"market_id": "1.101", "selection_id": {"9" * 5000}}}]', ":1:2 S106", "99"),
        ("markets", f"[{json.dumps(MARKET | {'in_play': 0})}]", ":1:5 S107", "`0`"),
    ],
)
def test_broken_json(tmp_path: Path, table: str, text: str, expected: str, word: str) -> None:
    found = [one for one in find_problems(write_json(tmp_path, table, text)) if one.place.file.endswith(".json")]
    assert [short(one, tmp_path) for one in found] == [f"{table}.json{expected}"]
    assert word in found[0].message


def test_the_place_in_broken_json_has_a_caret(tmp_path: Path) -> None:
    (found,) = find_problems(write_json(tmp_path, "runners", '[\n {"market_id": "1.101",}\n]'))
    assert (found.place.line, found.source) == (2, ' {"market_id": "1.101",}')


def test_values_in_json_of_the_columns_own_type(tmp_path: Path) -> None:
    markets = [MARKET | {"in_play": True, "version": 7, "number_of_winners": "3"}, MARKET | {"market_id": 1}]
    folder = write_json(tmp_path, "markets", json.dumps(markets))
    write_parquet(folder, "runners", {"market_id": ["1"], "selection_id": [1]})
    (folder / "markets.csv").unlink()
    (folder / "selections.csv").write_text(TABLES["selections"].split("\n", maxsplit=1)[0])
    first, second = read_snapshot(folder).markets
    assert (first.in_play, first.version, first.number_of_winners) == (True, 7, 3)
    assert second.market_id == "1"


NOON = datetime(2026, 5, 2, 12, tzinfo=UTC)


def read_parquet_runner(folder: Path, **cells: pa.Array) -> Snapshot:
    columns = {"market_id": pa.array(["1.101"]), "selection_id": pa.array([11])}
    return read_snapshot(write_parquet(folder, "runners", columns | cells))


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("best_back", pa.array([Decimal("8.20")], pa.decimal128(8, 2)), Decimal("8.2")),
        ("best_back", pa.array([Decimal("8.20")], pa.decimal256(50, 20)), Decimal("8.2")),
        ("best_back", pa.array([8], pa.int8()), Decimal(8)),
        ("best_back", pa.array([8.2]), Decimal("8.2")),
        ("best_back", pa.array(["8.2"], pa.large_string()), Decimal("8.2")),
        ("best_back", pa.array(["8.2"]).dictionary_encode(), Decimal("8.2")),
        ("best_back", pa.array([8.0], pa.float32()), Decimal(8)),
        ("best_back", pa.array([None], pa.null()), None),
        ("best_back", pa.array([None], pa.float64()), None),
        ("selection_id", pa.array([11.0]), 11),
        ("selection_id", pa.array([2**63 - 1], pa.uint64()), 2**63 - 1),
        ("removed_at", pa.array([NOON], pa.timestamp("s", "UTC")), NOON),
        ("removed_at", pa.array([NOON], pa.timestamp("ns", "Europe/London")), NOON),
        ("removed_at", pa.array(["2026-05-02T12:00:00Z"]), NOON),
    ],
)
def test_types_that_parquet_may_have(tmp_path: Path, column: str, cell: pa.Array, value: object) -> None:
    (runner,) = read_parquet_runner(tmp_path, **{column: cell}).runners
    assert getattr(runner, column) == value


def find_parquet_problems(folder: Path, columns: dict[str, Any]) -> list[Diagnostic]:
    return find_problems(write_parquet(folder, "runners", columns))


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("best_back", pa.array([8.200000000000001]), "S111"),
        ("best_back", pa.array([8.2], pa.float32()), "S111"),
        ("best_back", pa.array([float("nan")]), "S106"),
        ("best_back", pa.array([float("inf")]), "S106"),
        ("best_back", pa.array([1e308]), "S106"),
        ("best_back", pa.array([-8.2]), "S106"),
        ("best_back", pa.array([True]), "S106"),
        ("best_back", pa.array([[8]]), "S106"),
        ("best_back", pa.array([{"a": 8}]), "S106"),
        ("best_back", pa.array([b"8"]), "S106"),
        ("best_back_size", pa.array([0.30000000000000004]), "S106"),
        ("selection_id", pa.array([11.5]), "S106"),
        ("selection_id", pa.array([2**63], pa.uint64()), "S106"),
        ("market_id", pa.array([1.101]), "S113"),
        ("market_id", pa.array([7.0]), "S113"),
        ("market_id", pa.array([Decimal("1.10")]), "S113"),
        ("market_id", pa.array([NOON]), "S113"),
        ("status", pa.array([True]), "S107"),
        ("removed_at", pa.array([NOON.replace(tzinfo=None)]), "S108"),
        ("removed_at", pa.array([NOON.date()]), "S108"),
        ("removed_at", pa.array([7]), "S108"),
    ],
)
def test_types_that_parquet_may_not_have(tmp_path: Path, column: str, cell: pa.Array, code: str) -> None:
    columns = {"market_id": pa.array(["1.101"]), "selection_id": pa.array([11]), column: cell}
    (found,) = find_parquet_problems(tmp_path, columns)
    position = list(columns).index(column) + 1
    assert short(found, tmp_path) == f"runners.parquet:1:{position} {code}"
    assert f"`{column}`" in found.message


def test_columns_of_parquet_are_checked_by_name(tmp_path: Path) -> None:
    (found,) = find_parquet_problems(tmp_path, RUNNER_COLUMNS | {"statsu": ["ACTIVE"]})
    assert (short(found, tmp_path), "`status`" in found.message) == ("runners.parquet S104", True)
    (found,) = find_parquet_problems(tmp_path, {"market_id": ["1.101"]})
    assert (short(found, tmp_path), "`selection_id`" in found.message) == ("runners.parquet S105", True)
    folder = write_parquet(tmp_path, "runners", {})
    twice = pa.table([["1.101"], [11], ["1.101"]], names=["market_id", "selection_id", "market_id"])
    pq.write_table(twice, folder / "runners.parquet")
    (found,) = find_problems(folder)
    assert (short(found, tmp_path), "twice" in found.message) == ("runners.parquet S104", True)


RUNNER_COLUMNS = {name: [value] for name, value in RUNNER.items()}


def test_nanoseconds_that_would_be_lost_are_refused(tmp_path: Path) -> None:
    cell = pa.array([1], pa.timestamp("ns", "UTC"))
    (found,) = find_parquet_problems(tmp_path, RUNNER_COLUMNS | {"removed_at": cell})
    assert found.code == "S103"


def test_a_letter_that_changed_on_the_disk_is_noticed(tmp_path: Path) -> None:
    snapshot = read_snapshot(write_folder(tmp_path))
    write_snapshot(snapshot, tmp_path, "parquet")
    path = tmp_path / "runners.parquet"
    data = path.read_bytes()
    assert b"Blue Moon" in data
    path.write_bytes(data.replace(b"Blue Moon", b"Blue Noon", 1))
    (found,) = find_problems(tmp_path)
    assert short(found, tmp_path) == "runners.parquet S103"


def test_a_small_file_may_not_unpack_to_a_large_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_rows, "MAXIMUM_ROWS", 1)
    assert read_snapshot(write_parquet(tmp_path, "runners", RUNNER_COLUMNS)).runners
    (found,) = find_parquet_problems(tmp_path, {"market_id": ["1.101"] * 2, "selection_id": [1, 2]})
    assert short(found, tmp_path) == "runners.parquet S102"
    monkeypatch.setattr(parquet_rows, "MAXIMUM_UNPACKED_BYTES", 10)
    (found,) = find_parquet_problems(tmp_path, RUNNER_COLUMNS)
    assert short(found, tmp_path) == "runners.parquet S102"


def test_a_file_that_is_not_parquet(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path, "runners", RUNNER_COLUMNS)
    (folder / "runners.parquet").write_bytes(b"PAR1")
    (found,) = find_problems(folder)
    assert short(found, tmp_path) == "runners.parquet S103"
