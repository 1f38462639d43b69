"""Snapshot folders and recordings, read and written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policytrader.errors import RecordingError, UsageError
from policytrader.model.snapshot import MarketType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from policytrader.adapters.recordings.listing import ListedMarket
    from policytrader.adapters.recordings.live import LiveRecorder
    from policytrader.adapters.recordings.reports import ImportReport
    from policytrader.errors import Diagnostic
    from policytrader.model.snapshot import Snapshot
    from policytrader.ports.workers import Progress

_WORTH_A_PROCESS_BYTES = 8_000_000
"""Of packed files; less is read before another process has begun."""


def read_snapshot(folder: str | Path) -> Snapshot:
    """A snapshot folder. Raises ``SnapshotError`` with every problem of every file."""
    from policytrader.adapters.snapshots.reader import read_snapshot as read

    return read(folder)


def write_snapshot(snapshot: Snapshot, folder: str | Path, form: Literal["csv", "parquet", "json"] = "csv") -> None:
    """Write a snapshot folder."""
    from policytrader.adapters.snapshots.writer import write_snapshot as write

    write(snapshot, folder, form)


def snapshot_from_recording(recording: Path, at: datetime, captured_at: datetime, selections: Path) -> Snapshot:
    """The snapshot of an imported recording at a time, for the picks of a file."""
    from policytrader.adapters.recordings.as_of import snapshot_at
    from policytrader.adapters.recordings.picks import read_picks

    if not recording.is_dir():
        message = f"--recording {recording}: no such folder; `policytrader recording import FILE… --out DIR` makes one"
        raise UsageError(message)
    return snapshot_at(recording, at, captured_at, read_picks(selections))


def live_recorder(folder: Path) -> LiveRecorder:
    """Writes the stream's messages below a folder, a file for each market; to be used ``with``."""
    from policytrader.adapters.recordings.live import LiveRecorder

    return LiveRecorder(folder)


@dataclass(frozen=True, slots=True)
class Listing:
    """What recordings hold, by off, race and market; what could not be read; ``days`` that any of them has (UTC)."""

    markets: tuple[ListedMarket, ...]
    problems: tuple[Diagnostic, ...]
    days: tuple[str, ...]


def list_recordings(
    recordings: Sequence[Path], day: date | None, *, with_runners: bool, progress: Progress | None = None
) -> Listing:
    """The markets of a London day, or all, of folders that imports wrote. Damage in one does not hide the others."""
    from policytrader.adapters.recordings.listing import days_of, in_race, list_market, listed_folders
    from policytrader.adapters.recordings.race_folders import race_names, told_race

    folders: list[Path] = []
    problems: list[Diagnostic] = []
    days: set[str] = set()
    for recording in recordings:
        try:
            folders += listed_folders(recording, day)
            days |= days_of(recording)
        except RecordingError as error:
            problems += error.diagnostics
    told, found = {}, {}
    for number, folder in enumerate(folders, 1):
        try:
            told[folder] = told_race(folder)
            found[folder] = list_market(folder, with_runners=with_runners)
        except RecordingError as error:
            problems += error.diagnostics
        if progress is not None:
            progress(number, len(folders), folder.parent.name.removeprefix("day="))
    names = race_names(told)
    named = [in_race(one, names[folder]) for folder, one in found.items()]
    wanted = [one for one in named if day in (None, one.day)]
    return Listing(tuple(sorted(wanted, key=_by_race)), tuple(problems), tuple(sorted(days)))


def _by_race(market: ListedMarket) -> tuple[object, ...]:
    told = market.definition
    return market.day, told.start, market.race_id, told.market_type != MarketType.WIN, told.market_id


def import_recordings(
    paths: list[Path],
    out: Path,
    progress: Callable[[Path, int, int], None] | None = None,
    *,
    jobs: int | None = None,
    again: bool = False,
) -> ImportReport:
    """Read recorded market files into Parquet; returns the importer's report.

    In ``jobs`` processes; without a number, one for each core where there is enough to read. Files that were imported
    before are passed over, unless ``again``.
    """
    from policytrader.adapters.recordings.importer import import_recording

    if jobs is None:
        size = sum(path.stat().st_size for path in paths if path.is_file())
        jobs = 1 if size < _WORTH_A_PROCESS_BYTES else len(os.sched_getaffinity(0))
    return import_recording(paths, out, progress=progress, jobs=jobs, again=again)
