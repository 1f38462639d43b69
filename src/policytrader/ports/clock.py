"""The clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """The moment, aware UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that much of this clock's time pass."""
        ...


class DaemonClock(Clock, Protocol):
    """A clock that tells when it was put forward or back."""

    def take_jump(self) -> timedelta:
        """How far it jumped since this was last asked."""
        ...
