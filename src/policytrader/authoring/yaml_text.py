"""The bytes of a policy file: size, encoding, and no character that an author could not see."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from typing import Final, NoReturn

from policytrader.errors import Diagnostic, Place, PolicyError

MAXIMUM_BYTES: Final = 256 * 1024
TOO_LARGE: Final = (
    "E002",
    f"the file is larger than {MAXIMUM_BYTES // 1024} KB",
    "Split the policy into several files.",
)
"""Code, message and remedy."""
MAXIMUM_DIAGNOSTICS: Final = 50

# Invisible, although Unicode files them under letters, marks and symbols.
_BLANK_CHARACTERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


class EnoughError(Exception):
    """Nothing more is worth reading: a limit was passed or there are problems enough."""


class Problems:
    """What was found so far in one file."""

    def __init__(self, file: str) -> None:
        """Nothing found yet in ``file``, whose ``lines`` are set as soon as they are known."""
        self.file = file
        self.lines: tuple[str, ...] = ()
        self.found: list[Diagnostic] = []

    def add(self, place: Place, code: str, message: str, remedy: str) -> None:
        """Keep one finding; raises ``EnoughError`` when there are as many as are told."""
        self.found.append(Diagnostic(place, code, message, remedy, source_line(self.lines, place.line)))
        if len(self.found) >= MAXIMUM_DIAGNOSTICS:
            raise EnoughError

    def stop(self, place: Place, code: str, message: str, remedy: str) -> NoReturn:
        """Keep one finding behind which nothing can be read."""
        self.add(place, code, message, remedy)
        raise EnoughError

    def refuse(self, code: str, message: str, remedy: str, place: Place | None = None) -> NoReturn:
        """Refuse the file as a whole, before anything in it was read."""
        place = place or Place(self.file)
        raise PolicyError([Diagnostic(place, code, message, remedy, source_line(self.lines, place.line))])

    def raise_if_any(self) -> None:
        """Raise ``PolicyError`` with what was found, in the order of places."""
        if self.found:
            raise PolicyError(sorted(self.found, key=lambda found: (found.place, found.code)))


def source_line(lines: tuple[str, ...], line: int) -> str:
    """The line of that number, from 1; empty where there is none."""
    return lines[line - 1] if 0 < line <= len(lines) else ""


def decode(data: bytes, problems: Problems) -> str:
    r"""The text with ``\n`` between lines. Raises ``PolicyError`` (E002, E003)."""
    if len(data) > MAXIMUM_BYTES:
        problems.refuse(*TOO_LARGE)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.refuse("E003", "the file is UTF-16, not UTF-8", "Save it as UTF-8 in your editor.")
    try:
        return _normalize(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = _normalize(data[: error.start].decode("utf-8"))
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problems.lines = tuple(_make_visible(_normalize(data.decode("utf-8", "replace"))).split("\n"))
        problems.refuse(
            "E003",
            f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8",
            "Save the file as UTF-8 in your editor and type the character again.",
            Place(problems.file, line, column),
        )


def _normalize(text: str) -> str:
    # A byte order mark at the very start is harmless: some editors cannot save without one.
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _find_forbidden(text: str) -> re.Pattern[str] | None:
    forbidden = sorted(filter(is_forbidden, set(text)))
    return re.compile("([" + "".join(map(re.escape, forbidden)) + r"])\1*") if forbidden else None


def is_forbidden(character: str) -> bool:
    """Whether an author could not see the character in an editor, or could not know what it does."""
    if character in " \n":
        return False
    return unicodedata.category(character) in _FORBIDDEN_CATEGORIES or character in _BLANK_CHARACTERS


def _make_visible(text: str) -> str:
    """The same text at the same places, safe to print: no control of the terminal, no hidden marks."""
    forbidden = _find_forbidden(text)
    if forbidden is None:
        return text
    return forbidden.sub(
        lambda match: ("\t" if match[1] == "\t" else "\N{REPLACEMENT CHARACTER}") * len(match[0]), text
    )


def check_characters(problems: Problems) -> None:
    """Find tabs (E005) and characters that are invisible, unassigned or controls (E004)."""
    text = "\n".join(problems.lines)
    forbidden = _find_forbidden(text)
    if forbidden is None:
        return
    lines, problems.lines = problems.lines, tuple(_make_visible(text).split("\n"))
    with suppress(EnoughError):
        for number, line in enumerate(lines, start=1):
            for match in forbidden.finditer(line):
                place = Place(problems.file, number, match.start() + 1, len(match[0]))
                _add_forbidden(problems, place, match[1])


def _add_forbidden(problems: Problems, place: Place, character: str) -> None:
    if character == "\t":
        remedy = r"Write spaces; YAML is indented with spaces only. In double quotes a tab is written \t."
        problems.add(place, "E005", "a tab character", remedy)
    else:
        remedy = "Delete it or type the text again; words are separated by the plain space."
        problems.add(place, "E004", f"forbidden character {name_character(character)}", remedy)


def name_character(character: str) -> str:
    """Number and Unicode name, such as ``U+00A0 (no-break space)``."""
    unnamed = {"Cc": "control character", "Co": "private use", "Cs": "surrogate"}
    name = unicodedata.name(character, "").lower() or unnamed.get(unicodedata.category(character), "unassigned")
    return f"U+{ord(character):04X} ({name})"
