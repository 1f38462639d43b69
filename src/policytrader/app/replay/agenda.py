"""When who is due: names at moments, the earliest of each."""

from __future__ import annotations

import heapq


class Agenda:
    """What is to be done when. Moments in microseconds since 1970."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._queue: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}

    @property
    def next_at(self) -> int | None:
        """The earliest moment at which something is due."""
        while self._queue and self._due.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)  # it became due earlier, and was taken
        return self._queue[0][0] if self._queue else None

    def push(self, name: str, at: int | None) -> None:
        """Due at ``at``, unless it is due earlier; None asks for nothing."""
        if at is not None and at < self._due.get(name, at + 1):
            self._due[name] = at
            heapq.heappush(self._queue, (at, name))

    def take(self) -> str:
        """What is due first, by moment and then by name; it no longer is. Something must be due."""
        assert self.next_at is not None, "nothing is due"
        _, name = heapq.heappop(self._queue)
        del self._due[name]
        return name
