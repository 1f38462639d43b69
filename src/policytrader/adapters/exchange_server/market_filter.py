"""``MarketFilter``: which markets a catalogue read is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields, TimeRange
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.market import Market

MAX_FILTER_MARKETS = 1000
BETTING_TYPE = "ODDS"


class BettingType(StrEnum):
    """Kinds of markets; every market here is ODDS."""

    ODDS = "ODDS"
    LINE = "LINE"
    RANGE = "RANGE"
    ASIAN_HANDICAP_DOUBLE_LINE = "ASIAN_HANDICAP_DOUBLE_LINE"
    ASIAN_HANDICAP_SINGLE_LINE = "ASIAN_HANDICAP_SINGLE_LINE"
    FIXED_ODDS = "FIXED_ODDS"


class WithOrders(StrEnum):
    """Markets in which the account has orders of a status."""

    EXECUTABLE = "EXECUTABLE"
    EXECUTION_COMPLETE = "EXECUTION_COMPLETE"


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """What a market must be; a part that is None or empty restricts nothing."""

    text: str | None
    event_type_ids: tuple[str, ...] | None
    event_ids: tuple[str, ...] | None
    competition_ids: tuple[str, ...] | None
    market_ids: tuple[str, ...] | None
    venues: tuple[str, ...] | None
    countries: tuple[str, ...] | None
    market_types: tuple[str, ...] | None
    race_types: tuple[str, ...] | None
    betting_types: tuple[BettingType, ...]
    is_bsp_only: bool
    turns_in_play: bool | None
    is_in_play_only: bool
    start: TimeRange
    with_orders: tuple[WithOrders, ...]

    def allows(self, definition: MarketDefinition) -> bool:
        """Whether a market is one of those, apart from the account's orders in it."""
        wanted = (
            (self.event_type_ids, definition.event_type_id),
            (self.event_ids, definition.event_id),
            (self.market_ids, definition.market_id),
            (self.venues, definition.venue),
            (self.countries, definition.country_code),
            (self.market_types, definition.market_type),
            (self.race_types, definition.race_type),
        )
        return (
            all(values is None or value in values for values, value in wanted)
            and self.competition_ids is None  # races belong to no competition
            and (not self.betting_types or BettingType.ODDS in self.betting_types)
            and (not self.is_bsp_only or definition.is_bsp)
            and (self.turns_in_play is None or definition.turns_in_play == self.turns_in_play)
            and (not self.is_in_play_only or definition.in_play)
            and self.start.has(definition.start)
            and self._has_text(definition)
        )

    def _has_text(self, definition: MarketDefinition) -> bool:
        if self.text is None:
            return True
        said = f"{definition.event_name} {definition.name} {definition.venue or ''}".casefold()
        return all(word.strip("*") in said for word in self.text.casefold().split())


def read_market_filter(fields: Fields) -> MarketFilter:
    """The call's ``filter``, which must be there, if only as ``{}``. Raises ``ApiError``."""
    part = fields.require("filter", fields.part("filter"))
    market_ids = part.texts("marketIds")
    if market_ids is not None and len(market_ids) > MAX_FILTER_MARKETS:
        part.refuse("marketIds", f"has more than {MAX_FILTER_MARKETS} markets")
    return MarketFilter(
        text=part.text("textQuery"),
        event_type_ids=part.texts("eventTypeIds"),
        event_ids=part.texts("eventIds"),
        competition_ids=part.texts("competitionIds"),
        market_ids=market_ids,
        venues=part.texts("venues"),
        countries=part.texts("marketCountries"),
        market_types=part.texts("marketTypeCodes"),
        race_types=part.texts("raceTypes"),
        betting_types=part.choices("marketBettingTypes", BettingType),
        is_bsp_only=part.flag("bspOnly"),
        turns_in_play=part.flag("turnInPlayEnabled") if part.has("turnInPlayEnabled") else None,
        is_in_play_only=part.flag("inPlayOnly"),
        start=part.time_range("marketStartTime"),
        with_orders=part.choices("withOrders", WithOrders),
    )


def markets_of(host: Host, wanted: MarketFilter) -> Iterator[Market]:
    """The markets that are not closed, in the order in which they appeared."""
    with_orders = _markets_with_orders(host, wanted.with_orders) if wanted.with_orders else None
    for market in host.exchange.markets.values():
        definition = market.definition
        if definition.status is MarketStatus.CLOSED or not wanted.allows(definition):
            continue
        if with_orders is None or definition.market_id in with_orders:
            yield market


def _markets_with_orders(host: Host, statuses: tuple[WithOrders, ...]) -> frozenset[str]:
    wanted = {OrderStatus(status) for status in statuses}
    return frozenset(
        bet.market_id for bet in host.exchange.bets.values() if bet.status in wanted and host.is_visible(bet.bet_id)
    )
