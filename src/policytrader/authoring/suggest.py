"""Names as errors show them: what was written, and the nearest that is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAXIMUM_CHARACTERS = 100
_SHOWN_CHARACTERS = 60
_WORD_CHARACTERS = 4


def quoted(text: str) -> str:
    """`` `text` ``, cut short where it is long."""
    if not text.strip():
        return "(empty)"
    return f"`{text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + '…'}`"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean `x`?`` when a known name is near, or one of its words is; otherwise nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed on the way to an error

    if len(name) > _MAXIMUM_CHARACTERS:
        return ""
    names = list(known)
    if near := get_close_matches(name, names, n=1, cutoff=0.6):
        return f"; did you mean `{near[0]}`?"
    words: dict[str, str] = {}
    for one in names:
        for word in re.split(r"[_-]", one.rpartition(".")[2]):
            if len(word) >= _WORD_CHARACTERS:
                words.setdefault(word, one)
    near = get_close_matches(name.rpartition(".")[2], words, n=1, cutoff=0.75)
    return f"; did you mean `{words[near[0]]}`?" if near else ""
