"""Waiting by the machine's monotonic clock, until it is time or somebody wants to stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SLICE_SECONDS = 0.1
"""The longest sleep before looking whether somebody wants to stop."""


def never() -> bool:
    """Nobody wants to stop."""
    return False


def rest(seconds: float, is_stopping: Callable[[], bool] = never) -> None:
    """Let the wall's time pass, by the monotonic clock; returns early when somebody wants to stop."""
    # Not an event that a signal's handler sets: it could be set while this thread holds its lock.
    quiet = threading.Event()
    end = time.monotonic() + seconds
    while not is_stopping() and (left := end - time.monotonic()) > 0:
        quiet.wait(min(SLICE_SECONDS, left))
