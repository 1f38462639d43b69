"""What was found wrong so far in a snapshot folder, and how it is told: sorted, with carets, at most 200 at once.

Where a cell stands in its file is worked out only for the findings that are shown.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from policytrader.errors import Diagnostic, Place, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAXIMUM_DIAGNOSTICS: Final = 200
LONGEST_LINE: Final = 4000
"""Characters of a line that are shown, or kept to be shown."""

# Controls, line and paragraph separators, half characters, and marks that turn the direction of what follows.
CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class CellError(Exception):
    """One cell that cannot be read; the message is told after the column's name."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        """``code`` is one of the snapshot codes, S1xx."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy


class RowSource(Protocol):
    """The cells of one table as text, by column, and where each of them stands.

    ``cells`` has one sequence per column that the file has, all of one length; ``""`` is a missing value, a
    ``CellError`` stands for what could not be made text. ``row_numbers`` says which row of the file each is, from 1;
    0 is the header. ``positions`` are those of the columns, from 0. ``complete`` is False where rows were left out.
    """

    file: str
    cells: dict[str, Sequence[str | CellError]]
    positions: dict[str, int]
    row_numbers: Sequence[int]
    complete: bool

    def locate(self, row: int, position: int) -> tuple[Place, str]:
        """Place of a cell, and the line that it stands on; an empty line where the file has no lines to show."""
        ...

    def name_row(self, row: int) -> str:
        """How a message about another row speaks of this one: ``line 7`` or ``row 6``."""
        ...


@dataclass(frozen=True, slots=True)
class _Finding:
    file: str
    row: int
    position: int
    code: str
    message: str
    remedy: str
    source: RowSource | None = None
    diagnostic: Diagnostic | None = None

    def tell(self) -> Diagnostic:
        if self.diagnostic is not None:
            return self.diagnostic
        place, line = self.source.locate(self.row, self.position) if self.source else (Place(self.file), "")
        return Diagnostic(place, self.code, self.message, self.remedy, make_visible(line))


class Problems:
    """What was found so far, in all files of one folder."""

    def __init__(self) -> None:
        """Nothing found yet."""
        self._found: list[_Finding] = []
        self._counts: Counter[tuple[str, int, str]] = Counter()
        self._more = 0
        self._stopped = False

    @property
    def count(self) -> int:
        """How many were found, also those that will not be shown."""
        return self._counts.total() + self._more

    def count_more(self, number: int) -> None:
        """Count findings of which nothing but their number will be told."""
        self._more += number

    def stop(self) -> None:
        """Remember that something was not read to its end, so that there may be problems that nobody counted."""
        self._stopped = True

    def stop_if_full(self) -> bool:
        """Whether there are as many as can be told; then nobody need look for more, and that is remembered."""
        is_full = self.count >= MAXIMUM_DIAGNOSTICS
        self._stopped |= is_full
        return is_full

    def add_cell(self, source: RowSource, row: int, position: int, error: CellError) -> None:
        """Keep a finding about one cell. Of one column and code, rows must come in rising order."""
        self._add(_Finding(source.file, row, position, error.code, error.message, error.remedy, source))

    def add_file(self, file: str, code: str, message: str, remedy: str) -> None:
        """Keep a finding about a file as a whole."""
        self._add(_Finding(file, 0, 0, code, message, remedy))

    def add(self, found: Diagnostic) -> None:
        """Keep a finding whose place is known."""
        place = found.place
        finding = _Finding(place.file, place.line, place.column, found.code, found.message, found.help, None, found)
        self._add(finding)

    def _add(self, finding: _Finding) -> None:
        key = (finding.file, finding.position, finding.code)
        self._counts[key] += 1
        # A file of broken cells must not fill the memory: those behind the first 200 of a column are only counted.
        if self._counts[key] <= MAXIMUM_DIAGNOSTICS:
            self._found.append(finding)

    def raise_if_any(self) -> None:
        """Raise ``SnapshotError`` with the first 200 findings by place; the last one says how many more there are."""
        if not self._found:
            return
        first = sorted(self._found, key=lambda one: (one.file, one.row, one.position, one.code))[:MAXIMUM_DIAGNOSTICS]
        told = sorted((one.tell() for one in first), key=lambda one: (one.place, one.code))
        more = self.count - len(told)
        notes = [told[-1].help] if told[-1].help else []
        if more:
            notes.append(f"{more:,} more problems are not shown.")
        if self._stopped:
            notes.append("Reading stopped after so many problems; there may be others.")
        told[-1] = replace(told[-1], help="\n".join(notes))
        raise SnapshotError(told)


def make_visible(text: str) -> str:
    """The same text at the same places, safe to print: whatever could control a terminal becomes a box."""
    return CONTROLS.sub(lambda match: "\t" if match[0] == "\t" else "\N{REPLACEMENT CHARACTER}", text)


def show(text: str) -> str:
    """A value for a message: in backticks, visible, and short."""
    shown = make_visible(text[:41]).replace("\t", " ")
    return f"`{shown if len(shown) <= 40 else shown[:39] + '…'}`"  # noqa: PLR2004 - a third of a line
