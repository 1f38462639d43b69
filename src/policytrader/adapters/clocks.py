"""Clocks: the machine's, and that of an exchange in simulated time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from policytrader.addresses import is_loopback
from policytrader.errors import ExchangeError, UsageError
from policytrader.model.times import parse_utc
from policytrader.waiting import never, rest

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 0.02
_ASK_SECONDS = 5.0
_ADVANCE_SECONDS = 60.0
_KEPT_SECONDS = 0.25
"""So long is believed what the exchange said when we moved its time on: nobody else moves it, as a rule."""
_ATTEMPTS = 3
_ZERO = timedelta()


class SystemClock:
    """The machine's clock, watched by its monotonic one.

    ``wait`` returns early when ``is_stopping`` says so. The two sources are arguments for tests alone.
    """

    def __init__(
        self,
        is_stopping: Callable[[], bool] = never,
        *,
        read_wall: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 - this is the injected clock
        read_monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Jumps are counted from now on."""
        self._is_stopping = is_stopping
        self._read_wall = read_wall
        self._read_monotonic = read_monotonic
        self._base = (read_wall(), read_monotonic())

    def now(self) -> datetime:
        """The moment, aware UTC."""
        return self._read_wall()

    def wait(self, seconds: float) -> None:
        """Let that much time pass, by the monotonic clock."""
        rest(seconds, self._is_stopping)

    def take_jump(self) -> timedelta:
        """How far the wall ran ahead of the monotonic clock (or behind it: negative) since this was last asked."""
        wall, monotonic = self._read_wall(), self._read_monotonic()
        before_wall, before_monotonic = self._base
        self._base = (wall, monotonic)
        return (wall - before_wall) - timedelta(seconds=monotonic - before_monotonic)


class ExchangeClock:
    """The clock of a simulated exchange: what its control address says, never a guess of ours.

    To wait is to ask until it is that late there; with ``moves`` it is to move that exchange's time on, so that nothing
    happens there while we think. Refuses an address that is not on this machine: a real exchange has no control, and a
    real account no clock but the wall's.
    """

    def __init__(self, control: str, is_stopping: Callable[[], bool] = never, *, moves: bool = False) -> None:
        """Nothing is asked yet. Raises ``UsageError`` for an address elsewhere."""
        if not _is_here(control):
            message = f"--clock exchange: the control address {control} is not on this machine"
            raise UsageError(message)
        self._control = control
        self._is_stopping = is_stopping
        self._moves = moves
        self._moved_to: tuple[datetime, float] | None = None
        self._http = requests.Session()
        self._http.trust_env = False

    def now(self) -> datetime:
        """The moment, aware UTC. Raises ``ExchangeError`` where nobody answers."""
        if self._moved_to is not None and time.monotonic() - self._moved_to[1] < _KEPT_SECONDS:
            return self._moved_to[0]
        said = ""
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._http.get(self._control, timeout=_ASK_SECONDS, allow_redirects=False)
            except requests.RequestException as error:
                said = type(error).__name__
            else:
                if answer.status_code == HTTPStatus.OK:
                    return self._parse(answer)
                said = f"HTTP {answer.status_code}"
            if attempt + 1 < _ATTEMPTS:
                rest(_POLL_SECONDS)
        message = f"the exchange's clock at {self._control} does not answer ({said})"
        raise ExchangeError(message)

    def wait(self, seconds: float) -> None:
        """Let that much of the exchange's time pass. Raises ``ExchangeError`` where nobody answers."""
        if self._moves:
            self._advance(seconds)
            return
        end = self.now() + timedelta(seconds=seconds)
        while not self._is_stopping() and self.now() < end:
            rest(_POLL_SECONDS)

    def _advance(self, seconds: float) -> None:
        """Once: asked twice, it would move on twice."""
        self._moved_to = None
        try:
            answer = self._http.post(
                self._control, json={"advance": seconds}, timeout=_ADVANCE_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            message = f"the exchange's time at {self._control} cannot be moved on ({type(error).__name__})"
            raise ExchangeError(message) from None
        if answer.status_code != HTTPStatus.OK:
            message = f"the exchange's time at {self._control} cannot be moved on (HTTP {answer.status_code})"
            raise ExchangeError(message)
        self._moved_to = (self._parse(answer), time.monotonic())

    def take_jump(self) -> timedelta:
        """Simulated time goes as it goes."""
        return _ZERO

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _parse(self, answer: requests.Response) -> datetime:
        try:
            return parse_utc(str(answer.json()["now"]))
        except (ValueError, KeyError, TypeError):
            message = f"{self._control} does not tell its time; is it the control of `policytrader exchange serve`?"
            raise ExchangeError(message) from None


def _is_here(address: str) -> bool:
    try:
        return is_loopback(urlsplit(address).hostname or "")
    except ValueError:
        return False
