"""What only the served exchange can do: faults on the way, the stream, and the whole program."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from policytrader.adapters.betfair.endpoints import parse_exchange_line, read_exchange_line, with_stream_certificate
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.prices import BetfairPrices
from policytrader.adapters.betfair.stream import StreamFeed, StreamState
from policytrader.adapters.betfair.streamed_prices import StreamedPrices
from policytrader.adapters.betfair.wire import Wire
from policytrader.adapters.exchange_server.server import ExchangeServer
from policytrader.errors import ExchangeError
from policytrader.model.books import MarketFilter
from policytrader.model.orders import Fate, Reaction
from policytrader.model.snapshot import MarketStatus
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from tests.contracts.test_exchange import order
from tests.contracts.worlds import WIN, HostClock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.adapters.betfair.endpoints import ExchangeLine
    from policytrader.model.books import LiveMarket
    from tests.contracts.worlds import ServedWorld


@pytest.fixture
def world() -> Iterator[ServedWorld]:
    with served() as made:
        yield made


@pytest.mark.parametrize(
    ("fault", "bets"),
    [
        ({"fault": "drop_before"}, 0),
        ({"fault": "drop_after"}, 1),
        ({"fault": "5xx"}, 0),
        ({"fault": "5xx", "processed": True}, 1),
        ({"fault": "truncated"}, 1),
        ({"fault": "truncated", "processed": False}, 0),
        ({"fault": "timeout"}, 1),
        ({"fault": "timeout", "processed": False}, 0),
    ],
    ids=str,
)
def test_an_order_whose_answer_is_lost_is_unknown_and_found_by_its_reference(
    fault: dict[str, Any], bets: int, world: ServedWorld
) -> None:
    world.tell(faults=[{"method": "placeOrders", "times": 1, **fault}])
    answer = world.exchange.place(order())
    assert answer.fate is Fate.UNKNOWN
    assert Reaction.RECONCILE in answer.reactions
    found = world.exchange.current_bets(order_refs=["o-1"])
    assert [bet.size_remaining for bet in found] == [Decimal(2)] * bets


def test_an_order_that_shows_late_is_found_late(world: ServedWorld) -> None:
    world.tell(faults=[{"fault": "late_visibility", "method": "placeOrders", "times": 1, "seconds": 15}])
    world.tell(faults=[{"fault": "drop_after", "method": "placeOrders", "times": 1}])
    assert world.exchange.place(order()).fate is Fate.UNKNOWN
    assert world.exchange.current_bets(order_refs=["o-1"]) == ()
    world.advance(15)
    assert len(world.exchange.current_bets(order_refs=["o-1"])) == 1


def test_throttling_is_dead_and_waits(world: ServedWorld) -> None:
    world.tell(faults=[{"fault": "throttling", "method": "placeOrders", "times": 1}])
    answer = world.exchange.place(order())
    assert answer.fate is Fate.DEAD
    assert Reaction.BACK_OFF in answer.reactions
    assert world.exchange.current_bets() == ()


def test_an_expired_session_costs_the_order_and_no_read(world: ServedWorld) -> None:
    world.tell(faults=[{"fault": "session_expiry", "times": 1}])
    assert world.exchange.funds().available == 10_000
    world.tell(faults=[{"fault": "session_expiry", "times": 1}])
    answer = world.exchange.place(order())
    assert answer.fate is Fate.DEAD
    assert answer.reactions == {Reaction.LOG_IN}
    assert world.exchange.place(order()).fate is Fate.SEEN


def test_a_lost_cancel_is_unknown(world: ServedWorld) -> None:
    bet_id = world.exchange.place(order()).bet_id
    assert bet_id is not None
    world.tell(faults=[{"fault": "drop_after", "method": "cancelOrders", "times": 1}])
    (answer,) = world.exchange.cancel(WIN, [bet_id], "c-1")
    assert answer.fate is Fate.UNKNOWN
    assert world.exchange.current_bets()[0].size_cancelled == 2


def test_a_read_that_is_lost_is_no_data(world: ServedWorld) -> None:
    world.tell(faults=[{"fault": "drop_after", "method": "listMarketBook", "times": 1}])
    with pytest.raises(ExchangeError, match="CONNECTION_LOST"):
        world.prices.books([WIN])
    assert len(world.prices.books([WIN])) == 1


# --- The stream -------------------------------------------------------------------------------------------------------


@contextmanager
def race_day() -> Iterator[tuple[Wire, ServedControl]]:
    day = generate_race_day(7, 2)
    simulated = SimulatedExchange(day.now, day.feed())
    server = ExchangeServer(simulated, seed="7")
    server.start()
    try:
        line = with_stream_certificate(parse_exchange_line(json.dumps(server.announcement)))
        with Wire(line.endpoints, line.credentials, HostClock(simulated)) as wire, requests.Session() as http:
            http.trust_env = False
            yield wire, ServedControl(line, http)
    finally:
        server.stop()


class ServedControl:
    """The control of a served race day."""

    def __init__(self, line: ExchangeLine, http: requests.Session) -> None:
        self._line = line
        self._http = http

    def tell(self, **command: Any) -> None:
        assert self._line.control is not None
        answer = self._http.post(self._line.control, data=json.dumps(command), timeout=30)
        assert answer.status_code == 200, answer.text


def test_streamed_books_are_the_books_that_are_read(race_day_wire: tuple[Wire, ServedControl]) -> None:
    wire, control = race_day_wire
    prices = BetfairPrices(wire)
    ids = [market.market_id for market in prices.catalogue(MarketFilter())]
    with StreamFeed(wire, {"marketIds": ids}, heartbeat_milliseconds=500) as stream:
        assert stream.wait_until(StreamState.HEALTHY, 10)
        for seconds in (0, 60, 600, 3600):
            control.tell(advance=seconds)
            read = prices.books(ids)
            # What was published before the read arrives within a heartbeat.
            assert eventually(stream, ids, read)
        control.tell(faults=[{"fault": "stream_503", "times": 1}])
        assert stream.wait_until(StreamState.UNRELIABLE, 10)
        assert stream.wait_until(StreamState.HEALTHY, 10)


def eventually(stream: StreamFeed | StreamedPrices, ids: list[str], read: tuple[LiveMarket, ...]) -> bool:
    pause = threading.Event()
    for _ in range(500):
        if stream.books(ids) == read:
            return True
        pause.wait(0.02)
    return False


def test_streamed_prices_have_the_poll_as_their_net(race_day_wire: tuple[Wire, ServedControl]) -> None:
    wire, control = race_day_wire
    poll = BetfairPrices(wire)
    ids = [market.market_id for market in poll.catalogue(MarketFilter())]
    with StreamedPrices(wire, poll, most_markets=len(ids) - 1) as prices:
        assert prices.wait_for_change(0) is False
        # Nothing came by the stream yet, and the last market has no room in it: all are asked for, none is missing.
        assert [book.market_id for book in prices.books([*ids, "1.9"])] == ids
        assert prices.wait_for_change(10)
        while prices.wait_for_change(0.2):
            pass
        control.tell(advance=60)
        assert prices.wait_for_change(10)
        assert eventually(prices, ids, poll.books(ids))
        assert prices.describe() == f"healthy, 1 of {len(ids)} markets polled: no room"
        assert prices.starting_prices(ids) == {}
        assert prices.catalogue(MarketFilter()) == poll.catalogue(MarketFilter())
        control.tell(faults=[{"fault": "stream_503", "times": 1}])
        for _ in range(500):
            # Whatever the stream is worth at this moment, the books are those of now.
            assert prices.books(ids)[-1] == poll.books(ids)[-1]
            if "unreliable" in prices.describe():
                break
        else:
            pytest.fail("the fault never came")
        assert prices.books(ids) == poll.books(ids)


def test_markets_that_are_over_make_room_in_the_stream(race_day_wire: tuple[Wire, ServedControl]) -> None:
    wire, control = race_day_wire
    poll = BetfairPrices(wire)
    ids = [market.market_id for market in poll.catalogue(MarketFilter())]
    with StreamedPrices(wire, poll, most_markets=len(ids) - 1) as prices:
        prices.books(ids)
        assert "1 of" in prices.describe()
        control.tell(advance=24 * 3600)
        # The stream brings it in its own time.
        give_up = time.monotonic() + 10
        while {book.status for book in prices.books(ids)} != {MarketStatus.CLOSED}:
            assert time.monotonic() < give_up
            time.sleep(0.05)  # noqa: TID251 - a served exchange answers in real time
        prices.books(ids)
        assert "polled" not in prices.describe()


@pytest.fixture
def race_day_wire() -> Iterator[tuple[Wire, ServedControl]]:
    with race_day() as made:
        yield made


# --- The whole program ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_first_line_of_the_program_is_all_that_a_client_needs(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "policytrader",
        "exchange",
        "serve",
        "--race-day",
        "7",
        "--races",
        "1",
        "--speed",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        try:
            assert program.stdout is not None
            file = tmp_path / "exchange.json"
            file.write_text(program.stdout.readline(), encoding="utf-8")
            line = with_stream_certificate(read_exchange_line(file))
            with Wire(line.endpoints, line.credentials, StandingClock(line)) as wire:
                (win, place) = BetfairPrices(wire).catalogue(MarketFilter())
                assert (win.market_type, place.market_type) == ("WIN", "PLACE")
                assert BetfairExchange(wire).funds().available == 10_000
                with StreamFeed(wire, {"marketIds": [win.market_id]}) as stream:
                    assert stream.wait_until(StreamState.HEALTHY, 20)
                    assert stream.books([win.market_id])[0].runners
        finally:
            program.terminate()


class StandingClock:
    """The time at which the exchange stands."""

    def __init__(self, line: ExchangeLine) -> None:
        self._now = line.now

    def now(self) -> Any:
        return self._now

    def wait(self, seconds: float) -> None:
        raise NotImplementedError(seconds)
