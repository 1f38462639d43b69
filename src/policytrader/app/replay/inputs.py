"""The inputs of one replayed decision, put together again: for whoever asks why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.replay.views import recorded_snapshot
from policytrader.model.money import ZERO
from policytrader.model.snapshot import Order, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.model.replay import ReplayedOrder, ReplayedSelection
    from policytrader.model.snapshot import ReferenceRunner, Selection, Snapshot
    from policytrader.ports.races import RaceRecord


def inputs_at(
    race: RaceRecord,
    pick: ReplayedSelection,
    traded: Sequence[ReplayedSelection],
    captures: Sequence[ReferenceRunner],
    at: datetime,
) -> Snapshot:
    """The snapshot of the pick's race at a tick: its picks as they stood, prices as recorded, the day's orders.

    ``traded`` are the picks of its day: limits of a day know of no other orders.
    What an order had matched is told as it ended: in a replay opening orders match when they are sent, or not at all.
    """
    picks = [one for one in traded if one.selection.race_id == pick.selection.race_id]
    orders = [_order(order) for one in traded for order in one.orders if order.at < at]
    return recorded_snapshot(race, [_as_of(one, at) for one in picks], captures, orders, at)


def _as_of(pick: ReplayedSelection, at: datetime) -> Selection:
    """The pick as it was stored at a tick: a reason that is found at it is not stored yet."""
    gone = pick.invalidated_at is not None and pick.invalidated_at < at
    return pick.selection._replace(valid=not gone, invalidated_reason=pick.reason if gone else None)


def _order(order: ReplayedOrder) -> Order:
    return Order(
        f"{order.selection_ref}@{order.at.isoformat()}",
        order.market_id,
        order.selection_id,
        order.side,
        order.price,
        order.size,
        order.size_matched,
        order.average_price_matched,
        ZERO,
        OrderStatus.EXECUTION_COMPLETE,
        order.at,
    )
