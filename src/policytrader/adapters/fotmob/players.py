"""Players of a fixture: line-up, substitutions and numbers brought together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.adapters.fotmob.events import Moment
from policytrader.adapters.fotmob.player_stats import Sheet, sheet_of_listing, sheets_of_table
from policytrader.engine.grading.recount import is_sent_off, took_part
from policytrader.model.fixture import Card, CardHolder, Listed, Player, TeamSide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.adapters.fotmob.detect import Layout
    from policytrader.adapters.fotmob.events import Events, ShownCard
    from policytrader.adapters.fotmob.squads import Listing
    from policytrader.model.fixture import Stat, Team, Value
    from policytrader.model.json_nodes import Node

_EMPTY = Sheet(stats={}, minutes=None)
_HOLDERS = {"coach": CardHolder.STAFF, "not_on_pitch": CardHolder.OFF_PITCH}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlayer:
    """A player before his numbers are reconciled."""

    player_id: str
    name: str
    side: TeamSide
    is_keeper: bool
    listed: Listed | None
    came_on: Moment | None
    went_off: Moment | None
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Play:
    """What of a match decides who took part."""

    is_started: bool
    is_finished: bool

    def has_seen(self, player: FeedPlayer) -> bool | None:
        """Whether he was on the pitch within regular time; None while that is open."""
        on_minute = player.came_on.minute if player.came_on else None
        return took_part(
            player.listed,
            on_minute,
            is_started=self.is_started,
            is_settled=self.is_finished,
            minutes=player.sheet.minutes,
        )


def read_players(
    content: Node, layout: Layout, squads: Mapping[str, Listing], events: Events, teams: Mapping[TeamSide, Team]
) -> list[FeedPlayer]:
    """Everybody whose team is known."""
    table = sheets_of_table(content["playerStats"]) if layout.has_own_player_table else {}
    players = [
        _listed_player(
            listing,
            table.get(player_id, _EMPTY) if layout.has_own_player_table else sheet_of_listing(listing, layout),
            events,
        )
        for player_id, listing in squads.items()
    ]
    return players + list(_unlisted(table, squads, events, teams))


def _listed_player(listing: Listing, sheet: Sheet, events: Events) -> FeedPlayer:
    return FeedPlayer(
        player_id=listing.player_id,
        name=listing.name or sheet.name,
        side=listing.side,
        is_keeper=listing.is_keeper if sheet.is_keeper is None else sheet.is_keeper,
        listed=listing.listed,
        came_on=events.came_on.get(listing.player_id, listing.came_on),
        went_off=events.went_off.get(listing.player_id, listing.went_off),
        sheet=sheet,
    )


def _unlisted(
    table: Mapping[str, Sheet], squads: Mapping[str, Listing], events: Events, teams: Mapping[TeamSide, Team]
) -> Iterator[FeedPlayer]:
    """Those whom only the table of players has: L3 names their team; in L4 nobody does, and they are left out."""
    sides = {team.team_id: side for side, team in teams.items()}
    for player_id, sheet in table.items():
        side = sides.get(sheet.team_id or "")
        if player_id not in squads and side is not None:
            yield FeedPlayer(
                player_id=player_id,
                name=sheet.name,
                side=side,
                is_keeper=sheet.is_keeper or False,
                listed=None,
                came_on=events.came_on.get(player_id),
                went_off=events.went_off.get(player_id),
                sheet=sheet,
            )


def player_of(player: FeedPlayer, play: Play, cards: tuple[Card, ...], stats: Mapping[Stat, Value]) -> Player:
    """The player as rules see him."""
    return Player(
        player_id=player.player_id,
        name=player.name,
        side=player.side,
        is_keeper=player.is_keeper,
        listed=player.listed,
        took_part=play.has_seen(player),
        started=player.listed is Listed.STARTER if play.is_started and player.listed is not None else None,
        on_minute=player.came_on.minute if player.came_on else None,
        off_minute=player.went_off.minute if player.went_off else None,
        is_off=player.went_off is not None or is_sent_off(player.player_id, cards),
        minutes=player.sheet.minutes,
        stats=stats,
    )


def cards_of(events: Events, players: list[FeedPlayer]) -> tuple[Card, ...]:
    """The cards, and to whom they were shown."""
    by_id = {player.player_id: player for player in players}
    return tuple(
        Card(
            side=card.side,
            player_id=card.player_id,
            kind=card.kind,
            minute=card.at.minute,
            added=card.at.added,
            period=card.period,
            holder=_holder(card, by_id),
            is_after_whistle=card.is_after_whistle,
            source_path=card.source_path,
        )
        for card in events.cards
    )


def _holder(card: ShownCard, players: Mapping[str, FeedPlayer]) -> CardHolder:
    """By the feed's word; where it has none (the first two layouts), by who was on the pitch."""
    if card.holder_word in _HOLDERS:
        return _HOLDERS[card.holder_word]
    if card.player_id is None or not players:
        return CardHolder.PLAYER
    player = players.get(card.player_id)
    if player is None:
        return CardHolder.STAFF  # in neither squad
    if player.listed is Listed.STARTER:
        is_on = player.went_off is None or card.at <= _end_of(player.went_off)
    elif player.came_on is not None:
        is_on = card.at >= Moment(player.came_on.minute, 0) and (
            player.went_off is None or card.at <= _end_of(player.went_off)
        )
    else:
        # No word of when he came on: his minutes tell that he did.
        is_on = bool(player.sheet.minutes) or player.listed is None
    return CardHolder.PLAYER if is_on else CardHolder.OFF_PITCH


def _end_of(moment: Moment) -> Moment:
    """A card of the minute in which he went off is taken for his last act on the pitch."""
    return moment if moment.added else Moment(moment.minute, _ANY_ADDED)


_ANY_ADDED = 999
