"""Whatever is done to the files, a reader gets a snapshot or a ``SnapshotError``, and never anything else."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.snapshots import read_snapshot, write_snapshot
from policytrader.errors import SnapshotError
from policytrader.model.snapshot import Snapshot
from tests.adapters.snapshots.folders import TABLES, write_folder

if TYPE_CHECKING:
    from pathlib import Path

SPLINTERS = (
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"-",
    b"e5",
    b"NaN",
    b"\xff",
    b"\x00",
    b"[",
    b"{",
    b"0" * 50,
    "é".encode(),
)


def read_or_refuse(folder: Path) -> Snapshot | SnapshotError:
    try:
        return read_snapshot(folder)
    except SnapshotError as error:
        refused = error
    assert refused.diagnostics
    assert refused.render()
    return refused


@pytest.mark.parametrize("table", TABLES)
def test_every_prefix_of_a_table(tmp_path: Path, table: str) -> None:
    path = write_folder(tmp_path) / f"{table}.csv"
    data = path.read_bytes()
    read = 0
    for length in range(len(data)):
        path.write_bytes(data[:length])
        found = read_or_refuse(tmp_path)
        if isinstance(found, Snapshot):
            read += 1
            # Cut off, a table is only taken where the cut is behind a name of the header or in a row's last cell.
            rows = data[:length].decode().splitlines()
            is_header = len(rows) == 1
            assert getattr(found, table) == () if is_header else rows[-1].count(",") >= rows[0].count(",")
    assert 0 < read < len(data) / 2


def damage(data: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randrange(len(damaged) + 1)
        match chance.randrange(4):
            case 0:
                damaged[start : start + 1] = chance.randbytes(1)
            case 1:
                del damaged[start : start + chance.randrange(20)]
            case 2:
                damaged[start:start] = chance.choice(SPLINTERS)
            case _:
                other = chance.randrange(len(damaged) + 1)
                damaged[start:start] = damaged[other : other + 30]
    return bytes(damaged)


@pytest.mark.parametrize(("form", "times"), [("csv", 2000), ("json", 500), ("parquet", 500)])
def test_damaged_files(tmp_path: Path, form: str, times: int) -> None:
    snapshot = read_snapshot(write_folder(tmp_path / "small"))
    folder = tmp_path / "damaged"
    write_snapshot(snapshot, folder, form)  # type: ignore[arg-type]
    chance = random.Random(f"damaged {form}")  # noqa: S311 - the same damages in every run
    refused = 0
    paths = sorted(folder.iterdir())
    for _ in range(times):
        path = chance.choice(paths)
        data = path.read_bytes()
        path.write_bytes(damage(data, chance))
        refused += isinstance(read_or_refuse(folder), SnapshotError)
        path.write_bytes(data)
    assert times * 0.7 < refused < times
