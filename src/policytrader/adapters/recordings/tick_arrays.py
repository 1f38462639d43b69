"""Kinds of arrays, and the price ladder as one."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from policytrader.model.price import PRICES

Floats: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Ints: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
Bools: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

FLOATS = np.array([float(price) for price in PRICES])
"""The prices by tick."""


_TICK_OF_HUNDREDTHS = np.zeros(round(FLOATS[-1] * 100) + 1, np.int64)
_TICK_OF_HUNDREDTHS[np.rint(FLOATS * 100).astype(np.int64)] = np.arange(len(FLOATS))


def ticks_of(prices: Floats) -> Ints:
    """The tick of each price; -1 for one that is not on the ladder."""
    hundredths = np.rint(np.where((prices >= FLOATS[0]) & (prices <= FLOATS[-1]), prices, FLOATS[0]) * 100)
    ticks: Ints = _TICK_OF_HUNDREDTHS[hundredths.astype(np.int64)]
    ticks[FLOATS[ticks] != prices] = -1
    return ticks


def by_runner(places: Ints) -> Ints:
    """An order by the runners' places, which keeps what is of one runner as it stands."""
    # The shorter the numbers, the faster: numpy sorts such of one or two bytes without comparing them.
    return np.argsort(places.astype(np.min_scalar_type(places.max(initial=0))), kind="stable")
