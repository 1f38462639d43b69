"""The Exchange Stream over TLS on loopback: one loop in a thread of its own serves every connection.

It listens to the exchange, under the host's lock, and never makes it wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from policytrader.adapters.exchange_server.stream_certificate import make_certificate, server_context
from policytrader.adapters.exchange_server.stream_connection import Connection
from policytrader.adapters.exchange_server.stream_market import MarketJournal
from policytrader.adapters.exchange_server.stream_orders import OrderJournal, milliseconds
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.simulation.exchange import Change

LOOPBACK = "127.0.0.1"
IDLE_SECONDS = 15.0
"""A connection without a subscription is closed after so long a silence, by the machine's clock."""

MAX_CONNECTIONS = 10
_STOP_SECONDS = 5.0

BACKLOG_BYTES = 4 << 20
"""What may wait for one client before its updates are conflated."""


class StreamServer:
    """Serves the exchange of ``host``. ``certificate_pem`` is what a client has to trust."""

    def __init__(
        self,
        host: Host,
        port: int = 0,
        *,
        idle_seconds: float = IDLE_SECONDS,
        max_connections: int = MAX_CONNECTIONS,
        backlog_bytes: int = BACKLOG_BYTES,
    ) -> None:
        """Port 0 picks a free one when it starts."""
        self.host = host
        self.idle_seconds = idle_seconds
        self.max_connections = max_connections
        self.backlog_bytes = backlog_bytes
        self.connections: set[Connection] = set()
        self._certificate = make_certificate()
        self.certificate_pem = self._certificate.certificate_pem
        # Clocks of another run are told by it: every start has its own certificate.
        self.server_id = hashlib.sha256(self.certificate_pem.encode()).hexdigest()[:12]
        self.markets = MarketJournal(host.exchange.markets)
        self.orders = OrderJournal(host.exchange, host.is_visible)
        self._port = port
        self._opened = 0
        self._published = 0
        self._publish_lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._drained: asyncio.Event | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to, once it has started."""
        return LOOPBACK, self._port

    # --- Life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen. Raises ``UsageError`` for a port that cannot be had."""
        loop = asyncio.new_event_loop()
        try:
            self._server = loop.run_until_complete(self._listen(loop))
        except OSError as error:
            loop.close()
            # asyncio puts the address into the system's own words a second time.
            reason = os.strerror(error.errno) if error.errno else error.strerror
            message = f"the stream cannot listen on {LOOPBACK}:{self._port}: {reason}; choose another port, or 0"
            raise UsageError(message) from None
        self._port = self._server.sockets[0].getsockname()[1]
        self._loop = loop
        self._thread = threading.Thread(target=self._run, args=(loop,), name="exchange-stream", daemon=True)
        self._thread.start()
        with self.host.lock:
            self._unsubscribe = self.host.exchange.subscribe(self._on_change)

    def stop(self) -> None:
        """Hang up on everybody and stop listening. Stopping twice does no harm."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        if self._unsubscribe:
            with self.host.lock:
                self._unsubscribe()
            self._unsubscribe = None
        asyncio.run_coroutine_threadsafe(self._close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._loop = self._thread = None

    async def _listen(self, loop: asyncio.AbstractEventLoop) -> asyncio.Server:
        return await loop.create_server(
            self._connect,
            LOOPBACK,
            self._port,
            ssl=server_context(self._certificate),
            ssl_handshake_timeout=self.idle_seconds,
            ssl_shutdown_timeout=1.0,
        )

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        asyncio.set_event_loop(None)

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._drained = asyncio.Event()
        for connection in list(self.connections):
            connection.abort()
        if self.connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), _STOP_SECONDS)
        handshakes = asyncio.all_tasks() - {asyncio.current_task()}
        for task in handshakes:
            task.cancel()
        await asyncio.gather(*handshakes, return_exceptions=True)

    # --- What connections use -------------------------------------------------------------------------------------

    def call_soon(self, action: Callable[[], None]) -> None:
        """Have the loop do something, from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(action)

    def welcome(self, connection: object) -> None:
        """A connection is there."""
        assert isinstance(connection, Connection)
        self.connections.add(connection)

    def forget(self, connection: object) -> None:
        """A connection is gone."""
        assert isinstance(connection, Connection)
        self.connections.discard(connection)
        if self._drained and not self.connections:
            self._drained.set()

    def count_authenticated(self) -> int:
        """How many connections the account has."""
        return sum(connection.is_authenticated for connection in self.connections)

    def published(self) -> int:
        """The simulated time in milliseconds."""
        return milliseconds(self.host.now())

    def in_order(self, published: int) -> int:
        """Publish times never go back."""
        with self._publish_lock:
            self._published = max(self._published, published)
            return self._published

    def _connect(self) -> Connection:
        self._opened += 1
        return Connection(self, f"{self._opened % 1000:03d}-{self.host.now():%d%m%y%H%M%S}-{self._opened:06d}")

    def _on_change(self, change: Change) -> None:
        """Called by the exchange after each step, under the host's lock."""
        self.markets.note(change)
        self.orders.note(change)
        for connection in tuple(self.connections):
            connection.offer(change)
