"""What is lost of an imported market is noticed by every reader, and made again by an import of the same file."""

from __future__ import annotations

import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow.parquet as pq
import pytest

from policytrader.adapters.recordings import blocks, files, one_file
from policytrader.adapters.recordings.as_of import snapshot_at
from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.picks import Pick
from policytrader.adapters.recordings.playback import read_events
from policytrader.adapters.recordings.race_folders import race_folders
from policytrader.adapters.recordings.races import read_race
from policytrader.errors import RecordingError
from policytrader.model.snapshot import MarketType, Side
from tests.adapters.recordings.streams import WIN, change, image, message, moment, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PICK = Pick("a", WIN, MarketType.WIN, 11, Side.BACK, Decimal(8))
FILES = {f"{name}-0.parquet" for name in ("states", "definitions", "runners", "ladders")} | {
    f"{name}-{number}.parquet" for name in ("runners", "ladders") for number in (1, 2)
}


def replayed(recorded: Path) -> object:
    """Everything that a replay may ask of the race."""
    ((race_id, folders),) = race_folders(recorded).items()
    runners = read_race(race_id, folders).markets[WIN].runners.values()
    return [(one.best.at.tolist(), one.read_tape().at.tolist()) for one in runners]


def played(recorded: Path) -> object:
    return list(read_events([recorded]))


def at_a_moment(recorded: Path) -> object:
    return snapshot_at(recorded, moment(60), moment(1), [PICK])


READERS = [
    (replayed, ("states", "definitions", "runners", "ladders")),
    (played, ("states", "definitions", "ladders")),
    (at_a_moment, ("states", "runners")),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stream and its recording, in which the runners and the ladders have three parts each."""
    here = tmp_path_factory.mktemp("made")
    changes = [message(at, change({"id": 11, "atb": [[2, at]], "ltp": 2})) for at in range(1, 41)]
    stream = write(here / "one", message(0, image()), *changes)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, small in (
            (one_file, "ROWS_IN_MEMORY", 15),
            (one_file, "LADDER_ROWS_IN_MEMORY", 30),
            (blocks, "_BLOCK_BYTES", 1),
            (files, "_READ_BYTES", 500),
        ):
            patch.setattr(module, name, small)
        import_recording([stream], here / "recorded")
    return here


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The folder of its market."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    (found,) = tmp_path.glob("recorded/day=*/market=*")
    return found


def as_before(folder: Path) -> None:
    """``source.json`` as imports of before wrote it."""
    path = folder / "source.json"
    source = orjson.loads(path.read_bytes())
    del source["tables"]
    path.write_bytes(orjson.dumps(source | {"format": 1}))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def emptied(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def refusal(read: Callable[[Path], object], folder: Path) -> tuple[str, str]:
    """The file that a reader names, and what it says of it."""
    with pytest.raises(RecordingError) as raised:
        read(folder.parents[1])
    (told,) = raised.value.diagnostics
    assert told.code == "R105"
    assert "policytrader recording import FILE --out DIR --again" in told.help
    return told.place.file, told.message


def test_the_import_notes_its_files(folder: Path) -> None:
    noted = orjson.loads((folder / "source.json").read_bytes())["tables"]
    assert noted.keys() == FILES
    assert noted == {name: (folder / name).stat().st_size for name in FILES}


@pytest.mark.parametrize(("read", "tables"), READERS)
def test_a_lost_or_changed_part_is_named(read: Callable[[Path], object], tables: tuple[str, ...], folder: Path) -> None:
    whole = read(folder.parents[1])
    for name in sorted(FILES):
        path = folder / name
        if not name.startswith(tables):
            path.rename(folder / "aside")
            assert read(folder.parents[1]) == whole
            (folder / "aside").rename(path)
            continue
        data = path.read_bytes()
        path.unlink()
        assert refusal(read, folder) == (str(path), "is missing")
        path.write_bytes(data)
        emptied(path)
        told = f"cannot be read: it has {path.stat().st_size:,} bytes, and the import wrote {len(data):,}"
        assert refusal(read, folder) == (str(path), told)
        path.write_bytes(data)
    (folder / "runners-3.parquet").write_bytes(b"of nobody")
    (folder / "runners-0 (copy).parquet").write_bytes(b"of nobody")
    assert read(folder.parents[1]) == whole


@pytest.mark.parametrize(("read", "tables"), READERS)
@pytest.mark.parametrize("has_source", [True, False])
def test_an_import_of_before_is_read_and_a_gap_is_named(
    read: Callable[[Path], object], tables: tuple[str, ...], folder: Path, *, has_source: bool
) -> None:
    whole = read(folder.parents[1])
    as_before(folder)
    if not has_source:
        (folder / "source.json").unlink()
    assert read(folder.parents[1]) == whole
    (folder / "runners-0 (copy).parquet").write_bytes(b"of nobody")
    assert read(folder.parents[1]) == whole
    for name in FILES & {f"{table}-{number}.parquet" for table in ("runners", "ladders") for number in (0, 1)}:
        if name.startswith(tables):
            (folder / name).rename(folder / "aside")
            assert refusal(read, folder) == (str(folder / name), "is missing")
            (folder / "aside").rename(folder / name)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "cannot be read"),
        (b'{"format":2,"size":5', "cannot be read"),
        (b"[]", "does not say"),
        (b'{"format":2}', "does not say"),
        (b'{"format":3,"tables":{}}', "does not say"),
        (b'{"format":2,"tables":{"runners-0.parquet":1}}', "does not say"),
    ],
)
@pytest.mark.parametrize("read", [read for read, _ in READERS])
def test_a_note_that_cannot_be_used_is_named(
    read: Callable[[Path], object], text: bytes, told: str, folder: Path
) -> None:
    (folder / "source.json").write_bytes(text)
    file, message = refusal(read, folder)
    assert file == str(folder / "source.json")
    assert message.startswith(told)


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("damage", ["gone", "cut", "of before"])
def test_a_plain_import_makes_again_what_is_lost(name: str, damage: str, folder: Path) -> None:
    recorded, stream = folder.parents[1], folder.parents[2] / "one"
    whole = [read(recorded) for read, _ in READERS]

    def imported() -> list[bool]:
        return [one.was_imported for one in import_recording([stream], recorded, again=False).files]

    assert imported() == [True]
    match damage:
        case "gone":
            (folder / name).unlink()
        case "cut":
            cut(folder / name)
        case _:
            as_before(folder)
    assert imported() == [False]
    assert imported() == [True]
    assert [read(recorded) for read, _ in READERS] == whole


@pytest.mark.parametrize(
    "change",
    [
        {"size": None},
        {"size": "1"},
        {"markets": None},
        {"markets": []},
        {"markets": {"id": WIN}},
        {"markets": [WIN]},
        {"markets": [{"id": WIN}]},
        {"markets": [{"id": 1, "day": "2026-05-02"}]},
        {"markets": [{"id": "\0", "day": "2026-05-02"}]},
        {"sha256": 5},
        {"format": 1},
    ],
)
def test_a_line_of_another_shape_says_nothing(change: dict[str, Any], folder: Path) -> None:
    recorded, stream = folder.parents[1], folder.parents[2] / "one"
    path = recorded / "imports.jsonl"
    told = orjson.loads(path.read_bytes()) | change
    path.write_bytes(orjson.dumps({key: value for key, value in told.items() if value is not None}) + b"\n")
    assert not import_recording([stream], recorded, again=False).files[0].was_imported
    assert import_recording([stream], recorded, again=False).files[0].was_imported


def test_what_follows_a_line_that_was_cut_off_is_read(folder: Path) -> None:
    recorded, stream = folder.parents[1], folder.parents[2] / "one"
    path = recorded / "imports.jsonl"
    path.write_bytes(path.read_bytes()[:50])
    assert not import_recording([stream], recorded, again=False).files[0].was_imported
    assert import_recording([stream], recorded, again=False).files[0].was_imported


@pytest.mark.parametrize(
    ("read", "needed"),
    [(replayed, {"states", "runners"}), (played, {"states"}), (at_a_moment, {"states", "runners"})],
)
def test_a_table_without_rows_is_named_where_it_must_have_some(
    read: Callable[[Path], object], needed: set[str], folder: Path
) -> None:
    """Of imports of before, whose sizes nobody knows. Nobody may ever have offered: then ladders have none."""
    as_before(folder)
    for name in ("ladders", "runners", "states"):
        for path in folder.glob(f"{name}-*"):
            emptied(path)
        if name in needed:
            file, message = refusal(read, folder)
            assert file == str(folder / f"{name}-0.parquet")
            assert message.startswith("holds no ")
        else:
            read(folder.parents[1])
