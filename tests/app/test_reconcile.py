"""Reconciliation: what is found of each intent, and above all what is not."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.app.reconcile import Finding, Found, Reading, judge
from policytrader.model.journal import IntentState
from policytrader.ports import ClearedStatus
from tests.app.journal_rows import MARKET, a_bet, an_entry, cleared, sizes

if TYPE_CHECKING:
    from policytrader.model.bets import Bet
    from policytrader.model.journal import JournalEntry
    from policytrader.ports import ClearedBet

OPEN_FATES = (IntentState.RESERVED, IntentState.SENT, IntentState.UNKNOWN)


def look(
    *entries: JournalEntry,
    current: tuple[Bet, ...] = (),
    over: tuple[ClearedBet, ...] = (),
    closed: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    return judge(entries, Reading(current=current, cleared=over, closed_markets=frozenset(closed)), "pt")


def found(*findings: Finding) -> list[Found]:
    return [finding.found for finding in findings]


@pytest.mark.parametrize("state", OPEN_FATES)
def test_absence_alone_is_no_evidence(state: IntentState) -> None:
    assert look(an_entry(state=state)) == ()
    assert look(an_entry(state=state), closed=("1.999",)) == ()


@pytest.mark.parametrize("state", OPEN_FATES)
def test_a_closed_market_without_a_bet_is(state: IntentState) -> None:
    (dead,) = look(an_entry(state=state), closed=(MARKET,))
    assert (dead.found, dead.ref, dead.code) == (Found.DEAD, "r1", "market_closed")


@pytest.mark.parametrize("state", OPEN_FATES)
def test_a_listed_bet_is_seen_with_its_sizes(state: IntentState) -> None:
    (seen,) = look(an_entry(state=state), current=(a_bet(matched="4", remaining="6"),))
    assert (seen.found, seen.bet_id, seen.sizes) == (Found.SEEN, "91", sizes("4", remaining="6"))


@pytest.mark.parametrize("state", OPEN_FATES)
def test_a_cleared_bet_is_seen_and_over(state: IntentState) -> None:
    parts = (cleared(), cleared(status=ClearedStatus.LAPSED, size=a_bet().size, price=None))
    findings = look(an_entry(state=state), over=parts, closed=(MARKET,))
    assert found(*findings) == [Found.SEEN, Found.FINISHED]
    assert findings[1].sizes == sizes("10", lapsed="10")


def test_sizes_that_changed_are_told_and_others_are_not() -> None:
    entry = an_entry(sizes=sizes("4", remaining="6"))
    assert look(entry, current=(a_bet(matched="4", remaining="6"),)) == ()
    assert found(*look(entry, current=(a_bet(matched="5", remaining="5"),))) == [Found.SIZES]


def test_nothing_matched_and_nothing_open_is_over_before_the_result() -> None:
    bet = a_bet(matched="0", size_cancelled=a_bet().size)
    assert found(*look(an_entry(sizes=sizes("0", remaining="10")), current=(bet,))) == [Found.SIZES, Found.FINISHED]
    assert found(*look(an_entry(state=IntentState.DONE, sizes=sizes("0")), current=(bet,))) == []


def test_a_bet_that_was_listed_and_is_not_any_more_is_lost() -> None:
    listed, answered = an_entry(sizes=sizes("4", remaining="6")), an_entry()
    assert found(*look(listed)) == [Found.LOST]
    assert look(answered) == (), "an answer spoke of it; the list may be late"
    assert look(listed, closed=(MARKET,)) == (), "it will be among the cleared ones"


def test_what_no_intent_explains() -> None:
    orphan = look(current=(a_bet("r7"), a_bet("r7", bet_id="98")), over=(cleared("r7"),))
    assert [(one.found, one.bet_id) for one in orphan] == [(Found.ORPHAN, "97"), (Found.ORPHAN, "98")]
    assert look(current=(a_bet("r7", strategy_ref=None), a_bet(None, strategy_ref="other"))) == ()


def test_a_bet_for_a_dead_intent_has_risen() -> None:
    assert found(*look(an_entry(state=IntentState.DEAD), current=(a_bet(),))) == [Found.RISEN]
    assert found(*look(an_entry(state=IntentState.DEAD), over=(cleared(),))) == [Found.RISEN]
    assert look(an_entry(state=IntentState.DEAD), closed=(MARKET,)) == ()


def test_two_bets_for_one_intent() -> None:
    assert found(*look(an_entry(bet_id="55"), current=(a_bet(),))) == [Found.OTHER_BET]
    assert found(*look(an_entry(bet_id="55"), over=(cleared(),))) == [Found.OTHER_BET]


def test_a_bet_that_is_listed_twice_counts_once_as_it_was_last() -> None:
    older, newer = a_bet(matched="4", remaining="6"), a_bet(matched="10", remaining="0")
    for listed in ((older, newer), (newer, older)):
        assert Reading(current=listed, cleared=(), closed_markets=frozenset()).current == (newer,)


def test_a_market_settled_between_two_readings_leaves_the_rest_for_the_next_one() -> None:
    cancelled = cleared(status=ClearedStatus.CANCELLED, size=Decimal("0.50"), price=None)
    entry = an_entry(sizes=sizes("9.50", cancelled="0.50"))
    assert look(entry, over=(cancelled,)) == ()
    assert found(*look(entry, over=(cancelled, cleared(size=Decimal("9.50"))))) == [Found.FINISHED]
    # The exchange clears one part after the other, also in a market that is closed.
    assert look(entry, over=(cancelled,), closed=(MARKET,)) == ()
