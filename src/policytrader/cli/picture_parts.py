"""What the pictures of reports are made of: small SVG texts, the same for the same numbers. Colours are the page's.

Each is 400 units wide, so that its letters are still readable on a phone.
"""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from policytrader.errors import printable
from policytrader.model.money import ZERO, divide, half_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 400, 200
LEFT, RIGHT, TOP, BOTTOM = Decimal(54), Decimal(390), Decimal(12), Decimal(170)
"""Where the amounts of a picture with a scale are drawn."""
TENTH = Decimal("0.1")
_MOST_LINES = 5


class Scale:
    """Amounts upwards, zero among them, with a few round lines."""

    def __init__(self, low: Decimal, high: Decimal, step: Decimal, unit: str) -> None:
        self._low, self._high, self._step, self._unit = low, high, step, unit

    @classmethod
    def of(cls, amounts: Sequence[Decimal], unit: str = "") -> Scale:
        """The scale that holds these amounts; ``unit`` stands behind each number on it."""
        low, high = min(ZERO, *amounts), max(ZERO, *amounts)
        if low == high:
            high = Decimal(1)
        step = next(one for one in _round_steps() if divide(high - low, one) <= _MOST_LINES)
        return cls(_down(low, step), -_down(-high, step), step, unit)

    def at(self, amount: Decimal) -> Decimal:
        """How far down it is drawn."""
        return BOTTOM - divide((BOTTOM - TOP) * (amount - self._low), self._high - self._low)

    def lines(self) -> Iterator[str]:
        """The round lines with their numbers."""
        amount = self._low
        while amount <= self._high:
            y = self.at(amount)
            name = "zero" if amount == ZERO else "grid"
            yield f'<path d="M{drawn(LEFT)} {drawn(y)} H{drawn(RIGHT)}" class="{name}"/>'
            yield words(LEFT - 6, y + 4, f"{self._text(amount)}{self._unit}", "end")
            amount += self._step

    def _text(self, amount: Decimal) -> str:
        is_whole = self._step == self._step.to_integral_value()
        return format(half_up(amount, Decimal(1) if is_whole else Decimal("0.01")) + ZERO, "f")


def _round_steps() -> Iterator[Decimal]:
    step = Decimal("0.01")
    while True:
        for factor in (1, 2, 5):
            yield step * factor
        step *= 10


def _down(amount: Decimal, step: Decimal) -> Decimal:
    """To a whole number of steps, towards minus infinity."""
    whole = divide(amount, step).to_integral_value(rounding="ROUND_FLOOR")
    return whole * step


def sign(amount: Decimal) -> str:
    """The class of an amount."""
    return "gain" if amount >= ZERO else "loss"


def drawn(length: Decimal) -> str:
    """A length to a tenth of a unit."""
    return format(half_up(length, TENTH).normalize() + ZERO, "f")


def words(x: Decimal, y: Decimal, text: str, anchor: str) -> str:
    """Words at a point; ``anchor`` says which part of them: start, middle or end."""
    return f'<text x="{drawn(x)}" y="{drawn(y)}" text-anchor="{anchor}">{escape(printable(text))}</text>'


def title(text: str) -> str:
    """What a part of a picture says when somebody points at it."""
    return f"<title>{escape(printable(text))}</title>"


def svg(name: str, height: int, parts: Sequence[str]) -> str:
    """The picture; ``name`` is what a reader of the screen hears."""
    inner = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">\n{inner}\n</svg>'
