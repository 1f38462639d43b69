"""The machine's clock, and the wall's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.adapters.clocks import SystemClock


def system_clock(is_stopping: Callable[[], bool] | None = None, *, at: datetime | None = None) -> SystemClock:
    """The machine's clock, whose waits end early when ``is_stopping``; with ``at`` it is that moment all the time."""
    from policytrader.adapters.clocks import SystemClock
    from policytrader.waiting import never

    if at is None:
        return SystemClock(is_stopping or never)
    return SystemClock(is_stopping or never, read_wall=lambda: at)


def wall_rest(is_stopping: Callable[[], bool]) -> Callable[[float], None]:
    """Let the wall's time pass, until somebody wants to stop."""
    from policytrader.waiting import rest

    return lambda seconds: rest(seconds, is_stopping)
