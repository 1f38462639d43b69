"""The stream: whom it talks to, and when its books may be relied on."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair import stream as stream_module
from policytrader.adapters.betfair import tls_stream
from policytrader.adapters.betfair.parsing import parse_book
from policytrader.adapters.betfair.stream import StreamFeed, StreamHealth, StreamState
from policytrader.errors import ExchangeError
from policytrader.model.orders import Reaction
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from tests.adapters.betfair.scripted_stream import (
    Certificate,
    Client,
    ScriptedStream,
    beat,
    image,
    make_certificate,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.books import LiveMarket
    from tests.adapters.betfair.scripted import Scripted

MARKETS = {"marketIds": ["1.234"]}
SECONDS = 10


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), "127.0.0.1")


def feed(wire: Wire, server: ScriptedStream, *, pem: str | None = None, heartbeat: int = 2000) -> StreamFeed:
    wire.endpoints = replace(
        wire.endpoints, stream_port=server.port, certificate_pem=server.certificate.pem if pem is None else pem or None
    )
    return StreamFeed(wire, MARKETS, heartbeat_milliseconds=heartbeat, pause_seconds=0.01)


class Steps:
    """A connection that goes on when the test says so."""

    def __init__(self) -> None:
        self._next = threading.Semaphore(0)

    def go(self) -> None:
        self._next.release()

    def wait(self) -> None:
        assert self._next.acquire(timeout=SECONDS)


def hang(client: Client) -> None:
    """Until the other side hangs up."""
    while True:
        client.hear()


# --- Whom it talks to -------------------------------------------------------------------------------------------------


def refused(wire: Wire, server: ScriptedStream, pem: str) -> str:
    with server, feed(wire, server, pem=pem) as stream:
        assert stream.wait_until(StreamState.STOPPED, SECONDS)
        health = stream.health()
        assert health.reactions == {Reaction.STOP}
        with pytest.raises(ExchangeError, match="certificate"):
            stream.books(["1.234"])
    assert (server.connections, server.handshakes) == (1, 0), "something was said before the certificate was checked"
    return health.reason


def never(client: Client, _: int) -> None:
    message = f"the client authenticated: {client.hear()}"
    raise AssertionError(message)


def test_an_unknown_issuer_is_told_nothing(wire: Wire, certificate: Certificate) -> None:
    assert "self-signed certificate" in refused(wire, ScriptedStream(certificate, never), pem="")


def test_another_issuer_is_told_nothing(wire: Wire, certificate: Certificate, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "127.0.0.1")
    assert refused(wire, ScriptedStream(certificate, never), pem=other.pem)


def test_another_name_is_told_nothing(wire: Wire, tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "stream-api.example.com")
    assert "mismatch" in refused(wire, ScriptedStream(other, never), pem=other.pem).lower()


def test_the_right_one_is_told_app_key_and_token(
    wire: Wire, certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[dict[str, Any]] = []

    def behave(client: Client, _: int) -> None:
        client.say({"op": "connection", "connectionId": "001"})
        heard.append(client.hear())
        client.say({"op": "status", "id": heard[0]["id"], "statusCode": "SUCCESS", "connectionClosed": False})
        heard.append(client.hear())
        client.say(image(heard[1]))
        hang(client)

    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
    assert heard[0] == {
        "op": "authentication",
        "id": heard[0]["id"],
        "appKey": "app-key-1",
        "session": "token-1-of-a-session",
    }
    assert heard[1]["marketDataFilter"] == {
        "fields": ["EX_MARKET_DEF", "EX_BEST_OFFERS", "EX_LTP"],
        "ladderLevels": 3,
    }
    assert (heard[1]["heartbeatMs"], heard[1]["initialClk"], heard[1]["clk"]) == (2000, None, None)
    assert "token-1-of-a-session" not in caplog.text
    assert "app-key-1" not in caplog.text


# --- When its books may be relied on ----------------------------------------------------------------------------------


def test_books_follow_the_stream(wire: Wire, certificate: Certificate) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        client.say(image(subscription))
        steps.wait()
        update = {"op": "mcm", "id": subscription["id"], "clk": "x", "pt": 1777726802000}
        client.say(update | {"mc": [{"id": "1.234", "rc": [{"id": 11, "batb": [[0, 3.0, 1.25]]}]}]})
        client.say(beat(subscription, 1777726809000))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        (book,) = stream.books(["1.234", "1.999", "1.234"])
        assert (book.market_id, book.status, book.version) == ("1.234", MarketStatus.OPEN, 5)
        assert book.runners[0].back == ((Decimal("3.05"), Decimal("10.5")),)
        assert book.runners[0].adjustment_factor == Decimal("12.5")
        steps.go()
        later = datetime(2026, 5, 2, 13, 0, 9, tzinfo=UTC)
        wait_for(stream, lambda: stream.books(["1.234"])[0].published_at == later)
        assert stream.books(["1.234"])[0].runners[0].back == ((Decimal(3), Decimal("1.25")),)
        assert stream.books([]) == ()


def test_only_books_that_changed_are_parsed(
    wire: Wire, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands is as of the last message all the same; and what changed, changed in every way."""
    parsed: list[str] = []
    steps = Steps()

    def noted(node: Any, *args: Any, **named: Any) -> Any:
        parsed.append(node.values["marketId"])
        return parse_book(node, *args, **named)

    monkeypatch.setattr(stream_module, "parse_book", noted)

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        whole = image(subscription)
        whole["mc"].append(whole["mc"][0] | {"id": "1.999"})
        client.say(whole)
        update = {"op": "mcm", "id": subscription["id"], "clk": "x"}
        definition = whole["mc"][0]["marketDefinition"]
        gone = {"id": 11, "status": "REMOVED", "adjustmentFactor": 1}
        for seconds, change in enumerate(
            (
                {"rc": [{"id": 11, "batb": [[0, 3.0, 1.25]]}]},
                {"marketDefinition": definition | {"status": "SUSPENDED"}},
                {"marketDefinition": definition | {"runners": [gone]}},
            ),
            1,
        ):
            steps.wait()
            client.say(update | {"pt": 1777726800000 + 1000 * seconds, "mc": [{"id": "1.999"} | change]})
        steps.wait()
        client.say(beat(subscription, 1777726809000))
        steps.wait()
        other = image(subscription)
        other["mc"][0] = other["mc"][0] | {"id": "1.999"}
        client.say(other | {"pt": 1777726810000})
        hang(client)

    both = ["1.234", "1.999"]
    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:

        def after(published_at: int) -> list[LiveMarket]:
            steps.go()
            moment = datetime(2026, 5, 2, 13, 0, published_at, tzinfo=UTC)
            wait_for(stream, lambda: all(book.published_at == moment for book in stream.books(["1.234"])))
            return list(stream.books(both))

        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        first = stream.books(both)
        assert stream.books(both) == first
        assert parsed == both
        assert after(1)[1].runners[0].back == ((Decimal(3), Decimal("1.25")),)
        assert after(2)[1].status is MarketStatus.SUSPENDED
        assert after(3)[1].runners[0].status is RunnerStatus.REMOVED
        unchanged, _ = after(9)
        assert unchanged == replace(first[0], published_at=datetime(2026, 5, 2, 13, 0, 9, tzinfo=UTC))
        assert parsed == [*both, "1.999", "1.999", "1.999"]
        assert [book.market_id for book in after(10)] == ["1.999"]


def test_a_change_while_books_are_parsed_counts(
    wire: Wire, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        client.say(image(subscription))
        steps.wait()
        update = {"op": "mcm", "id": subscription["id"], "clk": "x", "pt": 1777726802000}
        client.say(update | {"mc": [{"id": "1.234", "rc": [{"id": 11, "batb": [[0, 3.0, 1.25]]}]}]})
        hang(client)

    def meanwhile(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(stream_module, "parse_book", parse_book)
        steps.go()
        assert stream.wait_for_change(1, SECONDS) == 2
        return parse_book(*args, **named)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        monkeypatch.setattr(stream_module, "parse_book", meanwhile)
        assert stream.books(["1.234"])[0].runners[0].back[0].price == Decimal("3.05")
        assert stream.books(["1.234"])[0].runners[0].back[0].price == Decimal(3)


def wait_for(stream: StreamFeed, is_so: Callable[[], bool]) -> None:
    """Look again after each message."""
    deadline = threading.Event()
    for _ in range(SECONDS * 100):
        if is_so():
            return
        deadline.wait(0.01)
    message = f"it did not happen: {stream.health()}"
    raise AssertionError(message)


def test_a_status_503_makes_it_unreliable_until_it_clears(wire: Wire, certificate: Certificate) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        client.say(image(subscription))
        steps.wait()
        client.say(beat(subscription, status=503))
        steps.wait()
        client.say(beat(subscription))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        steps.go()
        assert stream.wait_until(StreamState.UNRELIABLE, SECONDS)
        with pytest.raises(ExchangeError, match="status 503"):
            stream.books(["1.234"])
        steps.go()
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert len(stream.books(["1.234"])) == 1
        assert server.connections == 1, "it hung up over a 503"


def test_an_image_that_comes_with_a_503_is_unreliable(wire: Wire, certificate: Certificate) -> None:
    def behave(client: Client, _: int) -> None:
        client.say(image(client.greet(), status=503))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.UNRELIABLE, SECONDS)


def test_silence_ends_the_connection_and_the_next_one_goes_on_from_there(wire: Wire, certificate: Certificate) -> None:
    subscriptions: list[dict[str, Any]] = []
    steps = Steps()

    def behave(client: Client, number: int) -> None:
        subscriptions.append(client.greet())
        if number == 0:
            client.say(image(subscriptions[0]))
            client.say(beat(subscriptions[0]))
            hang(client)  # not another word
        steps.wait()
        delta = image(subscriptions[1], price=2.5, ct="RESUB_DELTA")
        del delta["mc"][0]["img"], delta["mc"][0]["marketDefinition"]
        client.say(delta)
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server, heartbeat=100) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        wait_for(stream, lambda: len(subscriptions) == 2)
        assert not stream.health().is_healthy
        with pytest.raises(ExchangeError):
            stream.books(["1.234"])
        steps.go()
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert stream.books(["1.234"])[0].runners[0].back[0].price == Decimal("2.5")
    assert (subscriptions[1]["initialClk"], subscriptions[1]["clk"]) == ("initial", "beat")


def test_silence_shows_before_the_socket_notices(wire: Wire, certificate: Certificate) -> None:
    def behave(client: Client, _: int) -> None:
        client.say(image(client.greet()))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        stream._heard_at -= 3600
        assert stream.health().state is StreamState.SILENT
        with pytest.raises(ExchangeError, match="nothing for 4 s"):
            stream.books(["1.234"])


@pytest.mark.parametrize(
    "junk", [b"{\r\n", b"[]\r\n", b'{"op": "news"}\r\n', b'{"op": "mcm", "id": 1, "ct": "UPDATE"}\r\n']
)
def test_a_message_that_makes_no_sense_means_a_whole_image(junk: bytes, wire: Wire, certificate: Certificate) -> None:
    subscriptions: list[dict[str, Any]] = []

    def behave(client: Client, number: int) -> None:
        subscriptions.append(client.greet())
        client.say(image(subscriptions[-1], price=3.05 if number == 0 else 2.5))
        if number == 0:
            client.say_bytes(junk)
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        wait_for(stream, lambda: len(subscriptions) == 2)
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert stream.books(["1.234"])[0].runners[0].back[0].price == Decimal("2.5")
    assert (subscriptions[1]["initialClk"], subscriptions[1]["clk"]) == (None, None)


@pytest.mark.parametrize("published", [10**30, -1, "now", True])
def test_a_time_that_is_none_makes_no_sense(published: object, wire: Wire, certificate: Certificate) -> None:
    def behave(client: Client, number: int) -> None:
        subscription = client.greet()
        client.say(image(subscription, pt=published) if number == 0 else image(subscription))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert server.connections == 2
        (book,) = stream.books(["1.234"])
        assert book.published_at == datetime(2026, 5, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize("is_large", [False, True])
def test_a_message_without_an_end_ends_the_connection(
    *, is_large: bool, wire: Wire, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_stream, "MAX_MESSAGE_BYTES", 1 << 20)
    again = threading.Event()

    def behave(client: Client, number: int) -> None:
        client.say(image(client.greet()))
        if number == 1:
            again.set()
            hang(client)
        while True:
            client.say_bytes(b"x" * (1 << 16) if is_large else b"x")
            again.wait(0 if is_large else 0.1)

    with ScriptedStream(certificate, behave) as server, feed(wire, server, heartbeat=250) as stream:
        assert again.wait(SECONDS), "it went on listening"
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert server.connections == 2


def test_what_a_stream_echoes_is_not_shown(wire: Wire, certificate: Certificate) -> None:
    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        told = image(subscription)
        told["mc"][0]["marketDefinition"]["status"] = "app-key-1"
        client.say(told)
        client.say(beat(subscription, status="of token-1-of-a-session"))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.UNRELIABLE, SECONDS)
        assert stream.health().reason == "status of [secret]: its data may be old"
        stream._set(StreamHealth(StreamState.HEALTHY))
        with pytest.raises(ExchangeError, match=r"status = '\[secret\]'"):
            stream.books(["1.234"])


def test_an_invalid_clock_means_a_whole_image(wire: Wire, certificate: Certificate) -> None:
    subscriptions: list[dict[str, Any]] = []

    def behave(client: Client, number: int) -> None:
        if number == 1:
            client.refuse("INVALID_CLOCK")
            return
        subscriptions.append(client.greet())
        client.say(image(subscriptions[-1]))
        if number == 2:
            hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        wait_for(stream, lambda: len(subscriptions) == 2)
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
    assert (subscriptions[1]["initialClk"], subscriptions[1]["clk"]) == (None, None)


def test_an_image_in_the_middle_replaces_everything(wire: Wire, certificate: Certificate) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        client.say(image(subscription))
        steps.wait()
        other = image(subscription)
        other["mc"][0]["id"] = "1.999"
        client.say(other)
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        steps.go()
        wait_for(stream, lambda: len(stream.books(["1.999"])) == 1)
        assert stream.books(["1.234"]) == ()


def test_an_image_in_segments_counts_once_it_is_whole(wire: Wire, certificate: Certificate) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        client.say(image(subscription, segmentType="SEG_START"))
        steps.wait()
        rest = image(subscription, segmentType="SEG_END")
        rest["mc"][0]["id"] = "1.999"
        client.say(rest)
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        wait_for(stream, lambda: stream._listener.clk is not None)
        assert stream.health().state is StreamState.CONNECTING
        steps.go()
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert [book.market_id for book in stream.books(["1.234", "1.999"])] == ["1.234", "1.999"]


def test_a_delayed_key_shows(wire: Wire, certificate: Certificate) -> None:
    def behave(client: Client, _: int) -> None:
        client.say(image(client.greet(), conflateMs=180000))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        assert stream.wait_until(StreamState.HEALTHY, SECONDS)
        assert stream.books(["1.234"])[0].is_delayed


def test_a_lost_session_is_renewed_once(wire: Wire, server: Scripted, certificate: Certificate) -> None:
    tokens: list[str] = []

    def behave(client: Client, number: int) -> None:
        client.say({"op": "connection", "connectionId": "001"})
        login = client.hear()
        tokens.append(login["session"])
        failure = {"op": "status", "id": login["id"], "statusCode": "FAILURE", "connectionClosed": True}
        client.say(failure | {"errorCode": "INVALID_SESSION_INFORMATION"})
        assert number < 2, "it goes on and on"

    with ScriptedStream(certificate, behave) as stream_server, feed(wire, stream_server) as stream:
        assert stream.wait_until(StreamState.STOPPED, SECONDS)
        assert Reaction.STOP in stream.health().reactions
    assert tokens == ["token-1-of-a-session", "token-2-of-a-session"]
    assert server.login_count == 2


def test_a_stop_while_connecting_stops(wire: Wire, certificate: Certificate) -> None:
    steps = Steps()

    def behave(client: Client, _: int) -> None:
        subscription = client.greet()
        steps.wait()
        client.say(image(subscription))
        hang(client)

    with ScriptedStream(certificate, behave) as server, feed(wire, server) as stream:
        wait_for(stream, lambda: server.handshakes == 1)
        stream._stopping.set()  # as if it had been stopped before there was a socket to close
        steps.go()
        thread = stream._thread
        assert thread is not None
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_nobody_there_is_tried_again(wire: Wire, certificate: Certificate) -> None:
    with ScriptedStream(certificate, never) as server:
        port = server.port
    wire.endpoints = replace(wire.endpoints, stream_port=port)
    with StreamFeed(wire, MARKETS, pause_seconds=0.01) as stream:
        assert stream.wait_until(StreamState.LOST, SECONDS)
        assert stream.health().reactions == {Reaction.RECONNECT, Reaction.BACK_OFF}
    assert stream.health().state is StreamState.STOPPED
