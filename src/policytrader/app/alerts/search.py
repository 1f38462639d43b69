"""Finding alerts among those that are stored: by ids, or by the names of match and player.

What a collection gives back is looked at again: a filter narrows what has to be read, it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from policytrader.app.alerts.documents import day_of, newest_key, number_of
from policytrader.app.alerts.ids import as_id, as_text
from policytrader.app.alerts.matches import match_sides, read_match
from policytrader.config.redaction import strike_known
from policytrader.engine.name_forms import normalise
from policytrader.errors import PolicytraderError, StoreError

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from policytrader.app.alerts.market_names import MarketName, MarketNames
    from policytrader.engine.player_names import PlayerMatch, TeamMatch
    from policytrader.ports.alert_collection import AlertCollection

Document = Mapping[str, Any]

_LONGEST_TOLD = 100
_ONE_DAY = 1


class Names(Protocol):
    """Which name is meant; as ``policytrader.engine.player_names.NameMatcher``."""

    def match_player(self, name: object, players: Mapping[str, object], /) -> PlayerMatch[str]:
        """The player called ``name`` among ``{id: name}``."""
        ...

    def match_team(self, name: object, teams: Mapping[str, object], /) -> TeamMatch[str]:
        """The team called ``name`` among ``{id: name}``."""
        ...


@dataclass(frozen=True, slots=True)
class Bet:
    """What is known of a bet beside whom it is on and in which match; None narrows nothing."""

    market: str
    direction: str | None = None
    threshold: Decimal | None = None
    bookmaker: str | None = None
    day: date | None = None


class AlertSearch:
    """One bot's stored alerts. Raises ``StoreError`` where the collection cannot be read."""

    def __init__(self, alerts: AlertCollection, bot_type: str, names: Names, markets: MarketNames) -> None:
        self._alerts = alerts
        self._bot_type = bot_type
        self._is_player = bot_type == "player"
        self._names = names
        self._markets = markets

    def by_ids(self, fixture_id: int, subject_id: int, bet: Bet) -> Document | None:
        """The newest alert on this fixture, player (or team) and market."""
        key = "player_id" if self._is_player else "team_id"
        wanted = {"fixture_id": fixture_id, key: subject_id}
        # Ids are stored as numbers or as texts.
        found = self._find({name: {"$in": [number, str(number)]} for name, number in wanted.items()})
        same = (one for one in found if all(as_id(one.get(name)) == number for name, number in wanted.items()))
        return self._newest(same, bet)

    def by_names(self, match: str, subject: str, bet: Bet) -> Document | None:
        """The newest alert on this match, player (or team) and market; names need not be spelt alike."""
        if match_sides(match) is None:
            return None
        # Most alerts come from one program, which spells a match in one way.
        spellings = {match, read_match(match)}
        found = self._newest(self._on_subject(self._find_matches(spellings, match), subject), bet)
        if found is not None:
            return found
        spellings = {one for one in self._stored_matches() if self._is_same_match(match, one)}
        return self._newest(self._on_subject(self._find_matches(spellings, match), subject), bet)

    def _find_matches(self, spellings: Iterable[str | None], match: str) -> list[Document]:
        asked = sorted(one for one in spellings if one is not None)
        found = self._find({"Match": {"$in": asked}}) if asked else ()
        return [one for one in found if self._is_same_match(match, one.get("Match"))]

    def _stored_matches(self) -> list[str]:
        with told_as_ours():
            rows = list(self._alerts.aggregate([{"$group": {"_id": "$Match"}}]))
        return [row["_id"] for row in rows if isinstance(row, Mapping) and isinstance(row.get("_id"), str)]

    def _is_same_match(self, one: str, other: Any) -> bool:
        sides, others = match_sides(one), match_sides(other)
        if sides is None or others is None:
            return False
        forms = [normalise(side) for side in sides]
        if all(forms) and forms == [normalise(side) for side in others]:
            return True
        teams = dict(zip(("home", "away"), others, strict=True))
        return all(self._names.match_team(side, teams).team_id == key for side, key in zip(sides, teams, strict=True))

    def _on_subject(self, documents: Iterable[Document], name: str) -> list[Document]:
        """Those on one player, or team; none where the name may mean two of them."""
        key, id_key = ("Player", "player_id") if self._is_player else ("Team", "team_id")
        named = [(text, one) for one in documents if (text := as_text(one.get(key))) is not None]
        written = {text: text for text, _ in named}
        found = (
            self._names.match_player(name, written).player_id
            if self._is_player
            else self._names.match_team(name, written).team_id
        )
        same = [one for text, one in named if text == found]
        ids = {as_id(one.get(id_key)) for one in same} - {None}
        return same if len(ids) <= 1 else []

    def _newest(self, documents: Iterable[Document], bet: Bet) -> Document | None:
        asked = self._markets.find(bet.market, self._bot_type)
        threshold = asked.line if bet.threshold is None else bet.threshold
        bet = replace(bet, threshold=threshold, direction=bet.direction or asked.direction)
        fitting = [one for one in documents if self._is_on(one, asked, bet)]
        # Alerts on one bet at two bookmakers differ in their odds: the one that was asked for comes first.
        return max(fitting, key=lambda one: (_is_at(one, bet.bookmaker), newest_key(one)), default=None)

    def _is_on(self, document: Document, asked: MarketName, bet: Bet) -> bool:
        """Whether it is on the same market, and nothing that is known on both sides differs."""
        name = as_text(document.get("Market"))
        if name is None:
            return False
        market = self._markets.find(name, self._bot_type)
        direction = as_text(document.get("market_direction")) or market.direction
        threshold = number_of(document.get("Threshold"))
        if threshold is None:
            threshold = market.line
        return (
            market.key == asked.key
            and (None in (bet.direction, direction) or bet.direction == str(direction).casefold())
            and (None in (bet.threshold, threshold) or bet.threshold == threshold)
            and _is_near(day_of(document), bet.day)
        )

    def _find(self, wanted: Mapping[str, Any]) -> list[Document]:
        with told_as_ours():
            return [one for one in self._alerts.find(dict(wanted)) if isinstance(one, Mapping)]


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raise ``StoreError`` for whatever a collection raises.

    A collection is anything with three methods, so its errors may be of any driver; by its name none is known here.
    """
    try:
        yield
    except PolicytraderError:
        raise
    except Exception as error:
        said = strike_known(" ".join(str(error).split()))[:_LONGEST_TOLD]
        message = f"alerts: the collection cannot be read ({type(error).__name__}: {said}). Is its server running?"
        raise StoreError(message) from error


def _is_near(one: date | None, other: date | None) -> bool:
    """Whether two days may be the same: a kick-off at midnight is another day in the next zone."""
    return one is None or other is None or abs((one - other).days) <= _ONE_DAY


def _is_at(document: Document, bookmaker: str | None) -> bool:
    """False only where another bookmaker is named."""
    stored = as_text(document.get("bookmaker"))
    return bookmaker is None or stored is None or stored.casefold() == bookmaker.casefold()
