"""The protocol of the stream, line by line, over real TLS sockets."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.exchange_server.faults import Fault, FaultKind
from policytrader.errors import UsageError
from tests.exchange_server.stream_world import MARKET, NOW, PATIENCE_SECONDS, World, make_market, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as world:
        world.define(make_market())
        yield world


def test_greets_then_answers_the_authentication_with_the_connections_left(world: World) -> None:
    with world.open_line() as line:
        greeting = line.receive()
        answer = line.ask(op="authentication", id=5, appKey=world.app_key, session=world.token)
    assert greeting["op"] == "connection"
    assert greeting["connectionId"].count("-") == 2
    assert answer == {
        "op": "status",
        "id": 5,
        "statusCode": "SUCCESS",
        "connectionClosed": False,
        "connectionsAvailable": 9,
    }


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"session": "somebody-else"}, "INVALID_SESSION_INFORMATION"),
        ({"session": None}, "NO_SESSION"),
        ({"session": ""}, "NO_SESSION"),
        ({"session": 5}, "INVALID_SESSION_INFORMATION"),
        ({"appKey": None}, "NO_APP_KEY"),
        ({"appKey": "other"}, "INVALID_APP_KEY"),
        ({"appKey": ["other"]}, "INVALID_APP_KEY"),
    ],
)
def test_refuses_a_wrong_login_and_hangs_up(world: World, changed: dict[str, Any], code: str) -> None:
    with world.open_line() as line:
        greeting = line.receive()
        request = {"op": "authentication", "id": 3, "appKey": world.app_key, "session": world.token} | changed
        answer = line.ask(**request)
        assert line.receive() == {}
    assert answer["statusCode"] == "FAILURE"
    assert (answer["id"], answer["errorCode"], answer["connectionClosed"]) == (3, code, True)
    assert answer["connectionId"] == greeting["connectionId"]
    assert answer["errorMessage"]


@pytest.mark.parametrize("op", ["marketSubscription", "orderSubscription", "heartbeat"])
def test_nothing_goes_before_the_authentication(world: World, op: str) -> None:
    with world.open_line() as line:
        line.receive()
        assert line.ask(op=op, id=1)["errorCode"] == "NOT_AUTHORIZED"
        assert line.receive() == {}


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        (b"{nonsense", "INVALID_INPUT"),
        (b"[]", "INVALID_INPUT"),
        (b'{"id": 1}', "INVALID_INPUT"),
        (b'{"op": "heartbeat", "id": "one"}', "INVALID_INPUT"),
        (b'{"op": "bet", "id": 1}', "INVALID_REQUEST"),
        (b'{"op": "authentication", "id": 1}', "INVALID_REQUEST"),
        (b'{"op": "marketSubscription", "marketFilter": {"marketsId": ["1.1"]}}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "marketFilter": {"marketIds": "1.1"}}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "marketFilter": {"bspMarket": 1}}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "marketFilter": []}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "marketDataFilter": {"fields": ["EX_ALL"]}}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "marketDataFilter": {"ladderLevels": "3"}}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "heartbeatMs": "slow"}', "INVALID_INPUT"),
        (b'{"op": "marketSubscription", "clk": "AAAA"}', "INVALID_CLOCK"),
        (b'{"op": "marketSubscription", "clk": "AAAA", "initialClk": "AAAA"}', "INVALID_CLOCK"),
        (b'{"op": "marketSubscription", "clk": "\\u00e9", "initialClk": "*"}', "INVALID_CLOCK"),
        (b'{"op": "orderSubscription", "orderFilter": {"strategies": []}}', "INVALID_INPUT"),
        (b'{"op": "orderSubscription", "clk": "AAAA", "initialClk": "AAAA"}', "INVALID_CLOCK"),
    ],
)
def test_errors_close_the_socket(world: World, request_line: bytes, code: str) -> None:
    with world.log_in() as line:
        line.send_raw(request_line + b"\r\n")
        answer = line.receive()
        assert line.receive() == {}
    assert (answer["errorCode"], answer["connectionClosed"]) == (code, True)


def test_requests_may_come_in_pieces_and_together(world: World) -> None:
    with world.log_in() as line:
        for piece in (
            b'{"op":"heart',
            b'beat","id":7}\r',
            b'\n{"op":"heartbeat","id":8}\r\n{"op":"heartbeat","id":9}\r\n',
        ):
            line.send_raw(piece)
        assert [line.receive() for _ in range(3)] == [
            {"op": "status", "id": number, "statusCode": "SUCCESS", "connectionClosed": False} for number in (7, 8, 9)
        ]


def test_a_request_without_end_is_refused(world: World) -> None:
    with world.log_in() as line:
        line.send_raw(b"x" * (1 << 20) + b"x")
        assert line.receive()["errorCode"] == "INVALID_INPUT"


def test_a_connection_that_says_nothing_is_closed() -> None:
    with open_world(idle_seconds=0.3) as world, world.open_line() as line:
        started = time.monotonic()
        line.receive()
        answer = line.receive()
        assert line.receive() == {}
    assert answer["errorCode"] == "TIMEOUT"
    assert "id" not in answer
    assert answer["errorMessage"] == "Connection is not subscribed and is idle: 300 ms"
    assert 0.25 < time.monotonic() - started < 5


def test_a_subscription_keeps_a_silent_connection() -> None:
    with open_world(idle_seconds=1.2) as world, world.log_in() as line:
        line.send(op="orderSubscription", id=2, heartbeatMs=500)
        kinds = [line.receive().get("ct") for _ in range(5)]
    assert kinds == [None, "SUB_IMAGE", "HEARTBEAT", "HEARTBEAT", "HEARTBEAT"]


def test_eleven_connections_are_one_too_many(world: World) -> None:
    lines = [world.log_in() for _ in range(10)]
    with world.open_line() as line:
        line.receive()
        request = {"op": "authentication", "id": 1, "appKey": world.app_key, "session": world.token}
        assert line.ask(**request)["errorCode"] == "MAX_CONNECTION_LIMIT_EXCEEDED"
        assert line.receive() == {}
    for one in lines:
        one.close()
    deadline = time.monotonic() + 10
    while world.server.connections and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    world.log_in().close()


def test_two_hundred_open_markets_are_the_limit_and_the_socket_stays_open(world: World) -> None:
    for number in range(200):
        world.define(make_market(f"1.2{number:08d}", market_type="PLACE"))
    with world.log_in() as line:
        answer = line.ask(op="marketSubscription", id=2)
        assert (answer["errorCode"], answer["connectionClosed"]) == ("SUBSCRIPTION_LIMIT_EXCEEDED", False)
        assert line.ask(op="heartbeat", id=3)["statusCode"] == "SUCCESS"
        places = {"marketTypes": ["PLACE"]}
        assert line.ask(op="marketSubscription", id=4, marketFilter=places)["statusCode"] == "SUCCESS"
        assert len(line.receive()["mc"]) == 200
        world.define(make_market("1.299999999", market_type="PLACE"))
        late = line.receive()
        assert (late["id"], late["errorCode"]) == (4, "SUBSCRIPTION_LIMIT_EXCEEDED")
        assert line.ask(op="heartbeat", id=5)["id"] == 5


def test_heartbeats_follow_the_wall_and_rates_out_of_bounds_are_moved(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2, heartbeatMs=1, conflateMs=-5)
        line.receive()
        image = line.receive()
        started = time.monotonic()
        beats = [line.receive() for _ in range(3)]
        passed = time.monotonic() - started
    assert (image["heartbeatMs"], image["conflateMs"]) == (500, 0)
    published = int(NOW.timestamp() * 1000)
    assert beats == [{"op": "mcm", "id": 2, "clk": image["clk"], "ct": "HEARTBEAT", "pt": published}] * 3
    assert 1.3 < passed < 6


def test_heartbeats_go_on_while_the_exchange_is_busy(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2, heartbeatMs=500)
        line.receive()
        line.receive()
        with world.host.lock:
            assert [line.receive()["ct"] for _ in range(2)] == ["HEARTBEAT"] * 2


def test_conflation_merges_what_happens_within_its_time(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2, conflateMs=400, marketDataFilter={"fields": ["EX_ALL_OFFERS"]})
        line.receive()
        assert line.receive()["conflateMs"] == 400
        started = time.monotonic()
        for size in ("5", "6", "7"):
            world.quote(back=[("3", size)])
        change = line.receive()
        passed = time.monotonic() - started
        world.quote(back=[("3", "8")])
        alone = line.receive()
    assert change["mc"] == [{"id": MARKET, "rc": [{"id": 101, "atb": [[3.0, 7.0]]}], "con": True}]
    assert alone["mc"] == [{"id": MARKET, "rc": [{"id": 101, "atb": [[3.0, 8.0]]}]}]
    assert passed > 0.2


def test_without_conflation_every_step_is_a_message_of_its_time(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2, marketDataFilter={"fields": ["EX_ALL_OFFERS"]})
        line.receive()
        image = line.receive()
        with world.host.lock:
            for size in ("5", "0", "7"):
                world.advance(1.5)
                world.quote(back=[("3", size)])
        changes = [line.receive() for _ in range(3)]
    assert [change["mc"][0]["rc"][0]["atb"] for change in changes] == [[[3.0, 5.0]], [[3.0, 0]], [[3.0, 7.0]]]
    assert [change["pt"] - image["pt"] for change in changes] == [1500, 3000, 4500]
    assert len({change["clk"] for change in changes}) == 3


def test_a_new_subscription_takes_the_place_of_the_old_one(world: World) -> None:
    world.define(make_market("1.2"))
    with world.log_in() as line:
        for number, market_id in ((2, MARKET), (3, "1.2")):
            line.send(op="marketSubscription", id=number, marketFilter={"marketIds": [market_id]})
            line.receive()
            assert [market["id"] for market in line.receive()["mc"]] == [market_id]
        world.quote(back=[("3", "5")])
        world.quote(back=[("4", "5")], market_id="1.2")
        change = line.receive()
    assert (change["id"], change["mc"][0]["id"]) == (3, "1.2")


def test_both_kinds_of_subscription_share_a_connection(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2)
        line.send(op="orderSubscription", id=3)
        seen = [(line.receive()["op"], line.receive()["op"]) for _ in range(2)]
    assert seen == [("status", "mcm"), ("status", "ocm")]


def test_status_503_while_the_fault_lasts(world: World) -> None:
    with world.log_in() as line:
        line.send(op="marketSubscription", id=2, heartbeatMs=500, marketDataFilter={"fields": ["EX_ALL_OFFERS"]})
        line.receive()
        line.receive()
        world.host.faults.ask([Fault(FaultKind.STREAM_503, times=2)])
        world.quote(back=[("3", "5")])
        messages = [line.receive() for _ in range(3)]
    assert [message.get("status") for message in messages] == [503, 503, None]
    assert messages[0]["mc"][0]["rc"][0]["atb"] == [[3.0, 5.0]]
    assert messages[1]["ct"] == "HEARTBEAT"
    assert world.host.faults.hits() == {"stream_503": 2}


def test_a_session_expiry_fault_refuses_the_next_login(world: World) -> None:
    world.host.faults.ask([Fault(FaultKind.SESSION_EXPIRY)])
    with world.open_line() as line:
        line.receive()
        answer = line.ask(op="authentication", id=1, appKey=world.app_key, session=world.token)
    assert answer["errorCode"] == "INVALID_SESSION_INFORMATION"


def test_stopping_hangs_up_on_everybody_and_frees_the_port(world: World) -> None:
    with world.log_in() as line:
        world.server.stop()
        assert line.receive() == {}
    world.server.stop()
    again = World(port=world.server.address[1])
    again.server.start()
    again.server.stop()


def test_a_port_that_is_taken_is_told(world: World) -> None:
    other = World(port=world.server.address[1])
    with pytest.raises(UsageError, match="choose another port"):
        other.server.start()


def test_a_client_that_went_away_is_forgotten_without_a_word(world: World, caplog: pytest.LogCaptureFixture) -> None:
    released = threading.Event()

    def hold_the_loop() -> None:
        released.wait(PATIENCE_SECONDS)

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        line = world.log_in()
        line.send(op="marketSubscription", id=2, marketDataFilter={"fields": ["EX_ALL_OFFERS"]})
        line.receive()
        line.receive()
        # The loop is busy while the client resets the connection, so that it finds out by writing.
        world.server.call_soon(hold_the_loop)
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
        for size in range(1, 2000):
            world.quote(back=[("3", str(size))])
        released.set()
        world.server.stop()
    assert not world.server.connections
    assert not caplog.records
