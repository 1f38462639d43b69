"""What the YAML parser complains about, told to somebody who has never heard of a flow sequence.

libyaml and the parser in pure Python word the same complaint differently; both end in one entry here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

_KEY_VALUE = (
    "Write `key: value` with a space after the colon; text that goes on from the line above is indented deeper."
)


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """A complaint in plain words; ``index`` is the character at fault, from 0."""

    index: int
    code: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class _Entry:
    pattern: str
    code: str
    message: str
    remedy: str
    at_opening: bool = False


_ESCAPE = _Entry(
    r"escape|hexa?decimal",
    "E005",
    "this is not an escape that YAML knows",
    r"Inside double quotes a backslash starts an escape: write \\ for a backslash, or use single quotes.",
)
_BLOCK_HEADER = _Entry(
    r"block scalar",
    "E005",
    "after | or > nothing else may stand on the line",
    'Quote a value that begins with | or >, such as ">= 0.5"; a block of text begins on the next line.',
    at_opening=True,
)
# The first whose pattern is in the complaint, by either parser.
_ENTRIES = (
    _Entry(
        r"quoted scalar.*(?:end of stream|document)",
        "E005",
        "the quote that opens here is never closed",
        "Close it with the same quote mark; inside '...' write '' for an apostrophe.",
        at_opening=True,
    ),
    _Entry(
        r"\b(?:anchor|alias)\b",
        "E008",
        "an anchor (`&`) or alias (`*`) is not allowed",
        "Write the value out where it is needed; quote text that begins with & or *.",
        at_opening=True,
    ),
    _Entry(
        r"\btag\b",
        "E008",
        "a tag (`!`) is not allowed",
        "Delete the tag; quote text that begins with an exclamation mark.",
        at_opening=True,
    ),
    _Entry(
        r"\bdirective\b",
        "E008",
        "a directive (`%`) is not allowed",
        "Delete the line; a line of text is indented.",
        at_opening=True,
    ),
    _ESCAPE,
    _Entry(r"nesting", "E007", "too many lists or mappings inside each other", "Write the policy in fewer levels."),
    _Entry(r"simple key", "E005", "this line is neither `key: value` nor `- item`", _KEY_VALUE, at_opening=True),
    _Entry(
        r"mapping values are not allowed",
        "E005",
        "no key can stand before this colon",
        'Quote a value that contains ": "; indent a key exactly as its neighbours, and check the line above.',
    ),
    _Entry(
        r"sequence entries are not allowed",
        "E005",
        "a list cannot begin here",
        "Begin `- ` on a line of its own below the key; quote a value that begins with a dash and a space.",
    ),
    _Entry(
        r"mapping keys are not allowed",
        "E005",
        "a value cannot begin with a question mark and a space",
        "Quote it if it is text.",
    ),
    _Entry(
        r"',' or '\]'",
        "E005",
        "the list that opens on line {line} is broken off here",
        "Put commas between the items and close the list with ].",
    ),
    _Entry(
        r"',' or '\}'",
        "E005",
        "the mapping that opens on line {line} is broken off here",
        "Put commas between the entries and close the mapping with }.",
    ),
    _BLOCK_HEADER,
    _Entry(
        r"cannot start any token",
        "E005",
        "a value cannot begin with `{character}`",
        "Quote it if it is text; quote marks go around the whole value.",
    ),
    _Entry(
        r"unexpected ':'",
        "E005",
        "this colon stands in the way",
        "Put a space and a value behind the colon of a key; quote text with a colon in it.",
    ),
    _Entry(
        r"node content",
        "E005",
        "a value is missing before this character",
        "Say the value, or delete the comma or colon too many.",
    ),
    _Entry(
        r"document start",
        "E005",
        "this stands after the end of the document",
        "Delete it, or indent it as part of the lines above.",
    ),
    _Entry(
        r"block end|expected key|'-' indicator",
        "E005",
        "this does not fit the lines above it",
        "Entries of one mapping or list begin in the same column; check the indentation, and that quotes are closed.",
    ),
)
_FALLBACK = _Entry("", "E005", "this is not YAML", _KEY_VALUE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_BROKEN_OFF = re.compile(r"',' or '[]}]'")
_UNUSABLE_ESCAPE = re.compile(
    r"\\(?:u[dD][89a-fA-F][0-9a-fA-F]{2}|U0000[dD][89a-fA-F][0-9a-fA-F]{2}|U(?!000|0010)[0-9a-fA-F]{8})"
)


def explain_syntax(error: MarkedYAMLError, text: str, after: int) -> SyntaxProblem:
    """The parser's complaint in our words, at the place where the author has to look.

    ``after`` is the index behind everything in ``text`` that was read without complaint.
    """
    complaint = f"{error.context or ''} {error.problem or ''}"
    found = error.problem_mark.index if error.problem_mark else 0
    opening = error.context_mark.index if error.context_mark else found
    if "document start" in complaint and (directive := _DIRECTIVE.search(text, after, found + 1)):
        complaint, opening = "directive", directive.start()
    entry = next((entry for entry in _ENTRIES if re.search(entry.pattern, complaint)), _FALLBACK)
    message = entry.message.format(line=text.count("\n", 0, opening) + 1, character=text[found : found + 1])
    index = opening if entry.at_opening else found
    if entry is _ESCAPE:
        # The parsers point behind the backslash, each somewhere else.
        index = max(text.rfind("\\", 0, found + 1), 0)
    elif _BROKEN_OFF.search(complaint) and text[found : found + 1] == "?":
        return explain_question_mark(text, found)
    elif not text[found:].strip() and _BROKEN_OFF.search(complaint):
        # A mark at the very end only says where the parser gave up.
        index, message = opening, message.partition(" that opens")[0] + " that opens here is never closed"
    elif not text[found:].strip() and "node content" in complaint:
        message = "the file ends where a value is expected; a [ or { is still open"
    return SyntaxProblem(index, entry.code, message, entry.remedy)


def explain_question_mark(text: str, after: int) -> SyntaxProblem:
    """A question mark in unquoted text between brackets, where it starts a key for the pure parser."""
    message = "an unquoted question mark inside [ ] or { }"
    return SyntaxProblem(text.find("?", after), "E005", message, "Quote the text that it belongs to.")


def explain_block_header(index: int) -> SyntaxProblem:
    """Something behind the ``|`` or ``>`` at ``index``; libyaml lets ``>#`` pass, the pure parser does not."""
    return SyntaxProblem(index, _BLOCK_HEADER.code, _BLOCK_HEADER.message, _BLOCK_HEADER.remedy)


def explain_escape(text: str, after: int) -> SyntaxProblem:
    r"""An escape such as ``\ud800`` that names no character; libyaml refuses it, the pure parser does not.

    ``after`` is an index before the escape, behind everything that was read without complaint.
    """
    match = _UNUSABLE_ESCAPE.search(text, after)
    return SyntaxProblem(match.start() if match else after, _ESCAPE.code, _ESCAPE.message, _ESCAPE.remedy)
