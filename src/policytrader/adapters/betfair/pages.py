"""Lists that come in pages: read completely, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Generic, TypeVar

from policytrader.adapters.betfair.fields import BROKEN_ANSWER, Node, once
from policytrader.adapters.betfair.parsing import parse_page
from policytrader.errors import ExchangeError
from policytrader.model.orders import Reaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

PAGE_SIZE = 1000
MAX_IDS = 250
"""Markets, bets and references together, per request."""
MAX_PASSES = 5
MAX_PAGES = 200
"""More than any account has; a list that goes on is one without an end."""


@dataclass(frozen=True)
class Rows(Generic[T]):
    """How a list is read: its operation, its field, its rows, and the field that names a row."""

    operation: str
    field: str
    parse: Callable[[Node], T]
    name: str


@dataclass(frozen=True)
class ParsedPage(Generic[T]):
    """The rows of one page by their names, and whether more follow."""

    rows: dict[str, T]
    more: bool


def read_page(rows: Rows[T], answer: object) -> ParsedPage[T]:
    """One page of such rows. Raises ``ExchangeError``."""
    page = parse_page(answer, rows.field, rows.operation)
    names = [row.text(rows.name) for row in page.rows]
    once(names, str, f"{rows.operation}.{rows.field}")
    return ParsedPage({name: rows.parse(row) for name, row in zip(names, page.rows, strict=True)}, page.more)


def read_all(page_from: Callable[[int], ParsedPage[T]], rows: Rows[T]) -> dict[str, T]:
    """All rows of all pages by their names. What happens between two pages shifts them, so two passes have to agree.

    A single page is one moment, and needs no second pass. Raises ``ExchangeError``.
    """
    found, pages = _one_pass(page_from, rows)
    if pages == 1:
        return found
    for _ in range(MAX_PASSES - 1):
        before = found.keys()
        found, _ = _one_pass(page_from, rows)
        if found.keys() == before:
            return found
    message = f"{rows.operation}: no two of {MAX_PASSES} complete reads agree; read again later"
    raise ExchangeError(message, "UNSTABLE_PAGES", frozenset({Reaction.BACK_OFF}))


def _one_pass(page_from: Callable[[int], ParsedPage[T]], rows: Rows[T]) -> tuple[dict[str, T], int]:
    found: dict[str, T] = {}
    start = pages = 0
    while True:
        page = page_from(start)
        known = len(found)
        found |= page.rows
        pages += 1
        start += len(page.rows)
        if not page.more:
            return found, pages
        if len(found) == known or pages == MAX_PAGES:
            what = "brings nothing new" if len(found) == known else f"is number {pages}"
            message = f"{rows.operation}: the page up to {start} {what} and is not the last"
            raise ExchangeError(message, BROKEN_ANSWER)


def filters(*lists: Iterable[str]) -> list[tuple[list[str] | None, ...]]:
    """The requests that a combination of filters takes, each within the limit; an empty filter is none."""
    wanted = [list(dict.fromkeys(values)) for values in lists]
    most = MAX_IDS // max(1, sum(1 for values in wanted if values))
    parts: list[list[list[str] | None]] = [[*batches(values, most)] if values else [None] for values in wanted]
    return list(product(*parts))


def batches(values: Sequence[str], most: int) -> list[list[str]]:
    """The values in lists of at most so many."""
    return [list(values[start : start + most]) for start in range(0, len(values), most)]
