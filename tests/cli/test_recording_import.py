"""``policytrader recording import``: what is said of whole and of damaged files, and a plan at a recorded time."""

from __future__ import annotations

import bz2
import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.adapters.recordings.streams import WIN, change, image, lines, message

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

FIRST = message(0, image())
SECOND = message(1, change({"id": 11, "batb": [[0, 3.0, 50.0]]}))
THIRD = message(60, change({"id": 11, "batb": [[0, 3.1, 40.0]], "batl": [[0, 3.2, 30.0]]}))


def test_a_whole_file(run: Run, here: Path) -> None:
    (here / "one.json").write_bytes(lines([FIRST, SECOND, THIRD]))
    ran = run("recording", "import", "one.json", "--out", "recorded")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == ("one.json: 1.101: 3 updates, 5 rows, ok\n1 market, 3 updates, 5 rows, 0 damaged files\n")
    assert [path.name for path in sorted((here / "recorded").rglob("*.parquet"))] == [
        "definitions-0.parquet",
        "ladders-0.parquet",
        "runners-0.parquet",
        "states-0.parquet",
    ]


def test_a_damaged_file_is_told_with_its_line_and_what_was_kept(run: Run, here: Path) -> None:
    (here / "good.json").write_bytes(lines([message(0, image(market="1.777"))]))
    (here / "damaged.json").write_bytes(lines([FIRST, SECOND]) + b'{"op": "mcm", "pt": 17\xff\n' + lines([THIRD]))
    ran = run("recording", "import", "damaged.json", "good.json", "--out", "recorded")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "damaged.json: 1.101: 2 updates, 4 rows, damaged: kept what was read"
    assert ran.out.splitlines()[1].startswith("good.json: 1.777: 1 update,")
    assert ran.out.splitlines()[2].endswith("1 damaged file")
    assert ran.err.startswith("damaged.json:3:")
    assert "Kept: 2 updates up to line 2 of 1.101." in ran.err
    assert len(ran.err.splitlines()) <= 10
    assert {path.name for path in (here / "recorded").glob("day=*/market=*")} == {f"market={WIN}", "market=1.777"}


def test_a_file_cut_off_in_its_compression(run: Run, here: Path) -> None:
    whole = gzip.compress(
        lines([FIRST, *[message(second, change({"id": 11, "ltp": 3.0})) for second in range(1, 200)]])
    )
    (here / "cut.gz").write_bytes(whole[:-20])
    ran = run("recording", "import", "cut.gz", "--out", "recorded")
    assert ran.code == 1
    assert ran.err.startswith("cut.gz")
    assert "Traceback" not in ran.err


def test_a_cut_file_of_which_nothing_was_kept_says_so_twice(run: Run, here: Path) -> None:
    (here / "cut.bz2").write_bytes(bz2.compress(lines([FIRST, SECOND]))[:-20])
    ran = run("recording", "import", "cut.bz2", "--out", "recorded")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "cut.bz2: no market: 0 updates, 0 rows, damaged: nothing of it was kept"
    assert "Nothing of it was kept." in ran.err


CATALOGUE = {"op": "marketCatalogue", "marketId": WIN, "marketName": "2m Hcap", "runners": [{"selectionId": 11}]}


def test_json_beside_the_streams_is_passed_over(run: Run, here: Path) -> None:
    others = {
        "one.catalogue.json": json.dumps(CATALOGUE),
        "shown.json": json.dumps({"marketId": WIN}, indent=2),
        "list.json": json.dumps([CATALOGUE, {"marketId": "1.7", "op": ["x"]}]),
        "lines.json": f"{json.dumps(CATALOGUE)}\n{json.dumps({'marketId': '1.7'})}\n",
    }
    (here / "raw").mkdir()
    for name, text in others.items():
        (here / "raw" / name).write_text(text, "utf-8")
    (here / "raw" / "zz.json").write_bytes(lines([FIRST, SECOND]))
    for _ in range(2):  # they are told the second time as the first
        ran = run("recording", "import", "raw", "--out", "recorded")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[:4] == [f"raw/{name}: not a stream, passed over" for name in sorted(others)]
        assert ran.out.endswith(", 4 files passed over, 0 damaged files\n")
    document = json.loads(run("recording", "import", "raw", "--out", "recorded", "--json").out)
    assert [(one["is_stream"], one["error"]) for one in document["files"]] == [(False, None)] * 4 + [(True, None)]
    ran = run("recording", "import", "raw/list.json", "--out", "recorded")
    assert (ran.code, ran.err) == (1, "no market: none of these files is a recorded stream\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"no stream\n",
        b"12\n",
        lines([{"op": "mcm", "pt": 1, "ct": "HEARTBEAT"}]),
        lines([{"op": "connection"}]),
        lines([{"pt": 1, "mc": []}]),
        lines([CATALOGUE, {"op": "status"}]),
        json.dumps(CATALOGUE).encode()[:-9],
        gzip.compress(json.dumps(CATALOGUE).encode())[:-9],
    ],
)
def test_a_broken_stream_is_never_passed_over(data: bytes, run: Run, here: Path) -> None:
    (here / "x").write_bytes(data)
    (here / "zz.json").write_bytes(lines([FIRST]))
    ran = run("recording", "import", "x", "zz.json", "--out", "recorded")
    assert ran.code == 1
    assert ran.err.startswith("x")
    assert "damaged: nothing of it was kept" in ran.out
    assert "passed over" not in ran.out


def test_a_folder_without_a_file(run: Run, here: Path) -> None:
    (here / "empty" / "deeper").mkdir(parents=True)
    (here / "empty" / "deeper" / "one.json").write_bytes(lines([FIRST]))
    ran = run("recording", "import", "empty", "--out", "recorded")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: no file in empty; files in folders within it are not looked for\n"
    assert not (here / "recorded").exists()


def test_a_file_that_is_no_stream(run: Run, here: Path) -> None:
    (here / "notes.txt").write_text("no stream\n", "utf-8")
    ran = run("recording", "import", "notes.txt", "--out", "recorded")
    assert ran.code == 1
    assert "notes.txt:1:1" in ran.err
    assert "Nothing of it was kept." in ran.err


def test_json(run: Run, here: Path) -> None:
    (here / "one.json").write_bytes(lines([FIRST, SECOND]))
    (here / "two.json").write_bytes(b"no stream\n")
    ran = run("recording", "import", "one.json", "two.json", "--out", "recorded", "--json")
    assert (ran.code, ran.err, len(ran.out.splitlines())) == (1, "", 1)
    document = json.loads(ran.out)
    assert list(document) == ["schema", "markets", "updates", "rows", "files"]
    assert (document["schema"], document["markets"], document["updates"]) == ("policytrader/import/1", [WIN], 2)
    one, two = document["files"]
    assert list(one) == ["file", "markets", "lines", "updates", "rows", "was_imported", "is_stream", "error"]
    assert (one["file"], one["error"]) == ("one.json", None)
    assert "two.json:1:1" in two["error"]


def test_a_folder_means_its_files(run: Run, here: Path) -> None:
    (here / "raw").mkdir()
    (here / "raw" / "b.json").write_bytes(lines([message(0, image(market="1.777"))]))
    (here / "raw" / "a.json").write_bytes(lines([FIRST]))
    ran = run("-C", "raw", "recording", "import", ".", "--out", "../recorded")
    assert ran.code == 0
    assert [line.split(":")[0] for line in ran.out.splitlines()[:2]] == ["raw/a.json", "raw/b.json"]
    assert (here / "recorded").is_dir()


def test_the_command_says_what_it_passes_over(run: Run, here: Path) -> None:
    (here / "one.json").write_bytes(lines([FIRST, SECOND, THIRD]))
    run("recording", "import", "one.json", "--out", "recorded")
    ran = run("recording", "import", "one.json", "--out", "recorded", "--jobs", "2")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "one.json: 1.101: imported before from the same bytes; --again reads it again",
        "1 market, 0 updates, 0 rows, 1 file imported before, 0 damaged files",
    ]
    assert "3 updates" in run("recording", "import", "one.json", "--out", "recorded", "--again").out


PICKS = "selection_ref,market_id,market_type,selection_id,side,price_requested\nmine,1.101,WIN,11,BACK,3.05\n"
AT = ("--at", "2026-05-02T12:01:00Z", "--captured-at", "2026-05-02T12:00:30Z")


@pytest.fixture
def recording(run: Run, here: Path) -> Path:
    (here / "one.json").write_bytes(lines([FIRST, SECOND, THIRD]))
    run("recording", "import", "one.json", "--out", "recorded")
    (here / "picks.csv").write_text(PICKS, "utf-8")
    return here


def test_a_plan_at_a_recorded_time(run: Run, recording: Path) -> None:
    assert recording.is_dir()
    options = ("--recording", "recorded", "--selections", "picks.csv", "--no-protections", "--json")
    (decision,) = json.loads(run("evaluate", *options, *AT).out)["decisions"]
    assert (decision["selection_ref"], decision["action"]) == ("mine", "PLACE")
    assert decision["price"]["available"] == "3.10"
    early = ("--at", "2026-05-02T12:00:59Z", *AT[2:])
    (decision,) = json.loads(run("evaluate", *options, *early).out)["decisions"]
    assert (decision["action"], decision["code"], decision["price"]["available"]) == ("WAIT", "price", "3.00")
    told = run("explain", "mine", *options[:-1], *AT)
    assert told.code == 0
    assert "runner.best_back                   3.10 >= selection.price_requested (3.05)  true" in told.out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--recording", "recorded"), "--recording also needs --at, --captured-at, --selections"),
        (("--recording", "recorded", *AT), "--recording also needs --selections"),
        (("--selections", "picks.csv"), "--selections goes with --recording DIR"),
        (AT, "--at goes with --recording DIR"),
        (("recorded", "--recording", "recorded", *AT), "name snapshot folders or --recording DIR, not both"),
        (("--recording", "nowhere", "--selections", "picks.csv", *AT), "--recording nowhere: no such folder"),
        (
            ("--recording", "recorded", "--selections", "picks.csv", "--at", "noon", *AT[2:]),
            "--at noon: not an ISO 8601 time with a zone",
        ),
        (
            ("--recording", "recorded", "--selections", "picks.csv", *AT[:2], "--captured-at", "2026-05-02"),
            "--captured-at 2026-05-02: not an ISO 8601 time with a zone",
        ),
        (
            ("--recording", "recorded", "--selections", "picks.csv", *AT[:2], "--captured-at", "2026-05-02T12:01:01Z"),
            "is later than the snapshot",
        ),
    ],
)
def test_options_that_do_not_go_together(options: tuple[str, ...], told: str, run: Run, recording: Path) -> None:
    assert recording.is_dir()
    for ran in (run("evaluate", *options), run("explain", "mine", *options)):
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: ")
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1
