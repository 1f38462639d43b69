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


def matched_of(order: Order) -> tuple[Decimal, Decimal]:
    """Size and average price of what is matched; nothing is known to be matched of an order of unknown fate.

    A matched order without an average counts at its own price, which is never the better one.
    """
    size = ZERO if order.status is OrderStatus.UNKNOWN else order.size_matched
    return size, order.price if order.average_price_matched is None else order.average_price_matched


def position_of(orders: Iterable[Order]) -> Position:
    """The position that these orders make. An order of unknown fate has nothing matched that we know of."""
    if_wins = if_loses = ZERO
    for order in orders:
        size, average = matched_of(order)
        sign = 1 if order.side is Side.BACK else -1
        if_wins += sign * size * (average - ONE)
        if_loses -= sign * size
    return Position(if_wins, if_loses)


def risk_of(side: Side, price: Decimal, size: Decimal) -> Decimal:
    """What an order can lose: the stake of a back, the liability of a lay."""
    return size if side is Side.BACK else liability(size, price)


def exposure_of(order: Order) -> Decimal:
    """What an order on the account can lose: matched at its average, open (or of unknown fate) at its price."""
    if order.status is OrderStatus.UNKNOWN:
        return risk_of(order.side, order.price, order.size)
    size, average = matched_of(order)
    matched = risk_of(order.side, average, size)
    return matched + risk_of(order.side, order.price, order.size_remaining)
