"""The journal over all days, and the newest leader: what a person asks who does not know the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.journal import EventKind, IntentState
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from policytrader.model.journal import JournalEntry, JournalEvent
    from policytrader.ports.store import JournalStore

_PAGE = 1000


def journal_of(store: JournalStore, day: date | None, account: str | None = None) -> tuple[JournalEntry, ...]:
    """The intents of a London day, else of every day on which one was reserved; oldest first."""
    if day is not None:
        return store.intents(day, account)
    days = sorted({london_day(event.at) for event in _events(store, IntentState.RESERVED)})
    return tuple(entry for one in days for entry in store.intents(one, account))


def last_account(store: JournalStore) -> str | None:
    """The account that was led last; None where none ever was."""
    found = None
    for event in _events(store, EventKind.LEAD):
        found = event.code
    return found


def _events(store: JournalStore, kind: str) -> Iterator[JournalEvent]:
    after = 0
    while page := store.events(after=after, limit=_PAGE):
        yield from (event for event in page if event.kind == kind)
        after = page[-1].seq
