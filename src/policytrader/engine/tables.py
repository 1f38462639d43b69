"""The tables that the compiled statement reads, and how a snapshot's rows get into them.

Every table is keyed by ``snapshot_id``, so that the same statement decides one snapshot or a million. In the daemon the
tables are Arrow streams over the current snapshot: DuckDB scans them in place, nothing is inserted (measured: loading
through INSERT costs 4-6 ms a tick, scanning a stream less than 0.1 ms). What did not change since the last tick is
recognised by identity and not converted again.

Derived columns, so that the statement needs fewer joins (each costs 0.3 to 1 ms a tick, however few the rows): a runner
carries its market's race and type; a selection the clock, the header of its capture, its market, and its runner there.
HIDDEN becomes missing here, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from policytrader.model.money import ZERO
from policytrader.model.position import matched_of
from policytrader.model.snapshot import (
    Market,
    Order,
    OrderStatus,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Snapshot,
)
from policytrader.model.times import EPOCH, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_TEXT = pa.string()
_ID = pa.int64()
_FLAG = pa.bool_()
_TIME = pa.timestamp("us")
_WHOLE = pa.int64()

# Decimals become whole numbers of 10 ** -places: cheaper to compare, to sum and to hand over than DECIMAL.
_PENNIES, _POINTS, _AVERAGE, _FACTOR = 2, 4, 8, 5


@dataclass(frozen=True)
class Table:
    """Name and columns of one table; ``snapshot_id`` always comes first."""

    name: str
    schema: pa.Schema


def _table(name: str, **columns: pa.DataType) -> Table:
    return Table(name, pa.schema([("snapshot_id", pa.int32()), *columns.items()]))


SELECTIONS = _table(
    "selections",
    row_no=pa.int32(),
    race_id=_TEXT,
    race_time=_TIME,
    market_id=_TEXT,
    market_type=_TEXT,
    selection_id=_ID,
    side=_TEXT,
    price_requested=_WHOLE,
    stake_points=_WHOLE,
    capture_id=_TEXT,
    valid=_FLAG,
    invalidated_reason=_TEXT,
    closed=_FLAG,
    captured_at=_TIME,
    number_of_runners=pa.int32(),
    now=_TIME,
    market_status=_TEXT,
    in_play=_FLAG,
    number_of_winners=_WHOLE,
    published_at=_TIME,
    course=_TEXT,
    best_back=_WHOLE,
    best_back_size=_WHOLE,
    best_lay=_WHOLE,
    best_lay_size=_WHOLE,
    last_traded=_WHOLE,
    adjustment_factor=_WHOLE,
)
PICKS = Table("picks", pa.schema(list(SELECTIONS.schema)[: SELECTIONS.schema.get_field_index("now")]))
"""The columns of ``selections`` that do not move: those before the clock."""

REFERENCE = _table(
    "reference",
    capture_id=_TEXT,
    race_id=_TEXT,
    selection_id=_ID,
    captured_status=_TEXT,
    reference_price=_WHOLE,
)
RUNNERS = _table(
    "runners",
    race_id=_TEXT,
    market_id=_TEXT,
    market_type=_TEXT,
    selection_id=_ID,
    status=_TEXT,
    best_back=_WHOLE,
    last_traded=_WHOLE,
    removed_at=_TIME,
)
ORDERS = _table(
    "orders",
    market_id=_TEXT,
    selection_id=_ID,
    side=_TEXT,
    price=_WHOLE,
    size_matched=_WHOLE,
    average_price=_WHOLE,
    open_size=_WHOLE,
    rests_since=_WHOLE,
)

TABLES: tuple[Table, ...] = (SELECTIONS, REFERENCE, RUNNERS, ORDERS)

NO_CAPTURE = ""
"""``capture_id`` of a selection without a capture: joins with the race's live runners and with no captured one."""


def to_arrow(table: Table, columns: Sequence[Iterable[Any]], row_count: int, snapshot_id: int = 0) -> pa.Table:
    """Columns in table order (without ``snapshot_id``) as an Arrow table."""
    arrays = [pa.array([snapshot_id] * row_count, table.schema.field(0).type)]
    arrays += [
        values if isinstance(values, pa.Array) else pa.array(values, field.type)
        for field, values in zip(list(table.schema)[1:], columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)


def scaled(values: Sequence[Any], places: int) -> pa.Array:
    """Decimals as whole numbers of ``10 ** -places``; exact, or Arrow refuses.

    Arrow's decimals are such whole numbers already: the array is read again with no decimals and narrowed.
    """
    exact = pa.array(values, pa.decimal128(18 + places, places))
    whole = pa.Array.from_buffers(pa.decimal128(18 + places, 0), len(exact), exact.buffers())
    return whole.cast(_WHOLE)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[Sequence[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _shown(statuses: Sequence[str | None]) -> list[str | None]:
    return [None if status is RunnerStatus.HIDDEN else status for status in statuses]


def picks_table(selections: Sequence[Selection], reference: Sequence[ReferenceRunner]) -> pa.Table:
    """The part of ``selections`` that does not move: the picks in order of decision, each with its capture's header."""
    heads = {row[0]: (row[2], row[3]) for row in reference}
    columns = _columns(selections, len(Selection._fields))
    captured = [heads.get(capture, (None, None)) for capture in columns[10]]
    values = [
        range(len(selections)),
        columns[1],
        columns[2],
        columns[3],
        columns[4],
        columns[5],
        columns[7],
        scaled(columns[8], _PENNIES),
        scaled(columns[9], _POINTS),
        [capture or NO_CAPTURE for capture in columns[10]],
        columns[11],
        columns[12],
        columns[13],
        [head[0] for head in captured],
        [head[1] for head in captured],
    ]
    return to_arrow(PICKS, values, len(selections))


_OF_MARKET = {
    "market_status": "status",
    "in_play": "in_play",
    "number_of_winners": "number_of_winners",
    "published_at": "published_at",
    "course": "course",
}
_OF_RUNNER = {
    "best_back": _PENNIES,
    "best_back_size": _PENNIES,
    "best_lay": _PENNIES,
    "best_lay_size": _PENNIES,
    "last_traded": _PENNIES,
    "adjustment_factor": _FACTOR,
}


class SelectionsTable:
    """Makes the table of picks at a moment: what does not move, and beside it clock, market and own runner.

    Of the live columns only those in ``wanted`` are filled.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        """``wanted`` as in ``Statement.wanted``."""
        self._market_columns = [name for name in _OF_MARKET if f"selections.{name}" in wanted]
        self._runner_columns = [name for name in _OF_RUNNER if f"selections.{name}" in wanted]
        self._picks: tuple[object, object] = (None, None)  # held, so that no other object can take their identity
        self._picks_table = PICKS.schema.empty_table()

    def __call__(self, selections: tuple[Selection, ...], snapshot: Snapshot) -> pa.Table:
        """The picks, in the order given, at the moment of the snapshot."""
        if self._picks[0] is not selections or self._picks[1] is not snapshot.reference:
            self._picks = (selections, snapshot.reference)
            self._picks_table = picks_table(selections, snapshot.reference)
        count = len(selections)
        live: dict[str, pa.Array] = {"now": pa.array([snapshot.now] * count, _TIME)}
        markets = [snapshot.markets_by_id.get(selection[3]) for selection in selections]
        for name in self._market_columns:
            index = Market._fields.index(_OF_MARKET[name])
            values = [None if market is None else market[index] for market in markets]
            live[name] = pa.array(values, SELECTIONS.schema.field(name).type)
        runners = [snapshot.runners_by_id.get((selection[3], selection[5])) for selection in selections]
        for name in self._runner_columns:
            index = Runner._fields.index(name)
            live[name] = scaled([None if runner is None else runner[index] for runner in runners], _OF_RUNNER[name])
        columns = [
            live[field.name] if field.name in live else pa.nulls(count, field.type)
            for field in list(SELECTIONS.schema)[len(PICKS.schema) :]
        ]
        return pa.Table.from_arrays([*self._picks_table.columns, *columns], schema=SELECTIONS.schema)


def reference_table(reference: Sequence[ReferenceRunner]) -> pa.Table:
    """The captures, one row per runner."""
    columns = _columns(reference, len(ReferenceRunner._fields))
    return to_arrow(
        REFERENCE,
        [columns[0], columns[1], columns[4], _shown(columns[6]), scaled(columns[7], _PENNIES)],
        len(reference),
    )


class RunnersTable:
    """Makes the table of live runners, the largest one and the one that every tick makes anew.

    Which runners run in which market hardly ever changes between ticks: those columns are kept while they are equal.
    Of the prices only the columns in ``wanted`` are filled.
    """

    def __init__(self, wanted: frozenset[str]) -> None:
        """Nothing kept yet."""
        self._wanted = wanted
        self._keys: tuple[Any, ...] = ()
        self._key_columns: list[pa.Array] = []

    def __call__(self, runners: Sequence[Runner], markets: Sequence[Market]) -> pa.Table:
        """The live runners, each with its market's race and type."""
        keys = (
            [runner[0] for runner in runners],
            [runner[1] for runner in runners],
            [market[:3] for market in markets],
        )
        if keys != self._keys:
            self._keys, self._key_columns = keys, _runner_keys(*keys)
        prices = [
            scaled([runner[Runner._fields.index(name)] for runner in runners], _PENNIES)
            if f"runners.{name}" in self._wanted
            else pa.nulls(len(runners), _WHOLE)
            for name in ("best_back", "last_traded")
        ]
        statuses = [None if runner[3] is RunnerStatus.HIDDEN else runner[3] for runner in runners]
        removed_at = [runner[10] for runner in runners]
        return to_arrow(RUNNERS, [*self._key_columns, statuses, *prices, removed_at], len(runners))


def _runner_keys(market_ids: list[str], selection_ids: list[int], markets: Sequence[tuple[str, ...]]) -> list[pa.Array]:
    """Race, market, market's type and number of each runner."""
    races = {market[0]: (market[1], market[2]) for market in markets}
    places = [races[market_id] for market_id in market_ids]
    return [
        pa.array([place[0] for place in places], _TEXT),
        pa.array(market_ids, _TEXT),
        pa.array([place[1] for place in places], _TEXT),
        pa.array(selection_ids, _ID),
    ]


def orders_table(orders: Sequence[Order]) -> pa.Table:
    """All orders on the account, ours and foreign.

    An order of unknown fate is open with its whole size and has nothing matched. ``rests_since`` is there for an order
    of ours that rests at the exchange; one without a time has rested for no time, so it lies in the far future.
    """
    columns = _columns(orders, len(Order._fields))
    matched = [matched_of(order) for order in orders]
    is_unknown = [status is OrderStatus.UNKNOWN for status in columns[9]]
    open_size = [
        size if unknown else remaining
        for unknown, size, remaining in zip(is_unknown, columns[5], columns[8], strict=True)
    ]
    return to_arrow(
        ORDERS,
        [
            columns[1],
            columns[2],
            columns[3],
            scaled(columns[4], _PENNIES),
            scaled([size for size, _ in matched], _PENNIES),
            scaled([average for _, average in matched], _AVERAGE),
            scaled(open_size, _PENNIES),
            [_rests_since(order) for order in orders],
        ],
        len(orders),
    )


_FAR_FUTURE = 2**61


def _rests_since(order: Order) -> int | None:
    if order.order_ref is None or order.status is not OrderStatus.EXECUTABLE or order.size_remaining <= ZERO:
        return None
    return _FAR_FUTURE if order.placed_at is None else microseconds_between(EPOCH, order.placed_at)


class SnapshotSource:
    """One table of the current snapshot as an Arrow stream that DuckDB scans in place.

    Registered once under the table's name; every execution of the prepared statement reads ``table`` anew, and no
    catalogue change throws the prepared plan away.
    """

    def __init__(self, table: Table) -> None:
        """Start empty."""
        self.table = pa.Table.from_batches([], schema=table.schema)
        self._made_from: tuple[Any, ...] = ()

    def fill(self, build: Callable[..., pa.Table], *made_from: Any) -> None:
        """Take the rows, unless they are the very objects that it holds already."""
        if len(made_from) != len(self._made_from) or any(
            new is not old for new, old in zip(made_from, self._made_from, strict=True)
        ):
            self.table = build(*made_from)
            self._made_from = made_from

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow C stream of the current rows."""
        return self.table.__arrow_c_stream__(requested_schema)
