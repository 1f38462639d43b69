"""The trader's picks beside a recording: ``selections.csv`` of a snapshot (``docs/snapshot.md``), read tolerantly.

What the recording knows may be left out: race, time, capture and the runner's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.adapters.recordings import codes
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml_text import is_forbidden, name_character
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.files import read_at_most
from policytrader.model.price import MAX_PRICE, MIN_PRICE
from policytrader.model.snapshot import MarketType, Selection, Side
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path


class Pick(NamedTuple):
    """A ``model.snapshot.Selection`` of which the recording supplies the rest; ``place`` is where it was written."""

    selection_ref: str
    market_id: str
    market_type: MarketType
    selection_id: int
    side: Side
    price_requested: Decimal
    stake_points: Decimal = Decimal(1)
    race_id: str | None = None
    race_time: datetime | None = None
    runner_name: str | None = None
    capture_id: str | None = None
    valid: bool = True
    invalidated_reason: str | None = None
    closed: bool = False
    place: Place | None = None


_REPEATED, _WRONG_TEXT = "S109", "S113"  # as in a snapshot's own selections
_DECIMAL = re.compile(r"\d{1,8}(\.\d{1,8})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_MOST_BYTES = 8 << 20
# Controls of the terminal, and marks that turn the direction of what follows.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_LINE_END = re.compile("\r\n|\n|\r")  # not splitlines: to it, controls and invisible marks end lines too
_BLANK = " \t\N{NO-BREAK SPACE}"
_MOST_POINTS = Decimal(1000)
_TWO, _FOUR = 2, 4


def _decimal(text: str, places: int) -> Decimal:
    if not _DECIMAL.fullmatch(text) or -int(Decimal(text).normalize().as_tuple().exponent) > places:
        message = f"a number with at most {places} decimals"
        raise ValueError(message)
    return Decimal(text)


def _price(text: str) -> Decimal:
    price = _decimal(text, _TWO)
    if not MIN_PRICE <= price <= MAX_PRICE:
        message = "a price from 1.01 to 1000"
        raise ValueError(message)
    return price


def _points(text: str) -> Decimal:
    points = _decimal(text, _FOUR)
    if not 0 < points <= _MOST_POINTS:
        message = "more than 0 and at most 1000"
        raise ValueError(message)
    return points


def _selection_id(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        message = "a whole number"
        raise ValueError(message)
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        message = "true or false"
        raise ValueError(message)
    return text == "true"


def _one_of(kind: type[MarketType | Side]) -> Callable[[str], Any]:
    def read(text: str) -> MarketType | Side:
        if text not in list(kind):
            raise ValueError(" or ".join(kind))
        return kind(text)

    return read


_COLUMNS: dict[str, Callable[[str], Any]] = {
    "selection_ref": str,
    "race_id": str,
    "race_time": parse_utc,
    "market_id": str,
    "market_type": _one_of(MarketType),
    "selection_id": _selection_id,
    "runner_name": str,
    "side": _one_of(Side),
    "price_requested": _price,
    "stake_points": _points,
    "capture_id": str,
    "valid": _flag,
    "invalidated_reason": str,
    "closed": _flag,
}
_IDENTIFIERS = ("selection_ref", "race_id", "market_id", "capture_id")
_REQUIRED = ("market_id", "market_type", "selection_id", "side", "price_requested")
_OTHER_SEPARATORS = {";": ";", "\t": "tabs"}


def read_picks(path: Path, shown: Sequence[str] = Selection._fields) -> tuple[Pick, ...]:
    """Read a CSV of picks. An empty cell is missing, and so is a column that is not there.

    ``stake_points`` is 1 and ``selection_ref`` is ``{market_id}-{selection_id}-{side}`` where nothing else is said.
    ``shown`` are the columns that messages name: those that whoever asks has a use for.
    Raises ``SnapshotError`` with every problem of the file, each with line and column.
    """
    try:
        text = read_at_most(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise SnapshotError([Diagnostic(Place(str(path)), codes.PICKS_FILE, message)]) from error
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start + 1})"
        raise SnapshotError([Diagnostic(Place(str(path)), codes.PICKS_FILE, message)]) from error
    return _Reader(str(path), text, shown).read()


def _hidden(name: str, text: str) -> str | None:
    """The first character of a cell that nobody sees; identifiers that look the same must be the same."""
    if found := _CONTROLS.search(text):
        return found[0]
    return next(filter(is_forbidden, text), None) if name in _IDENTIFIERS else None


@dataclass(frozen=True)
class _Cell:
    text: str
    line: int
    column: int
    length: int


class _Reader:
    def __init__(self, file: str, text: str, shown: Sequence[str]) -> None:
        self._file = file
        self._shown = shown
        self._help = f"Columns: {', '.join(shown)}. Needed: {', '.join(_REQUIRED)}."
        self._lines = _LINE_END.split(text)
        self._problems: list[Diagnostic] = []

    def read(self) -> tuple[Pick, ...]:
        rows = [self._cells(number, line) for number, line in enumerate(self._lines, 1) if line.strip(_BLANK)]
        if not rows:
            self._problem(_Cell("", 1, 1, 1), codes.PICKS_COLUMN, "there is no header line", self._help)
            raise SnapshotError(self._problems)
        header, *rest = rows
        self._check_separator(header)
        names = self._names(header)
        found = [(pick, cells) for cells in rest if (pick := self._pick(names, cells)) is not None]
        self._check_repeated(names, found)
        if self._problems:
            raise SnapshotError(sorted(self._problems, key=lambda problem: problem.place))
        return tuple(pick for pick, _ in found)

    def _check_separator(self, header: list[_Cell]) -> None:
        """Raise where the header is one cell that holds something else between names: no cell can be told then."""
        for mark, name in _OTHER_SEPARATORS.items():
            if len(header) == 1 and mark in header[0].text:
                message = f"separated by {name}: write commas"
                self._problem(header[0], codes.PICKS_COLUMN, message, "Spreadsheets ask for the separator of a CSV.")
                raise SnapshotError(self._problems)

    def _check_repeated(self, names: list[str], found: list[tuple[Pick, list[_Cell]]]) -> None:
        """Refuse a second pick of one market, runner and side: it would bet twice; and a reference given twice."""
        bets: dict[tuple[str, int, Side], int] = {}
        references: dict[str, int] = {}
        for pick, cells in found:
            line = cells[0].line
            # Were "m1" and "M1" two markets, one position would have two caps.
            bet = bets.setdefault((pick.market_id.casefold(), pick.selection_id, pick.side), line)
            reference = references.setdefault(pick.selection_ref, line)
            if bet != line:
                cell = cells[names.index("selection_id")]
                message = f"the same market, runner and side as in line {bet}"
                self._problem(cell, _REPEATED, message, "Delete one of the two rows.")
            if reference not in (line, bet):
                message = f"selection_ref {pick.selection_ref} is that of line {reference} too"
                help_text = "Give each pick a selection_ref of its own."
                self._problem(_Cell("", line, 1, 1), codes.PICKS_CELL, message, help_text)

    def _names(self, header: list[_Cell]) -> list[str]:
        names: list[str] = []
        meant = ""
        for cell in header:
            if cell.text not in _COLUMNS:
                near = did_you_mean(cell.text, self._shown)
                meant += near
                self._problem(cell, codes.PICKS_COLUMN, f"unknown column {cell.text!r}{near}", self._help)
            elif cell.text in names:
                self._problem(cell, codes.PICKS_COLUMN, f"column {cell.text} is there twice", "Take one of them out.")
            names.append(cell.text)
        missing = [name for name in _REQUIRED if name not in names and f"`{name}`" not in meant]
        if missing:
            self._problem(header[0], codes.PICKS_COLUMN, f"missing: {', '.join(missing)}", self._help)
        return names

    def _pick(self, names: list[str], cells: list[_Cell]) -> Pick | None:
        if any(problem.place.line == cells[0].line for problem in self._problems):
            return None  # its quotes are wrong, so that cells cannot be told apart
        if len(cells) != len(names):
            message = f"{len(cells)} cells under {len(names)} columns"
            self._problem(cells[-1], codes.PICKS_CELL, message, "Quote a cell that holds a comma.")
            return None
        known = len(self._problems)
        values: dict[str, Any] = {}
        for name, cell in zip(names, cells, strict=True):
            if not cell.text:
                if name in _REQUIRED:
                    self._problem(cell, codes.PICKS_CELL, f"{name} is empty", "It is needed for every pick.")
            elif hidden := _hidden(name, cell.text):
                message = f"{name} is {cell.text!r}, with {name_character(hidden)} in it"
                self._problem(cell, _WRONG_TEXT, message, "Delete it; a text is one line of visible text.")
            elif name in _COLUMNS:
                try:
                    values[name] = _COLUMNS[name](cell.text)
                except ValueError as error:
                    self._problem(cell, codes.PICKS_CELL, f"{name} is {cell.text!r}", f"Write {error}.")
        if len(self._problems) > known or any(name not in values for name in _REQUIRED):
            return None
        default_ref = f"{values['market_id']}-{values['selection_id']}-{values['side']}"
        return Pick(**({"selection_ref": default_ref} | values), place=Place(self._file, cells[0].line, 1))

    def _cells(self, number: int, line: str) -> list[_Cell]:
        """Split one line. A quoted cell may hold commas and doubled quotes, but no line break."""
        cells: list[_Cell] = []
        position = 0
        while True:
            start = position
            if line.startswith('"', position):
                text, position = self._quoted(number, line, position)
            else:
                end = line.find(",", position)
                position = len(line) if end < 0 else end
                text = line[start:position].strip(_BLANK)
            cells.append(_Cell(text, number, start + 1, max(1, position - start)))
            if position >= len(line):
                return cells
            position += 1

    def _quoted(self, number: int, line: str, start: int) -> tuple[str, int]:
        parts, position = [], start + 1
        while True:
            end = line.find('"', position)
            if end < 0:
                cell = _Cell("", number, start + 1, len(line) - start)
                self._problem(
                    cell, codes.PICKS_CELL, "a quote that does not end on this line", "Close it with a quote."
                )
                return line[start + 1 :], len(line)
            parts.append(line[position:end])
            if line.startswith('""', end):
                parts.append('"')
                position = end + 2
                continue
            if end + 1 < len(line) and line[end + 1] != ",":
                cell = _Cell("", number, end + 2, 1)
                self._problem(cell, codes.PICKS_CELL, "text after a closing quote", "Double a quote inside of a cell.")
                return "".join(parts), len(line)
            return "".join(parts), end + 1

    def _problem(self, cell: _Cell, code: str, message: str, help_text: str) -> None:
        place = Place(self._file, cell.line, cell.column, cell.length)
        source = self._lines[cell.line - 1] if cell.line <= len(self._lines) else ""
        self._problems.append(Diagnostic(place, code, message, help_text, source))
