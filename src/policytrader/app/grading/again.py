"""The second rotation: fixtures whose bets all have results are looked at again, for a feed corrects its numbers.

It runs at a calm interval, inside a window after the result, and behind the fixtures with pending bets. Neither starves
the other: a fixture with results goes ahead of a pending one that was looked at ``_PATIENCE`` intervals later, and
looks at results alone have a share of a round's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.grading.steps import VOID, may_be_corrected
from policytrader.model.times import EPOCH
from policytrader.policy.values import duration
from policytrader.ports.bet_store import Recheck

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.model.tracked import TrackedBet
    from policytrader.policy.grading.rules import Settings
    from policytrader.ports.bet_store import PendingFixture, SettledFixture

MOST_AT_ONCE = 500
"""Fixtures with results that one round looks at; the others keep their place."""
_PATIENCE = 4
_MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A fixture to look at. ``is_again``: results on it are due; ``is_pending``: bets on it wait for one."""

    fixture_id: str
    is_pending: bool
    is_again: bool


def wanted_again(settings: Settings, now: datetime) -> Recheck:
    """Which results are due for another look; none is where the policy's window is shorter than its interval."""
    every, window = duration(settings.regrade_every), duration(settings.regrade_window)
    return Recheck(settled_since=now - window, checked_before=now - every, final=VOID)


def is_open(bet: TrackedBet, settings: Settings, now: datetime) -> bool:
    """Whether a corrected number may still change this bet's result."""
    is_young = bet.settled_at is not None and bet.settled_at >= now - duration(settings.regrade_window)
    return bet.status.is_settled and is_young and may_be_corrected(bet)


def in_turn(
    pending: Sequence[PendingFixture], settled: Sequence[SettledFixture], settings: Settings
) -> tuple[Turn, ...]:
    """Both rotations as one, each fixture once: pending ones first, but for those that have had many more looks."""
    patience = _PATIENCE * duration(settings.regrade_every)
    again = {one.fixture_id for one in settled}
    waiting = {one.fixture_id for one in pending}
    keyed = [(_at(one), Turn(one.fixture_id, is_pending=True, is_again=one.fixture_id in again)) for one in pending]
    keyed += [
        (_at(one) + patience, Turn(one.fixture_id, is_pending=False, is_again=True))
        for one in settled
        if one.fixture_id not in waiting
    ]
    keyed.sort(key=lambda pair: pair[0])
    return tuple(turn for _, turn in keyed)


class Share:
    """How much of a round fixtures without pending bets may have: so many seconds, and few failures in a row."""

    def __init__(self, seconds: float | None) -> None:
        """None for all the time that they need."""
        self._left = None if seconds is None else timedelta(seconds=seconds)
        self._failed_in_a_row = 0

    def has_room_for(self, turn: Turn) -> bool:
        """Whoever is left out keeps the place in the rotation."""
        is_used_up = self._failed_in_a_row >= _MOST_FAILURES or (self._left is not None and self._left <= timedelta())
        return turn.is_pending or not is_used_up

    def note(self, turn: Turn, took: timedelta, *, has_failed: bool) -> None:
        """After each look of the round."""
        if turn.is_pending:
            return
        self._failed_in_a_row = self._failed_in_a_row + 1 if has_failed else 0
        if self._left is not None:
            self._left -= took


def _at(one: PendingFixture | SettledFixture) -> datetime:
    return one.last_checked_at or EPOCH
