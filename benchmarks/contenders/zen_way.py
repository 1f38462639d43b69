"""The shipped rules as zen-engine decision tables over the joined records.

Python joins and sizes the order. The tables are evaluated in one batch: record by record took fifteen times as long.
Amounts go in as floats, because it takes no ``Decimal``.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import zen

from benchmarks.contenders.answers import Answer
from benchmarks.contenders.views import placed_or_waits, read_views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.model.snapshot import Snapshot

KEY = "decide"
CASHED_OUT = (
    "verdict == 'invalidate' and matched > 0 and own_status != 'REMOVED'"
    " and reason in ['Invalid Short Price Removed', 'Invalid 8 to 7 Place']"
)
VERDICTS = (
    ("not valid", "'invalidate'", "stored_reason"),
    ("own_status == 'REMOVED'", "'invalidate'", "'Invalid Runner Removed'"),
    ("side == 'BACK' and short_removed > 0", "'invalidate'", "'Invalid Short Price Removed'"),
    ("market_type == 'PLACE' and runners_then >= 8 and runners_now <= 7", "'invalidate'", "'Invalid 8 to 7 Place'"),
    ("not market_is_open", "'hold'", "'Market not open'"),
    ("", "'keep'", "''"),
)
STAKES = (
    ("seconds_to_off <= 0", "0", "'off'"),
    ("seconds_to_off <= 1800", "(side == 'BACK' ? 50 : 75) * points", "'30m'"),
    ("seconds_to_off <= 3600", "(side == 'BACK' ? 36 : 55) * points", "'1h'"),
    ("seconds_to_off <= 7200", "(side == 'BACK' ? 20 : 35) * points", "'2h'"),
    ("seconds_to_off <= 14400", "(side == 'BACK' ? 8 : 16) * points", "'4h'"),
    ("", "(side == 'BACK' ? 2 : 5) * points", "'start'"),
)
PRICES = (
    ("available == null", "false"),
    ("side == 'BACK'", "available >= requested"),
    ("", "available <= requested"),
)
ACTIONS = (
    ("verdict == 'hold'", "'HOLD'"),
    ("closed", "'CLOSED'"),
    (f"{CASHED_OUT} and market_is_open and own_status == 'ACTIVE'", "'CASH_OUT'"),
    (CASHED_OUT, "'WAIT'"),
    ("verdict == 'invalidate' and rests_seconds >= 0", "'CANCEL'"),
    ("verdict == 'invalidate'", "'INVALID'"),
    ("rests_seconds > 300", "'CANCEL'"),
    ("seconds_to_off <= 0", "'WAIT'"),
    ("(side == 'BACK' ? 50 : 75) * points - exposure < 1", "'DONE'"),
    ("exposure >= target or not meets", "'WAIT'"),
    ("", "''"),
)
TABLES: tuple[tuple[tuple[str, ...], Sequence[tuple[str, ...]]], ...] = (
    (("verdict", "reason"), VERDICTS),
    (("target", "step"), STAKES),
    (("meets",), PRICES),
    (("action",), ACTIONS),
)
NUMBERS = ("requested", "points", "available", "depth", "matched", "exposure")


class ZenWay:
    """The tables, loaded once."""

    def __init__(self) -> None:
        self._engine = zen.ZenEngine({"loader": {"type": "static", "content": {KEY: _graph()}}})

    def decide(self, snapshot: Snapshot) -> list[Answer]:
        """Decide every selection."""
        views = list(read_views(snapshot))
        requests: Any = [{"key": KEY, "context": _numbers_as_float(view)} for view in views]
        results = self._engine.evaluate_batch(requests)
        return [_answer(view, result["data"]["result"]) for view, result in zip(views, results, strict=True)]


def _numbers_as_float(view: dict[str, Any]) -> dict[str, Any]:
    return view | {name: None if view[name] is None else float(view[name]) for name in NUMBERS}


def _answer(view: dict[str, Any], result: dict[str, Any]) -> Answer:
    target = result["target"]
    action = result["action"] or placed_or_waits(view, Decimal(str(target)))
    return Answer(view["selection_ref"], result["verdict"], target, result["meets"], action)


def _graph() -> dict[str, Any]:
    """One decision table after the other, each adding its outputs to the record."""
    place = {"x": 0, "y": 0}
    nodes = [{"id": "input", "name": "input", "type": "inputNode", "position": place}]
    for number, (outputs, rows) in enumerate(TABLES):
        content = {
            "hitPolicy": "first",
            "passThrough": True,
            "inputs": [{"id": "when", "name": "when"}],
            "outputs": [{"id": name, "name": name, "field": name} for name in outputs],
            "rules": [
                {"_id": str(line), "when": row[0], **dict(zip(outputs, row[1:], strict=True))}
                for line, row in enumerate(rows)
            ],
        }
        name = f"table-{number}"
        nodes.append({"id": name, "name": name, "type": "decisionTableNode", "position": place, "content": content})
    nodes.append({"id": "output", "name": "output", "type": "outputNode", "position": place})
    ids = [node["id"] for node in nodes]
    edges = [
        {"id": f"edge-{number}", "sourceId": source, "targetId": target, "type": "edge"}
        for number, (source, target) in enumerate(pairwise(ids))
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}
