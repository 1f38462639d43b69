"""What JSON documents have in common: amounts, prices and times as texts, what is missing as null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.model.money import money_text
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import Selection


def money_or_null(amount: Decimal | None) -> str | None:
    """With two decimals."""
    return None if amount is None else money_text(amount)


def exact_or_null(price: Decimal | None) -> str | None:
    """With all its decimals."""
    return None if price is None else format(price, "f")


def time_or_null(at: datetime | None) -> str | None:
    """In UTC."""
    return None if at is None else format_utc(at)


def pick_document(one: Selection, course: str | None) -> dict[str, Any]:
    """What names a pick: its race, market, runner and side."""
    return {
        "selection_ref": one.selection_ref,
        "race_id": one.race_id,
        "race_time": format_utc(one.race_time),
        "course": course,
        "market_id": one.market_id,
        "market_type": str(one.market_type),
        "selection_id": one.selection_id,
        "runner_name": one.runner_name,
        "side": str(one.side),
    }
