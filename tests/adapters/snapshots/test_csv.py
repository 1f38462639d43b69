"""The CSV form: header, quotes, line ends, and carets that stand under the cell at fault."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import read_snapshot
from policytrader.adapters.snapshots.csv_rows import CsvRows
from policytrader.adapters.snapshots.problems import CellError, Problems
from tests.adapters.snapshots.folders import TABLES, find_problems, short, underlined, with_cell, write_folder

if TYPE_CHECKING:
    from pathlib import Path

RUNNERS = TABLES["runners"]
HEADER = RUNNERS.split("\n", maxsplit=1)[0]


def test_small_folder_is_right(tmp_path: Path) -> None:
    snapshot = read_snapshot(write_folder(tmp_path))
    assert [len(rows) for rows in (snapshot.selections, snapshot.runners, snapshot.orders)] == [2, 3, 2]
    assert snapshot.title == "A small one"
    assert snapshot.selections[1].runner_name == "Hawk, Eagle & Co"
    assert snapshot.orders[1].order_ref is None


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ending", ["", "{0}", "{0}{0}{0}"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_byte_order_mark_and_blank_lines_at_the_end_change_nothing(
    tmp_path: Path, line_end: str, ending: str, mark: str
) -> None:
    plain = read_snapshot(write_folder(tmp_path))
    written = {
        name: mark + text.removesuffix("\n").replace("\n", line_end) + ending.format(line_end)
        for name, text in TABLES.items()
    }
    assert read_snapshot(write_folder(tmp_path, **written)) == plain


@pytest.mark.parametrize(
    ("text", "expected", "cell", "word"),
    [
        (RUNNERS.replace("last_traded", "last_trade"), "1:91 S104", "last_trade", "did you mean `last_traded`"),
        (RUNNERS.replace("last_traded", "Last Traded"), "1:91 S104", "Last Traded", "did you mean `last_traded`"),
        (RUNNERS.replace("last_traded", "status"), "1:91 S104", "status", "twice"),
        (RUNNERS.replace("last_traded", ""), "1:91 S104", ",", "without a name"),
        (RUNNERS.replace("last_traded", '"a ""b"""'), "1:91 S104", '"a ""b"""', 'a "b"'),
        (RUNNERS.replace("\n1.101,12,", "\n\n1.101,12,"), "3:1 S103", "", "empty line"),
        (RUNNERS.replace("1.101,12,", "1.101,"), "3:43 S103", "2026-05-02T11:00:00Z", "10 cells, the header 11"),
        (RUNNERS.replace(",4.5,,", ",4.5,,,"), "3:47 S103", "2026-05-02T11:00:00Z", "12 cells, the header 11"),
        (RUNNERS.replace("Blue Moon", 'Blue "Moon"'), "2:15 S103", '"', "inside of an unquoted"),
        (RUNNERS.replace('Co",REMOVED', 'Co" ,REMOVED'), "3:28 S103", " ", "behind a closing"),
        (
            RUNNERS.replace('Co",REMOVED', "Co,REMOVED"),
            "3:10 S103",
            '"Hawk, Eagle & Co,REMOVED,,,,,4.5,,2026-05-02T11:00:00Z',
            "closed on line 4",
        ),
        (
            RUNNERS.replace("Blue Moon", '"Blue Moon'),
            "2:10 S103",
            '"Blue Moon,ACTIVE,8,100.5,8.2,90,8,12.5,',
            "closed on line 3",
        ),
        (RUNNERS.replace("3.05,5,,,", '3.05,5,,,"'), "4:51 S103", '"', "never closed"),
        ("", "1:1 S103", "", "header"),
        ("\n" + RUNNERS, "1:1 S103", "", "header"),
    ],
)
def test_broken_csv_is_told_at_its_place(tmp_path: Path, text: str, expected: str, cell: str, word: str) -> None:
    found = find_problems(write_folder(tmp_path, runners=text))
    assert short(found[0], tmp_path) == f"runners.csv:{expected}"
    assert underlined(found[0]) == cell
    assert word in found[0].message


def test_a_required_column_must_be_there_even_without_rows(tmp_path: Path) -> None:
    (found,) = find_problems(write_folder(tmp_path, orders="order_ref,market_id,selection_id,side,price,size\n"))
    assert short(found, tmp_path) == "orders.csv:1:1 S105"
    assert "`status`" in found.message


def test_a_missing_column_is_told_once_and_other_cells_are_read_all_the_same(tmp_path: Path) -> None:
    text = "market_id,runner_name,best_back\n1.101,A,8.1\n1.101,B,8\n1.101,C,x\n"
    found = find_problems(write_folder(tmp_path, runners=text))
    assert [short(one, tmp_path) for one in found] == [
        "runners.csv:1:1 S105",
        "runners.csv:2:9 S111",
        "runners.csv:4:9 S106",
    ]


def test_optional_columns_may_be_absent_and_columns_in_any_order(tmp_path: Path) -> None:
    changed = {
        "runners": "selection_id,market_id\n11,1.101\n",
        "markets": "market_type,race_id,market_id\nWIN,r1,1.101\n",
    }
    snapshot = read_snapshot(write_folder(tmp_path, **changed))
    assert snapshot.runners == ((("1.101", 11) + (None,) * 9),)
    assert snapshot.markets == (("1.101", "r1", "WIN", None, False, None, None, None, None),)


def test_carets_after_quoted_cells_and_line_breaks(tmp_path: Path) -> None:
    rows = (
        '1.101,11,"Blue\nMoon, ""II""",ACTIVE,8.1,100\ud7ff,8.2,9,8,,\n1.101,12,"Äpfel, ""x""",active,8,1,8.2,1,8,,\n'
    )
    text = f"{HEADER}\n{rows}"
    found = find_problems(write_folder(tmp_path, runners=text))
    assert [(short(one, tmp_path), underlined(one)) for one in found] == [
        ("runners.csv:2:10 S113", '"Blue'),
        ("runners.csv:3:22 S111", "8.1"),
        ("runners.csv:3:26 S106", "100\ud7ff"),
        ("runners.csv:4:25 S107", "active"),
    ]
    assert found[0].place.length == len('"Blue')


def test_a_row_after_a_line_break_is_named_by_its_line(tmp_path: Path) -> None:
    text = f'{HEADER}\n1.101,13,"Blue\nMoon",ACTIVE,,,,,,,\n1.101,11,,,,,,,,,\n1.101,11,,,,,,,,,\n'
    found = find_problems(write_folder(tmp_path, runners=text))
    assert [short(one, tmp_path) for one in found] == ["runners.csv:2:10 S113", "runners.csv:5:7 S109"]
    assert "line 4" in found[1].message


def test_an_empty_quoted_cell_is_missing(tmp_path: Path) -> None:
    snapshot = read_snapshot(write_folder(tmp_path, runners=RUNNERS.replace("Blue Moon", '""')))
    assert snapshot.runners[0].runner_name is None


def test_all_problems_of_all_files_come_at_once_sorted(tmp_path: Path) -> None:
    changed = {
        "head": 'now: "noon"\nwhere: "here"\n',
        "runners": with_cell("runners", 4, "best_back", "x"),
        "markets": with_cell("markets", 3, "market_type", "x").replace("Ascot", "\x00"),
        "orders": with_cell("orders", 2, "price", "x"),
    }
    folder = write_folder(tmp_path, **changed)
    (folder / "reference.csv").unlink()
    assert [short(one, tmp_path) for one in find_problems(folder)] == [
        "markets.csv:2:50 S113",
        "markets.csv:3:10 S107",
        "orders.csv:2:18 S106",
        "reference.csv S101",
        "runners.csv:4:36 S106",
        "snapshot.yaml:1:1 S120",
        "snapshot.yaml:1:6 S120",
        "snapshot.yaml:2:1 S120",
    ]


def test_the_first_two_hundred_are_told_and_the_others_counted(tmp_path: Path) -> None:
    rows = "".join(f"1.101,{number},x,x\n" for number in range(1000))
    found = find_problems(write_folder(tmp_path, runners=f"market_id,selection_id,best_back,best_lay\n{rows}"))
    assert len(found) == 200
    assert [one.place.line for one in found] == [line for line in range(2, 102) for _ in "bl"]
    assert "1,800 more" in found[-1].help
    assert "more" not in found[-2].help


def test_a_file_of_broken_cells_does_not_fill_the_memory() -> None:
    problems = Problems()
    source = CsvRows("runners.csv", "")
    for row in range(10_000):
        problems.add_cell(source, row, 0, CellError("S106", "", ""))
    assert problems.count == 10_000
    assert len(problems._found) == 200


def test_what_is_shown_cannot_control_a_terminal(tmp_path: Path) -> None:
    (found,) = find_problems(write_folder(tmp_path, runners=RUNNERS.replace("Blue Moon", "Blue\x1b[2J\u202eMoon")))
    assert "\x1b" not in found.render()
    assert "\u202e" not in found.render()


def test_reading_csv_does_not_import_pyarrow(tmp_path: Path) -> None:
    program = (
        "import sys; from policytrader.adapters.snapshots import read_snapshot; "
        "read_snapshot(sys.argv[1]); sys.exit('pyarrow' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(write_folder(tmp_path))]
    subprocess.run(command, check=True, env={"PYTHONPATH": ":".join(sys.path)})
