"""The one place that picks adapters: snapshot folders, recordings, policies from folders or from git."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policytrader.authoring.load import load_policy
from policytrader.errors import UsageError
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.adapters.recordings.importer import FileReport as FileReport  # noqa: PLC0414 - for the command line
    from policytrader.adapters.recordings.importer import ImportReport as ImportReport  # noqa: PLC0414
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

GIT_PREFIX = "git:"


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


def policy_folder(project: Path, near: Path | None = None) -> Path:
    """The rules when nobody names any: the project's, else those of the project around ``near``, else the shipped."""
    around = near.resolve().parents if near is not None else ()
    for folder in (project, *around):
        if (folder / "rules" / "racing").is_dir():
            return folder / "rules"
    own = project / "rules"
    return own if own.is_dir() else resource("rules")


def is_shipped(rules: Path) -> bool:
    """Whether these are the rules that came with policytrader."""
    return rules.resolve() == resource("rules").resolve()


def policy_at(reference: str | None, project: Path) -> PolicySet:
    """A policy by folder or file, by ``git:REV`` (the project's rules at that revision), or the project's own."""
    if reference is None:
        return load_policy(policy_folder(project))
    if reference.startswith(GIT_PREFIX):
        from policytrader.adapters.git_rules import load_policy_at

        return load_policy_at(project, reference.removeprefix(GIT_PREFIX))
    if reference == "active":
        message = "--against active: no store holds an active policy yet; name a folder or git:REV"
        raise UsageError(message)
    path = Path(reference) if Path(reference).exists() or project == Path() else project / reference
    if not path.exists():
        message = f"no policy at {reference}: name a folder of rules, or git:REV"
        raise UsageError(message)
    return load_policy(path)
