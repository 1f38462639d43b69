"""Whether a fixture is the one that a bet names.

A bet's ``fixture_id`` may come from another feed, which numbers matches its own way: grading it on whatever match has
that number here would pay by chance. So where the bet names its match, both teams must agree, in their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.alerts.matches import match_sides
from policytrader.model.fixture import TeamSide

if TYPE_CHECKING:
    from policytrader.engine.player_names import NameMatcher
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet


class SameFixture:
    """Compares a bet's match with a fixture's teams."""

    def __init__(self, names: NameMatcher) -> None:
        """``names`` knows the teams' other names."""
        self._names = names

    def __call__(self, bet: TrackedBet, fixture: Fixture) -> bool:
        """True where the bet names no match, or this one; False where it names another, or nothing that can be read."""
        if not bet.match:
            return True
        named = match_sides(bet.match)
        if named is None:
            return False
        teams = {side: team.name for side, team in fixture.teams.items()}
        return all(
            self._names.match_team(name, teams).team_id is side for name, side in zip(named, TeamSide, strict=True)
        )
