"""The whole server: HTTP, stream and time around one simulated exchange, and the line that tells others where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.host import Host
from policytrader.adapters.exchange_server.http_server import (
    API_PATH,
    CONTROL_PATH,
    IDENTITY_CERT_PATH,
    IDENTITY_PATH,
    HttpServer,
)
from policytrader.adapters.exchange_server.stream_server import StreamServer
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from policytrader.simulation.exchange import SimulatedExchange

EXCHANGE_SCHEMA = "policytrader/exchange/1"


class ExchangeServer:
    """A simulated exchange on loopback. ``seed`` names its credentials; ``speed`` is simulated seconds per second."""

    def __init__(
        self, exchange: SimulatedExchange, *, seed: str, speed: float = 0.0, port: int = 0, stream_port: int = 0
    ) -> None:
        """Ports of 0 are picked. Raises ``UsageError`` for a port that cannot be had, ``start`` for the stream's."""
        self.host = Host(exchange, seed, speed)
        self._started_at = exchange.now
        self._stream = StreamServer(self.host, stream_port)
        self._http = HttpServer(self.host, port, self._stream.certificate_pem)

    def start(self) -> None:
        """Listen, and let time run. Raises ``UsageError``; then nothing listens."""
        try:
            self._stream.start()
        except BaseException:
            self._http.stop()
            raise
        self._http.start()
        self.host.start()

    def stop(self) -> None:
        """Stop the time, hang up, and stop listening. Stopping twice does no harm."""
        self.host.stop()
        self._http.stop()
        self._stream.stop()

    @property
    def announcement(self) -> dict[str, Any]:
        """Where everything is, what logs in, and the time at which it started."""
        base = self._http.base
        credentials = self.host.credentials
        address, port = self._stream.address
        return {
            "schema": EXCHANGE_SCHEMA,
            "identity": f"{base}{IDENTITY_PATH}",
            "identity_cert": f"{base}{IDENTITY_CERT_PATH}",
            "api": f"{base}{API_PATH}",
            "stream": f"{address}:{port}",
            "control": f"{base}{CONTROL_PATH}",
            "username": credentials.username,
            "password": credentials.password,
            "app_key": credentials.app_key,
            "now": format_utc(self._started_at),
        }
