"""Positions against a settlement by hand: what comes in and goes out when the runner wins, and when it loses."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.position import Position, exposure_of, position_of, risk_of
from policytrader.model.snapshot import Order, OrderStatus, Side
from tests.strategies import amounts, ladder_prices, orders, sides


def order(
    side: Side,
    price: str,
    size: str,
    matched: str = "0",
    average: str | None = None,
    open_: str = "0",
    status: OrderStatus = OrderStatus.EXECUTION_COMPLETE,
) -> Order:
    mean = None if average is None else Decimal(average)
    return Order(
        "o", "1.1", 11, side, Decimal(price), Decimal(size), Decimal(matched), mean, Decimal(open_), status, None
    )


def position(if_wins: str, if_loses: str) -> Position:
    return Position(Decimal(if_wins), Decimal(if_loses))


def settled(of: list[Order], *, wins: bool) -> Decimal:
    """Cash drawn less cash paid in: a back pays its stake in and draws stake x price, a lay the other way round."""
    cash = Decimal(0)
    for one in of:
        if one.status is OrderStatus.UNKNOWN or one.average_price_matched is None:
            continue
        paid_in, drawn = one.size_matched, one.size_matched * one.average_price_matched if wins else Decimal(0)
        cash += drawn - paid_in if one.side is Side.BACK else paid_in - drawn
    return cash


@given(st.lists(orders(), max_size=6))
def test_a_position_is_what_the_settlement_would_pay(of: list[Order]) -> None:
    assert position_of(of) == (settled(of, wins=True), settled(of, wins=False))


@given(st.lists(orders(), max_size=4), st.lists(orders(), max_size=4))
def test_positions_add_up_in_any_order(some: list[Order], others: list[Order]) -> None:
    together = position_of([*others, *some])
    parts = position_of(some), position_of(others)
    assert together.if_wins == parts[0].if_wins + parts[1].if_wins
    assert together.if_loses == parts[0].if_loses + parts[1].if_loses


@given(orders())
def test_a_bet_and_its_opposite_leave_nothing(one: Order) -> None:
    opposite = one._replace(side=Side.LAY if one.side is Side.BACK else Side.BACK)
    assert position_of([one, opposite]) == position("0", "0")


def test_positions_by_example() -> None:
    assert position_of([]) == position("0", "0")
    assert position_of([order(Side.BACK, "8", "20", "20", "8")]) == position("140", "-20")
    assert position_of([order(Side.LAY, "8", "20", "20", "8")]) == position("-140", "20")
    both = [order(Side.BACK, "6", "30", "22", "6.1"), order(Side.LAY, "5", "10", "10", "4.9")]
    assert position_of(both) == position("73.2", "-12")


def test_an_order_of_unknown_fate_has_no_position_but_risks_all_of_its_size() -> None:
    sent = order(Side.LAY, "5", "10", "4", "4.8", "6", OrderStatus.UNKNOWN)
    assert position_of([sent]) == position("0", "0")
    assert exposure_of(sent) == 40


@given(sides, ladder_prices, amounts())
def test_risk_is_the_most_that_an_order_can_lose(side: Side, price: Decimal, size: Decimal) -> None:
    whole = order(side, str(price), str(size), str(size), str(price))
    assert risk_of(side, price, size) == -min(position_of([whole]))


@given(orders())
def test_exposure_is_what_is_matched_at_its_average_and_what_is_open_at_its_price(one: Order) -> None:
    if one.status is OrderStatus.UNKNOWN:
        assert exposure_of(one) == risk_of(one.side, one.price, one.size)
        return
    matched = risk_of(one.side, one.average_price_matched or Decimal(1), one.size_matched)
    assert exposure_of(one) == matched + risk_of(one.side, one.price, one.size_remaining)


@pytest.mark.parametrize(
    ("of", "exposure"),
    [
        (order(Side.BACK, "8", "30", "20", "8.2", "10", OrderStatus.EXECUTABLE), "30"),
        (order(Side.LAY, "3", "10", "4", "2.5", "6", OrderStatus.EXECUTABLE), "18"),
        (order(Side.LAY, "3", "10", "4", "2.5", "0"), "6"),
        (order(Side.BACK, "8", "30"), "0"),
    ],
)
def test_exposure_by_example(of: Order, exposure: str) -> None:
    assert exposure_of(of) == Decimal(exposure)
