"""What a folder must hold, and what ``snapshot.yaml`` must say."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import files, read_snapshot
from tests.adapters.snapshots.folders import HEAD, TABLES, find_problems, short, write_folder

if TYPE_CHECKING:
    from pathlib import Path

NOW = 'now: "2026-05-02T13:00:00Z"\n'


@pytest.mark.parametrize("name", [*(f"{name}.csv" for name in TABLES), "snapshot.yaml"])
def test_every_file_must_be_there(tmp_path: Path, name: str) -> None:
    folder = write_folder(tmp_path)
    (folder / name).unlink()
    assert [short(one, tmp_path) for one in find_problems(folder)] == [f"{name} S101"]


def test_a_name_in_other_letters_is_pointed_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "orders.csv").rename(folder / "Orders.CSV")
    (found,) = find_problems(folder)
    assert found.code == "S101"
    assert "Rename Orders.CSV to orders.csv" in found.help


def test_two_forms_of_one_table_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "orders.json").write_text("[]")
    (found,) = find_problems(folder)
    assert short(found, tmp_path) == "orders.json S109"


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "expected.json").write_text("{")
    assert read_snapshot(folder).title


@pytest.mark.parametrize(("name", "code"), [("none", "S101"), ("file", "S102"), ("nul\0", "S101")])
def test_a_folder_that_is_none(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "file").write_text("")
    (found,) = find_problems(tmp_path / name)
    assert found.code == code


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    (folder / "orders.csv").unlink()
    os.mkfifo(folder / "orders.csv")
    (found,) = find_problems(folder)
    assert short(found, tmp_path) == "orders.csv S102"


def test_a_table_larger_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = max(TABLES, key=lambda name: len(TABLES[name]))
    monkeypatch.setattr(files, "MAXIMUM_BYTES", len(TABLES[largest]))
    assert read_snapshot(write_folder(tmp_path)).title
    (found,) = find_problems(write_folder(tmp_path, **{largest: TABLES[largest] + "\n"}))
    assert short(found, tmp_path) == f"{largest}.csv S102"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xef\xbb\xbfmarket_id\xff", "markets.csv:1:10 S102"),
        ("market_id\r\nÄ\r".encode() + b"\x80", "markets.csv:3:1 S102"),
        ("market_id\n".encode("utf-16"), "markets.csv S102"),
        (TABLES["markets"].replace("Ascot", "Épsom").encode("latin-1"), "markets.csv:2:50 S102"),
    ],
)
def test_bytes_that_are_not_utf_8(tmp_path: Path, data: bytes, expected: str) -> None:
    folder = write_folder(tmp_path)
    (folder / "markets.csv").write_bytes(data)
    assert [short(one, tmp_path) for one in find_problems(folder)] == [expected]


@pytest.mark.parametrize(
    ("head", "expected", "word"),
    [
        (f'title: "x"\nwy: "y"\n{NOW}', ":2:1", "did you mean `why`"),
        (NOW, ":1:1", "`title` is missing"),
        ('title: "x"\n', ":1:1", "`now` is missing"),
        (f"title: 7\n{NOW}", ":1:8", "not text"),
        (f'title: "a\\nb"\n{NOW}', ":1:8", "one line"),
        (f'title: "{"x" * 1001}"\n{NOW}', ":1:8", "1,000"),
        ('title: "x"\nnow: 2026-05-02T13:00:00Z\n', ":2:6", "ambiguous"),
        ('title: "x"\nnow: "2026-05-02T13:00:00"\n', ":2:6", "zone"),
        ('title: "x"\nnow: "1999-05-02T13:00:00Z"\n', ":2:6", "2000"),
        (f'title: "x"\n{NOW}{NOW}', ":3:1", "now"),
        (f'title: "x"\n{NOW}policy: "/rules"\n', ":3:9", "relative"),
        (f'title: "x"\n{NOW}policy: "C:/rules"\n', ":3:9", "relative"),
        (f'title: "x"\n{NOW}policy: "..\\\\rules"\n', ":3:9", "relative"),
        (f'title: "x"\n{NOW}policy: "~/rules"\n', ":3:9", "relative"),
        (f'title: "x"\n{NOW}policy: ""\n', ":3:9", "relative"),
        ("- title\n", ":1:1", "keys"),
        ("", "", "empty"),
    ],
)
def test_broken_head(tmp_path: Path, head: str, expected: str, word: str) -> None:
    (found,) = find_problems(write_folder(tmp_path, head=head))
    assert short(found, tmp_path) == f"snapshot.yaml{expected} S120"
    assert word in found.message


def test_whole_head(tmp_path: Path) -> None:
    head = 'title: "T"\nwhy: "one\\ntwo"\nnow: "2026-05-02T14:00:00.5+01:00"\npolicy: "../../rules"\n'
    snapshot = read_snapshot(write_folder(tmp_path, head=head))
    assert (snapshot.title, snapshot.why, snapshot.policy) == ("T", "one\ntwo", "../../rules")
    assert snapshot.now == datetime(2026, 5, 2, 13, 0, 0, 500_000, tzinfo=UTC)


def test_what_describes_a_scenario_may_be_left_out(tmp_path: Path) -> None:
    snapshot = read_snapshot(write_folder(tmp_path, head=HEAD))
    assert (snapshot.why, snapshot.policy) == ("", None)
