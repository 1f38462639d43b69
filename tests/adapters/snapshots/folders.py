"""A small right folder, and how to break it one cell at a time."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import read_snapshot
from policytrader.errors import Diagnostic, SnapshotError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'title: "A small one"\nnow: "2026-05-02T13:00:00Z"\n'

TABLES = {
    "selections": """\
selection_ref,race_id,race_time,market_id,market_type,selection_id,runner_name,side,price_requested,stake_points,capture_id,valid,invalidated_reason,closed
a,r1,2026-05-02T13:45:00Z,1.101,WIN,11,Blue Moon,BACK,8.00,1,c1,,,
b,r1,2026-05-02T13:45:00Z,1.102,PLACE,12,"Hawk, Eagle & Co",LAY,3.1,0.5,c1,false,Late,true
""",
    "reference": """\
capture_id,race_id,captured_at,number_of_runners,selection_id,runner_name,status,reference_price
c1,r1,2026-05-02T10:00:00Z,8,11,Blue Moon,ACTIVE,7.77
c1,r1,2026-05-02T10:00:00Z,8,12,"Hawk, Eagle & Co",ACTIVE,
""",
    "markets": """\
market_id,race_id,market_type,status,in_play,version,number_of_winners,published_at,course
1.101,r1,WIN,OPEN,false,7,1,2026-05-02T12:59:58Z,Ascot
1.102,r1,PLACE,SUSPENDED,,,3,,
""",
    "runners": """\
market_id,selection_id,runner_name,status,best_back,best_back_size,best_lay,best_lay_size,last_traded,adjustment_factor,removed_at
1.101,11,Blue Moon,ACTIVE,8,100.5,8.2,90,8,12.5,
1.101,12,"Hawk, Eagle & Co",REMOVED,,,,,4.5,,2026-05-02T11:00:00Z
1.102,12,"Hawk, Eagle & Co",ACTIVE,3.1,5,3.05,5,,,
""",
    "orders": """\
order_ref,market_id,selection_id,side,price,size,size_matched,average_price_matched,size_remaining,status,placed_at
o1,1.101,11,BACK,8,25,20,8.1,5,EXECUTABLE,2026-05-02T12:58:00Z
,1.102,12,LAY,3.1,10,,,,EXECUTABLE,
""",
}


def write_folder(folder: Path, **changed: str) -> Path:
    """The small folder with some tables, or its ``head``, replaced."""
    folder.mkdir(exist_ok=True)
    (folder / "snapshot.yaml").write_text(changed.pop("head", HEAD), encoding="utf-8", newline="")
    for name, text in {**TABLES, **changed}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return folder


def with_cell(table: str, row: int, column: str, cell: str) -> str:
    """The table's text with one cell replaced; ``row`` is its line."""
    records = list(csv.reader(io.StringIO(TABLES[table], newline="")))
    records[row - 1][records[0].index(column)] = cell
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\n").writerows(records)
    return target.getvalue()


def find_problems(folder: Path) -> list[Diagnostic]:
    """What the reader says of a folder that it must refuse."""
    with pytest.raises(SnapshotError) as refused:
        read_snapshot(folder)
    return list(refused.value.diagnostics)


def underlined(found: Diagnostic) -> str:
    """The part of the line that the caret stands under."""
    start = found.place.column - 1
    return found.source[start : start + found.place.length]


def short(found: Diagnostic, folder: Path) -> str:
    """``runners.csv:2:27 S106``."""
    return f"{str(found.place).removeprefix(str(folder))[1:]} {found.code}"
