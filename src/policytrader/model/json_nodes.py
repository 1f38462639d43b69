"""A JSON document that somebody else wrote, read by path: what has not the form that is known is refused.

A part that is missing is read as None all the way down; a part of another form raises ``LayoutUnknownError``. The two
are never mixed up: what a feed does not say may be asked for later, what it says in a new form is not understood.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.errors import LayoutUnknownError, printable
from policytrader.model.strict_json import refuse_constant, refuse_two_of_a_name
from policytrader.model.times import parse_utc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

MAX_TEXT = 200
MAX_ID = 32
_SHOWN = 60


def read_json(raw: bytes, feed: str) -> Node:
    """The document's root. Raises ``LayoutUnknownError`` for whatever is not one JSON object in UTF-8."""
    try:
        document = json.loads(
            raw.decode("utf-8-sig"), parse_constant=refuse_constant, object_pairs_hook=refuse_two_of_a_name
        )
    except RecursionError:
        raise layout_unknown(feed, "the answer", "nested too deeply") from None
    except ValueError as error:
        raise layout_unknown(feed, "the answer", _what_it_is(raw, error)) from None
    if not isinstance(document, dict):
        raise layout_unknown(feed, "the answer", "JSON, but not an object")
    return Node(document, "", feed)


def layout_unknown(feed: str, where: str, what: str) -> LayoutUnknownError:
    """The error: what stands where, and what to do."""
    return LayoutUnknownError(
        f"{feed}: {where} is {what}: no fixture as far as is known. Nothing is graded on it; ask again later, and if "
        "it stays so, the feed has changed: update policytrader, or settle these bets by hand"
    )


def _what_it_is(raw: bytes, error: ValueError) -> str:
    start = raw.lstrip()[:1]
    if not start:
        return "empty"
    if start == b"<":
        return "HTML instead of JSON (a browser check or an error page)"
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return f"not JSON, or cut off ({printable(reason)[:_SHOWN]})"


class Node:
    """One part of a document: its value, and the path to it (``content.lineup.lineup[0]``)."""

    __slots__ = ("feed", "path", "value")

    def __init__(self, value: Any, path: str, feed: str) -> None:
        """``feed`` is named in errors."""
        self.value = value
        self.path = path
        self.feed = feed

    @property
    def is_missing(self) -> bool:
        """Not there, or null."""
        return self.value is None

    def refuse(self, wanted: str) -> NoReturn:
        """Raise ``LayoutUnknownError`` for this part."""
        shown = printable(repr(self.value))
        shown = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        raise layout_unknown(self.feed, self.path or "the answer", f"{shown}, not {wanted}")

    def has(self, key: str) -> bool:
        """Whether an object has this name, null or not; False for a part that is missing."""
        return key in self._object()

    def __getitem__(self, key: str) -> Node:
        """A part of an object; of a missing object, a missing part."""
        name = printable(key)
        return Node(self._object().get(key), f"{self.path}.{name}" if self.path else name, self.feed)

    def parts(self) -> Iterator[tuple[str, Node]]:
        """The names and parts of an object."""
        return ((key, self[key]) for key in self._object())

    def _object(self) -> dict[str, Any]:
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.refuse("an object")
        return self.value

    def items(self) -> list[Node]:
        """The items of a list; none of a missing one."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.refuse("a list")
        return [Node(item, f"{self.path}[{index}]", self.feed) for index, item in enumerate(self.value)]

    def flag(self) -> bool | None:
        """True or false."""
        if self.value is not None and not isinstance(self.value, bool):
            self.refuse("true or false")
        value: bool | None = self.value
        return value

    def whole(self, high: int) -> int | None:
        """A whole number from 0 to ``high``."""
        value: object = self.value
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
            self.refuse(f"a whole number from 0 to {high}")
        return value

    def text(self) -> str | None:
        """A text that can be written anywhere; None for an empty one."""
        if self.value is None:
            return None
        if not isinstance(self.value, str):
            self.refuse("a text")
        # Half a surrogate pair is a string in Python and no text in any file or store.
        return printable(self.value.encode("utf-8", "replace").decode())[:MAX_TEXT] or None

    def identifier(self) -> str | None:
        """An id as text: feeds write the same one as a number here and as a text there."""
        value = self.value
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= MAX_ID:
            value = str(value)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or not (value.isascii() and value.isalnum()):
            self.refuse("an id")
        return value

    def moment(self) -> datetime | None:
        """A time with its zone, in UTC."""
        if self.value is None:
            return None
        try:
            return parse_utc(self.value if isinstance(self.value, str) else "")
        except ValueError:
            self.refuse("a time with a zone")
