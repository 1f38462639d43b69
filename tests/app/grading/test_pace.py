from __future__ import annotations

import pytest

from policytrader.app.grading.pace import Pace
from policytrader.policy.grading.rules import GradingSchedule

SCHEDULE = GradingSchedule()


def test_three_looks_in_a_row_halve_the_interval_down_to_the_shortest() -> None:
    pace, seen = Pace.start(SCHEDULE), []
    for _ in range(7):
        pace = pace.after_success(SCHEDULE)
        seen.append(pace.wait_seconds)
    assert seen == [120, 120, 60, 60, 60, 60, 60]


def test_a_failure_begins_the_count_anew_and_doubles_up_to_the_longest() -> None:
    pace = Pace.start(SCHEDULE).after_success(SCHEDULE).after_success(SCHEDULE).after_failure(SCHEDULE)
    assert (pace.wait_seconds, pace.successes) == (240, 0)
    for _ in range(9):
        pace = pace.after_failure(SCHEDULE)
    assert pace.wait_seconds == 3600


@pytest.mark.parametrize(("asked", "waits"), [(30.0, 240), (500.0, 500), (80_000.0, 80_000), (9e9, 86_400)])
def test_what_the_feed_asks_for_is_waited_and_then_forgotten(asked: float, waits: float) -> None:
    pace = Pace.start(SCHEDULE).after_failure(SCHEDULE, asked)
    assert pace.wait_seconds == waits
    assert pace.after_success(SCHEDULE).wait_seconds == 240
