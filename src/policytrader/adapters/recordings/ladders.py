"""The two Parquet tables that tell a market as the simulated exchange is told it: whole definitions, whole ladders.

::

    DIR/day=2022-11-07/market=1.206064380/definitions-0.parquet    one row per definition that says something new
                                         /ladders-0.parquet        one row per change of a level; ladders-1, ... follow

What happens in a market is a sequence of definitions and quotes (``simulation/events.py``), numbered by ``change_no``
from 0 over both tables. All rows of one quote share its number, and stand in the order in which the quote tells them.
Where a market cannot be played (handicaps, another price ladder), its last definition is the one that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from policytrader.adapters.recordings.tables import TIME
from policytrader.model.times import EPOCH, microseconds_between
from policytrader.simulation.events import Quote, Redefine
from policytrader.simulation.tape import NO_TICK, Kind, Sides

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.adapters.recordings.tick_arrays import Ints
    from policytrader.simulation.events import Event

DEFINITIONS = pa.schema([("published_at", TIME), ("change_no", pa.int32()), ("raw", pa.string())])
"""One row per definition, ``raw`` the ``marketDefinition`` as JSON."""

LADDERS = pa.schema(
    [
        ("published_at", TIME),
        ("change_no", pa.int32()),
        ("selection_id", pa.int64()),
        ("kind", pa.int8()),
        ("tick", pa.int16()),
        ("pennies", pa.int64()),
        ("exact", pa.string()),
    ]
)
"""One row per level, price or remark of a quote (``Kind``). ``exact`` is a price of more than two decimals."""

MOST_PENNIES = 2**63 - 1
MOST_HUNDREDTHS = 2**53


class LadderColumns(NamedTuple):
    """Rows of ``LADDERS`` in columns; ``exact`` by row, where there is one."""

    at: Ints
    change_no: Ints
    selection_id: Ints
    kind: Ints
    tick: Ints
    pennies: Ints
    exact: dict[int, str]


class MarketEvents:
    """One market's events on their way into the two tables; ``change_no`` is the number of the next one."""

    def __init__(self, market_id: str) -> None:
        """No event yet."""
        self.market_id = market_id
        self.definitions: list[tuple[int, int, str]] = []
        self.rows: list[tuple[int, int, int, int, int, int, str | None]] = []
        self.change_no = 0
        self._chunks: list[pa.Table] = []

    def define(self, at: int, raw: Any) -> None:
        """Take a ``marketDefinition`` published ``at`` (microseconds since 1970)."""
        self.definitions.append((at, self.change_no, orjson.dumps(raw).decode()))
        self.change_no += 1

    def quote(self, quote: Quote) -> None:
        """Take a quote."""
        head = (microseconds_between(EPOCH, quote.at), self.change_no, quote.selection_id)
        self.change_no += 1
        add, before = self.rows.append, len(self.rows)
        for kind, levels in ((Kind.BACK, quote.back), (Kind.LAY, quote.lay), (Kind.TRADED, quote.traded)):
            for tick, pennies in levels or ():
                add((*head, kind, tick, min(pennies, MOST_PENNIES), None))
        for kind, price in ((Kind.LAST_TRADED, quote.last_traded), (Kind.NEAR, quote.near), (Kind.FAR, quote.far)):
            if price is not None:
                add((*head, kind, NO_TICK, *written(price)))
        told = (quote.back is not None) * Sides.BACK + (quote.lay is not None) * Sides.LAY
        empty = (quote.back == ()) * Sides.BACK + (quote.lay == ()) * Sides.LAY
        if quote.replaces:
            add((*head, Kind.REPLACES, NO_TICK, told, None))
        if quote.is_repriced:
            add((*head, Kind.IS_REPRICED, NO_TICK, 0, None))
        if not quote.replaces and (empty or len(self.rows) == before):
            add((*head, Kind.EMPTY, NO_TICK, empty, None))

    def definitions_table(self) -> pa.Table:
        """All definitions."""
        return _table(self.definitions, DEFINITIONS)

    def append_columns(self, columns: LadderColumns) -> None:
        """Add the rows of many quotes."""
        self._pack()
        if len(columns.at):
            self._chunks.append(_columns_table(columns))

    def row_count(self) -> int:
        """Ladder rows since they were last taken."""
        return len(self.rows) + sum(len(chunk) for chunk in self._chunks)

    def take_ladders(self) -> pa.Table:
        """Hand over the rows of the quotes so far."""
        self._pack()
        chunks, self._chunks = self._chunks, []
        return pa.concat_tables(chunks).combine_chunks() if chunks else LADDERS.empty_table()

    def _pack(self) -> None:
        if self.rows:
            rows, self.rows = self.rows, []
            self._chunks.append(_table(rows, LADDERS))


def written(price: Decimal) -> tuple[int, str | None]:
    """A price as hundredths, and as text where hundredths do not hold it."""
    hundredths = price * 100
    whole = int(hundredths)
    if whole == hundredths and whole < MOST_HUNDREDTHS:
        return whole, None
    return min(whole, MOST_PENNIES), str(price)


def _table(rows: list[Any], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def _columns_table(columns: LadderColumns) -> pa.Table:
    arrays = [pa.array(column).cast(field.type) for column, field in zip(columns[:-1], list(LADDERS)[:-1], strict=True)]
    exact = pa.nulls(len(columns.at), pa.string())
    if columns.exact:
        places = np.full(len(columns.at), -1)
        places[list(columns.exact)] = np.arange(len(columns.exact))
        indices = pa.array(places, mask=places < 0)
        exact = pa.array(list(columns.exact.values()), pa.string()).take(indices)
    return pa.table([*arrays, exact], LADDERS)


class EventCache:
    """All markets of one file, as their events."""

    def __init__(self) -> None:
        """No markets yet."""
        self.markets: dict[str, MarketEvents] = {}

    def add(self, events: list[Event], defined: list[tuple[str, Any]], at: int) -> None:
        """Take the events of one message, and what its definitions said (market id and raw), in order."""
        raws: dict[str, list[Any]] = {}
        for market_id, raw in defined:
            raws.setdefault(market_id, []).append(raw)
        for event in events:
            if isinstance(event, Quote):
                self.markets[event.market_id].quote(event)
            elif isinstance(event, Redefine):  # a recording tells nothing else
                market_id = event.definition.market_id
                self.market(market_id).define(at, raws[market_id].pop(0))
        for market_id, left in raws.items():
            for raw in left:  # what made no event: the definition that the market cannot be played with
                self.market(market_id).define(at, raw)

    def market(self, market_id: str) -> MarketEvents:
        """A market, where it is new without events."""
        if market_id not in self.markets:
            self.markets[market_id] = MarketEvents(market_id)
        return self.markets[market_id]
