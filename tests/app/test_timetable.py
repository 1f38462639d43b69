"""When ticks are due, on plain days and on those on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policytrader import load_policy
from policytrader.app.timetable import next_tick
from policytrader.policy.values import duration
from policytrader.resources import resource

SCHEDULE = load_policy(resource("rules")).schedule  # 2 minutes, from 10:00 London 15 seconds


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2026-05-02T07:00:00", "2026-05-02T07:02:00"),
        ("2026-05-02T08:59:00", "2026-05-02T09:00:00"),  # 10:00 in London: the interval begins with a tick
        ("2026-05-02T09:00:00", "2026-05-02T09:00:15"),
        ("2026-05-02T22:59:50", "2026-05-02T23:00:00"),  # midnight in London
        ("2026-12-02T09:59:00", "2026-12-02T10:00:00"),
        ("2026-03-29T00:59:00", "2026-03-29T01:01:00"),  # an hour that London does not have
        ("2026-10-25T00:59:00", "2026-10-25T01:01:00"),  # one that it has twice
        ("2026-10-25T09:59:30", "2026-10-25T10:00:00"),
    ],
)
def test_the_next_tick(due: str, expected: str) -> None:
    assert next_tick(SCHEDULE, utc(due), utc(due)) == (utc(expected), 0)


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("15s", 15), ("30m", 1_800), ("8h", 28_800)])
def test_a_duration_as_it_is_written(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


def test_late_ticks_are_skipped_and_counted() -> None:
    due = utc("2026-05-02T12:00:00")
    assert next_tick(SCHEDULE, due, due + timedelta(seconds=15)) == (due + timedelta(seconds=15), 0)
    assert next_tick(SCHEDULE, due, due + timedelta(seconds=16)) == (due + timedelta(seconds=30), 1)
    assert next_tick(SCHEDULE, due, due + timedelta(seconds=60)) == (due + timedelta(seconds=60), 3)
