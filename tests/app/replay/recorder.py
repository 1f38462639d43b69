"""A feed of events as recorded races, for days that were never written to a file."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from policytrader.app.replay.views import shown_of
from policytrader.model.snapshot import MarketType
from policytrader.model.times import EPOCH, format_utc, microseconds_between
from policytrader.ports.races import BestPrices, MarketRecord, RaceRecord, RunnerRecord
from policytrader.simulation.events import Quote
from policytrader.simulation.exchange import Change, SimulatedExchange
from policytrader.simulation.tape import NO_TICK, Kind, Sides, Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.events import Event


def record_races(feed: Iterable[Event]) -> tuple[RaceRecord, ...]:
    """Play a feed to its end; the races of its WIN and PLACE markets, by first event and id."""
    recorder = _Recorder()
    for event in feed:
        recorder.play(event)
    return recorder.races()


def tape_of(quotes: Iterable[tuple[int, Quote]]) -> Tape:
    """The tape of one runner, from its quotes with their numbers."""
    rows = [
        (microseconds_between(EPOCH, quote.at), number, *row) for number, quote in quotes for row in _rows_of(quote)
    ]
    columns = zip(*rows, strict=True) if rows else ([], [], [], [], [])
    whole = (np.array([int(one) for one in column], np.int64) for column in columns)
    exact = {place: row[-1] for place, row in enumerate(rows) if isinstance(row[-1], Decimal)}
    return Tape(*whole, exact=exact)


def _rows_of(quote: Quote) -> Iterator[tuple[int, int, int | Decimal]]:
    """A quote as rows of kind, tick and pennies."""
    for kind, levels in ((Kind.BACK, quote.back), (Kind.LAY, quote.lay), (Kind.TRADED, quote.traded)):
        for tick, pennies in levels or ():
            yield kind, tick, pennies
    for kind, price in ((Kind.LAST_TRADED, quote.last_traded), (Kind.NEAR, quote.near), (Kind.FAR, quote.far)):
        if price is not None:
            hundredths = price * 100
            yield kind, NO_TICK, int(hundredths) if hundredths == int(hundredths) else price
    if quote.replaces:
        yield Kind.REPLACES, NO_TICK, (quote.back is not None) * Sides.BACK + (quote.lay is not None) * Sides.LAY
    if quote.is_repriced:
        yield Kind.IS_REPRICED, NO_TICK, 0


class _Recorder:
    def __init__(self) -> None:
        self._exchange: SimulatedExchange | None = None
        self._event: Event | None = None
        self._numbers: dict[str, int] = defaultdict(int)
        self._definitions: dict[str, list[tuple[int, int, MarketDefinition]]] = defaultdict(list)
        self._quotes: dict[tuple[str, int], list[tuple[int, Quote]]] = defaultdict(list)
        self._best: dict[tuple[str, int], list[tuple[int, ...]]] = defaultdict(list)
        self._until: dict[str, int] = {}

    def play(self, event: Event) -> None:
        if self._exchange is None:
            self._exchange = SimulatedExchange(event.at)
            self._exchange.subscribe(self._hear)
        self._event = event
        self._exchange.play(event)

    def races(self) -> tuple[RaceRecord, ...]:
        groups: dict[tuple[str, str], dict[str, MarketRecord]] = defaultdict(dict)
        for market_id, definitions in self._definitions.items():
            first = definitions[0][2]
            if first.market_type not in set(MarketType):
                continue
            runners = {
                selection_id: RunnerRecord(
                    selection_id=selection_id,
                    best=_best_prices(self._best[market_id, selection_id]),
                    read_tape=lambda quotes=self._quotes[market_id, selection_id]: tape_of(quotes),  # type: ignore[misc]
                )
                for selection_id in {one.selection_id for _, _, last in definitions for one in last.runners}
            }
            groups[first.event_id, format_utc(first.start)][market_id] = MarketRecord(
                market_id=market_id,
                market_type=MarketType(first.market_type),
                definitions=tuple(definitions),
                runners=runners,
                until=self._until[market_id],
            )
        return tuple(
            RaceRecord(race_id=f"{event_id}@{start}", markets=dict(sorted(markets.items())))
            for (event_id, start), markets in groups.items()
        )

    def _hear(self, change: Change) -> None:
        assert self._exchange is not None, "it speaks"
        market_id, at = change.market_id, microseconds_between(EPOCH, change.at)
        market = self._exchange.markets[market_id]
        self._until[market_id] = at
        if change.is_definition:
            self._definitions[market_id].append((at, self._next(market_id), market.definition))
        for selection_id in sorted(change.selections):
            book = market.books[selection_id]
            quote = self._event
            if change.is_definition or not isinstance(quote, Quote):
                # What an act did to a ladder, told as a whole.
                quote = Quote(
                    change.at, market_id, selection_id, tuple(book.back.items()), tuple(book.lay.items()),
                    last_traded=book.last_traded, replaces=True,
                )  # fmt: skip
            self._quotes[market_id, selection_id].append((self._next(market_id), quote))
            shown, rows = shown_of(book), self._best[market_id, selection_id]
            if not rows or rows[-1][1:] != shown:
                rows.append((at, *shown))

    def _next(self, market_id: str) -> int:
        self._numbers[market_id] += 1
        return self._numbers[market_id]


def _best_prices(rows: list[tuple[int, ...]]) -> BestPrices:
    # Of one instant the last row holds.
    last = {row[0]: row for row in rows}
    columns = zip(*last.values(), strict=True) if rows else ([] for _ in range(6))
    return BestPrices(*(np.array(list(column), np.int64) for column in columns))
