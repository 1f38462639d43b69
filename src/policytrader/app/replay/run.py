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

_NO_ROWS = np.array([], np.int64)


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
    begins: Any
    """When another definition begins (microseconds, rising)."""
    may_bet: Any
    """Of each row, whether no rule is against the pick and it is before the off."""
    gone: Any
    """The rows in which a rule invalidates the pick, rising."""
    exposure: int = 0
    is_resting: bool = False
    is_matched: bool = False
    has_orders: bool = False
    rests_since: int | None = None
    """Since when the oldest of our orders rests on its own side (microseconds)."""
    actions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refused_at: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The first and the last tick at which an order was refused, by code (microseconds)."""
    rule: str | None = None

    @classmethod
    def of(cls, history: PickHistory, judged: Judged) -> PickRun:
        """With its rows' answers."""
        rows = slice(history.begin, history.begin + len(history.tick))
        judgement, times = judged.judgement[rows], history.ticks[history.tick]
        return cls(
            history=history,
            judgement=judgement,
            meets=judged.meets[rows],
            times=times,
            begins=times[1:][history.epoch[1:] != history.epoch[:-1]],
            may_bet=(judgement == KEPT) & (times < history.race_time),
            gone=np.flatnonzero((judgement >= 0) & (judgement % 2 == 0)),
        )

    @property
    def selection(self) -> Selection:
        """The pick as it was made."""
        return self.history.selection

    def refuse(self, code: str, at: int) -> None:
        """Count that its order was refused at a tick."""
        self.refused[code] += 1
        self.refused_at[code] = self.refused_at.get(code, (at,))[0], at

    @property
    def key(self) -> tuple[str, int]:
        """Its market and runner."""
        return self.history.selection.market_id, self.history.selection.selection_id

    def row_at(self, at: int) -> int:
        """The row that holds at a tick."""
        return int(self.times.searchsorted(at, "right")) - 1

    def tick_after(self, at: int) -> int | None:
        """The first tick after a moment."""
        ticks = self.history.ticks
        place = int(ticks.searchsorted(at, "right"))
        return int(ticks[place]) if place < len(ticks) else None

    def outcome_at(self, row: int, at: int, cancel_after: int) -> Outcome:
        """What the statement would say of a pick that is stored as valid, if its price were there.

        Not of a matched one that becomes invalid.
        """
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
        return Outcome.CANDIDATE

    def wanted(self) -> Any:
        """The rows in which more is to be bet, whatever the price."""
        history = self.history
        if history.cap - self.exposure < history.within:
            return _NO_ROWS
        return np.flatnonzero(self.may_bet & (history.target > self.exposure))

    def with_price(self, rows: Any) -> Any:
        """Those of some rows in which the price is there."""
        return rows[self.meets[rows]]

    def next_turn(self, after: int) -> int | None:
        """The first tick after ``after`` that matters whatever is to be bet.

        There its reason is gone, or another definition begins and changes what is matched.
        """
        gone = self.next_of(self.gone, after)
        place = int(self.begins.searchsorted(after, "right"))
        if not self.is_matched or place == len(self.begins):
            return gone
        begins = int(self.begins[place])
        return begins if gone is None else min(gone, begins)

    def is_gone(self, row: int) -> bool:
        """Whether a rule invalidates the pick there."""
        judgement = int(self.judgement[row])
        return judgement >= 0 and judgement % 2 == 0

    def judgement_at(self, row: int) -> int | None:
        """What the statement's row says; None where no rule has anything against the pick."""
        judgement = int(self.judgement[row])
        return None if judgement == KEPT else judgement

    def next_change(self, at: int) -> int | None:
        """When its next row begins."""
        place = int(self.times.searchsorted(at, "right"))
        return int(self.times[place]) if place < len(self.times) else None

    def next_of(self, rows: Any, after: int) -> int | None:
        """The first tick after ``after`` at which one of these rows, rising, holds."""
        following = self.tick_after(after) if len(rows) else None
        if following is None:
            return None
        place = int(rows.searchsorted(max(0, self.row_at(following))))
        return max(following, int(self.times[rows[place]])) if place < len(rows) else None
