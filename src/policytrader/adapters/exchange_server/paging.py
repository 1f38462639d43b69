"""Pages of the account's lists: at most 1000 records, counted from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.wire import Fields

Row = TypeVar("Row")

PAGE = 1000


def read_page(fields: Fields) -> tuple[int, int]:
    """``fromRecord`` and ``recordCount``; a count of 0, or none, is a whole page. Raises ``ApiError``."""
    first = fields.whole("fromRecord") or 0
    count = fields.whole("recordCount") or PAGE
    if first < 0:
        fields.refuse("fromRecord", "is negative")
    if not 1 <= count <= PAGE:
        fields.refuse("recordCount", f"must be 0 to {PAGE}")
    return first, count


def cut(rows: list[Row], page: tuple[int, int]) -> tuple[list[Row], bool]:
    """The page's rows, and whether there are more behind them."""
    first, count = page
    return rows[first : first + count], len(rows) > first + count
