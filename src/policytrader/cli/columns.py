"""Rows in columns, for a terminal or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet


def aligned(rows: Sequence[Sequence[str]], right: AbstractSet[int] = frozenset()) -> Iterator[str]:
    """Each row as a line, cells as wide as their column's widest; the columns in ``right`` end together."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield printable("  ".join(cells).rstrip())
