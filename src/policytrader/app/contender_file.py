"""``contenders.csv``: which horses a trader thinks can win."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.contenders import Mark
from policytrader.app.csv_rows import UNFIT, Row, is_fit, read_rows, read_text
from policytrader.errors import Diagnostic, Place, SnapshotError
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("race_time", "course", "horse", "contender")
_WORDS = {"contender": True, "not-contender": False, "true": True, "false": False}


def read_mark_file(path: Path) -> tuple[Mark, ...]:
    """The marks of a CSV file. Raises ``SnapshotError`` with every problem of every row."""
    return read_marks(read_text(path, "contenders"), str(path))


def read_marks(text: str, file: str) -> tuple[Mark, ...]:
    """The marks of a text with a header line; ``file`` is its name in messages."""
    return read_rows(text, file, check_header=_check_header, read_row=_mark, empty="the file marks no horse")


def _check_header(header: list[str], place: Place) -> list[Diagnostic]:
    if sorted(header) == sorted(COLUMNS):
        return []
    message = f"the columns are {', '.join(header) or 'none'}"
    return [Diagnostic(place, "S104", message, f"They must be {', '.join(COLUMNS)}.")]


def _mark(row: Row) -> Mark:
    cells, place = row.cells, row.place
    problems = [Diagnostic(place, "S105", f"{name}: missing") for name in COLUMNS if not cells[name]]
    problems += [Diagnostic(place, "S113", f"{name}: {UNFIT}") for name in COLUMNS if not is_fit(cells[name])]
    if problems:
        raise SnapshotError(problems)
    is_contender = _WORDS.get(cells["contender"].casefold())
    if is_contender is None:
        message = f"contender: {cells['contender']} is not one of {', '.join(_WORDS)}"
        raise SnapshotError([Diagnostic(place, "S107", message)])
    try:
        race_time = parse_utc(cells["race_time"])
    except ValueError as error:
        message = f"race_time: {cells['race_time']} is {error}"
        raise SnapshotError([Diagnostic(place, "S108", message)]) from None
    return Mark(
        is_contender=is_contender, race_time=race_time, course=cells["course"], horse=cells["horse"], place=place
    )
