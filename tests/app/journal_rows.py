"""Rows of a journal and of an account, for tests: short words, everything else ordinary."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from policytrader.model.bets import Bet, OrderType, Persistence
from policytrader.model.journal import BetSizes, Intent, IntentState, JournalEntry, Purpose
from policytrader.model.snapshot import OrderStatus, Side
from policytrader.ports import ClearedBet, ClearedStatus

AT = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
MARKET = "1.101"


def an_intent(ref: str = "r1", **changed: Any) -> Intent:
    facts: dict[str, Any] = {
        "ref": ref,
        "account": "paper",
        "selection_ref": "pick",
        "purpose": Purpose.OPENING,
        "market_id": MARKET,
        "selection_id": 11,
        "side": Side.BACK,
        "price": Decimal("5.00"),
        "size": Decimal("10.00"),
        "market_version": 7,
        "strategy_ref": "pt",
        "decision_id": "d1",
        "policy_hash": "p1",
        "snapshot_hash": "s1",
        "created_at": AT,
    }
    return Intent(**(facts | changed))


def an_entry(ref: str = "r1", state: IntentState = IntentState.SEEN, **changed: Any) -> JournalEntry:
    """``sizes`` and the entry's other fields by name; whatever else is the intent's."""
    own = {"bet_id", "sizes", "sent_at", "code"}
    facts: dict[str, Any] = {name: value for name, value in changed.items() if name in own}
    intent = an_intent(ref, **{name: value for name, value in changed.items() if name not in own})
    if state in {IntentState.SEEN, IntentState.DONE}:
        facts.setdefault("bet_id", f"9{ref[1:]}")
    if state is not IntentState.RESERVED:
        facts.setdefault("sent_at", AT)
    return JournalEntry(intent=intent, epoch=1, state=state, mode="paper", updated_at=AT, **facts)


def a_bet(ref: str | None = "r1", matched: str = "10", remaining: str = "0", **changed: Any) -> Bet:
    facts: dict[str, Any] = {
        "bet_id": f"9{ref[1:]}" if ref else "1",
        "market_id": MARKET,
        "selection_id": 11,
        "side": Side.BACK,
        "order_type": OrderType.LIMIT,
        "persistence": Persistence.LAPSE,
        "price": Decimal("5.00"),
        "size": Decimal(10),
        "status": OrderStatus.EXECUTABLE if Decimal(remaining) else OrderStatus.EXECUTION_COMPLETE,
        "placed_at": AT,
        "average_price_matched": Decimal("5.00") if Decimal(matched) else None,
        "size_matched": Decimal(matched),
        "size_remaining": Decimal(remaining),
        "order_ref": ref,
        "strategy_ref": "pt",
    }
    return Bet(**(facts | changed))


def cleared(ref: str | None = "r1", status: ClearedStatus = ClearedStatus.SETTLED, **changed: Any) -> ClearedBet:
    facts: dict[str, Any] = {
        "bet_id": f"9{ref[1:]}" if ref else "1",
        "market_id": MARKET,
        "selection_id": 11,
        "side": Side.BACK,
        "status": status,
        "order_ref": ref,
        "strategy_ref": "pt",
        "size": Decimal(10),
        "price": Decimal("5.00"),
        "profit": Decimal(40),
        "outcome": "WON",
        "settled_at": AT,
        "placed_at": AT,
    }
    return ClearedBet(**(facts | changed))


def sizes(matched: str = "10", **others: str) -> BetSizes:
    return BetSizes(
        matched=Decimal(matched),
        average_price_matched=Decimal("5.00") if Decimal(matched) else None,
        **{name: Decimal(value) for name, value in others.items()},
    )
