"""Proof that a margin table is total and exclusive: every quarter step meets exactly one row."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple, get_args

from policytrader.authoring.lint_findings import warn
from policytrader.policy.grading.rules import ResultName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.grading.rules import MarginTable

QUARTERS = 4
"""Quarter steps in a whole: a margin is a whole number of them."""

_BEST_FIRST: tuple[ResultName, ...] = ("won", "half_win", "refund", "half_loss", "lost")
assert set(_BEST_FIRST) == set(get_args(ResultName))


class _Span(NamedTuple):
    """The quarter steps that a row meets, both ends included."""

    low: float
    high: float
    row: int


def check_margins(table: MarginTable, document: YamlDocument) -> Iterator[Diagnostic]:
    """E220 for every gap between the rows, and for every two rows that meet the same margin."""
    spans = _spans(table)
    for one in spans:
        for other in spans[: one.row]:
            if one.low <= other.high and other.low <= one.high:
                yield _overlap(table, document, other, one)
    ordered = sorted(spans)
    highest = -inf
    if ordered[0].low > -inf:
        yield _gap(document, -inf, ordered[0].low - 1)
    for before, after in pairwise(ordered):
        highest = max(highest, before.high)
        if after.low > highest + 1:
            yield _gap(document, highest + 1, after.low - 1)
    highest = max(highest, ordered[-1].high)
    if highest < inf:
        yield _gap(document, highest + 1, inf)


def lint_margins(table: MarginTable, document: YamlDocument) -> Iterator[Diagnostic]:
    """W215: a better margin that gives a worse outcome."""
    for before, after in pairwise(sorted(_spans(table))):
        worse, better = table.rows[before.row], table.rows[after.row]
        if _BEST_FIRST.index(better.outcome) > _BEST_FIRST.index(worse.outcome):
            path = ("margin_table", "rows", after.row, "outcome")
            message = f"{better.outcome} at `{better.margin}` is worse than {worse.outcome} at `{worse.margin}`"
            yield warn(document, path, "W215", message, "The better the margin, the better the outcome: correct one.")


def _spans(table: MarginTable) -> list[_Span]:
    found = []
    for number, row in enumerate(table.rows):
        low, high = row.bounds
        steps_low = -inf if low is None else int(low * QUARTERS)
        steps_high = inf if high is None else int(high * QUARTERS)
        found.append(_Span(steps_low, steps_high, number))
    return found


def _gap(document: YamlDocument, low: float, high: float) -> Diagnostic:
    if low == -inf:
        missing = f"at or below {_margin(high)}"
    elif high == inf:
        missing = f"at or above {_margin(low)}"
    elif low == high:
        missing = f"of {_margin(low)}"
    else:
        missing = f"from {_margin(low)} to {_margin(high)}"
    message = f"no row for a margin {missing}"
    remedy = "Every quarter step needs one row; the first and the last are `<=` and `>=`."
    return document.diagnostic(("margin_table", "rows"), "E220", message, remedy, at_key=True)


def _overlap(table: MarginTable, document: YamlDocument, first: _Span, second: _Span) -> Diagnostic:
    path = ("margin_table", "rows", second.row, "margin")
    line = document.place(("margin_table", "rows", first.row, "margin")).line
    both = max(first.low, second.low)
    shared = both if both > -inf else min(first.high, second.high)
    rows = f"`{table.rows[second.row].margin}` and `{table.rows[first.row].margin}` (line {line})"
    at = f"a margin of {_margin(shared)}" if abs(shared) < inf else "the same margins"
    message = f"{rows} both meet {at}"
    return document.diagnostic(path, "E220", message, "A margin has one outcome: change one of the two rows.")


def _margin(steps: float) -> str:
    return format((Decimal(int(steps)) / QUARTERS).normalize(), "f")
