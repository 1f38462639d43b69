"""The promise of a replay: its orders are those of the daemon on the simulated exchange, tick for tick."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from policytrader import load_policy
from policytrader.adapters.recordings.playback import read_events
from policytrader.app.world import HORSE_RACING
from policytrader.model.times import LONDON
from policytrader.resources import resource
from policytrader.simulation.events import Redefine
from policytrader.simulation.race_day import generate_race_day
from tests.app.replay.recorded_day import RecordedDay, Traded

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.simulation.events import Event

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
