"""What users may do with their bets, step by step and in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.app.tracking.book import Answer, BetBook
from policytrader.app.tracking.new_bet import Request
from policytrader.errors import StoreError, StoreUnknownError
from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By, Change, HistoryEntry, TrackedBet
from policytrader.ports.bet_store import Owner
from tests.memory_bet_store import MemoryBetStore
from tests.tracked_bets import ALERT, OTHER, OWNER, MadeBook, pay

Act = Callable[[BetBook, Owner, Any], Answer]

CHANGES: dict[str, Act] = {
    "result": lambda book, owner, bet_id: book.set_result(owner, bet_id, "won", 2.0, is_manual=True),
    "stake": lambda book, owner, bet_id: book.set_stake(owner, bet_id, 20.0),
    "odds": lambda book, owner, bet_id: book.set_odds(owner, bet_id, 2.3),
    "closing odds": lambda book, owner, bet_id: book.set_closing_odds(owner, bet_id, 2.0),
    "labels": lambda book, owner, bet_id: book.set_labels(owner, bet_id, ["acca"], "a note"),
    "delete": lambda book, owner, bet_id: book.delete(owner, bet_id),
}


@pytest.fixture
def made() -> MadeBook:
    return MadeBook()


def grade(made: MadeBook, bet: TrackedBet, outcome: Outcome) -> bool:
    """As a grader does: from the stored bet, and never past a person."""
    there = made.stored(bet)
    if there.manual_override or there.deleted_at is not None:
        return False
    money = pay(there, outcome)
    changed = replace(
        there, status=outcome, actual_value=Decimal(1), returns=money.returns, profit_loss=money.profit_loss,
        settled_at=made.clock.now(), version=there.version + 1,
        result=replace(there.result, reason=Reason.LINE, rule_id="line", policy_hash="h", graded_at=made.clock.now()),
    )  # fmt: skip
    entry = HistoryEntry(
        bet_id=bet.bet_id, user_id=bet.user_id, version=changed.version, at=made.clock.now(), by=By.GRADER,
        reason=Reason.LINE, from_status=there.status, to_status=outcome, actual_from=there.actual_value,
        actual_to=Decimal(1), rule_id="line", policy_hash="h",
    )  # fmt: skip
    return made.store.replace(changed, entry)


# --- results ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "returns", "profit"),
    [("won", "21.00", "11.00"), ("lost", "0", "-10"), ("refund", "10", "0"), ("half_win", "15.50", "5.50"),
     ("half_loss", "5", "-5")],
)  # fmt: skip
def test_a_result_by_hand(made: MadeBook, status: str, returns: str, profit: str) -> None:
    bet = made.tracked()
    answer = made.book.set_result(OWNER, bet.bet_id, status, 2.0, is_manual=True)
    assert answer.is_done
    found = made.stored(bet)
    assert (found.status, found.actual_value, found.manual_override) == (Outcome(status), Decimal(2), True)
    assert (found.returns, found.profit_loss) == (Decimal(returns), Decimal(profit))
    now = made.clock.now()
    assert (found.settled_at, found.result.graded_at, found.result.reason) == (now, now, "manual")
    assert (found.result.rule_id, found.result.policy_hash) == (None, None)
    entry = made.store.history(OWNER, bet.bet_id)[-1]
    assert (entry.by, entry.reason, entry.from_status, entry.to_status) == (By.PERSON, "manual", "pending", status)


def test_returns_are_rounded_half_up_once(made: MadeBook) -> None:
    bet = made.tracked(stake=3.35, Odds=1.9)  # 3.35 x 1.9 = 6.365; (1.9 + 1) / 2 x 3.35 = 4.8575
    made.book.set_result(OWNER, bet.bet_id, "won", is_manual=True)
    assert made.stored(bet).returns == Decimal("6.37")
    made.book.set_result(OWNER, bet.bet_id, "half_win", is_manual=True)
    assert (made.stored(bet).returns, made.stored(bet).profit_loss) == (Decimal("4.86"), Decimal("1.51"))


@pytest.mark.parametrize("status", ["void", "push", "voided", "WON", " won", "", None, 1, True, ["won"], "cashed out"])
def test_an_unknown_word_changes_nothing(made: MadeBook, status: object) -> None:
    bet = made.tracked()
    answer = made.book.set_result(OWNER, bet.bet_id, status, is_manual=True)
    assert (answer.is_done, answer.message.split(":")[0]) == (False, "result_status")
    assert made.stored(bet) == bet


@pytest.mark.parametrize("value", [float("nan"), True, "1,5", [], 1e9, float("inf")])
def test_an_actual_value_that_is_none(made: MadeBook, value: object) -> None:
    bet = made.tracked()
    assert not made.book.set_result(OWNER, bet.bet_id, "won", value).is_done
    assert made.stored(bet) == bet


def test_the_same_result_again_writes_nothing(made: MadeBook) -> None:
    bet = made.tracked()
    for _ in range(2):
        assert made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=True).is_done
    assert made.stored(bet).version == 2
    assert len(made.store.history(OWNER, bet.bet_id)) == 2


def test_a_manual_result_is_for_persons_alone(made: MadeBook) -> None:
    bet = made.tracked()
    made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=True)
    for status in ("lost", "won", "pending"):
        answer = made.book.set_result(OWNER, bet.bet_id, status, 2.0)
        assert (answer.is_done, "manual_override" in answer.message) == (False, True)
    assert made.stored(bet).status is Outcome.WON
    assert made.book.set_result(OWNER, bet.bet_id, "lost", 1.0, is_manual=True).is_done
    assert made.stored(bet).status is Outcome.LOST


def test_an_automatic_result_may_be_replaced_by_another(made: MadeBook) -> None:
    bet = made.tracked()
    assert grade(made, bet, Outcome.WON)
    assert made.book.set_result(OWNER, bet.bet_id, "lost", 1.0).is_done
    found = made.stored(bet)
    assert (found.status, found.manual_override, found.result.rule_id) == (Outcome.LOST, False, None)
    assert grade(made, bet, Outcome.WON)
    assert made.stored(bet).status is Outcome.WON


def test_a_reset_leaves_a_bet_as_new(made: MadeBook) -> None:
    bet = made.tracked()
    made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=True)
    assert made.book.set_result(OWNER, bet.bet_id, "pending", 3.0, is_manual=True).is_done
    found = made.stored(bet)
    assert replace(found, version=1) == bet
    entry = made.store.history(OWNER, bet.bet_id)[-1]
    assert (entry.reason, entry.to_status, entry.actual_to) == (Change.MANUAL_RESET_TO_PENDING, "pending", None)
    assert grade(made, bet, Outcome.LOST)


def test_resetting_a_pending_bet_writes_nothing(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.set_result(OWNER, bet.bet_id, "pending", is_manual=True).is_done
    assert made.stored(bet) == bet


def test_take_back(made: MadeBook) -> None:
    bet = made.tracked()
    assert not made.book.take_back(OWNER, bet.bet_id, "too early").is_done  # nothing there to take back
    for manual in (True, False):
        made.book.set_result(OWNER, bet.bet_id, "won", 2.0, is_manual=manual)
        for nothing in ("", "  ", None, 5):
            assert not made.book.take_back(OWNER, bet.bet_id, nothing).is_done
        assert made.book.take_back(OWNER, bet.bet_id, "VAR took the goal").is_done
        found = made.stored(bet)
        assert (found.status, found.manual_override) == (Outcome.PENDING, False)
        assert (found.returns, found.settled_at) == (ZERO, None)
        entry = made.store.history(OWNER, bet.bet_id)[-1]
        assert (entry.reason, entry.note, entry.actual_from) == ("taken_back", "VAR took the goal", Decimal(2))


# --- corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("manual", [True, False])
def test_corrections_of_a_settled_bet_follow_the_outcome_that_stands(made: MadeBook, *, manual: bool) -> None:
    bet = made.tracked()
    made.book.set_result(OWNER, bet.bet_id, "half_win", 2.0, is_manual=manual)
    assert made.book.set_stake(OWNER, bet.bet_id, 20.0).is_done
    assert made.book.set_odds(OWNER, bet.bet_id, 2.3).is_done
    found = made.stored(bet)
    assert (found.returns, found.profit_loss) == (Decimal("33.00"), Decimal("13.00"))
    assert (found.status, found.unit_size, found.manual_override) == (Outcome.HALF_WIN, bet.unit_size, manual)
    stake, odds = made.store.history(OWNER, bet.bet_id)[-2:]
    assert (stake.reason, stake.before["actual_stake"], stake.after["actual_stake"]) == (
        "stake_corrected",
        "10.0",
        "20.0",
    )
    assert (odds.reason, odds.before["odds"], odds.after["odds"]) == ("odds_corrected", "2.1", "2.3")
    assert (odds.before["returns"], odds.after["returns"]) == ("31.00", "33.00")


def test_corrections_of_a_pending_bet_pay_nothing(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.set_stake(OWNER, bet.bet_id, 20.0).is_done
    assert (made.stored(bet).returns, made.stored(bet).profit_loss) == (ZERO, ZERO)


@pytest.mark.parametrize("value", [0, 1, -5, float("nan"), True, "2,5", None, [], 1e12])
def test_corrections_that_cannot_be(made: MadeBook, value: object) -> None:
    bet = made.tracked()
    assert not made.book.set_odds(OWNER, bet.bet_id, value).is_done
    if value != 1 or value is True:
        assert not made.book.set_stake(OWNER, bet.bet_id, value).is_done
    assert made.stored(bet) == bet


def test_a_closing_price_comes_and_goes(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.set_closing_odds(OWNER, bet.bet_id, 2.0).is_done
    assert made.stored(bet).closing_odds == 2
    assert not made.book.set_closing_odds(OWNER, bet.bet_id, 1.0).is_done
    assert made.book.set_closing_odds(OWNER, bet.bet_id, None).is_done
    assert made.stored(bet).closing_odds is None
    assert [entry.reason for entry in made.store.history(OWNER, bet.bet_id)] == ["tracked", *["closing_price"] * 2]


def test_tags_and_note(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.set_labels(OWNER, bet.bet_id, ["acca", " acca", "live"], "a  note").is_done
    assert (made.stored(bet).tags, made.stored(bet).note) == (("acca", "live"), "a note")
    assert made.book.set_labels(OWNER, bet.bet_id, note="another").is_done
    assert (made.stored(bet).tags, made.stored(bet).note) == (("acca", "live"), "another")
    assert made.book.set_labels(OWNER, bet.bet_id, []).is_done
    assert made.stored(bet).tags == ()
    for wrong in ("acca", [1], 5, ["x" * 500]):
        assert not made.book.set_labels(OWNER, bet.bet_id, wrong).is_done


# --- duplicates and tombstones ------------------------------------------------------------------------------------


def test_the_same_bet_is_tracked_once(made: MadeBook) -> None:
    first = made.tracked(Player="José Marín")
    again = ALERT | {"Player": "JOSE  marin", "Odds": 2.100001}
    answer = made.book.track(OWNER, Request(alert=again, actual_stake=10, unit_size=5))
    assert (answer.is_done, answer.bet) == (False, first)
    assert "already tracked" in answer.message


@pytest.mark.parametrize(
    "change", [{"Odds": 2.2}, {"Threshold": 2.5}, {"market_direction": "under"}, {"Player": "Other"},
               {"Date": "2024-03-11"}, {"bookmaker": "Bet365"}, {"Match": "A vs B"}, {"Market": "Player Shots"},
               {"message_id": 5}],
)  # fmt: skip
def test_another_bet_is_another(made: MadeBook, change: dict[str, Any]) -> None:
    made.tracked()
    assert made.tracked(**change).duplicate_of is None


def test_another_stake_and_another_users_bet_are_others(made: MadeBook) -> None:
    made.tracked()
    made.tracked(stake=11.0)
    made.tracked(OTHER)


def test_a_duplicate_that_is_meant_is_linked(made: MadeBook) -> None:
    first = made.tracked()
    request = Request(alert=ALERT, actual_stake=10, unit_size=10)
    for _ in range(2):
        answer = made.book.track(OWNER, request, allow_duplicate=True)
        assert answer.is_done
        assert answer.bet is not None
        assert answer.bet.duplicate_of == first.bet_id
    assert not made.book.track(OWNER, request).is_done
    assert not made.book.track(OWNER, request, allow_duplicate="yes").is_done
    assert len(list(made.store.bets(OWNER))) == 3


def test_a_deleted_bet_is_gone_and_holds_its_key(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.delete(OWNER, bet.bet_id).is_done
    assert made.stored(bet).deleted_at == made.clock.now()
    assert made.book.find(OWNER, bet.bet_id) is None
    for act in CHANGES.values():
        assert not act(made.book, OWNER, bet.bet_id).is_done
    answer = made.book.track(OWNER, Request(alert=ALERT, actual_stake=10, unit_size=10))
    assert not answer.is_done
    assert "deleted" in answer.message
    assert made.book.track(OWNER, Request(alert=ALERT, actual_stake=10, unit_size=10), allow_duplicate=True).is_done


# --- whose bets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES)
def test_nobody_changes_anybody_elses_bet(made: MadeBook, act: Act) -> None:
    bet = made.tracked(OTHER)
    unknown = act(made.book, OWNER, "bet_9999")
    assert act(made.book, OWNER, bet.bet_id) == unknown
    assert not unknown.is_done
    assert made.stored(bet) == bet
    assert made.book.history(OWNER, bet.bet_id) == ()
    assert act(made.book, OTHER, bet.bet_id).is_done


@pytest.mark.parametrize("bet_id", [None, "", 5, True, "x" * 1000, "bet\x00", "bet_\ud800", b"bet_0001", ["bet_0001"]])
@pytest.mark.parametrize("act", CHANGES.values(), ids=CHANGES)
def test_what_is_no_bet_id(made: MadeBook, act: Act, bet_id: object) -> None:
    made.tracked()
    assert act(made.book, OWNER, bet_id) == Answer(is_done=False, message="no such bet")


# --- others at the same time ------------------------------------------------------------------------------------------


class MeddledStore(MemoryBetStore):
    """Before so many writes of ours, somebody else corrects the odds."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def replace(self, changed: TrackedBet, entry: HistoryEntry) -> bool:
        if self.times:
            self.times -= 1
            other = self._bets[changed.bet_id]
            newer = replace(other, odds=other.odds + 1, version=other.version + 1)
            self._put(newer, replace(entry, version=newer.version, reason=Change.ODDS_CORRECTED))
        return super().replace(changed, entry)


def test_a_bet_changed_meanwhile_is_read_and_changed_again() -> None:
    made = MadeBook(store=MeddledStore(3))
    bet = made.tracked()
    assert made.book.set_stake(OWNER, bet.bet_id, 20.0).is_done
    found = made.stored(bet)
    assert (found.odds, found.actual_stake, found.version) == (Decimal("5.1"), Decimal(20), 5)


def test_a_bet_that_never_rests_is_left_alone() -> None:
    made = MadeBook(store=MeddledStore(1000))
    bet = made.tracked()
    answer = made.book.set_stake(OWNER, bet.bet_id, 20.0)
    assert (answer.is_done, made.stored(bet).actual_stake) == (False, Decimal(10))


class ForgetfulStore(MemoryBetStore):
    """Does what it is told, and loses the answer the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.forgets = True

    def _put(self, bet: TrackedBet, entry: HistoryEntry) -> None:
        super()._put(bet, entry)
        if self.forgets:
            self.forgets = False
            message = "the answer was lost"
            raise StoreUnknownError(message)
        self.forgets = True


def test_a_lost_answer_is_asked_for_again() -> None:
    made = MadeBook(store=ForgetfulStore())
    bet = made.tracked()
    assert isinstance(made.store, ForgetfulStore)
    made.store.forgets = True
    assert made.book.set_stake(OWNER, bet.bet_id, 20.0).is_done
    assert (made.stored(bet).version, len(made.store.history(OWNER, bet.bet_id))) == (2, 2)


def test_a_store_that_fails_raises_and_leaves_nothing_half_done(made: MadeBook) -> None:
    bet = made.tracked()
    assert isinstance(made.store, MemoryBetStore)

    def fail(_: str) -> None:
        message = "gone"
        raise StoreError(message)

    made.store.before_write = fail
    with pytest.raises(StoreError):
        made.book.set_stake(OWNER, bet.bet_id, 20.0)
    assert made.stored(bet) == bet


# --- any order --------------------------------------------------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("result"), st.sampled_from(list(Outcome)), st.booleans()),
    st.tuples(st.just("grade"), st.sampled_from([one for one in Outcome if one.is_settled]), st.none()),
    st.tuples(st.just("take back"), st.none(), st.none()),
    st.tuples(st.just("stake"), st.decimals("0.01", "500", places=2), st.none()),
    st.tuples(st.just("odds"), st.decimals("1.01", "50", places=2), st.none()),
)


def play(made: MadeBook, bet: TrackedBet, step: tuple[str, Any, Any]) -> None:
    kind, value, manual = step
    made.clock.wait(1)
    match kind:
        case "result":
            made.book.set_result(OWNER, bet.bet_id, str(value), 2.0, is_manual=manual)
        case "grade":
            grade(made, bet, value)
        case "take back":
            made.book.take_back(OWNER, bet.bet_id, "wrong")
        case "stake":
            made.book.set_stake(OWNER, bet.bet_id, value)
        case _:
            made.book.set_odds(OWNER, bet.bet_id, value)


def replayed(first: TrackedBet, entries: tuple[HistoryEntry, ...]) -> tuple[object, ...]:
    """The present state from the history alone."""
    status, actual, stake, odds = first.status, first.actual_value, first.actual_stake, first.odds
    for number, entry in enumerate(entries, start=1):
        assert (entry.version, entry.from_status, entry.actual_from) == (number, status, actual)
        status, actual = entry.to_status, entry.actual_to
        stake = Decimal(entry.after.get("actual_stake") or stake)
        odds = Decimal(entry.after.get("odds") or odds)
    return status, actual, stake, odds


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_in_any_order_history_replays_money_adds_up_and_persons_win(steps: list[tuple[str, Any, Any]]) -> None:
    made = MadeBook()
    bet = made.tracked()
    for step in steps:
        before = made.stored(bet)
        play(made, bet, step)
        found = made.stored(bet)
        if before.manual_override and step[0] in {"grade", "result"} and step[2] is not True:
            assert found == before
        if found.status.is_settled:
            assert found.profit_loss == found.returns - found.actual_stake
            assert (found.returns, found.profit_loss) == (
                pay(found, found.status).returns,
                pay(found, found.status).profit_loss,
            )
            assert found.settled_at is not None
        else:
            assert (found.returns, found.profit_loss) == (ZERO, ZERO)
            assert (found.settled_at, found.actual_value) == (None, None)
            assert not found.manual_override
    found = made.stored(bet)
    state = (found.status, found.actual_value, found.actual_stake, found.odds)
    assert replayed(bet, made.store.history(OWNER, bet.bet_id)) == state


def test_that_a_bet_was_graded_at_once_is_noted_once(made: MadeBook) -> None:
    bet = made.tracked()
    assert made.book.mark_graded_immediately(OWNER, bet.bet_id).message == "it is so already"  # it has no result
    assert grade(made, bet, Outcome.WON)
    assert made.book.mark_graded_immediately(OWNER, bet.bet_id).message == "done"
    assert made.stored(bet).result.graded_immediately
    assert made.book.mark_graded_immediately(OWNER, bet.bet_id).message == "it is so already"
