"""Messages as people see them: without markup, escapes and characters that only steer how others look."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_MESSAGE = 20_000
"""Characters; a Telegram message has at most 4096."""
_LONGEST_LINE = 400

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,300}>")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\((?:https?|tg)://[^()\s]{1,300}\)")
_ESCAPE = re.compile(r"\\([_*\[\]()~`>#+\-=|{}.!\\])")
_MARKS = re.compile(r"\*+|`+|~~|\|\||__|(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_])")
# Variation selectors, joiners and marks of direction; the tags that make a country's flag stay for whoever looks at it.
_STEERING = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")


def plain_lines(message: Any) -> Iterator[str]:
    """The lines of a message that say something, in order; none for what is no text."""
    if not isinstance(message, str) or len(message) > _LONGEST_MESSAGE:
        return
    text = _STEERING.sub("", unescape(_TAG.sub("", message)))
    for written in unicodedata.normalize("NFC", text).splitlines():
        if len(written) > _LONGEST_LINE:
            continue
        line = _MARKS.sub("", _ESCAPE.sub(r"\1", _LINK.sub(r"\1", written)))
        line = " ".join(line.split())
        if line:
            yield line
