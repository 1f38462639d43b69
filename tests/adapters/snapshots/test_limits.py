"""Files that were made to cost time or memory: each is refused, or told in 200 problems, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.snapshots import read_snapshot
from tests.adapters.snapshots.folders import TABLES, find_problems, short, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = TABLES["runners"].split("\n", maxsplit=1)[0]
LARGEST_MB = 300
LONGEST_SECONDS = 2
"""Of the processor, where it splits the test's lines in ``SPLITTING_SECONDS``; a slower one gets longer."""
SPLITTING_SECONDS = 0.06

# Time and memory of the reader alone, in a process of its own.
PROGRAM = """
import json, pathlib, re, sys, time
from policytrader.adapters.snapshots import read_snapshot
from policytrader.errors import SnapshotError
import pyarrow.parquet
def split():
    start = time.process_time()
    sum(len(line.split(",")) for line in (f"1.101,{number},ACTIVE,8" for number in range(300_000)))
    return time.process_time() - start
before = split()
start, codes = time.process_time(), []
try:
    read_snapshot(sys.argv[1])
except SnapshotError as error:
    codes = [one.code for one in error.diagnostics]
    length = len(error.render())
seconds = time.process_time() - start
splitting = max(before, split())
# Not getrusage: its maximum is that of the parent where that was larger.
status = pathlib.Path('/proc/self/status')
peak = int(re.search('VmHWM:[^0-9]*([0-9]+)', status.read_text())[1]) / 1024 if status.exists() else 0
print(json.dumps([codes, length, seconds, splitting, peak]))
"""


def _rows(cells: str, count: int) -> str:
    return "".join(f"1.101,{number},{cells.replace('#', str(number))}\n" for number in range(count))


SHORT_HEADER = "market_id,selection_id,status,best_back\n"

# file, its text -> code of the first problem, how many there are
COSTLY: dict[str, tuple[str, Callable[[], str], str, int]] = {
    "blank lines": ("runners.csv", lambda: HEADER + "\n" * 60_000_000, "S102", 1),
    "fewer blank lines": ("runners.csv", lambda: HEADER + "\n" * 8_000_000, "S102", 1),
    "wide header": ("runners.csv", lambda: "," * 7_000_000, "S102", 1),
    "wide header of many lines": ("runners.csv", lambda: '"\n"' + "," * 7_000_000, "S102", 1),
    "wide row": ("runners.csv", lambda: HEADER + "\n" + "," * 7_000_000, "S103", 1),
    "wide row of words": ("runners.csv", lambda: HEADER + "\n" + "abc," * 2_000_000, "S103", 1),
    "wide quoted row": ("runners.csv", lambda: HEADER + "\n" + '"",' * 2_500_000 + 'a"b', "S103", 2),
    "bad quotes": ("runners.csv", lambda: HEADER + "\n" + 'a"b,c\n' * 190_000, "S103", 200),
    "narrow rows": ("runners.csv", lambda: HEADER + "\n" + "1,2\n" * 199_000, "S103", 200),
    "unclosed quote": ("runners.csv", lambda: HEADER + '\n"' + "a" * 7_000_000, "S103", 1),
    "unclosed quote of lines": ("runners.csv", lambda: HEADER + '\n"' + ("a" * 40 + "\n") * 170_000, "S103", 1),
    "many rows": ("runners.csv", lambda: HEADER + "\n" + "1,2\n" * 400_000, "S102", 1),
    "a million bad rows": ("runners.csv", lambda: SHORT_HEADER + "1,2,x,x\n" * 1_000_000, "S102", 1),
    "bad rows": ("runners.csv", lambda: SHORT_HEADER + _rows("ACTIV#,8.#1", 199_000), "S107", 200),
    "unlisted markets": (
        "runners.csv",
        lambda: SHORT_HEADER + _rows("ACTIVE,8", 199_000).replace("1.", "2."),
        "S110",
        200,
    ),
    "bad cells of every column": (
        "runners.csv",
        lambda: HEADER + "\n" + "".join(f"\t,{i},\t,a,b,c,d,e,f,g,{i}\n" for i in range(199_000)),
        "S113",
        200,
    ),
    "empty objects": ("runners.json", lambda: "[" + "{}," * 2_000_000 + "{}]", "S102", 1),
    "objects without commas": ("runners.json", lambda: "{}" * 3_000_000, "S102", 1),
    "fewer empty objects": ("runners.json", lambda: "[" + "{}," * 199_000 + "{}]", "S105", 200),
    "numbers": ("runners.json", lambda: "[" + "1," * 3_500_000 + "1]", "S102", 1),
    "fewer numbers": ("runners.json", lambda: "[" + "1," * 990_000 + "1]", "S103", 200),
    "depth": ("runners.json", lambda: "[" * 7_000_000, "S103", 1),
    "blank JSON": ("runners.json", lambda: "\n" * 8_000_000, "S103", 1),
    "unknown keys": ("runners.json", lambda: json.dumps([{f"k{i}": 1 for i in range(400_000)}]), "S104", 1),
    "unknown keys in rows": (
        "runners.json",
        lambda: json.dumps([{f"statu{i}": 1} for i in range(199_000)]),
        "S104",
        200,
    ),
    "one key again and again": ("runners.json", lambda: "[{" + '"status":1,' * 600_000 + '"status":1}]', "S105", 200),
}


def _measure(folder: Path) -> list[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    codes, length, seconds, splitting, megabytes = json.loads(ran.stdout)
    slowness = max(1.0, splitting / SPLITTING_SECONDS)
    assert seconds < LONGEST_SECONDS * slowness, f"{seconds:.2f} s where splitting took {splitting:.2f} s"
    assert megabytes < LARGEST_MB, f"{megabytes:.0f} MB"
    assert length < 200 * 1500
    return list(codes)


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_file_is_refused_soon_and_in_little_memory(tmp_path: Path, name: str) -> None:
    file, make, code, count = COSTLY[name]
    folder = write_folder(tmp_path)
    (folder / "runners.csv").unlink()
    (folder / file).write_text(make(), encoding="utf-8", newline="")
    found = _measure(folder)
    assert (found[0], len(found)) == (code, count)


@pytest.mark.parametrize("rows", [2_000_000, 200_000])
def test_a_costly_parquet_file_is_refused_soon(tmp_path: Path, rows: int) -> None:
    folder = write_folder(tmp_path)
    (folder / "runners.csv").unlink()
    name = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["x" * 1_000_000])
    columns = {"market_id": pa.array(["1.101"] * rows), "selection_id": pa.array(range(rows)), "runner_name": name}
    pq.write_table(pa.table(columns), folder / "runners.parquet", store_schema=False)
    found = _measure(folder)
    assert (found[0], len(found)) == (("S102", 1) if rows > 200_000 else ("S113", 200))


@pytest.mark.parametrize(("columns", "is_taken"), [(100, True), (101, False)])
def test_a_header_has_at_most_100_columns(tmp_path: Path, columns: int, is_taken: bool) -> None:  # noqa: FBT001
    text = ",".join([HEADER, *(f"c{number}" for number in range(11, columns))])
    found = find_problems(write_folder(tmp_path, runners=text))
    assert (found[0].code == "S104") is is_taken
    assert is_taken or short(found[0], tmp_path) == "runners.csv:1:1 S102"


@pytest.mark.parametrize(("length", "code"), [(4000, "S104"), (4001, "S102")])
def test_a_header_line_has_at_most_4000_characters(tmp_path: Path, length: int, code: str) -> None:
    header = f"{HEADER},".ljust(length, "x")
    (found,) = find_problems(write_folder(tmp_path, runners=f"{header}\n"))
    assert found.code == code


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
def test_200_000_lines_are_read_and_one_more_is_not(tmp_path: Path, line_end: str) -> None:
    folder = write_folder(tmp_path, runners=HEADER + line_end * 200_000)
    assert read_snapshot(folder).runners == ()
    (found,) = find_problems(write_folder(tmp_path, runners=HEADER + line_end * 200_001))
    assert short(found, tmp_path) == "runners.csv S102"


def test_what_was_not_read_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    rows = "".join(f"1.101,{number},x{number}\n" for number in range(500))
    found = find_problems(write_folder(tmp_path, runners=f"market_id,selection_id,best_back\n{rows}"))
    assert [one.place.line for one in found] == list(range(2, 202))
    assert "may be others" in found[-1].help
    assert "may be others" not in found[-2].help
