"""One recorded file into tables: a folder for each of its markets, made aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.files import GET_AGAIN, DamageError, Member, Progress, open_members
from policytrader.adapters.recordings.reader import WRONG_SHAPE, StreamReader
from policytrader.adapters.recordings.reports import FileReport
from policytrader.adapters.recordings.tables import day_of, runners_table, states_table, write_table
from policytrader.errors import Diagnostic, Place, RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from policytrader.adapters.recordings.blocks import BlockParser
    from policytrader.adapters.recordings.ladders import MarketEvents
    from policytrader.adapters.recordings.stream import MarketCache

ROWS_IN_MEMORY = 200_000
"""Runner rows held before the largest markets' are written; about 40 MB."""

LADDER_ROWS_IN_MEMORY = 500_000
"""Ladder rows of a market held before they are written; about 100 MB."""

_MOST_KEPT_BYTES = 64_000_000
_OPERATIONS = ("mcm", "ocm", "connection", "status")
"""What ``op`` says in a message that the stream sends."""


@dataclass(frozen=True)
class MadeMarket:
    """A market's finished folder, and the day it belongs to."""

    market_id: str
    day: str
    folder: Path


@dataclass(frozen=True)
class ReadMember:
    """What was made of a file, or of one member of a zip."""

    report: FileReport
    made: tuple[MadeMarket, ...] = ()


def read_file(path: Path, work_dir: Path, parser: BlockParser, progress: Progress | None) -> list[ReadMember]:
    """Read a file into folders below ``work_dir``, which is made; a damage is in its report."""
    found = []
    try:
        with open_members(path, progress) as members:
            for number, member in enumerate(members):
                folder = work_dir / str(number)
                folder.mkdir(parents=True)
                run = _Run(member, folder, parser)
                found.append(run.finish(run.read()))
    except RecordingError as error:
        found.append(ReadMember(FileReport(str(path), error=error.diagnostics[0])))
    return found


class _Run:
    """One member on its way into Parquet."""

    def __init__(self, member: Member, work_dir: Path, parser: BlockParser) -> None:
        self._begun: list[bytes] | None = []
        self._pieces = self._kept(member.pieces)
        self._member = member = replace(member, pieces=self._pieces)
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

    def finish(self, error: Diagnostic | None) -> ReadMember:
        """Write what is left."""
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
        made = []
        for market in defined:
            self._write_rows(market, everything=True)
            self._write_part(market.market_id, "states", states_table(market))
            events = self._events.market(market.market_id)
            self._write_part(market.market_id, "definitions", events.definitions_table())
            self._write_ladders(events)
            made.append(MadeMarket(market.market_id, day_of(market), self._folder(market.market_id)))
        report = replace(report, runner_rows=self._runner_rows)
        if error and not markets and self._is_no_stream():
            report = replace(report, is_stream=False)
        elif error:
            report = replace(report, error=_with_what_was_kept(error, report))
        return ReadMember(report, tuple(made))

    def _kept(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Pass the pieces on, and keep them until there is a market, which makes it a stream, or a damage."""
        size = 0
        try:
            for piece in pieces:
                size += len(piece)
                if self._begun is not None:
                    self._begun.append(piece)
                if self._cache.markets or size > _MOST_KEPT_BYTES:
                    self._begun = None
                yield piece
        except (DamageError, OSError):
            self._begun = None
            raise

    def _is_no_stream(self) -> bool:
        """Whether it is JSON to its end and holds no message at all, be it a broken one."""
        if self._begun is None:
            return False
        begun, self._begun = self._begun, None
        is_any = False
        try:
            for _, document in replace(self._member, pieces=chain(begun, self._pieces)).documents():
                for one in document if isinstance(document, list) else [document]:
                    is_any = True
                    if _is_message(one):
                        return False
        except RecordingError:
            return False
        return is_any

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


def _is_message(document: Any) -> bool:
    """Whether it may be a message, also one with a part missing; what is no object may be anything."""
    return not isinstance(document, dict) or "mc" in document or document.get("op") in _OPERATIONS


def _told(error: Exception) -> str:
    match error:
        case KeyError():
            return f"{error.args[0]} is missing"
        case ValueError():
            return str(error)
        case _:
            return "a list, an object or a number stands where another is expected"


def _with_what_was_kept(error: Diagnostic, report: FileReport) -> Diagnostic:
    if not report.markets:
        return replace(error, help=error.help.replace(GET_AGAIN, "Nothing of it was kept. Get the file again."))
    count = f"{report.updates:,} update" + "s" * (report.updates != 1)
    names = ", ".join(report.markets[:5]) + (", …" if len(report.markets) > 5 else "")  # noqa: PLR2004
    until = f" up to line {report.lines}" if error.place.line else ""
    return replace(error, help=f"Kept: {count}{until} of {names}.\n{error.help}")
