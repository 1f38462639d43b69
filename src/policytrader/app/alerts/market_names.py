"""Which names mean the same market, by the catalogue of a markets policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.policy.grading.folding import fold

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

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
        known: dict[str, MarketName] = {}
        for market in policy.markets:
            known[fold(market.name)] = _named(market.name, market.period, market.line, market.direction)
            for alias in market.aliases:
                if isinstance(alias, str):
                    known[fold(alias)] = known[fold(market.name)]
                else:
                    known[fold(alias.name)] = _named(
                        market.name,
                        alias.period or market.period,
                        alias.line if alias.line is not None else market.line,
                        alias.direction or market.direction,
                    )
        return cls(known)

    def find(self, name: str, bot_type: str) -> MarketName:
        """The market that a name means in the alerts of a bot, which may leave its own word (Player, Team) out."""
        text = fold(name)
        found = self._known.get(f"{bot_type} {text}") or self._known.get(text)
        return found or MarketName(text.removeprefix("player "))


def _named(name: str, period: str | None, line: Decimal | None, direction: str | None) -> MarketName:
    key = fold(name) if period in (None, "match") else f"{fold(name)} {period}"
    # Without the catalogue a name means itself: both spell it in the same way.
    return MarketName(key.removeprefix("player "), line, direction)
