"""An imported race that is damaged, as a replay reads it: the file is named, whatever is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.races import race_folders, read_race
from policytrader.errors import RecordingError
from tests.adapters.recordings.streams import WIN, image, message, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    import_recording([write(tmp_path / "one", message(0, image({"id": 11, "ltp": 3})))], tmp_path / "recorded")
    return tmp_path / "recorded"


def read(recorded: Path) -> None:
    """Everything that a replay may ask of a race."""
    for race_id, folders in race_folders(recorded).items():
        for runner in read_race(race_id, folders).markets[WIN].runners.values():
            runner.read_tape()


@pytest.mark.parametrize("name", ["states", "runners", "definitions", "ladders"])
@pytest.mark.parametrize("damage", ["cut", "gone", "other columns", "missing values"])
def test_a_damaged_table_is_named(recorded: Path, name: str, damage: str) -> None:
    read(recorded)
    (path,) = recorded.glob(f"*/*/{name}-0.parquet")
    table = pq.read_table(path)
    asked = table.schema.names.index("recorded_until" if name == "states" else "published_at")
    match damage:
        case "cut":
            path.write_bytes(b"PAR1")
        case "gone":
            path.unlink()
        case "other columns":
            pq.write_table(table.drop([table.schema.names[asked]]), path)
        case _:
            field = table.schema.field(asked)
            pq.write_table(table.set_column(asked, field, pa.nulls(len(table), field.type)), path)
    with pytest.raises(RecordingError, match=rf"{name}-0\.parquet.*R105|before whole ladders were kept"):
        read(recorded)


def test_a_folder_without_markets(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"R105.*holds no imported recording"):
        race_folders(tmp_path)
