"""What the events of a fixture tell, counted."""

from __future__ import annotations

import pytest

from policytrader.engine.grading.recount import (
    goals_by_own_players,
    goals_of,
    goals_scored_by,
    is_sent_off,
    took_part,
)
from policytrader.model.fixture import (
    Card,
    CardHolder,
    CardKind,
    Goal,
    Listed,
    Period,
    TeamSide,
    period_of,
)

HOME, AWAY = TeamSide.HOME, TeamSide.AWAY


def goal(side: TeamSide, player_id: str, minute: int, *, is_own: bool = False) -> Goal:
    """Scored from open play; ``side`` is whom it counts for."""
    return Goal(
        side=side,
        player_id=player_id,
        is_own=is_own,
        is_header=None,
        is_penalty=False,
        minute=minute,
        added=0,
        period=period_of(minute),
    )


GOALS = (
    goal(HOME, "7", 45),
    goal(HOME, "7", 46),
    goal(HOME, "20", 60, is_own=True),
    goal(AWAY, "21", 90),
    goal(HOME, "7", 91),
)


def test_goals_count_for_the_team_that_gets_them() -> None:
    assert goals_of(GOALS, Period.FIRST_HALF) == {HOME: 1, AWAY: 0}
    assert goals_of(GOALS, *Period.SECOND_HALF.parts) == {HOME: 2, AWAY: 1}
    assert goals_of(GOALS, *Period.REGULAR.parts) == {HOME: 3, AWAY: 1}
    assert goals_of(GOALS, *Period) == {HOME: 4, AWAY: 1}


def test_players_have_neither_own_goals_nor_those_of_extra_time() -> None:
    assert goals_by_own_players(GOALS) == {HOME: 2, AWAY: 1}
    assert goals_scored_by("7", GOALS) == 2
    assert goals_scored_by("20", GOALS) == 0


@pytest.mark.parametrize(
    ("kind", "expected"), [(CardKind.YELLOW, False), (CardKind.SECOND_YELLOW, True), (CardKind.RED, True)]
)
def test_who_is_sent_off(*, kind: CardKind, expected: bool) -> None:
    card = Card(
        side=HOME,
        player_id="7",
        kind=kind,
        minute=30,
        added=0,
        period=Period.FIRST_HALF,
        holder=CardHolder.PLAYER,
    )
    assert is_sent_off("7", [card]) is expected
    assert not is_sent_off("8", [card])


@pytest.mark.parametrize(
    ("listed", "on_minute", "minutes", "during", "after"),
    [
        (Listed.STARTER, None, None, True, True),
        (Listed.BENCH, 90, None, True, True),
        (Listed.BENCH, 91, 30, False, False),
        (Listed.BENCH, None, 1, True, True),
        (Listed.BENCH, None, 0, None, False),
        (Listed.BENCH, None, None, None, False),
        (None, None, None, None, False),
    ],
)
def test_who_took_part(
    *, listed: Listed | None, on_minute: int | None, minutes: int | None, during: bool | None, after: bool | None
) -> None:
    def seen(*, is_started: bool = True, is_settled: bool) -> bool | None:
        return took_part(listed, on_minute, is_started=is_started, is_settled=is_settled, minutes=minutes)

    assert seen(is_settled=False) is during
    assert seen(is_settled=True) is after
    assert seen(is_started=False, is_settled=False) is None
