"""The price ladder as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from policytrader.model.price import PRICES

if TYPE_CHECKING:
    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Ints = np.ndarray[Any, np.dtype[np.int64]]

FLOATS = np.array([float(price) for price in PRICES])
"""The prices by tick."""


def ticks_of(prices: Floats) -> Ints:
    """The tick of each price; -1 for one that is not on the ladder."""
    ticks: Ints = np.searchsorted(FLOATS, prices)
    ticks[ticks >= len(FLOATS)] = 0
    ticks[FLOATS[ticks] != prices] = -1
    return ticks
