"""The shipped rules written as Python: the floor. Nothing can be changed, explained or checked without a programmer."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.answers import Answer
from benchmarks.contenders.views import placed_or_waits, read_views

if TYPE_CHECKING:
    from policytrader.model.snapshot import Snapshot

STEPS = ((1800.0, 50, 75), (3600.0, 36, 55), (7200.0, 20, 35), (14400.0, 8, 16))
"""Seconds to the off from which a step holds, its back stake and its lay liability."""
FIRST_STEP = (2, 5)
LIMITS = (50, 75)
SHORT_PRICE_REASON, EIGHT_TO_SEVEN_REASON = "Invalid Short Price Removed", "Invalid 8 to 7 Place"
CASHED_OUT = frozenset({SHORT_PRICE_REASON, EIGHT_TO_SEVEN_REASON})
CANCEL_AFTER_SECONDS = 300.0
ONE = Decimal(1)


def decide(snapshot: Snapshot) -> list[Answer]:
    """Decide every selection."""
    return [_answer(view) for view in read_views(snapshot)]


def _answer(view: dict[str, Any]) -> Answer:
    is_back = view["side"] == "BACK"
    verdict, reason = _judge(view, is_back=is_back)
    target = _target(view["seconds_to_off"], is_back=is_back) * view["points"]
    cap = LIMITS[not is_back] * view["points"]
    meets = view["available"] is not None and (
        view["available"] >= view["requested"] if is_back else view["available"] <= view["requested"]
    )
    action = _act(view, (verdict, reason), target, cap, meets=meets)
    return Answer(view["selection_ref"], verdict, target if view["seconds_to_off"] > 0 else 0, meets, action)


def _judge(view: dict[str, Any], *, is_back: bool) -> tuple[str, str]:
    if not view["valid"]:
        return "invalidate", view["stored_reason"]
    if view["own_status"] == "REMOVED":
        return "invalidate", "Invalid Runner Removed"
    if is_back and view["short_removed"] > 0:
        return "invalidate", SHORT_PRICE_REASON
    if view["market_type"] == "PLACE" and view["runners_then"] >= 8 and view["runners_now"] <= 7:
        return "invalidate", EIGHT_TO_SEVEN_REASON
    if not view["market_is_open"]:
        return "hold", "Market not open"
    return "keep", ""


def _target(seconds_to_off: float, *, is_back: bool) -> int:
    for start, back_stake, lay_liability in STEPS:
        if seconds_to_off <= start:
            return back_stake if is_back else lay_liability
    return FIRST_STEP[not is_back]


def _act(view: dict[str, Any], judged: tuple[str, str], target: Decimal, cap: Decimal, *, meets: bool) -> str:
    verdict, reason = judged
    if verdict == "hold":
        return "HOLD"
    if view["closed"]:
        return "CLOSED"
    if verdict == "invalidate":
        if view["own_status"] != "REMOVED" and view["matched"] > 0 and reason in CASHED_OUT:
            return "CASH_OUT" if view["market_is_open"] and view["own_status"] == "ACTIVE" else "WAIT"
        return "CANCEL" if view["rests_seconds"] >= 0 else "INVALID"
    if view["rests_seconds"] > CANCEL_AFTER_SECONDS:
        return "CANCEL"
    if view["seconds_to_off"] <= 0:
        return "WAIT"
    if cap - view["exposure"] < ONE:
        return "DONE"
    if view["exposure"] >= target or not meets:
        return "WAIT"
    return placed_or_waits(view, target)
