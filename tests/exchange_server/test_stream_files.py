"""Raw files of a generated day: played back, they are the day."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.exchange_server.stream_files import StreamFiles
from policytrader.adapters.recordings.playback import read_events
from policytrader.model.price import MIN_PRICE
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.season import Season

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.events import Event
    from policytrader.simulation.exchange import Change
    from policytrader.simulation.race_day import RaceDay

DAY = date(2026, 5, 3)
MOMENT = timedelta(milliseconds=1)
RACES = 6  # a race with a removal from eight runners, one that loses a runner at a short price


@pytest.fixture(scope="module")
def day() -> RaceDay:
    return Season(11, 9, RACES).race_day(DAY)


@pytest.fixture(scope="module")
def files(day: RaceDay, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write(day, tmp_path_factory.mktemp("raw"))


def write(day: RaceDay, folder: Path) -> list[Path]:
    exchange = SimulatedExchange(day.now - MOMENT, day.feed())
    written = StreamFiles(exchange, folder)
    exchange.advance(day.now + timedelta(days=1))
    written.close()
    return written.paths


def shown(definition: MarketDefinition) -> MarketDefinition:
    """What a stream tells of it: no metadata of runners."""
    return replace(definition, runners=tuple(replace(runner, metadata=()) for runner in definition.runners))


def trace(now: Any, feed: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Market -> what it was at the end of each instant at which it changed: definition and books.

    A removal is one step of the exchange, and a message with a definition and ladders when it is played back: what is
    in between at that instant nobody can trade on.
    """
    exchange = SimulatedExchange(now - MOMENT, feed)
    steps: dict[str, list[tuple[Any, ...]]] = {}
    books: dict[str, dict[int, tuple[Any, ...]]] = {}

    def note(change: Change) -> None:
        market = exchange.markets[change.market_id]
        known = books.setdefault(change.market_id, {})
        for selection_id in market.books if change.is_definition else change.selections:
            one = market.books[selection_id]
            before = known.get(selection_id, (None, None))
            # Below every price, a recording has none.
            projected = [
                price if price is not None and price >= MIN_PRICE else known_before
                for price, known_before in zip((one.near, one.far), before, strict=False)
            ]
            levels = (one.back_levels(), one.lay_levels(), one.traded_levels())
            known[selection_id] = (*projected, *levels, one.volume_pennies, one.last_traded)
        found = steps.setdefault(change.market_id, [])
        if found and found[-1][0] == change.at:
            found.pop()
        step = (change.at, shown(market.definition), dict(known))
        if not found or found[-1][1:] != step[1:]:
            found.append(step)

    exchange.subscribe(note)
    exchange.advance(now + timedelta(days=1))
    return steps


def test_a_file_for_each_market_in_the_order_they_appear(day: RaceDay, files: list[Path]) -> None:
    wanted = [market.market_id for race in day.races for market in (race.win, race.place)]
    assert [path.name for path in files] == [f"{market_id}.gz" for market_id in wanted]


def test_played_back_every_step_is_that_of_the_day(day: RaceDay, files: list[Path]) -> None:
    """Times, definitions with names, results and starting prices, ladders, volumes, in each market's order."""
    steps, played = trace(day.now, day.feed()), trace(day.now, read_events(files))
    assert played.keys() == steps.keys()
    for market_id, wanted in steps.items():
        assert len(wanted) > 500
        for step, other in zip(wanted, played[market_id], strict=True):
            assert other == step
    statuses = {runner.status.value for found in played.values() for runner in found[-1][1].runners}
    assert statuses == {"REMOVED", "WINNER", "LOSER"}


def test_lines_are_those_of_a_historical_file(files: list[Path]) -> None:
    first, *rest = [json.loads(line) for line in gzip.decompress(files[0].read_bytes()).splitlines()]
    assert first["op"] == "mcm"
    assert first["mc"][0]["img"] is True
    assert first["mc"][0]["marketDefinition"].keys() >= {"name", "eventName", "marketTime", "runners", "version"}
    assert first["mc"][0]["marketDefinition"]["runners"][0].keys() >= {"id", "name", "sortPriority", "status"}
    for message in rest:
        assert message.keys() == {"op", "clk", "pt", "mc"}
        (change,) = message["mc"]
        assert change["id"] == files[0].name.removesuffix(".gz")
        assert change.keys() <= {"id", "marketDefinition", "rc", "tv"}
        for delta in change.get("rc", ()):
            assert delta.keys() <= {"id", "atb", "atl", "trd", "ltp", "tv", "spn", "spf"}
    assert [message["pt"] for message in rest] == sorted(message["pt"] for message in rest)
    assert rest[-1]["mc"][0]["marketDefinition"]["status"] == "CLOSED"


def test_the_same_day_gives_the_same_bytes(day: RaceDay, files: list[Path], tmp_path: Path) -> None:
    assert [path.read_bytes() for path in write(day, tmp_path)] == [path.read_bytes() for path in files]


def test_what_a_market_had_when_the_day_was_left_is_kept(day: RaceDay, tmp_path: Path) -> None:
    exchange = SimulatedExchange(day.now - MOMENT, day.feed())
    written = StreamFiles(exchange, tmp_path)
    exchange.advance(day.now + timedelta(minutes=5))
    written.close()
    events: list[Event] = list(read_events(written.paths))
    assert events[-1].at <= exchange.now
    assert len(written.paths) == 2 * RACES
    assert sum(len(gzip.decompress(path.read_bytes()).splitlines()) for path in written.paths) == written.messages
