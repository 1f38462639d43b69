"""Books of the stream as they were parsed, until the stream says something new of their market.

A tick reads every book, and between two ticks most markets stand still: to parse them all again is most of what the
reading costs. The stream's lock is held around each call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.model.books import LiveMarket


@dataclass(slots=True)
class Entry:
    """A book; None while it is not parsed, or cannot be."""

    book: LiveMarket | None = None


class ParsedBooks:
    """What is known by market."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def known(self, market_ids: Iterable[str]) -> dict[str, LiveMarket]:
        """The books of these markets that still count, as far as there are any."""
        return {one: entry.book for one in market_ids if (entry := self._entries.get(one)) and entry.book is not None}

    def expect(self, market_id: str) -> Entry:
        """Where the book that is parsed now goes. Once its market changes, nobody finds the entry any more."""
        entry = self._entries[market_id] = Entry()
        return entry

    def take(self, data: dict[str, Any]) -> None:
        """A message is about to change books: those of its markets count no more, and after an image none does."""
        changes, kind = data.get("mc") or (), data.get("ct")
        if kind not in {None, "HEARTBEAT"} or any(change.get("img") for change in changes):
            self.forget()
        for change in changes:
            self._entries.pop(change.get("id"), None)

    def forget(self) -> None:
        """Nothing counts any more."""
        self._entries.clear()
