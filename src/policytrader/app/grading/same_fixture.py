"""Whether a fixture is the one that a bet names.

A bet's ``fixture_id`` may come from another feed, which numbers matches its own way: grading it on whatever match has
that number here would pay by chance. So where the bet names its match, both teams must agree, in their order; where it
names a team alone, that must be one of the two; and where it has a kick-off, the match must be on its day, or be moved
by no more than a postponed match is waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.alerts.matches import match_sides
from policytrader.model.fixture import FixtureStatus, TeamSide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from policytrader.engine.player_names import NameMatcher
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet


_CALLED_OFF = frozenset({FixtureStatus.POSTPONED, FixtureStatus.CANCELLED})
"""A feed that calls a match off may already list it for another day."""


class SameFixture:
    """Compares a bet's match with a fixture's teams and day."""

    def __init__(self, names: NameMatcher, day_within: timedelta) -> None:
        """``names`` knows the teams' other names; ``day_within`` is how far a match may have been moved."""
        self._names = names
        self._day_within = day_within

    def __call__(self, bet: TrackedBet, fixture: Fixture) -> bool:
        """False where the bet names other teams or another day, or a match that cannot be read."""
        teams = {side: team.name for side, team in fixture.teams.items()}
        return self._is_same_day(bet, fixture) and self._are_same_teams(bet, teams)

    def _is_same_day(self, bet: TrackedBet, fixture: Fixture) -> bool:
        if bet.kickoff_at is None or fixture.kickoff_at is None or fixture.status in _CALLED_OFF:
            return True
        return abs(fixture.kickoff_at - bet.kickoff_at) <= self._day_within

    def _are_same_teams(self, bet: TrackedBet, teams: Mapping[TeamSide, str]) -> bool:
        if not bet.match:
            return not bet.team or self._names.match_team(bet.team, teams).team_id is not None
        named = match_sides(bet.match)
        return named is not None and all(
            self._names.match_team(name, teams).team_id is side for name, side in zip(named, TeamSide, strict=True)
        )
