"""What the exchange refuses because it is too much at once: instructions per second, concurrent heavy reads."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_INSTRUCTIONS_PER_SECOND = 1000
CONCURRENT_HEAVY_READS = 3
_SECOND = timedelta(seconds=1)


class Limits:
    """Counts for the one account. Instructions are counted on simulated time. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instructions: deque[tuple[datetime, int]] = deque()
        self._heavy_reads = 0

    def count_instructions(self, now: datetime, count: int) -> None:
        """Let through at most 1000 instructions in any second. Raises ``ApingError``: TOO_MANY_REQUESTS."""
        with self._lock:
            while self._instructions and self._instructions[0][0] <= now - _SECOND:
                self._instructions.popleft()
            if sum(past for _, past in self._instructions) + count > MAX_INSTRUCTIONS_PER_SECOND:
                raise ApingError(ApingCode.TOO_MANY_REQUESTS, "more than 1000 instructions in one second")
            self._instructions.append((now, count))

    @contextmanager
    def heavy_read(self) -> Iterator[None]:
        """One of the reads of orders; the third at the same time is refused with TOO_MANY_REQUESTS."""
        with self._lock:
            if self._heavy_reads + 1 >= CONCURRENT_HEAVY_READS:
                raise ApingError(ApingCode.TOO_MANY_REQUESTS, "too many reads of orders in flight")
            self._heavy_reads += 1
        try:
            yield
        finally:
            with self._lock:
                self._heavy_reads -= 1
