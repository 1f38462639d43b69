"""What the events of a fixture tell, counted in one way for every feed: goals, who took part, who was sent off."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from policytrader.model.fixture import END_OF_REGULAR, HALVES, CardKind, Listed, TeamSide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policytrader.model.fixture import Card, Goal, Period


def goals_of(goals: Iterable[Goal], *periods: Period) -> Mapping[TeamSide, int]:
    """How many counted for each team in these periods, own goals of the other team among them."""
    return _by_side(goal for goal in goals if goal.period in periods)


def goals_by_own_players(goals: Iterable[Goal]) -> Mapping[TeamSide, int]:
    """How many each team's own players scored in regular time: what its players' goals add up to."""
    return _by_side(goal for goal in goals if goal.period in HALVES and not goal.is_own)


def _by_side(goals: Iterable[Goal]) -> Mapping[TeamSide, int]:
    counted = Counter(goal.side for goal in goals)
    return {side: counted[side] for side in TeamSide}


def goals_scored_by(player_id: str, goals: Iterable[Goal]) -> int:
    """How many goals of regular time are a player's; an own goal is nobody's."""
    return sum(goal.player_id == player_id and goal.period in HALVES and not goal.is_own for goal in goals)


def is_sent_off(player_id: str, cards: Iterable[Card]) -> bool:
    """Whether a player was shown a red card, or a second yellow one."""
    return any(card.player_id == player_id and card.kind is not CardKind.YELLOW for card in cards)


def took_part(
    listed: Listed | None, on_minute: int | None, *, is_started: bool, is_settled: bool, minutes: int | None = None
) -> bool | None:
    """Whether a player was on the pitch within regular time; None while that is open.

    ``is_settled`` says that nobody comes on any more, and that all who did are known. ``minutes`` are a sign that he
    was on the pitch, never that he was not: he who came on in the last minute may have none.
    """
    if not is_started:
        return None
    if listed is Listed.STARTER:
        return True
    if on_minute is not None:
        return on_minute <= END_OF_REGULAR
    if minutes:
        return True
    return False if is_settled else None
