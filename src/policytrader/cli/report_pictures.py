"""The report's pictures: small SVG texts, the same for the same numbers. Colours are the page's.

Each is 400 units wide, so that its letters are still readable on a phone, and made of numbers alone: what they are
about stands in the table beside it.
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
_LEFT, _RIGHT, _TOP, _BOTTOM = Decimal(54), Decimal(390), Decimal(12), Decimal(170)
_TENTH = Decimal("0.1")
_MOST_LINES = 5
_ROW = 40
_BARS = Decimal(330)
_LONGEST_LABEL = 52
_WIDEST_COLUMN = Decimal(24)


def profit_picture(points: Sequence[tuple[str, int, Decimal, str]]) -> str:
    """A line that steps through the day from nothing.

    ``points`` are, in order: the label under the axis, minutes on it, the amount from there on, what it says when
    somebody points at it. At least one.
    """
    scale = _Scale.of([total for _, _, total, _ in points])
    first, last = points[0][1], points[-1][1]
    inner = _RIGHT - _LEFT - 20
    path = [f"M{_n(_LEFT)} {_n(scale.at(ZERO))}"]
    dots = []
    for _, minutes, total, said in points:
        along = ZERO if last == first else divide(inner * (minutes - first), Decimal(last - first))
        x, y = _LEFT + 10 + along, scale.at(total)
        path.append(f"H{_n(x)} V{_n(y)}")
        dots.append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3" class="{_sign(total)}">{_title(said)}</circle>')
    path.append(f"H{_n(_RIGHT)}")
    ends = [_words(_LEFT + 10, _BOTTOM + 20, points[0][0], "start")]
    if last != first:
        ends.append(_words(_RIGHT, _BOTTOM + 20, points[-1][0], "end"))
    line = f'<path d="{" ".join(path)}" class="line"/>'
    return _svg("Net profit through the day", HEIGHT, [*scale.lines(), line, *dots, *ends])


def counts_picture(counts: Sequence[tuple[str, int]]) -> str:
    """A bar for each label, as long as its count."""
    most = max(count for _, count in counts)
    parts = []
    for number, (label, count) in enumerate(counts):
        top = number * _ROW
        length = divide(_BARS * count, Decimal(most))
        shown = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
        parts += [
            _words(ZERO, Decimal(top + 14), shown, "start"),
            f'<rect x="0" y="{top + 19}" width="{_n(length)}" height="14" class="bar">{_title(label)}</rect>',
            _words(length + 6, Decimal(top + 31), str(count), "start"),
        ]
    return _svg("Selections stopped by each reason", len(counts) * _ROW, parts)


def percents_picture(rows: Sequence[tuple[int, Decimal, str]]) -> str:
    """A column for each number, up from the zero line or down from it: number, percent, what it says."""
    scale = _Scale.of([percent for _, percent, _ in rows], unit=" %")
    slot = divide(_RIGHT - _LEFT, Decimal(len(rows)))
    width = min(slot * Decimal("0.8"), _WIDEST_COLUMN)
    # Numbers are left out where they would touch.
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, len(rows)) if slot * step >= _WIDEST_COLUMN)
    zero = scale.at(ZERO)
    parts = []
    for place, (number, percent, said) in enumerate(rows):
        middle, y = _LEFT + slot * place + divide(slot, Decimal(2)), scale.at(percent)
        corner, top, height = middle - divide(width, Decimal(2)), min(y, zero), abs(y - zero)
        parts.append(
            f'<rect x="{_n(corner)}" y="{_n(top)}" width="{_n(width)}" height="{_n(max(height, _TENTH))}" '
            f'class="{_sign(percent)}">{_title(said)}</rect>'
        )
        if place % every == 0:
            parts.append(_words(middle, _BOTTOM + 20, str(number), "middle"))
    return _svg("Starting-price beat of each selection", HEIGHT, [*scale.lines(), *parts])


class _Scale:
    """Amounts upwards, zero among them, with a few round lines."""

    def __init__(self, low: Decimal, high: Decimal, step: Decimal, unit: str) -> None:
        self._low, self._high, self._step, self._unit = low, high, step, unit

    @classmethod
    def of(cls, amounts: Sequence[Decimal], unit: str = "") -> _Scale:
        low, high = min(ZERO, *amounts), max(ZERO, *amounts)
        if low == high:
            high = Decimal(1)
        step = next(one for one in _round_steps() if divide(high - low, one) <= _MOST_LINES)
        return cls(_down(low, step), -_down(-high, step), step, unit)

    def at(self, amount: Decimal) -> Decimal:
        """How far down it is drawn."""
        return _BOTTOM - divide((_BOTTOM - _TOP) * (amount - self._low), self._high - self._low)

    def lines(self) -> Iterator[str]:
        amount = self._low
        while amount <= self._high:
            y = self.at(amount)
            name = "zero" if amount == ZERO else "grid"
            yield f'<path d="M{_n(_LEFT)} {_n(y)} H{_n(_RIGHT)}" class="{name}"/>'
            yield _words(_LEFT - 6, y + 4, f"{self._text(amount)}{self._unit}", "end")
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


def _sign(amount: Decimal) -> str:
    return "gain" if amount >= ZERO else "loss"


def _n(length: Decimal) -> str:
    """A length to a tenth of a unit."""
    return format(half_up(length, _TENTH).normalize() + ZERO, "f")


def _words(x: Decimal, y: Decimal, text: str, anchor: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(printable(text))}</text>'


def _title(text: str) -> str:
    return f"<title>{escape(printable(text))}</title>"


def _svg(name: str, height: int, parts: Sequence[str]) -> str:
    inner = "\n".join(parts)
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(name)}">\n{inner}\n</svg>'
