"""One small day, and a crash at each call of it to the store and to the exchange, before and after the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.day import FaultyDay, Parts
from tests.faults.injected import CrashAt

if TYPE_CHECKING:
    from policytrader.engine.evaluate import Engine
    from tests.faults.day import Outcome

_SEED, _TICKS, _WITHDRAWN_AFTER, _GAP_SECONDS = 4, 6, 2, 7


def play(engine: Engine, crash_at: int | None) -> tuple[Outcome, list[str]]:
    """The day with a crash at that checkpoint (from 1; None for no crash), and the checkpoints that were passed.

    One race, two picks in each market, whose orders are filled in part; then a runner is withdrawn whose removal makes
    picks invalid: what rests is cancelled, and what was matched is hedged.
    """
    faults = CrashAt(crash_at)
    day = FaultyDay(_SEED, engine, Parts(faults=faults, races=1, picks_per_market=2))
    for tick in range(_TICKS):
        day.tick()
        if tick == _WITHDRAWN_AFTER:
            day.happenings.withdraw(day.races[0][0])
        day.let_pass(_GAP_SECONDS)
    day.finish()
    return day.outcome(), faults.names
