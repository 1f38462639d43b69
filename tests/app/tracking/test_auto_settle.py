"""Settling on request, and grading a bet as it is tracked: whatever the feed does, an answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.app.grading.find_fixtures import Finding
from policytrader.app.grading.settle import FixtureLook, SettledBet
from policytrader.app.tracking.at_once import FRESH, REST, AtOnce, RecentFixtures
from policytrader.app.tracking.auto_settle import auto_settle
from policytrader.app.tracking.new_bet import Request
from policytrader.app.tracking.opened import OpenedBets
from policytrader.errors import ConfigError
from policytrader.model.fixture import FixtureStatus
from policytrader.model.grades import Grade
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By, Change, HistoryEntry
from policytrader.ports.bet_store import Recheck
from policytrader.ports.stat_feed import FixtureAnswer
from tests.engine.grading.builders import fixture as a_fixture
from tests.tracked_bets import ALERT, NOW, OTHER, OWNER, MadeBook

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner, PendingFixture, SettledFixture


@dataclass
class ScriptedSettler:
    """Wins every bet on a fixture, unless the fixture fails or waits."""

    made: MadeBook
    failing: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    correctable: set[str] = field(default_factory=set)
    retry_after: float | None = None
    asked: list[str] = field(default_factory=list)
    finding: Finding = field(default_factory=Finding)

    def due(self, owner: Owner | None = None) -> tuple[list[PendingFixture], list[PendingFixture]]:
        found = self.made.store.pending_fixtures(NOW + timedelta(days=99), owner)
        return (
            [one for one in found if one.fixture_id not in self.given_up],
            [one for one in found if one.fixture_id in self.given_up],
        )

    def find_fixtures(self, owner: Owner | None = None, *, is_asked: bool = False) -> Finding:
        assert (owner, is_asked) == (OWNER, True)
        return self.finding

    def find_fixture(self, bet: TrackedBet) -> Finding:
        assert bet.fixture_id is None
        return self.finding

    def fixture_of(self, bet: TrackedBet) -> Fixture | None:
        raise NotImplementedError(bet)

    def due_again(self, owner: Owner | None = None, *, limit: int = 99) -> tuple[SettledFixture, ...]:
        wanted = Recheck(settled_since=NOW, checked_before=NOW + timedelta(days=99))
        found = self.made.store.settled_fixtures(wanted, owner, limit=limit)
        return tuple(one for one in found if one.fixture_id in self.correctable)

    def look_at(self, fixture_id: str, owner: Owner | None = None, *, is_again: bool = False) -> FixtureLook:
        self.asked.append(f"{fixture_id}!" if is_again else fixture_id)
        if fixture_id in self.failing:
            return FixtureLook(fixture_id=fixture_id, pending=((Reason.FEED_ERROR, 1),), failure="no answer",
                               retry_after_seconds=self.retry_after)  # fmt: skip
        bets = [bet for bet in self.made.store.fixture_bets(fixture_id, owner) if bet.status is Outcome.PENDING]
        if fixture_id in self.waiting:
            return FixtureLook(fixture_id=fixture_id, pending=((Reason.NOT_FINISHED, len(bets)),))
        done = []
        for bet in bets:
            won = replace(bet, status=Outcome.WON, actual_value=Decimal(2), returns=Decimal(21),
                          version=bet.version + 1, profit_loss=Decimal(11), settled_at=self.made.clock.now(),
                          result=replace(bet.result, reason=Reason.LINE, rule_id="line"))  # fmt: skip
            entry = HistoryEntry(bet_id=bet.bet_id, user_id=bet.user_id, version=won.version, at=self.made.clock.now(),
                                 by=By.GRADER, reason=Reason.LINE, from_status=bet.status, to_status=won.status,
                                 actual_to=Decimal(2))  # fmt: skip
            assert self.made.store.replace(won, entry)
            grade = Grade(key=bet.bet_id, status=Outcome.WON, reason=Reason.LINE, rule="line")
            done.append(SettledBet(won, grade))
        return FixtureLook(fixture_id=fixture_id, settled=tuple(done))


@pytest.fixture
def made() -> MadeBook:
    return MadeBook()


@pytest.fixture
def settler(made: MadeBook) -> ScriptedSettler:
    return ScriptedSettler(made)


def test_every_fixture_is_looked_at_whatever_another_does(made: MadeBook, settler: ScriptedSettler) -> None:
    for fixture in (1, 2, 3, 4):
        made.tracked(fixture_id=fixture, Match=f"A vs {fixture}")
    made.tracked(OTHER, fixture_id=9)
    settler.failing, settler.waiting, settler.given_up = {"1"}, {"2"}, {"4"}
    found = auto_settle(settler, OWNER).document()
    assert settler.asked == ["1", "2", "3", "4"]
    assert found["settled_count"] == 2
    assert found["message"] == "Settled 2 bets; 2 still pending; 1 fixture could not be read (no answer)"
    assert found["settled_bets"][0] == {
        "bet_id": "bet_0003", "player_name": "Mohamed Salah", "team": "Liverpool", "market": "Player Shots On Target",
        "match": "A vs 3", "result_status": "won", "actual_value": 2.0, "returns": 21.0, "profit_loss": 11.0,
        "reason": "line", "rule_id": "line",
    }  # fmt: skip
    assert auto_settle(settler, OWNER).document()["settled_count"] == 0


def test_results_that_may_be_corrected_are_looked_at_after_the_pending_bets(
    made: MadeBook, settler: ScriptedSettler
) -> None:
    for fixture in (1, 2, 3):
        made.tracked(fixture_id=fixture, message_id=fixture)
    settler.waiting = {"3"}
    auto_settle(settler, OWNER)
    made.tracked(fixture_id=2, message_id=9)
    settler.correctable, settler.asked = {"1", "2"}, []
    auto_settle(settler, OWNER)
    # Each once: of the second one a pending bet is looked at, and a result.
    assert settler.asked == ["2!", "3", "1!"]


def test_a_feed_that_asks_to_be_left_alone_is_left_alone(made: MadeBook, settler: ScriptedSettler) -> None:
    for fixture in (1, 2, 3):
        made.tracked(fixture_id=fixture, message_id=fixture)
    settler.failing, settler.retry_after = {"1"}, 60.0
    assert auto_settle(settler, OWNER).bets == ()
    assert settler.asked == ["1"]


def test_a_feed_out_of_reach_is_not_asked_for_ever(made: MadeBook, settler: ScriptedSettler) -> None:
    for fixture in range(1, 10):
        made.tracked(fixture_id=fixture, message_id=fixture)
    settler.failing = set("123456789")
    assert auto_settle(settler, OWNER).pending_count == 3
    assert settler.asked == ["1", "2", "3"]


def test_without_statistics_nothing_is_settled_and_nothing_raises(made: MadeBook) -> None:
    def broken() -> Settler:
        message = "POLICYTRADER_FOTMOB_URL is no address"
        raise ConfigError(message)

    bet = made.tracked()
    at_once = AtOnce(broken, made.clock.now, after_kickoff=timedelta())
    opened = OpenedBets(book=made.book, settler=broken, at_once=at_once, close=lambda: None)
    assert "POLICYTRADER_FOTMOB_URL" in opened.settle(OWNER).message
    made.clock.wait(86_400)
    assert opened.track(OWNER, Request(alert=ALERT | {"Odds": 3.0}, actual_stake=1, unit_size=1)).is_done
    assert made.stored(bet) == bet


def test_a_bet_on_a_match_that_is_over_is_graded_as_it_is_tracked(made: MadeBook, settler: ScriptedSettler) -> None:
    made.settler = settler
    made.clock.wait(86_400)
    answer = made.opened.track(OWNER, Request(alert=ALERT, actual_stake=10, unit_size=10))
    assert answer.bet is not None
    assert (answer.is_done, answer.bet.status, answer.bet.result.graded_immediately) == (True, Outcome.WON, True)
    assert "graded at once: won" in answer.message
    assert made.stored(answer.bet) == answer.bet
    reasons = [entry.reason for entry in made.store.history(OWNER, answer.bet.bet_id)]
    assert reasons == ["tracked", "line", "graded_immediately"]
    assert set(reasons) <= {*Reason, *Change}


@pytest.mark.parametrize("change", [{"fixture_id": None}, {"Date": None}, {"Date": "2024-03-12"}])
def test_a_match_that_may_not_be_over_is_left_to_the_loop(
    made: MadeBook, settler: ScriptedSettler, change: dict[str, object]
) -> None:
    made.settler = settler
    made.clock.wait(86_400)
    answer = made.opened.track(OWNER, Request(alert=ALERT | change, actual_stake=10, unit_size=10))
    assert (answer.is_done, settler.asked) == (True, [])


def test_a_silent_feed_is_waited_for_once(made: MadeBook, settler: ScriptedSettler) -> None:
    made.settler, settler.failing = settler, {"12345"}
    made.clock.wait(86_400)
    opened = made.opened
    for number in range(3):
        assert opened.track(OWNER, Request(alert=ALERT | {"message_id": number}, actual_stake=1, unit_size=1)).is_done
    assert settler.asked == ["12345"]
    made.clock.wait(REST.total_seconds())
    assert opened.track(OWNER, Request(alert=ALERT, actual_stake=1, unit_size=1)).is_done
    assert settler.asked == ["12345"] * 2


@dataclass
class CountingFeed:
    status: FixtureStatus
    asked: int = 0
    newer_than: datetime | None = None

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:
        self.asked += 1
        self.newer_than = newer_than
        return FixtureAnswer(a_fixture(fixture_id=fixture_id, status=self.status), is_cached=False)


@pytest.mark.parametrize(("status", "asked"), [(FixtureStatus.FINISHED, 2), (FixtureStatus.LIVE, 4)])
def test_a_finished_match_is_asked_for_once_a_minute(made: MadeBook, status: FixtureStatus, asked: int) -> None:
    feed = CountingFeed(status)
    recent = RecentFixtures(feed, made.clock.now)
    for _ in range(3):
        assert recent.fixture("1").fixture.fixture_id == "1"
    made.clock.wait(FRESH.total_seconds())
    recent.fixture("1")
    assert feed.asked == asked


def test_a_moment_ago_will_do_unless_something_newer_is_wanted(made: MadeBook) -> None:
    feed = CountingFeed(FixtureStatus.FINISHED)
    recent = RecentFixtures(feed, made.clock.now)
    recent.fixture("1")
    began = made.clock.now()
    made.clock.wait(1)
    assert recent.fixture("1", newer_than=began - timedelta(minutes=30)).is_cached
    assert not recent.fixture("1", newer_than=began).is_cached
    assert (feed.asked, feed.newer_than) == (2, began)
