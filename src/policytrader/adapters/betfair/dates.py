"""How far our clock is from the exchange's: what the ``Date`` of each answer proves, and not more."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_WHOLE_SECOND = timedelta(seconds=1)
"""A ``Date`` names a second, not a moment."""
_ZERO = timedelta()
_LAST_YEAR = 9000


class _Seen(NamedTuple):
    date: datetime
    sent_at: float
    arrived_at: float


class DateWatch:
    """Compares a wall clock with the latest ``Date``; in between, time passes by the monotonic clock.

    A date is of a moment between a request and its answer, so that a slow answer is no reason for a doubt: what is
    told is the distance that is certain. The monotonic source is an argument for tests alone.
    """

    def __init__(self, now: Callable[[], datetime], *, read_monotonic: Callable[[], float] = time.monotonic) -> None:
        """``now``: the clock that is compared, aware UTC."""
        self._now = now
        self._read_monotonic = read_monotonic
        self._seen: _Seen | None = None

    def sending(self) -> float:
        """To be asked right before a request; for ``saw``."""
        return self._read_monotonic()

    def saw(self, header: str | None, sent_at: float) -> None:
        """The answer's ``Date``, right after its headers came. None, or what is no date, tells nothing."""
        arrived_at = self._read_monotonic()
        try:
            date = parsedate_to_datetime(header or "")
        except (ValueError, TypeError, OverflowError):
            return
        if date.tzinfo is not None and date.year <= _LAST_YEAR:
            self._seen = _Seen(date.astimezone(UTC), sent_at, arrived_at)

    def skew(self) -> timedelta | None:
        """How far our clock is ahead of the exchange's (behind it: negative), at least; None before the first date."""
        seen = self._seen
        if seen is None:
            return None
        now, monotonic = self._now(), self._read_monotonic()
        earliest = seen.date + timedelta(seconds=monotonic - seen.arrived_at)
        latest = seen.date + _WHOLE_SECOND + timedelta(seconds=monotonic - seen.sent_at)
        return min(_ZERO, now - earliest) or max(_ZERO, now - latest)
