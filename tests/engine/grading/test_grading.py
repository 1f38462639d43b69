"""What bets come to, case by case: precedence, live, participation, abandoned, words, names, money, explanations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.fixture import CardHolder, FixtureStatus, Listed, Quality, Stat
from policytrader.model.grades import FixtureBets
from policytrader.model.outcomes import Outcome
from policytrader.policy.grading.participation import Terms
from policytrader.policy.values import Line
from tests.engine.grading.builders import (
    AT,
    AWAY,
    EXTRA,
    FIRST,
    HOME,
    KICKOFF,
    REGULAR,
    SECOND,
    bet,
    both,
    came_on,
    card,
    exact,
    fixture,
    goal,
    live,
    player,
    stats,
    unused,
)
from tests.engine.grading.grading import grade, grade_all, said
from tests.engine.grading.policies import shipped, with_settings, with_terms

pytestmark = pytest.mark.engine

ANN = player("7", "Ann Archer", stats=stats(shots=2, goals=1))
SHOTS = bet("Player Shots", "1.5", player_id="7")
PENDING = ("pending", None)


# --- Order of precedence ----------------------------------------------------------------------------------------------


def test_what_a_person_decided_stays() -> None:
    by_hand = bet(
        "Nonsense", None, "sideways", manual_override=True, status=Outcome.HALF_WIN, actual_value=Decimal(3),
        stake=Decimal(10), odds=Decimal(3),
    )  # fmt: skip
    found = grade(by_hand, None)
    assert said(found) == ("half_win", "manual_override", 3)
    assert (found.returns, found.profit_loss, found.rule) == (Decimal("20.00"), Decimal("10.00"), "keep-manual")


def test_no_fixture_no_grade() -> None:
    assert said(grade(SHOTS, None)) == ("pending", "fixture_unmatched", None)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (FixtureStatus.CANCELLED, ("refund", "fixture_cancelled", None)),
        (FixtureStatus.AWARDED, ("refund", "fixture_cancelled", None)),
        (FixtureStatus.POSTPONED, ("pending", "postponed_wait", None)),
        (FixtureStatus.SCHEDULED, ("pending", "not_finished", None)),
        (FixtureStatus.UNKNOWN, ("pending", "not_finished", None)),
    ],
)
def test_fixtures_that_were_not_played(status: FixtureStatus, expected: tuple[str, str, None]) -> None:
    assert said(grade(SHOTS, fixture(ANN, status=status))) == expected


def test_the_void_window_of_each_bookmaker() -> None:
    postponed = fixture(status=FixtureStatus.POSTPONED)
    policy = with_terms(shipped(), Bet365=Terms(void_window="24h"))
    late, later = KICKOFF + timedelta(hours=24, seconds=1), KICKOFF + timedelta(hours=72, seconds=1)
    at_bet365 = bet("Player Shots", "1.5", player_id="7", bookmaker="bet365")
    assert grade(at_bet365, postponed, policy=policy, at=KICKOFF + timedelta(hours=24)).reason == "postponed_wait"
    assert grade(at_bet365, postponed, policy=policy, at=late).reason == "void_window"
    assert grade(SHOTS, postponed, policy=policy, at=late).reason == "postponed_wait"
    assert grade(SHOTS, postponed, policy=policy, at=later).reason == "void_window"
    assert grade(SHOTS, fixture(status=FixtureStatus.POSTPONED, kickoff_at=None), at=later).reason == "postponed_wait"


def test_an_unknown_market_is_not_guessed() -> None:
    found = grade(bet("Player Shots On Woodwork", player_id="7"), fixture(ANN))
    assert said(found) == ("pending", "market_unmapped", None)
    assert "Player Shots On Woodwork" in found.problem
    assert found.market_key is None


def test_a_player_who_is_nobodys_name_is_no_refund() -> None:
    found = grade(bet("Player Shots", "1.5", player_name="Zoe Zander"), fixture(ANN))
    assert said(found) == ("pending", "player_not_found", None)
    assert [one.name for one in found.suggestions] == ["Ann Archer"]
    assert 0 < found.suggestions[0].score < 100
    assert said(grade(bet("Player Shots", "1.5"), fixture(ANN)))[1] == "player_not_found"


def test_names_are_looked_for_where_ids_say_nothing() -> None:
    twins = (player("7", "Ann Archer", stats=stats(shots=2)), player("9", "Bea Archer", stats=stats(shots=0)))
    assert grade(bet("Player Shots", "1.5", player_name="archer"), fixture(*twins)).reason == "player_ambiguous"
    by_name = grade(bet("Player Shots", "1.5", player_name="ann  ARCHER", player_id="12345"), fixture(*twins))
    assert (said(by_name), by_name.player_id) == (("won", "line", 2), "7")
    by_id = grade(bet("Player Shots", "1.5", player_id="9"), fixture(*twins))
    assert (by_id.status, by_id.player_id) == ("lost", "9")


@pytest.mark.parametrize(
    ("player_id", "player_name", "expected"),
    [
        ("9", "Bea Archer", ("line", "9")),
        ("9", "B. Archer", ("line", "9")),
        ("9", "  ", ("line", "9")),
        ("9", "Ann Archer", ("line", "7")),
        ("8", "Ann Archer", ("line", "7")),
        ("9", "Archer", ("line", "9")),
        ("8", "Archer", ("player_ambiguous", None)),
        ("9", "Bea", ("player_ambiguous", None)),
        ("8", "Zoe Zander", ("player_not_found", None)),
        ("11", "Cole Dyer", ("line", "11")),
        ("12", "Cole Dyer", ("line", "12")),
        ("13", "Cole Dyer", ("player_ambiguous", None)),
    ],
)
def test_an_id_that_its_name_denies_is_another_feeds(
    player_id: str, player_name: str, expected: tuple[str, str | None]
) -> None:
    names = {
        "7": "Ann Archer",
        "8": "Ben Baker",
        "9": "Bea Archer",
        "11": "Cole Dyer",
        "12": "Cole Dyer",
        "13": "Dyer",
        "14": "Bea Frost",
    }
    given = fixture(*(player(key, name, stats=stats(shots=2)) for key, name in names.items()))
    found = grade(bet("Player Shots", "1.5", player_name=player_name, player_id=player_id), given)
    assert (found.reason, found.player_id) == expected


@pytest.mark.parametrize(
    ("team_id", "team_name", "expected"),
    [
        ("10", "Northport", ("line", "10")),
        ("10", None, ("line", "10")),
        ("10", "Eastmoor", ("line", "20")),
        ("10", "Southgate", ("fixture_unmatched", None)),
    ],
)
def test_a_teams_id_that_its_name_denies_is_another_feeds(
    team_id: str, team_name: str | None, expected: tuple[str, str | None]
) -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}})
    found = grade(bet("Team Corners", "3.5", team_name=team_name, team_id=team_id), given)
    assert (found.reason, found.team_id) == expected


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({}, "line"),
        ({"player_name": " Match ", "team_name": "match"}, "line"),
        ({"team_name": "Eastmoor"}, "line"),
        ({"team_name": "Southgate"}, "fixture_unmatched"),
        ({"team_name": "Southgate", "team_id": "10"}, "fixture_unmatched"),
        ({"player_name": "Ann Archer"}, "invalid_bet"),
        ({"player_name": "Northport", "team_name": "Northport"}, "invalid_bet"),
    ],
)
def test_a_bet_on_the_match_names_no_player_and_no_other_team(named: dict[str, str], reason: str) -> None:
    found = grade(bet("Match Corners", "9.5", **named), fixture(ANN, team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}}))
    assert found.reason == reason
    if reason == "invalid_bet":
        name = named["player_name"]
        assert found.problem == f"the market is about the match, and the bet names {name}: write match"


def test_a_bet_on_the_match_tells_rules_that_its_team_is_found() -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}})
    for team_name, word in ((None, "found"), ("Northport", "found"), ("Southgate", "not_found")):
        found = grade(bet("Match Corners", team_name=team_name), given, explain=True)
        assert found.values["team.match"] == word


def test_a_team_that_does_not_play_here() -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}})
    assert grade(bet("Team Corners", team_name="Southgate"), given).reason == "fixture_unmatched"
    found = grade(bet("Team Corners", "3.75", team_name="Eastmoor"), given)
    assert (found.status, found.team_id, found.player_id) == ("half_win", "20", None)


# --- Live -------------------------------------------------------------------------------------------------------------


def test_a_live_over_needs_two_looks_that_far_apart() -> None:
    first = grade(SHOTS, live(ANN))
    assert said(first) == ("pending", "not_finished", None)
    assert (first.first_seen_value, first.first_seen_at) == (2, AT)
    again = bet("Player Shots", "1.5", player_id="7", first_seen_value=2, first_seen_at=AT)
    early = grade(again, live(ANN), at=AT + timedelta(seconds=119))
    assert (early.status, early.first_seen_value, early.first_seen_at) == ("pending", 2, AT)
    found = grade(again, live(ANN), at=AT + timedelta(seconds=120))
    assert said(found) == ("won", "live_decided", 2)
    assert (found.first_seen_value, found.first_seen_at) == (None, None)


def test_more_on_top_does_not_start_anew_and_less_does() -> None:
    later = AT + timedelta(seconds=120)
    seen = bet("Player Shots", "0.5", player_id="7", first_seen_value=1, first_seen_at=AT)
    assert grade(seen, live(ANN), at=later).status == "won"
    taken_back = grade(seen, live(player("7", "Ann", stats=stats(shots=0))), at=later)
    assert (taken_back.first_seen_value, taken_back.first_seen_at) == (None, None)
    short = bet("Player Shots", "1.5", player_id="7", first_seen_value=1, first_seen_at=AT)
    found = grade(short, live(ANN), at=later)
    assert (found.status, found.first_seen_value, found.first_seen_at) == ("pending", 2, later)


def test_a_look_that_lies_ahead_is_none() -> None:
    seen = bet("Player Shots", "1.5", player_id="7", first_seen_value=2, first_seen_at=AT + timedelta(hours=1))
    assert grade(seen, live(ANN)).first_seen_at == AT


@pytest.mark.parametrize("line", ["1.75", "2", "2.25"])
def test_a_quarter_step_waits_for_the_end(line: str) -> None:
    seen = bet("Player Shots", line, player_id="7", first_seen_value=2, first_seen_at=AT - timedelta(hours=1))
    found = grade(seen, live(ANN))
    assert (said(found), found.first_seen_value) == (("pending", "not_finished", None), None)


def test_a_live_under_is_lost_only_where_the_policy_says_so() -> None:
    seen = bet("Player Shots", "1.5", "under", player_id="7", first_seen_value=2, first_seen_at=AT - timedelta(hours=1))
    assert grade(seen, live(ANN)).status == "pending"
    policy = with_settings(shipped(), live_under_losses=True)
    assert said(grade(seen, live(ANN), policy=policy)) == ("lost", "live_decided", 2)


@pytest.mark.parametrize("pending", [True, None])
def test_a_review_blocks_goals_and_nothing_else_also_one_that_nobody_tells_of(*, pending: bool | None) -> None:
    at_once = with_settings(shipped(), live_confirm="0s")
    reviewed = live(ANN, is_var_pending=pending, has_events=True)
    assert grade(bet("Player Goals", player_id="7"), reviewed, policy=at_once).reason == "var_pending"
    assert grade(SHOTS, reviewed, policy=at_once).reason == "live_decided"


def test_a_first_half_settles_after_its_marker() -> None:
    given = live(team_stats={FIRST: {Stat.CORNERS: both(2, 1)}}, goals=(goal(HOME, None),))
    assert said(grade(bet("Match Corners", "3.5", "under", period="1st half"), given)) == ("won", "line", 3)
    assert said(grade(bet("First Half Goals", "1", "under"), given)) == ("refund", "push", 1)
    running = live(team_stats={FIRST: {Stat.CORNERS: both(2, 1)}}, finished_periods=frozenset())
    assert grade(bet("Match Corners", "3.5", "under", period="1st half"), running).reason == "not_finished"


def test_what_the_next_goal_takes_away_is_not_won_early() -> None:
    given = live(ANN, goals=(goal(HOME, "7"),))
    at_once = with_settings(shipped(), live_confirm="0s")
    assert grade(bet("First Goalscorer", player_id="7"), given, policy=at_once).reason == "live_decided"
    assert grade(bet("Last Goalscorer", player_id="7"), given, policy=at_once).reason == "not_finished"


# --- Participation ----------------------------------------------------------------------------------------------------


def test_who_took_no_part_is_refunded_after_the_whistle_and_not_before() -> None:
    assert said(grade(SHOTS, fixture(unused("7", "Ann")))) == ("refund", "did_not_play", None)
    listed = fixture(unused("7", "Ann", listed=Listed.UNAVAILABLE))
    assert grade(SHOTS, listed).reason == "did_not_play"
    waiting = unused("7", "Ann", took_part=None, started=None)
    assert grade(SHOTS, live(waiting)).reason == "not_finished"
    assert grade(SHOTS, fixture(waiting)).reason == "not_finished"


def test_must_start_by_bookmaker_and_market() -> None:
    bet365 = Terms(markets={"player shots": "must_start"})
    strict = Terms(participation="must_start", markets={"Player Shots": "must_appear"})
    policy = with_terms(shipped(), Bet365=bet365, Strict=strict)
    given = fixture(came_on("7", "Ann", stats=stats(shots=2, fouls=2)))

    def reason(market: str, bookmaker: str | None) -> str:
        return grade(bet(market, "1.5", player_id="7", bookmaker=bookmaker), given, policy=policy).reason

    assert reason("Player Total Shots", "bet365") == "did_not_start"
    assert reason("Player Fouls", "bet365") == "line"
    assert reason("Player Fouls", "STRICT") == "did_not_start"
    assert reason("Player Shots", "STRICT") == "line"
    assert reason("Player Shots", None) == "line"


# --- Abandoned --------------------------------------------------------------------------------------------------------


def test_abandoned_keeps_what_was_decided() -> None:
    def found(line: str, direction: str = "over", **changed: Any) -> tuple[str, str, int | None]:
        men = player("7", "Ann", stats=stats(shots=2), **changed)
        given = fixture(men, status=FixtureStatus.ABANDONED, finished_periods=frozenset({FIRST}))
        return said(grade(bet("Player Shots", line, direction, player_id="7"), given))

    assert found("1.5") == ("won", "abandoned_decided", 2)
    assert found("1.75") == ("refund", "abandoned_void", None)
    assert found("2.5") == ("refund", "abandoned_void", None)
    assert found("2.5", is_off=True) == ("lost", "abandoned_decided", 2)
    assert found("2.25", is_off=True) == ("refund", "abandoned_void", None)
    assert found("2.5", "under") == ("refund", "abandoned_void", None)


def test_a_half_that_was_played_stands() -> None:
    given = fixture(
        status=FixtureStatus.ABANDONED,
        finished_periods=frozenset({FIRST}),
        team_stats={FIRST: {Stat.CORNERS: both(2, 1)}},
    )
    assert said(grade(bet("Match Corners", "3.25", "under", period="ht"), given)) == (
        "half_win",
        "abandoned_decided",
        3,
    )


@pytest.mark.parametrize(
    ("market", "line", "direction", "reason"),
    [
        ("Match Corners", "3.5", "under", "abandoned_void"),
        ("Team Corners Handicap", "3.5", "handicap", "abandoned_void"),
        ("Match Corners", "3.5", "over", "stat_unavailable"),
    ],
)
def test_abandoned_without_a_count_only_an_over_waits_for_it(
    market: str, line: str, direction: str, reason: str
) -> None:
    given = fixture(status=FixtureStatus.ABANDONED, finished_periods=frozenset({FIRST}))
    assert grade(bet(market, line, direction, team_id="10"), given).reason == reason
    assert grade(bet(market, line, direction, team_id="10", period="1st half"), given).reason == "stat_unavailable"


def test_a_line_may_be_as_long_as_passes_are_many() -> None:
    assert TypeAdapter(Line).validate_python(Decimal(10_000)) == 10_000
    given = fixture(team_stats={REGULAR: {Stat.PASSES: both(612, 489)}})
    for line, status in (("1000.5", "won"), ("1101", "refund"), ("9999.75", "lost"), ("10000", "lost")):
        assert grade(bet("Match Passes", line), given).status == status


# --- Words, lines, amounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "line", "direction", "period", "expected"),
    [
        ("anytime   GOALSCORER", None, None, None, "won"),
        ("To Score 2+ Goals", None, "Over", "match", "lost"),
        ("Anytime Goalscorer", "0.5", "no", None, "lost"),
        ("Player First Half Goals", "0.5", " O ", "match", "lost"),
        ("Player Goals", "0.5", "over", "Full Time", "won"),
    ],
)
def test_names_words_and_what_they_say(
    market: str, line: str | None, direction: str | None, period: str | None, expected: str
) -> None:
    given = fixture(ANN, goals=(goal(HOME, "7", period=SECOND),))
    found = grade(bet(market, line, direction, period=period, player_id="7"), given)
    assert (found.status, found.market_key) == (expected, "Player Goals")


@pytest.mark.parametrize(
    ("market", "line", "direction", "changed", "problem"),
    [
        ("Player Shots", "1.3", "over", {}, "threshold 1.3 is no multiple of 0.25"),
        ("Player Shots", "NaN", "over", {}, "threshold NaN lies outside of"),
        ("Player Shots", "-Infinity", "over", {}, "lies outside of"),
        ("Player Shots", "1e9", "over", {}, "lies outside of"),
        ("Player Shots", "10000.25", "over", {}, "lies outside of -10,000 to 10,000"),
        ("Player Shots", None, "over", {}, "no threshold, and market Player Shots has none of its own"),
        ("Player Shots", "1.5", None, {}, "no direction, and market Player Shots has none of its own"),
        ("Player Shots", "1.5", "sideways", {}, "direction `sideways` is unknown: say over, under or handicap"),
        ("Player Shots", "1.5", "over", {"period": "3rd half"}, "period `3rd half` is unknown"),
        ("Player Shots", "1.5", "handicap", {}, "only a team can have a handicap"),
        ("Team Corners Handicap", "1.5", "under", {"team_id": "10"}, "contradicts market Team Corners Handicap"),
        ("To Score 2+ Goals", "0.5", "over", {}, "threshold 0.5 contradicts market To Score 2+ Goals, which is 1.5"),
        ("First Half Goals", "1.5", "over", {"period": "2nd half"}, "period `2nd half` contradicts market"),
        ("Player Shots", "1.5", "over", {"odds": Decimal(1)}, "odds 1 must be more than 1"),
        ("Player Shots", "1.5", "over", {"odds": Decimal("NaN")}, "odds NaN must be"),
        ("Player Shots", "1.5", "over", {"stake": Decimal(0)}, "stake 0 must be more than 0"),
        ("Player Shots", "1.5", "over", {"stake": Decimal("1e-400000")}, "has more than 18 decimals"),
        ("Player Shots", "1.5", "over", {"stake": Decimal("1e400000")}, "at most 1,000,000,000"),
    ],
)
def test_a_bet_that_cannot_be_graded_says_why(
    market: str, line: str | None, direction: str | None, changed: dict[str, object], problem: str
) -> None:
    found = grade(bet(market, line, direction, **{"player_id": "7"} | changed), fixture(ANN))
    assert said(found) == ("pending", "invalid_bet", None)
    assert problem in found.problem
    assert ";" not in found.problem, "nothing else is wrong"


def test_a_markets_own_line_goes_in_quarters_too() -> None:
    markets = shipped().markets
    changed = [
        one.model_copy(update={"line": Decimal("0.3")}) for one in markets.markets if one.name == "Match Corners"
    ]
    policy = replace(shipped(), markets=markets.model_copy(update={"markets": tuple(changed)}))
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(2, 1)}})
    found = grade(bet("Match Corners", None), given, policy=policy)
    assert said(found) == ("pending", "invalid_bet", None)
    assert found.problem.startswith("threshold 0.3 of market Match Corners is no multiple of 0.25")


def test_a_bad_bet_refuses_no_other() -> None:
    bets = [bet("Player Shots", "NaN", player_id="7", key="a"), SHOTS, bet("?", None, None, key="c")]
    assert [(one.key, one.status) for one in grade_all(bets, fixture(ANN))] == [
        ("a", "pending"), ("1", "won"), ("c", "pending"),
    ]  # fmt: skip


def test_money_of_unusable_amounts_is_not_worked_out() -> None:
    odd = bet("Player Shots", "1.5", player_id="7", odds=Decimal("NaN"))
    found = grade(odd, fixture(status=FixtureStatus.CANCELLED))
    assert said(found) == ("pending", "invalid_bet", None)
    assert found.returns == 0
    assert "NaN" in found.problem


# --- Explanations -----------------------------------------------------------------------------------------------------


def test_only_those_are_explained_that_somebody_wants_explained() -> None:
    asked = [bet("Player Shots", player_id=player_id, key=player_id) for player_id in ("7", "8")]
    given = fixture(player("7", "Ann", stats=stats(shots=1)), player("8", "Beth", stats=stats(shots=0)))
    with GradingEngine(shipped()) as engine:
        batches = [FixtureBets(given, tuple(asked))]
        won, lost = engine.grade(batches, AT, explain=lambda grade: grade.status is Outcome.WON)
        everybody = engine.grade(batches, AT, explain=True)
    assert won == everybody[0]
    assert lost == replace(everybody[1], values={}, rules=(), source_paths=())
    assert everybody[1].rules


def test_an_explained_grade_tells_what_was_seen() -> None:
    given = fixture(
        player("7", "Ann", stats=stats(goals=exact(1, "a.goals"), assists=exact(0, "a.assists"))),
        player("8", "Ben", AWAY, stats=stats(goals=exact(5, "b.goals"))),
    )
    found = grade(bet("Player Goal or Assist", "0.75", "over", player_id="7"), given, explain=True)
    assert said(found) == ("half_win", "quarter_line", 1)
    assert (found.margin, found.quality, found.rule) == (Decimal("0.25"), Quality.EXACT, "line")
    assert found.source_paths == ("a.goals", "a.assists")
    assert found.values["bet.actual"] == 1
    assert found.values["bet.line"] == Decimal("0.75")
    assert found.values["bet.margin"] == Decimal("0.25")
    assert found.values["terms.live_confirm"] == "120s"
    assert found.values["fixture.since_kickoff"] == "10800s"
    assert found.values["bet.value_problem"] is None
    truths = {one.rule_id: one.truth for one in found.rules}
    assert list(truths) == [rule.id for rule in shipped().grading.rules]
    assert truths["line"] is True
    assert truths["live-over-won"] is False
    assert truths["team-not-in-fixture"] is False, "not about a player's bet"
    assert truths["unreconciled"] is None
    plain = grade(bet("Player Goal or Assist", "0.75", "over", player_id="7"), given)
    assert (plain.values, plain.rules, said(plain)) == ({}, (), said(found))


def test_the_places_of_events_are_told() -> None:
    given = fixture(
        ANN,
        cards=(
            card(HOME, "7", source_path="card.0"),
            card(AWAY, "8", source_path="card.1"),
            card(HOME, None, holder=CardHolder.STAFF, source_path="card.2"),
        ),
        goals=(goal(HOME, "7", source_path="goal.0"), goal(AWAY, "8", source_path="goal.1", period=EXTRA)),
        team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}},
    )

    def paths(market: str, **changed: Any) -> tuple[str, ...]:
        return grade(bet(market, player_id="7", team_id="10", **changed), given, explain=True).source_paths

    assert paths("Match Cards") == ("card.0", "card.1")
    assert paths("Player Cards") == ("card.0",)
    assert paths("Match Goals") == ("goal.0",)
    assert paths("Team Corners") == ("stats.7",)
    assert paths("Team Corners Handicap", direction="handicap") == ("stats.7", "stats.4")
