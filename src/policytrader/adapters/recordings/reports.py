"""What an import tells of what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policytrader.errors import Diagnostic


@dataclass(frozen=True)
class FileReport:
    """What became of one file, or of one member of a zip.

    ``lines`` is the line up to which it was read, ``updates`` counts market changes, ``late`` those dated a little
    before the one they follow. Of the markets in ``undefined`` nothing could be kept, because no definition of theirs
    came; those in ``replaced`` were there before. A file that ``was_imported`` before from the same bytes was not read.
    One that is no stream (whole JSON documents, none of them a message: a catalogue) holds nothing, which is no error.
    """

    file: str
    markets: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()
    lines: int = 0
    updates: int = 0
    late: int = 0
    market_rows: int = 0
    runner_rows: int = 0
    error: Diagnostic | None = None
    is_stream: bool = True
    was_imported: bool = False


@dataclass(frozen=True)
class ImportReport:
    """What became of each file, in the order given."""

    files: tuple[FileReport, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The damages, each with its file, line and what was kept."""
        return tuple(report.error for report in self.files if report.error is not None)

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets of these files that can be read now, sorted."""
        return tuple(sorted({market for report in self.files for market in report.markets}))

    @property
    def updates(self) -> int:
        """Market changes read."""
        return sum(report.updates for report in self.files)

    @property
    def rows(self) -> int:
        """Rows written, of both tables."""
        return sum(report.market_rows + report.runner_rows for report in self.files)
