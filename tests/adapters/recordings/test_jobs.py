"""Many files: in several processes, stopped and taken up again, with the same result."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.recordings.importer import import_recording
from policytrader.adapters.recordings.playback import read_events
from policytrader.adapters.recordings.workplace import workplace
from policytrader.simulation.events import Quote
from tests.adapters.recordings.streams import PLACE, change, image, lines, message, write

if TYPE_CHECKING:
    from pathlib import Path


def stream(market: str, count: int = 40, price: float = 3) -> bytes:
    first = message(0, image({"id": 11, "atb": [[price, 2]]}, market=market))
    rest = [
        message(second, change({"id": 11, "atb": [[2, second]], "ltp": 2}, market=market)) for second in range(1, count)
    ]
    return lines([first, *rest])


def some_files(folder: Path) -> list[Path]:
    folder.mkdir()
    contents = {
        "a": stream("1.1", 400),
        "b.gz": gzip.compress(stream("1.2")),
        "broken": stream("1.3")[:-30],
        "c": stream("1.1", 3, price=8.2),  # the same market again: the later file counts
        "empty": b"",
        "d": stream("1.4") + stream("1.5"),
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in contents]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_result_is_the_same_with_any_number_of_processes(tmp_path: Path) -> None:
    files = some_files(tmp_path / "raw")
    alone = import_recording(files, tmp_path / "alone")
    seen: dict[str, int] = {}
    together = import_recording(
        files, tmp_path / "together", jobs=3, progress=lambda path, read, _: seen.update({path.name: read})
    )
    assert together == alone
    assert tree(tmp_path / "together") == tree(tmp_path / "alone")
    assert [report.replaced for report in alone.files] == [(), (), (), ("1.1",), (), ()]
    assert len(alone.errors) == 2
    assert seen == {path.name: path.stat().st_size for path in files}
    assert {path.name for path in (tmp_path / "together").iterdir()} == {"day=2026-05-02", "imports.jsonl"}


def test_files_that_were_imported_are_passed_over(tmp_path: Path) -> None:
    files = some_files(tmp_path / "raw")
    recorded = tmp_path / "recorded"
    import_recording(files, recorded)
    # The first lost its market to a later file; damaged ones are told each time.
    again = import_recording(files, recorded, again=False)
    assert [report.was_imported for report in again.files] == [False, True, False, True, False, True]
    assert [report.markets for report in again.files] == [("1.1",), ("1.2",), ("1.3",), ("1.1",), (), ("1.4", "1.5")]


def passed_over(files: list[Path], recorded: Path) -> list[bool]:
    return [report.was_imported for report in import_recording(files, recorded, again=False).files]


def test_only_what_came_from_the_same_bytes_and_is_there_is_passed_over(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", message(0, image())), write(tmp_path / "two", message(0, image(market=PLACE)))
    recorded = tmp_path / "recorded"
    assert passed_over([one, two], recorded) == [False, False]
    assert passed_over([one, two], recorded) == [True, True]
    one.rename(tmp_path / "renamed")
    assert passed_over([tmp_path / "renamed", two], recorded) == [True, True]
    write(two, message(0, image(market=PLACE)), message(1, change(market=PLACE)))
    assert passed_over([tmp_path / "renamed", two], recorded) == [True, False]
    (folder,) = recorded.glob("day=*/market=1.101")
    (folder / "source.json").unlink()
    assert passed_over([tmp_path / "renamed", two], recorded) == [False, True]
    with (recorded / "imports.jsonl").open("ab") as file:
        file.write(b'{"format":1,"sha')  # cut off by a crash
    assert passed_over([tmp_path / "renamed", two], recorded) == [True, True]
    assert not any(report.was_imported for report in import_recording([two], recorded).files)


def test_markets_of_a_file_lost_to_another_are_read_again(tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / "one", message(0, image())),
        write(tmp_path / "two", message(0, image()), message(1, change())),
    )
    recorded = tmp_path / "recorded"
    import_recording([one, two], recorded)
    assert passed_over([two], recorded) == [True]
    assert passed_over([one], recorded) == [False]
    assert passed_over([two], recorded) == [False]


@pytest.mark.slow
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in range(60):
        (raw / f"{number:02}").write_bytes(stream(f"1.{number}", 1500))
    recorded = tmp_path / "recorded"
    command = [
        sys.executable,
        "-m",
        "policytrader",
        "recording",
        "import",
        str(raw),
        "--out",
        str(recorded),
        "--jobs",
        "2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(recorded.glob("day=*/market=*")):
        time.sleep(0.005)  # noqa: TID251 - another process's work
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = {path.name for path in recorded.glob("day=*/market=*")}
    assert 0 < len(there) < 60
    assert {event.market_id for event in read_events([recorded]) if isinstance(event, Quote)} == {
        name.removeprefix("market=") for name in there
    }
    report = import_recording(sorted(raw.iterdir()), recorded, again=False)
    assert len(there) - 1 <= sum(file.was_imported for file in report.files) <= len(there)
    assert len(report.markets) == 60
    import_recording(sorted(raw.iterdir()), tmp_path / "at-once")
    mine, other = tree(recorded), tree(tmp_path / "at-once")
    left = {name for name in mine if name.startswith(".import-")}
    assert {name: data for name, data in mine.items() if name not in left} == other
    # Processes that outlived the killed one may still be ending; the next import takes what they leave away.
    deadline = time.monotonic() + 60
    while list(recorded.glob(".import-*")) and time.monotonic() < deadline:
        import_recording([], recorded)
    assert not list(recorded.glob(".import-*"))


def test_what_is_left_in_a_workplace_without_its_lock_is_taken_away(tmp_path: Path) -> None:
    left = tmp_path / ".import-left" / "file-3"
    left.mkdir(parents=True)
    (left / "part").write_bytes(b"of a process that outlived its import")
    (tmp_path / ".import-empty").mkdir()
    import_recording([], tmp_path)
    assert not list(tmp_path.glob(".import-*"))


def test_the_workplace_of_an_import_that_runs_stays(tmp_path: Path) -> None:
    with workplace(tmp_path) as mine, workplace(tmp_path) as other:
        assert mine.is_dir()
        assert mine != other
    assert not list(tmp_path.iterdir())
