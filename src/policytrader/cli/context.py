"""What every command needs: the project, the clock, the zone, and how to print and to fail."""

from __future__ import annotations

import codecs
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from policytrader.errors import (
    ExchangeError,
    FeedError,
    PolicytraderError,
    RefusedError,
    StoreError,
    UsageError,
    WorkersError,
)
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

FINE, FINDINGS, WRONG_USAGE, CHANGES, OUT_OF_REACH, REFUSED = range(6)
"""Exit codes: fine; findings; wrong usage or tool error; changes present; out of reach; refused by a safety latch."""


@dataclass(frozen=True)
class Context:
    """The global options."""

    project: Path
    profile: str
    zone: ZoneInfo
    now: datetime | None
    color: bool
    verbosity: int

    @classmethod
    def make(cls, project: str, profile: str, zone: str, now: str | None, *, no_color: bool, verbosity: int) -> Context:
        """Check the options. Raises ``UsageError``."""
        try:
            moment = None if now is None else parse_utc(now)
        except ValueError as error:
            message = f"--now {now}: {error}"
            raise UsageError(message) from None
        try:
            info = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"--tz {zone}: no such time zone; for example Europe/London or Europe/Berlin"
            raise UsageError(message) from None
        if not Path(project).is_dir():
            message = f"--project {project}: no such folder"
            raise UsageError(message)
        color = not no_color and "NO_COLOR" not in os.environ
        return cls(Path(project), profile, info, moment, color, verbosity)

    @property
    def has_color(self) -> bool:
        """Colour on stdout: a terminal, and nobody asked to do without."""
        return self.color and sys.stdout is not None and sys.stdout.isatty()

    def path(self, name: str | Path) -> Path:
        """A path relative to the project's folder."""
        return Path(name) if self.project == Path() else self.project / name

    def console(self, *, stderr: bool = False) -> Console:
        """A console for tables and colours; plain when it is not a terminal."""
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else 160
        return Console(stderr=stderr, no_color=not self.color, highlight=False, width=width, soft_wrap=False)

    def note(self, text: str) -> None:
        """A line on stderr, unless ``--quiet``."""
        if self.verbosity:
            click.echo(text, err=True)


def print_json(document: Any) -> None:
    """One document on one line of stdout."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(json.dumps(document, ensure_ascii=codecs.lookup(encoding).name != "utf-8"))


def fail(error: Exception) -> int:
    """Print what went wrong, on stderr, and give the exit code."""
    match error:
        case UsageError():
            click.echo(f"error: {error.render()}", err=True)
            return WRONG_USAGE
        case StoreError():
            click.echo(f"error: {error.render()}", err=True)
            # A conflict is about what was asked, a stale epoch is a latch; else the store is what fails.
            return {"conflict": FINDINGS, "stale": REFUSED}.get(error.code, OUT_OF_REACH)
        case ExchangeError() | FeedError() | WorkersError():
            click.echo(f"error: {error.render()}", err=True)
            return OUT_OF_REACH
        case RefusedError():
            click.echo(f"refused: {error.render()}", err=True)
            return REFUSED
        case PolicytraderError():
            click.echo(error.render(), err=True)
            count = len(error.diagnostics)
            if count > 1:
                click.echo(f"{count} errors", err=True)
            return FINDINGS
        case OSError(strerror=str(said)):
            about = f"{error.filename}: " if error.filename else ""
            click.echo(f"error: {about}{said}", err=True)
            return WRONG_USAGE
        case _:
            click.echo(
                f"error: {type(error).__name__}: {error}\n"
                "  This is a defect in policytrader, not in your files. "
                "POLICYTRADER_TRACEBACK=1 shows where it happened.",
                err=True,
            )
            if os.environ.get("POLICYTRADER_TRACEBACK"):
                raise error
            return WRONG_USAGE
