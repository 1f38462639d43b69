"""The day report's pictures. Each is made of numbers alone: what they are about stands in the table beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.cli.picture_parts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TENTH,
    Scale,
    drawn,
    sign,
    svg,
    title,
    words,
)
from policytrader.model.money import ZERO, divide

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROW = 40
_BARS = Decimal(330)
_LONGEST_LABEL = 52
_WIDEST_COLUMN = Decimal(24)


def profit_picture(points: Sequence[tuple[str, int, Decimal, str]]) -> str:
    """A line that steps through the day from nothing.

    ``points`` are, in order: the label under the axis, minutes on it, the amount from there on, what it says when
    somebody points at it. At least one.
    """
    scale = Scale.of([total for _, _, total, _ in points])
    first, last = points[0][1], points[-1][1]
    inner = RIGHT - LEFT - 20
    path = [f"M{drawn(LEFT)} {drawn(scale.at(ZERO))}"]
    dots = []
    for _, minutes, total, said in points:
        along = ZERO if last == first else divide(inner * (minutes - first), Decimal(last - first))
        x, y = LEFT + 10 + along, scale.at(total)
        path.append(f"H{drawn(x)} V{drawn(y)}")
        dots.append(f'<circle cx="{drawn(x)}" cy="{drawn(y)}" r="3" class="{sign(total)}">{title(said)}</circle>')
    path.append(f"H{drawn(RIGHT)}")
    ends = [words(LEFT + 10, BOTTOM + 20, points[0][0], "start")]
    if last != first:
        ends.append(words(RIGHT, BOTTOM + 20, points[-1][0], "end"))
    line = f'<path d="{" ".join(path)}" class="line"/>'
    return svg("Net profit through the day", HEIGHT, [*scale.lines(), line, *dots, *ends])


def counts_picture(counts: Sequence[tuple[str, int]]) -> str:
    """A bar for each label, as long as its count."""
    most = max(count for _, count in counts)
    parts = []
    for number, (label, count) in enumerate(counts):
        top = number * _ROW
        length = divide(_BARS * count, Decimal(most))
        shown = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
        parts += [
            words(ZERO, Decimal(top + 14), shown, "start"),
            f'<rect x="0" y="{top + 19}" width="{drawn(length)}" height="14" class="bar">{title(label)}</rect>',
            words(length + 6, Decimal(top + 31), str(count), "start"),
        ]
    return svg("Selections stopped by each reason", len(counts) * _ROW, parts)


def percents_picture(rows: Sequence[tuple[int, Decimal, str]]) -> str:
    """A column for each number, up from the zero line or down from it: number, percent, what it says."""
    scale = Scale.of([percent for _, percent, _ in rows], unit=" %")
    slot = divide(RIGHT - LEFT, Decimal(len(rows)))
    width = min(slot * Decimal("0.8"), _WIDEST_COLUMN)
    # Numbers are left out where they would touch.
    every = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, len(rows)) if slot * step >= _WIDEST_COLUMN)
    zero = scale.at(ZERO)
    parts = []
    for place, (number, percent, said) in enumerate(rows):
        middle, y = LEFT + slot * place + divide(slot, Decimal(2)), scale.at(percent)
        corner, top, height = middle - divide(width, Decimal(2)), min(y, zero), abs(y - zero)
        parts.append(
            f'<rect x="{drawn(corner)}" y="{drawn(top)}" width="{drawn(width)}" height="{drawn(max(height, TENTH))}" '
            f'class="{sign(percent)}">{title(said)}</rect>'
        )
        if place % every == 0:
            parts.append(words(middle, BOTTOM + 20, str(number), "middle"))
    return svg("Starting-price beat of each selection", HEIGHT, [*scale.lines(), *parts])
