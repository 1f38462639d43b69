"""What surrounds a daemon besides exchange and store: clocks, the log, a live feed, somebody who wants to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from policytrader.app.tick import Tick
    from policytrader.ports import DaemonClock, LiveFeed, Say


def _nobody() -> bool:
    return False


def _unknown() -> None:
    return None


def _unwatched(_: Tick) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """``rest`` lets the wall's time pass, also where the clock's stands still.

    ``skew`` tells how far the clock is ahead of the exchange's, None where nobody knows; ``feed`` is None where prices
    are only polled; ``watch`` is shown each tick that did not fail.
    """

    clock: DaemonClock
    say: Say
    rest: Callable[[float], None]
    is_stopping: Callable[[], bool] = _nobody
    skew: Callable[[], timedelta | None] = _unknown
    feed: LiveFeed | None = None
    watch: Callable[[Tick], None] = _unwatched
