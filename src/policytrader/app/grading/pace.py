"""How long the grading loop waits between looks: shorter while the feed answers, longer when it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from policytrader.policy.grading.rules import GradingSchedule

LONGEST_ASKED_SECONDS = 24 * 3600.0
"""Whoever asks for more is asked again after a day: it may have been a slip."""
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """The interval now, how many looks in a row went well, and how long the feed asked to be left alone."""

    interval_seconds: float
    successes: int = 0
    asked_seconds: float = 0.0

    @classmethod
    def start(cls, schedule: GradingSchedule) -> Pace:
        """As the policy begins."""
        return cls(_seconds(schedule.interval))

    @property
    def wait_seconds(self) -> float:
        """Until the next look: never less than the feed asked for, whatever the policy says."""
        return max(self.interval_seconds, self.asked_seconds)

    def after_success(self, schedule: GradingSchedule) -> Pace:
        """A look without failures: so many in a row halve the interval."""
        successes = self.successes + 1
        if successes < schedule.faster_after_successes:
            return Pace(self.interval_seconds, successes)
        return Pace(max(_seconds(schedule.shortest), self.interval_seconds / 2))

    def after_failure(self, schedule: GradingSchedule, asked_seconds: float | None = None) -> Pace:
        """A look with failures doubles the interval."""
        doubled = min(_seconds(schedule.longest), self.interval_seconds * 2)
        return Pace(doubled, asked_seconds=min(asked_seconds or 0.0, LONGEST_ASKED_SECONDS))


def _seconds(text: str) -> float:
    return duration_microseconds(text) / _MICROSECONDS
