"""A made-up race day as snapshots: races of ten runners with two markets each, picks and orders spread over them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from policytrader.model.price import PRICES
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
    Snapshot,
)

START = datetime(2026, 5, 2, 13, 0, tzinfo=UTC)
RUNNER_COUNT = 10


def make_snapshot(race_count: int, selection_count: int, seed: int = 1) -> Snapshot:
    """One moment of a day with ``race_count`` races; every third pick is a lay, every second has an order."""
    chance = random.Random(seed)
    markets, runners, reference, selections, orders = [], [], [], [], []
    for race in range(race_count):
        race_id, capture_id = f"race-{race}", f"capture-{race}"
        for number, market_type in enumerate(MarketType, start=1):
            market_id = f"1.{100_000 + race}{number}"
            markets.append(
                Market(
                    market_id,
                    race_id,
                    market_type,
                    MarketStatus.OPEN,
                    in_play=False,
                    version=1,
                    number_of_winners=3,
                    published_at=START - timedelta(seconds=2),
                    course="Ascot",
                )
            )
            runners += [
                _runner(chance, market_id, 1000 * race + index, is_out=race % 10 == 9 and index == 9)
                for index in range(RUNNER_COUNT)
            ]
        reference += [
            ReferenceRunner(
                capture_id,
                race_id,
                START - timedelta(hours=4),
                RUNNER_COUNT,
                1000 * race + index,
                f"Runner {index}",
                RunnerStatus.ACTIVE,
                PRICES[chance.randrange(150, 240)],
            )
            for index in range(RUNNER_COUNT)
        ]
    for number in range(selection_count):
        selection = _selection(chance, number, race_count)
        selections.append(selection)
        if number % 2:
            orders.append(_order(selection, number))
    return Snapshot(START, tuple(selections), tuple(reference), tuple(markets), tuple(runners), tuple(orders))


def move_prices(snapshot: Snapshot, seed: int) -> Snapshot:
    """The next tick: every price of every runner is new, a second later; picks and captures are the same objects."""
    chance = random.Random(seed)
    runners = tuple(
        runner if runner.status is RunnerStatus.REMOVED else _runner(chance, runner.market_id, runner.selection_id)
        for runner in snapshot.runners
    )
    now = snapshot.now + timedelta(seconds=1)
    markets = tuple(market._replace(published_at=now) for market in snapshot.markets)
    # Orders are read anew at every tick: another tuple, or the engine would recognise them.
    orders = (*snapshot.orders,)
    return Snapshot(now, snapshot.selections, snapshot.reference, markets, runners, orders)


def _runner(chance: random.Random, market_id: str, selection_id: int, *, is_out: bool = False) -> Runner:
    if is_out:
        no_prices = (None, None, None, None, None, None)
        return Runner(market_id, selection_id, None, RunnerStatus.REMOVED, *no_prices, START - timedelta(hours=1))
    tick = chance.randrange(150, 240)
    return Runner(
        market_id,
        selection_id,
        f"Runner {selection_id}",
        RunnerStatus.ACTIVE,
        PRICES[tick],
        Decimal("120.00"),
        PRICES[tick + 1],
        Decimal("95.50"),
        PRICES[tick],
        Decimal("7.5"),
        None,
    )


def _selection(chance: random.Random, number: int, race_count: int) -> Selection:
    race, place = number % race_count, number // race_count
    market_type, index = (MarketType.WIN, MarketType.PLACE)[place % 2], place // 2 % RUNNER_COUNT
    side = Side.LAY if (number // (race_count * 20) + number) % 3 == 0 else Side.BACK
    return Selection(
        f"pick-{number}",
        f"race-{race}",
        START + timedelta(minutes=20 + 7 * race % 600),
        f"1.{100_000 + race}{place % 2 + 1}",
        market_type,
        1000 * race + index,
        f"Runner {index}",
        side,
        PRICES[chance.randrange(150, 240)],
        Decimal(1),
        f"capture-{race}",
        valid=True,
        invalidated_reason=None,
        closed=False,
    )


def _order(selection: Selection, number: int) -> Order:
    return Order(
        f"order-{number}",
        selection.market_id,
        selection.selection_id,
        selection.side,
        selection.price_requested,
        Decimal("2.00"),
        Decimal("1.50"),
        selection.price_requested,
        Decimal("0.50"),
        OrderStatus.EXECUTABLE,
        START - timedelta(minutes=number % 8),
    )
