"""A day on which every outcome occurs: the contenders must decide it as the engine does before they are timed."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus, RunnerStatus, Snapshot

if TYPE_CHECKING:
    from policytrader.model.snapshot import Market, Order, Runner, Selection

STORED_REASONS = ("Invalid Short Price Removed", "Invalid 8 to 7 Place", "Invalid Runner Removed", "Withdrawn by hand")
POINTS = (Decimal("0.5"), Decimal(1), Decimal("1.25"), Decimal(2))
STAKES_HELD = (Decimal("0.40"), Decimal("2.00"), Decimal("49.50"), Decimal("120.00"))


def roughen(snapshot: Snapshot, seed: int = 1) -> Snapshot:
    """Markets suspended and in play, runners withdrawn, picks cashed out, stored as invalid, filled or past their off.

    Nothing is missing that the day had: for missing values the contenders have no answer.
    """
    chance = random.Random(seed)
    races = sorted({market.race_id for market in snapshot.markets})
    withdrawn = {race: chance.choice((0, 0, 1, 3)) for race in races}
    race_of = {market.market_id: market.race_id for market in snapshot.markets}
    removed_at = snapshot.now - timedelta(minutes=30)
    return Snapshot(
        snapshot.now,
        tuple(_rough_selection(chance, selection, snapshot) for selection in snapshot.selections),
        snapshot.reference,
        tuple(_rough_market(chance, market) for market in snapshot.markets),
        tuple(
            _out(runner, snapshot)._replace(removed_at=removed_at)
            if runner.selection_id % 10 < withdrawn[race_of[runner.market_id]]
            else runner
            for runner in snapshot.runners
        ),
        tuple(_rough_order(chance, order) for order in snapshot.orders),
    )


def _rough_market(chance: random.Random, market: Market) -> Market:
    status = chance.choice((MarketStatus.OPEN,) * 8 + (MarketStatus.SUSPENDED, MarketStatus.CLOSED))
    return market._replace(status=status, in_play=chance.random() < 0.1)


def _out(runner: Runner, snapshot: Snapshot) -> Runner:
    return runner._replace(
        status=RunnerStatus.REMOVED,
        best_back=None,
        best_back_size=None,
        best_lay=None,
        best_lay_size=None,
        last_traded=None,
        removed_at=snapshot.now,
    )


def _rough_selection(chance: random.Random, selection: Selection, snapshot: Snapshot) -> Selection:
    selection = selection._replace(stake_points=chance.choice(POINTS), closed=chance.random() < 0.1)
    if chance.random() < 0.15:
        selection = selection._replace(valid=False, invalidated_reason=chance.choice(STORED_REASONS))
    if chance.random() < 0.1:
        selection = selection._replace(race_time=snapshot.now - timedelta(seconds=chance.choice((0, 90))))
    return selection


def _rough_order(chance: random.Random, order: Order) -> Order:
    matched, remaining = chance.choice(STAKES_HELD), chance.choice((Decimal(0), Decimal("1.30")))
    return order._replace(
        size=matched + remaining,
        size_matched=matched,
        average_price_matched=order.price,
        size_remaining=remaining,
    )
