"""``AlertReconstructionService``: alerts rebuilt from their ids, their messages and what is stored."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policytrader.app.alerts.cascade import AlertReconstruction, AlertSources
from policytrader.app.alerts.market_names import MarketNames
from policytrader.authoring.load import load_grading
from policytrader.authoring.yaml import read_yaml_file
from policytrader.engine.player_names import NameMatcher
from policytrader.policy.grading.markets import MarketsPolicy
from policytrader.resources import resource
from policytrader.tracking import names
from policytrader.wiring.alerts import ask_sportmonks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from policytrader.app.alerts.search import Names
    from policytrader.engine.player_names import PlayerMatch, TeamMatch
    from policytrader.ports.alert_collection import AlertCollection, AlertLookup

__all__ = ["AlertReconstructionService"]


class ShippedNames:
    """Names are compared by the rules that came with this installation."""

    def match_player(self, name: object, players: Mapping[str, object]) -> PlayerMatch[str]:
        """As ``policytrader.tracking.names.match``."""
        return names.match(name, players)

    def match_team(self, name: object, teams: Mapping[str, object]) -> TeamMatch[str]:
        """As ``policytrader.tracking.names.match_team``."""
        return names.match_team(name, teams)


class AlertReconstructionService:
    """Alerts of which only an id, a message or a few names are left.

    The collections are pymongo's, or anything with ``find``, ``find_one`` and ``aggregate``. Every method gives an
    alert document or None: the keys ``Player, Team, Market, Threshold, Odds, Match, Date, Time, market_direction,
    fixture_id, player_id, team_id, bookmaker``, None for what is not known, and ``reconstruction`` with ``method``
    (ids, names, message, sportmonks), ``confidence`` (the share of the keys that is known, 0 to 1) and ``missing``.

    No input raises, whatever its type. A collection that cannot be read raises ``policytrader.errors.StoreError``; one
    that is needed and was not given raises ``UsageError``.
    """

    def __init__(
        self,
        sportmonks_api_token: str | None = None,
        player_alerts_collection: AlertCollection | None = None,
        team_alerts_collection: AlertCollection | None = None,
        *,
        sportmonks_lookup: AlertLookup | None = ask_sportmonks,
        rules: str | Path | None = None,
    ) -> None:
        """The token is optional, and deprecated; ``sportmonks_lookup`` is who asks with it, None for nobody.

        Both collections are needed by whoever searches the alerts of both bots. ``rules`` is a folder of grading rules
        (markets, names), else the shipped ones are read. Raises ``PolicyError`` for rules that are not sound.
        """
        known, markets = (ShippedNames(), shipped_markets()) if rules is None else _read_rules(Path(rules))
        self._alerts = AlertReconstruction(
            AlertSources(
                collections={"player": player_alerts_collection, "team": team_alerts_collection},
                names=known,
                markets=markets,
                token=sportmonks_api_token,
                lookup=sportmonks_lookup,
            )
        )

    def reconstruct_from_alert_id(self, alert_id: str, bot_type: str = "player") -> dict[str, Any] | None:
        """The stored alert that an id of 5 or 7 parts names; see ``reconstruct_alert``."""
        return self._alerts.by_id(alert_id, bot_type)

    def reconstruct_from_message_text(
        self, message_text: str, bot_type: str = "player", *, message_date: datetime | date | None = None
    ) -> dict[str, Any] | None:
        """What a message says by itself, complete or not; None for what is no alert on exactly one bet.

        ``message_date`` is when it was sent: without it, a kick-off without a year has no date. What a message shows
        beside the alert stands in ``reconstruction["printed"]``.
        """
        return self._alerts.by_message(message_text, bot_type, message_date)

    def search_alert_in_db(
        self, fixture_id: int, player_id: int, market: str, bot_type: str = "player"
    ) -> dict[str, Any] | None:
        """The newest stored alert on a fixture, player and market; for the team bot, ``player_id`` is the team's."""
        return self._alerts.by_ids(fixture_id, player_id, market, bot_type)

    def search_alert_by_names(
        self, fixture_name: str, player_name: str, market: str, bot_type: str = "player"
    ) -> dict[str, Any] | None:
        """The newest stored alert on ``Home vs Away``, a player and a market; for the team bot, a team's name.

        Names are found as a bet's are: however they are spelt, and never where two could be meant.
        """
        return self._alerts.by_names(fixture_name, player_name, market, bot_type)

    def reconstruct_alert(
        self,
        alert_id: str | None = None,
        message_text: str | None = None,
        bot_type: str = "player",
        *,
        message_date: datetime | date | None = None,
    ) -> dict[str, Any] | None:
        """The first of these that answers, which is logged.

        1. the id, by a search for its ids, direction and line; 2. the message, by a search for its names, else the
        message itself where it tells player (or team), market, odds and match; 3. SportMonks, where a token was given:
        asked once, with a ``DeprecationWarning``; 4. None.
        """
        return self._alerts.rebuild(alert_id, message_text, bot_type, message_date)


def _read_rules(folder: Path) -> tuple[Names, MarketNames]:
    """How names of people and of markets are read by the rules in a folder."""
    policy = load_grading(folder)
    return NameMatcher(policy.names), MarketNames.of(policy.markets)


@cache
def shipped_markets() -> MarketNames:
    """The markets' names in the rules that came with this installation."""
    document = read_yaml_file(resource("rules") / "football" / "markets.yaml")
    return MarketNames.of(MarketsPolicy.model_validate(document.value))
