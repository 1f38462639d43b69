"""Intents: the states' order, and what the limits count in each."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.journal import (
    OPEN_STATES,
    TRANSITIONS,
    BetSizes,
    Control,
    ControlKind,
    Evidence,
    IntentState,
    JournalEntry,
    control_state_of,
    may_become,
)
from policytrader.model.snapshot import OrderStatus, Side
from tests.contracts.store_contract import an_intent
from tests.one_day import AT
from tests.strategies import amounts, ladder_prices, sides


def an_entry(state: IntentState, sizes: BetSizes | None = None, side: Side = Side.LAY) -> JournalEntry:
    intent = an_intent("i1", side=side, price=Decimal("5.00"), size=Decimal("10.00"))
    return JournalEntry(intent=intent, epoch=1, state=state, mode="paper", updated_at=AT, sizes=sizes)


def test_every_state_leads_somewhere_or_is_final() -> None:
    assert set(TRANSITIONS) == set(IntentState)
    assert {state for state, following in TRANSITIONS.items() if not following} == {IntentState.DEAD, IntentState.DONE}
    assert {IntentState.DECIDED, IntentState.DEAD, IntentState.DONE} == set(IntentState) - OPEN_STATES


def test_nothing_is_sent_twice_or_comes_back_to_life() -> None:
    reachable = {state: _after(state) for state in IntentState}
    for state in IntentState:
        assert state not in reachable[state]
    assert IntentState.SENT not in reachable[IntentState.UNKNOWN]
    assert not may_become(IntentState.SEEN, IntentState.DEAD)
    assert not may_become(IntentState.RESERVED, IntentState.SEEN)


def _after(state: IntentState) -> set[IntentState]:
    found: set[IntentState] = set()
    waiting = [state]
    while waiting:
        new = TRANSITIONS[waiting.pop()] - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize(
    ("state", "sizes", "exposure"),
    [
        (IntentState.DECIDED, None, "0"),
        (IntentState.RESERVED, None, "40"),
        (IntentState.SENT, None, "40"),
        (IntentState.UNKNOWN, None, "40"),
        (IntentState.UNKNOWN, BetSizes(cancelled=Decimal(10)), "40"),
        (IntentState.SEEN, None, "40"),
        (IntentState.SEEN, BetSizes(remaining=Decimal(10)), "40"),
        # The exchange has told of a part only: the rest still counts.
        (IntentState.SEEN, BetSizes(matched=Decimal(2), average_price_matched=Decimal(5)), "40"),
        (IntentState.SEEN, BetSizes(matched=Decimal(4), average_price_matched=Decimal("4.5"), lapsed=Decimal(6)), "14"),
        # Matched worse than asked for: impossible, and counted all the same.
        (IntentState.SEEN, BetSizes(matched=Decimal(10), average_price_matched=Decimal(6)), "50"),
        (IntentState.DEAD, None, "0"),
        (IntentState.DONE, BetSizes(matched=Decimal(4), average_price_matched=Decimal("4.5")), "14"),
        (IntentState.DONE, BetSizes(matched=Decimal(4)), "16"),
        (IntentState.DONE, BetSizes(voided=Decimal(10)), "0"),
    ],
)
def test_what_the_limits_count(state: IntentState, sizes: BetSizes | None, exposure: str) -> None:
    assert an_entry(state, sizes).exposure == Decimal(exposure)


@given(price=ladder_prices, size=amounts("0.01", "5000"), side=sides, data=st.data())
def test_a_seen_bet_never_counts_less_than_what_may_be_lost(
    price: Decimal, size: Decimal, side: Side, data: st.DataObject
) -> None:
    matched = data.draw(amounts("0", str(size)))
    gone = data.draw(amounts("0", str(size - matched)))
    sizes = BetSizes(
        matched=matched, average_price_matched=price if matched else None, remaining=size - matched - gone, lapsed=gone
    )
    intent = an_intent("i1", side=side, price=price, size=size)
    entry = JournalEntry(intent=intent, epoch=1, state=IntentState.SEEN, mode="paper", updated_at=AT, sizes=sizes)
    at_risk = (size - gone) * (price - 1 if side is Side.LAY else 1)
    assert entry.exposure == at_risk <= intent.reservation


def test_in_a_snapshot_its_whole_size_is_reserved() -> None:
    order = an_entry(IntentState.SENT).as_order()
    assert (order.order_ref, order.status, order.size_matched, order.size_remaining) == (
        "i1", OrderStatus.UNKNOWN, Decimal(0), Decimal("10.00"),
    )  # fmt: skip


def test_evidence_that_is_none() -> None:
    for state, bet_id in (
        (IntentState.SEEN, None),
        (IntentState.DEAD, "31"),
        (IntentState.UNKNOWN, "31"),
        (IntentState.DONE, None),
        (IntentState.SENT, None),
    ):
        with pytest.raises(ValueError, match=r"bet_id|resolved"):
            Evidence(state=state, code="X", bet_id=bet_id)


def test_a_lever_has_a_name_and_a_reason() -> None:
    kill = Control(kind=ControlKind.KILL, at=AT, who="ann", why="odd prices")
    for wrong in ({"who": " "}, {"why": ""}, {"cause": "max_daily_loss"}, {"kind": ControlKind.LATCH}):
        with pytest.raises(ValueError, match=r"needs a name|has a cause"):
            replace(kill, **wrong)
    resume = replace(kill, kind=ControlKind.RESUME)
    assert control_state_of((kill, resume)).may_open
    assert not control_state_of((kill, resume, kill)).may_open
    assert not control_state_of((replace(kill, kind=ControlKind.PAUSE),)).may_open
