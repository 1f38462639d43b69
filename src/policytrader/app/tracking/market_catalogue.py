"""The catalogue of markets that grading goes by, as tracking asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.tracking.market_facts import MarketFacts
from policytrader.policy.grading.catalogue import Catalogue as WrittenNames
from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from policytrader.policy.grading.markets import MarketsPolicy


class MarketCatalogue:
    """Every written name of a grading policy's markets; see ``market_facts.Catalogue``."""

    def __init__(self, policy: MarketsPolicy) -> None:
        """Every name once, so that a look-up is one step."""
        self._names = WrittenNames(policy)

    def market(self, text: str) -> MarketFacts | None:
        """The market of this name."""
        listing = self._names.listing(text)
        if listing is None:
            return None
        market = listing.market
        return MarketFacts(
            key=market.name,
            stat_type="+".join(map(str, market.statistics)),
            api_type_id=market.api_type_id,
            api_location=market.location,
            is_whole=market.is_whole,
            line=listing.line,
            direction=listing.direction,
            period=listing.period,
        )

    def direction(self, word: str) -> str | None:
        """Over, under or handicap."""
        return self._names.directions.get(fold(word))

    def period(self, word: str) -> str | None:
        """The part of the match."""
        return self._names.periods.get(fold(word))
