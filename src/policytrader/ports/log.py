"""The log of what happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Say(Protocol):
    """Where lines go: a level, what happened, when by the daemon's clock (None where it has none)."""

    def __call__(self, level: str, event: str, at: datetime | None, **fields: Any) -> None:
        """One line."""
        ...
