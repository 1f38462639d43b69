"""What a fixture says about an alert of which only the ids are left: the match, its day, the player, the team."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.model.fixture import TeamSide
from policytrader.model.times import LONDON

if TYPE_CHECKING:
    from policytrader.model.fixture import Fixture


def alert_from(fixture: Fixture, subject_id: int, bot_type: str) -> dict[str, Any] | None:
    """Keys of an alert document; None where neither squads nor teams know ``subject_id``. Kick-off in London."""
    key = str(subject_id)
    teams = fixture.teams
    known: dict[str, Any] = {"Match": f"{teams[TeamSide.HOME].name} vs {teams[TeamSide.AWAY].name}"}
    if fixture.kickoff_at is not None:
        kickoff = fixture.kickoff_at.astimezone(LONDON)
        known |= {"Date": f"{kickoff:%Y-%m-%d}", "Time": f"{kickoff:%H:%M}"}
    if bot_type == "player":
        player = fixture.players.get(key)
        return None if player is None else {**known, "Player": player.name, "Team": teams[player.side].name}
    team = next((team for team in teams.values() if team.team_id == key), None)
    return None if team is None else {**known, "Team": team.name}
