"""Which names mean the same market, by the catalogue of a markets policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.policy.grading.catalogue import Catalogue
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from policytrader.policy.grading.catalogue import Listing
    from policytrader.policy.grading.markets import MarketsPolicy


@dataclass(frozen=True, slots=True)
class MarketName:
    """What a name says: which market (equal for all its names), and the line and direction where it tells them."""

    key: str
    line: Decimal | None = None
    direction: str | None = None


class MarketNames:
    """Looks names up without case; one that is in no catalogue means itself, with the word Player or without it."""

    def __init__(self, known: Mapping[str, MarketName] | None = None) -> None:
        """``known`` has small letters and single spaces in its keys."""
        self._known = dict(known or {})

    @classmethod
    def of(cls, policy: MarketsPolicy) -> MarketNames:
        """All names and aliases of a policy; a half's market is another than the match's."""
        return cls({written: _named(listing) for written, listing in Catalogue(policy).listings.items()})

    def find(self, name: str, bot_type: str) -> MarketName:
        """The market that a name means in the alerts of a bot, which may leave its own word (Player, Team) out."""
        text = fold(name)
        found = self._known.get(f"{bot_type} {text}") or self._known.get(text)
        return found or MarketName(text.removeprefix("player "))


def _named(listing: Listing) -> MarketName:
    name, period = fold(listing.market.name), listing.period
    key = name if period in (None, "match") else f"{name} {period}"
    # Without the catalogue a name means itself: both spell it in the same way.
    return MarketName(key.removeprefix("player "), listing.line, listing.direction)
