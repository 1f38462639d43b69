"""Positions: what an order, and what all orders on a runner, can win or lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import ONE, ZERO, liability
from policytrader.model.snapshot import Order, OrderStatus, Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal


class Position(NamedTuple):
    """Profit over all matched bets on a runner in one market, both sides, before commission."""

    if_wins: Decimal
    if_loses: Decimal


def position_of(orders: Iterable[Order]) -> Position:
    """The position that these orders make. An order of unknown fate has nothing matched that we know of."""
    if_wins = if_loses = ZERO
    for order in orders:
        if order.status is OrderStatus.UNKNOWN or order.average_price_matched is None:
            continue
        sign = 1 if order.side is Side.BACK else -1
        if_wins += sign * order.size_matched * (order.average_price_matched - ONE)
        if_loses -= sign * order.size_matched
    return Position(if_wins, if_loses)


def risk_of(side: Side, price: Decimal, size: Decimal) -> Decimal:
    """What an order can lose: the stake of a back, the liability of a lay."""
    return size if side is Side.BACK else liability(size, price)


def exposure_of(order: Order) -> Decimal:
    """What an order on the account can lose: matched at its average, open (or of unknown fate) at its price."""
    if order.status is OrderStatus.UNKNOWN:
        return risk_of(order.side, order.price, order.size)
    matched = risk_of(order.side, order.average_price_matched or order.price, order.size_matched)
    return matched + risk_of(order.side, order.price, order.size_remaining)
