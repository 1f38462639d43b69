"""The cells in which FotMob states a count: ``4``, ``"-"``, ``"4/6 (67%)"``, ``"267 (83%)"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_COUNT = 9999
_CELL = re.compile(r"(\d{1,4})(?:/(\d{1,4}))?(?: \(\d{1,5}%\))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cell:
    """A count, and what it was counted of. ``count`` None: nobody can read this cell."""

    count: int | None
    total: int | None = None


def read_cell(value: object, total: object = None) -> Cell:
    """The cell's numbers; ``total`` where the layout states it beside the value."""
    if isinstance(value, str) and total is None:
        if value == "-":
            return Cell(0)
        match = _CELL.fullmatch(value)
        return Cell(int(match[1]), int(match[2]) if match[2] else None) if match else Cell(None)
    count, of = _whole(value), _whole(total)
    return Cell(None) if count is None or (total is not None and of is None) else Cell(count, of)


def _whole(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT else None
