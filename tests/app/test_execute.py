"""Sending: an intent that could not be marked as sent is given up, for nothing left the process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from policytrader.app.execute import NOT_SENT, Executor
from policytrader.errors import StoreError, StoreUnknownError
from policytrader.model.journal import IntentState
from tests.app.journal_rows import AT, an_entry, an_intent


class FailingJournal:
    """Reserves; fails to mark."""

    def __init__(self, error: StoreError) -> None:
        self.error = error
        self.resolved: list[tuple[str, IntentState, str]] = []

    def reserve(self, *_: Any) -> None:
        pass

    def mark_sent(self, *_: Any) -> None:
        raise self.error

    def intent(self, ref: str) -> Any:
        return an_entry(ref, IntentState.RESERVED)

    def resolve(self, ref: str, evidence: Any, _: Any) -> None:
        self.resolved.append((ref, evidence.state, evidence.code))


@pytest.mark.parametrize("error", [StoreError("the store is full", "full"), StoreUnknownError("the answer was lost")])
def test_what_could_not_be_marked_is_not_sent_and_dead(error: StoreError) -> None:
    journal: Any = FailingJournal(error)
    exchange: Any = SimpleNamespace()  # to place anything would fail
    clock: Any = SimpleNamespace(now=lambda: AT)
    lease: Any = None
    with pytest.raises(StoreError):
        Executor(exchange, journal, clock).execute(an_intent(), lease)
    assert journal.resolved == [("r1", IntentState.DEAD, NOT_SENT)]
