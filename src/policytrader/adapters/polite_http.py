"""HTTP to a site that owes us nothing: seldom, bounded, patient, and gone when it says so."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from policytrader.addresses import is_safe
from policytrader.errors import ConfigError, FeedError
from policytrader.ports.stat_feed import Tagged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from random import Random

    from policytrader.ports.clock import Clock

MAX_REDIRECTS = 3
_LONGEST_DIGITS = 7
_IF_CHANGED = "If-None-Match"
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]{1,200}"')
_WORDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "it does not let us in",
    HTTPStatus.FORBIDDEN: "it refuses programs just now (a browser check, as a rule)",
    HTTPStatus.NOT_FOUND: "it has nothing under this id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a site is asked. Backing off doubles from ``backoff_seconds``; jitter takes up to half of it away.

    A wait that the site asks for is kept up to ``longest_wait_seconds``; a longer one is told to the caller, and until
    it is over nothing is sent.
    """

    pause_seconds: float = 0.5
    attempts: int = 3
    backoff_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    connect_seconds: float = 5.0
    silence_seconds: float = 10.0
    answer_seconds: float = 30.0
    max_bytes: int = 32 << 20


@dataclass(frozen=True, slots=True)
class _Failure:
    why: str
    may_pass: bool
    retry_after: float | None = None


class PoliteHttp:
    """An ``AnswerSource``: one request at a time to one address."""

    def __init__(self, address: str, site: str, clock: Clock, chance: Random, manners: Manners | None = None) -> None:
        """``site`` is named in errors. Raises ``ConfigError`` for an address that is none, or speaks in the clear."""
        _check(address, site)
        self._address = address.rstrip("/")
        self._site = site
        self._clock = clock
        self._chance = chance
        self._manners = manners or Manners()
        self._not_before: datetime | None = None
        self._lock = threading.Lock()
        self._client = httpx.Client(
            timeout=httpx.Timeout(self._manners.silence_seconds, connect=self._manners.connect_seconds),
            headers={"Accept": "application/json", "User-Agent": "policytrader"},
            # Nothing of the environment's wishes: a proxy's password, or a netrc, would travel with every request.
            trust_env=False,
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The body of ``<address>/<path>``, after retries. Raises ``FeedError``."""
        answer = self._answer(path, headers or {})
        assert answer is not None
        return answer.body

    def get_changed(self, path: str, etag: str | None) -> Tagged | None:
        """As the port says. Raises ``FeedError``."""
        return self._answer(path, {} if etag is None else {_IF_CHANGED: etag})

    def _answer(self, path: str, headers: Mapping[str, str]) -> Tagged | None:
        with self._lock:
            self._wait_for_turn()
            for attempt in count(1):
                answer = self._ask(f"{self._address}/{path}", headers)
                self._leave_alone(self._manners.pause_seconds)
                if not isinstance(answer, _Failure):
                    return answer
                self._back_off(answer, attempt)
            raise AssertionError

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    # --- When -------------------------------------------------------------------------------------------------------

    def _wait_for_turn(self) -> None:
        if self._not_before is None:
            return
        seconds = (self._not_before - self._clock.now()).total_seconds()
        if seconds > self._manners.longest_wait_seconds:
            message = f"{self._site} asked to be left alone for {seconds:.0f} s more"
            raise FeedError(message, seconds)
        if seconds > 0:
            self._clock.wait(seconds)

    def _leave_alone(self, seconds: float) -> None:
        until = self._clock.now() + timedelta(seconds=seconds)
        self._not_before = until if self._not_before is None else max(self._not_before, until)

    def _back_off(self, failure: _Failure, attempt: int) -> None:
        """Wait before the next attempt, or give up."""
        if failure.retry_after is not None:
            self._leave_alone(failure.retry_after)
        message = f"{self._site} gave no answer: {failure.why}"
        if not failure.may_pass or attempt >= self._manners.attempts:
            raise FeedError(message, failure.retry_after)
        own = self._manners.backoff_seconds * 2.0 ** (attempt - 1) * (1 - self._chance.random() / 2)
        pause = max(own, failure.retry_after or 0.0)
        if pause > self._manners.longest_wait_seconds:
            raise FeedError(message, pause)
        self._clock.wait(pause)

    # --- One request ------------------------------------------------------------------------------------------------

    def _ask(self, url: str, headers: Mapping[str, str]) -> Tagged | _Failure | None:
        try:
            return self._follow(self._client.build_request("GET", url, headers=dict(headers)))
        except httpx.TimeoutException:
            return _Failure("it takes too long", may_pass=True)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            # The text of the library's error may hold an address with more in it than we know.
            return _Failure(f"the connection failed ({type(error).__name__})", may_pass=True)

    def _follow(self, request: httpx.Request) -> Tagged | _Failure | None:
        for _ in range(MAX_REDIRECTS + 1):
            response = self._client.send(request, stream=True)
            try:
                if not response.is_redirect or response.next_request is None:
                    return self._judge(response)
            finally:
                response.close()
            if _origin(response.next_request.url) != _origin(request.url):
                return _Failure("it redirects to another host, where nothing is sent", may_pass=False)
            request = response.next_request
        return _Failure("it redirects in a circle", may_pass=False)

    def _judge(self, response: httpx.Response) -> Tagged | _Failure | None:
        status = response.status_code
        if status == HTTPStatus.OK:
            return self._read(response)
        if status == HTTPStatus.NOT_MODIFIED and _IF_CHANGED in response.request.headers:
            return None
        why = f"HTTP {status}"
        if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
            return _Failure(f"{why}: it asks for patience", may_pass=True, retry_after=self._retry_after(response))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _Failure(why, may_pass=True)
        return _Failure(f"{why}: {_WORDS[status]}" if status in _WORDS else why, may_pass=False)

    def _read(self, response: httpx.Response) -> Tagged | _Failure:
        """The body, bounded: the timeout of a read bounds one silence only."""
        ends_at = time.monotonic() + self._manners.answer_seconds
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._manners.max_bytes:
                return _Failure(f"more than {self._manners.max_bytes} bytes", may_pass=False)
            if time.monotonic() > ends_at:
                return _Failure("it takes too long", may_pass=True)
        etag = response.headers.get("ETag", "")
        return Tagged(bytes(body), etag if _ETAG.fullmatch(etag) else None)

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Seconds, from seconds or from a date; None for what is neither."""
        text = response.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST_DIGITS:
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - self._clock.now()).total_seconds())


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _check(address: str, site: str) -> None:
    if not is_safe(address) or urlsplit(address).query or urlsplit(address).fragment:
        message = f"the address of {site} must begin with https:// (http:// on this machine only), and hold no user"
        raise ConfigError(message)
