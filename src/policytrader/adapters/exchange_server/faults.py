"""Faults on request: what can go wrong between a client and an exchange, made to go wrong a given number of times.

A request is hit by at most one fault that decides its answer, in the order in which they were asked for, and on top of
it by a delay and late visibility if those are pending too: "the reply is lost and the order appears late" is one case.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal


class FaultKind(StrEnum):
    """Every fault that can be asked for."""

    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    DELAY = "delay"
    SERVER_ERROR = "5xx"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    LATE_VISIBILITY = "late_visibility"
    THROTTLING = "throttling"
    SESSION_EXPIRY = "session_expiry"
    STREAM_503 = "stream_503"


WITHOUT_METHOD = frozenset({FaultKind.SESSION_EXPIRY, FaultKind.STREAM_503})
"""They hit the session or the stream, whatever is called."""

WITH_SECONDS = frozenset({FaultKind.DELAY, FaultKind.LATE_VISIBILITY})
"""They need a duration: a delay in wall time, late visibility in simulated time."""

PROCESSED_BY_DEFAULT = {FaultKind.SERVER_ERROR: False, FaultKind.TRUNCATED: True, FaultKind.TIMEOUT: True}
"""The kinds that may or may not have been processed, and what holds when nobody says."""

DECISIVE = frozenset(
    {
        FaultKind.DROP_BEFORE,
        FaultKind.DROP_AFTER,
        FaultKind.SERVER_ERROR,
        FaultKind.TRUNCATED,
        FaultKind.TIMEOUT,
        FaultKind.THROTTLING,
    }
)
"""The kinds that decide the answer; a request has only one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, ``times`` over. ``seconds`` where it lasts, ``status`` for 5xx, ``is_processed`` where it can vary."""

    kind: FaultKind
    method: str | None = None
    times: int = 1
    seconds: Decimal | None = None
    status: int = 503
    is_processed: bool = False

    @property
    def duration(self) -> timedelta:
        """How long it lasts; nothing for the kinds that do not."""
        return timedelta(microseconds=int(self.seconds * 1_000_000)) if self.seconds is not None else timedelta()


class Faults:
    """The faults that are still to come, and how often each kind was hit. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[tuple[Fault, int]] = []
        self._hits: Counter[FaultKind] = Counter()

    def ask(self, faults: Iterable[Fault]) -> None:
        """Add faults behind those that are pending; none at all means that what is pending is forgotten."""
        added = [(fault, fault.times) for fault in faults]
        with self._lock:
            self._pending = [*self._pending, *added] if added else []

    def take(self, kinds: FaultKind | frozenset[FaultKind], method: str | None = None) -> Fault | None:
        """The next pending fault of these kinds for a method, counted as hit; None if there is none."""
        wanted = frozenset({kinds}) if isinstance(kinds, FaultKind) else kinds
        with self._lock:
            for index, (fault, left) in enumerate(self._pending):
                if fault.kind in wanted and fault.method == method:
                    self._pending[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    self._hits[fault.kind] += 1
                    return fault
        return None

    def hits(self) -> dict[str, int]:
        """How often each kind was hit, those that were, in alphabetical order."""
        with self._lock:
            return {kind.value: self._hits[kind] for kind in sorted(self._hits)}
