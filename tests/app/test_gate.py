"""The last gate: each limit from the journal alone, each at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.gate import Gate, Ledger, latches_due, subject_of
from policytrader.model.journal import Control, ControlKind, ControlState, IntentState, Purpose
from policytrader.model.snapshot import Side
from policytrader.resources import resource
from tests.app.journal_rows import AT, MARKET, a_bet, an_entry, an_intent, sizes

if TYPE_CHECKING:
    from policytrader.model.bets import Bet
    from policytrader.model.journal import JournalEntry

LIMITS = load_policy(resource("rules")).protection.protections
NO_CAP = Decimal(10_000)


def ledger(*entries: JournalEntry, foreign: tuple[Bet, ...] = (), **facts: Any) -> Ledger:
    facts.setdefault("controls", ControlState())
    return Ledger(now=AT + timedelta(minutes=5), entries=entries, foreign=foreign, **facts)


def ask(held: Ledger, cap: Decimal | None = NO_CAP, limits: dict[str, Any] | None = None, **changed: Any) -> str | None:
    gate = Gate(LIMITS.model_copy(update=limits or {}), held)
    return gate.refuse(an_intent("new", **({"created_at": AT + timedelta(minutes=5)} | changed)), cap)


def test_an_ordinary_order_goes() -> None:
    assert ask(ledger()) is None


@pytest.mark.parametrize("cap", [Decimal(20), Decimal("19.99"), None])
def test_the_ladder_cap_counts_everything_that_is_reserved(cap: Decimal | None) -> None:
    held = ledger(
        an_entry(state=IntentState.UNKNOWN, market_id=MARKET, selection_id=11), an_entry("r2", selection_id=12)
    )
    fits = {"max_unknown_intents": Decimal(9)}
    assert ask(held, cap, fits) == (None if cap == Decimal(20) else "ladder_cap")


def test_what_others_hold_counts() -> None:
    assert ask(ledger(foreign=(a_bet(None, strategy_ref=None),)), Decimal(20)) is None
    assert ask(ledger(foreign=(a_bet(None, strategy_ref=None),)), Decimal("19.99")) == "ladder_cap"


def test_a_dead_intent_does_not_count_and_a_done_one_counts_what_was_matched() -> None:
    dead, done = an_entry(state=IntentState.DEAD), an_entry("r2", state=IntentState.DONE, sizes=sizes("3"))
    assert ask(ledger(dead, done), Decimal(13)) is None
    assert ask(ledger(dead, done), Decimal("12.99")) == "ladder_cap"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_order": None}, "max_order"),
        ({"max_exposure_per_selection": None}, "max_exposure_per_selection"),
        ({"max_exposure_per_market": Decimal("19.99")}, "max_exposure_per_market"),
        ({"max_exposure_per_market": None}, "max_exposure_per_market"),
        ({"max_exposure_per_day": Decimal("19.99")}, "max_exposure_per_day"),
        ({"max_daily_loss": Decimal("19.99")}, "max_daily_loss"),
        ({"max_daily_loss": None}, "max_daily_loss"),
        ({"max_orders_per_selection": Decimal(1)}, "max_orders_per_selection"),
        ({"max_orders_per_minute": Decimal(0)}, "max_orders_per_minute"),
        ({"max_unknown_intents": None}, "max_unknown_intents"),
    ],
)
def test_each_limit_at_its_edge(limits: dict[str, Any], code: str) -> None:
    held = ledger(an_entry(sizes=sizes("10")))
    assert ask(held) is None
    assert ask(held, limits=limits) == code
    raised = {name: Decimal(20) if value else value for name, value in limits.items()}
    assert ask(held, limits=raised) == (None if all(raised.values()) else code)


def test_what_settled_bets_lost_is_part_of_the_days_loss() -> None:
    assert ask(ledger(lost_today=Decimal(290))) is None
    assert ask(ledger(lost_today=Decimal("290.01"))) == "max_daily_loss"


def test_a_lay_is_counted_by_its_liability() -> None:
    assert ask(ledger(), Decimal(40), side=Side.LAY) is None
    assert ask(ledger(), Decimal("39.99"), side=Side.LAY) == "ladder_cap"


def test_orders_of_the_last_minute() -> None:
    entries = [an_entry(f"r{number}", selection_id=100 + number, size=Decimal(1)) for number in range(20)]
    assert ask(ledger(*entries), created_at=AT + timedelta(seconds=59)) == "max_orders_per_minute"
    assert ask(ledger(*entries), created_at=AT + timedelta(seconds=60)) is None
    assert ask(ledger(*entries[1:]), created_at=AT + timedelta(seconds=59)) is None


def test_an_unknown_order_stops_its_market_and_no_other() -> None:
    held = ledger(an_entry(state=IntentState.UNKNOWN, selection_id=12))
    assert ask(held) == "max_unknown_intents"
    assert ask(held, market_id="1.202") is None


def test_while_a_hedge_is_open_nothing_is_opened() -> None:
    held = ledger(an_entry(purpose=Purpose.HEDGE, side=Side.LAY, sizes=sizes("10")))
    assert ask(held) == "cash_out_waits"
    assert ask(held, selection_id=12) is None


def test_one_hedge_at_a_time_and_no_other_limit_holds_it() -> None:
    full = ledger(*(an_entry(f"r{number}", size=Decimal(100), sizes=sizes("100")) for number in range(30)))
    hedge: dict[str, Any] = {"purpose": Purpose.HEDGE, "side": Side.LAY, "size": Decimal(500)}
    assert ask(full, None, **hedge) is None
    assert ask(ledger(an_entry(state=IntentState.SENT)), None, **hedge) == "max_unknown_intents"


LEVER = Control(kind=ControlKind.KILL, at=AT, who="ann", why="odd prices")
LATCH = replace(LEVER, kind=ControlKind.LATCH, cause="max_daily_loss")


def test_the_levers() -> None:
    assert ask(ledger(controls=ControlState(kill=LEVER))) == "kill"
    assert ask(ledger(controls=ControlState(pause=LEVER))) == "pause"
    for subject, code in (("", "latch"), (MARKET, "latch"), ("1.202", None), (subject_of(an_intent()), "latch")):
        assert ask(ledger(controls=ControlState(latches=(replace(LATCH, subject=subject),)))) == code


def test_what_was_let_through_counts_for_the_next() -> None:
    gate = Gate(LIMITS, ledger())
    gate.count_in(an_intent())
    assert gate.refuse(an_intent("r2"), Decimal(20)) is None
    assert gate.refuse(an_intent("r2"), Decimal("19.99")) == "ladder_cap"


def test_a_price_off_the_ladder_goes_nowhere() -> None:
    assert ask(ledger(), price=Decimal("5.05")) == "price"
    assert ask(ledger(), size=Decimal(0)) == "price"


def test_latches() -> None:
    unknown = [an_entry(f"r{number}", state=IntentState.UNKNOWN) for number in range(3)]
    assert [one.protection for one in latches_due(LIMITS, unknown, Decimal(0))] == ["max_unknown_intents"]
    assert list(latches_due(LIMITS, unknown[1:], Decimal("299.99"))) == []
    assert [one.protection for one in latches_due(LIMITS, [], Decimal(300))] == ["max_daily_loss"]
    dead = [an_entry(f"r{number}", state=IntentState.DEAD, code="INVALID_ODDS") for number in range(5)]
    (rejects,) = latches_due(LIMITS, dead, Decimal(0))
    assert (rejects.protection, rejects.evidence) == ("max_rejects_in_a_row", "r4")
    assert list(latches_due(LIMITS, [*dead, an_entry("r9")], Decimal(0))) == []
    unsent = [an_entry(f"r{number}", state=IntentState.DEAD, sent_at=None) for number in range(9)]
    assert list(latches_due(LIMITS, unsent, Decimal(0))) == []
    many = [an_entry(f"r{number}") for number in range(12)]
    (per_pick,) = latches_due(LIMITS, many, Decimal(0))
    assert (per_pick.protection, per_pick.subject) == ("max_orders_per_selection", subject_of(an_intent()))


def test_what_was_read_too_long_ago_is_not_acted_on() -> None:
    at = ledger().now
    assert ask(ledger(), created_at=at + timedelta(seconds=20)) is None
    assert ask(ledger(), created_at=at + timedelta(seconds=21)) == "max_price_age_seconds"


def test_orders_of_one_tick_count_together_towards_the_days_loss() -> None:
    gate = Gate(LIMITS.model_copy(update={"max_daily_loss": Decimal(15)}), ledger())
    first = an_intent("r1", created_at=ledger().now)
    second = an_intent("r2", created_at=ledger().now, selection_id=12)
    assert gate.refuse(first, NO_CAP) is None
    gate.count_in(first)
    assert gate.refuse(second, NO_CAP) == "max_daily_loss"


def test_a_bet_that_is_over_counts_as_lost_until_its_result_is_known() -> None:
    over = an_entry(state=IntentState.DONE, sizes=sizes("10"), side=Side.BACK)
    new = an_intent("new", created_at=AT + timedelta(minutes=5)).reservation
    room = {"max_daily_loss": over.exposure + new}
    assert ask(ledger(over), limits=room) is None
    assert ask(ledger(over, lost_today=Decimal("0.01")), limits=room) == "max_daily_loss"
    ref = over.intent.selection_ref
    assert ask(ledger(over, lost_today=Decimal("0.01"), settled=frozenset({ref})), limits=room) is None
