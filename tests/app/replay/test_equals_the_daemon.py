"""The promise of a replay: its orders are those of the daemon on the simulated exchange, tick for tick."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.adapters.recordings.playback import read_events
from policytrader.app.world import HORSE_RACING
from policytrader.model.times import LONDON
from policytrader.resources import resource
from policytrader.simulation.events import Quote, Redefine, Remove, Reschedule
from policytrader.simulation.race_day import generate_race_day
from tests.app.replay.recorded_day import RecordedDay, Traded

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.simulation.events import Event
    from tests.policy_edits import Edit, Edited

POLICY = load_policy(resource("rules"))
SEEDS = range(1, 1 + int(os.environ.get("POLICYTRADER_REPLAY_SEEDS", "1")))
"""``POLICYTRADER_REPLAY_SEEDS=20`` compares so many days."""


def as_horses(event: Event) -> Event:
    if not isinstance(event, Redefine):
        return event
    return event._replace(definition=replace(event.definition, event_type_id=HORSE_RACING))


def same(replayed: Traded, traded: Traded) -> None:
    assert replayed.orders == traded.orders
    assert replayed.invalid == traded.invalid
    assert replayed.results == traded.results


@pytest.mark.engine
@pytest.mark.parametrize("seed", SEEDS)
def test_a_generated_day(seed: int) -> None:
    made = generate_race_day(seed, 6)
    day = RecordedDay(made.feed(), made.now)
    traded = day.trade(POLICY, 47)
    replayed = day.replay(POLICY)
    same(replayed, traded)
    assert len(traded.orders) > 20
    assert {one.purpose for one in traded.orders} == {"opening", "hedge"}
    assert any(traded.invalid.values())
    assert len(traded.results) == len(day.picks)


@pytest.mark.engine
def test_a_race_that_is_put_to_the_start_of_the_next_stays_itself() -> None:
    """At one meeting four markets start together then, and two of them are the other race."""
    made = generate_race_day(2, 4)
    first, second = next(
        (one, other)
        for one in made.races
        for other in made.races
        if one.win.event_id == other.win.event_id and one.start < other.start
    )
    at = first.start - timedelta(minutes=40)
    moved = [Reschedule(at, market.market_id, second.start) for market in (first.win, first.place)]
    day = RecordedDay(sorted([*made.feed(), *moved], key=lambda one: one.at), made.now)
    traded = day.trade(POLICY, 60)
    same(day.replay(POLICY), traded)
    of_both = {one.market_id for race in (first, second) for one in (race.win, race.place)}
    assert {one.selection_ref.partition("-")[0] for one in traded.orders if one.at > at} & of_both


@pytest.mark.engine
def test_a_recorded_race(shared_data: Path) -> None:
    streams = shared_data / "betfair" / "streams"
    files = sorted(streams.glob("greyhound-*-gb-*.gz"))
    assert len(files) == 2
    # The daemon trades horse racing alone.
    events = [as_horses(event) for event in read_events(files)]
    day = RecordedDay(events, events[0].at, after_off=timedelta(minutes=5))
    traded = day.trade(POLICY, 1)
    same(day.replay(POLICY), traded)
    assert traded.orders
    assert day.begin.astimezone(LONDON).date() == day.end.astimezone(LONDON).date()


OWN_PRICE = """\
  - id: much-offered
    title: Much money is offered on the pick's own runner
    why: What orders of ours take is missing from it.
    when: {field: runner.best_back_size, op: gt, value: 60}
    then: {hold: Much money offered}
"""
OWN_POSITION = """\
  - id: begin-where-there-is-money
    title: The first bet wants some depth, later ones do not
    why: What it reads is there once something is matched.
    when:
      all:
        - {field: position.size_matched, op: eq, value: 0}
        - {field: runner.best_back_size, op: lt, value: 40}
    then: {hold: Little money offered}
"""
OTHERS = """\
  - id: many-short-prices
    title: Three runners or more are short in the WIN market
    why: Orders of ours on one of them move what the others see.
    when: {field: fact.short_now, op: gte, value: 3}
    then: {hold: Many short prices}
"""
SHORT_NOW = """\
  short_now:
    count: runners
    where: {field: runner.win_best_back, op: lt, value: 5}
"""
OTHER_RULES = ("validation", "  - id: market-open\n")
TRADED = """\
  - id: traded-there
    title: It was last traded near the requested price
    why: Our own match is a trade too.
    applies_to: {side: [BACK]}
    when: {field: runner.last_traded, op: gte, other: selection.price_requested}
"""
LAST_TRADED = """\
  - id: short-now
    title: It was last traded very short
    why: Prices before the closing are traded prices too, also where nobody looked at them in time.
    when: {field: runner.last_traded, op: lt, value: 1.3}
    then: {invalidate: Short now}
    on_missing: pass
"""


def before(kind: str, old: str, more: str) -> Edit:
    """Some more before a line of the rules."""
    return kind, old, more + old


@pytest.mark.engine
@pytest.mark.parametrize(
    "more",
    [
        pytest.param([before(*OTHER_RULES, OWN_PRICE)], id="own price"),
        pytest.param([before(*OTHER_RULES, OWN_POSITION)], id="own position"),
        pytest.param(
            [before(*OTHER_RULES, OTHERS), before("validation", "rules:\n", SHORT_NOW)], id="prices of others"
        ),
        pytest.param([before("entry", "order: {", TRADED)], id="last traded"),
    ],
)
def test_rules_that_read_what_orders_change(more: list[Edit], edited: Edited) -> None:
    policy = edited(*more)
    made = generate_race_day(4, 2)
    day = RecordedDay(made.feed(), made.now)
    traded = day.trade(policy, 60)
    assert traded.orders
    same(day.replay(policy), traded)


@pytest.mark.engine
def test_prices_before_the_closing_are_heard(edited: Edited) -> None:
    """Ticks are so far apart that a market closes between two: what was quoted before it counts at the second."""
    policy = edited(before(*OTHER_RULES, LAST_TRADED))
    made = generate_race_day(1, 6)
    day = RecordedDay(made.feed(), made.now)
    traded = day.trade(policy, 600)
    assert "Short now" in traded.invalid.values()
    same(day.replay(policy), traded)


@pytest.mark.engine
def test_prices_of_more_than_two_decimals(edited: Edited) -> None:
    """The daemon takes a last traded price for none that is not whole hundredths, or beyond the ladder."""
    policy = edited(before("entry", "order: {", TRADED))
    odd = [Decimal("0.0049"), Decimal(0), Decimal("-0.0051"), Decimal(1000), Decimal(0)]
    made = generate_race_day(4, 2)
    told = [
        one._replace(last_traded=one.last_traded + odd[number % len(odd)], near=Decimal("3.14159"))
        if isinstance(one, Quote) and one.last_traded is not None
        else one
        for number, one in enumerate(made.feed())
    ]
    day = RecordedDay(told, made.now)
    traded = day.trade(policy, 60)
    assert traded.orders
    same(day.replay(policy), traded)


@pytest.mark.engine
@pytest.mark.parametrize(("seed", "loss", "rate"), [(2, 20, 2), (4, 25, 1), (9, 20, 1)])
def test_orders_that_the_last_gate_refuses_hold_up_the_others(seed: int, loss: int, rate: int, edited: Edited) -> None:
    """The daemon plans them again at every tick, and what is planned counts against the rate."""
    policy = edited(
        ("protection", "max_daily_loss: 300 ", f"max_daily_loss: {loss} "),
        ("protection", "max_orders_per_minute: 20 ", f"max_orders_per_minute: {rate} "),
    )
    made = generate_race_day(seed, 3)
    day = RecordedDay(made.feed(), made.now)
    traded = day.trade(policy, 47)
    same(day.replay(policy), traded)
    assert traded.orders


@pytest.mark.engine
def test_what_a_removal_voids_is_there_for_others(edited: Edited) -> None:
    """The day may lose no more than what is bet; a runner with a bet is removed, and another pick has its turn."""
    policy = edited(("protection", "max_daily_loss: 300 ", "max_daily_loss: 40 "))
    made = generate_race_day(4, 3)
    gone, at = 14972489, made.now + timedelta(minutes=7)
    events = [one for one in made.feed() if not (isinstance(one, Quote) and one.selection_id == gone and one.at >= at)]
    markets = sorted({one.market_id for one in events if isinstance(one, Quote) and one.selection_id == gone})
    removals: list[Event] = [Remove(at, market_id, gone, Decimal(5)) for market_id in markets]
    day = RecordedDay(sorted(events + removals, key=lambda one: one.at), made.now)
    traded = day.trade(policy, 47)
    same(day.replay(policy), traded)
    of_gone = {one.selection_ref for one in traded.orders if f"-{gone}-" in one.selection_ref}
    assert of_gone
    assert any(one.at > at for one in traded.orders)
