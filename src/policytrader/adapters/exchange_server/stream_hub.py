"""What a connection needs of the server that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.stream_market import MarketJournal
    from policytrader.adapters.exchange_server.stream_orders import OrderJournal


class StreamHub(Protocol):
    """The server as its connections see it. ``server_id`` tells its clocks from those of another run."""

    host: Host
    markets: MarketJournal
    orders: OrderJournal
    server_id: str
    idle_seconds: float
    max_connections: int
    backlog_bytes: int

    def call_soon(self, action: Callable[[], None]) -> None:
        """Have the loop do something, from any thread."""

    def welcome(self, connection: object) -> None:
        """A connection is there."""

    def forget(self, connection: object) -> None:
        """A connection is gone."""

    def count_authenticated(self) -> int:
        """How many connections the account has."""

    def published(self) -> int:
        """The simulated time in milliseconds."""

    def in_order(self, published: int) -> int:
        """The publish time to send: it never goes back."""
