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
class Man:
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

    def has_seen(self, man: Man) -> bool | None:
        """Whether he was on the pitch within regular time; None while that is open."""
        on_minute = man.came_on.minute if man.came_on else None
        return took_part(
            man.listed,
            on_minute,
            is_started=self.is_started,
            is_settled=self.is_finished,
            minutes=man.sheet.minutes,
        )


def read_men(
    content: Node, layout: Layout, squads: Mapping[str, Listing], events: Events, teams: Mapping[TeamSide, Team]
) -> list[Man]:
    """Everybody whose team is known."""
    table = sheets_of_table(content["playerStats"]) if layout.has_own_player_table else {}
    men = [
        _listed_man(
            listing,
            table.get(player_id, _EMPTY) if layout.has_own_player_table else sheet_of_listing(listing, layout),
            events,
        )
        for player_id, listing in squads.items()
    ]
    return men + list(_unlisted(table, squads, events, teams))


def _listed_man(listing: Listing, sheet: Sheet, events: Events) -> Man:
    return Man(
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
) -> Iterator[Man]:
    """Those whom only the table of players has: L3 names their team; in L4 nobody does, and they are left out."""
    sides = {team.team_id: side for side, team in teams.items()}
    for player_id, sheet in table.items():
        side = sides.get(sheet.team_id or "")
        if player_id not in squads and side is not None:
            yield Man(
                player_id=player_id,
                name=sheet.name,
                side=side,
                is_keeper=sheet.is_keeper or False,
                listed=None,
                came_on=events.came_on.get(player_id),
                went_off=events.went_off.get(player_id),
                sheet=sheet,
            )


def player_of(man: Man, play: Play, cards: tuple[Card, ...], stats: Mapping[Stat, Value]) -> Player:
    """The player as rules see him."""
    return Player(
        player_id=man.player_id,
        name=man.name,
        side=man.side,
        is_keeper=man.is_keeper,
        listed=man.listed,
        took_part=play.has_seen(man),
        started=man.listed is Listed.STARTER if play.is_started and man.listed is not None else None,
        on_minute=man.came_on.minute if man.came_on else None,
        off_minute=man.went_off.minute if man.went_off else None,
        is_off=man.went_off is not None or is_sent_off(man.player_id, cards),
        minutes=man.sheet.minutes,
        stats=stats,
    )


def cards_of(events: Events, men: list[Man]) -> tuple[Card, ...]:
    """The cards, and to whom they were shown."""
    by_id = {man.player_id: man for man in men}
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


def _holder(card: ShownCard, men: Mapping[str, Man]) -> CardHolder:
    """By the feed's word; where it has none (the first two layouts), by who was on the pitch."""
    if card.holder_word in _HOLDERS:
        return _HOLDERS[card.holder_word]
    if card.player_id is None or not men:
        return CardHolder.PLAYER
    man = men.get(card.player_id)
    if man is None:
        return CardHolder.STAFF  # in neither squad
    if man.listed is Listed.STARTER:
        is_on = man.went_off is None or card.at <= _end_of(man.went_off)
    elif man.came_on is not None:
        is_on = card.at >= Moment(man.came_on.minute, 0) and (man.went_off is None or card.at <= _end_of(man.went_off))
    else:
        # No word of when he came on: his minutes tell that he did.
        is_on = bool(man.sheet.minutes) or man.listed is None
    return CardHolder.PLAYER if is_on else CardHolder.OFF_PITCH


def _end_of(moment: Moment) -> Moment:
    """A card of the minute in which he went off is taken for his last act on the pitch."""
    return moment if moment.added else Moment(moment.minute, _ANY_ADDED)


_ANY_ADDED = 999
