"""Replays made by hand: races of one or more picks, orders with numbers that a person can check in the head."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.journal import Purpose
from policytrader.model.replay import Replay, ReplayedOrder, ReplayedSelection
from policytrader.model.snapshot import MarketType, Selection, Side
from tests.one_day import OFF

if TYPE_CHECKING:
    from datetime import datetime

HOUR = timedelta(hours=1)


def money(text: str | int) -> Decimal:
    return Decimal(text)


def order(ref: str, before: timedelta, price: str, size: str, **more: Any) -> ReplayedOrder:
    """An opening back, matched whole at its price; ``before`` the first race's off."""
    facts: dict[str, Any] = {
        "purpose": Purpose.OPENING, "market_id": "1.1", "selection_id": 11, "side": Side.BACK, "code": "SUCCESS",
        "size_matched": money(size), "average_price_matched": money(price), "profit": -money(size),
    }  # fmt: skip
    if more.get("size_matched") == 0:
        facts |= {"average_price_matched": None, "profit": money(0)}
    return ReplayedOrder(
        at=more.pop("off", OFF) - before, selection_ref=ref, price=money(price), size=money(size), **(facts | more)
    )


def pick(ref: str, *orders: ReplayedOrder, race: int = 1, **more: Any) -> ReplayedSelection:
    """A back of a race that goes off ``race`` hours after the first one's off less an hour."""
    off = OFF + (race - 1) * HOUR
    side = more.pop("side", Side.BACK)
    is_valid, is_closed = True, False
    selection = Selection(
        ref, f"race-{race:04}", off, f"1.{race}", MarketType.WIN, 11, f"Horse {ref}", side, money("8.00"), money(1),
        "morning", is_valid, None, is_closed,
    )  # fmt: skip
    facts: dict[str, Any] = {
        "course": "York", "decisions": 100, "actions": {"WAIT": 100 - len(orders), "PLACE": len(orders)}, "refused": {},
        "invalidated_at": None, "reason": None, "rule": None, "starting_price": money("8.00"), "outcome": "LOST",
        "profit": sum((one.profit for one in orders), money(0)), "commission": money(0),
    }  # fmt: skip
    return ReplayedSelection(selection=selection, orders=orders, **(facts | more))


def replay(*picks: ReplayedSelection, policy: str = "a" * 64, **more: Any) -> Replay:
    decisions = sum(one.decisions for one in picks)
    facts: dict[str, Any] = {
        "cadence": "15s",
        "markets": len(picks),
        "ticks": 100,
        "decisions": decisions,
        "evaluated": decisions,
    }
    return Replay(policy_hash=policy, selections=picks, **(facts | more))


def invalid(one: ReplayedSelection, at: datetime, reason: str, rule: str) -> ReplayedSelection:
    return replace(one, invalidated_at=at, reason=reason, rule=rule)


def season(races: int, *, shift: int = 0, stops: int = 0) -> Replay:
    """A pick in each of so many races; every third wins. ``shift`` pennies more on each stake; ``stops`` end early."""
    picks = []
    for race in range(1, races + 1):
        off = OFF + (race - 1) * HOUR
        size = Decimal(1000 + 7 * (race % 50) + shift).scaleb(-2)
        price = Decimal("3.50") if race % 2 else Decimal("5.00")
        profit = size * (price - 1) if race % 3 == 0 else -size
        ref = f"pick-{race:04}"
        minutes = timedelta(minutes=3 + race * 13 % 700)
        own = order(ref, minutes, str(price), str(size), off=off, profit=profit, market_id=f"1.{race}")
        made = pick(
            ref, own, race=race, starting_price=price - Decimal("0.25"), outcome="WON" if profit > 0 else "LOST",
            commission=max(Decimal(0), profit * Decimal("0.05")),
        )  # fmt: skip
        if race <= stops:
            made = invalid(made, off - HOUR, "Invalid Small Field", "small-field")
        picks.append(made)
    return replay(*picks, policy=f"{shift:064}")
