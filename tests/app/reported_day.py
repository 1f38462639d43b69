"""A day made by hand for the report: one pick of each kind, numbers that a person can check in the head."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.app.activate import read_policy
from policytrader.model.journal import (
    BetSizes,
    Control,
    ControlKind,
    EventKind,
    Evidence,
    Intent,
    IntentState,
    JournalEvent,
    Lease,
    Purpose,
)
from policytrader.model.records import (
    BetOutcome,
    NewSelection,
    PositionUpdate,
    Result,
    unique_id_of,
)
from policytrader.model.snapshot import MarketType, ReferenceRunner, RunnerStatus, Selection, Side
from policytrader.resources import resource
from tests.one_day import ACCOUNT, AT, MINUTE, OFF

if TYPE_CHECKING:
    from policytrader.ports.store import Store

NASTY = '<b>Bold</b> & "O\'Brien"\x1b[31m'
"""A name that a page or a terminal might act on."""
RULES = resource("rules")


def a_pick(
    ref: str, runner: int, side: Side, market_type: MarketType, race: str = "r1", name: str | None = None
) -> NewSelection:
    off = OFF if race == "r1" else OFF + timedelta(hours=1)
    win, place = f"1.{race}1", f"1.{race}2"
    is_valid, is_closed = True, False
    selection = Selection(
        ref, race, off, win if market_type is MarketType.WIN else place, market_type, runner, name or f"Horse {runner}",
        side, Decimal("8.00"), Decimal("1.5"), f"{race}-morning", is_valid, None, is_closed,
    )  # fmt: skip
    return NewSelection(
        selection=selection,
        unique_id=unique_id_of(off, "York", str(runner), runner),
        course="York",
        capture=(ReferenceRunner(f"{race}-morning", race, AT, 8, runner, name, RunnerStatus.ACTIVE, None),),
        market_id_win=win,
        market_id_place=place,
        strategy_ref="pt",
    )


PICKS = (
    a_pick("back", 11, Side.BACK, MarketType.WIN),
    a_pick("lay", 12, Side.LAY, MarketType.WIN, name=NASTY),
    a_pick("closed", 11, Side.BACK, MarketType.PLACE),
    a_pick("gone", 13, Side.BACK, MarketType.WIN),
    a_pick("later", 14, Side.BACK, MarketType.WIN, "r2"),
    a_pick("never", 15, Side.LAY, MarketType.PLACE, "r2"),
)


def an_intent(ref: str, pick_ref: str, size: str, price: str, **changed: object) -> Intent:
    pick = next(one.selection for one in PICKS if one.selection.selection_ref == pick_ref)
    intent = Intent(
        ref=ref,
        account=ACCOUNT,
        selection_ref=pick_ref,
        purpose=Purpose.OPENING,
        market_id=pick.market_id,
        selection_id=pick.selection_id,
        side=pick.side,
        price=Decimal(price),
        size=Decimal(size),
        market_version=1,
        strategy_ref="pt",
        decision_id="d1",
        policy_hash="p" * 64,
        snapshot_hash="s" * 64,
        created_at=AT,
    )
    return replace(intent, **changed)  # type: ignore[arg-type]


def matched(size: str, average: str | None = None, **others: str) -> BetSizes:
    parts = {name: Decimal(value) for name, value in others.items()}
    return BetSizes(matched=Decimal(size), average_price_matched=Decimal(average) if average else None, **parts)


def store_picks(store: Store) -> Lease:
    """The picks, and a daemon that leads."""
    store.migrate()
    store.add_selections(PICKS, AT)
    lease = store.acquire(ACCOUNT, "test", AT)
    assert lease is not None
    store.append_events([JournalEvent(at=AT, kind=EventKind.LEAD, code=ACCOUNT, epoch=lease.epoch)])
    return lease


def activate_rules(store: Store, at: datetime, *, shadow: bool = False) -> str:
    checked = read_policy(RULES)
    store.store_policy(checked.policy.hash, checked.content, at)
    store.activate(checked.policy.hash, at, "ann", shadow=shadow)
    return checked.policy.hash


def store_orders(store: Store, lease: Lease) -> None:
    """One order in each state; hedges on ``closed``."""
    hedge = {"purpose": Purpose.HEDGE, "side": Side.LAY}
    intents = [
        an_intent("i-back", "back", "30.00", "8.00"),
        an_intent("i-lay", "lay", "10.00", "6.00"),
        an_intent("i-closed", "closed", "12.00", "2.60"),
        an_intent("i-hedge", "closed", "12.18", "2.58", **hedge),
        an_intent("i-gone", "gone", "12.00", "8.00"),
        an_intent("i-part", "later", "10.00", "8.20"),
        an_intent("i-more", "later", "6.00", "8.80"),
        an_intent("i-dead", "later", "5.00", "8.20"),
        an_intent("i-lost", "later", "4.00", "8.20"),
        an_intent("i-held", "later", "2.00", "8.20"),
    ]
    store.reserve(intents, lease, AT)
    sent = [intent.ref for intent in intents if intent.ref != "i-held"]
    store.mark_sent(sent, lease, AT)
    for number, (ref, sizes, is_over) in enumerate(
        [
            ("i-back", matched("30.00", "8.20"), True),
            ("i-lay", matched("10.00", "5.00"), True),
            ("i-closed", matched("12.00", "2.62"), True),
            ("i-hedge", matched("12.18", "2.58"), True),
            ("i-gone", matched("0.00", voided="12.00"), True),
            ("i-part", matched("4.00", "8.20", remaining="6.00"), False),
            ("i-more", matched("6.00", "8.80"), False),
        ]
    ):
        store.resolve(ref, Evidence(state=IntentState.SEEN, code="SUCCESS", bet_id=str(number), sizes=sizes), AT)
        if is_over:
            store.finish(ref, sizes, AT, "SETTLED")
    store.resolve("i-dead", Evidence(state=IntentState.DEAD, code="MARKET_SUSPENDED"), AT)


def store_results(store: Store) -> None:
    """Race one is over: its results, its starting prices. Race two is yet to be run."""
    store.invalidate("closed", AT + MINUTE, "Invalid 8 to 7 Place")
    store.invalidate("never", AT + MINUTE, "Invalid 8 to 7 Place")
    store.invalidate("gone", AT + MINUTE, "Invalid Runner Removed")
    closed = PositionUpdate(
        selection_ref="closed", size_matched=Decimal(0), average_price_matched=None, fully_matched=False, closed=True
    )
    store.update_positions([closed], AT + MINUTE)
    lines = (
        ("back", BetOutcome.WON, "216.00", "9.50", "30.00", "8.20", "8.00"),
        ("lay", BetOutcome.LOST, "-40.00", "0.00", "10.00", "5.00", "6.00"),
        ("closed", BetOutcome.LOST, "0.18", "0.01", "12.00", "2.62", "2.00"),
        ("gone", BetOutcome.VOID, "0.00", "0.00", "0.00", None, None),
    )
    store.settle(
        [
            Result(
                selection_ref=ref,
                outcome=outcome,
                profit=Decimal(profit),
                commission=Decimal(commission),
                size_matched=Decimal(size),
                average_price_matched=Decimal(average) if average else None,
                starting_price=Decimal(starting) if starting else None,
            )
            for ref, outcome, profit, commission, size, average, starting in lines
        ],
        OFF + 10 * MINUTE,
    )


def pull(store: Store, kind: ControlKind, at: datetime, why: str, **more: str) -> None:
    store.pull(Control(kind=kind, at=at, who="ann", why=why, **more))  # type: ignore[arg-type]


def store_day(store: Store) -> Lease:
    """All of it."""
    lease = store_picks(store)
    activate_rules(store, AT)
    store_orders(store, lease)
    store_results(store)
    pull(store, ControlKind.KILL, AT, "looks wrong")
    pull(store, ControlKind.RESUME, AT + MINUTE, "was right")
    pull(store, ControlKind.LATCH, AT + 2 * MINUTE, "200 lost", cause="max_daily_loss", evidence="200.00")
    return lease
