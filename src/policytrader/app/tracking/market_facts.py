"""What is known of a market: its statistic, where that is found, and what its name says of a bet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from policytrader.app.alerts.matches import match_sides
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketFacts:
    """One market, under one of its names: what the name itself says of line, direction and period included.

    ``api_location`` is player, total or side; for a side, the bet's team says which.
    """

    key: str
    stat_type: str
    api_type_id: int | None
    api_location: str
    is_whole: bool = True
    line: Decimal | None = None
    direction: str | None = None
    period: str | None = None


class Catalogue(Protocol):
    """Markets, and the words for directions and periods; None for what it does not know."""

    def market(self, text: str) -> MarketFacts | None:
        """The market of this name."""
        ...

    def direction(self, word: str) -> str | None:
        """Over, under or handicap."""
        ...

    def period(self, word: str) -> str | None:
        """The part of the match."""
        ...


def location(facts: MarketFacts, team: str | None, match: str | None) -> str | None:
    """Where the statistic is found: player, total, or the side of the bet's team; None if that is unknown."""
    if facts.api_location != "side":
        return facts.api_location
    sides = match_sides(match)
    if sides is None or team is None:
        return None
    names = [fold(side) for side in sides]
    return ("home", "away")[names.index(fold(team))] if names.count(fold(team)) == 1 else None
