"""A trader over a whole generated day: the promises, checked at the exchange and not in the trader's own books."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.bookkeeper import Bookkeeper, _brought_up
from policytrader.app.decision_log import decode
from policytrader.engine.closing import Closed, Ending, Hedge
from policytrader.engine.evaluate import Engine
from policytrader.model.decision import Action
from policytrader.model.journal import IntentState, Purpose
from policytrader.model.money import AVERAGE_UNIT, half_up
from policytrader.model.times import LONDON
from policytrader.resources import resource
from policytrader.simulation.events import Reschedule
from tests.app.journal_rows import AT, an_entry
from tests.app.race_days import ACCOUNT, STRATEGY, Day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.app.bookkeeper import Books
    from policytrader.app.world import Traded
    from policytrader.model.journal import JournalEntry
    from policytrader.policy.protection import Protections

POLICY = load_policy(resource("rules"))
SEED, RACES = 7, 6


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The day, traded live once a minute; tests only look at it."""
    made = Day.generate(tmp_path_factory.mktemp("day"), SEED, RACES)
    made.pick_everywhere()
    with Engine(POLICY) as engine:
        made.run(engine, made.lead(), every_seconds=60)
    yield made
    made.store.close()


def journal(day: Day) -> dict[str, JournalEntry]:
    entries = day.store.intents(day.last_off.astimezone(LONDON).date(), ACCOUNT)
    return {entry.intent.ref: entry for entry in entries}


def test_something_happened(day: Day) -> None:
    actions = {decision.action for tick in day.ticks for decision in tick.plan.decisions}
    assert {Action.PLACE, Action.WAIT, Action.INVALID, Action.CASH_OUT} <= actions
    assert len(day.world.bets) > 20


def test_no_order_without_an_intent_and_no_intent_twice(day: Day) -> None:
    entries = journal(day)
    refs = [bet.order_ref for bet in day.world.bets.values()]
    assert len(refs) == len(set(refs))
    assert set(refs) <= set(entries)
    assert all(bet.strategy_ref == STRATEGY for bet in day.world.bets.values())


def test_the_journal_agrees_with_the_exchange_in_the_end(day: Day) -> None:
    bets = {bet.order_ref: bet for bet in day.world.bets.values()}
    for ref, entry in journal(day).items():
        assert entry.state in {IntentState.DONE, IntentState.DEAD}, ref
        if entry.state is IntentState.DONE:
            assert entry.sizes is not None
            assert entry.sizes.matched == bets[ref].size_matched
            assert entry.bet_id == bets[ref].bet_id


def test_no_opening_order_after_the_reason_was_gone(day: Day) -> None:
    gone = {ref: tick.at for tick in day.ticks for ref, _ in tick.invalidated}
    assert gone
    for entry in journal(day).values():
        intent = entry.intent
        if intent.purpose is Purpose.OPENING and intent.selection_ref in gone:
            assert intent.created_at < gone[intent.selection_ref]


def test_no_order_after_the_off_and_none_in_play(day: Day) -> None:
    starts = {market.definition.market_id: market.definition.start for market in day.world.markets.values()}
    for bet in day.world.bets.values():
        assert bet.placed_at < starts[bet.market_id]


def test_never_past_the_cap(day: Day) -> None:
    held: dict[str, Decimal] = defaultdict(Decimal)
    for entry in journal(day).values():
        if entry.intent.purpose is Purpose.OPENING:
            held[entry.intent.selection_ref] += entry.exposure
    assert max(held.values()) > 0
    picks = {one.selection_ref: one for one in day.ticks[0].plan.snapshot.selections}
    for ref, risk in held.items():
        ladder = POLICY.staking.ladder_for(picks[ref].side, picks[ref].market_type)
        assert risk <= ladder.limits.amount(picks[ref].side) * picks[ref].stake_points


def test_cash_outs_end_and_never_make_it_worse(day: Day) -> None:
    rounds = [one for tick in day.ticks for rounds in tick.closing.values() for one in rounds]
    assert any(isinstance(one.step, Hedge) for one in rounds)
    assert any(isinstance(one.step, Closed) and one.step.ending in {Ending.FLAT, Ending.RESIDUAL} for one in rounds)


def test_results_add_up_to_what_the_account_made(day: Day) -> None:
    results = day.store.live_results(day.last_off.astimezone(LONDON).date())
    assert len(results) == len(day.ticks[0].plan.snapshot.selections)
    assert day.store.upcoming_bets(day.last_off.astimezone(LONDON).date()) == ()
    net = sum((bet.profit or 0) - (bet.commission or 0) for bet in results)
    assert Decimal(10_000) + net == day.world.account.balance
    charged = sum((market.commission or Decimal(0) for market in day.world.markets.values()), Decimal(0))
    assert sum(bet.commission or 0 for bet in results) == charged > 0


def test_each_decision_can_be_made_again_from_the_log(day: Day) -> None:
    placed = [one for one in day.store.logged_decisions() if one.action == "PLACE"]
    record = day.store.decision(placed[-1].decision_id)
    assert record is not None
    with Engine(POLICY) as engine:
        plan = engine.evaluate(decode(record.inputs))
    (again,) = [one for one in plan.decisions if one.selection.selection_ref == record.selection_ref]
    assert json.dumps(again.to_dict(), ensure_ascii=False, separators=(",", ":")).encode() == record.document


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    made = Day.generate(tmp_path, SEED, 1)
    made.pick_everywhere()
    with Engine(POLICY) as engine:
        made.run(engine, None, every_seconds=600)
    assert made.world.bets == {}
    assert journal(made) == {}
    assert any(decision.action is Action.PLACE for tick in made.ticks for decision in tick.plan.decisions)
    made.store.close()


def test_results_know_the_starting_price(day: Day) -> None:
    results = day.store.live_results(day.last_off.astimezone(LONDON).date())
    told = {
        (market_id, runner.selection_id): runner.starting_price
        for market_id, market in day.world.markets.items()
        for runner in market.definition.runners
    }
    assert {one.starting_price for one in results} > {None}
    for one in results:
        expected = told[one.market_id, one.selection_id]
        assert one.starting_price == (None if expected is None else half_up(expected, AVERAGE_UNIT))


def test_the_latest_prices_of_every_race_are_stored(day: Day) -> None:
    rows = day.store.prices({market.definition.market_id for market in day.world.markets.values()})
    runners = {
        (market_id, runner.selection_id)
        for market_id, market in day.world.markets.items()
        if market.definition.market_type == "WIN"
        for runner in market.definition.runners
    }
    assert {(row.race_id, row.selection_id) for row in rows} == runners
    assert all(row.win is not None and row.place is not None and row.runner_name for row in rows)
    assert any(row.win is not None and row.win.back_price and row.win.back_price_2 for row in rows)


def test_a_race_that_is_moved_is_moved_in_the_store(tmp_path: Path) -> None:
    made = Day.generate(tmp_path, SEED, 1)
    made.pick_everywhere()
    off = made.last_off + timedelta(minutes=25)
    for market in made.world.markets.values():
        made.world.apply(Reschedule(made.world.now, market.definition.market_id, off))
    with Engine(POLICY) as engine:
        made.trader().tick(engine, made.lead())
    stored = made.store.selections(off.astimezone(LONDON).date())
    assert {one.selection.race_time for one in stored} == {off}
    made.store.close()


def test_what_was_recorded_is_known_without_reading_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    states: set[IntentState] = set()
    reconcile = Bookkeeper.reconcile

    def compared(self: Bookkeeper, limits: Protections, traded: Traded, *, records: bool = True) -> Books:
        nonlocal reads
        before = reads
        books = reconcile(self, limits, traded, records=records)
        assert reads == before + 1
        assert books.account.entries == self._entries(traded.now)
        states.update(entry.state for entry in books.account.entries)
        return books

    made = Day.generate(tmp_path, SEED, 3)
    made.pick_everywhere()
    intents = made.store.intents

    def counted(*args: Any) -> tuple[JournalEntry, ...]:
        nonlocal reads
        reads += 1
        return intents(*args)

    monkeypatch.setattr(made.store, "intents", counted)
    monkeypatch.setattr(Bookkeeper, "reconcile", compared)
    with Engine(POLICY) as engine:
        made.run(engine, made.lead(), every_seconds=120)
    assert {IntentState.SEEN, IntentState.DONE} <= states
    made.store.close()


def test_an_order_of_yesterday_that_is_over_counts_no_more() -> None:
    """As where the journal is read again: of other days it gives what is open."""
    yesterday = AT - timedelta(days=1)
    entries = [an_entry("r1", created_at=yesterday), an_entry("r2", created_at=yesterday), an_entry("r3")]
    over = [replace(entry, state=IntentState.DONE) for entry in (entries[0], entries[2])]
    assert _brought_up(entries, [None, *over], AT.date()) == (entries[1], over[1])
