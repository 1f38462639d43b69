"""The snapshot: everything a decision depends on, and nothing else (``docs/snapshot.md``).

Rows are named tuples in the column order of the files. Money and prices are ``Decimal``, times aware UTC,
``None`` is a missing value. The readers in ``adapters`` guarantee what the docstrings say; the engine
relies on it and does not check again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from policytrader.model.times import format_utc


class Side(StrEnum):
    """BACK wins when the runner does; LAY takes the other side of such a bet."""

    BACK = "BACK"
    LAY = "LAY"


class MarketType(StrEnum):
    """The two markets of a race that policytrader bets in."""

    WIN = "WIN"
    PLACE = "PLACE"


class MarketStatus(StrEnum):
    """The exchange's market status."""

    INACTIVE = "INACTIVE"
    OPEN = "OPEN"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class RunnerStatus(StrEnum):
    """The exchange's runner status. HIDDEN means that it does not say: read it as missing."""

    ACTIVE = "ACTIVE"
    REMOVED = "REMOVED"
    HIDDEN = "HIDDEN"
    WINNER = "WINNER"
    LOSER = "LOSER"
    PLACED = "PLACED"


class OrderStatus(StrEnum):
    """The exchange's order status, and UNKNOWN for an order that was sent and whose fate is not known."""

    EXECUTABLE = "EXECUTABLE"
    EXECUTION_COMPLETE = "EXECUTION_COMPLETE"
    UNKNOWN = "UNKNOWN"


class Selection(NamedTuple):
    """The trader's pick. ``price_requested`` has at most two decimals, ``stake_points`` four."""

    selection_ref: str
    race_id: str
    race_time: datetime
    market_id: str
    market_type: MarketType
    selection_id: int
    runner_name: str | None
    side: Side
    price_requested: Decimal
    stake_points: Decimal
    capture_id: str | None
    valid: bool
    invalidated_reason: str | None
    closed: bool


class ReferenceRunner(NamedTuple):
    """One runner in a capture: the race as it stood when the pick was made."""

    capture_id: str
    race_id: str
    captured_at: datetime | None
    number_of_runners: int | None
    selection_id: int
    runner_name: str | None
    status: RunnerStatus | None
    reference_price: Decimal | None


class Market(NamedTuple):
    """One market as last published. A race's WIN and PLACE markets share ``race_id``."""

    market_id: str
    race_id: str
    market_type: MarketType
    status: MarketStatus | None
    in_play: bool
    version: int | None
    number_of_winners: int | None
    published_at: datetime | None
    course: str | None


class Runner(NamedTuple):
    """One runner of one market; ``adjustment_factor`` is a percentage.

    Best prices stand on the ladder. The last traded price may not: the exchange reduces it after a removal.
    """

    market_id: str
    selection_id: int
    runner_name: str | None
    status: RunnerStatus | None
    best_back: Decimal | None
    best_back_size: Decimal | None
    best_lay: Decimal | None
    best_lay_size: Decimal | None
    last_traded: Decimal | None
    adjustment_factor: Decimal | None
    removed_at: datetime | None


class Order(NamedTuple):
    """One order on the account: ours (``order_ref`` present) or foreign.

    ``average_price_matched`` is kept to eight decimals and present whenever something is matched.
    """

    order_ref: str | None
    market_id: str
    selection_id: int
    side: Side
    price: Decimal
    size: Decimal
    size_matched: Decimal
    average_price_matched: Decimal | None
    size_remaining: Decimal
    status: OrderStatus
    placed_at: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """One moment: the clock, the trader's picks, the captures they were made on, live markets, orders.

    ``title``, ``why`` and ``policy`` describe a scenario; they do not take part in ``hash``.
    """

    now: datetime
    selections: tuple[Selection, ...]
    reference: tuple[ReferenceRunner, ...]
    markets: tuple[Market, ...]
    runners: tuple[Runner, ...]
    orders: tuple[Order, ...]
    title: str = ""
    why: str = ""
    policy: str | None = None

    @cached_property
    def markets_by_id(self) -> dict[str, Market]:
        """Market by ``market_id``."""
        return {market[0]: market for market in self.markets}

    @cached_property
    def runners_by_id(self) -> dict[tuple[str, int], Runner]:
        """Runner by ``(market_id, selection_id)``."""
        return {runner[:2]: runner for runner in self.runners}

    @cached_property
    def orders_by_runner(self) -> dict[tuple[str, int], list[Order]]:
        """Orders, ours and foreign, by ``(market_id, selection_id)``."""
        groups: dict[tuple[str, int], list[Order]] = {}
        for order in self.orders:
            groups.setdefault((order[1], order[2]), []).append(order)
        return groups

    @cached_property
    def captured_at(self) -> dict[str, datetime | None]:
        """When each capture was taken, by ``capture_id``."""
        return {row.capture_id: row.captured_at for row in self.reference}

    @cached_property
    def hash(self) -> str:
        """SHA-256 over all rows, independent of their order and of how a number was written."""
        digest = hashlib.sha256(format_utc(self.now).encode())
        for rows in (self.selections, self.reference, self.markets, self.runners, self.orders):
            lines = sorted("\x1f".join(map(_canonical, row)) for row in rows)
            digest.update(b"\x1d" + "\x1e".join(lines).encode())
        return digest.hexdigest()


def _canonical(value: object) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return format_utc(value)
        case _:
            return str(value)
