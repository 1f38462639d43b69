"""When the next tick begins: by the schedule, at once where the stream has news, or after a pause that grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.timetable import next_tick

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.app.surroundings import Surroundings
    from policytrader.policy.schedule import SchedulePolicy

LONGEST_PAUSE_SECONDS = 60.0
LEAST_GAP_SECONDS = 1.0
"""Ticks that the stream asks for are not closer to the one before: each reads the account's orders."""
_SLICE_SECONDS = 0.05
_GOOD = ("healthy", "connecting", "no stream")
"""How a feed begins to describe itself where nothing is wrong."""


def pause_seconds(failures: int) -> float:
    """How long to leave the world alone after so many failures in a row: 2, 4, 8 … 60 seconds."""
    return float(min(LONGEST_PAUSE_SECONDS, 2.0 ** min(failures, 10)))


class Pace:
    """Waits between ticks; ticks never overlap, and one that fell due meanwhile is skipped."""

    def __init__(self, surroundings: Surroundings) -> None:
        """Nothing is waited for yet."""
        self._surroundings = surroundings
        self._clock = surroundings.clock
        self._told = ""

    def until_next(self, schedule: SchedulePolicy, due: datetime) -> tuple[datetime, int]:
        """Wait; ``due`` is when the last scheduled tick was. Returns the same for the next, and how many were skipped.

        Where the stream had news it returns earlier, with ``due`` as it was. Raises ``ExchangeError`` where the
        exchange's own clock does not answer.
        """
        now = self._clock.now()
        # A clock that was put back: the last one fell due in a time that is still to come.
        due = min(due, now)
        following, skipped = next_tick(schedule, due, now)
        if skipped:
            self._surroundings.say("warning", "late", now, skipped=skipped)
        if self._surroundings.feed is None:
            self._clock.wait(max(0.0, (following - now).total_seconds()))
            return following, skipped
        is_due = self._watch(following)
        # Had it come earlier, the ticks skipped would be counted again.
        return (following, skipped) if is_due or skipped else (due, 0)

    def _watch(self, following: datetime) -> bool:
        """Whether the scheduled tick is due; False where the stream was first."""
        surroundings, feed = self._surroundings, self._surroundings.feed
        assert feed is not None, "the caller looked"
        self._tell(feed.describe())
        left = (following - self._clock.now()).total_seconds()
        self._clock.wait(max(0.0, min(LEAST_GAP_SECONDS, left)))
        while not surroundings.is_stopping() and self._clock.now() < following:
            if feed.wait_for_change(_SLICE_SECONDS):
                return False
        return True

    def _tell(self, told: str) -> None:
        if told != self._told:
            self._told = told
            level = "info" if told.startswith(_GOOD) else "warning"
            self._surroundings.say(level, "stream", self._clock.now(), state=told)
