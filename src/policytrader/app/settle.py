"""Results of a day: picks whose market is closed and whose bets are all over move into the store's results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.results import SettledMarket, results_of
from policytrader.model.money import ZERO
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import london_day
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from policytrader.app.world import Traded
    from policytrader.model.books import LiveMarket
    from policytrader.model.journal import JournalEntry
    from policytrader.ports import ClearedBet, Exchange, PriceFeed
    from policytrader.ports.store import Store


class Settler:
    """Reads results from the exchange; what is read again corrects what was stored."""

    def __init__(self, exchange: Exchange, prices: PriceFeed, store: Store) -> None:
        """Nothing is read yet."""
        self._exchange = exchange
        self._prices = prices
        self._store = store

    def settle(self, traded: Traded, entries: Sequence[JournalEntry], *, is_complete: bool) -> tuple[str, ...]:
        """Store new results; with ``is_complete`` also look again at those of the day that were settled before.

        Returns the refs of the picks whose result is new or another one.
        """
        waiting = {entry.intent.market_id for entry in entries if entry.is_open}
        ready = traded.closed_markets - waiting
        if not is_complete:
            day = london_day(traded.now)
            ready -= {bet.market_id for bet in self._store.live_results(day)}
        picks = [pick.selection for pick in traded.picks if pick.selection.market_id in ready]
        if not picks:
            return ()
        bets = self._bets(sorted(ready), entries)
        results = results_of(picks, bets, self._markets(traded, ready, has_bets=bool(bets)))
        return self._store.settle(results, traded.now)

    def _markets(self, traded: Traded, ready: frozenset[str], *, has_bets: bool) -> list[SettledMarket]:
        market_ids = sorted(ready)
        charged = self._exchange.cleared_markets(market_ids=market_ids) if has_bets else ()
        commissions = {one.market_id: one.commission for one in charged}
        starting: dict[str, dict[int, Decimal]] = {}
        for (market_id, selection_id), price in self._prices.starting_prices(market_ids).items():
            starting.setdefault(market_id, {})[selection_id] = price
        return [
            SettledMarket(
                market_id=book.market_id,
                winners=_runners(book, RunnerStatus.WINNER),
                removed=_runners(book, RunnerStatus.REMOVED),
                starting_prices=starting.get(book.market_id, {}),
                commission=commissions.get(book.market_id, ZERO),
            )
            for book in traded.books
            if book.market_id in ready
        ]

    def _bets(self, market_ids: Sequence[str], entries: Iterable[JournalEntry]) -> dict[str, list[ClearedBet]]:
        """Selection ref -> its bets that were settled or voided."""
        owners = {one.intent.ref: one.intent.selection_ref for one in entries if one.intent.market_id in market_ids}
        found: dict[str, list[ClearedBet]] = {}
        if not owners:
            return found
        for status in (ClearedStatus.SETTLED, ClearedStatus.VOIDED):
            for bet in self._exchange.cleared_bets(status, market_ids=market_ids):
                if bet.order_ref in owners:
                    found.setdefault(owners[bet.order_ref], []).append(bet)
        return found


def _runners(book: LiveMarket, status: RunnerStatus) -> frozenset[int]:
    return frozenset(one.selection_id for one in book.runners if one.status is status)
