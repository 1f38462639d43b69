"""Prices: decimal odds on the exchange's CLASSIC ladder of 350 prices (``docs/exchange-rules.md`` section 3).

The ladder is a table of literals by step, never a sum of floats: added floats give a wrong literal
for half of its prices.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal

_STEPS = (
    ("1.01", "2", "0.01"),
    ("2", "3", "0.02"),
    ("3", "4", "0.05"),
    ("4", "6", "0.1"),
    ("6", "10", "0.2"),
    ("10", "20", "0.5"),
    ("20", "30", "1"),
    ("30", "50", "2"),
    ("50", "100", "5"),
    ("100", "1000", "10"),
)


def _ladder() -> tuple[Decimal, ...]:
    prices = []
    for low, high, step in _STEPS:
        price = Decimal(low)
        while price < Decimal(high):
            prices.append(price.quantize(Decimal("0.01")))
            price += Decimal(step)
    return (*prices, Decimal("1000.00"))


PRICES: tuple[Decimal, ...] = _ladder()
"""The 350 prices in rising order, each with two decimals."""

TICK_OF: dict[Decimal, int] = {price: tick for tick, price in enumerate(PRICES)}
"""Price -> its index on the ladder, 0 (1.01) to 349 (1000.00)."""

MIN_PRICE, MAX_PRICE = PRICES[0], PRICES[-1]


def is_on_ladder(price: Decimal) -> bool:
    """True for one of the 350 prices at which the exchange takes orders."""
    return price in TICK_OF


def ticks_between(one: Decimal, other: Decimal) -> int:
    """Number of price steps between two prices, never negative.

    A price between two ladder prices, as a last traded price is once a removal has reduced it, counts as the one of
    the two that is farther away: a limit in ticks must not be passed by rounding.
    """
    if one == other:
        return 0
    low, high = sorted((one, other))
    return max(0, bisect_left(PRICES, high) - bisect_right(PRICES, low) + 1)
