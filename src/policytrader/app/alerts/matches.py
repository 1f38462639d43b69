"""Matches as alerts write them: ``Home vs Away``."""

from __future__ import annotations

import re
from typing import Any

_LONGEST_TEAM = 80
_VERSUS = re.compile(r"(?P<home>\S.*?)\s+(?:vs?\.?)\s+(?P<away>\S.*)", re.IGNORECASE)
_DASH = re.compile(r"(?P<home>\S.*?)\s+[-\u2013\u2014]\s+(?P<away>\S.*)")
_LETTER = re.compile(r"[^\W\d_]")


def read_match(text: Any) -> str | None:
    """``Home vs Away`` in that form, or None. A selection behind a ``|`` is cut off: it is no part of a name."""
    sides = match_sides(text)
    return f"{sides[0]} vs {sides[1]}" if sides is not None else None


def match_sides(text: Any) -> tuple[str, str] | None:
    """The home and the away team of a match's name as written, or None where it does not have two."""
    if not isinstance(text, str):
        return None
    line = " ".join(text.partition("|")[0].split())
    found = _VERSUS.fullmatch(line) or _DASH.fullmatch(line)
    if found is None:
        return None
    sides = found["home"], found["away"]
    return sides if all(len(side) <= _LONGEST_TEAM and _LETTER.search(side) for side in sides) else None
