"""CSV files that a trader writes by hand: a header, then rows; every problem is told, with its place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar

from policytrader.authoring.suggest import did_you_mean
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

UNFIT = "too long, or with characters that cannot be seen"
"""What is told (S113) of a cell that is not ``is_fit``."""
AS_UTF8 = "Save the file as UTF-8; spreadsheets call the form `CSV UTF-8`."
_MOST_BYTES = 4_000_000
_LONGEST = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One row's cells by column, without the spaces around them; ``place`` is the beginning of its line."""

    cells: dict[str, str]
    place: Place
    _offsets: dict[str, int]

    def place_of(self, column: str) -> Place:
        """Where a cell begins, or the row where it has no such column.

        Right for cells without quotes; a quoted one stands a little further on.
        """
        return Place(self.place.file, self.place.line, self._offsets.get(column, 0) + 1)


def is_fit(text: str) -> bool:
    """Whether a cell is of a length and of characters that can be shown."""
    return len(text) <= _LONGEST and text.isprintable()


def plain_number(text: str) -> Decimal | None:
    """A number as people write one; None for signs of other alphabets, exponents, commas, NaN and infinity."""
    if not text.isascii() or "_" in text or "e" in text.casefold():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_text(path: Path, what: str) -> str:
    """The text of a file of ``what`` (as messages call it). Raises ``SnapshotError``."""
    try:
        data = read_at_most(path, _MOST_BYTES)
    except TooLargeError:
        raise _broken(path, "S102", f"too large for a file of {what}") from None
    except OSError as error:
        raise _broken(path, "S101", f"cannot be read: {error.strerror or error}") from None
    wrong = 0
    # Two bytes to a letter are UTF-16, also where no mark says so.
    if b"\0" not in data[:2]:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            wrong = error.start
    place = Place(str(path), data.count(b"\n", 0, wrong) + 1)
    raise SnapshotError([Diagnostic(place, "S102", "not UTF-8 text", AS_UTF8)])


def column_problems(
    header: list[str], place: Place, *, required: Sequence[str], optional: Sequence[str]
) -> list[Diagnostic]:
    """What is wrong with a header of these columns: unknown ones, one that is there twice, one that is missing."""
    columns = (*required, *optional)
    remedy = f"Columns: {', '.join(required)}; may be absent: {', '.join(optional)}."
    found = [
        ("S104", f"unknown column `{name}`{did_you_mean(name, columns)}") for name in header if name not in columns
    ]
    found += [("S104", f"column `{name}` twice") for name in columns if header.count(name) > 1]
    found += [("S105", f"no column `{name}`") for name in required if name not in header]
    return [Diagnostic(place, code, message, remedy) for code, message in found]


def read_rows(
    text: str,
    file: str,
    *,
    check_header: Callable[[list[str], Place], list[Diagnostic]],
    read_row: Callable[[Row], T],
    empty: str | None,
    instead: Callable[[SnapshotError], T] | None = None,
) -> tuple[T, ...]:
    """What ``read_row`` makes of each row that is not blank; ``file`` is the text's name in messages.

    ``read_row`` raises ``SnapshotError`` for a row that cannot be used; ``instead`` says what stands in its place,
    where one bad row refuses no other. ``empty`` is told where there is none at all; None where that is no problem.
    Raises ``SnapshotError`` with the problems of the header, else with those of every row.
    """
    reader = csv.reader(io.StringIO(text), strict=True)
    found: list[T] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        problems = check_header(header, Place(file, 1, 1))
        for cells in reader if not problems else ():
            if any(cell.strip() for cell in cells):
                try:
                    found.append(read_row(_row(cells, header, Place(file, reader.line_num, 1))))
                except SnapshotError as error:
                    if instead is None:
                        problems += error.diagnostics
                    else:
                        found.append(instead(error))
    except csv.Error as error:
        problems = [Diagnostic(Place(file, reader.line_num, 1), "S103", f"not CSV: {error}")]
    if not problems and not found and empty is not None:
        problems = [Diagnostic(Place(file), "S105", empty)]
    if problems:
        raise SnapshotError(problems)
    return tuple(found)


def _row(cells: list[str], header: list[str], place: Place) -> Row:
    if len(cells) != len(header):
        message = f"{len(cells)} cells, and the header has {len(header)}"
        raise SnapshotError([Diagnostic(place, "S103", message)])
    offsets, offset = {}, 0
    for name, cell in zip(header, cells, strict=True):
        offsets[name] = offset
        offset += len(cell) + 1
    return Row({name: cell.strip() for name, cell in zip(header, cells, strict=True)}, place, offsets)


def _broken(path: Path, code: str, message: str) -> SnapshotError:
    return SnapshotError([Diagnostic(Place(str(path)), code, message)])
