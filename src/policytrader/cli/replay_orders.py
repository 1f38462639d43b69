"""Every order of a replay as CSV, one row each: what the document has of it, and of the selection that it was for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.cli.csv_text import csv_text
from policytrader.cli.documents import pick_document
from policytrader.cli.replay_document import order_document
from policytrader.cli.replay_words import LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.app.replay.report import ReplayReport
    from policytrader.model.replay import ReplayedOrder, ReplayedSelection

COLUMNS = (
    "policy", "at", "selection_ref", "race_time", "course", "runner_name", "market_type", "purpose", "side", "price",
    "size", "code", "size_matched", "average_price_matched", "size_cancelled", "size_lapsed", "size_voided", "outcome",
    "profit", "race_id", "market_id", "selection_id", "policy_hash",
)  # fmt: skip
_OPPOSITE = {"WON": "LOST", "LOST": "WON"}


def orders_csv(report: ReplayReport) -> str:
    """The orders of policy A, then of B; each in the order of selections, and of one selection by time."""
    return csv_text(COLUMNS, _rows(report))


def _rows(report: ReplayReport) -> Iterator[dict[str, Any]]:
    for letter, result in zip(LETTERS, report.results, strict=False):
        for pick in result.replay.selections:
            for order in pick.orders:
                yield {
                    "policy": letter,
                    "policy_hash": result.replay.policy_hash,
                    **pick_document(pick.selection, pick.course),
                    **order_document(order),
                    "outcome": _outcome(pick, order),
                }


def _outcome(pick: ReplayedSelection, order: ReplayedOrder) -> str | None:
    """Of the order's own side: what closes a position wins where the position loses."""
    if pick.outcome is None or order.side is pick.selection.side:
        return pick.outcome
    return _OPPOSITE.get(pick.outcome, pick.outcome)
