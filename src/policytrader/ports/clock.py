"""The clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> datetime:
        """The moment, aware UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that much of this clock's time pass."""
        ...
