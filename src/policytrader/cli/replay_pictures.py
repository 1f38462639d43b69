"""A replay's pictures. Each is made of numbers alone: what they are about stands in the table beside it.

Policy A is a whole line in one colour, B a broken one in another; bars and intervals carry the letter.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from policytrader.cli.picture_parts import BOTTOM, HEIGHT, LEFT, RIGHT, TENTH, Scale, drawn, svg, title, words
from policytrader.model.money import ZERO, divide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.app.replay.bootstrap import Interval

MOST_POINTS = 240
"""Points on a line: more could not be told apart."""
CLASSES = ("a", "b")
_BAR, _LABEL, _GAP = 16, 18, 6
_BARS = Decimal(290)
_LONGEST_LABEL = 52


class Line(NamedTuple):
    """One policy's line: its letter (empty where there is one policy) and an amount for each point."""

    letter: str
    amounts: Sequence[Decimal]


class Middle(NamedTuple):
    """An amount with its interval; None where there is none. ``kind`` is the class that colours it."""

    label: str
    kind: str
    amount: Decimal
    interval: Interval | None
    said: str


class Bar(NamedTuple):
    """A bar for ``amount``, within an empty one for ``whole`` where there is one; ``text`` stands behind it."""

    kind: str
    amount: Decimal
    whole: Decimal | None
    text: str


def lines_picture(name: str, lines: Sequence[Line], ends: tuple[str, str], *, lowest: bool = False) -> str:
    """Amounts from left to right, each line from nothing; ``ends`` are the words under the first and the last point.

    Of too many points as many as can be told apart are drawn: the last of each few, or with ``lowest`` the lowest.
    """
    thin = [_thinned(line.amounts, lowest=lowest) for line in lines]
    scale = Scale.of([amount for amounts in thin for amount in amounts])
    parts = list(scale.lines())
    for place, amounts in enumerate(thin):
        slot = divide(RIGHT - LEFT - 20, Decimal(len(amounts)))
        path = [f"M{drawn(LEFT)} {drawn(scale.at(ZERO))}"]
        for number, amount in enumerate(amounts):
            path.append(f"H{drawn(LEFT + 10 + slot * number)} V{drawn(scale.at(amount))}")
        path.append(f"H{drawn(RIGHT)}")
        parts.append(f'<path d="{" ".join(path)}" class="line {CLASSES[place]}"/>')
    parts += [words(LEFT + 10, BOTTOM + 20, ends[0], "start"), words(RIGHT, BOTTOM + 20, ends[1], "end")]
    if len(lines) > 1:
        parts += _legend([line.letter for line in lines])
    return svg(name, HEIGHT, parts)


def _legend(letters: Sequence[str]) -> list[str]:
    parts = []
    for place, letter in enumerate(letters):
        x = 150 + place * 70
        parts.append(f'<path d="M{x} 192 H{x + 30}" class="line {CLASSES[place]}"/>')
        parts.append(words(Decimal(x + 36), Decimal(196), letter, "start"))
    return parts


def _thinned(amounts: Sequence[Decimal], *, lowest: bool) -> Sequence[Decimal]:
    size = -(-len(amounts) // MOST_POINTS)
    if size <= 1:
        return amounts
    groups = [amounts[start : start + size] for start in range(0, len(amounts), size)]
    return [min(group) if lowest else group[-1] for group in groups]


def intervals_picture(name: str, middles: Sequence[Middle], unit: str = "") -> str:
    """A dot for each amount, and a line over its interval."""
    ends = [one for middle in middles if middle.interval for one in (middle.interval.low, middle.interval.high)]
    scale = Scale.of([*ends, *(middle.amount for middle in middles)], unit)
    slot = divide(RIGHT - LEFT, Decimal(len(middles)))
    parts = list(scale.lines())
    for place, one in enumerate(middles):
        x = LEFT + slot * place + divide(slot, Decimal(2))
        if one.interval is not None:
            top, bottom = drawn(scale.at(one.interval.high)), drawn(scale.at(one.interval.low))
            across = f"H{drawn(x + 8)}"
            path = f"M{drawn(x - 8)} {top} {across} M{drawn(x)} {top} V{bottom} M{drawn(x - 8)} {bottom} {across}"
            parts.append(f'<path d="{path}" class="whisker {one.kind}"/>')
        y = scale.at(one.amount)
        parts.append(f'<circle cx="{drawn(x)}" cy="{drawn(y)}" r="5" class="bar {one.kind}">{title(one.said)}</circle>')
        parts.append(words(x, BOTTOM + 20, one.label, "middle"))
    return svg(name, HEIGHT, parts)


def bars_picture(name: str, rows: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Under each label its bars, all on one scale."""
    most = max((max(bar.amount, bar.whole or ZERO) for _, bars in rows for bar in bars), default=ZERO) or Decimal(1)
    parts: list[str] = []
    top = 0
    for label, bars in rows:
        shown = label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
        parts.append(words(ZERO, Decimal(top + 13), shown, "start"))
        top += _LABEL
        for bar in bars:
            length = divide(_BARS * bar.amount, most)
            outer = length if bar.whole is None else max(length, divide(_BARS * bar.whole, most))
            box = f'y="{top}" height="{_BAR - 3}"'
            parts.append(
                f'<rect x="0" {box} width="{drawn(max(length, TENTH))}" class="bar {bar.kind}">{title(label)}</rect>'
            )
            if bar.whole is not None:
                parts.append(f'<rect x="0" {box} width="{drawn(max(outer, TENTH))}" class="whole"/>')
            parts.append(words(outer + 6, Decimal(top + 11), bar.text, "start"))
            top += _BAR
        top += _GAP
    return svg(name, max(top, 1), parts)
