"""Whom a bet means, said by its owner: kept with the bet, and so for the next bets of theirs on that name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking.book import Answer
from policytrader.app.tracking.values import Refusal, identifier
from policytrader.errors import ConfigError, FeedError
from policytrader.model.tracked import By, Change, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.app.tracking.book import BetBook
    from policytrader.app.tracking.changes import Step
    from policytrader.model.fixture import Fixture, Player
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner


@dataclass(frozen=True, slots=True)
class SquadPlayer:
    """A player whom a bet may mean, by the feed's id."""

    player_id: str
    name: str
    team: str

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"player_id": self.player_id, "name": self.name, "team": self.team}


def squads_of(book: BetBook, settler: Callable[[], Settler], owner: Owner, bet_id: object) -> list[SquadPlayer]:
    """The two squads of a bet's match, by team and name. Raises ``Refusal`` where nobody can be chosen."""
    fixture = _fixture(_open_bet(book, owner, bet_id), settler)
    found = [_shown(player, fixture) for player in fixture.players.values()]
    return sorted(found, key=lambda one: (one.team, one.name, one.player_id))


def choose_player(
    book: BetBook, settler: Callable[[], Settler], owner: Owner, bet_id: object, player_id: object
) -> Answer:
    """The bet means this player, one of the two squads; so do the owner's next bets on that name."""
    try:
        chosen = identifier("player_id", player_id)
        fixture = _fixture(_open_bet(book, owner, bet_id), settler)
    except Refusal as refusal:
        return Answer(is_done=False, message=str(refusal))
    player = fixture.players.get(chosen or "")
    if player is None:
        return Answer(is_done=False, message=f"player_id: {chosen or 'nobody'} is in neither squad of this match")
    team_id = fixture.teams[player.side].team_id
    answer = book.change(owner, bet_id, lambda bet, at: with_player(bet, player.player_id, team_id, at))
    if answer.is_done:
        shown = _shown(player, fixture)
        return Answer(is_done=True, message=f"the player is {shown.name} ({shown.team})", bet=answer.bet)
    return answer


def take_player_back(book: BetBook, owner: Owner, bet_id: object) -> Answer:
    """The choice is taken back, for this bet and for those to come: the name decides again."""
    return book.change(owner, bet_id, without_player)


def with_player(bet: TrackedBet, player_id: str, team_id: str, at: datetime) -> Step | None:
    """The player that a person chose. Raises ``Refusal`` where a result stands, which would not follow."""
    _check_open(bet)
    if (bet.player_id, bet.team_id, bet.matched_by) == (player_id, team_id, By.PERSON):
        return None
    changed = replace(bet, player_id=player_id, team_id=team_id, matched_by=By.PERSON, version=bet.version + 1)
    return _step(bet, changed, Change.PLAYER_CHOSEN, at)


def without_player(bet: TrackedBet, at: datetime) -> Step | None:
    """Nobody is chosen any more; a settled bet keeps its result, and its ids."""
    if bet.matched_by is not By.PERSON:
        return None
    changed = replace(bet, matched_by=None, version=bet.version + 1)
    if not bet.status.is_settled:
        changed = replace(changed, player_id=None, team_id=None)
    return _step(bet, changed, Change.PLAYER_TAKEN_BACK, at)


def _step(bet: TrackedBet, changed: TrackedBet, reason: Change, at: datetime) -> Step:
    before, after = (
        {"player_id": one.player_id, "team_id": one.team_id, "matched_by": one.matched_by} for one in (bet, changed)
    )
    return changed, entry_of(bet, changed, By.PERSON, reason, at, before=before, after=after)


def _open_bet(book: BetBook, owner: Owner, bet_id: object) -> TrackedBet:
    bet = book.find(owner, bet_id)
    if bet is None:
        message = "no such bet"
        raise Refusal(message)
    _check_open(bet)
    return bet


def _check_open(bet: TrackedBet) -> None:
    if bet.player_name is None:
        message = "this bet is on no player"
        raise Refusal(message)
    if bet.status.is_settled:
        message = "this bet has a result: take it back first, then choose the player"
        raise Refusal(message)


def _fixture(bet: TrackedBet, settler: Callable[[], Settler]) -> Fixture:
    try:
        fixture = settler().fixture_of(bet)
    except (ConfigError, FeedError) as error:
        message = f"the squads cannot be read now: {error}"
        raise Refusal(message) from None
    if fixture is None:
        message = "the match of this bet is not known yet: settle first, which looks for it"
        raise Refusal(message)
    return fixture


def _shown(player: Player, fixture: Fixture) -> SquadPlayer:
    return SquadPlayer(player.player_id, player.name, fixture.teams[player.side].name)
