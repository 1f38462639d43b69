"""The PriceFeed port on Betfair: catalogue and books, in requests that keep the exchange's data weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.betfair.fields import BROKEN_ANSWER, broken
from policytrader.adapters.betfair.pages import batches
from policytrader.adapters.betfair.parsing import parse_books, parse_catalogue
from policytrader.errors import ExchangeError
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.books import CatalogueMarket, LiveMarket, MarketFilter

MAX_WEIGHT = 200
"""Sum of weights x markets of one request (``docs/exchange-rules.md`` section 2)."""
MAX_RESULTS = 1000
DESCRIPTION_WEIGHT = 1
BEST_OFFERS_WEIGHT = 5
STARTING_PRICES_WEIGHT = 7
DEFAULT_DEPTH = 3
MAX_DEPTH = 10

_PROJECTION = ["MARKET_DESCRIPTION", "EVENT", "EVENT_TYPE", "MARKET_START_TIME", "RUNNER_DESCRIPTION"]
CATALOGUE_SIZE = min(MAX_RESULTS, MAX_WEIGHT // DESCRIPTION_WEIGHT)


class BetfairPrices:
    """Markets and their prices over a wire. ``depth`` is how many price levels of each side are asked for."""

    def __init__(self, wire: Wire, *, depth: int = DEFAULT_DEPTH) -> None:
        if not DEFAULT_DEPTH <= depth <= MAX_DEPTH:
            message = f"depth is {depth}; it must be from {DEFAULT_DEPTH} to {MAX_DEPTH}"
            raise ValueError(message)
        self._wire = wire
        self._depth = depth
        self.books_per_request = MAX_WEIGHT * DEFAULT_DEPTH // (BEST_OFFERS_WEIGHT * depth)

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """The catalogue's markets, by start and id."""
        found: dict[str, CatalogueMarket] = {}
        if () in (*_lists(wanted).values(), wanted.market_ids):
            return ()  # none of them; the exchange would take an empty list for all
        if wanted.market_ids is None:
            self._from_start_to_start(_filter(wanted), found)
        else:
            for batch in batches(tuple(dict.fromkeys(wanted.market_ids)), CATALOGUE_SIZE):
                markets = self._ask_catalogue({**_filter(wanted), "marketIds": batch})
                for market in markets:
                    if market.market_id not in batch:
                        where = "listMarketCatalogue.marketId"
                        raise broken(where, market.market_id, "one of the markets asked for")
                found |= {market.market_id: market for market in markets}
        return tuple(sorted(found.values(), key=lambda market: (market.start, market.market_id)))

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books of these markets, in their order; a market that the exchange does not know is left out."""
        wanted = tuple(dict.fromkeys(market_ids))
        found: dict[str, LiveMarket] = {}
        for batch in batches(wanted, self.books_per_request):
            for book in self._ask_books(batch):
                if book.market_id not in batch:
                    where = "listMarketBook.marketId"
                    raise broken(where, book.market_id, "one of the markets asked for")
                found[book.market_id] = book
        return tuple(found[market_id] for market_id in wanted if market_id in found)

    def starting_prices(self, market_ids: Sequence[str]) -> dict[tuple[str, int], Decimal]:
        """By market and runner, as far as there are any."""
        found: dict[tuple[str, int], Decimal] = {}
        for batch in batches(tuple(dict.fromkeys(market_ids)), MAX_WEIGHT // STARTING_PRICES_WEIGHT):
            for book in self._ask(batch, {"priceData": ["SP_TRADED"]}):
                for runner in book.runners:
                    if runner.starting_price is not None:
                        found[book.market_id, runner.selection_id] = runner.starting_price
        return found

    def _from_start_to_start(self, wanted: dict[str, Any], found: dict[str, CatalogueMarket]) -> None:
        """A full page may have left markets out: ask again from the last start on, until a page is not full."""
        while True:
            markets = self._ask_catalogue(wanted)
            starts = [market.start for market in markets]
            known = len(found)
            found |= {market.market_id: market for market in markets}
            if len(markets) < CATALOGUE_SIZE:
                return
            if starts != sorted(starts) or starts[0] == starts[-1] or len(found) == known:
                message = (
                    f"the catalogue has {len(markets)} markets or more that start together, stand in no order or come "
                    "again; narrow the filter"
                )
                raise ExchangeError(message, BROKEN_ANSWER)
            period = {**wanted.get("marketStartTime", {}), "from": format_utc(starts[-1])}
            wanted = {**wanted, "marketStartTime": period}

    def _ask_catalogue(self, wanted: dict[str, Any]) -> tuple[CatalogueMarket, ...]:
        return self._wire.read(
            lambda client: client.betting.list_market_catalogue(
                filter=wanted, market_projection=_PROJECTION, sort="FIRST_TO_START", max_results=CATALOGUE_SIZE
            ),
            parse_catalogue,
        )

    def _ask_books(self, market_ids: list[str]) -> tuple[LiveMarket, ...]:
        projection: dict[str, Any] = {"priceData": ["EX_BEST_OFFERS"]}
        if self._depth != DEFAULT_DEPTH:
            projection["exBestOffersOverrides"] = {"bestPricesDepth": self._depth}
        return self._ask(market_ids, projection)

    def _ask(self, market_ids: list[str], projection: dict[str, Any]) -> tuple[LiveMarket, ...]:
        # The answer has no time of its own: it is at least as new as the question.
        asked_at = self._wire.clock.now()
        return self._wire.read(
            lambda client: client.betting.list_market_book(market_ids=market_ids, price_projection=projection),
            lambda answer: parse_books(answer, asked_at),
        )


def _lists(wanted: MarketFilter) -> dict[str, tuple[str, ...] | None]:
    return {
        "eventTypeIds": wanted.event_type_ids,
        "eventIds": wanted.event_ids,
        "marketTypeCodes": wanted.market_types,
        "marketCountries": wanted.countries,
        "venues": wanted.venues,
    }


def _filter(wanted: MarketFilter) -> dict[str, Any]:
    period = {
        name: format_utc(moment)
        for name, moment in (("from", wanted.start_from), ("to", wanted.start_to))
        if moment is not None
    }
    return {key: list(values) for key, values in _lists(wanted).items() if values is not None} | (
        {"marketStartTime": period} if period else {}
    )
