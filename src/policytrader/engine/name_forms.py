"""What two spellings of a name have in common, word by word: pure comparison, no decision."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from anyascii import anyascii
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MAXIMUM_CHARACTERS: Final = 200
"""A longer text is no name; the longest full names of footballers have some 60 characters."""

_DROPPED: Final = frozenset(".'`´‘’ʻʼʹ′＇")  # noqa: RUF001 - these are what people type for an apostrophe
_LATIN_DROPPED: Final = str.maketrans("", "", ".'`")
_LEAST_LETTERS_JOINED: Final = 3
_LEAST_LETTERS_OF_ENDING: Final = 4
_EDITS_BY_LETTERS: Final = ((9, 2), (4, 1))
"""How many slips of the finger a word of so many letters may hold; shorter ones hold none: Jan is not Jon."""


@lru_cache(maxsize=16_384)
def normalise(text: str) -> str:
    """Lower-case Latin words and digits, one space between: ``O&#39;Brien`` is ``obrien``, ``Aït-Nouri`` ``ait nouri``.

    Entities are read, accents and other alphabets written in Latin letters, dots and apostrophes dropped; every other
    sign, emoji included, is a space. Empty for a text without letters or digits, and for one too long to be a name.
    """
    if len(text) > MAXIMUM_CHARACTERS:
        return ""
    plain = "".join(map(_kept, html.unescape(html.unescape(text))))  # twice: some feeds escape what is escaped already
    latin = anyascii(plain).lower().translate(_LATIN_DROPPED)
    form = " ".join(re.findall(r"[a-z0-9]+", latin))
    return form if len(form) <= MAXIMUM_CHARACTERS else ""


def _kept(character: str) -> str:
    # Emoji must go before anyascii, which would spell them out.
    category = unicodedata.category(character)
    if character in _DROPPED or category == "Cf":
        return ""
    return character if category[0] in "LMN" else " "


@lru_cache(maxsize=16_384)
def words_that_count(form: str, ignored: frozenset[str]) -> tuple[str, ...]:
    """The words of a normalised name without the ignored ones; all of them where none would be left."""
    words = tuple(form.split())
    return tuple(word for word in words if word not in ignored) or words


def join_as(form: str, other: str) -> str:
    """The name, with neighbours joined where the other has them as one word: ``mac allister`` as ``macallister``."""
    words, squeezed = form.split(), form.replace(" ", "")
    wanted = {word for word in other.split() if len(word) >= _LEAST_LETTERS_JOINED and word in squeezed}.difference(
        words
    )
    if not wanted:
        return form
    joined: list[str] = []
    start = 0
    while start < len(words):
        ends = range(len(words), start + 1, -1)
        end = next((end for end in ends if "".join(words[start:end]) in wanted), start + 1)
        joined.append("".join(words[start:end]))
        start = end
    return " ".join(joined)


@dataclass(frozen=True, slots=True)
class Pair:
    """A word of the shorter name and the one of the longer that it stands for.

    ``position`` counts the longer name's words from 0. ``is_whole`` tells a word, or its usual other form, from
    its mere beginning or end; ``edits`` are the letters that differ through a slip.
    """

    word: str
    position: int
    is_whole: bool
    edits: int = 0


def pair_words(
    shorter: Sequence[str], longer: Sequence[str], other_forms: Mapping[str, Collection[str]]
) -> tuple[Pair, ...] | None:
    """Each word of the shorter name with a word of its own in the longer; ``None`` where one has no counterpart.

    Equal words find each other first, then usual other forms of a word (Matty for Matthew), then misspelt words, then
    parts of words. ``other_forms`` gives, for a word, what else it may be written as.
    """

    def pair_other_form(word: str, position: int, other: str) -> Pair | None:
        return Pair(word, position, is_whole=True) if other in other_forms.get(word, ()) else None

    free = dict(enumerate(longer))
    waiting = list(shorter)
    pairs: list[Pair] = []
    for pair_two in (_pair_equal, pair_other_form, _pair_misspelt, _pair_part):
        unpaired = []
        for word in waiting:
            found = next((pair for position, other in free.items() if (pair := pair_two(word, position, other))), None)
            if found is None:
                unpaired.append(word)
            else:
                del free[found.position]
                pairs.append(found)
        waiting = unpaired
    return None if waiting else tuple(pairs)


def _pair_equal(word: str, position: int, other: str) -> Pair | None:
    return Pair(word, position, is_whole=len(word) > 1) if word == other else None


def _pair_misspelt(word: str, position: int, other: str) -> Pair | None:
    """One slip, two in a long word. The first letter is rarely the wrong one: Hernandez is not Fernandez."""
    letters = max(len(word), len(other))
    allowed = next((edits for least, edits in _EDITS_BY_LETTERS if letters >= least), 0)
    if not allowed or word[0] != other[0]:
        return None
    edits = OSA.distance(word, other, score_cutoff=allowed)
    return Pair(word, position, is_whole=True, edits=edits) if edits <= allowed else None


def _pair_part(word: str, position: int, other: str) -> Pair | None:
    """``M`` and ``Mo`` begin Mohamed; ``Tino`` ends Valentino."""
    short, full = sorted((word, other), key=len)
    is_part = full.startswith(short) or (len(short) >= _LEAST_LETTERS_OF_ENDING and full.endswith(short))
    return Pair(word, position, is_whole=False) if is_part else None
