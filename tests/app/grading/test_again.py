"""The second rotation: a number that the feed corrects is seen without a pending bet on its fixture."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.grading.settle import Settler
from policytrader.app.grading.watch import watch
from policytrader.app.tracking.auto_settle import auto_settle
from policytrader.errors import FeedError
from policytrader.model.fixture import FixtureStatus
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By
from policytrader.policy.grading.overrides import with_setting
from tests.app.grading.test_settle import AFTER, OTHER, OWNER, World, match, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.app.grading.settle import Round
    from policytrader.errors import StoreError
    from policytrader.model.tracked import TrackedBet

INTERVAL = 31 * 60.0
"""Seconds after which a fixture with results is due again."""
IDS = ("4506", "4507", "4508", "4509", "4510")


@pytest.fixture
def world() -> Iterator[World]:
    """Bet `a` of the first user is won, with two shots."""
    made = World()
    made.feed.answers |= {fixture_id: match(shots=2) for fixture_id in IDS}
    made.add("a")
    made.settler.look()
    made.feed.asked.clear()
    yield made
    made.engine.close()


def corrected(world: World, shots: int = 1) -> TrackedBet:
    """Bet `a` after the feed's correction, and a look when it is due."""
    world.feed.answers["4506"] = match(shots=shots)
    world.clock.wait(INTERVAL)
    world.settler.look()
    return world.bet("a")


def test_a_corrected_number_is_seen_without_a_pending_bet_and_both_results_are_told(world: World) -> None:
    before = world.bet("a")
    bet = corrected(world)
    assert world.feed.asked == ["4506"]
    assert (before.status, before.profit_loss) == (Outcome.WON, Decimal("40.00"))
    assert (bet.status, bet.actual_value, bet.returns, bet.profit_loss) == (
        Outcome.LOST, Decimal(1), Decimal("0.00"), Decimal("-20.00"),
    )  # fmt: skip
    assert (bet.settled_at, bet.result.graded_at) == (AFTER, AFTER + timedelta(seconds=INTERVAL))
    first, second = world.store.history(OWNER, "a")[1:]
    assert (first.to_status, first.reason) == (Outcome.WON, Reason.LINE)
    assert (second.from_status, second.to_status, second.reason) == (Outcome.WON, Outcome.LOST, Reason.STAT_CORRECTED)
    assert (second.actual_from, second.actual_to, second.by) == (Decimal(2), Decimal(1), By.GRADER)
    assert second.policy_hash == world.rules.hash


def test_a_round_tells_how_many_were_looked_at_and_which_changed(world: World) -> None:
    world.add("b", line="0.5")
    world.add("waits", "Player Moonwalks")
    world.settler.look()
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(INTERVAL)
    found = world.settler.look()
    assert (found.again_count, found.pending_count) == (2, 1)
    assert [(one.bet.bet_id, one.before) for one in found.corrected] == [("a", Outcome.WON), ("b", Outcome.WON)]
    assert [one.bet.status for one in found.corrected] == [Outcome.LOST, Outcome.WON]
    world.add("c")
    assert [one.bet.bet_id for one in world.settler.look().corrected] == []


def test_where_nothing_changed_the_look_is_noted_and_nothing_else(world: World) -> None:
    before, history = world.bet("a"), world.store.history(OWNER, "a")
    world.clock.wait(INTERVAL)
    found = world.settler.look()
    assert (found.again_count, found.settled) == (1, [])
    assert world.bet("a") == replace(before, result=replace(before.result, last_checked_at=world.clock.now()))
    assert world.store.history(OWNER, "a") == history
    # A program that begins anew asks for nothing that was looked at a moment ago.
    world.clock.wait(29 * 60)
    Settler(world.store, world.feed, world.engine, world.clock, world.settler._is_same).look()
    assert world.feed.asked == ["4506"]
    world.clock.wait(2 * 60)
    world.settler.look()
    assert world.feed.asked == ["4506"] * 2


def test_a_result_is_not_looked_at_before_its_interval_is_over(world: World) -> None:
    world.clock.wait(30 * 60)
    assert world.settler.look().looks == []
    world.clock.wait(1)
    assert [look.again for look in world.settler.look().looks] == [1]


def test_outside_the_window_never_and_a_correction_makes_it_no_longer(world: World) -> None:
    world.clock.wait(71 * 3600)
    assert corrected(world).status is Outcome.LOST
    world.clock.wait(29 * 60)
    world.feed.answers["4506"] = match(shots=2)
    assert world.settler.due_again() == ()
    world.clock.wait(2 * 60)
    assert world.settler.look().looks == []
    world.settler.look_at("4506")
    assert world.bet("a").status is Outcome.LOST


def test_at_the_end_of_the_window_it_is_still_looked_at(world: World) -> None:
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(72 * 3600)
    world.settler.look()
    assert world.bet("a").status is Outcome.LOST


def test_what_a_person_decided_is_neither_asked_for_nor_changed(world: World) -> None:
    world.add("m", fixture_id="4507", status=Outcome.LOST, manual_override=True, settled_at=AFTER)
    world.add("n", status=Outcome.LOST, manual_override=True, settled_at=AFTER)
    before = [world.bet(name) for name in "mn"]
    assert corrected(world).status is Outcome.LOST
    assert world.feed.asked == ["4506"]
    assert [world.bet(name) for name in "mn"] == before


def test_a_person_who_decides_during_the_look_is_first(world: World) -> None:
    def decide(bet_id: str) -> None:
        world.store.before_write = lambda _: None
        bet = world.bet(bet_id)
        manual = replace(bet, status=Outcome.REFUND, manual_override=True, version=bet.version + 1)
        entry = replace(world.store.history(OWNER, bet_id)[-1], version=manual.version, by=By.PERSON)
        assert world.store.replace(manual, entry)

    world.store.before_write = decide
    bet = corrected(world)
    assert (bet.status, bet.manual_override, bet.version) == (Outcome.REFUND, True, 3)


def test_two_that_look_at_once_correct_it_once(world: World) -> None:
    def look_too(_: str) -> None:
        world.store.before_write = lambda _: None
        assert len(world.settler.look().corrected) == 1

    world.store.before_write = look_too
    assert corrected(world).status is Outcome.LOST
    assert len(world.store.history(OWNER, "a")) == 3


@pytest.mark.parametrize("status", [FixtureStatus.CANCELLED, FixtureStatus.AWARDED])
def test_what_hangs_on_no_number_is_not_asked_for(world: World, status: FixtureStatus) -> None:
    world.add("b", fixture_id="4507")
    world.feed.answers["4507"] = match(shots=0, status=status)
    world.settler.look()
    assert world.bet("b").result.reason is Reason.FIXTURE_CANCELLED
    world.clock.wait(INTERVAL)
    world.settler.look()
    assert world.feed.asked == ["4507", "4506"]


def test_a_result_that_a_program_gave_is_confirmed_silently_and_contradicted_loudly(world: World) -> None:
    for name, status in (("b", Outcome.WON), ("c", Outcome.LOST)):
        world.add(name, fixture_id="4507", status=status, settled_at=AFTER)
    before = world.bet("b")
    world.clock.wait(INTERVAL)
    found = world.settler.look()
    assert [(one.bet.bet_id, one.before) for one in found.corrected] == [("c", Outcome.LOST)]
    assert (world.bet("b").version, world.bet("b").actual_value) == (before.version, None)


def test_a_feed_that_fails_takes_nothing_away_and_is_not_asked_at_once(world: World) -> None:
    before, history = world.bet("a"), world.store.history(OWNER, "a")
    world.feed.answers["4506"] = FeedError("away")
    world.clock.wait(INTERVAL)
    found = world.settler.look()
    assert [(look.failure, look.pending, look.again) for look in found.looks] == [("away", (), 0)]
    assert world.bet("a") == replace(before, result=replace(before.result, last_checked_at=world.clock.now()))
    assert world.store.history(OWNER, "a") == history
    world.clock.wait(29 * 60)
    assert world.settler.look().looks == []
    assert corrected(world).status is Outcome.LOST


@pytest.mark.parametrize("answer", [running(shots=1), match(shots=1, status=FixtureStatus.UNKNOWN)])
def test_an_answer_that_decides_nothing_changes_no_result(world: World, answer: Any) -> None:
    before = world.bet("a")
    world.feed.answers["4506"] = replace(answer, finished_periods=frozenset())
    world.clock.wait(INTERVAL)
    assert world.settler.look().settled == []
    assert world.bet("a").version == before.version


# --- Whose turn it is -------------------------------------------------------------------------------------------------


def test_pending_bets_come_first_and_each_fixture_is_fetched_once(world: World) -> None:
    world.add("b", fixture_id="4507")
    world.settler.look()
    world.clock.wait(24 * 3600)
    world.feed.asked.clear()
    world.add("new", fixture_id="4508")
    world.add("mixed", "Player Moonwalks", fixture_id="4507")
    world.settler.look()
    assert world.feed.asked == ["4507", "4508", "4506"]


def test_the_longest_unchecked_result_is_first(world: World) -> None:
    for number, fixture_id in enumerate(("4508", "4507"), start=1):
        world.clock.at = AFTER + timedelta(minutes=number)
        world.add(str(number), fixture_id=fixture_id)
        world.settler.look()
    world.feed.asked.clear()
    world.clock.wait(INTERVAL)
    world.settler.look()
    assert world.feed.asked == ["4506", "4508", "4507"]


def test_results_have_their_turn_though_the_feed_never_answers_to_all_that_is_pending(world: World) -> None:
    """The feed takes two requests a round; five fixtures wait, and will for days."""
    for number in range(5):
        world.add(f"w{number}", fixture_id=f"9{number}")
        world.feed.answers[f"9{number}"] = FeedError("slowly", 60.0 if number % 2 else None)
    seen: list[str] = []
    for _ in range(80):
        world.clock.wait(120)
        world.settler.look()
        if "4506" in world.feed.asked:
            break
        seen += world.feed.asked
        world.feed.asked.clear()
    assert timedelta(hours=2) < world.clock.now() - AFTER < timedelta(hours=2, minutes=15)
    assert set(seen) == {f"9{number}" for number in range(5)}


def test_no_pending_bet_waits_for_ever_for_results(world: World) -> None:
    """Looks take half a minute each: results get their share of a round, and pending bets the next round's start."""
    slow_down(world, seconds=30)
    found = world.settler.look(again_seconds=60.0)
    assert world.feed.asked == list(IDS[:2])
    assert len(found.looks) == 2
    world.add("late", fixture_id="4999")
    world.settler.look(again_seconds=60.0)
    assert world.feed.asked[2:] == ["4999", *IDS[2:4]]


def slow_down(world: World, seconds: float) -> None:
    """Five fixtures with results are due; each answer takes so long."""
    fetch = world.feed.fixture

    def slow(fixture_id: str, **options: Any) -> Any:
        world.clock.wait(seconds)
        return fetch(fixture_id, **options)

    for fixture_id in IDS[1:]:
        world.add(fixture_id, fixture_id=fixture_id)
    world.settler.look()
    world.feed.asked.clear()
    world.feed.fixture = slow  # type: ignore[method-assign]
    world.clock.wait(INTERVAL)


def test_in_a_watch_results_take_no_longer_than_until_the_next_look(world: World) -> None:
    slow_down(world, seconds=60)
    rounds: list[int] = []
    watch(
        world.settler, world.clock, world.rules.grading.schedule, owner=None, is_stopping=lambda: len(rounds) == 4,
        progress=lambda *_: None, tell=lambda *_: rounds.append(len(world.feed.asked)),
    )  # fmt: skip
    assert rounds == [2, 4, 5, 5]
    assert world.feed.asked == list(IDS)


def test_results_are_left_alone_where_the_feed_answers_nothing_and_not_for_others_failures(world: World) -> None:
    for fixture_id in IDS[1:]:
        world.add(fixture_id, fixture_id=fixture_id)
    world.settler.look()
    for number in range(4):
        world.add(f"w{number}", fixture_id=f"9{number}")
    world.feed.asked.clear()
    away = {fixture_id: FeedError("away") for fixture_id in IDS}
    world.feed.answers |= away
    world.clock.wait(INTERVAL)
    world.settler.look()
    assert world.feed.asked == ["90", "91", "92", "93", *IDS[:3]]
    world.settler.look()
    assert world.feed.asked[11:] == list(IDS[3:])


def test_a_feed_that_asks_to_be_left_alone_about_a_result_ends_the_round(world: World) -> None:
    world.add("b", fixture_id="4507")
    world.settler.look()
    world.feed.asked.clear()
    world.feed.answers["4506"] = FeedError("too many", 300.0)
    world.clock.wait(INTERVAL)
    assert world.settler.look().retry_after_seconds == 300.0
    assert world.feed.asked == ["4506"]


def test_what_the_feed_remembers_is_no_new_look(world: World) -> None:
    """Somebody waits on the fixture all the time; its answer is final, as the feed sees it."""
    world.add("waits", "Player Moonwalks")
    world.feed.cached.add("4506")
    for _ in range(3):
        world.clock.wait(600)
        world.settler.look()
    assert world.feed.asked == []
    assert world.bet("a").result.last_checked_at == AFTER
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(60)
    assert world.settler.look().again_count == 1
    assert (world.feed.asked, world.bet("a").status) == (["4506"], Outcome.LOST)


# --- The policy, one user, the watch ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "value", "minutes", "asked"), [
    ("regrade_window", "0s", 31, []),
    ("regrade_every", "10m", 11, ["4506"]),
    ("regrade_window", "1h", 59, ["4506"]),
    ("regrade_window", "1h", 61, []),
])  # fmt: skip
def test_the_policy_says_how_long_and_how_often(
    world: World, setting: str, value: str, minutes: int, asked: list[str]
) -> None:
    rules = with_setting(world.rules, setting, value)
    world.engine.policy = rules
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(minutes * 60)
    world.settler.look()
    assert world.feed.asked == asked
    assert (world.bet("a").status is Outcome.LOST) == bool(asked)


def test_of_one_user_only_that_users_results_are_looked_at(world: World) -> None:
    world.add("b", user_id=2)
    world.add("c", user_id=2, fixture_id="4507")
    world.settler.look()
    world.feed.asked.clear()
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(INTERVAL)
    found = auto_settle(world.settler, OTHER)
    assert world.feed.asked == ["4506", "4507"]
    assert ([bet.bet_id for bet in found.bets], found.document()["settled_count"]) == (["b"], 1)
    assert found.message == (
        "Settled 1 bet; 0 still pending; 2 results looked at again, 1 changed by corrected statistics"
    )
    assert found.document()["settled_bets"][0]["reason"] == "stat_corrected"
    assert world.bet("a").status is Outcome.WON
    # The loop's turn for the other user's bet is still to come.
    assert len(world.settler.look().corrected) == 1
    assert auto_settle(world.settler, OTHER).message == "Settled 0 bets; 0 still pending"


def test_the_watch_corrects_backs_off_and_goes_on(world: World) -> None:
    told: list[tuple[int, int, float]] = []
    pending: list[str] = []

    def tell(found: Round | StoreError, seconds: float) -> None:
        assert not isinstance(found, Exception)
        told.append((found.again_count, len(found.corrected), seconds))
        if len(told) == 1:
            world.feed.answers["4506"] = match(shots=1)
            world.clock.wait(INTERVAL)

    world.feed.answers["4506"] = FeedError("away")
    world.clock.wait(INTERVAL)
    watch(
        world.settler, world.clock, world.rules.grading.schedule, owner=None, is_stopping=lambda: len(told) == 3,
        progress=lambda look, *_: pending.append(look.fixture_id), tell=tell,
    )  # fmt: skip
    assert told == [(0, 0, 240.0), (1, 1, 240.0), (0, 0, 240.0)]
    assert world.bet("a").status is Outcome.LOST
