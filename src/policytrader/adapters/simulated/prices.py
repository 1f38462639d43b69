"""The PriceFeed port over a simulated exchange in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.books import CatalogueMarket, CatalogueRunner, LiveMarket, LiveRunner, PriceSize
from policytrader.model.snapshot import MarketStatus, RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from policytrader.model.books import MarketFilter
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
    from policytrader.simulation.exchange import SimulatedExchange
    from policytrader.simulation.market import Market

DEFAULT_DEPTH = 3


class InMemoryPrices:
    """Markets and their prices, as many levels of each side as ``depth``."""

    def __init__(self, exchange: SimulatedExchange, *, depth: int = DEFAULT_DEPTH) -> None:
        self._exchange = exchange
        self._depth = depth

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """The markets that are not closed, by start and id."""
        found = [
            _catalogue_market(market.definition)
            for market in self._exchange.markets.values()
            if market.definition.status is not MarketStatus.CLOSED and _is_wanted(market.definition, wanted)
        ]
        return tuple(sorted(found, key=lambda market: (market.start, market.market_id)))

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books of these markets, in their order; an unknown market is left out."""
        markets = (self._exchange.markets.get(market_id) for market_id in dict.fromkeys(market_ids))
        return tuple(self._book(market) for market in markets if market is not None)

    def starting_prices(self, market_ids: Sequence[str]) -> dict[tuple[str, int], Decimal]:
        """By market and runner, as far as there are any."""
        markets = (self._exchange.markets.get(market_id) for market_id in market_ids)
        return {
            (market.definition.market_id, runner.selection_id): runner.starting_price
            for market in markets
            if market is not None
            for runner in market.definition.runners
            if runner.starting_price is not None
        }

    def _book(self, market: Market) -> LiveMarket:
        definition = market.definition
        return LiveMarket(
            market_id=definition.market_id,
            status=definition.status,
            in_play=definition.in_play,
            bet_delay=definition.bet_delay,
            version=definition.version,
            number_of_winners=definition.number_of_winners,
            runners=tuple(self._runner(one, market.books[one.selection_id]) for one in definition.runners),
            published_at=self._exchange.now,
        )

    def _runner(self, runner: RunnerDefinition, book: RunnerBook) -> LiveRunner:
        is_hidden = runner.status is RunnerStatus.HIDDEN
        return LiveRunner(
            selection_id=runner.selection_id,
            status=runner.status,
            back=() if is_hidden else tuple(PriceSize(*level) for level in book.available_to_back()[: self._depth]),
            lay=() if is_hidden else tuple(PriceSize(*level) for level in book.available_to_lay()[: self._depth]),
            last_traded=None if is_hidden else book.last_traded,
            adjustment_factor=runner.adjustment_factor,
            removed_at=runner.removed_at,
        )


def _catalogue_market(definition: MarketDefinition) -> CatalogueMarket:
    return CatalogueMarket(
        market_id=definition.market_id,
        market_name=definition.name,
        market_type=definition.market_type,
        start=definition.start,
        event_id=definition.event_id,
        event_name=definition.event_name,
        event_type_id=definition.event_type_id,
        venue=definition.venue,
        country_code=definition.country_code,
        base_rate=definition.base_rate,
        ladder="CLASSIC",
        is_each_way=definition.market_type == "EACH_WAY" or definition.each_way_divisor is not None,
        runners=tuple(
            CatalogueRunner(runner.selection_id, runner.name, runner.sort_priority) for runner in definition.runners
        ),
    )


def _is_wanted(definition: MarketDefinition, wanted: MarketFilter) -> bool:
    lists = (
        (wanted.event_type_ids, definition.event_type_id),
        (wanted.event_ids, definition.event_id),
        (wanted.market_ids, definition.market_id),
        (wanted.market_types, definition.market_type),
        (wanted.countries, definition.country_code),
        (wanted.venues, definition.venue),
    )
    return (
        all(values is None or value in values for values, value in lists)
        and (wanted.start_from is None or definition.start >= wanted.start_from)
        and (wanted.start_to is None or definition.start <= wanted.start_to)
    )
