"""The options that say which snapshot and which policy a command is about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from policytrader.errors import UsageError
from policytrader.model.times import parse_utc
from policytrader.wiring import is_shipped, policy_folder, read_snapshot, snapshot_from_recording

if TYPE_CHECKING:
    from policytrader.cli.context import Context
    from policytrader.model.snapshot import Snapshot

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Source:
    """Snapshot folders, or a recording at a time."""

    folders: tuple[str, ...]
    recording: str | None
    at: str | None
    captured_at: str | None
    selections: str | None


def source_options(command: Command) -> Command:
    """Add ``--recording --at --captured-at --selections``."""
    options = (
        click.option("--recording", metavar="DIR", help="Take prices from an imported recording."),
        click.option("--at", metavar="ISO", help="With --recording: the time to decide at."),
        click.option("--captured-at", metavar="ISO", help="With --recording: when the morning's capture is taken."),
        click.option("--selections", metavar="FILE", help="With --recording: the picks, as selections.csv."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def snapshots_of(source: Source, context: Context) -> Iterator[tuple[str, Snapshot]]:
    """Each snapshot with its name. Raises ``UsageError`` for options that do not go together."""
    if source.recording is None:
        given = [name for name in ("at", "captured_at", "selections") if getattr(source, name) is not None]
        if given:
            message = f"--{given[0].replace('_', '-')} goes with --recording DIR"
            raise UsageError(message)
        for folder in source.folders or _here(context):
            yield folder, _at_now(read_snapshot(context.path(folder)), context)
        return
    if source.folders:
        message = "name snapshot folders or --recording DIR, not both"
        raise UsageError(message)
    missing = [name for name in ("at", "captured_at", "selections") if getattr(source, name) is None]
    if missing:
        message = "--recording also needs " + ", ".join("--" + name.replace("_", "-") for name in missing)
        raise UsageError(message)
    at, captured_at = _time("--at", source.at), _time("--captured-at", source.captured_at)
    snapshot = snapshot_from_recording(
        context.path(source.recording), at, captured_at, context.path(source.selections or "")
    )
    yield f"{source.recording} at {source.at}", snapshot


def _here(context: Context) -> tuple[str, ...]:
    if context.path("snapshot.yaml").is_file():
        return (".",)
    message = (
        "name a snapshot folder (one with a snapshot.yaml), or --recording DIR; "
        "`policytrader init` writes a first one to scenarios/first"
    )
    raise UsageError(message)


def _at_now(snapshot: Snapshot, context: Context) -> Snapshot:
    return snapshot if context.now is None else replace(snapshot, now=context.now)


def _time(option: str, text: str | None) -> Any:
    try:
        return parse_utc(text or "")
    except ValueError as error:
        message = f"{option} {text}: {error}"
        raise UsageError(message) from None


def scenario_policy(snapshot: Snapshot, folder: str, context: Context) -> str:
    """The rules for a snapshot when the command line names none, as a path.

    Those that the snapshot names, else the project's, else those of the project that the snapshot lies in, else the
    shipped ones.
    """
    if snapshot.policy is not None:
        return os.path.normpath(context.path(folder) / snapshot.policy)
    near = context.path(folder) if context.path(folder).is_dir() else None
    return str(policy_folder(context.project, near))


def rules_name(rules: str, context: Context) -> str:
    """How a plan names its rules: by their folder, or as those that came with policytrader."""
    from_afar = is_shipped(Path(rules)) and not is_shipped(context.path("rules"))
    return "the rules that came with policytrader" if from_afar else rules
