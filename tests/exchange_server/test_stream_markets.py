"""Markets through the real client library: images, deltas, coming back, and a client that does not keep up."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from betfairlightweight import StreamListener
from betfairlightweight.exceptions import ListenerError, SocketError

from policytrader.adapters.exchange_server.faults import Fault, FaultKind
from policytrader.adapters.exchange_server.stream_market import MarketJournal
from policytrader.adapters.exchange_server.stream_subscriptions import MarketSubscription
from policytrader.model.price import PRICES
from policytrader.model.snapshot import MarketStatus
from tests.exchange_server.stream_world import (
    CLIENT_WARNINGS,
    EVERYTHING,
    MARKET,
    RUNNER,
    LibraryClient,
    World,
    make_market,
    open_world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = CLIENT_WARNINGS


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as world:
        world.define(make_market())
        yield world


def shown(runner: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    return {side: [(level["price"], level["size"]) for level in ladder] for side, ladder in runner["ex"].items()}


def first_runner(client: LibraryClient) -> dict[str, Any]:
    runner: dict[str, Any] = client.books()[MARKET]["runners"][0]
    return runner


def test_an_image_then_differences_give_the_book(world: World) -> None:
    world.quote([("3", "10"), ("2.98", "20.5")], [("3.1", "7")], [("3", "40")], last_traded=Decimal(3))
    client = LibraryClient(world).markets()
    image = client.wait_for(1)[0]
    assert (image["ct"], image["mc"][0]["img"]) == ("SUB_IMAGE", True)
    book = client.books()[MARKET]
    assert (book["status"], book["version"], book["totalMatched"]) == ("OPEN", 1, 40.0)
    assert shown(first_runner(client)) == {
        "availableToBack": [(3.0, 10.0), (2.98, 20.5)],
        "availableToLay": [(3.1, 7.0)],
        "tradedVolume": [(3.0, 40.0)],
    }
    assert first_runner(client)["lastPriceTraded"] == 3.0

    world.quote([("3", "0"), ("2.96", "1")], [("3.05", "2")], [("3.05", "6")], last_traded=Decimal("3.05"))
    change = client.wait_for(2)[1]
    (market,) = change["mc"]
    (runner,) = market.pop("rc")
    assert market == {"id": MARKET, "tv": 46.0}
    assert {key: sorted(value) if isinstance(value, list) else value for key, value in runner.items()} == {
        "id": RUNNER,
        "atb": [[2.96, 1.0], [3.0, 0]],
        "atl": [[3.05, 2.0]],
        "batb": [[0, 2.98, 20.5], [1, 2.96, 1.0]],
        "batl": [[0, 3.05, 2.0], [1, 3.1, 7.0]],
        "trd": [[3.05, 6.0]],
        "ltp": 3.05,
        "tv": 46.0,
    }
    assert shown(first_runner(client))["availableToBack"] == [(2.98, 20.5), (2.96, 1.0)]


def test_best_prices_come_by_level_down_to_the_depth_asked_for(world: World) -> None:
    world.quote([("3", "1"), ("2.9", "2"), ("2.8", "3"), ("2.7", "4")])
    client = LibraryClient(world).markets(["EX_BEST_OFFERS", "EX_MARKET_DEF"], depth=2)
    assert shown(first_runner(client))["availableToBack"] == [(3.0, 1.0), (2.9, 2.0)]
    world.quote([("2.9", "0")])
    world.quote([("2.5", "9")])
    world.quote([("3", "0"), ("2.8", "0"), ("2.7", "0")])
    changes = [change["mc"][0]["rc"][0]["batb"] for change in client.wait_for(4)[1:]]
    assert changes == [[[1, 2.8, 3.0]], [], [[0, 2.5, 9.0], [1, 0, 0]]]
    assert shown(first_runner(client))["availableToBack"] == [(2.5, 9.0)]


def test_a_market_that_appears_comes_as_an_image_of_its_own(world: World) -> None:
    client = LibraryClient(world).markets(market_filter={"marketTypes": ["WIN"]})
    world.define(make_market("1.3", market_type="PLACE"))
    world.define(make_market("1.2"))
    change = client.wait_for(2)[1]
    assert [(market["id"], market["img"]) for market in change["mc"]] == [("1.2", True)]
    assert sorted(client.books()) == [MARKET, "1.2"]


@pytest.mark.parametrize(
    ("market_filter", "found"),
    [
        ({}, {MARKET, "1.2"}),
        ({"marketIds": ["1.2"]}, {"1.2"}),
        ({"eventIds": ["9"]}, {"1.2"}),
        ({"eventTypeIds": ["7"]}, {MARKET}),
        ({"marketTypes": ["WIN"], "venues": []}, {MARKET, "1.2"}),
        ({"venues": ["York"]}, {"1.2"}),
        ({"countryCodes": ["IE"]}, {"1.2"}),
        ({"raceTypes": ["Flat"]}, {"1.2"}),
        ({"bspMarket": True}, {MARKET}),
        ({"turnInPlayEnabled": False}, {"1.2"}),
        ({"bettingTypes": ["LINE"]}, set()),
        ({"marketIds": ["1.2"], "venues": ["Ascot"]}, set()),
    ],
)
def test_filters(world: World, market_filter: dict[str, Any], found: set[str]) -> None:
    other = {"event_id": "9", "event_type_id": "4339", "venue": "York", "country_code": "IE", "race_type": "Flat"}
    world.define(make_market("1.2", is_bsp=False, turns_in_play=False, **other))
    client = LibraryClient(world).markets(market_filter=market_filter)
    client.wait_for(1)
    assert set(client.books()) == found


def test_a_wrong_token_is_refused_and_the_library_says_so(world: World) -> None:
    client = LibraryClient(world, token="nobody's")  # noqa: S106 - what is tested
    with pytest.raises((ListenerError, SocketError)):
        client.markets()


def test_the_definition_tells_suspension_removal_and_result(world: World) -> None:
    client = LibraryClient(world).markets()
    with world.host.lock:
        world.exchange.withdraw(MARKET, RUNNER, Decimal("30.01"))
    client.catch_up()
    seen = [
        (definition["status"], definition["runners"][0]["status"], definition["numberOfActiveRunners"])
        for change in client.changes()
        for market in change["mc"]
        if (definition := market.get("marketDefinition"))
    ]
    assert seen[0] == ("OPEN", "ACTIVE", 4)
    assert ("SUSPENDED", "ACTIVE", 4) in seen
    assert ("SUSPENDED", "REMOVED", 3) in seen
    assert seen[-1] == ("OPEN", "REMOVED", 3)
    versions = [change["mc"][0]["marketDefinition"]["version"] for change in client.changes() if "mc" in change]
    assert versions == sorted(versions)
    assert versions[0] < versions[-1]
    assert first_runner(client)["adjustmentFactor"] == 30.01
    world.define(make_market(version=99, status=MarketStatus.CLOSED))
    client.catch_up()
    assert client.books()[MARKET]["status"] == "CLOSED"


def test_a_client_that_was_cut_off_goes_on_where_it_was(world: World) -> None:
    world.quote([("3", "10"), ("2.9", "5")], last_traded=Decimal(3))
    first = LibraryClient(world).markets()
    first.catch_up()
    clocks = {"initial_clk": first.listener.initial_clk, "clk": first.listener.clk}
    first.stop()
    world.quote([("3", "0"), ("2.8", "7")])
    world.quote([("5", "1")], selection_id=102)
    world.define(make_market("1.2"))

    again = LibraryClient(world)
    again.listener.register_stream(2, "marketSubscription")
    again.listener.stream._caches = first.listener.stream._caches
    again.markets(**clocks)
    change = again.wait_for(1)[0]
    assert change["ct"] == "RESUB_DELTA"
    by_id = {market["id"]: market for market in change["mc"]}
    assert by_id["1.2"]["img"] is True
    assert "img" not in by_id[MARKET]
    assert "marketDefinition" not in by_id[MARKET]
    assert by_id[MARKET]["con"] is True
    assert sorted(by_id[MARKET]["rc"][0]["atb"]) == [[2.8, 7.0], [3.0, 0]]
    assert "ltp" not in by_id[MARKET]["rc"][0]
    assert shown(first_runner(again))["availableToBack"] == [(2.9, 5.0), (2.8, 7.0)]
    world.quote([("2.7", "3")])
    assert again.wait_for(2)[1]["mc"][0]["rc"][0]["atb"] == [[2.7, 3.0]]


def test_a_client_that_missed_nothing_is_told_so(world: World) -> None:
    first = LibraryClient(world).markets()
    first.catch_up()
    again = LibraryClient(world)
    again.listener.register_stream(2, "marketSubscription")
    again.markets(initial_clk=first.listener.initial_clk, clk=first.listener.clk)
    assert "mc" not in again.wait_for(1)[0]


@pytest.mark.parametrize("changed", ["filter", "server", "future"])
def test_clocks_of_something_else_are_refused(world: World, changed: str) -> None:
    first = LibraryClient(world).markets()
    clocks = {"initialClk": first.listener.initial_clk, "clk": first.listener.clk}
    filters = {"marketDataFilter": {"fields": EVERYTHING, "ladderLevels": 3}}
    with open_world() as other:
        asked = other if changed == "server" else world
        if changed == "filter":
            filters = {"marketDataFilter": {"fields": EVERYTHING, "ladderLevels": 4}}
        if changed == "future":
            for size in ("1", "2"):
                world.quote([("3", size)])
            first.catch_up()
            clocks["clk"] = first.listener.clk
            world.server.markets.step = 1
        with asked.log_in() as line:
            answer = line.ask(op="marketSubscription", id=2, marketFilter={}, **filters, **clocks)
            assert (answer["errorCode"], answer["connectionClosed"]) == ("INVALID_CLOCK", True)


def test_status_503_reaches_the_library_and_passes(world: World) -> None:
    client = LibraryClient(world).markets()
    world.host.faults.ask([Fault(FaultKind.STREAM_503)])
    world.quote([("3", "1")])
    world.quote([("3", "2")])
    client.catch_up()
    assert [change.get("status") for change in client.changes()] == [None, 503, None]
    assert shown(first_runner(client))["availableToBack"] == [(3.0, 2.0)]


def test_a_client_that_does_not_read_costs_no_memory_and_gets_the_sum_of_it() -> None:
    chance = random.Random(5)  # noqa: S311 - repeatable
    with open_world(backlog_bytes=1 << 14) as world:
        world.define(make_market())
        with world.log_in(receive_buffer=4096) as line:
            line.send(op="marketSubscription", id=2, marketDataFilter={"fields": ["EX_ALL_OFFERS"]})
            line.receive()
            line.receive()
            (connection,) = world.server.connections
            for _ in range(30_000):
                world.quote([(str(chance.choice(PRICES)), str(chance.randint(0, 900)))])
                assert connection._outbox.size_bytes < 1 << 15
            book: dict[float, float] = {}
            messages = conflated = 0
            expected = {
                float(price): float(size)
                for price, size in world.exchange.markets[MARKET].books[RUNNER].available_to_back()
            }
            while book != expected:
                change = line.receive()["mc"][0]
                messages += 1
                conflated += change.get("con", False)
                book = {price: size for price, size in (book | dict(change["rc"][0]["atb"])).items() if size}
            # Having caught up, it hears of every step again.
            with world.host.lock:
                for size in ("1200", "1300", "1400"):
                    world.quote([("3", size)])
            steps = [line.receive()["mc"] for _ in range(3)]
            assert steps == [
                [{"id": MARKET, "rc": [{"id": RUNNER, "atb": [[3.0, size]]}]}] for size in (1200.0, 1300.0, 1400.0)
            ]
    assert conflated >= 1
    assert messages < 29_000


@pytest.mark.parametrize("seed", range(5))
def test_however_often_a_subscription_is_served_it_ends_with_the_same_book(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable
    world = World()
    world.define(make_market())
    journal = MarketJournal(world.exchange.markets)
    request = {"id": 1, "marketDataFilter": {"fields": EVERYTHING, "ladderLevels": 10}}
    subscriptions = [MarketSubscription("here", request, journal) for _ in range(3)]
    listeners = [make_listener() for _ in subscriptions]

    def deliver(index: int, message: dict[str, Any] | None) -> None:
        if message:
            listeners[index].on_data(_text(message | {"pt": 1}))

    for index, one in enumerate(subscriptions):
        deliver(index, one.start())

    def heard(change: Any) -> None:
        journal.note(change)
        for one in subscriptions:
            one.note(change)
        deliver(0, subscriptions[0].take(is_step_over=False))
        if chance.random() < 0.2:
            deliver(1, subscriptions[1].take(is_step_over=False))
        if chance.random() < 0.05:
            clocks = {"initialClk": listeners[2].initial_clk, "clk": listeners[2].clk}
            subscriptions[2] = MarketSubscription("here", request | clocks, journal)
            deliver(2, subscriptions[2].start())

    world.exchange.subscribe(heard)
    for number in range(400):
        sides = [
            [(str(chance.choice(PRICES[60:90])), str(chance.randint(0, 3))) for _ in range(chance.randint(0, 3))]
            for _ in range(3)
        ]
        world.quote(*sides, selection_id=chance.randint(101, 104), replaces=chance.random() < 0.1)
        if number % 100 == 50:
            world.define(make_market(version=number))
        assert listeners[0].snap()[0]["runners"] == fresh(journal)
    deliver(1, subscriptions[1].take(is_step_over=False))
    clocks = {"initialClk": listeners[2].initial_clk, "clk": listeners[2].clk}
    deliver(2, MarketSubscription("here", request | clocks, journal).start())
    assert [listener.snap()[0]["runners"] for listener in listeners] == [fresh(journal)] * 3


def make_listener() -> StreamListener:
    listener = StreamListener(max_latency=None, lightweight=True)
    listener.register_stream(1, "marketSubscription")
    return listener


def fresh(journal: MarketJournal) -> list[dict[str, Any]]:
    """What a new client sees."""
    listener = make_listener()
    request = {"id": 1, "marketDataFilter": {"fields": EVERYTHING, "ladderLevels": 10}}
    listener.on_data(_text(MarketSubscription("here", request, journal).start() | {"pt": 1}))
    runners: list[dict[str, Any]] = listener.snap()[0]["runners"]
    return runners


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message)
