"""What a tick reads: picks from the store, then markets, then the account, in this order.

Orders are read after prices: a removal between the two lowers matched averages, and an order may only name a market
version that was seen before the orders were read (``docs/promises.md`` I3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from policytrader.app.assemble import AccountView, RaceMarket, assemble_snapshot
from policytrader.app.reconcile import Reading
from policytrader.model.books import MarketFilter
from policytrader.model.snapshot import MarketStatus
from policytrader.model.times import LONDON, london_day
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from policytrader.model.bets import Bet
    from policytrader.model.books import CatalogueMarket, LiveMarket
    from policytrader.model.journal import JournalEntry
    from policytrader.model.records import StoredSelection
    from policytrader.model.snapshot import ReferenceRunner, Snapshot
    from policytrader.ports import ClearedBet, Clock, Exchange, PriceFeed
    from policytrader.ports.store import Store

HORSE_RACING = "7"
MARKET_TYPES = ("WIN", "PLACE")
CATALOGUE_EVERY = timedelta(seconds=60)
"""The catalogue is read so often: a race that is moved is seen to be moved no earlier."""
_AROUND = timedelta(hours=3)
"""A race may be moved: markets that start this much before or after a pick's off are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """The picks of a day, and the markets of their races as last read."""

    now: datetime
    picks: tuple[StoredSelection, ...]
    captures: tuple[ReferenceRunner, ...]
    races: dict[str, RaceMarket]
    books: tuple[LiveMarket, ...]

    @property
    def closed_markets(self) -> frozenset[str]:
        """Markets that the exchange says are closed."""
        return frozenset(book.market_id for book in self.books if book.status is MarketStatus.CLOSED)

    def snapshot(self, account: AccountView) -> Snapshot:
        """Everything a decision depends on."""
        return assemble_snapshot(self.now, self.picks, self.captures, self.races, self.books, account)


class WorldReader:
    """Reads the world for one account; remembers the catalogue for a minute, and races that have left it."""

    def __init__(self, exchange: Exchange, prices: PriceFeed, store: Store, clock: Clock) -> None:
        """Nothing is read yet."""
        self._exchange = exchange
        self._prices = prices
        self._store = store
        self._clock = clock
        self._races: dict[str, RaceMarket] = {}
        self._catalogue_at: datetime | None = None

    def read_markets(self) -> Traded:
        """Picks, their races and the books. Raises ``StoreError`` or ``ExchangeError``: no data in this tick."""
        now = self._clock.now()
        day = london_day(now)
        picks = self._store.selections(day)
        captures = self._store.captures(day)
        if self._is_catalogue_due(picks, now):
            self._learn(self._prices.catalogue(_window(picks)), picks)
            self._catalogue_at = now
        wanted = {pick.selection.race_id for pick in picks}
        races = {market_id: race for market_id, race in self._races.items() if race.race_id in wanted}
        books = self._prices.books(sorted(races)) if races else ()
        closed, over = self._closed_before(picks, races)
        races, books = races | closed, (*books, *over)
        return Traded(now=now, picks=picks, captures=captures, races=races, books=books)

    def _closed_before(
        self, picks: Sequence[StoredSelection], races: dict[str, RaceMarket]
    ) -> tuple[dict[str, RaceMarket], tuple[LiveMarket, ...]]:
        """Markets that left the catalogue before this process knew them: their results are still to be had.

        One that is not closed is left out: its off as the exchange lists it now is not known.
        """
        absent = {one.selection.market_id: one for one in picks if one.selection.market_id not in races}
        books = self._prices.books(sorted(absent)) if absent else ()
        over = tuple(book for book in books if book.status is MarketStatus.CLOSED)
        return {book.market_id: _as_stored(absent[book.market_id]) for book in over}, over

    def read_account(self, traded: Traded, entries: Sequence[JournalEntry], *, is_complete: bool) -> Reading:
        """The account's bets, after the markets. ``is_complete`` reads every cleared bet of the day too."""
        closed_markets = traded.closed_markets | self._closed_elsewhere(traded, entries)
        current = self._exchange.current_bets()
        return Reading(
            current=current,
            cleared=self._cleared(traded.now, entries, current, is_complete=is_complete),
            closed_markets=closed_markets,
        )

    def _closed_elsewhere(self, traded: Traded, entries: Sequence[JournalEntry]) -> frozenset[str]:
        """Closed markets of orders that are still open and of no pick of the day, as after a night."""
        known = {book.market_id for book in traded.books}
        others = sorted({entry.intent.market_id for entry in entries if entry.is_open} - known)
        books = self._prices.books(others) if others else ()
        return frozenset(book.market_id for book in books if book.status is MarketStatus.CLOSED)

    def _cleared(
        self, now: datetime, entries: Sequence[JournalEntry], current: Sequence[Bet], *, is_complete: bool
    ) -> tuple[ClearedBet, ...]:
        listed = {bet.order_ref for bet in current}
        absent = [entry for entry in entries if entry.is_open and entry.intent.ref not in listed]
        since: datetime | None = None
        markets: tuple[str, ...] = ()
        if is_complete:
            oldest = min([now, *(entry.intent.created_at for entry in entries)])
            since = min(oldest, _midnight(london_day(now)))
        elif absent:
            markets = tuple(sorted({entry.intent.market_id for entry in absent}))
        else:
            return ()
        return tuple(
            bet
            for status in ClearedStatus
            for bet in self._exchange.cleared_bets(status, since=since, market_ids=markets)
        )

    def _is_catalogue_due(self, picks: Sequence[StoredSelection], now: datetime) -> bool:
        if not picks:
            return False
        is_new = any(pick.selection.market_id not in self._races for pick in picks)
        return is_new or self._catalogue_at is None or abs(now - self._catalogue_at) >= CATALOGUE_EVERY

    def _learn(self, catalogue: Iterable[CatalogueMarket], picks: Sequence[StoredSelection]) -> None:
        """The markets of the picks' races: whatever starts with a pick's market in the same event.

        Once known, a market stays with its race: one that is late may be put to the start of the next.
        """
        by_race: dict[tuple[str, datetime], list[CatalogueMarket]] = {}
        for market in catalogue:
            by_race.setdefault((market.event_id, market.start), []).append(market)
        race_ids = {market_id: race.race_id for market_id, race in self._races.items()}
        race_ids |= {pick.selection.market_id: pick.selection.race_id for pick in picks}
        for markets in by_race.values():
            races = {race_ids[one.market_id] for one in markets if one.market_id in race_ids}
            only = next(iter(races)) if len(races) == 1 else None
            for market in markets:
                race_id = race_ids.get(market.market_id, only)
                if race_id is not None:
                    self._races[market.market_id] = RaceMarket.of(race_id, market)


def _as_stored(pick: StoredSelection) -> RaceMarket:
    one = pick.selection
    return RaceMarket(
        race_id=one.race_id,
        market_type=one.market_type,
        start=one.race_time,
        course=pick.course,
        names={one.selection_id: one.runner_name} if one.runner_name else {},
    )


def _window(picks: Sequence[StoredSelection]) -> MarketFilter:
    starts = [pick.selection.race_time for pick in picks]
    return MarketFilter(
        event_type_ids=(HORSE_RACING,),
        market_types=MARKET_TYPES,
        start_from=min(starts) - _AROUND,
        start_to=max(starts) + _AROUND,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
