"""Joins and sums in plain Python: everything that the decision on one selection depends on, side by side.

The plain loops and both rule engines read these: a rule engine decides one record, it neither joins nor aggregates.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.engine.size import size_of
from policytrader.model.money import MINIMUM_SIZES, ONE, ZERO
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from policytrader.model.snapshot import Order, Snapshot

    View = dict[str, Any]

SHORT_PRICE = Decimal(12)
TAKING_PART = frozenset({RunnerStatus.ACTIVE, RunnerStatus.WINNER, RunnerStatus.PLACED, RunnerStatus.LOSER})
SECOND = timedelta(seconds=1)
NEVER_SECONDS = -1.0
_MINIMUM = MINIMUM_SIZES["GBP"]


def read_views(snapshot: Snapshot) -> Iterator[View]:
    """One record per selection, in the snapshot's order. Amounts stay ``Decimal``; nothing is taken for missing."""
    statuses = _race_statuses(snapshot)
    active = {race: sum(status in TAKING_PART for status in runners.values()) for race, runners in statuses.items()}
    short = _short_priced_removed(snapshot, statuses)
    captured = {row.capture_id: row.number_of_runners for row in snapshot.reference}
    markets, runners = snapshot.markets_by_id, snapshot.runners_by_id
    orders: dict[tuple[str, int, str], list[Order]] = defaultdict(list)
    for order in snapshot.orders:
        orders[order.market_id, order.selection_id, order.side].append(order)
    for selection in snapshot.selections:
        market = markets[selection.market_id]
        runner = runners[selection.market_id, selection.selection_id]
        side = selection.side
        is_back = side is Side.BACK
        matched, exposure, rests = _position(
            orders.get((selection.market_id, selection.selection_id, side), ()), snapshot.now
        )
        yield {
            "selection_ref": selection.selection_ref,
            "side": side.value,
            "market_type": selection.market_type.value,
            "valid": selection.valid,
            "closed": selection.closed,
            "stored_reason": selection.invalidated_reason or "",
            "requested": selection.price_requested,
            "points": selection.stake_points,
            "seconds_to_off": (selection.race_time - snapshot.now) / SECOND,
            "market_is_open": market.status is MarketStatus.OPEN and not market.in_play,
            "own_status": statuses[selection.race_id][selection.selection_id],
            "runners_then": captured[selection.capture_id or ""],
            "runners_now": active[selection.race_id],
            "short_removed": short.get((selection.race_id, selection.capture_id), 0),
            "available": runner.best_back if is_back else runner.best_lay,
            "depth": runner.best_back_size if is_back else runner.best_lay_size,
            "matched": matched,
            "exposure": exposure,
            "rests_seconds": rests,
        }


def _race_statuses(snapshot: Snapshot) -> dict[str, dict[int, str]]:
    """Status of each runner over the race's markets: REMOVED if any says so."""
    races = {market.market_id: market.race_id for market in snapshot.markets}
    statuses: dict[str, dict[int, str]] = defaultdict(dict)
    for runner in snapshot.runners:
        known = statuses[races[runner.market_id]]
        if known.get(runner.selection_id) != RunnerStatus.REMOVED:
            known[runner.selection_id] = runner.status.value if runner.status else ""
    return statuses


def _short_priced_removed(snapshot: Snapshot, statuses: dict[str, dict[int, str]]) -> dict[tuple[str, str | None], int]:
    """How many runners under 12.0 went out after each capture."""
    races = {market.market_id: market.race_id for market in snapshot.markets}
    removed_at = {
        (races[runner.market_id], runner.selection_id): runner.removed_at
        for runner in snapshot.runners
        if runner.removed_at is not None
    }
    counts: dict[tuple[str, str | None], int] = defaultdict(int)
    for row in snapshot.reference:
        at = removed_at.get((row.race_id, row.selection_id))
        if at is None or row.captured_at is None or at < row.captured_at or row.status is not RunnerStatus.ACTIVE:
            continue
        is_out = statuses[row.race_id][row.selection_id] == RunnerStatus.REMOVED
        if is_out and row.reference_price is not None and row.reference_price < SHORT_PRICE:
            counts[row.race_id, row.capture_id] += 1
    return counts


def _position(orders: list[Order] | tuple[()], now: datetime) -> tuple[Decimal, Decimal, float]:
    """Matched, exposure, and for how long the oldest order of ours rests."""
    matched = exposure = ZERO
    rests = NEVER_SECONDS
    for order in orders:
        matched += order.size_matched
        if order.side is Side.BACK:
            exposure += order.size_matched + order.size_remaining
        else:
            average = order.average_price_matched or ONE
            exposure += order.size_matched * (average - ONE) + order.size_remaining * (order.price - ONE)
        if order.status is OrderStatus.EXECUTABLE and order.order_ref and order.size_remaining and order.placed_at:
            rests = max(rests, (now - order.placed_at) / SECOND)
    return matched, exposure, rests


def placed_or_waits(view: View, target: Decimal) -> str:
    """Of a selection with room and price: PLACE, or WAIT when the order would be below the exchange's minimum."""
    size = size_of(target - view["exposure"], Side(view["side"]), view["available"], view["depth"])
    return "PLACE" if _MINIMUM.allows(size, view["available"]) else "WAIT"
