"""The five tables of a snapshot: their columns in order, how each is read, which may be empty, what empty means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from policytrader.adapters.snapshots.cells import (
    AVERAGE_PRICE,
    FLAG,
    ID,
    IDENTIFIER,
    LADDER_PRICE,
    PRICE,
    TEXT,
    TIME,
    Reader,
    amount,
    whole,
    word,
)
from policytrader.model.money import ZERO
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    Order,
    OrderStatus,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAXIMUM_SIZE: Final = "10000000"
MAXIMUM_RUNNERS: Final = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``empty`` is the value of an empty cell, which a ``required`` column may not have."""

    name: str
    reader: Reader
    required: bool = False
    empty: object = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the file's name without its ending, its columns, and the model's row that is made of them."""

    name: str
    columns: tuple[Column, ...]
    make: Callable[[Any], Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)


_SIDE = word(Side)
_MARKET_TYPE = word(MarketType)
_RUNNER_STATUS = word(RunnerStatus)
_COUNT = whole(MAXIMUM_RUNNERS)
_SIZE = amount("0", MAXIMUM_SIZE, 2)

SELECTIONS: Final = Table(
    "selections",
    (
        Column("selection_ref", IDENTIFIER, required=True),
        Column("race_id", IDENTIFIER, required=True),
        Column("race_time", TIME, required=True),
        Column("market_id", IDENTIFIER, required=True),
        Column("market_type", _MARKET_TYPE, required=True),
        Column("selection_id", ID, required=True),
        Column("runner_name", TEXT),
        Column("side", _SIDE, required=True),
        Column("price_requested", PRICE, required=True),
        Column("stake_points", amount("0", "1000", 4, above=True), required=True),
        Column("capture_id", IDENTIFIER),
        Column("valid", FLAG, empty=True),
        Column("invalidated_reason", TEXT),
        Column("closed", FLAG, empty=False),
    ),
    Selection._make,
)

REFERENCE: Final = Table(
    "reference",
    (
        Column("capture_id", IDENTIFIER, required=True),
        Column("race_id", IDENTIFIER, required=True),
        Column("captured_at", TIME),
        Column("number_of_runners", _COUNT),
        Column("selection_id", ID, required=True),
        Column("runner_name", TEXT),
        Column("status", _RUNNER_STATUS),
        Column("reference_price", PRICE),
    ),
    ReferenceRunner._make,
)

MARKETS: Final = Table(
    "markets",
    (
        Column("market_id", IDENTIFIER, required=True),
        Column("race_id", IDENTIFIER, required=True),
        Column("market_type", _MARKET_TYPE, required=True),
        Column("status", word(MarketStatus)),
        Column("in_play", FLAG, empty=False),
        Column("version", whole()),
        Column("number_of_winners", _COUNT),
        Column("published_at", TIME),
        Column("course", TEXT),
    ),
    Market._make,
)

RUNNERS: Final = Table(
    "runners",
    (
        Column("market_id", IDENTIFIER, required=True),
        Column("selection_id", ID, required=True),
        Column("runner_name", TEXT),
        Column("status", _RUNNER_STATUS),
        Column("best_back", LADDER_PRICE),
        Column("best_back_size", _SIZE),
        Column("best_lay", LADDER_PRICE),
        Column("best_lay_size", _SIZE),
        Column("last_traded", PRICE),
        Column("adjustment_factor", amount("0", "100", 5)),
        Column("removed_at", TIME),
    ),
    Runner._make,
)

ORDERS: Final = Table(
    "orders",
    (
        Column("order_ref", IDENTIFIER),
        Column("market_id", IDENTIFIER, required=True),
        Column("selection_id", ID, required=True),
        Column("side", _SIDE, required=True),
        Column("price", LADDER_PRICE, required=True),
        Column("size", amount("0", MAXIMUM_SIZE, 2, above=True), required=True),
        Column("size_matched", _SIZE, empty=ZERO),
        Column("average_price_matched", AVERAGE_PRICE),
        # Empty depends on the status: see cross_checks.complete_orders.
        Column("size_remaining", _SIZE),
        Column("status", word(OrderStatus), required=True),
        Column("placed_at", TIME),
    ),
    Order._make,
)

TABLES: Final = (SELECTIONS, REFERENCE, MARKETS, RUNNERS, ORDERS)
"""In the order of the snapshot's fields."""
