"""Whether the wall clock is one to bet by: it must not jump, and it must agree with the exchange's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_JUMP = timedelta(seconds=2)
MAX_SKEW = timedelta(seconds=5)


class ClockProblem(NamedTuple):
    """Why nothing new may be opened. ``is_news``: it was not so when last looked at."""

    cause: str
    why: str
    is_news: bool = True


class ClockWatch:
    """Looks at the clock before each tick."""

    def __init__(self, take_jump: Callable[[], timedelta], skew: Callable[[], timedelta | None]) -> None:
        """``take_jump``: how far it jumped since last asked; ``skew``: how far it is ahead of the exchange's."""
        self._take_jump = take_jump
        self._skew = skew
        self._is_skewed = False

    def look(self) -> tuple[ClockProblem, ...]:
        """What is wrong now. A clock that disagrees is wrong until it agrees; a jump is told once."""
        found = []
        jump, skew = self._take_jump(), self._skew()
        if abs(jump) > MAX_JUMP:
            found.append(ClockProblem("clock_jump", f"the clock jumped by {jump.total_seconds():.1f} seconds"))
        was_skewed, self._is_skewed = self._is_skewed, skew is not None and abs(skew) > MAX_SKEW
        if skew is not None and self._is_skewed:
            side = "ahead of" if skew > timedelta() else "behind"
            apart = f"{abs(skew).total_seconds():.0f} seconds {side} the exchange's"
            why = f"the clock is {apart}: set it right, then resume"
            found.append(ClockProblem("clock_skew", why, not was_skewed))
        return tuple(found)
