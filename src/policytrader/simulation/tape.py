"""The tape of one runner: every change of its ladders in columns, so that a book is not played but looked up.

A book that holds nothing of ours is a function of the tape alone, so it can be made at any moment at once. From then on
it is played row by row, as the exchange is told quotes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from policytrader.model.times import from_microseconds
from policytrader.simulation.events import Quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.simulation.book import RunnerBook

Whole: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.int64]]"
"""A column of whole numbers."""

NO_TICK = -1


class Kind(IntEnum):
    """What a row of a tape tells."""

    BACK = 0
    """A level available to back: ``tick`` and its size in pennies, 0 deletes it."""
    LAY = 1
    TRADED = 2
    """Cumulative volume at ``tick`` in pennies, both sides counted."""
    LAST_TRADED = 3
    """The price in hundredths."""
    NEAR = 4
    FAR = 5
    REPLACES = 6
    """The quote's ladders are whole; ``pennies`` says which (``Sides``). A side that has no rows is then empty."""
    IS_REPRICED = 7
    """The volume of this quote only moves to reduced prices."""
    EMPTY = 8
    """A quote that is no change: of the sides in ``pennies`` it tells no level, or it tells nothing at all."""


class Sides(IntEnum):
    """Bits of ``pennies`` in rows of kind REPLACES and EMPTY."""

    BACK = 1
    LAY = 2


@dataclass(frozen=True, slots=True)
class Tape:
    """Rows in the order of the market's changes; ``at`` in microseconds since 1970.

    Rows of one quote share a ``number``: its place among all quotes and definitions of its market. ``exact`` has, by
    row, the prices that hundredths do not hold. Columns may be of narrower numbers than 64 bits.
    """

    at: Whole
    number: Whole
    kind: Whole
    tick: Whole
    pennies: Whole
    exact: Mapping[int, Decimal] = field(default_factory=dict, kw_only=True)

    def until(self, at: int) -> int:
        """How many rows there are up to and including this moment."""
        return int(np.searchsorted(self.at, at, "right"))

    def row_of(self, number: int) -> int:
        """The first row that is not before this change of the market."""
        return int(self.number.searchsorted(number))

    def bring_up(self, book: RunnerBook, begin: int, end: int, cleared: int = 0) -> None:
        """What these rows make of a book on which nothing of ours rests; ``begin`` and ``end`` stand between quotes.

        The same as its quotes one after the other; the ladders' rows before ``cleared`` count for nothing.
        """
        if begin == end:
            return
        kind, pennies = self.kind[begin:end], self.pennies[begin:end]
        replaced = np.flatnonzero(kind == Kind.REPLACES)
        if replaced.size and (book.taken_back or book.taken_lay):
            # What we took stands as far as its level did after each of the quotes.
            for _, quote in self.quotes("", book.selection_id, begin, end):
                book.apply(quote)
            return
        book.is_seen = True
        for which, side, levels, taken in (
            (Kind.BACK, Sides.BACK, book.back, book.taken_back),
            (Kind.LAY, Sides.LAY, book.lay, book.taken_lay),
        ):
            first = max(begin, cleared)
            if (whole := replaced[pennies[replaced] & side > 0]).size:
                levels.clear()
                first = max(first, int(np.searchsorted(self.number, self.number[begin + whole[-1]], "left")))
            ticks, sizes = self._levels(which, first, end)
            for tick, size in zip(ticks, sizes, strict=True) if taken else ():
                taken[tick] = min(taken.get(tick, 0), size)
            # The last row of a tick is the one that stays.
            levels.update(zip(ticks, sizes, strict=True))
            _drop_empty(levels)
            _drop_empty(taken)
        volume = dict(zip(*self._levels(Kind.TRADED, begin, end), strict=True))
        book.volume_pennies += sum(size - book.volume.get(tick, 0) for tick, size in volume.items())
        book.volume.update(volume)
        for which, name in ((Kind.LAST_TRADED, "last_traded"), (Kind.NEAR, "near"), (Kind.FAR, "far")):
            places = np.flatnonzero(kind == which)
            if places.size:
                row = int(places[-1])
                setattr(book, name, self.exact.get(begin + row) or price_of(int(pennies[row])))

    def _levels(self, which: Kind, begin: int, end: int) -> tuple[list[int], list[int]]:
        """Ticks and sizes of the rows of one kind."""
        places = begin + np.flatnonzero(self.kind[begin:end] == which)
        return self.tick[places].tolist(), self.pennies[places].tolist()

    def quotes(self, market_id: str, selection_id: int, begin: int, end: int) -> Iterator[tuple[int, Quote]]:
        """The quotes of these rows, each with its number; ``begin`` and ``end`` stand between quotes."""
        numbers = self.number[begin:end].tolist()
        times = self.at[begin:end].tolist()
        rows = list(
            zip(
                self.kind[begin:end].tolist(),
                self.tick[begin:end].tolist(),
                self.pennies[begin:end].tolist(),
                strict=True,
            )
        )
        start = 0
        for place in range(1, len(rows) + 1):
            if place == len(rows) or numbers[place] != numbers[start]:
                told = rows[start:place]
                exact = (
                    {one[0]: self.exact.get(begin + row) for row, one in enumerate(told, start)} if self.exact else {}
                )
                yield numbers[start], _quote(times[start], market_id, selection_id, told, exact)
                start = place


def _drop_empty(levels: dict[int, int]) -> None:
    for tick in [tick for tick, size in levels.items() if not size]:
        del levels[tick]


def price_of(hundredths: int) -> Decimal:
    """A price in hundredths as a decimal."""
    return Decimal(hundredths).scaleb(-2)


def _quote(
    at: int, market_id: str, selection_id: int, rows: list[tuple[int, int, int]], exact: Mapping[int, Decimal | None]
) -> Quote:
    levels: dict[int, list[tuple[int, int]]] = {}
    prices: dict[int, Decimal] = {}
    replaces = is_repriced = False
    for kind, tick, pennies in rows:
        if kind <= Kind.TRADED:
            levels.setdefault(kind, []).append((tick, pennies))
        elif kind <= Kind.FAR:
            prices[kind] = exact.get(kind) or price_of(pennies)
        elif kind == Kind.IS_REPRICED:
            is_repriced = True
        else:
            replaces = replaces or kind == Kind.REPLACES
            for bit, side in ((Sides.BACK, Kind.BACK), (Sides.LAY, Kind.LAY)):
                if pennies & bit:
                    levels.setdefault(side, [])
    back, lay, traded = (tuple(levels[kind]) if kind in levels else None for kind in (Kind.BACK, Kind.LAY, Kind.TRADED))
    return Quote(
        from_microseconds(at), market_id, selection_id, back, lay, traded, prices.get(Kind.LAST_TRADED), replaces,
        prices.get(Kind.NEAR), prices.get(Kind.FAR), is_repriced,
    )  # fmt: skip
