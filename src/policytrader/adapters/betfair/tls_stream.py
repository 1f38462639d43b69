"""The library's stream with what it leaves out: the server's certificate is verified before a byte is said.

betfairlightweight accepts any certificate and hands it app key and session token, and it logs what it sends.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from betfairlightweight.exceptions import SocketError
from betfairlightweight.streaming import BetfairStream

if TYPE_CHECKING:
    from policytrader.adapters.betfair.endpoints import Endpoints

MAX_MESSAGE_BYTES = 32 << 20
"""The largest message, an image of 200 markets with all prices, has a few million."""
MESSAGE_SILENCES = 4
"""Longest time from a message's first byte to its last, in the silences that end a connection."""

_BUFFER_BYTES = 1 << 16
_CRLF = b"\r\n"


def tls_context(certificate_pem: str | None) -> ssl.SSLContext:
    """Verifies issuer and host name. With a certificate of one's own, no other issuer is trusted."""
    return ssl.create_default_context(cadata=certificate_pem) if certificate_pem else ssl.create_default_context()


class VerifiedStream(BetfairStream):  # type: ignore[misc] # the library has no types
    """A stream to these endpoints. ``timeout`` in seconds: a longer silence ends the connection."""

    _socket: Any

    def __init__(self, endpoints: Endpoints, listener: Any, app_key: str, token: str, timeout: float) -> None:
        super().__init__(0, listener, app_key, token, timeout, _BUFFER_BYTES, None)
        self.host = endpoints.stream_host
        self._port = endpoints.stream_port
        self._context = tls_context(endpoints.certificate_pem)

    def _create_socket(self) -> ssl.SSLSocket:
        raw = socket.create_connection((self.host, self._port), timeout=self.timeout)
        try:
            return self._context.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise

    def stop(self) -> None:
        """Hang up; from any thread, and as often as one likes, which the library's own does not bear."""
        self._running = False
        open_socket, self._socket = self._socket, None
        if open_socket is None:
            return
        with suppress(OSError):
            open_socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
        open_socket.close()

    def _receive_all(self) -> str | None:
        """As the library's, and a message that never ends is none: neither in size nor in time."""
        data = bytearray()
        ends_at = None
        while self._running and not data.endswith(_CRLF):
            try:
                part = self._socket.recv(self.buffer_size)
            except (OSError, AttributeError) as error:  # without an attribute: stopped meanwhile by another thread
                self._end(f"lost: {type(error).__name__}")
                return None
            data += part
            now = time.monotonic()
            ends_at = ends_at or now + MESSAGE_SILENCES * self.timeout
            if not part:
                self._end("closed by the server")
                return None
            if len(data) > MAX_MESSAGE_BYTES or now > ends_at:
                self._end(f"given up: a message of {len(data)} bytes and no end")
        return data.decode()

    def _end(self, how: str) -> None:
        """Raise ``SocketError``, unless somebody has stopped the stream."""
        if self._running:
            self.stop()
            message = f"the stream's connection is {how}"
            raise SocketError(message) from None

    def _send(self, message: dict[str, Any]) -> None:
        """As the library's, without a word of it in the log."""
        if not self._running:
            self._connect()
            self.authenticate()
        try:
            self._socket.sendall(json.dumps(message).encode() + _CRLF)
        except (OSError, AttributeError) as error:  # without an attribute: stopped meanwhile by another thread
            self.stop()
            what = f"the stream's connection is lost: {type(error).__name__}"
            raise SocketError(what) from None
