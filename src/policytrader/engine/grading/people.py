"""Whom a bet means among the people of its fixture: ids first, names within the two squads otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policytrader.engine.player_names import NameMatcher, PlayerMatch, TeamMatch
    from policytrader.model.fixture import Fixture, TeamSide
    from policytrader.model.grades import BetToGrade

FOUND, AMBIGUOUS, NOT_FOUND = "found", "ambiguous", "not_found"


@dataclass(frozen=True, slots=True)
class Match:
    """``key`` is a player's id or a side, where ``word`` is ``found``."""

    word: str
    key: str | None = None
    suggestions: tuple[str, ...] = ()


_NOBODY = Match(NOT_FOUND)


class People:
    """The squads and teams of one fixture. A name is looked for once, however many bets are on it."""

    def __init__(self, fixture: Fixture, matcher: NameMatcher) -> None:
        self._matcher = matcher
        self._players = {player_id: player.name for player_id, player in fixture.players.items()}
        self._teams: dict[TeamSide, str] = {side: team.name for side, team in fixture.teams.items()}
        self._by_player_id = {player_id: Match(FOUND, player_id) for player_id in fixture.players}
        self._by_team_id = {team.team_id: Match(FOUND, side) for side, team in fixture.teams.items()}
        self._by_player_name: dict[str, Match] = {}
        self._by_team_name: dict[str, Match] = {}

    def player(self, bet: BetToGrade) -> Match:
        """The bet's player. An id of another feed is none of ours: then the name decides."""
        found = self._by_player_id.get(bet.player_id or "")
        if found is None and bet.player_name is not None:
            found = self._by_player_name.get(bet.player_name)
            if found is None:
                answer = self._matcher.match_player(bet.player_name, self._players)
                found = self._by_player_name[bet.player_name] = _match(answer.player_id, answer)
        return found or _NOBODY

    def team(self, bet: BetToGrade) -> Match:
        """The side of the bet's team, as for players."""
        found = self._by_team_id.get(bet.team_id or "")
        if found is None and bet.team_name is not None:
            found = self._by_team_name.get(bet.team_name)
            if found is None:
                answer = self._matcher.match_team(bet.team_name, self._teams)
                found = self._by_team_name[bet.team_name] = _match(answer.team_id, answer)
        return found or _NOBODY


def _match(key: str | None, answer: PlayerMatch[str] | TeamMatch[TeamSide]) -> Match:
    if key is not None:
        return Match(FOUND, key)
    word = AMBIGUOUS if (answer.reason or "").endswith("_ambiguous") else NOT_FOUND
    return Match(word, None, tuple(suggestion.name for suggestion in answer.suggestions))
