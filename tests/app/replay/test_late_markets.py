"""Markets that appear after the first tick of their race: picks, captures and orders are the daemon's all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.app.replay.picks import ReplayPick, ReplayTerms, make_picks
from policytrader.app.replay.replay import DayPicks, Replayer
from policytrader.authoring.load import load_selections
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.snapshot import MarketType, Side
from policytrader.model.times import london_day
from policytrader.resources import resource
from policytrader.simulation.events import Quote, Redefine, Remove, Reopen, Reschedule, Suspend
from policytrader.simulation.race_day import generate_race_day
from tests.app.replay.recorded_day import RecordedDay, in_memory
from tests.app.replay.recorder import record_races

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from policytrader.model.replay import Replay
    from policytrader.model.snapshot import Selection
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.events import Event
    from tests.app.replay.recorded_day import Traded

pytestmark = pytest.mark.engine

POLICY = load_policy(resource("rules"))
RULE = """\
policy: selections
version: 1
at: 210m
picks:
  - id: everybody
    title: Back every runner
    why: To see which markets are there.
    side: BACK
    market_type: [WIN, PLACE]
    price: {of: best_back, from: 1.01, to: 1000}
    ask_percent: 0
    stake_points: 1
end: selections
"""


def market_of(event: Event) -> str:
    return event.definition.market_id if isinstance(event, Redefine) else event.market_id


def held_back(feed: Iterable[Event], market_ids: Collection[str], until: datetime) -> list[Event]:
    """A feed whose recording of some markets began later, with what they had come to by then."""
    moved = [event._replace(at=max(event.at, until)) if market_of(event) in market_ids else event for event in feed]
    return sorted(moved, key=lambda event: event.at)


def same(replayed: Replay, traded: Traded) -> None:
    orders = [
        (one.at, one.selection_ref, str(one.purpose), str(one.side), one.price, one.size)
        for pick in replayed.selections
        for one in pick.orders
    ]
    assert sorted(orders) == sorted(traded.orders)
    assert {one.selection.selection_ref: one.reason for one in replayed.selections} == traded.invalid
    results = {
        one.selection.selection_ref: (one.outcome, one.profit, one.commission)
        for one in replayed.selections
        if one.outcome is not None
    }
    assert results == {ref: came[:3] for ref, came in traded.results.items()}
    assert replayed.problems == ()


def by_ref(selections: Iterable[Selection]) -> dict[str, Selection]:
    return {one.selection_ref: one for one in selections}


@pytest.mark.parametrize("late", MarketType)
def test_a_market_that_appears_when_a_runner_is_out_and_the_race_is_moved(late: MarketType) -> None:
    """Eight runners had become seven, a fancied one was gone: who picks only then knows it, whoever did before minds.

    Without its WIN market a race cannot be picked in, so that then no pick is made before.
    """
    made = generate_race_day(5, 1)
    (race,) = made.races
    # The first and the third are picked.
    gone = race.win.runners[max((1, *range(3, 8)), key=race.chances.__getitem__)].selection_id
    out, off = made.now + timedelta(minutes=10), race.win.start + timedelta(minutes=5)
    events = [one for one in made.feed() if not (isinstance(one, Quote) and one.selection_id == gone and one.at >= out)]
    for market_id in (race.win.market_id, race.place.market_id):
        events += [Suspend(out, market_id), Remove(out, market_id, gone, Decimal(5)), Reopen(out, market_id)]
        events.append(Reschedule(out, market_id, off))
    late_id = (race.win if late is MarketType.WIN else race.place).market_id
    day = RecordedDay(
        held_back(events, {late_id}, made.now + timedelta(minutes=25, seconds=30)),
        made.now,
        after_off=timedelta(minutes=40),
    )
    traded = day.trade(POLICY, 60)
    replayed = day.replay_as_written(POLICY, "1m")
    same(replayed, traded)
    assert by_ref(one.selection for one in replayed.selections) == by_ref(day.picks)
    assert {one.race_time for one in day.picks if one.market_id == late_id} == {off}
    assert len({one.capture_id for one in day.picks}) == (1 if late is MarketType.WIN else 2)
    is_known = late is MarketType.WIN
    assert any(traded.invalid.values()) is not is_known
    assert any(one.selection_ref.startswith(late_id) for one in traded.orders)


def test_a_pick_in_a_market_that_appears_has_the_catalogue_read() -> None:
    """From then on the minute is another one, and a race that is moved is seen to be moved at another tick."""
    made = generate_race_day(4, 1)
    (race,) = made.races
    both = {race.win.market_id, race.place.market_id}
    begin, off = race.win.start - timedelta(minutes=40), race.win.start + timedelta(minutes=30)
    late = race.win.start - timedelta(minutes=35, seconds=20)
    moved = race.win.start - timedelta(minutes=30, seconds=10)
    events = [*made.feed(), *(Reschedule(moved, market_id, off) for market_id in both)]
    day = RecordedDay(
        held_back(held_back(sorted(events, key=lambda one: one.at), both, begin), {race.place.market_id}, late), begin
    )
    traded = day.trade(POLICY, 15)
    same(day.replay_as_written(POLICY, "15s"), traded)
    # What half an hour to go asks for is sent at its tick: the catalogue was read 15 seconds before, and is 45 later.
    assert any(one.at == race.win.start - timedelta(minutes=30) for one in traded.orders)


@pytest.fixture(scope="module")
def race() -> RaceRecord:
    """A race whose PLACE market appears 25 minutes after its WIN market."""
    made = generate_race_day(5, 1)
    (one,) = record_races(held_back(made.feed(), {made.races[0].place.market_id}, made.now + timedelta(minutes=25)))
    return one


def test_a_rule_that_picks_before_a_market_appears_says_so(race: RaceRecord, tmp_path: Path) -> None:
    policy = tmp_path / "picks.yaml"
    policy.write_text(RULE, "utf-8")
    terms = ReplayTerms(
        cadence="1m", capture="8h", select=load_selections(policy), minimum=MINIMUM_SIZES["GBP"], ports=in_memory
    )
    (made,) = make_picks(race, (), terms)
    assert {one.market_type for one in made.selections} == {MarketType.WIN}
    place = next(market_id for market_id, one in race.markets.items() if one.market_type is MarketType.PLACE)
    assert [one.text for one in made.problems] == [
        f"market {place} of race {race.race_id} is not recorded 210m before its off: nothing is picked in it"
    ]


def test_a_market_that_appears_after_the_off(race: RaceRecord) -> None:
    """What is picked elsewhere in the race is replayed all the same."""
    win, place = sorted(race.markets.values(), key=lambda one: one.market_type, reverse=True)
    after_off = next(one for one in place.definitions if one[2].in_play)
    late = replace(race, markets={win.market_id: win, place.market_id: replace(place, definitions=[after_off])})
    picks = tuple(
        ReplayPick(
            selection_ref=f"pick-{market_id}", market_id=market_id, side=Side.BACK, stake_points=Decimal(1),
            selection_id=win.last.runners[0].selection_id, price_requested=Decimal(2),
        )
        for market_id in late.markets
    )  # fmt: skip
    terms = ReplayTerms(cadence="1m", capture="8h", minimum=MINIMUM_SIZES["GBP"], ports=in_memory)
    with Replayer(POLICY, terms) as replayer:
        (found,) = replayer.replay([DayPicks(london_day(race.off), ((late, picks),))])
    assert [one.selection.market_id for one in found.selections] == [win.market_id]
    (problem,) = found.problems
    told = f"pick pick-{place.market_id}: market {place.market_id} is not recorded before its off: captured at "
    assert problem.text.startswith(told)
