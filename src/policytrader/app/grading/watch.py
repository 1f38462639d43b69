"""The grading loop: look, tell, wait, until somebody asks to stop. It survives a feed or a store that is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.grading.pace import Pace
from policytrader.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.app.grading.settle import FixtureLook, Round, Settler
    from policytrader.policy.grading.rules import GradingSchedule
    from policytrader.ports.bet_store import Owner
    from policytrader.ports.clock import Clock


def watch(
    settler: Settler,
    clock: Clock,
    schedule: GradingSchedule,
    *,
    owner: Owner | None,
    is_stopping: Callable[[], bool],
    progress: Callable[[FixtureLook, int, int], None],
    tell: Callable[[Round | StoreError, float], None],
) -> None:
    """Look again and again. ``tell`` gets each look, or why there was none, and the seconds until the next.

    The waits of ``clock`` end early when ``is_stopping`` says so.
    """
    pace = Pace.start(schedule)
    while not is_stopping():
        found: Round | StoreError
        try:
            # Pending bets wait for results of others no longer than for the next look.
            found = settler.look(owner, progress, is_stopping, pace.interval_seconds)
        except StoreError as error:
            # Whatever was stored is stored; the rest is still pending.
            found, pace = error, pace.after_failure(schedule)
        else:
            failed = found.has_failed
            pace = pace.after_failure(schedule, found.retry_after_seconds) if failed else pace.after_success(schedule)
        tell(found, pace.wait_seconds)
        clock.wait(pace.wait_seconds)
