"""A made-up race at two moments, for ``init`` and ``doctor``: no file, no network, the same every time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from policytrader.model.price import PRICES, TICK_OF
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

_OFF = datetime(2026, 5, 2, 14, 10, tzinfo=UTC)
_CAPTURED = datetime(2026, 5, 2, 7, 2, 11, tzinfo=UTC)
_RACE, _CAPTURE, _WIN, _PLACE = "newmarket-1510", "morning", "1.101", "1.102"
_NAMES = ("Blue Moon", "Kingmaker", "Quick Step", "Sunspot", "Marsh Harrier", "Old Pewter", "Tin Whistle", "Saltire")
_MORNING_PRICES = ("8.00", "5.50", "11.00", "6.40", "15.00", "21.00", "13.00", "34.00")
_PLACE_PRICES = ("2.60", "2.10", "3.30", "2.30", "4.20", "5.40", "3.80", "8.20")
_SUNSPOT = 14


def first_snapshot() -> Snapshot:
    """The morning: nothing was bet yet. A scenario to begin with."""
    return _moment(_OFF - timedelta(hours=6), ())


def last_snapshot() -> Snapshot:
    """Half an hour to the off: the full position is on, and a runner at a short price is withdrawn."""
    morning = _OFF - timedelta(hours=6)
    two_hours, half_hour, withdrawal = (_OFF - timedelta(minutes=minutes) for minutes in (119, 29, 27))
    orders = (
        _order("o1", _WIN, 11, "8.00", "2.00", morning),
        _order("o2", _PLACE, 12, "2.10", "2.00", morning),
        _order("o3", _WIN, 11, "8.20", "18.00", two_hours),
        _order("o4", _PLACE, 12, "2.12", "18.00", two_hours),
        _order("o5", _WIN, 11, "8.20", "30.00", half_hour),
        _resting("o6", _PLACE, 12, "2.14", "30.00", "12.00", half_hour),
    )
    return _moment(withdrawal, orders, drift=2, is_out=True)


def _moment(now: datetime, orders: tuple[Order, ...], *, drift: int = 0, is_out: bool = False) -> Snapshot:
    markets, runners = [], []
    for market_type, market_id, prices, winners in (
        (MarketType.WIN, _WIN, _MORNING_PRICES, 1),
        (MarketType.PLACE, _PLACE, _PLACE_PRICES, 3),
    ):
        published = now - timedelta(seconds=4)
        version = 2 if is_out else 1
        markets.append(
            Market(market_id, _RACE, market_type, MarketStatus.OPEN, False, version, winners, published, "Newmarket")
        )
        for number, (name, price) in enumerate(zip(_NAMES, prices, strict=True), start=11):
            runners.append(
                _runner(market_id, number, name, price, drift, is_out=is_out and number == _SUNSPOT, now=now)
            )
    reference = tuple(
        ReferenceRunner(_CAPTURE, _RACE, _CAPTURED, len(_NAMES), number, name, RunnerStatus.ACTIVE, Decimal(price))
        for number, (name, price) in enumerate(zip(_NAMES, _MORNING_PRICES, strict=True), start=11)
    )
    return Snapshot(
        now, _selections(), reference, tuple(markets), tuple(runners), orders, title="A made-up race at Newmarket"
    )


def _selections() -> tuple[Selection, ...]:
    def pick(ref: str, market_id: str, number: int, side: Side, price: str) -> Selection:
        market_type = MarketType.WIN if market_id == _WIN else MarketType.PLACE
        name = _NAMES[number - 11]
        return Selection(
            ref,
            _RACE,
            _OFF,
            market_id,
            market_type,
            number,
            name,
            side,
            Decimal(price),
            Decimal(1),
            _CAPTURE,
            True,
            None,
            False,
        )

    return (
        pick("blue-moon-win", _WIN, 11, Side.BACK, "8.00"),
        pick("kingmaker-place", _PLACE, 12, Side.BACK, "2.10"),
        pick("quick-step-win", _WIN, 13, Side.BACK, "12.00"),
        pick("saltire-lay", _WIN, 18, Side.LAY, "36.00"),
    )


def _runner(market_id: str, number: int, name: str, price: str, drift: int, *, is_out: bool, now: datetime) -> Runner:
    if is_out:
        removed = now - timedelta(seconds=50)
        return Runner(
            market_id, number, name, RunnerStatus.REMOVED, None, None, None, None, None, Decimal("14.2"), removed
        )
    tick = TICK_OF[Decimal(price)] + drift
    depth = Decimal("112.00")
    return Runner(
        market_id,
        number,
        name,
        RunnerStatus.ACTIVE,
        PRICES[tick],
        depth,
        PRICES[tick + 1],
        depth,
        PRICES[tick],
        None,
        None,
    )


def _order(ref: str, market_id: str, number: int, price: str, size: str, placed_at: datetime) -> Order:
    amount = Decimal(size)
    return Order(
        ref, market_id, number, Side.BACK, Decimal(price), amount, amount, Decimal(price), Decimal(0),
        OrderStatus.EXECUTION_COMPLETE, placed_at,
    )  # fmt: skip


def _resting(ref: str, market_id: str, number: int, price: str, size: str, matched: str, placed_at: datetime) -> Order:
    return Order(
        ref, market_id, number, Side.BACK, Decimal(price), Decimal(size), Decimal(matched), Decimal(price),
        Decimal(size) - Decimal(matched), OrderStatus.EXECUTABLE, placed_at,
    )  # fmt: skip
