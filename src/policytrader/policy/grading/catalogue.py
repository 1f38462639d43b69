"""The markets as they are looked up: by written name, without case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.fixture import Stat
from policytrader.model.outcomes import BetPeriod, Direction
from policytrader.policy.grading.folding import fold
from policytrader.policy.grading.markets import MarketAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from policytrader.policy.grading.markets import Market, MarketsPolicy, PeriodWords, Words

STATS: Mapping[str, Stat] = {stat.value: stat for stat in Stat}
"""The parts of a market that feeds state; the others are counted from events."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A written name of a market; ``alias`` where the name says more than the market.

    ``said_line`` and ``said_direction`` are what the name says by itself: a bet that says another contradicts it.
    ``line`` and ``direction`` stand for a bet that states none.
    """

    written: str
    market: Market
    alias: MarketAlias | None
    stats: tuple[str, ...]
    """What feeds state of it."""

    @property
    def said_line(self) -> Decimal | None:
        """What the name itself says, as "3+" does."""
        return self.alias.line if self.alias is not None else None

    @property
    def line(self) -> Decimal | None:
        """What the name, or else the market, says."""
        return self.market.line if self.said_line is None else self.said_line

    @property
    def said_direction(self) -> str | None:
        """What the name itself says; a handicap market always says so."""
        if self.alias is not None and self.alias.direction is not None:
            return self.alias.direction
        return self.market.direction if self.market.direction == "handicap" else None

    @property
    def direction(self) -> str | None:
        """What the name, or else the market, says."""
        return self.said_direction or self.market.direction

    @property
    def period(self) -> str | None:
        """What the name, or else the market, says."""
        said = self.alias.period if self.alias is not None else None
        return said or self.market.period


class Catalogue:
    """Every written name of every market, and the words for directions and periods."""

    def __init__(self, policy: MarketsPolicy) -> None:
        self.listings: dict[str, Listing] = {}
        for listing in _listings(policy):
            self.listings.setdefault(listing.written, listing)
        self.directions = _words(policy.directions, Direction)
        self.periods = _words(policy.periods, BetPeriod)

    def listing(self, market: str) -> Listing | None:
        """What this written name means; None for an unknown one."""
        return self.listings.get(fold(market))


def _listings(policy: MarketsPolicy) -> Iterator[Listing]:
    for market in policy.markets:
        stats = tuple(STATS[part].value for part in dict.fromkeys(market.statistics) if part in STATS)
        yield Listing(fold(market.name), market, None, stats)
        for alias in market.aliases:
            name = alias.name if isinstance(alias, MarketAlias) else alias
            yield Listing(fold(name), market, alias if isinstance(alias, MarketAlias) else None, stats)


def _words(words: Words | PeriodWords, known: type[Direction | BetPeriod]) -> Mapping[str, str]:
    """Folded word -> what it means; the language's own words always mean themselves."""
    said = {fold(word): str(meaning) for meaning in known for word in getattr(words, meaning)}
    return {str(meaning): str(meaning) for meaning in known} | said
