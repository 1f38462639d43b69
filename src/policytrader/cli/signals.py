"""Somebody asks a command to stop: SIGINT (Ctrl-C) and SIGTERM, in the same clean way."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """Whether somebody asked to stop; the handlers of SIGTERM and SIGINT set it."""

    def __init__(self) -> None:
        """Nobody has."""
        self.is_set = False

    def __call__(self) -> bool:
        """Whether somebody has."""
        return self.is_set

    def handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        """Stop after what is under way; a second signal of the kind ends at once."""
        self.is_set = True
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def stopped_by_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within it ``handler`` is told of the signals; afterwards whoever was before."""
    previous = {number: signal.signal(number, handler) for number in STOPPING}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)
