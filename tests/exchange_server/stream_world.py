"""A small exchange with its stream server, a client that speaks the bare protocol, and the real client library."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import pytest
from betfairlightweight import APIClient, StreamListener
from betfairlightweight.exceptions import BetfairError
from betfairlightweight.streaming import BetfairStream

from policytrader.adapters.exchange_server.host import Host
from policytrader.adapters.exchange_server.stream_server import StreamServer
from policytrader.model.price import TICK_OF
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
from policytrader.simulation.events import Quote, Redefine
from policytrader.simulation.exchange import SimulatedExchange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policytrader.simulation.events import Event

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
OFF = NOW + timedelta(hours=2)
MARKET, RUNNER = "1.100000001", 101
PATIENCE_SECONDS = 20.0
EVERYTHING = [
    "EX_BEST_OFFERS",
    "EX_ALL_OFFERS",
    "EX_TRADED",
    "EX_TRADED_VOL",
    "EX_LTP",
    "EX_MARKET_DEF",
    "SP_PROJECTED",
]

# The library's own way of opening a socket.
CLIENT_WARNINGS = pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLS is deprecated:DeprecationWarning")


def make_market(market_id: str = MARKET, **changes: Any) -> MarketDefinition:
    runners = tuple(
        RunnerDefinition(
            selection_id=100 + number,
            name=f"Horse {number}",
            sort_priority=number,
            adjustment_factor=Decimal("25.5") if number == 1 else Decimal(20),
        )
        for number in range(1, 5)
    )
    facts: dict[str, Any] = {
        "market_id": market_id,
        "event_id": "30000001",
        "event_name": "Ascot 2nd May",
        "event_type_id": "7",
        "market_type": "WIN",
        "name": "5f Hcap",
        "start": OFF,
        "venue": "Ascot",
        "country_code": "GB",
        "timezone": "Europe/London",
        "number_of_winners": 1,
        "runners": runners,
        "version": 1,
        "base_rate": Decimal(5),
    }
    return MarketDefinition(**(facts | changes))


def levels(*pairs: tuple[str, str]) -> tuple[tuple[int, int], ...]:
    return tuple((TICK_OF[Decimal(price)], int(Decimal(size) * 100)) for price, size in pairs)


class World:
    """One exchange and its stream, stepped by hand."""

    def __init__(self, *, feed: Iterable[Event] = (), now: datetime = NOW, **options: Any) -> None:
        self.host = Host(SimulatedExchange(now, feed), "7")
        self.server = StreamServer(self.host, **options)
        self.exchange = self.host.exchange
        token = self.host.sessions.open()
        assert token is not None
        self.token = token
        (self.app_key,) = self.host.app_keys
        self.clients: list[LibraryClient] = []

    def apply(self, event: Event) -> None:
        with self.host.lock:
            self.exchange.apply(event)

    def define(self, market: MarketDefinition) -> None:
        self.apply(Redefine(self.exchange.now, market))

    def quote(
        self,
        back: Iterable[tuple[str, str]] | None = None,
        lay: Iterable[tuple[str, str]] | None = None,
        traded: Iterable[tuple[str, str]] | None = None,
        *,
        selection_id: int = RUNNER,
        market_id: str = MARKET,
        **more: Any,
    ) -> None:
        shown, asked, done = (None if side is None else levels(*side) for side in (back, lay, traded))
        self.apply(Quote(self.exchange.now, market_id, selection_id, shown, asked, done, **more))

    def advance(self, seconds: float) -> None:
        self.host.advance(timedelta(seconds=seconds))

    def open_line(self, **options: Any) -> RawClient:
        return RawClient(self.server, **options)

    def log_in(self, **options: Any) -> RawClient:
        """A line that is connected and authenticated."""
        line = self.open_line(**options)
        assert line.receive()["op"] == "connection"
        line.send(op="authentication", id=1, appKey=self.app_key, session=self.token)
        assert line.receive()["statusCode"] == "SUCCESS"
        return line


@contextmanager
def open_world(**options: Any) -> Iterator[World]:
    world = World(**options)
    world.server.start()
    try:
        yield world
    finally:
        world.server.stop()
        for client in world.clients:
            client.end()


class RawClient:
    """A TLS socket that trusts the server's certificate and nothing else, strictly, and speaks lines of JSON."""

    def __init__(self, server: StreamServer, *, receive_buffer: int | None = None) -> None:
        context = ssl.create_default_context(cadata=server.certificate_pem)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        plain = socket.socket()
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.settimeout(PATIENCE_SECONDS)
        plain.connect(server.address)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self._buffer = b""

    def send(self, **message: Any) -> None:
        self.send_raw(json.dumps(message).encode() + b"\r\n")

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> dict[str, Any]:
        """The next message; an empty one when the server has hung up."""
        while b"\r\n" not in self._buffer:
            data = self.socket.recv(1 << 16)
            if not data:
                return {}
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def ask(self, **message: Any) -> dict[str, Any]:
        self.send(**message)
        return self.receive()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Listener(StreamListener):  # type: ignore[misc]
    def __init__(self, heard: Callable[[str], None]) -> None:
        super().__init__(max_latency=None, lightweight=True)
        self._heard = heard

    def on_data(self, raw_data: str) -> bool | None:
        result: bool | None = super().on_data(raw_data)
        self._heard(raw_data)
        return result


class LibraryClient:
    """betfairlightweight's stream, read in a thread of its own."""

    def __init__(
        self,
        world: World,
        *,
        token: str | None = None,
        is_keeping: bool = True,
    ) -> None:
        # What the library offers to point it at another exchange.
        BetfairStream.HOSTS["policytrader"] = world.server.address[0]
        BetfairStream._BetfairStream__port = world.server.address[1]
        api = APIClient("paper", "paper", app_key=world.app_key, lightweight=True)
        api.set_session_token(token or world.token)
        self.messages: list[dict[str, Any]] = []
        self.error: BetfairError | None = None
        self.is_subscribed = False
        self._is_keeping = is_keeping
        self._world = world
        self._changed = threading.Condition()
        self.listener = _Listener(self._hear)
        self.stream = api.streaming.create_stream(
            listener=self.listener, timeout=PATIENCE_SECONDS, buffer_size=1 << 16, host="policytrader"
        )
        self._thread: threading.Thread | None = None
        world.clients.append(self)

    def markets(self, fields: list[str] | None = None, depth: int = 3, **options: Any) -> LibraryClient:
        """Subscribe to all markets, and read."""
        wanted = {"fields": fields or EVERYTHING, "ladderLevels": depth}
        self.stream.subscribe_to_markets(options.pop("market_filter", {}), wanted, **options)
        return self._read()

    def orders(self, order_filter: dict[str, Any] | None = None, **options: Any) -> LibraryClient:
        self.stream.subscribe_to_orders(order_filter, **options)
        return self._read()

    def books(self) -> dict[str, dict[str, Any]]:
        return {book["marketId"]: book for book in self.listener.snap()}

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds, which only what arrives can change."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    pytest.fail(f"waited {PATIENCE_SECONDS:.0f} s in vain; last messages: {self.messages[-3:]}")
                self._changed.wait(left)

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The changes (not heartbeats) when there are so many."""
        self.wait(lambda: len(self.changes()) >= count)
        return self.changes()

    def catch_up(self) -> None:
        """Until everything has arrived that the server had to say when this was called.

        Told by the clock of the last message that the server queued: the library may not be made to send while it
        reads, since a TLS connection is not safe to use from two threads at once.
        """
        own_id = self.listener.connection_id
        (connection,) = [one for one in self._world.server.connections if one.connection_id == own_id]
        (lane,) = connection._lanes.values()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while lane.subscription.is_pending and time.monotonic() < deadline:
            with self._changed:
                self._changed.wait(0.001)
        with self._world.host.lock:
            clock = lane.subscription.clock
        self.wait(lambda: self.listener.clk == clock)

    def changes(self) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["op"] in {"mcm", "ocm"} and one.get("ct") != "HEARTBEAT"]

    def stop(self) -> None:
        self.stream.stop()
        if self._thread:
            self._thread.join(PATIENCE_SECONDS)
            assert not self._thread.is_alive()

    def end(self) -> None:
        """After the server has hung up: the library closes its socket by itself, and only one thread may do so."""
        if self._thread:
            self._thread.join(PATIENCE_SECONDS)
        self.stop()

    def _read(self) -> LibraryClient:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.wait(lambda: bool(self.is_subscribed) or self.error is not None)
        return self

    def _run(self) -> None:
        try:
            self.stream.start()
        except BetfairError as error:
            self.error = error
        with self._changed:
            self._changed.notify_all()

    def _hear(self, raw: str) -> None:
        message = json.loads(raw) if self._is_keeping or not self.is_subscribed else {}
        with self._changed:
            self.is_subscribed |= message.get("ct") in {"SUB_IMAGE", "RESUB_DELTA"}
            if self._is_keeping:
                self.messages.append(message)
            self._changed.notify_all()
