"""When a replay decides: as far apart as it is told, as the policy's schedule has it, or wherever a race changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from policytrader.app.timetable import next_tick
from policytrader.model.times import EPOCH, LONDON, microseconds_between
from policytrader.policy.values import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from policytrader.policy.schedule import SchedulePolicy
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.tape import Whole

CHANGE, SCHEDULE = "change", "schedule"
"""Cadences that are no durations: a tick at every change of a race's prices, or as the policy's schedule has it."""


def midnight_of(day: date) -> datetime:
    """When a London day begins, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def day_ticks(day: date, spans: Sequence[tuple[int, int]], cadence: str, schedule: SchedulePolicy) -> Whole | None:
    """The day's ticks, from the first pick to the end of the last race; None where each race has its own."""
    if cadence == CHANGE or not spans:
        return None
    midnight = midnight_of(day)
    origin = microseconds_between(EPOCH, midnight)
    begin, end = min(first for first, _ in spans), max(last for _, last in spans)
    if cadence != SCHEDULE:
        every = duration(cadence) // timedelta(microseconds=1)
        first = origin + -((origin - begin) // every) * every
        return np.arange(first, end + every, every, dtype=np.int64)
    ticks: list[int] = []
    due = midnight
    while not ticks or ticks[-1] < end:
        at = microseconds_between(EPOCH, due)
        if at >= begin:
            ticks.append(at)
        due, _ = next_tick(schedule, due, due)
    return np.array(ticks, np.int64)


def change_ticks(race: RaceRecord, begin: int, end: int) -> Whole:
    """A tick wherever a price or a definition of the race changes, and one at the beginning."""
    moments = [np.array([begin], np.int64)]
    for market in race.markets.values():
        moments.append(np.array(market.times, np.int64))
        moments += [runner.best.at for runner in market.runners.values()]
    found = np.unique(np.concatenate(moments))
    return found[(found >= begin) & (found <= end)]
