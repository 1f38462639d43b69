"""The shipped rules as rule-engine expressions over the joined records.

A rule returns true or false for one record, so Python joins, takes the first rule that matches, and sizes the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rule_engine

from benchmarks.contenders.answers import Answer
from benchmarks.contenders.views import placed_or_waits, read_views

if TYPE_CHECKING:
    from policytrader.model.snapshot import Snapshot

VERDICTS = (
    ("invalidate", "not valid", "stored_reason"),
    ("invalidate", "own_status == 'REMOVED'", "'Invalid Runner Removed'"),
    ("invalidate", "side == 'BACK' and short_removed > 0", "'Invalid Short Price Removed'"),
    (
        "invalidate",
        "market_type == 'PLACE' and runners_then >= 8 and runners_now <= 7",
        "'Invalid 8 to 7 Place'",
    ),
    ("hold", "not market_is_open", "'Market not open'"),
)
TARGET = """seconds_to_off <= 0 ? 0 :
    (seconds_to_off <= 1800 ? (side == 'BACK' ? 50 : 75) :
    (seconds_to_off <= 3600 ? (side == 'BACK' ? 36 : 55) :
    (seconds_to_off <= 7200 ? (side == 'BACK' ? 20 : 35) :
    (seconds_to_off <= 14400 ? (side == 'BACK' ? 8 : 16) : (side == 'BACK' ? 2 : 5))))) * points"""
MEETS = "side == 'BACK' ? available >= requested : available <= requested"
CASHED_OUT = "matched > 0 and own_status != 'REMOVED' and reason in " + str(
    ["Invalid Short Price Removed", "Invalid 8 to 7 Place"]
)
ACTIONS = (
    ("HOLD", "verdict == 'hold'"),
    ("CLOSED", "closed"),
    ("CASH_OUT", f"verdict == 'invalidate' and {CASHED_OUT} and market_is_open and own_status == 'ACTIVE'"),
    ("WAIT", f"verdict == 'invalidate' and {CASHED_OUT}"),
    ("CANCEL", "verdict == 'invalidate' and rests_seconds >= 0"),
    ("INVALID", "verdict == 'invalidate'"),
    ("CANCEL", "rests_seconds > 300"),
    ("WAIT", "seconds_to_off <= 0"),
    ("DONE", "(side == 'BACK' ? 50 : 75) * points - exposure < 1"),
    ("WAIT", "exposure >= target or not meets"),
)


class RuleEngineWay:
    """The expressions, parsed once."""

    def __init__(self) -> None:
        self._verdicts = [
            (verdict, rule_engine.Rule(text), rule_engine.Rule(reason)) for verdict, text, reason in VERDICTS
        ]
        self._actions = [(action, rule_engine.Rule(text)) for action, text in ACTIONS]
        self._target, self._meets = rule_engine.Rule(TARGET), rule_engine.Rule(MEETS)

    def decide(self, snapshot: Snapshot) -> list[Answer]:
        """Decide every selection."""
        return [self._answer(view) for view in read_views(snapshot)]

    def _answer(self, view: dict[str, Any]) -> Answer:
        view["verdict"], view["reason"] = next(
            ((verdict, reason.evaluate(view)) for verdict, rule, reason in self._verdicts if rule.matches(view)),
            ("keep", ""),
        )
        view["target"] = self._target.evaluate(view)
        view["meets"] = view["available"] is not None and self._meets.evaluate(view)
        action = next((action for action, rule in self._actions if rule.matches(view)), None)
        action = action or placed_or_waits(view, view["target"])
        return Answer(view["selection_ref"], view["verdict"], view["target"], view["meets"], action)
