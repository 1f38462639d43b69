"""Logins and sessions, on simulated time: tokens that expire, and the ban after too many logins.

Names, password and tokens follow from the seed: nothing here is a secret, and two runs are alike.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION_LIFE = timedelta(hours=24)
"""As for customers in the United Kingdom; only a keep-alive extends it (``docs/exchange-rules.md`` section 1)."""

MAX_LOGINS = 100
LOGIN_WINDOW = timedelta(minutes=1)
LOGIN_BAN = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What logs in: paper credentials, fixed by the seed."""

    username: str
    password: str
    app_key: str

    @classmethod
    def from_seed(cls, seed: str) -> Credentials:
        """Plain names that say what they are."""
        return cls(f"paper-{seed}", f"paper-password-{seed}", f"paper-app-key-{seed}")


class Sessions:
    """The sessions that are open. Safe to use from any thread."""

    def __init__(self, clock: Callable[[], datetime], seed: str) -> None:
        self._clock = clock
        self._seed = seed
        self._lock = threading.Lock()
        self._opened = 0
        self._expiry: dict[str, datetime] = {}
        self._logins: deque[datetime] = deque()
        self._banned_until: datetime | None = None

    def open(self) -> str | None:
        """A new session's token; None while logins are banned, which leaves living sessions alone."""
        now = self._clock()
        with self._lock:
            if self._banned_until is not None and now < self._banned_until:
                return None
            while self._logins and self._logins[0] <= now - LOGIN_WINDOW:
                self._logins.popleft()
            if len(self._logins) >= MAX_LOGINS:
                self._banned_until = now + LOGIN_BAN
                return None
            self._logins.append(now)
            self._opened += 1
            token = hashlib.sha256(f"{self._seed}:{self._opened}".encode()).hexdigest()
            self._expiry[token] = now + SESSION_LIFE
            return token

    def is_valid(self, token: str | None) -> bool:
        """Whether the token is of a session that is open and has not expired."""
        now = self._clock()
        with self._lock:
            expiry = self._expiry.get(token or "")
            return expiry is not None and now < expiry

    def extend(self, token: str | None) -> bool:
        """Keep a session alive; False if there is none."""
        if not self.is_valid(token):
            return False
        with self._lock:
            self._expiry[token or ""] = self._clock() + SESSION_LIFE
        return True

    def close(self, token: str | None) -> bool:
        """End a session; False if there was none."""
        was_valid = self.is_valid(token)
        with self._lock:
            self._expiry.pop(token or "", None)
        return was_valid

    def expire_all(self) -> None:
        """End every session, as a fault does."""
        with self._lock:
            self._expiry.clear()
