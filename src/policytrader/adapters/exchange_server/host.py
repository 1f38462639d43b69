"""The exchange that is served: one simulated exchange, one lock, and everything that runs on its time.

Whatever touches the exchange holds ``lock``. Time stands still at speed 0 until ``advance``; else a thread moves it on,
so many simulated seconds for each second of the wall.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policytrader.adapters.exchange_server.faults import FaultKind, Faults
from policytrader.adapters.exchange_server.heartbeat import Heartbeat
from policytrader.adapters.exchange_server.limits import Limits
from policytrader.adapters.exchange_server.sessions import Credentials, Sessions
from policytrader.errors import PolicytraderError

if TYPE_CHECKING:
    from policytrader.simulation.exchange import Change, SimulatedExchange

_TICK_SECONDS = 0.02
_MAX_LAG_SECONDS = 0.5


class Host:
    """The exchange with its lock, sessions, limits and faults."""

    def __init__(self, exchange: SimulatedExchange, seed: str, speed: float = 0.0) -> None:
        """``seed`` names the credentials; ``speed`` is simulated seconds per second, 0 stands still until told."""
        self.exchange = exchange
        self.lock = threading.RLock()
        self.speed = speed
        self.credentials = Credentials.from_seed(seed)
        self.app_keys = frozenset({self.credentials.app_key})
        self.sessions = Sessions(self.now, seed)
        self.faults = Faults()
        self.limits = Limits()
        self.heartbeat = Heartbeat()
        self.stopping = threading.Event()
        self._requests = itertools.count(1)
        self._visible_from: dict[str, datetime] = {}
        self._driver: threading.Thread | None = None
        self._volumes: dict[tuple[str, int], int] = {}
        self._last_match: dict[str, datetime] = {}
        for market_id, market in exchange.markets.items():
            for selection_id, book in market.books.items():
                self._count_volume(market_id, selection_id, book.volume_pennies, exchange.now)
        exchange.subscribe(self._note)

    def now(self) -> datetime:
        """The simulated time."""
        return self.exchange.now

    def has_session(self, token: str | None) -> bool:
        """Whether a request or a stream with this token is let in; here a ``session_expiry`` fault hits."""
        if not self.sessions.is_valid(token):
            return False
        if self.faults.take(FaultKind.SESSION_EXPIRY):
            self.sessions.expire_all()
            return False
        return True

    def last_match(self, market_id: str) -> datetime | None:
        """When volume last grew in a market; None while it has not."""
        return self._last_match.get(market_id)

    def _note(self, change: Change) -> None:
        books = self.exchange.markets[change.market_id].books
        for selection_id in change.selections:
            self._count_volume(change.market_id, selection_id, books[selection_id].volume_pennies, change.at)

    def _count_volume(self, market_id: str, selection_id: int, pennies: int, at: datetime) -> None:
        if pennies > self._volumes.get((market_id, selection_id), 0):
            self._last_match[market_id] = at
        self._volumes[market_id, selection_id] = pennies

    def next_request_id(self) -> str:
        """What an error calls the request that it answers."""
        return f"policytrader-{next(self._requests):08d}"

    # --- Time --------------------------------------------------------------------------------------------------------

    def advance(self, seconds: timedelta) -> None:
        """Let simulated time pass; the heartbeat's deadline strikes on its way."""
        with self.lock:
            target = self.exchange.now + seconds
            while (deadline := self.heartbeat.deadline) is not None and deadline <= target:
                self.exchange.advance(max(deadline, self.exchange.now))
                self.heartbeat.strike(self.exchange)
            self.exchange.advance(target)

    def start(self) -> None:
        """Let time run, unless the speed is 0."""
        if self.speed > 0:
            self._driver = threading.Thread(target=self._drive, name="exchange-time", daemon=True)
            self._driver.start()

    def stop(self) -> None:
        """Stop the time, and wake everything that waits."""
        self.stopping.set()
        if self._driver is not None:
            self._driver.join()
            self._driver = None

    def _drive(self) -> None:
        """Follow the wall in small steps; where the exchange cannot keep up, its time goes slower, without jumps."""
        last = time.monotonic()
        while not self.stopping.wait(_TICK_SECONDS):
            wall = time.monotonic()
            passed = min(wall - last, _MAX_LAG_SECONDS)
            last = wall
            try:
                self.advance(timedelta(seconds=passed * self.speed))
            except PolicytraderError as error:
                # A damaged recording: what was read stays, time goes on without it.
                print(error.render(), file=sys.stderr, flush=True)  # noqa: T201 - nobody else can tell it

    # --- Visibility --------------------------------------------------------------------------------------------------

    def hide(self, bet_id: str, seconds: timedelta) -> None:
        """Keep a bet out of what the account lists until simulated time has passed."""
        self._visible_from[bet_id] = self.exchange.now + seconds

    def is_visible(self, bet_id: str) -> bool:
        """Whether the account's lists and the order stream show this bet yet."""
        visible_from = self._visible_from.get(bet_id)
        return visible_from is None or self.exchange.now >= visible_from
