"""When the loop ticks: the schedule policy's intervals, by London time of day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from policytrader.model.times import LONDON
from policytrader.policy.values import duration

if TYPE_CHECKING:
    from policytrader.policy.schedule import SchedulePolicy

_DAY = timedelta(days=1)


def next_tick(schedule: SchedulePolicy, due: datetime, now: datetime) -> tuple[datetime, int]:
    """The first tick after the one that was due at ``due`` and that is not over before it began; how many are skipped.

    An interval begins with a tick of its own. Ticks never overlap: one that fell due while another ran is skipped.
    """
    skipped = -1
    while skipped < 0 or due < now:
        due = _following(schedule, due)
        skipped += 1
    return due, skipped


def _following(schedule: SchedulePolicy, due: datetime) -> datetime:
    here = due.astimezone(LONDON)
    starts = [time.fromisoformat(interval.from_) for interval in schedule.intervals]
    at = here.time()
    current = max(number for number, start in enumerate(starts) if start <= at)
    following = due + duration(schedule.intervals[current].every)
    is_last = current + 1 == len(starts)
    # Combined in London, so that a day on which the clocks change begins its intervals on time too.
    day = here.date() + _DAY if is_last else here.date()
    boundary = datetime.combine(day, starts[0] if is_last else starts[current + 1], LONDON).astimezone(UTC)
    return min(following, boundary) if boundary > due else following
