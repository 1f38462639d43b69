"""HTTP under the client library: each request sent once, each answer bounded in time and in size.

The usual read timeout bounds one silence only: an answer that comes byte by byte would be waited for without end, and
an order's fate with it.
"""

from __future__ import annotations

import http.client
import io
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    import socket
    from http.cookiejar import Cookie

    from policytrader.adapters.betfair.dates import DateWatch

ANSWER_SILENCES = 2
"""Longest time for a whole answer, in read timeouts."""
MAX_ANSWER_BYTES = 16 << 20
"""Decompressed. The largest answers, 1000 orders or 200 markets of the catalogue, have about one million."""

_CHUNK_BYTES = 1 << 16


class TooLongError(Exception):
    """An answer larger than any that was asked for."""


class OneShotSession(requests.Session):
    """An HTTP session that does what it is told, once: a redirect would send an order twice, or a token elsewhere."""

    def __init__(self, dates: DateWatch | None = None) -> None:
        """Nothing of the environment's wishes: no proxies, no stored passwords, no cookies. ``dates`` sees dates."""
        super().__init__()
        self._dates = dates
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, _BoundedAdapter(max_retries=0))
        # The login sets the token as a cookie, too; the header is the one place for it.
        self.cookies.set_policy(_NoCookies())

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        """As the library's, the answer read completely. Raises what requests and urllib3 raise."""
        sent_at = self._dates.sending() if self._dates is not None else 0.0
        response = super().request(*args, **(kwargs | {"allow_redirects": False, "stream": True}))
        if self._dates is not None:
            self._dates.saw(response.headers.get("Date"), sent_at)
        with response:
            body = _read(response)
        response.raw = io.BytesIO(body)
        return response


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            message = f"more than {MAX_ANSWER_BYTES} bytes"
            raise TooLongError(message)
    return bytes(body)


class _NoCookies(DefaultCookiePolicy):
    def set_ok(self, cookie: Cookie, request: object) -> bool:  # noqa: ARG002 - none, whatever it is
        return False


class _DeadlineReader(io.RawIOBase):
    """A socket's file that gives up when the whole answer has taken too long, however often a byte comes."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._socket = connection
        self._file = connection.makefile("rb", buffering=0)
        self._silence = connection.gettimeout()
        self._ends_at = None if self._silence is None else time.monotonic() + ANSWER_SILENCES * self._silence

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ends_at is not None and self._silence is not None:
            left = self._ends_at - time.monotonic()
            if left <= 0:
                message = "the answer takes too long"
                raise TimeoutError(message)
            self._socket.settimeout(min(left, self._silence))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineAnswer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))


class _Connection(HTTPConnection):
    response_class = _DeadlineAnswer


class _SecureConnection(HTTPSConnection):
    response_class = _DeadlineAnswer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
