"""One pick on its way through a replayed day: what was judged of it, and when something may be due."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from policytrader.engine.compile import Outcome
from policytrader.engine.history import KEPT

if TYPE_CHECKING:
    from policytrader.app.replay.rows import PickHistory
    from policytrader.engine.history import Judged
    from policytrader.model.snapshot import Selection


@dataclass(slots=True, kw_only=True)
class PickRun:
    """One pick. ``exposure`` (1e-10) is what is at risk on its own side, with hedges of others there.

    ``is_matched`` says that something is matched on its runner, on either side; ``is_resting`` that an order of ours
    rests there; ``has_orders`` that there ever was one.
    """

    history: PickHistory
    judgement: Any
    meets: Any
    times: Any
    """When each row begins to hold: a tick, in microseconds."""
    is_epoch: Any
    """Rows with which another definition begins."""
    exposure: int = 0
    is_resting: bool = False
    is_matched: bool = False
    has_orders: bool = False
    rests_since: int | None = None
    """Since when the oldest of our orders rests on its own side (microseconds)."""
    actions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    rule: str | None = None

    @classmethod
    def of(cls, history: PickHistory, judged: Judged) -> PickRun:
        """With its rows' answers."""
        rows = slice(history.begin, history.begin + len(history.tick))
        is_epoch = np.zeros(len(history.tick), np.bool_)
        is_epoch[1:] = history.epoch[1:] != history.epoch[:-1]
        return cls(
            history=history,
            judgement=judged.judgement[rows],
            meets=judged.meets[rows],
            times=history.ticks[history.tick],
            is_epoch=is_epoch,
        )

    @property
    def selection(self) -> Selection:
        """The pick as it was made."""
        return self.history.selection

    @property
    def key(self) -> tuple[str, int]:
        """Its market and runner."""
        return self.history.selection.market_id, self.history.selection.selection_id

    def row_at(self, at: int) -> int:
        """The row that holds at a tick."""
        return int(np.searchsorted(self.times, at, "right")) - 1

    def tick_after(self, at: int) -> int | None:
        """The first tick after a moment."""
        ticks = self.history.ticks
        place = int(np.searchsorted(ticks, at, "right"))
        return int(ticks[place]) if place < len(ticks) else None

    def outcome_at(self, row: int, at: int, cancel_after: int, *, meets: bool) -> Outcome:
        """What the statement would say of a pick that is stored as valid; not of a matched one that becomes invalid."""
        judgement, history = int(self.judgement[row]), self.history
        if judgement != KEPT:
            if judgement >= 0 and judgement % 2:
                return Outcome.HOLD
            return Outcome.INVALID if self.rests_since is None else Outcome.CANCEL_INVALID
        if self.rests_since is not None and at - self.rests_since > cancel_after:
            return Outcome.CANCEL_RESTED
        if history.race_time[row] <= at:
            return Outcome.AFTER_OFF
        if history.cap - self.exposure < history.within:
            return Outcome.FULLY_MATCHED
        if self.exposure >= history.target[row]:
            return Outcome.STEP_FILLED
        return Outcome.CANDIDATE if meets else Outcome.NO_PRICE

    def wanted(self) -> Any:
        """Rows in which more is to be bet, whatever the price."""
        history = self.history
        has_room = history.cap - self.exposure >= history.within
        is_before_off = self.times < history.race_time
        return (self.judgement == KEPT) & (history.target > self.exposure) & is_before_off & has_room

    def next_turn(self, after: int) -> int | None:
        """The first tick after ``after`` that matters whatever is to be bet.

        There its reason is gone, or another definition begins and changes what is matched.
        """
        gone = self.next_of(self._gone(), after)
        if not self.is_matched:
            return gone
        begins = self.times[self.is_epoch & (self.times > after)]
        return min((at for at in (gone, *begins[:1].tolist()) if at is not None), default=None)

    def is_gone(self, row: int) -> bool:
        """Whether a rule invalidates the pick there."""
        judgement = int(self.judgement[row])
        return judgement >= 0 and judgement % 2 == 0

    def _gone(self) -> Any:
        """Rows in which a rule invalidates the pick."""
        return (self.judgement >= 0) & (self.judgement % 2 == 0)

    def judgement_at(self, row: int) -> int | None:
        """What the statement's row says; None where no rule has anything against the pick."""
        judgement = int(self.judgement[row])
        return None if judgement == KEPT else judgement

    def next_change(self, at: int) -> int | None:
        """When its next row begins."""
        place = int(np.searchsorted(self.times, at, "right"))
        return int(self.times[place]) if place < len(self.times) else None

    def next_of(self, rows: Any, after: int) -> int | None:
        """The first tick after ``after`` at which one of these rows holds."""
        following = self.tick_after(after)
        if following is None:
            return None
        first = max(0, self.row_at(following))
        place = first + int(np.argmax(rows[first:]))
        return max(following, int(self.times[place])) if rows[place] else None
