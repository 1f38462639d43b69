"""The PriceFeed port with books from the Exchange Stream, and the poll as the net under it.

Whatever the stream does not have, or does not have reliably, is asked for: a book is never older than its source says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from policytrader.adapters.betfair.stream import StreamFeed
from policytrader.errors import ExchangeError
from policytrader.model.snapshot import MarketStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from policytrader.adapters.betfair.prices import BetfairPrices
    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.books import CatalogueMarket, LiveMarket, MarketFilter

MOST_STREAMED = 200
"""Markets in one subscription, as the exchange allows without being asked (``docs/exchange-rules.md``)."""


class StreamedPrices:
    """Subscribes to every market whose book is asked for. Use ``with``."""

    def __init__(self, wire: Wire, poll: BetfairPrices, *, most_markets: int = MOST_STREAMED) -> None:
        """Nothing is subscribed to before the first book is asked for."""
        self._wire = wire
        self._poll = poll
        self._most_markets = most_markets
        self._subscribed: tuple[str, ...] = ()
        self._over: set[str] = set()
        self._asked = 0
        self._feed: StreamFeed | None = None
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def catalogue(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """The catalogue's markets, by start and id."""
        return self._poll.catalogue(wanted)

    def starting_prices(self, market_ids: Sequence[str]) -> dict[tuple[str, int], Decimal]:
        """By market and runner, as far as there are any."""
        return self._poll.starting_prices(market_ids)

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        """The books of these markets, in their order; a market that the exchange does not know is left out."""
        wanted = tuple(dict.fromkeys(market_ids))
        self._subscribe(wanted)
        found = {book.market_id: book for book in self._streamed(wanted)}
        missing = [market_id for market_id in wanted if market_id not in found]
        if missing:
            found |= {book.market_id: book for book in self._poll.books(missing)}
        self._over |= {market_id for market_id, book in found.items() if book.status is MarketStatus.CLOSED}
        return tuple(found[market_id] for market_id in wanted if market_id in found)

    def wait_for_change(self, seconds: float) -> bool:
        """Wait, at most so long by the wall, until the stream told something new since this was last asked."""
        if self._feed is None:
            return False
        seen, self._seen = self._seen, self._feed.wait_for_change(self._seen, seconds)
        return self._seen != seen

    def describe(self) -> str:
        """Where the books come from now, for the log."""
        if self._feed is None:
            return "no stream yet"
        health = self._feed.health()
        rest = self._asked - len(self._subscribed)
        told = f"{health.state}, {rest} of {self._asked} markets polled: no room" if rest > 0 else str(health.state)
        return told + (f": {health.reason}" if health.reason else "")

    def _streamed(self, wanted: Sequence[str]) -> tuple[LiveMarket, ...]:
        if self._feed is None:
            return ()
        try:
            return self._feed.books(wanted)
        except ExchangeError:
            return ()  # not reliable now; ``describe`` says why

    def _subscribe(self, wanted: Sequence[str]) -> None:
        """A subscription names its markets: others are another subscription. Markets that are over make room."""
        live = [market_id for market_id in wanted if market_id not in self._over]
        self._asked = len(live)
        kept = [market_id for market_id in live if market_id in self._subscribed]
        news = [market_id for market_id in live if market_id not in self._subscribed]
        if not news or len(kept) >= self._most_markets:
            return
        self._hang_up()
        self._subscribed = tuple((*kept, *news)[: self._most_markets])
        self._feed = StreamFeed(self._wire, {"marketIds": list(self._subscribed)})
        self._seen = 0
        self._feed.start()

    def _hang_up(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.stop()
