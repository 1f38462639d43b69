"""Whom a bet means among the people of its fixture: an id that its name does not deny, else the name in the squads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.grades import Nearest
from policytrader.model.tracked import By
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policytrader.engine.player_names import NameMatcher, PlayerMatch, TeamMatch
    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade

FOUND, AMBIGUOUS, NOT_FOUND = "found", "ambiguous", "not_found"
_WHOLE_MATCH = "match"
"""What stands for a name in a bet on neither team."""
_FITS = 100.0


@dataclass(frozen=True, slots=True)
class Match:
    """``key`` is a player's id or a side, where ``word`` is ``found``; a bet on the whole match may be without."""

    word: str
    key: str | None = None
    suggestions: tuple[Nearest, ...] = ()


_NOBODY = Match(NOT_FOUND)


def names_somebody(name: str | None) -> bool:
    """Whether a bet's name is one of a player or a team: neither blank nor `match`."""
    return fold(name or "") not in {"", _WHOLE_MATCH}


class People:
    """The squads and teams of one fixture. A name is looked for once, however many bets are on it."""

    def __init__(self, fixture: Fixture, matcher: NameMatcher) -> None:
        def find_player(name: str, names: Mapping[str, str]) -> Match:
            answer = matcher.match_player(name, names)
            return _match(answer.player_id, answer)

        def find_team(name: str, names: Mapping[str, str]) -> Match:
            answer = matcher.match_team(name, names)
            return _match(answer.team_id, answer)

        players = fixture.players
        self._players = _Names(
            {key: one.name for key, one in players.items()}, {key: key for key in players}, find_player
        )
        teams = fixture.teams
        self._teams = _Names(
            {side: team.name for side, team in teams.items()},
            {team.team_id: side for side, team in teams.items()},
            find_team,
        )

    def player(self, bet: BetToGrade) -> Match:
        """The bet's player."""
        return self._players.meant(bet.player_id, bet.player_name, bet.matched_by)

    def team(self, bet: BetToGrade) -> Match:
        """The side of the bet's team."""
        return self._teams.meant(bet.team_id, bet.team_name, bet.matched_by)

    def team_of_match(self, bet: BetToGrade) -> Match:
        """For a bet on the match: found, unless it names a team that is neither of the two."""
        if not names_somebody(bet.team_name):
            return Match(FOUND)
        found = self.team(bet)
        return found if found.word == FOUND else Match(NOT_FOUND, None, found.suggestions)


class _Names:
    """Those whom an id or a name may mean."""

    def __init__(
        self, names: Mapping[str, str], by_id: Mapping[str, str], find: Callable[[str, Mapping[str, str]], Match]
    ) -> None:
        self._names = names
        self._by_id = by_id
        self._find = find
        self._by_name: dict[str, Match] = {}
        self._by_both: dict[tuple[str, str], Match] = {}

    def meant(self, written_id: str | None, name: str | None, matched_by: By | None) -> Match:
        """Whom the bet means.

        Whom a person chose is meant, or nobody. An id that was found in this feed before is meant unless the name has
        become somebody else's. Any other may be another feed's, which gives the same id to somebody else: its name can
        deny it.
        """
        key = self._by_id.get(written_id or "")
        if matched_by is By.PERSON:
            return _chosen(written_id, key)
        found = self._by_name_and_id(key, name)
        if matched_by is None or key is None:
            return found
        if found.word == FOUND and found.key != key:
            # Each fits: the one by the id, the other by the name.
            return Match(AMBIGUOUS, None, tuple(Nearest(self._names[one], _FITS) for one in (key, found.key) if one))
        return Match(FOUND, key)

    def _by_name_and_id(self, key: str | None, name: str | None) -> Match:
        if not fold(name or ""):
            return _NOBODY if key is None else Match(FOUND, key)
        assert name is not None, "it has letters"
        found = self._by_name.get(name)
        if found is None:
            found = self._by_name[name] = self._find(name, self._names)
        if key is None or found.word != AMBIGUOUS:
            return found
        both = self._by_both.get((key, name))
        if both is None:
            both = self._by_both[key, name] = Match(FOUND, key) if self._is_among(key, name) else found
        return both

    def _is_among(self, key: str, name: str) -> bool:
        """Whether a name that fits several fits this one, and nobody else better: then his id says who of them."""
        own = {key: self._names[key]}
        if self._find(name, own).key != key:
            return False
        others = (other for other in self._names if other != key)
        return all(self._find(name, {**own, other: self._names[other]}).key != other for other in others)


def _chosen(written_id: str | None, key: str | None) -> Match:
    if key is not None:
        return Match(FOUND, key)
    return _NOBODY if written_id else Match(AMBIGUOUS)


def _match(key: str | None, answer: PlayerMatch[str] | TeamMatch[str]) -> Match:
    if key is not None:
        return Match(FOUND, key)
    word = AMBIGUOUS if (answer.reason or "").endswith("_ambiguous") else NOT_FOUND
    return Match(word, None, tuple(Nearest(one.name, one.score) for one in answer.suggestions))
