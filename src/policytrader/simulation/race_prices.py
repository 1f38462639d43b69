"""Prices of a generated race: chances to be placed, and one runner's ladders and trades in one market."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from math import fsum, prod
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.price import PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.simulation.race_chance import Chance

Levels = tuple[tuple[int, int], ...]

_FLOATS = tuple(float(price) for price in PRICES)
_LAST_TICK = len(PRICES) - 1
_ROUNDS = 40
_CLOSE_ENOUGH = 1e-9
_LEAST_SIZE = 200  # pennies
_CERTAIN = 0.985
_TWO = 2


def tick_below(price: float) -> int:
    """The tick of the highest price on the ladder that is not above ``price``."""
    return max(0, bisect_right(_FLOATS, price) - 1)


def place_chances(chances: Sequence[float], places: int) -> list[float]:
    """Chances to be among the first ``places``, from those to win; they add up to ``places``.

    Harville's formula, by which the order of finish is drawn; from three places on close to it, without its sums over
    orders: as if the race to be placed took ``places`` equal steps. Zero stays zero; with no more runners than places,
    all are all but certain.
    """
    if sum(one > 0 for one in chances) <= places:
        return [_CERTAIN if one > 0 else 0.0 for one in chances]
    odds = [one / (1.0 - one) for one in chances]
    if places == _TWO:
        total = fsum(odds)
        return [one * (1.0 + total - its_odds) for one, its_odds in zip(chances, odds, strict=True)]
    # Newton's method from the left: the sum rises and bends down, so it never overshoots.
    scale = 0.0
    for _ in range(_ROUNDS):
        missed = [_power(1.0 + scale * one, places) for one in odds]
        missing = places - fsum(1.0 - 1.0 / one for one in missed)
        if missing < _CLOSE_ENOUGH:
            break
        slopes = (one / (miss * (1.0 + scale * one)) for one, miss in zip(odds, missed, strict=True))
        scale += missing / (places * fsum(slopes))
    return [1.0 - 1.0 / _power(1.0 + scale * one, places) for one in odds]


def _power(base: float, exponent: int) -> float:
    """By multiplication alone: ``pow`` of the maths library differs in its last digit from machine to machine."""
    return prod((base,) * exponent)


class Mood(NamedTuple):
    """How a market is at a moment: ``thickness`` from 0 (early morning) to 1 (the off)."""

    thickness: float
    has_back: bool = True
    is_in_play: bool = False


class Move(NamedTuple):
    """A runner's new image: whole ladders best first, the ticks at which more was traded, the last traded tick."""

    back: Levels
    lay: Levels
    traded: Levels
    last: int | None
    near: Decimal
    far: Decimal


class RunnerPrices:
    """One runner in one market. ``money`` scales what is on offer: a PLACE market is thinner than its WIN market."""

    def __init__(self, chance: Chance, money: float) -> None:
        self._chance = chance
        self._money = money
        self._lean = chance.between(-0.4, 0.4)
        self.back: dict[int, int] = {}
        self.lay: dict[int, int] = {}
        self.traded: dict[int, int] = {}

    def open(self, probability: float, mood: Mood) -> Move:
        """The first image of the day. Some has been traded since the evening before."""
        self.move(probability, mood)
        last = next(iter(self.back))
        for tick, size in self.back.items():
            self.traded[tick] = 2 * int(size * self._chance.between(0.2, 1.5))
        return self._image(tuple(self.traded), last, probability)

    def cancel_backs(self, probability: float) -> Move:
        """What a removal leaves: nobody who lays, the rest untouched."""
        self.back = {}
        return self._image((), None, probability)

    def move(self, probability: float, mood: Mood) -> Move:
        """Quote anew around the fair price of ``probability``."""
        low, high = self._best(probability, mood)
        before_back, before_lay = self.back, self.lay
        self.back = self._levels(before_back, range(low, -1, -1), probability, mood) if mood.has_back else {}
        self.lay = self._levels(before_lay, range(high, _LAST_TICK + 1), probability, mood)
        ticks, last = self._trade(before_back, before_lay, (low, high), mood)
        return self._image(ticks, last, probability)

    def _image(self, ticks: Sequence[int], last: int | None, probability: float) -> Move:
        draw = self._chance.draw
        hundred = 100.0 / probability
        return Move(
            tuple(self.back.items()),
            tuple(self.lay.items()),
            tuple([(tick, self.traded[tick]) for tick in ticks]),
            last,
            _pounds(hundred * (0.97 + 0.06 * draw())),
            _pounds(hundred * (0.9 + 0.2 * draw())),
        )

    def _best(self, probability: float, mood: Mood) -> tuple[int, int]:
        """Ticks of the best price to back and to lay. The second may lie beyond the ladder, where nobody offers."""
        thin = 1.0 - mood.thickness
        width = 1 + int((thin * thin * 6.0 + self._lean + mood.is_in_play) * (0.6 + self._chance.draw()))
        width = max(1, width)
        low = tick_below(1.0 / probability) - (width - 1) // 2
        return max(0, low), max(0, low) + width

    def _levels(self, before: dict[int, int], ticks: range, probability: float, mood: Mood) -> dict[int, int]:
        """Sizes by tick, best first. What stood at a price mostly stays, so that a queue there means something."""
        draw = self._chance.draw
        thickness = mood.thickness
        count = 3 + int(thickness * 6.0 * draw() + (1.0 - thickness) * draw()) + (draw() < thickness * thickness)
        gaps = 2.6 - 1.8 * thickness
        base = self._money * (0.1 + 2.0 * probability) * (0.02 + 0.98 * thickness * thickness)
        levels: dict[int, int] = {}
        index = 0
        for level in range(count):
            if index >= len(ticks):
                break
            tick = ticks[index]
            target = base * (1.0 + 0.25 * level)
            size = before.get(tick, 0)
            if size < 0.25 * target or size > 4.0 * target or draw() < 0.2:  # noqa: PLR2004
                size = int(target * (0.35 + 1.3 * draw()))
            levels[tick] = max(_LEAST_SIZE, size)
            index += 1 + int(gaps * draw())
        return levels

    def _trade(
        self, before_back: dict[int, int], before_lay: dict[int, int], best: tuple[int, int], mood: Mood
    ) -> tuple[list[int], int | None]:
        """Trade what the new prices have run over, and a little at the best. Both sides of a trade count."""
        low, high = best
        draw = self._chance.draw
        ran_over = [(tick, size) for tick, size in before_back.items() if tick >= high]
        ran_over += [(tick, size) for tick, size in before_lay.items() if tick <= low]
        amounts = {tick: int(size * (0.3 + 0.6 * draw())) for tick, size in ran_over}
        last = ran_over[-1][0] if ran_over else None
        if draw() < 0.1 + 0.6 * mood.thickness:
            is_backed = draw() < 0.5  # noqa: PLR2004
            book, tick = (self.back, low) if is_backed else (self.lay, high)
            if tick in book:
                last = tick
                amounts[tick] = amounts.get(tick, 0) + int(book[tick] * 0.4 * draw())
        grown = [tick for tick, amount in amounts.items() if amount > 0]
        for tick in grown:
            self.traded[tick] = self.traded.get(tick, 0) + 2 * amounts[tick]
        return grown, last if last in grown else None


def _pounds(hundredths: float) -> Decimal:
    return Decimal(int(hundredths + 0.5)).scaleb(-2)
