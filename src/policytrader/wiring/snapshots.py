"""Snapshot folders and recordings, read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from policytrader.adapters.recordings.importer import ImportReport
    from policytrader.model.snapshot import Snapshot


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


def import_recordings(
    paths: list[Path], out: Path, progress: Callable[[Path, int, int], None] | None = None
) -> ImportReport:
    """Read recorded market files into Parquet; returns the importer's report."""
    from policytrader.adapters.recordings.importer import import_recording

    return import_recording(paths, out, progress=progress)
