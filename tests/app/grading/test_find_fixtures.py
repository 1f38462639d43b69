"""Bets that name no match: looked for in the lists of days, stored once, or left pending with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.engine.fixture_match import NoFixture
from policytrader.errors import FeedError, LayoutUnknownError
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By, Change
from tests.app.grading.test_settle import AFTER, OTHER, OWNER, World, match
from tests.day_lists import day_list, listed
from tests.engine.grading.builders import KICKOFF
from tests.tracked_bets import Moving

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = KICKOFF.date()
RIGHT = listed("4506", "Northport", "Eastmoor", at=KICKOFF)
OTHERS = listed("9", "Ayr", "Oban", at=KICKOFF)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.feed.answers["4506"] = match(shots=2)
    made.lists.days[DAY] = day_list(OTHERS, RIGHT, day=DAY)
    yield made
    made.engine.close()


def test_a_match_is_found_stored_once_and_the_bet_settled_in_the_same_round(world: World) -> None:
    world.add("a", fixture_id=None)
    found = world.settler.look()
    bet = world.bet("a")
    assert (bet.fixture_id, bet.status, bet.version) == ("4506", Outcome.WON, 3)
    assert [one.bet.bet_id for one in found.settled] == ["a"]
    assert [(one.bet.bet_id, one.fixture.fixture_id) for one in found.finding.found] == [("a", "4506")]
    _, entry, graded = world.store.history(OWNER, "a")
    assert (entry.by, entry.reason, entry.at) == (By.GRADER, Change.FIXTURE_FOUND, AFTER)
    assert (dict(entry.before), dict(entry.after)) == ({"fixture_id": None}, {"fixture_id": "4506"})
    assert entry.evidence["snapshot_hash"] == "d" * 64
    assert (entry.evidence["match"], entry.evidence["matched_by"]) == ("Northport vs Eastmoor", "exact")
    assert graded.reason == Reason.LINE
    again = world.settler.look()
    assert again.finding.found == []
    assert len(world.store.history(OWNER, "a")) == 3
    assert world.lists.asked == [DAY]


def test_each_list_is_asked_for_once_in_a_round(world: World) -> None:
    for number in range(5):
        world.add(f"a{number}", fixture_id=None, user_id=1 + number % 2)
    assert len(world.settler.look().settled) == 5
    assert (world.lists.asked, world.feed.asked) == ([DAY], ["4506"])


def test_near_midnight_the_neighbour_day_is_looked_at() -> None:
    late = KICKOFF.replace(hour=23, minute=45)
    next_day = DAY + timedelta(days=1)
    world = World(clock=Moving(late + timedelta(hours=3)))
    world.lists.days[next_day] = day_list(replace(RIGHT, kickoff_at=late + timedelta(minutes=30)), day=next_day)
    world.feed.answers["4506"] = match(shots=2, kickoff_at=late)
    world.add("a", fixture_id=None, kickoff_at=late)
    assert [one.bet.bet_id for one in world.settler.look().settled] == ["a"]
    assert world.lists.asked == [DAY, next_day]
    world.engine.close()


def test_one_users_bets_alone(world: World) -> None:
    world.add("a", fixture_id=None)
    world.add("b", fixture_id=None, user_id=2)
    world.settler.look(OTHER)
    assert world.bet("a").fixture_id is None
    assert world.bet("b", OTHER).fixture_id == "4506"


def test_what_is_not_found_stays_pending_with_candidates(world: World) -> None:
    world.add("a", fixture_id=None, match="Northport vs Oban")
    found = world.settler.look()
    (one,) = found.finding.unmatched
    assert (one.bet.bet_id, one.why, one.is_given_up) == ("a", NoFixture.NOT_FOUND, False)
    assert {candidate.fixture_id for candidate in one.candidates} == {"4506", "9"}
    bet = world.bet("a")
    assert (bet.fixture_id, bet.status, bet.version) == (None, Outcome.PENDING, 1)
    assert (bet.result.reason, bet.result.last_checked_at) == (Reason.FIXTURE_UNMATCHED, AFTER)
    assert (found.pending_count, dict(found.pending_by_reason())) == (1, {Reason.FIXTURE_UNMATCHED: 1})


def test_two_matches_that_fit_are_never_a_guess(world: World) -> None:
    twice = replace(RIGHT, fixture_id="8", kickoff_at=KICKOFF + timedelta(hours=4))
    world.lists.days[DAY] = day_list(RIGHT, twice, day=DAY)
    world.add("a", fixture_id=None)
    (one,) = world.settler.look().finding.unmatched
    assert one.why is NoFixture.AMBIGUOUS
    assert world.bet("a").fixture_id is None
    assert world.feed.asked == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"match": None}, NoFixture.NO_TEAMS),
        ({"match": "Northport"}, NoFixture.NO_TEAMS),
        ({"kickoff_at": None}, NoFixture.NO_DAY),
    ],
)
def test_a_bet_that_says_too_little_asks_nobody(world: World, changed: dict[str, Any], why: NoFixture) -> None:
    world.add("a", fixture_id=None, **changed)
    (one,) = world.settler.look().finding.unmatched
    assert (one.why, world.lists.asked) == (why, [])


def test_a_bet_with_a_day_alone_is_found_after_its_day(world: World) -> None:
    world.add("a", fixture_id=None, kickoff_at=None, date=DAY.isoformat())
    assert world.settler.look().finding.found == []
    assert world.lists.asked == []
    world.clock.at = KICKOFF + timedelta(days=2)
    assert len(world.settler.look().settled) == 1
    assert world.lists.asked == [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]


def test_it_is_looked_for_less_and_less_often(world: World) -> None:
    world.add("a", fixture_id=None, match="Nowhere vs Elsewhere")
    looks = []
    for minute in range(0, 24 * 60, 5):
        world.clock.at = AFTER + timedelta(minutes=minute)
        if world.settler.look().finding.unmatched:
            looks.append(minute)
    waits = [later - earlier for earlier, later in pairwise(looks)]
    assert waits == sorted(waits)
    assert 3 <= len(looks) <= 6
    assert world.lists.asked == [DAY] * len(looks)
    # A person who asks does not wait.
    assert world.settler.find_fixtures(OWNER, is_asked=True).unmatched


def test_a_match_that_is_listed_later_is_found_then(world: World) -> None:
    world.lists.days[DAY] = day_list(OTHERS, day=DAY)
    world.add("a", fixture_id=None)
    world.settler.look()
    world.lists.days[DAY] = day_list(OTHERS, RIGHT, day=DAY)
    world.clock.wait(3600 * 2)
    assert len(world.settler.find_fixtures().found) == 1
    # As a bet on this match it was never looked at: nobody gives it up unasked.
    assert (world.bet("a").result.last_checked_at, world.bet("a").result.reason) == (None, None)
    assert len(world.settler.look().settled) == 1
    assert world.bet("a").result.reason is Reason.LINE


def test_it_is_given_up_loudly_and_not_unasked(world: World) -> None:
    world.add("a", fixture_id=None, match="Nowhere vs Elsewhere")
    world.clock.at = KICKOFF + timedelta(days=7, minutes=1)
    (one,) = world.settler.look().finding.unmatched
    assert one.is_given_up
    world.clock.wait(3600 * 48)
    assert world.settler.look().finding.unmatched == []
    assert len(world.lists.asked) == 1
    assert world.settler.find_fixtures(OWNER, is_asked=True).unmatched


@pytest.mark.parametrize(
    ("error", "reason"),
    [(FeedError("no answer"), Reason.FEED_ERROR), (LayoutUnknownError("HTML"), Reason.LAYOUT_UNKNOWN)],
)
def test_a_list_that_cannot_be_read_stops_no_other(world: World, error: FeedError, reason: Reason) -> None:
    day_before = DAY - timedelta(days=1)
    world.lists.days[day_before] = error
    for number in range(2):
        world.add(f"a{number}", fixture_id=None, kickoff_at=KICKOFF - timedelta(days=1))
    world.add("b", fixture_id=None)
    found = world.settler.look()
    assert sorted(world.lists.asked) == [day_before, DAY]
    assert found.finding.failures == {day_before: str(error)}
    assert (found.has_failed, found.is_unanswered) == (True, False)
    assert found.pending_by_reason() == {reason: 2}
    assert world.bet("a0").result.reason is reason
    assert world.bet("b").status is Outcome.WON
    # The next round asks again at once.
    world.lists.days[day_before] = day_list(replace(RIGHT, kickoff_at=KICKOFF - timedelta(days=1)), day=day_before)
    world.settler.look()
    assert world.bet("a0").fixture_id == "4506"


def test_a_feed_that_asks_to_be_left_alone_ends_the_round(world: World) -> None:
    world.lists.days[DAY] = FeedError("too many", 40.0)
    world.add("a", fixture_id=None)
    world.add("b", fixture_id=None, kickoff_at=KICKOFF - timedelta(days=1))
    world.add("c")
    found = world.settler.look()
    assert (found.retry_after_seconds, found.is_unanswered) == (40.0, True)
    assert (world.lists.asked, world.feed.asked) == ([DAY], [])
    assert world.bet("b").result.last_checked_at is None


def test_so_many_lists_and_no_more_in_a_round(world: World) -> None:
    for number in range(30):
        world.add(f"a{number:02}", fixture_id=None, kickoff_at=KICKOFF - timedelta(days=number))
    world.clock.at = AFTER
    for asked in (20, 30):
        world.settler.look()
        assert len(set(world.lists.asked)) == asked
    assert all(world.bet(f"a{number:02}").result.last_checked_at is not None for number in range(1, 30))


def test_nobody_looks_before_the_match_should_be_over(world: World) -> None:
    world.clock.at = KICKOFF + timedelta(minutes=104)
    world.add("a", fixture_id=None)
    assert world.settler.look().finding.found == []
    assert world.lists.asked == []


def test_who_changes_a_bet_meanwhile_is_asked_again(world: World) -> None:
    bet = world.add("a", fixture_id=None)

    def another(_: str) -> None:
        world.store.before_write = lambda _: None
        changed = replace(bet, note="mine", version=2)
        entry = replace(world.store.history(OWNER, "a")[0], version=2)
        assert world.store.replace(changed, entry)

    world.store.before_write = another
    assert world.settler.look().finding.found == []
    assert world.bet("a").note == "mine"
    assert len(world.settler.look().settled) == 1
    assert world.bet("a").note == "mine"


def test_a_stop_ends_it(world: World) -> None:
    world.add("a", fixture_id=None)
    assert world.settler.look(is_stopping=lambda: True).finding.found == []
    assert world.lists.asked == []
    assert isinstance(DAY, date)
