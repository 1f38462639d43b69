"""Notifications by Telegram: plain text from a thread of its own, which never makes anybody wait.

What cannot be delivered is dropped, counted and told; a token is in the address of each request, so that no error of
the client library is ever shown.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests

from policytrader.addresses import is_safe
from policytrader.config.redaction import keep_out_for_good, strike_known
from policytrader.errors import ConfigError, printable

if TYPE_CHECKING:
    from policytrader.config.secret_values import TelegramSecrets
    from policytrader.ports import Say

TELEGRAM = "https://api.telegram.org"
MAX_MESSAGE = 4096
"""In units of UTF-16, as Telegram counts."""
MAX_WAITING = 200
PAUSE_SECONDS = 1.0
"""Between two messages to one chat."""
ATTEMPTS = 5
FLUSH_SECONDS = 5.0

_TIMEOUTS = (3.05, 10.0)
_MAX_ANSWER = 1 << 16
_SHOWN = 200
_LONGEST_WAIT = 1_000_000
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,200}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}")
_FATAL = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class _Answer(NamedTuple):
    """What became of one attempt. ``status`` 0: no answer."""

    status: int
    why: str = ""
    retry_after: float | None = None


class Telegram:
    """Sends lines to one chat, several in one message; each message's first line is ``header``."""

    def __init__(
        self, secrets: TelegramSecrets, header: str, tell: Say, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        """Nothing is asked yet. Raises ``ConfigError`` for a token, a chat or an address of the wrong form."""
        _check(secrets)
        token = secrets.token.get_secret_value()
        keep_out_for_good(token)
        self._address = f"{(secrets.url or TELEGRAM).rstrip('/')}/bot{token}/sendMessage"
        self._chat = secrets.chat
        self._header = _clipped(printable(header), MAX_MESSAGE // 4)
        self._tell = tell
        self._pause_seconds = pause_seconds
        self._lines: deque[str] = deque()
        self._changed = threading.Condition()
        self._dropped = 0
        self._is_refused = False
        self._ends_at: float | None = None
        self._thread = threading.Thread(target=self._work, name="telegram", daemon=True)
        self._thread.start()

    def send(self, line: str) -> None:
        """Queue a line; at once, whatever happens. Where too many wait, it is dropped and counted."""
        shown = _clipped(printable(line), MAX_MESSAGE - _length(self._header) - 1)
        with self._changed:
            if self._is_refused or self._ends_at is not None or len(self._lines) >= MAX_WAITING:
                self._dropped += 1
            else:
                self._lines.append(shown)
                self._changed.notify_all()

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Send what waits, for so long at most, and end; what is left is told."""
        with self._changed:
            self._ends_at = time.monotonic() + seconds
            self._changed.notify_all()
        self._thread.join(seconds + 0.2)
        with self._changed:
            lost = self._dropped + len(self._lines)
        if lost or self._thread.is_alive():
            self._tell("warning", "notices_lost", None, lines=lost, why="not delivered before the end")

    # --- The thread -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        with requests.Session() as http:
            http.trust_env = False
            next_at = time.monotonic()
            while self._wait_for_lines():
                self._rest(next_at - time.monotonic())
                lines = self._take()
                self._deliver(http, "\n".join((self._header, *lines)), len(lines))
                next_at = time.monotonic() + self._pause_seconds

    def _wait_for_lines(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._ends_at is not None)
            return bool(self._lines) and not self._is_past_end()

    def _take(self) -> list[str]:
        """The lines of the next message: as many as fit."""
        with self._changed:
            dropped, self._dropped = self._dropped, 0
            lines: list[str] = []
            room = MAX_MESSAGE - _length(self._header)
            while self._lines and (room := room - 1 - _length(self._lines[0])) >= 0:
                lines.append(self._lines.popleft())
        if dropped:
            self._tell("warning", "notices_dropped", None, lines=dropped, why="too many waited")
        return lines

    def _deliver(self, http: requests.Session, text: str, count: int) -> None:
        """One message, until it is there, refused, or too many attempts failed."""
        failures = 0
        while True:
            answer = self._post(http, text)
            if answer.status == HTTPStatus.OK:
                return
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                pause = answer.retry_after if answer.retry_after is not None else 2.0**failures
            elif answer.status and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                self._refused(answer, count)
                return
            else:
                failures += 1
                pause = 2.0**failures * self._pause_seconds
            if failures >= ATTEMPTS or not self._rest(pause):
                self._tell("warning", "notices_lost", None, lines=count, why=answer.why)
                return

    def _refused(self, answer: _Answer, count: int) -> None:
        if answer.status not in _FATAL:
            self._tell("warning", "notices_lost", None, lines=count, why=answer.why)
            return
        with self._changed:
            self._is_refused = True
            count += len(self._lines)
            self._lines.clear()
        self._tell("error", "notices_refused", None, lines=count, why=f"{answer.why}; no more are sent")

    def _post(self, http: requests.Session, text: str) -> _Answer:
        message: Any = {"chat_id": self._chat, "text": text, "link_preview_options": {"is_disabled": True}}
        try:
            with http.post(
                self._address, json=message, timeout=_TIMEOUTS, allow_redirects=False, stream=True
            ) as response:
                body = response.raw.read(_MAX_ANSWER, decode_content=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the address
            return _Answer(0, f"no answer ({type(error).__name__})")
        if response.status_code == HTTPStatus.OK:
            return _Answer(HTTPStatus.OK)
        return _judge(response.status_code, body)

    def _rest(self, seconds: float) -> bool:
        """Wait; not where that would be longer than until the end: False."""
        until = time.monotonic() + seconds
        with self._changed:
            while self._ends_at is None or until <= self._ends_at:
                left = until - time.monotonic()
                if left <= 0:
                    return True
                self._changed.wait(left)
            return False

    def _is_past_end(self) -> bool:
        return self._ends_at is not None and time.monotonic() >= self._ends_at


def _judge(status: int, body: bytes) -> _Answer:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    said = document if isinstance(document, dict) else {}
    why = f"HTTP {status} {printable(strike_known(str(said.get('description', ''))))[:_SHOWN]}".rstrip()
    parameters = said.get("parameters")
    wait: Any = parameters.get("retry_after") if isinstance(parameters, dict) else None
    is_number = type(wait) in {int, float} and 0 <= wait < _LONGEST_WAIT
    return _Answer(status, why, float(wait) if is_number else None)


def _check(secrets: TelegramSecrets) -> None:
    if not _TOKEN.fullmatch(secrets.token.get_secret_value()):
        message = "notifications: the token has not the form of a bot's: digits, a colon, letters"
        raise ConfigError(message)
    if not _CHAT.fullmatch(secrets.chat):
        message = "notifications: the chat is a number, or @ and a channel's name"
        raise ConfigError(message)
    if secrets.url is None:
        return
    if not is_safe(secrets.url) or urlsplit(secrets.url).query or urlsplit(secrets.url).fragment:
        message = "notifications: the address must begin with https:// (http:// on this machine only), and hold no user"
        raise ConfigError(message)


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _clipped(text: str, limit: int) -> str:
    if _length(text) <= limit:
        return text
    clipped = text[: limit - 1]
    while _length(clipped) > limit - 1:
        clipped = clipped[: -max(1, (_length(clipped) - limit + 1) // 2)]
    return f"{clipped}…"
