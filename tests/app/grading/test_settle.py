from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.grading.find_fixtures import FixtureFinder
from policytrader.app.grading.same_fixture import SameFixture
from policytrader.app.grading.settle import FixtureLook, Settler
from policytrader.app.grading.watch import watch
from policytrader.engine.fixture_match import FixtureMatcher
from policytrader.engine.grading import evidence
from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.engine.player_names import NameMatcher
from policytrader.errors import FeedError, LayoutUnknownError, StoreError
from policytrader.model.fixture import Fixture, FixtureStatus, Period
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType, By, HistoryEntry, TrackedBet
from policytrader.policy.grading.overrides import with_setting
from policytrader.ports.bet_store import Owner
from policytrader.ports.stat_feed import FixtureAnswer
from tests.day_lists import day_list
from tests.engine.grading.builders import KICKOFF, exact, fixture, live, player, stats, unused
from tests.memory_bet_store import MemoryBetStore
from tests.tracked_bets import Moving, policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from policytrader.model.listed_fixture import DayList

OWNER = Owner(user_id=1, bot_type=BotType.PLAYER)
OTHER = Owner(user_id=2, bot_type=BotType.PLAYER)
AFTER = KICKOFF + timedelta(hours=3)


@dataclass
class Feed:
    """Answers what it is told to; each answer may be a fixture or an error."""

    answers: dict[str, Fixture | FeedError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cached: set[str] = field(default_factory=set)
    """Fixtures that it remembers, unless something newer is asked for."""

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:
        if fixture_id in self.cached and newer_than is None:
            answer = self.answers[fixture_id]
            assert isinstance(answer, Fixture)
            return FixtureAnswer(answer, is_cached=True)
        self.asked.append(fixture_id)
        answer = self.answers.get(fixture_id, FeedError("nothing under this id"))
        if isinstance(answer, FeedError):
            raise answer
        return FixtureAnswer(answer, is_cached=False)


@dataclass
class Lists:
    """The matches of days; a day that nobody listed has none."""

    days: dict[date, DayList | FeedError] = field(default_factory=dict)
    asked: list[date] = field(default_factory=list)

    def fixtures_on(self, day: date) -> DayList:
        self.asked.append(day)
        answer = self.days.get(day, day_list(day=day))
        if isinstance(answer, FeedError):
            raise answer
        return answer


@dataclass
class World:
    """A store in memory, a feed that is told what to answer, the shipped rules, a clock that is moved by hand."""

    store: MemoryBetStore = field(default_factory=MemoryBetStore)
    feed: Feed = field(default_factory=Feed)
    lists: Lists = field(default_factory=Lists)
    clock: Moving = field(default_factory=lambda: Moving(AFTER))
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = policy()
        if self.changes:
            grading = self.rules.grading
            schedule = grading.schedule.model_copy(update=self.changes)
            self.rules = replace(self.rules, grading=grading.model_copy(update={"schedule": schedule}))
        names = NameMatcher(self.rules.names)
        self.engine = GradingEngine(self.rules, names)
        matcher = FixtureMatcher(names, self.rules.names.accept)
        self.finder = FixtureFinder(self.store, self.lists, matcher, self.clock, self.rules.grading.schedule)
        same = SameFixture(names, timedelta(hours=72))
        self.settler = Settler(self.store, self.feed, self.engine, self.clock, same, self.finder)

    def add(self, bet_id: str, market: str = "Player Shots Total", line: str = "1.5", **changed: Any) -> TrackedBet:
        given: dict[str, Any] = {
            "user_id": 1, "bot_type": BotType.PLAYER, "player_name": "Ann Other", "fixture_id": "4506",
            "market_direction": "over", "odds": Decimal(3), "actual_stake": Decimal(20), "unit_size": Decimal(10),
            "kickoff_at": KICKOFF, "match": "Northport vs Eastmoor", "dedup_key": bet_id,
        }  # fmt: skip
        bet = TrackedBet(bet_id=bet_id, tracked_at=KICKOFF, market=market, threshold=Decimal(line), **given | changed)
        entry = HistoryEntry(
            bet_id=bet_id, user_id=bet.user_id, version=1, at=KICKOFF, by=By.PERSON, reason="tracked",
            from_status=Outcome.PENDING, to_status=bet.status,
        )  # fmt: skip
        assert self.store.add(bet, entry).is_stored
        return bet

    def bet(self, bet_id: str, owner: Owner = OWNER) -> TrackedBet:
        found = self.store.bet(owner, bet_id)
        assert found is not None
        return found


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.feed.answers["4506"] = match(shots=2)
    yield made
    made.engine.close()


def match(shots: int, **changed: Any) -> Fixture:
    return fixture(
        player("7", "Ann Other", stats=stats(shots=exact(shots, "players.7.shots"))),
        unused("8", "Beth Bench"),
        **{"team_stats": {Period.REGULAR: {}}} | changed,
    )


PLAYED = player("7", "Ann Other", stats=stats(shots=exact(2, "players.7.shots")))


def running(shots: int) -> Fixture:
    return live(player("7", "Ann Other", stats=stats(shots=shots)))


def test_a_bet_is_settled_with_its_money_its_ids_and_its_history(world: World) -> None:
    world.add("a")
    found = world.settler.look()
    bet = world.bet("a")
    assert [one.bet for one in found.settled] == [bet]
    assert (bet.status, bet.actual_value, bet.returns, bet.profit_loss) == (
        Outcome.WON,
        Decimal(2),
        Decimal("60.00"),
        Decimal("40.00"),
    )
    assert (bet.player_id, bet.settled_at, bet.version, bet.market_key) == ("7", AFTER, 2, "Player Shots Total")
    assert (bet.result.reason, bet.result.rule_id) == (Reason.LINE, "line")
    assert (bet.result.policy_hash, bet.result.snapshot_hash) == (world.rules.hash, "0" * 64)
    entry = world.store.history(OWNER, "a")[-1]
    assert (entry.by, entry.from_status, entry.to_status, entry.actual_to) == (
        By.GRADER,
        Outcome.PENDING,
        Outcome.WON,
        Decimal(2),
    )
    assert entry.evidence["reason"] == "line"
    assert entry.evidence["source_paths"] == ["players.7.shots"]
    assert entry.evidence["values"]["bet.margin"] == "0.5"


def test_only_a_result_that_is_stored_is_explained(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    explained: list[Any] = []
    seen_values = evidence.seen_values

    def counted(seen: dict[str, Any]) -> Any:
        explained.append(seen)
        return seen_values(seen)

    monkeypatch.setattr(evidence, "seen_values", counted)
    world.add("a")
    world.add("b", player_name="Nobody Here")
    world.settler.look()
    assert len(explained) == 1
    world.clock.wait(3600)
    world.settler.look()
    assert len(explained) == 1


def test_a_second_look_at_the_same_evidence_changes_nothing(world: World) -> None:
    world.add("a")
    world.settler.look()
    before, history = world.bet("a"), world.store.history(OWNER, "a")
    assert world.settler.look_at("4506").settled == ()
    assert (world.bet("a"), world.store.history(OWNER, "a")) == (before, history)


def test_each_fixture_is_fetched_once_however_many_bets_stand_on_it(world: World) -> None:
    for number in range(5):
        world.add(f"a{number}", user_id=1 + number % 2)
    assert len(world.settler.look().settled) == 5
    assert world.feed.asked == ["4506"]


def test_one_user_alone_can_be_settled(world: World) -> None:
    world.add("a")
    world.add("b", user_id=2)
    assert [one.bet.bet_id for one in world.settler.look(OTHER).settled] == ["b"]
    assert world.bet("a").status is Outcome.PENDING


def test_a_fixture_that_cannot_be_read_stops_no_other(world: World) -> None:
    world.add("a", fixture_id="1", kickoff_at=KICKOFF - timedelta(hours=1))
    world.add("b")
    found = world.settler.look()
    assert world.feed.asked == ["1", "4506"]
    assert [one.bet.bet_id for one in found.settled] == ["b"]
    assert [look.failure for look in found.failures] == ["nothing under this id"]
    assert world.bet("a").result.reason is Reason.FEED_ERROR


def test_a_layout_that_nobody_knows_is_its_own_reason_and_the_next_good_answer_settles(world: World) -> None:
    world.add("a")
    world.feed.answers["4506"] = LayoutUnknownError("HTML")
    world.settler.look()
    assert world.bet("a").result.reason is Reason.LAYOUT_UNKNOWN
    world.feed.answers["4506"] = match(shots=1)
    world.settler.look()
    assert world.bet("a").status is Outcome.LOST


def test_the_longest_unchecked_comes_first_and_failures_do_not_hold_the_place(world: World) -> None:
    for number in ("1", "2", "3"):
        world.add(number, fixture_id=number)
    world.settler.look()
    world.clock.wait(60)
    world.settler.look_at("1")
    world.clock.wait(60)
    world.feed.asked.clear()
    world.settler.look()
    assert world.feed.asked == ["2", "3", "1"]


def test_a_feed_that_asks_to_be_left_alone_ends_the_look(world: World) -> None:
    for number in ("1", "2"):
        world.add(number, fixture_id=number)
        world.feed.answers[number] = FeedError("too many", 40.0)
    found = world.settler.look()
    assert world.feed.asked == ["1"]
    assert found.retry_after_seconds == 40.0


@pytest.mark.parametrize(
    ("schedule", "minutes", "asked"),
    [({}, 104, []), ({}, 106, ["4506"]), ({"live": True}, -1, []), ({"live": True}, 1, ["4506"])],
)
def test_nobody_asks_before_the_match_should_be_over_unless_live(
    schedule: dict[str, Any], minutes: int, asked: list[str]
) -> None:
    world = World(clock=Moving(KICKOFF + timedelta(minutes=minutes)), changes=schedule)
    world.add("a")
    world.settler.look()
    assert world.feed.asked == asked


def test_what_nobody_answered_for_a_week_is_given_up_loudly_and_not_unasked(world: World) -> None:
    world.add("a")
    world.feed.answers.clear()
    world.clock.at = KICKOFF + timedelta(days=7, minutes=1)
    assert [look.failure for look in world.settler.look().looks] == ["nothing under this id"]
    world.feed.asked.clear()
    found = world.settler.look()
    assert ([one.fixture_id for one in found.given_up], world.feed.asked) == (["4506"], [])


def test_a_person_has_the_last_word(world: World) -> None:
    world.add("a", status=Outcome.LOST, manual_override=True, settled_at=AFTER)
    before = world.bet("a")
    world.settler.look_at("4506")
    assert world.bet("a") == before


def test_a_corrected_number_grades_again_within_the_window_alone(world: World) -> None:
    world.add("a")
    world.settler.look()
    world.feed.answers["4506"] = match(shots=1)
    world.clock.wait(71 * 3600)
    world.settler.look_at("4506")
    bet = world.bet("a")
    assert (bet.status, bet.profit_loss, bet.result.reason) == (Outcome.LOST, Decimal("-20.00"), Reason.STAT_CORRECTED)
    assert world.store.history(OWNER, "a")[-1].evidence["reason"] == "line"
    world.feed.answers["4506"] = match(shots=9)
    world.clock.wait(73 * 3600)
    world.settler.look_at("4506")
    assert world.bet("a").status is Outcome.LOST


def test_a_result_stays_where_the_feed_has_nothing_to_say_any_more(world: World) -> None:
    world.add("a")
    world.settler.look()
    before = world.bet("a")
    world.feed.answers["4506"] = match(shots=2, status=FixtureStatus.UNKNOWN, finished_periods=frozenset())
    world.settler.look_at("4506")
    assert world.bet("a") == before


def test_a_live_over_needs_two_looks(world: World) -> None:
    world.add("a")
    world.feed.answers["4506"] = running(shots=2)
    world.settler.look()
    waiting = world.bet("a")
    assert (waiting.status, waiting.result.first_seen_value, waiting.result.first_seen_at) == (
        Outcome.PENDING,
        2,
        AFTER,
    )
    world.clock.wait(119)
    world.settler.look()
    assert world.bet("a").status is Outcome.PENDING
    world.feed.answers["4506"] = FeedError("away")
    world.settler.look()
    world.feed.answers["4506"] = running(shots=3)
    world.clock.wait(1)
    world.settler.look()
    won = world.bet("a")
    assert (won.status, won.result.reason, won.result.first_seen_at) == (Outcome.WON, Reason.LIVE_DECIDED, None)


@pytest.mark.parametrize(
    "named", ["Westham vs Eastmoor", "Eastmoor vs Northport", "Northport", "a | b", "Eastmoor @ Northport"]
)
def test_a_fixture_of_other_teams_is_not_the_bets_one(world: World, named: str) -> None:
    world.add("a", match=named)
    world.settler.look()
    bet = world.bet("a")
    assert (bet.status, bet.result.reason) == (Outcome.PENDING, Reason.FIXTURE_UNMATCHED)


@pytest.mark.parametrize(
    "named",
    [
        None,
        "Northport vs Eastmoor",
        "NORTHPORT v. eastmoor FC",
        "Northport - Eastmoor",
        "Northport \u2014 Eastmoor | Over 2.5",
    ],
)
def test_the_bets_own_fixture_is_known_by_both_teams(world: World, named: str | None) -> None:
    world.add("a", match=named)
    world.settler.look()
    assert world.bet("a").status is Outcome.WON


@pytest.mark.parametrize("days", [-365, -4, 4, 365])
def test_a_fixture_of_another_day_is_not_the_bets_one(world: World, days: int) -> None:
    world.add("a", kickoff_at=AFTER - timedelta(days=1))
    world.feed.answers["4506"] = match(shots=2, kickoff_at=AFTER - timedelta(days=1) + timedelta(days=days))
    world.settler.look()
    assert world.bet("a").result.reason is Reason.FIXTURE_UNMATCHED


@pytest.mark.parametrize(("team", "status"), [("Arsenal", Outcome.PENDING), ("Northport", Outcome.WON)])
def test_a_bet_without_a_match_must_name_one_of_the_teams(world: World, team: str, status: Outcome) -> None:
    world.add("a", match=None, team=team)
    world.settler.look()
    assert world.bet("a").status is status


def test_one_users_wrong_date_gives_up_nobody_elses_bet(world: World) -> None:
    world.add("a")
    world.add("b", user_id=2, kickoff_at=KICKOFF - timedelta(days=365))
    world.settler.look()
    assert world.bet("a").status is Outcome.WON
    assert world.bet("b", OTHER).result.reason is Reason.FIXTURE_UNMATCHED


def test_the_void_window_counts_from_the_day_that_the_bet_expects(world: World) -> None:
    world.add("a")
    moved = KICKOFF + timedelta(days=30)
    world.feed.answers["4506"] = match(shots=0, status=FixtureStatus.POSTPONED, kickoff_at=moved)
    world.clock.at = KICKOFF + timedelta(hours=71)
    world.settler.look()
    assert world.bet("a").result.reason is Reason.POSTPONED_WAIT
    world.clock.at = KICKOFF + timedelta(hours=73)
    world.settler.look()
    assert (world.bet("a").status, world.bet("a").result.reason) == (Outcome.REFUND, Reason.VOID_WINDOW)


def test_what_was_void_stays_void_when_the_match_is_played_after_all(world: World) -> None:
    world.add("a")
    world.feed.answers["4506"] = match(shots=0, status=FixtureStatus.CANCELLED)
    world.settler.look()
    before = world.bet("a")
    assert before.result.reason is Reason.FIXTURE_CANCELLED
    world.feed.answers["4506"] = match(shots=2)
    world.settler.look_at("4506")
    assert world.bet("a") == before


def test_other_rules_alone_change_no_result(world: World) -> None:
    world.add("a")
    world.settler.look()
    before = world.bet("a")
    strict = with_setting(policy(), "participation", "must_start")
    with GradingEngine(strict) as engine:
        names = NameMatcher(strict.names)
        world.feed.answers["4506"] = replace(match(shots=2), players={"7": replace(PLAYED, started=False)})
        settler = Settler(world.store, world.feed, engine, world.clock, SameFixture(names, timedelta(hours=72)))
        settler.look_at("4506")
    assert world.bet("a").status is before.status is Outcome.WON


class Contested(MemoryBetStore):
    """Somebody else changes the bet just before it is written, ``times`` times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        for changed, entry in steps:
            if self.times:
                self.times -= 1
                bet = self.bet(OWNER, changed.bet_id)
                assert bet is not None
                doubled = replace(bet, actual_stake=bet.actual_stake * 2, version=bet.version + 1)
                self.replace(doubled, replace(entry, version=doubled.version, to_status=Outcome.PENDING))
        return super().replace_all(steps)


@pytest.mark.parametrize(("times", "profit"), [(1, "80.00"), (2, "160.00")])
def test_a_bet_that_somebody_changed_meanwhile_is_read_and_graded_again(times: int, profit: str) -> None:
    world = World(store=Contested(times))
    world.feed.answers["4506"] = match(shots=2)
    world.add("a")
    assert [one.bet.profit_loss for one in world.settler.look().settled] == [Decimal(profit)]


def test_a_bet_that_is_changed_all_the_time_waits_for_the_next_look() -> None:
    world = World(store=Contested(99))
    world.feed.answers["4506"] = match(shots=2)
    world.add("a")
    assert world.settler.look().settled == []
    assert world.bet("a").status is Outcome.PENDING


def test_of_two_graders_at_once_the_one_that_wrote_reports(world: World) -> None:
    for name in ("b1", "b2"):
        world.add(name)
    world.add("b3", line="2.25", market="Team Corners", player_name=None, team="Northport")  # stays pending
    names = NameMatcher(world.rules.names)
    same = SameFixture(names, timedelta(hours=72))
    first, second = (
        Settler(world.store, world.feed, world.engine, world.clock, same, grader=grader) for grader in ("one", "two")
    )
    others: list[FixtureLook] = []

    def meddle(_: str) -> None:
        # Both have read the bets, at the same moment; the second is the first to write.
        world.store.before_write = lambda _: None
        others.append(second.look_at("4506"))

    world.store.before_write = meddle
    own = first.look_at("4506")
    assert [one.bet.bet_id for one in others[0].settled] == ["b1", "b2"]
    assert (own.settled, own.pending) == ((), others[0].pending)
    assert [entry.evidence.get("grader") for entry in world.store.history(OWNER, "b1")] == [None, "two"]


class Away(MemoryBetStore):
    """A store that is away for the first looks."""

    left = 2

    def pending_fixtures(self, *args: Any, **options: Any) -> Any:
        if self.left:
            self.left -= 1
            message = "away"
            raise StoreError(message)
        return super().pending_fixtures(*args, **options)


def test_the_watch_survives_a_store_that_is_away_and_settles_when_it_is_back() -> None:
    world = World(store=Away())
    world.feed.answers["4506"] = match(shots=2)
    world.add("a")
    told: list[tuple[str, float]] = []
    watch(
        world.settler,
        world.clock,
        world.rules.grading.schedule,
        owner=None,
        is_stopping=lambda: len(told) == 4,
        progress=lambda *_: None,
        tell=lambda found, seconds: told.append((type(found).__name__, seconds)),
    )
    assert told == [("StoreError", 240), ("StoreError", 480), ("Round", 480), ("Round", 480)]
    assert world.bet("a").status is Outcome.WON
    assert world.clock.at == AFTER + timedelta(seconds=240 + 480 * 3)
