"""``recording import``: recorded files into one folder of Parquet per market (``tables`` says how it is laid out).

What is published is whole: a market's folder is written aside and moved into place when its file is read. A market that
was imported before is replaced, whatever file it came from, and the report says so.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.blocks import BlockParser
from policytrader.adapters.recordings.files import GET_AGAIN, Member, Progress, open_members
from policytrader.adapters.recordings.reader import WRONG_SHAPE, StreamReader
from policytrader.adapters.recordings.tables import day_of, runners_table, states_table, write_table
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa

    from policytrader.adapters.recordings.ladders import MarketEvents
    from policytrader.adapters.recordings.stream import MarketCache

ROWS_IN_MEMORY = 200_000
"""Runner rows held before the largest markets' are written; about 40 MB."""

LADDER_ROWS_IN_MEMORY = 500_000
"""Ladder rows of a market held before they are written; about 100 MB."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file, or of one member of a zip.

    ``lines`` is the line up to which it was read, ``updates`` counts market changes, ``late`` those dated a little
    before the one they follow. Of the markets in ``undefined`` nothing could be kept, because no definition of theirs
    came; those in ``replaced`` were there before.
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
        """The markets that can be read now because of this import, sorted."""
        return tuple(sorted({market for report in self.files for market in report.markets}))

    @property
    def updates(self) -> int:
        """Market changes read."""
        return sum(report.updates for report in self.files)

    @property
    def rows(self) -> int:
        """Rows written, of both tables."""
        return sum(report.market_rows + report.runner_rows for report in self.files)


def import_recording(paths: Iterable[Path], out_dir: Path, *, progress: Progress | None = None) -> ImportReport:
    """Read recorded files into ``out_dir``, which is made if need be.

    A damaged file never stops the others: its report carries the error, and what was read before it is kept.
    Raises ``RecordingError`` only where ``out_dir`` cannot be written.
    """
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with _workplace(out_dir) as (work_dir, parser):
            return ImportReport(
                tuple(report for path in paths for report in _import_file(path, out_dir, work_dir, parser, progress))
            )
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}"
        place = Place(str(error.filename or out_dir))
        raise RecordingError([Diagnostic(place, codes.NOT_WRITTEN, message)]) from error


@contextmanager
def _workplace(out_dir: Path) -> Iterator[tuple[Path, BlockParser]]:
    work_dir = Path(tempfile.mkdtemp(prefix=".import-", dir=out_dir))
    parser = BlockParser(work_dir / "block.json")
    try:
        yield work_dir, parser
    finally:
        parser.close()
        shutil.rmtree(work_dir, ignore_errors=True)


def _import_file(
    path: Path, out_dir: Path, work_dir: Path, parser: BlockParser, progress: Progress | None
) -> Iterator[FileReport]:
    try:
        with open_members(path, progress) as members:
            for number, member in enumerate(members):
                folder = work_dir / str(number)
                folder.mkdir()
                try:
                    run = _Run(member, folder, parser)
                    error = run.read()
                    yield run.publish(out_dir, error)
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
    except RecordingError as error:
        yield FileReport(str(path), error=error.diagnostics[0])


class _Run:
    """One member on its way into Parquet."""

    def __init__(self, member: Member, work_dir: Path, parser: BlockParser) -> None:
        self._member = member
        self._work_dir = work_dir
        self._reader = StreamReader(member, parser)
        self._cache, self._events = self._reader.cache, self._reader.events
        self._lines = 0
        self._parts: Counter[tuple[str, str]] = Counter()
        self._runner_rows = 0

    def read(self) -> Diagnostic | None:
        """Read to the end, or to the first damage, which is returned."""
        reader = self._reader
        try:
            for _ in reader.read():
                self._bound_memory()
        except RecordingError as error:
            self._lines = max(0, error.diagnostics[0].place.line - 1)
            return error.diagnostics[0]
        except WRONG_SHAPE as error:
            self._lines = reader.line
            told = f"not a message of the stream: {_told(error)}"
            return self._member.error(reader.line + 1, told).diagnostics[0]
        self._lines = reader.line
        if not self._cache.markets:
            place, message = Place(self._member.name), "holds no market change (messages with op mcm and mc)"
            return Diagnostic(place, codes.NO_MARKET, message, "Is this a recording of the Exchange Stream?")
        if not any(market.states for market in self._cache.markets.values()):
            place, message = Place(self._member.name), "defines no market: none of its messages has a marketDefinition"
            help_text = "A recording must begin with an image, or hold one. Record with EX_MARKET_DEF."
            return Diagnostic(place, codes.NO_MARKET, message, help_text)
        return None

    def publish(self, out_dir: Path, error: Diagnostic | None) -> FileReport:
        """Write what is left and move each market into place."""
        markets = self._cache.markets.values()
        defined = [market for market in markets if market.states]
        report = FileReport(
            self._member.name,
            markets=tuple(market.market_id for market in defined),
            undefined=tuple(market.market_id for market in markets if not market.states),
            lines=self._lines,
            updates=sum(market.updates for market in markets),
            late=sum(market.late for market in markets),
            market_rows=sum(len(market.states) for market in defined),
        )
        replaced = []
        for market in defined:
            self._write_rows(market, everything=True)
            self._write_part(market.market_id, "states", states_table(market))
            events = self._events.market(market.market_id)
            self._write_part(market.market_id, "definitions", events.definitions_table())
            self._write_ladders(events)
            folder = self._folder(market.market_id)
            if _move_into_place(folder, out_dir / f"day={day_of(market)}" / f"market={market.market_id}", out_dir):
                replaced.append(market.market_id)
        report = replace(report, replaced=tuple(replaced), runner_rows=self._runner_rows)
        return replace(report, error=_with_what_was_kept(error, report)) if error else report

    def _bound_memory(self) -> None:
        for events in self._events.markets.values():
            if events.row_count() >= LADDER_ROWS_IN_MEMORY:
                self._write_ladders(events)
        markets = self._cache.markets.values()
        held = sum(len(market.rows) for market in markets)
        if held < ROWS_IN_MEMORY:
            return
        for market in sorted(markets, key=lambda market: len(market.rows), reverse=True):
            before = len(market.rows)
            self._write_rows(market, everything=False)
            held -= before - len(market.rows)
            if held < ROWS_IN_MEMORY // 2:
                return

    def _write_rows(self, market: MarketCache, *, everything: bool) -> None:
        columns = market.take_rows(everything)
        count = len(columns.published)
        if not count and self._parts[market.market_id, "runners"]:
            return
        self._write_part(market.market_id, "runners", runners_table(market.market_id, columns, market.facts))
        self._runner_rows += count

    def _write_ladders(self, events: MarketEvents) -> None:
        self._write_part(events.market_id, "ladders", events.take_ladders())

    def _write_part(self, market_id: str, name: str, table: pa.Table) -> None:
        part = self._parts[market_id, name]
        self._parts[market_id, name] = part + 1
        write_table(table, self._folder(market_id) / f"{name}-{part}.parquet")

    def _folder(self, market_id: str) -> Path:
        folder = self._work_dir / market_id
        folder.mkdir(exist_ok=True)
        return folder


def _told(error: Exception) -> str:
    match error:
        case KeyError():
            return f"{error.args[0]} is missing"
        case ValueError():
            return str(error)
        case _:
            return "a list, an object or a number stands where another is expected"


def _move_into_place(folder: Path, target: Path, out_dir: Path) -> bool:
    """Put a finished folder where readers look; true if it replaced an earlier import of the market."""
    earlier = sorted(out_dir.glob(f"day=*/{target.name}"))
    for number, old in enumerate(earlier):
        old.rename(folder.with_name(f"{folder.name}.replaced-{number}"))
    target.parent.mkdir(exist_ok=True)
    try:
        folder.rename(target)
    except OSError:
        for number, old in enumerate(earlier):
            folder.with_name(f"{folder.name}.replaced-{number}").rename(old)
        raise
    for old in earlier:
        if old.parent != target.parent and not any(old.parent.iterdir()):
            old.parent.rmdir()
    return bool(earlier)


def _with_what_was_kept(error: Diagnostic, report: FileReport) -> Diagnostic:
    if not report.markets:
        return replace(error, help=error.help.replace(GET_AGAIN, "Nothing of it was kept. Get the file again."))
    count = f"{report.updates:,} update" + "s" * (report.updates != 1)
    names = ", ".join(report.markets[:5]) + (", …" if len(report.markets) > 5 else "")  # noqa: PLR2004
    until = f" up to line {report.lines}" if error.place.line else ""
    return replace(error, help=f"Kept: {count}{until} of {names}.\n{error.help}")
