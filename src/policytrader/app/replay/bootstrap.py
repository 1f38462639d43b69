"""How sure a total is: resamples of the races that it is a sum over.

Races are what is drawn, with replacement, because the picks of one race win and lose together. The draws come from a
seeded bit generator, whose stream numpy promises to keep, and amounts are summed as whole numbers of ``UNIT``: the same
races give the same interval on every machine. An interval is the middle 95 % of the resamples (percentiles by linear
interpolation), rounded once, at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from policytrader.model.money import PENNY, half_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Sums: TypeAlias = NDArray[np.int64]

RESAMPLES = 2000
"""How many resamples are drawn where nobody says otherwise."""
SEED = 20_261_121
FEWEST_RACES = 2
"""Of fewer races there is no interval: there is nothing to draw from."""
UNIT = Decimal("0.000001")
"""What amounts are counted in while they are summed."""

_HUNDRED = Decimal(100)
_LOW, _HIGH = Decimal("0.025"), Decimal("0.975")
_AT_ONCE = 1 << 20
"""Draws held in memory at a time."""
_HALF_WORD = np.uint64(32)
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The middle 95 % of what the resamples came to, both ends in the unit of what was asked, two decimals."""

    low: Decimal
    high: Decimal

    @property
    def holds_zero(self) -> bool:
        """Whether nothing at all is among what it may be."""
        return self.low <= 0 <= self.high


class Resamples:
    """The same draws of races for whatever is asked of them, so that two policies are compared race by race."""

    def __init__(self, races: int, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """``races`` is how many there are to draw from. Raises ``ValueError`` for no resamples."""
        if resamples < 1:
            message = f"{resamples} resamples: at least 1 is needed"
            raise ValueError(message)
        self._races, self._resamples, self._seed = races, resamples, seed

    def of_sum(self, amounts: Sequence[Decimal]) -> Interval | None:
        """The interval of a sum over the races, from each race's amount; None for fewer than two races."""
        if self._races < FEWEST_RACES:
            return None
        return _middle([Decimal(int(one)) * UNIT for one in _ordered(self._sums(amounts))])

    def of_ratio(self, amounts: Sequence[Decimal], weights: Sequence[Decimal]) -> Interval | None:
        """The interval of sum(amounts) / sum(weights), in percent.

        None where fewer than two races have a weight. A resample without any is left out: it has no ratio.
        """
        if sum(one > 0 for one in weights) < FEWEST_RACES:
            return None
        parts, wholes = self._sums(amounts), self._sums(weights)
        has_ratio = wholes > 0
        ratios = parts[has_ratio] / wholes[has_ratio]
        ratios.sort()
        return _middle([Decimal(float(one)) * _HUNDRED for one in ratios])

    def _sums(self, amounts: Sequence[Decimal]) -> Sums:
        """The sum over each resample, in ``UNIT``. Raises ``OverflowError`` for more than 64 bits hold."""
        whole = [int(half_up(one, UNIT) / UNIT) for one in amounts]
        assert len(whole) == self._races, "one amount for each race"
        if max(map(abs, whole), default=0) * self._races > _LARGEST:
            message = f"amounts of {max(map(abs, amounts))} in {self._races} races are more than can be summed"
            raise OverflowError(message)
        values = np.array(whole, dtype=np.int64)
        return np.concatenate([values[drawn].sum(axis=1) for drawn in self._drawn()])

    def _drawn(self) -> Iterator[NDArray[np.uint64]]:
        """The races of each resample, some resamples at a time."""
        bits = np.random.PCG64(self._seed)
        races, left = np.uint64(self._races), self._resamples
        while left:
            rows = min(left, max(1, _AT_ONCE // self._races))
            raw = bits.random_raw(rows * self._races)
            # The high half of each word, scaled to the races: without bias that 2,000 resamples could show.
            yield (((raw >> _HALF_WORD) * races) >> _HALF_WORD).reshape(rows, self._races)
            left -= rows


def _ordered(sums: Sums) -> Sums:
    sums.sort()
    return sums


def _middle(ordered: Sequence[Decimal]) -> Interval:
    return Interval(low=half_up(_percentile(ordered, _LOW), PENNY), high=half_up(_percentile(ordered, _HIGH), PENNY))


def _percentile(ordered: Sequence[Decimal], share: Decimal) -> Decimal:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
