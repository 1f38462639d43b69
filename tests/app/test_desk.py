"""The desk of one tick: two picks on one runner are one position, and what was just sent counts at once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.assemble import AccountView
from policytrader.app.gate import Gate, Ledger
from policytrader.app.morning import Pick, races_of, resolve_picks
from policytrader.engine.closing import Wait, WaitCode
from policytrader.engine.evaluate import Engine
from policytrader.errors import Place
from policytrader.model.bets import OrderType, Persistence
from policytrader.model.books import MarketFilter
from policytrader.model.journal import ControlState, IntentState, Purpose
from policytrader.model.money import ZERO
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest, Reaction
from policytrader.model.position import position_of
from policytrader.model.snapshot import MarketType, Side
from policytrader.model.times import london_day
from policytrader.resources import resource
from policytrader.simulation.reports import PlaceInstruction
from tests.app.journal_rows import AT, a_bet, an_entry, an_intent
from tests.app.race_days import Day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from policytrader.model.bets import Bet

POLICY = load_policy(resource("rules"))
LIMITS = POLICY.protection.protections
REASON = next(one.then.invalidate for one in POLICY.validation.rules if one.id == "short-price-removed")


class Late:
    """An exchange that takes orders and, once ``is_on``, lists none of them in the same tick."""

    def __init__(self, real: Any, *, is_timeout: bool) -> None:
        self._real = real
        self._is_timeout = is_timeout
        self._hidden: set[str] = set()
        self.is_on = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def place(self, order: OrderRequest) -> OrderAnswer:
        answer: OrderAnswer = self._real.place(order)
        if not self.is_on:
            return answer
        self._hidden.add(order.order_ref)
        timeout = OrderAnswer(fate=Fate.UNKNOWN, code="TIMEOUT", reactions=frozenset({Reaction.RECONCILE}))
        return timeout if self._is_timeout else answer

    def current_bets(self, **how: Any) -> tuple[Bet, ...]:
        return tuple(bet for bet in self._real.current_bets(**how) if bet.order_ref not in self._hidden)


class Losing:
    """An exchange whose readings of one market, as a cash-out makes them, have no bet of others."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def current_bets(self, *, market_ids: Iterable[str] = (), **how: Any) -> tuple[Bet, ...]:
        markets = tuple(market_ids)
        told = self._real.current_bets(market_ids=markets, **how)
        return tuple(bet for bet in told if bet.strategy_ref is not None or not markets)


def test_a_position_of_others_that_the_cash_outs_own_reading_lacks_is_not_closed(tmp_path: Path) -> None:
    """The tick saw it, so the pick's position is not flat, whatever that reading says."""
    day = Day.generate(tmp_path, 7, 1)
    day.port = Losing(day.port)
    day.world.advance(day.last_off - timedelta(minutes=50))
    races = races_of(day.prices.catalogue(MarketFilter(market_types=("WIN",))))
    market_id = races[0].win.market_id
    (book,) = day.prices.books([market_id])
    favourite = min((one for one in book.runners if one.back and one.lay), key=lambda one: one.back[0].price)
    pick = Pick(
        market_type=MarketType.WIN, side=Side.BACK, price_requested=Decimal(1000), stake_points=Decimal(1),
        market_id=market_id, selection_id=favourite.selection_id, place=Place("picks.csv"),
    )  # fmt: skip
    stored = resolve_picks([pick], races, day.prices, day.clock.now())
    day.store.add_selections(stored, day.clock.now())
    ref = stored[0].selection.selection_ref
    by_hand = PlaceInstruction(
        favourite.selection_id, Side.BACK, OrderType.LIMIT, size=Decimal(5), price=favourite.back[0].price,
        persistence=Persistence.LAPSE,
    )  # fmt: skip
    day.world.place(market_id, [by_hand], customer_ref="hand")
    day.store.invalidate(ref, day.clock.now(), REASON or "")
    with Engine(POLICY) as engine:
        tick = day.trader().tick(engine, day.lead())
    selections = day.store.selections(london_day(tick.at))
    day.store.close()
    assert [one.step for one in tick.closing[ref]] == [Wait(WaitCode.ORDER_UNSEEN)]
    assert [one.selection.closed for one in selections] == [False]


@pytest.mark.parametrize("is_timeout", [True, False])
def test_two_picks_on_one_runner_are_hedged_once(tmp_path: Path, is_timeout: bool) -> None:  # noqa: FBT001
    day = Day.generate(tmp_path, 7, 1)
    late = Late(day.port, is_timeout=is_timeout)
    day.port = late
    day.world.advance(day.last_off - timedelta(minutes=50))
    races = races_of(day.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE"))))
    market_id = races[0].win.market_id
    (book,) = day.prices.books([market_id])
    favourite = min((one for one in book.runners if one.back and one.lay), key=lambda one: one.back[0].price)
    asked = ((Side.BACK, "1.5", "1"), (Side.LAY, "1000", "0.5"))
    picks = [
        Pick(
            market_type=MarketType.WIN, side=side, price_requested=Decimal(price), stake_points=Decimal(points),
            market_id=market_id, selection_id=favourite.selection_id, place=Place("picks.csv"),
        )
        for side, price, points in asked
    ]  # fmt: skip
    stored = resolve_picks(picks, races, day.prices, day.clock.now())
    day.store.add_selections(stored, day.clock.now())
    with Engine(POLICY) as engine:
        trader, lease = day.trader(), day.lead()
        for _ in range(6):
            trader.tick(engine, lease)
            day.clock.wait(15)
        before = position_of(bet.as_order(is_ours=True) for bet in day.world_bets())
        for one in stored:
            day.store.invalidate(one.selection.selection_ref, day.clock.now(), REASON or "")
        late.is_on = True
        tick = trader.tick(engine, lease)
    day.store.close()
    assert before.if_wins - before.if_loses > 0
    hedges = [done for done in tick.executed if done.entry.intent.purpose is Purpose.HEDGE]
    assert len(hedges) == 1
    after = position_of(bet.as_order(is_ours=True) for bet in day.world_bets())
    assert after.if_wins - after.if_loses >= 0


def gate() -> Gate:
    return Gate(LIMITS, Ledger(now=AT, entries=(), foreign=(), controls=ControlState()))


def test_nothing_is_opened_beside_a_hedge_of_the_same_tick() -> None:
    asked = gate()
    new = an_intent("new", side=Side.LAY)
    assert asked.refuse(new, Decimal(1000)) is None
    asked.learn(an_entry("r9", IntentState.SEEN, purpose=Purpose.HEDGE))
    assert asked.refuse(new, Decimal(1000)) == "cash_out_waits"


@pytest.mark.parametrize("state", [IntentState.UNKNOWN, IntentState.SENT])
def test_an_order_of_this_tick_of_unknown_fate_forbids_hedges_and_the_market(state: IntentState) -> None:
    asked = gate()
    asked.learn(an_entry("r9", state))
    assert asked.refuse(an_intent("new", purpose=Purpose.HEDGE), None) == "max_unknown_intents"
    assert asked.refuse(an_intent("new", selection_id=12), Decimal(1000)) == "max_unknown_intents"


def test_bets_that_no_living_intent_explains_count_as_those_of_others() -> None:
    orphan, risen, ours = a_bet("r1"), a_bet("r2"), a_bet("r3")
    entries = (an_entry("r2", IntentState.DEAD), an_entry("r3"))
    view = AccountView(bets=(orphan, risen, ours), entries=entries, strategy_ref="pt")
    assert view.unexplained_bets() == (orphan, risen)
    assert Ledger.of(AT, entries, (), foreign=view.unexplained_bets()).open_risk > ZERO


def test_a_dry_run_writes_nothing_but_its_decisions(tmp_path: Path) -> None:
    """Neither findings nor latches: a live daemon may be at work on the same store."""
    day = Day.generate(tmp_path, 7, 1)
    day.pick_everywhere()
    day.world.advance(day.last_off - timedelta(minutes=50))
    with Engine(POLICY) as engine:
        day.trader().tick(engine, day.lead())
        assert day.world.bets
        events = day.store.events()
        orphan = next(iter(day.world.bets.values()))
        orphan.order_ref = "nobody-knows"
        tick = day.trader().tick(engine, None)
    assert tick.findings
    assert day.store.events() == events
    assert day.store.control_state().may_open
    day.store.close()
