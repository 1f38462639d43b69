"""Rebuilding an alert from whatever is left of it: its id, its message, another source; or saying that it is gone."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.app.alerts.documents import alert_of, document_of, printed_in
from policytrader.app.alerts.ids import as_id, as_text, parse_alert_id
from policytrader.app.alerts.kickoff import message_day
from policytrader.app.alerts.message import parse_message
from policytrader.app.alerts.search import AlertSearch, Bet
from policytrader.errors import UsageError
from policytrader.ports.alert_collection import BOT_TYPES

if TYPE_CHECKING:
    from policytrader.app.alerts.ids import AlertId
    from policytrader.app.alerts.market_names import MarketNames
    from policytrader.app.alerts.message import ParsedMessage
    from policytrader.app.alerts.search import Names
    from policytrader.ports.alert_collection import AlertCollection, AlertLookup

_log = logging.getLogger(__name__)

Alert = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSources:
    """Where alerts may be known: the two bots' collections by bot type, and SportMonks where a token was given.

    ``lookup`` asks SportMonks; without one, a token is of no use.
    """

    collections: Mapping[str, AlertCollection | None]
    names: Names
    markets: MarketNames
    token: str | None = None
    lookup: AlertLookup | None = None


class AlertReconstruction:
    """Each method gives an alert as ``alert_of`` makes it, or None. Input of any type and shape raises nothing.

    A collection that cannot be read raises ``StoreError``, one that was not given ``UsageError``: not to know is
    another thing than not to find.
    """

    def __init__(self, sources: AlertSources) -> None:
        self._sources = sources

    def by_id(self, alert_id: Any, bot_type: Any) -> Alert | None:
        """The stored alert that an id names."""
        parts = parse_alert_id(alert_id, bot_type) if _is_bot_type(bot_type) else None
        if parts is None:
            return None
        bet = Bet(parts.market, parts.direction, parts.threshold, parts.bookmaker)
        found = self._search(bot_type).by_ids(parts.fixture_id, parts.subject_id, bet)
        return alert_of(found, "ids", bot_type) if found is not None else None

    def by_ids(self, fixture_id: Any, subject_id: Any, market: Any, bot_type: Any) -> Alert | None:
        """The newest stored alert on a fixture, a player (or team) and a market."""
        fixture, subject, name = as_id(fixture_id), as_id(subject_id), as_text(market)
        if fixture is None or subject is None or name is None or not _is_bot_type(bot_type):
            return None
        found = self._search(bot_type).by_ids(fixture, subject, Bet(name))
        return alert_of(found, "ids", bot_type) if found is not None else None

    def by_names(self, match: Any, subject: Any, market: Any, bot_type: Any) -> Alert | None:
        """The newest stored alert on a match, a player (or team) and a market, by their names."""
        match_name, subject_name, market_name = as_text(match), as_text(subject), as_text(market)
        if match_name is None or subject_name is None or market_name is None or not _is_bot_type(bot_type):
            return None
        found = self._search(bot_type).by_names(match_name, subject_name, Bet(market_name))
        return alert_of(found, "names", bot_type) if found is not None else None

    def by_message(self, message: Any, bot_type: Any, sent: Any = None) -> Alert | None:
        """What a message itself says, as far as it says it; nothing stored is looked at."""
        parsed = parse_message(message, bot_type, message_day(sent)) if _is_bot_type(bot_type) else None
        return _told_by(parsed, bot_type) if parsed is not None else None

    def rebuild(self, alert_id: Any, message: Any, bot_type: Any, sent: Any = None) -> Alert | None:
        """The first that answers: the id, the message by its names, the message itself, SportMonks; else None."""
        if not _is_bot_type(bot_type):
            _log.info("no alert: the bot's type is neither of %s", ", ".join(BOT_TYPES))
            return None
        found = self.by_id(alert_id, bot_type)
        if found is None:
            parsed = parse_message(message, bot_type, message_day(sent))
            found = self._from_message(parsed, bot_type) if parsed is not None else None
        if found is None:
            found = self._from_sportmonks(parse_alert_id(alert_id, bot_type), bot_type)
        if found is None:
            _log.info("no alert: neither id nor message leads to one")
        else:
            _log.info("alert rebuilt by %s", found["reconstruction"]["method"])
        return found

    def _from_message(self, parsed: ParsedMessage, bot_type: str) -> Alert | None:
        """The stored alert that a message is about, else the message, where it says all that a bet needs."""
        match, name = as_text(parsed.match), as_text(parsed.player if bot_type == "player" else parsed.team)
        if match is None or name is None:
            return None
        day = parsed.kick_off.day if parsed.kick_off is not None else None
        bet = Bet(parsed.market, parsed.direction, parsed.threshold, parsed.bookmaker, day)
        found = self._search(bot_type).by_names(match, name, bet)
        if found is not None:
            return alert_of(found, "names", bot_type)
        return _told_by(parsed, bot_type) if parsed.odds is not None else None

    def _from_sportmonks(self, parts: AlertId | None, bot_type: str) -> Alert | None:
        """What SportMonks knows about the ids, asked once: whatever goes wrong there is a no."""
        sources = self._sources
        if not sources.token or parts is None:
            return None
        message = "SportMonks is deprecated as a source of alerts: leave out sportmonks_api_token"
        try:
            # Inside: a caller may have made errors of warnings.
            warnings.warn(message, DeprecationWarning, stacklevel=4)
            if sources.lookup is None:
                _log.warning("a SportMonks token is given, and nothing here can ask SportMonks: it is passed over")
                return None
            known = sources.lookup(
                token=sources.token, fixture_id=parts.fixture_id, subject_id=parts.subject_id, bot_type=bot_type
            )
        except Exception as error:  # noqa: BLE001 - a deprecated source may fail in any way, and nobody depends on it
            _log.warning("SportMonks could not be asked: %s", type(error).__name__)
            return None
        if not isinstance(known, Mapping) or as_text(known.get("Match")) is None:
            return None
        return alert_of({**known, **_known_by(parts, bot_type)}, "sportmonks", bot_type)

    def _search(self, bot_type: str) -> AlertSearch:
        sources = self._sources
        collection = sources.collections.get(bot_type)
        if collection is None:
            message = f"there is no collection of {bot_type} alerts to look into: give {bot_type}_alerts_collection"
            raise UsageError(message)
        return AlertSearch(collection, bot_type, sources.names, sources.markets)


def _is_bot_type(bot_type: Any) -> bool:
    return isinstance(bot_type, str) and bot_type in BOT_TYPES


def _told_by(parsed: ParsedMessage, bot_type: str) -> Alert:
    alert = alert_of(document_of(parsed), "message", bot_type)
    alert["reconstruction"]["printed"] = printed_in(parsed)
    return alert


def _known_by(parts: AlertId, bot_type: str) -> dict[str, Any]:
    """What an id itself says, under an alert document's keys."""
    return {
        "fixture_id": parts.fixture_id,
        "player_id" if bot_type == "player" else "team_id": parts.subject_id,
        "Market": parts.market,
        "bookmaker": parts.bookmaker,
        "market_direction": parts.direction,
        "Threshold": parts.threshold,
    }
