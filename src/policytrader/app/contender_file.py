"""``contenders.csv``: which horses a trader thinks can win."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from policytrader.app.contenders import Mark
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("race_time", "course", "horse", "contender")
_WORDS = {"contender": True, "not-contender": False, "true": True, "false": False}
_MOST_BYTES = 4_000_000
_LONGEST = 100


def read_mark_file(path: Path) -> tuple[Mark, ...]:
    """The marks of a CSV file. Raises ``SnapshotError`` with every problem of every row."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _broken(str(path), "S101", f"cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise _broken(str(path), "S102", "too large for a file of contenders")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _broken(str(path), "S102", "not UTF-8 text") from None
    return read_marks(text, str(path))


def read_marks(text: str, file: str) -> tuple[Mark, ...]:
    """The marks of a text with a header line; ``file`` is its name in messages."""
    reader = csv.reader(io.StringIO(text), strict=True)
    marks: list[Mark] = []
    problems: list[Diagnostic] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            message = f"the columns are {', '.join(header) or 'none'}"
            problems.append(Diagnostic(Place(file, 1, 1), "S104", message, f"They must be {', '.join(COLUMNS)}."))
        for cells in reader if not problems else ():
            if any(cell.strip() for cell in cells):
                _read_row([cell.strip() for cell in cells], header, Place(file, reader.line_num, 1), marks, problems)
    except csv.Error as error:
        problems = [Diagnostic(Place(file, reader.line_num, 1), "S103", f"not CSV: {error}")]
    if not problems and not marks:
        problems = [Diagnostic(Place(file), "S105", "the file marks no horse")]
    if problems:
        raise SnapshotError(problems)
    return tuple(marks)


def _read_row(cells: list[str], header: list[str], place: Place, marks: list[Mark], problems: list[Diagnostic]) -> None:
    if len(cells) != len(header):
        problems.append(Diagnostic(place, "S103", f"{len(cells)} cells, and the header has {len(header)}"))
        return
    row = dict(zip(header, cells, strict=True))
    found = len(problems)
    problems += [Diagnostic(place, "S105", f"{name}: missing") for name in COLUMNS if not row[name]]
    problems += [
        Diagnostic(place, "S113", f"{name}: too long, or with characters that cannot be seen")
        for name in COLUMNS
        if len(row[name]) > _LONGEST or not row[name].isprintable()
    ]
    if len(problems) > found:
        return
    is_contender = _WORDS.get(row["contender"].casefold())
    if is_contender is None:
        message = f"contender: {row['contender']} is not one of {', '.join(_WORDS)}"
        problems.append(Diagnostic(place, "S107", message))
        return
    try:
        race_time = parse_utc(row["race_time"])
    except ValueError as error:
        problems.append(Diagnostic(place, "S108", f"race_time: {row['race_time']} is {error}"))
        return
    marks.append(
        Mark(is_contender=is_contender, race_time=race_time, course=row["course"], horse=row["horse"], place=place)
    )


def _broken(file: str, code: str, message: str) -> SnapshotError:
    return SnapshotError([Diagnostic(Place(file), code, message)])
