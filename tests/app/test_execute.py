"""Sending: an intent that could not be marked as sent, or was so too late, is given up: nothing left the process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from policytrader.app.execute import Executor, request_of
from policytrader.errors import StoreError, StoreUnknownError
from policytrader.model.journal import NOT_SENT, IntentState
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest, Reaction
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


class WorkingJournal(FailingJournal):
    """Takes everything."""

    def mark_sent(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(("seconds", "sent"), [(0, ["r1"]), (-0.001, [])])
def test_an_order_that_the_store_held_up_is_not_sent_after_its_time(seconds: float, sent: list[str]) -> None:
    journal: Any = WorkingJournal(StoreError("never raised", "failed"))
    placed: list[str] = []
    told: list[str] = []
    answer = OrderAnswer(fate=Fate.UNKNOWN, code="TIMEOUT")

    def place(order: OrderRequest) -> OrderAnswer:
        placed.append(order.order_ref)
        return answer

    exchange: Any = SimpleNamespace(place=place)
    clock: Any = SimpleNamespace(now=lambda: AT)
    lease: Any = None
    executor = Executor(exchange, journal, clock, lambda intent, _: told.append(intent.ref))
    done = executor.execute(an_intent(), lease, AT + timedelta(seconds=seconds))
    assert (placed, told) == (sent, sent)
    assert [state for _, state, _ in journal.resolved] == [IntentState.UNKNOWN if sent else IntentState.DEAD]
    # Whatever else was decided on the same prices is too old as well: the tick ends.
    assert sent or Reaction.BACK_OFF in done.answer.reactions


def test_what_is_sent_is_what_was_reserved() -> None:
    intent = replace(an_intent(), payout=Decimal("10.00"))
    order = request_of(intent)
    same = ("market_id", "selection_id", "side", "price", "size", "strategy_ref", "market_version", "payout")
    assert [getattr(order, name) for name in same] == [getattr(intent, name) for name in same]
    assert order.order_ref == order.request_ref == intent.ref
