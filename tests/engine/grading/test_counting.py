"""What is counted: sums, both teams, cards, goals, halves, extra time, and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.fixture import CardHolder, CardKind, DecidedBy, Quality, Stat, Value
from policytrader.model.outcomes import Reason
from policytrader.policy.grading.participation import CardCounting, Terms
from tests.engine.grading.builders import (
    AWAY,
    EXTRA,
    FIRST,
    HOME,
    REGULAR,
    SECOND,
    bet,
    both,
    card,
    exact,
    fixture,
    goal,
    inferred,
    live,
    missing,
    player,
    stats,
    suspect,
    unused,
)
from tests.engine.grading.grading import grade, said
from tests.engine.grading.policies import shipped, with_settings, with_terms

if TYPE_CHECKING:
    from policytrader.model.fixture import Fixture

pytestmark = pytest.mark.engine

ANN = player("7", "Ann Archer", stats=stats(goals=1, assists=2, shots=4))
BEN = player("8", "Ben Baker", AWAY)


def count(market: str, given: Fixture, **changed: Any) -> int | None:
    """The count, asked for by a bet that it wins: -20 is under every count."""
    found = grade(bet(market, "-20", **{"player_id": "7", "team_id": "10"} | changed), given)
    assert (found.status, found.reason) == ("won", "line"), found
    return found.actual_value


def pending(market: str, given: Fixture, **changed: Any) -> tuple[str, Quality | None]:
    found = grade(bet(market, "-20", **{"player_id": "7", "team_id": "10"} | changed), given)
    assert found.status == "pending", found
    assert found.actual_value is None
    return str(found.reason), found.quality


def test_statistics_of_a_market_add_up() -> None:
    assert count("Player Goal or Assist", fixture(ANN)) == 3
    assert count("Player Shots Total", fixture(ANN)) == 4


def test_a_part_that_is_missing_makes_the_sum_missing_with_the_worst_problem() -> None:
    given = stats(goals=missing(Reason.EXTRA_TIME_UNSPLIT), assists=missing(Reason.UNRECONCILED))
    assert pending("Player Goal or Assist", fixture(player("7", "Ann", stats=given)))[0] == "unreconciled"
    assert pending("Player Goal or Assist", fixture(player("7", "Ann", stats=stats(goals=3))))[0] == "stat_unavailable"


def test_a_number_that_the_feed_contradicts_is_none() -> None:
    given = fixture(player("7", "Ann", stats=stats(shots=suspect(3, Reason.INCONSISTENT_VALUE))))
    assert pending("Player Shots", given) == ("inconsistent_value", Quality.SUSPECT)
    given = fixture(player("7", "Ann", stats={Stat.SHOTS: Value(3, Quality.UNAVAILABLE)}))
    assert pending("Player Shots", given) == ("stat_unavailable", Quality.UNAVAILABLE)


def test_the_worst_quality_of_a_sum_is_told() -> None:
    given = fixture(player("7", "Ann", stats=stats(goals=1, assists=inferred())))
    assert grade(bet("Player Goal or Assist", player_id="7"), given).quality is Quality.ZERO_INFERRED
    given = fixture(player("7", "Ann", stats=stats(goals=1, assists=0)))
    assert grade(bet("Player Goal or Assist", player_id="7"), given).quality is Quality.EXACT


def test_a_zero_is_not_inferred_while_the_match_runs() -> None:
    given = live(player("7", "Ann", stats=stats(shots=inferred())))
    found = grade(bet("Player Shots", "-20", player_id="7"), given, policy=with_settings(shipped(), live_confirm="0s"))
    assert said(found) == ("pending", "not_finished", None)


def test_teams_the_match_and_the_lower_of_two() -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(7, 4), Stat.GOALS: both(3, 1)}})
    assert count("Team Corners", given) == 7
    assert count("Team Corners", given, team_id="20") == 4
    assert count("Match Corners", given) == 11
    assert count("Both Teams To Score", given) == 1


def test_a_handicap_is_own_minus_other() -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(4, 7)}})
    for team, line, expected in (
        ("10", "3", ("refund", "push", -3)),
        ("10", "3.25", ("half_win", "quarter_line", -3)),
        ("20", "-2.5", ("won", "line", 3)),
        ("20", "-3.25", ("half_loss", "quarter_line", 3)),
    ):
        found = grade(bet("Team Corners Handicap", line, "handicap", team_id=team), given)
        assert said(found) == expected


def test_one_side_of_two_that_is_missing() -> None:
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: {HOME: exact(7)}}})
    assert count("Team Corners", given) == 7
    assert pending("Match Corners", given)[0] == "stat_unavailable"
    assert pending("Team Corners Handicap", given)[0] == "stat_unavailable"


def test_halves_of_teams_and_none_of_players() -> None:
    given = fixture(ANN, team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}, FIRST: {Stat.CORNERS: both(2, 1)}})
    assert count("Match Corners", given, period="first half") == 3
    assert pending("Match Corners", given, period="2nd half")[0] == "stat_unavailable"
    assert pending("Player Shots", given, period="first half")[0] == "stat_unavailable"


def test_goals_by_half_come_from_events_and_own_goals_count_for_the_side() -> None:
    given = fixture(
        ANN, BEN,
        goals=(
            goal(HOME, "7"),
            goal(AWAY, "7", is_own=True, period=SECOND),
            goal(HOME, "7", period=SECOND),
            goal(HOME, "7", period=EXTRA),
        ),
    )  # fmt: skip
    assert count("Match Goals", given, period="1st half") == 1
    assert count("Match Goals", given, period="2nd half") == 2
    assert count("Match Goals", given) == 3
    assert count("Team Goals", given, team_id="20") == 1
    assert count("Player Goals", given, period="2nd half") == 1


def test_stated_goals_win_over_events_and_contradicted_ones_are_not_replaced() -> None:
    goals = (goal(HOME, "7"),)
    assert count("Team Goals", fixture(team_stats={REGULAR: {Stat.GOALS: both(2, 0)}}, goals=goals)) == 2
    doubtful = {REGULAR: {Stat.GOALS: {HOME: suspect(2, Reason.INCONSISTENT_VALUE), AWAY: exact(0)}}}
    assert pending("Team Goals", fixture(team_stats=doubtful, goals=goals))[0] == "inconsistent_value"
    unsplit = {REGULAR: {Stat.GOALS: {HOME: missing(Reason.EXTRA_TIME_UNSPLIT), AWAY: exact(0)}}}
    assert count("Team Goals", fixture(team_stats=unsplit, goals=goals, decided_by=DecidedBy.EXTRA_TIME)) == 1
    assert pending("Team Goals", fixture(team_stats=unsplit, has_events=False))[0] == "extra_time_unsplit"


def test_a_players_goals_of_the_match_are_what_is_stated() -> None:
    given = fixture(player("7", "Ann", stats=stats(goals=missing(Reason.UNRECONCILED))), goals=(goal(HOME, "7"),))
    assert pending("Player Goals", given)[0] == "unreconciled"
    given = fixture(player("7", "Ann", stats=stats(goals=missing(Reason.EXTRA_TIME_UNSPLIT))), goals=(goal(HOME, "7"),))
    assert pending("Player Goals", given)[0] == "extra_time_unsplit"


def test_first_last_and_headed_goals() -> None:
    given = fixture(
        ANN, BEN,
        goals=(
            goal(AWAY, "7", is_own=True),
            goal(HOME, "7", is_header=True, period=SECOND),
            goal(AWAY, "8", period=SECOND),
            goal(HOME, "7", period=EXTRA, is_header=True),
        ),
    )  # fmt: skip
    assert count("First Goalscorer", given) == 1, "the own goal before counts for nobody"
    assert count("First Goalscorer", given, player_id="8") == 0
    assert count("Last Goalscorer", given) == 0, "extra time does not count"
    assert count("Last Goalscorer", given, player_id="8") == 1
    assert count("Header Goal", given) == 1
    assert count("First Goalscorer", given, period="first half") == 0


def test_no_goal_no_scorer() -> None:
    assert count("First Goalscorer", fixture(ANN)) == 0
    assert pending("First Goalscorer", fixture(ANN, has_events=False))[0] == "stat_unavailable"


def test_a_goal_without_a_name_may_be_his() -> None:
    given = fixture(ANN, BEN, goals=(goal(HOME, None), goal(HOME, "7", period=SECOND)))
    assert pending("First Goalscorer", given)[0] == "stat_unavailable"
    assert count("First Goalscorer", given, player_id="8") == 0, "he plays for the other side"
    assert count("Last Goalscorer", given) == 1
    assert pending("Player First Half Goals", given)[0] == "stat_unavailable"
    assert count("Team First Half Goals", given) == 1


def test_a_header_that_nobody_described() -> None:
    given = fixture(ANN, BEN, goals=(goal(HOME, "7", is_header=None), goal(AWAY, "8", is_header=False)))
    assert pending("Header Goal", given)[0] == "stat_unavailable"
    assert count("Header Goal", given, player_id="8") == 0


def test_an_event_of_an_unknown_half_leaves_both_halves_open() -> None:
    given = fixture(ANN, BEN, goals=(goal(HOME, "7", period=REGULAR),), cards=(card(HOME, "7", period=REGULAR),))
    assert count("Match Goals", given) == 1
    assert pending("Match Goals", given, period="1st half")[0] == "stat_unavailable"
    assert pending("First Goalscorer", given, period="1st half")[0] == "stat_unavailable"
    assert count("Player Cards", given) == 1
    assert pending("Player Cards", given, period="2nd half")[0] == "stat_unavailable"
    assert count("Player Cards", given, player_id="8", period="2nd half") == 0


def test_cards_of_men_on_the_pitch_count_at_most_two_each() -> None:
    given = fixture(
        ANN, BEN, unused("9", "Cid"),
        cards=(
            card(HOME, "7"),
            card(HOME, "7", CardKind.SECOND_YELLOW, period=SECOND),
            card(HOME, "7", CardKind.RED, period=SECOND),
            card(HOME, None, holder=CardHolder.STAFF),
            card(HOME, "9", holder=CardHolder.OFF_PITCH),
            card(AWAY, "8", CardKind.RED, period=SECOND),
            card(AWAY, "8", is_after_whistle=True, period=SECOND),
            card(AWAY, "8", period=EXTRA),
        ),
    )  # fmt: skip
    assert count("Player Cards", given) == 2
    assert count("Team Cards", given) == 2
    assert count("Team Cards", given, team_id="20") == 1
    assert count("Match Cards", given) == 3
    assert count("Match Cards", given, period="first half") == 1
    assert grade(bet("Team Cards Handicap", "-0.75", "handicap", team_id="10"), given).status == "half_win"
    assert pending("Match Cards", fixture(ANN, has_events=False))[0] == "stat_unavailable"


def test_a_card_without_a_name_is_counted_for_nobody() -> None:
    given = fixture(ANN, BEN, cards=(card(HOME, None), card(HOME, "7"), card(AWAY, "8")))
    for market in ("Player Cards", "Team Cards", "Match Cards"):
        assert pending(market, given)[0] == "stat_unavailable"
    assert pending("Team Cards Handicap", given, team_id="20", direction="handicap")[0] == "stat_unavailable"
    assert count("Player Cards", given, player_id="8") == 1
    assert count("Team Cards", given, team_id="20") == 1


@pytest.mark.parametrize("changed", [{"period": EXTRA}, {"holder": CardHolder.STAFF}, {"holder": CardHolder.OFF_PITCH}])
def test_a_card_without_a_name_that_is_not_counted_anyway_spoils_nothing(changed: dict[str, Any]) -> None:
    given = fixture(ANN, BEN, cards=(card(HOME, None, **changed), card(HOME, "7")))
    assert count("Match Cards", given) == 1
    assert count("Player Cards", given) == 1


def test_each_bookmaker_counts_cards_his_way() -> None:
    points = CardCounting(yellow=1, red=2, second_yellow=1, most_per_player=3)
    policy = with_terms(shipped(), Bet365=Terms(cards=points))
    given = fixture(
        ANN, cards=(card(HOME, "7"), card(HOME, "7", CardKind.SECOND_YELLOW), card(HOME, "7", CardKind.RED))
    )
    for bookmaker, expected in (("BET365 ", 3), (None, 2), ("Other", 2)):
        found = grade(bet("Player Cards", player_id="7", bookmaker=bookmaker), given, policy=policy)
        assert found.actual_value == expected


def test_tackles_from_attempts_is_a_setting() -> None:
    given = fixture(player("7", "Ann", stats=stats(tackles_won=exact(2, "won", attempts=5))))
    policy = with_settings(shipped(), tackles_from_attempts=True)
    tackles = bet("Player Tackles", player_id="7")
    assert said(grade(tackles, given)) == ("pending", "stat_unavailable", None)
    found = grade(tackles, given, policy=policy, explain=True)
    assert (said(found), found.source_paths) == (("won", "line", 5), ("won",))
    stated = fixture(player("7", "Ann", stats=stats(tackles=1, tackles_won=exact(2, attempts=5))))
    assert grade(tackles, stated, policy=policy).actual_value == 1


def test_a_statistic_that_is_no_whole_number_is_refused() -> None:
    markets = shipped().markets
    changed = [one.model_copy(update={"is_whole": one.name != "Match Corners"}) for one in markets.markets]
    policy = type(shipped())(
        markets.model_copy(update={"markets": tuple(changed)}),
        shipped().participation,
        shipped().grading,
        shipped().names,
    )
    given = fixture(team_stats={REGULAR: {Stat.CORNERS: both(7, 4)}})
    assert said(grade(bet("Match Corners"), given, policy=policy)) == ("pending", "stat_unavailable", None)
