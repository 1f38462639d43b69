"""Chance from a seed: the same draws on every machine and on every Python.

Only ``Random.random`` is promised to stay as it is: ``choice``, ``shuffle`` and ``gauss`` have changed before, and so
has the built-in ``sum`` of floats. Exponentials and logarithms differ in their last digit from one maths library to the
next. So whatever a race day needs is made of ``random()``, the four rules of arithmetic, ``sqrt`` and ``fsum``.
"""

from __future__ import annotations

from math import fsum
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Item = TypeVar("Item")

_ROOT_OF_THREE = 1.7320508075688772


class Chance:
    """A source of draws, named by its seed: ``Chance("race", 7, 3)`` draws the same wherever it runs."""

    __slots__ = ("draw",)

    def __init__(self, *seed: str | int) -> None:
        self.draw = Random("/".join(map(str, seed))).random  # noqa: S311 - made to be foreseeable

    def between(self, low: float, high: float) -> float:
        """A number from ``low`` to ``high``, evenly."""
        return low + (high - low) * self.draw()

    def whole(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int((high - low + 1) * self.draw())

    def happens(self, probability: float) -> bool:
        """True with the given probability."""
        return self.draw() < probability

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items; there must be one."""
        return items[int(len(items) * self.draw())]

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """All of the items in any order."""
        found = list(items)
        for last in range(len(found) - 1, 0, -1):
            other = int((last + 1) * self.draw())
            found[last], found[other] = found[other], found[last]
        return found

    def bell(self) -> float:
        """Mean 0 and standard deviation 1, never beyond 3.5: near enough to a normal draw."""
        draw = self.draw
        return (draw() + draw() + draw() + draw() - 2.0) * _ROOT_OF_THREE

    def weighted(self, weights: Sequence[float]) -> int:
        """An index, each with a probability in proportion to its weight; one weight must be above zero."""
        left = fsum(weights) * self.draw()
        last = 0
        for index, weight in enumerate(weights):
            if weight > 0:
                last = index
                left -= weight
                if left < 0:
                    break
        return last

    def along(self, points: Sequence[tuple[float, float]]) -> float:
        """A draw from a distribution told by (share, value) points in rising order, straight lines between them."""
        return interpolated(points, self.draw())


def interpolated(points: Sequence[tuple[float, float]], where: float) -> float:
    """The value at ``where`` on straight lines through points in rising order; beyond them that of the end."""
    before = points[0]
    if where <= before[0]:
        return before[1]
    for point in points[1:]:
        if where <= point[0]:
            return before[1] + (point[1] - before[1]) * (where - before[0]) / (point[0] - before[0])
        before = point
    return before[1]
