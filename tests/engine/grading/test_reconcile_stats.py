"""When a number that is missing is a zero: never where anything could be left for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.engine.grading.reconcile_stats import (
    Evidence,
    PlayerCounts,
    added,
    agreeing,
    contradicts,
    players_of_regular_time,
    reconcile_players,
    stated,
    unavailable,
)
from policytrader.model.fixture import Quality, Stat, TeamSide, Value
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME, AWAY = TeamSide.HOME, TeamSide.AWAY
FIGURE = "team.fouls"


def man(
    name: str,
    fouls: int | None,
    *,
    is_keeper: bool = False,
    took_part: bool | None = True,
    recounts: Mapping[Stat, Value] | None = None,
    side: TeamSide = HOME,
) -> PlayerCounts:
    """A player with passes, and with fouls unless they are not stated."""
    counts = {Stat.PASSES: stated(10, f"{name}.passes")}
    if fouls is not None:
        counts[Stat.FOULS] = stated(fouls, f"{name}.fouls")
    return PlayerCounts(
        player_id=name, side=side, is_keeper=is_keeper, took_part=took_part, stated=counts, recounts=recounts or {}
    )


def evidence(team: int | None = 3, *, is_finished: bool = True, goals: int | None = None) -> Evidence:
    """The home side's fouls, and goals where they are asked for."""
    figures = {} if team is None else {Stat.FOULS: {HOME: stated(team, FIGURE)}}
    return Evidence(
        recorded=frozenset(Stat) - {Stat.THROW_INS},
        team=figures,
        goals={} if goals is None else {HOME: stated(goals, "events")},
        is_finished=is_finished,
    )


def fouls_of_b(players: list[PlayerCounts], known: Evidence) -> Value:
    return reconcile_players(players, known).players["b"][Stat.FOULS]


def test_nothing_left_is_zero() -> None:
    value = fouls_of_b([man("a", 3), man("b", None)], evidence(3))
    assert value == Value(0, Quality.ZERO_INFERRED, FIGURE)


@pytest.mark.parametrize(
    ("players", "known", "reason"),
    [
        ([man("a", 2), man("b", None)], evidence(3), Reason.UNRECONCILED),
        ([man("a", 4), man("b", None)], evidence(3), Reason.UNRECONCILED),
        ([man("a", 3), man("b", None, is_keeper=True)], evidence(3), Reason.UNRECONCILED),
        ([man("a", 3), man("b", None)], evidence(None), Reason.UNRECONCILED),
        ([man("a", None), man("b", None)], evidence(None), Reason.STAT_UNAVAILABLE),
        ([man("a", 3), man("b", None)], evidence(3, is_finished=False), Reason.STAT_UNAVAILABLE),
        ([man("a", 3), man("b", None, took_part=False)], evidence(3), Reason.STAT_UNAVAILABLE),
        ([man("a", 3), man("b", None, took_part=None)], evidence(3), Reason.STAT_UNAVAILABLE),
        (
            [man("a", 3), man("b", None, recounts={Stat.FOULS: stated(1, "map")})],
            evidence(3),
            Reason.UNRECONCILED,
        ),
    ],
)
def test_anything_in_doubt_is_no_zero(players: list[PlayerCounts], known: Evidence, reason: Reason) -> None:
    value = fouls_of_b(players, known)
    assert (value.value, value.quality, value.reason) == (None, Quality.UNAVAILABLE, reason)


def test_who_has_no_numbers_at_all_has_no_zeros() -> None:
    silent = PlayerCounts(player_id="b", side=HOME, is_keeper=False, took_part=True, stated={})
    assert fouls_of_b([man("a", 3), silent], evidence(3)).reason is Reason.UNRECONCILED


def test_a_suspect_number_beside_it_leaves_the_sum_open() -> None:
    broken = man("a", 3)
    broken = PlayerCounts(
        player_id="a",
        side=HOME,
        is_keeper=False,
        took_part=True,
        stated={**broken.stated, Stat.FOULS: stated(2, "a.fouls", 1)},
    )
    result = reconcile_players([broken, man("b", None)], evidence(0))
    assert result.players["b"][Stat.FOULS].reason is Reason.UNRECONCILED
    assert result.sides[Stat.FOULS] == {HOME: False}


def test_what_a_layout_does_not_record_is_unavailable() -> None:
    assert reconcile_players([man("a", 3)], evidence()).players["a"][Stat.THROW_INS].reason is Reason.STAT_UNAVAILABLE


def test_a_stated_number_counts_even_where_the_sum_is_short() -> None:
    result = reconcile_players([man("a", 2, is_keeper=True), man("b", None)], evidence(3))
    assert result.players["a"][Stat.FOULS] == stated(2, "a.fouls")
    assert result.sides[Stat.FOULS] == {HOME: False}


def test_fouls_won_are_held_against_the_fouls_of_the_other_side() -> None:
    drawn = {Stat.PASSES: stated(1, "x"), Stat.FOULS_DRAWN: stated(3, "c.drawn")}
    players = [
        man("a", 3),
        PlayerCounts(player_id="c", side=AWAY, is_keeper=False, took_part=True, stated=drawn),
        man("d", None, side=AWAY),
    ]
    result = reconcile_players(players, evidence(3))
    assert result.players["d"][Stat.FOULS_DRAWN].quality is Quality.ZERO_INFERRED
    assert result.sides[Stat.FOULS_DRAWN] == {AWAY: True}


def test_goals_are_held_against_the_events() -> None:
    scorer = PlayerCounts(
        player_id="a", side=HOME, is_keeper=False, took_part=True, stated={Stat.GOALS: stated(2, "a.goals")}
    )
    zero = reconcile_players([scorer, man("b", 0)], evidence(goals=2)).players["b"][Stat.GOALS]
    open_ = reconcile_players([scorer, man("b", 0)], evidence(goals=3)).players["b"][Stat.GOALS]
    assert (zero.quality, open_.reason) == (Quality.ZERO_INFERRED, Reason.UNRECONCILED)


@pytest.mark.parametrize("is_keeper", [True, False])
@pytest.mark.parametrize(("scored", "total"), [(1, 3), (0, 2)])
def test_what_a_keeper_scored_is_told_by_the_events(scored: int, total: int, *, is_keeper: bool) -> None:
    events = {goals: {Stat.GOALS: stated(goals, "events")} for goals in (0, 1, 2)}
    outfield = man("c", 0, recounts=events[0])
    scorer = replace(man("a", 0, recounts=events[2]), stated={Stat.GOALS: stated(2, "a.goals")})
    silent = man("b", 0, is_keeper=is_keeper, recounts=events[scored])
    values = reconcile_players([scorer, silent, outfield], evidence(goals=total))
    found = values.players["b"][Stat.GOALS]
    assert found.value == scored
    assert (found.quality is Quality.EXACT) == bool(is_keeper or scored)
    # Nor does his goal leave anything open with the others.
    assert (values.players["c"][Stat.GOALS].quality, values.sides[Stat.GOALS][HOME]) == (Quality.ZERO_INFERRED, True)
    # Of a goal whose scorer nobody names, anybody may be the scorer.
    unnamed = reconcile_players([scorer, silent, outfield], evidence(goals=total + 1)).players
    assert {unnamed[name][Stat.GOALS].reason for name in "bc"} == {Reason.UNRECONCILED}
    running = reconcile_players([scorer, silent], evidence(goals=total, is_finished=False)).players["b"][Stat.GOALS]
    assert running.value is None


@given(st.lists(st.integers(0, 5) | st.none(), min_size=1, max_size=8), st.integers(0, 12))
def test_inferred_zeros_never_change_the_sum(fouls: list[int | None], team: int) -> None:
    players = [man(str(index), count) for index, count in enumerate(fouls)]
    result = reconcile_players(players, evidence(team))
    values = [result.players[one.player_id][Stat.FOULS] for one in players]
    if any(value.quality is Quality.ZERO_INFERRED for value in values):
        assert sum(value.value or 0 for value in values) == team
        assert result.sides[Stat.FOULS][HOME]
    assert [value.value for value in values if value.quality is Quality.EXACT] == [
        one for one in fouls if one is not None
    ]


# --- Extra time ------------------------------------------------------------------------------------------------------


def test_regular_time_keeps_what_a_recount_that_adds_up_gives() -> None:
    players = [
        man("a", 7, recounts={Stat.FOULS: stated(2, "map")}),
        man("b", None, recounts={Stat.FOULS: stated(1, "map")}),
    ]
    values = players_of_regular_time(players, evidence(3)).players
    assert [values[name][Stat.FOULS].value for name in "ab"] == [2, 1]
    assert values["a"][Stat.PASSES].reason is Reason.EXTRA_TIME_UNSPLIT
    short = players_of_regular_time(players, evidence(4)).players
    assert {short[name][Stat.FOULS].reason for name in "ab"} == {Reason.EXTRA_TIME_UNSPLIT}


def test_regular_time_without_recount_or_part_in_it() -> None:
    values = players_of_regular_time([man("a", 7), man("b", 0, took_part=False)], evidence(7)).players
    assert values["a"][Stat.FOULS].reason is Reason.EXTRA_TIME_UNSPLIT
    assert values["a"][Stat.THROW_INS].reason is Reason.STAT_UNAVAILABLE
    assert values["b"][Stat.FOULS].reason is Reason.STAT_UNAVAILABLE


# --- Cells and halves ------------------------------------------------------------------------------------------------


def test_more_than_there_were_is_suspect() -> None:
    assert stated(1, "x", 1).value == 1
    assert stated(2, "x", 1).quality is Quality.SUSPECT
    assert stated(None, "x").reason is Reason.INCONSISTENT_VALUE


def test_two_cells() -> None:
    assert agreeing(None, stated(1, "a")) == stated(1, "a")
    assert agreeing(stated(1, "a"), stated(1, "b")) == stated(1, "a")
    assert agreeing(unavailable(), stated(1, "b")) == stated(1, "b")
    assert agreeing(stated(1, "a"), unavailable()) == stated(1, "a")
    assert agreeing(stated(1, "a"), stated(2, "b")).quality is Quality.SUSPECT


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 100))
def test_halves(first: int, second: int, whole: int) -> None:
    halves = stated(first, "1"), stated(second, "2")
    assert added(*halves) == Value(first + second, Quality.EXACT, "1 + 2")
    assert contradicts(stated(whole, "all"), *halves) == (whole != first + second)
    assert not contradicts(stated(whole, "all"), unavailable(), halves[1])
    assert added(unavailable(), halves[1]).value is None
