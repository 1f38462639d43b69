"""The account's orders through the real client library, from placing to the removal of a runner."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.bets import OrderType, Persistence
from policytrader.model.snapshot import MarketStatus, Side
from policytrader.simulation.reports import CancelInstruction, PlaceInstruction
from tests.exchange_server.stream_world import (
    CLIENT_WARNINGS,
    MARKET,
    NOW,
    RUNNER,
    LibraryClient,
    World,
    make_market,
    open_world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = CLIENT_WARNINGS
NOW_MILLISECONDS = int(NOW.timestamp() * 1000)


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as world:
        world.define(make_market())
        yield world


def place(world: World, side: Side, size: str, price: str, *, selection_id: int = RUNNER, **more: Any) -> str:
    instruction = PlaceInstruction(
        selection_id=selection_id,
        side=side,
        order_type=OrderType.LIMIT,
        size=Decimal(size),
        price=Decimal(price),
        persistence=Persistence.LAPSE,
        order_ref=more.pop("order_ref", "order-1"),
    )
    with world.host.lock:
        report = world.exchange.place(MARKET, [instruction], **more)
    (result,) = report.results
    assert result.bet_id is not None, report
    return result.bet_id


def orders(client: LibraryClient) -> dict[str, dict[str, Any]]:
    return {order["betId"]: order for book in client.listener.snap() for order in book["currentOrders"]}


def runner_changes(client: LibraryClient, key: str = "uo") -> list[Any]:
    return [
        runner[key]
        for change in client.changes()
        for market in change.get("oc", ())
        for runner in market.get("orc", ())
        if key in runner
    ]


def test_an_order_from_placing_to_its_end(world: World) -> None:
    world.quote(lay=[("3.5", "100")], back=[("3", "4")])
    client = LibraryClient(world).orders()
    assert client.wait_for(1)[0]["oc"] == []
    bet_id = place(world, Side.BACK, "10", "3", strategy_ref="mine")
    client.catch_up()
    placed = client.changes()[1]
    assert placed["oc"] == [
        {
            "id": MARKET,
            "fullImage": True,
            "orc": [
                {
                    "fullImage": True,
                    "id": RUNNER,
                    "uo": [
                        {
                            "id": bet_id,
                            "p": 3.0,
                            "s": 10.0,
                            "side": "B",
                            "status": "E",
                            "pt": "L",
                            "ot": "L",
                            "pd": NOW_MILLISECONDS,
                            "md": NOW_MILLISECONDS,
                            "avp": 3.0,
                            "sm": 4.0,
                            "sr": 6.0,
                            "sl": 0.0,
                            "sc": 0.0,
                            "sv": 0.0,
                            "rac": "",
                            "rc": "REG_GGC",
                            "rfo": "order-1",
                            "rfs": "mine",
                        }
                    ],
                    "mb": [[3.0, 4.0]],
                }
            ],
        }
    ]
    world.advance(5)
    with world.host.lock:
        world.exchange.cancel(MARKET, [CancelInstruction(bet_id, Decimal(2))])
        world.exchange.cancel(MARKET, [CancelInstruction(bet_id)])
    client.catch_up()
    seen = [(order["status"], order["sm"], order["sr"], order["sc"]) for (order,) in runner_changes(client)]
    assert seen == [("E", 4.0, 6.0, 0.0), ("E", 4.0, 4.0, 2.0), ("EC", 4.0, 0.0, 6.0)]
    order = orders(client)[bet_id]
    assert (order["status"], order["sizeCancelled"], order["customerOrderRef"]) == (
        "EXECUTION_COMPLETE",
        6.0,
        "order-1",
    )
    assert order["cancelledDate"] == "2026-05-02T12:00:05.000000Z"
    assert runner_changes(client, "mb") == [[[3.0, 4.0]]]


def test_the_image_has_what_is_open_and_the_whole_position(world: World) -> None:
    world.quote(back=[("3", "10")])
    done = place(world, Side.BACK, "10", "3")
    open_bet = place(world, Side.BACK, "5", "4", selection_id=102)
    client = LibraryClient(world).orders()
    (market,) = client.wait_for(1)[0]["oc"]
    assert market["fullImage"] is True
    by_runner = {runner["id"]: runner for runner in market["orc"]}
    assert (by_runner[RUNNER], done) == ({"fullImage": True, "id": RUNNER, "mb": [[3.0, 10.0]]}, done)
    assert [order["id"] for order in by_runner[102]["uo"]] == [open_bet]
    assert set(orders(client)) == {open_bet}


def test_a_removal_lowers_prices_voids_and_lapses(world: World) -> None:
    world.quote(back=[("10", "2")])
    world.quote(back=[("4", "2")], selection_id=102)
    kept = place(world, Side.BACK, "2", "10", order_ref="kept")
    void = place(world, Side.BACK, "2", "4", selection_id=102, order_ref="void")
    lay = place(world, Side.LAY, "5", "2", order_ref="lay")
    lapsed = place(world, Side.BACK, "5", "900", selection_id=102, order_ref="lapsed")
    client = LibraryClient(world).orders()
    client.wait_for(1)
    world.advance(1)
    with world.host.lock:
        world.exchange.withdraw(MARKET, 102, Decimal("30.01"))
    client.catch_up()
    found = orders(client)
    assert (found[kept]["averagePriceMatched"], found[kept]["sizeMatched"]) == (7.0, 2.0)
    assert (found[void]["sizeMatched"], found[void]["sizeVoided"]) == (0.0, 2.0)
    assert (found[lay]["status"], found[lay]["sizeRemaining"]) == ("EXECUTION_COMPLETE", 0.0)
    assert found[lapsed]["sizeLapsed"] == 5.0
    assert found[lapsed]["lapsedDate"] is not None
    matched = [sorted(levels) for levels in runner_changes(client, "mb")]
    assert [[7.0, 2.0], [10.0, 0]] in matched
    assert [[4.0, 0]] in matched


def test_strategies_filter_orders_and_split_positions(world: World) -> None:
    world.quote(back=[("3", "4")])
    place(world, Side.BACK, "2", "3", strategy_ref="one")
    place(world, Side.BACK, "1", "3", strategy_ref="two")
    kept = place(world, Side.BACK, "5", "6", strategy_ref="one")
    place(world, Side.BACK, "5", "7", strategy_ref="two")
    place(world, Side.BACK, "5", "8")
    client = LibraryClient(world).orders(
        {"customerStrategyRefs": ["one"], "partitionMatchedByStrategyRef": True, "includeOverallPosition": True}
    )
    ((runner,),) = [market["orc"] for market in client.wait_for(1)[0]["oc"]]
    assert [order["id"] for order in runner["uo"]] == [kept]
    assert runner["mb"] == [[3.0, 3.0]]
    assert runner["smc"] == {"one": {"mb": [[3.0, 2.0]]}}
    place(world, Side.BACK, "1", "3", strategy_ref="two")
    place(world, Side.BACK, "5", "9", strategy_ref="one")
    client.catch_up()
    assert [[order["rfs"] for order in batch] for batch in runner_changes(client)] == [["one"], ["one"]]
    assert runner_changes(client, "mb") == [[[3.0, 3.0]], [[3.0, 4.0]]]

    bare = LibraryClient(world).orders({"includeOverallPosition": False})
    ((runner,),) = [market["orc"] for market in bare.wait_for(1)[0]["oc"]]
    assert sorted(runner) == ["fullImage", "id", "uo"]


def test_a_client_that_was_cut_off_hears_of_what_ended_meanwhile(world: World) -> None:
    old = place(world, Side.BACK, "5", "6", order_ref="old")
    still = place(world, Side.BACK, "5", "7", order_ref="still")
    first = LibraryClient(world).orders()
    first.wait_for(1)
    clocks = {"initial_clk": first.listener.initial_clk, "clk": first.listener.clk}
    first.stop()
    with world.host.lock:
        world.exchange.cancel(MARKET, [CancelInstruction(old)])
    new = place(world, Side.BACK, "5", "8", order_ref="new")
    again = LibraryClient(world)
    again.listener.register_stream(2, "orderSubscription")
    again.orders(**clocks)
    change = again.wait_for(1)[0]
    assert change["ct"] == "RESUB_DELTA"
    ((runner,),) = [market["orc"] for market in change["oc"]]
    assert {order["id"]: order["status"] for order in runner["uo"]} == {old: "EC", new: "E"}
    assert still not in {order["id"] for order in runner["uo"]}


def test_a_closed_market_says_so_and_its_rest_lapses(world: World) -> None:
    bet_id = place(world, Side.BACK, "5", "6")
    client = LibraryClient(world).orders()
    world.define(make_market(version=2, status=MarketStatus.CLOSED))
    client.catch_up()
    assert client.changes()[-1]["oc"][0]["closed"] is True
    assert orders(client)[bet_id]["sizeLapsed"] == 5.0


def test_a_bet_that_a_fault_keeps_back_comes_when_its_time_has_passed(world: World) -> None:
    client = LibraryClient(world).orders()
    with world.host.lock:
        bet_id = place(world, Side.BACK, "5", "6")
        # As the server of orders does, before anybody else gets the lock; the stream has heard of the bet already.
        world.host.hide(bet_id, timedelta(seconds=10))
    shown = place(world, Side.BACK, "5", "7", order_ref="shown")
    client.wait(lambda: shown in orders(client))
    assert bet_id not in orders(client)
    world.advance(10)
    client.wait(lambda: bet_id in orders(client))
