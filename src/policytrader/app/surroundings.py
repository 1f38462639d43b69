"""What surrounds a daemon besides exchange and store: clocks, the log, a live feed, somebody who wants to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


class DaemonClock(Protocol):
    """A clock that tells when it was put forward or back."""

    def now(self) -> datetime:
        """The moment, aware UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that much of this clock's time pass."""
        ...

    def take_jump(self) -> timedelta:
        """How far it jumped since this was last asked."""
        ...


class Say(Protocol):
    """Where the daemon's log goes: a level, what happened, when by the daemon's clock (None where it has none)."""

    def __call__(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:
        """One line."""
        ...


class LiveFeed(Protocol):
    """Prices that come by themselves."""

    def wait_for_change(self, seconds: float) -> bool:
        """Wait, at most so long by the wall, until something is new since this was last asked."""
        ...

    def describe(self) -> str:
        """How it is, for the log."""
        ...


def _nobody() -> bool:
    return False


def _unknown() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """``rest`` lets the wall's time pass, also where the clock's stands still.

    ``skew`` tells how far the clock is ahead of the exchange's, None where nobody knows; ``feed`` is None where prices
    are only polled.
    """

    clock: DaemonClock
    say: Say
    rest: Callable[[float], None]
    is_stopping: Callable[[], bool] = _nobody
    skew: Callable[[], timedelta | None] = _unknown
    feed: LiveFeed | None = None
