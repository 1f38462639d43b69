"""An imported race that is damaged, as a replay reads it: the file is named, whatever is wrong with it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.recordings import races
from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.race_folders import race_folders
from policytrader.adapters.recordings.races import read_race
from policytrader.errors import RecordingError
from policytrader.model.times import EPOCH, microseconds_between
from policytrader.ports.races import MISSING
from policytrader.wiring.snapshots import list_recordings
from tests.adapters.recordings.streams import PLACE, WIN, change, definition, image, message, moment, runner, write

if TYPE_CHECKING:
    from pathlib import Path


TYPES = {WIN: "WIN", PLACE: "PLACE", "1.201": "WIN", "1.202": "PLACE"}


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    import_recording([write(tmp_path / "one", message(0, image({"id": 11, "ltp": 3})))], tmp_path / "recorded")
    return tmp_path / "recorded"


def read(recorded: Path) -> None:
    """Everything that a replay may ask of a race."""
    for race_id, folders in race_folders(recorded).items():
        for one in read_race(race_id, folders).markets[WIN].runners.values():
            one.read_tape()


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


@pytest.mark.parametrize("is_old", [False, True])
def test_a_last_traded_price_that_is_none_to_the_daemon(tmp_path: Path, *, is_old: bool) -> None:
    """The runners' table rounds it; the tape has it as it was told. Imports of before say nothing of it in a head."""
    told = [3, 3.14159, 3.2, 1000.5, 3.145]
    changes = [message(at, change({"id": 11, "ltp": price}, {"id": 12, "ltp": 5})) for at, price in enumerate(told, 1)]
    import_recording([write(tmp_path / "one", message(0, image()), *changes)], tmp_path / "recorded")
    (path,) = tmp_path.glob("recorded/*/*/ladders-0.parquet")
    if is_old:
        pq.write_table(pq.read_table(path), path, write_statistics=["published_at"])
        path.with_name("source.json").unlink()
    ((race_id, folders),) = race_folders(tmp_path / "recorded").items()
    runners = read_race(race_id, folders).markets[WIN].runners
    best = runners[11].best
    seen = [int(best.last_traded[best.row_at(microseconds_between(EPOCH, moment(at)))]) for at in range(1, 6)]
    assert seen == [300, MISSING, 320, MISSING, MISSING]
    assert set(runners[12].best.last_traded.tolist()) <= {MISSING, 500}
    tape = runners[11].read_tape()
    prices = [quote.last_traded for _, quote in tape.quotes(WIN, 11, 0, len(tape.at)) if quote.last_traded]
    assert prices == [Decimal(str(price)) for price in told]
    assert runners[12].read_tape().exact == {}


def test_ladders_are_not_read_where_no_price_has_more_decimals(recorded: Path) -> None:
    """A race is read for its best prices, and a tape when the first order comes."""
    (path,) = recorded.glob("*/*/ladders-0.parquet")
    assert not races._may_be_exact(path)


def test_a_runner_that_was_offered_off_the_ladder_is_named(tmp_path: Path) -> None:
    offers = ({"id": 11, "atb": [[4.9, 10]], "atl": [[1000, 5]]}, {"id": 12, "atb": [[1.01, 2]], "atl": [[5.01, 3]]})
    import_recording([write(tmp_path / "one", message(0, image(*offers)))], tmp_path / "recorded")
    ((race_id, folders),) = race_folders(tmp_path / "recorded").items()
    assert read_race(race_id, folders).markets[WIN].off_ladder == [12]


def test_a_market_that_appears_after_its_race_was_moved_is_of_that_race(tmp_path: Path) -> None:
    """By event and off at that time, as the catalogue has it; another race of the meeting stays another one."""

    def defined(at: float, market: str, off: str) -> dict[str, Any]:
        told = definition(runner(11), marketTime=f"2026-05-02T{off}:00.000Z", marketType=TYPES[market])
        return message(at, change(market=market, img=True, marketDefinition=told))

    stream = write(
        tmp_path / "one",
        defined(0, WIN, "14:10"),
        defined(0, "1.201", "14:45"),
        defined(10, WIN, "14:20"),
        defined(20, PLACE, "14:20"),
        defined(30, "1.201", "14:50"),
        defined(40, "1.202", "14:45"),
    )
    import_recording([stream], tmp_path / "recorded")
    found = race_folders(tmp_path / "recorded")
    assert {race_id: [folder.name for folder in folders] for race_id, folders in found.items()} == {
        "77@2026-05-02T14:10:00Z": [f"market={WIN}", f"market={PLACE}"],
        "77@2026-05-02T14:45:00Z": ["market=1.201", "market=1.202"],
    }
    (race_id, folders), _ = found.items()
    assert set(read_race(race_id, folders).markets) == {WIN, PLACE}
    listing = list_recordings([tmp_path / "recorded"], None, with_runners=False)
    assert {one.definition.market_id: one.race_id for one in listing.markets} == {
        folder.name.removeprefix("market="): name for name, folders in found.items() for folder in folders
    }
