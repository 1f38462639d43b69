"""The machine's clock, and the wall's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.clocks import SystemClock


def system_clock() -> SystemClock:
    """The machine's clock."""
    from policytrader.adapters.clocks import SystemClock

    return SystemClock()


def wall_rest(is_stopping: Callable[[], bool]) -> Callable[[float], None]:
    """Let the wall's time pass, until somebody wants to stop."""
    from policytrader.adapters.clocks import rest

    return lambda seconds: rest(seconds, is_stopping)
