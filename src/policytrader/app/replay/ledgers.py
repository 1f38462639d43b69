"""What counted against the limits at a replayed tick, put together again, and the last gate asked on it.

The gate's questions (the day's loss, latches, everything else that was sent in the same tick) are no part of a plan's
inputs: whoever asks why an order was refused has to ask the gate, on the ledger of that moment.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.gate import LATCH, Gate, Ledger, latches_due, subject_of
from policytrader.engine.evaluate import decision_order
from policytrader.model.decision import Action
from policytrader.model.journal import (
    BetSizes,
    Control,
    ControlKind,
    ControlState,
    Intent,
    IntentState,
    JournalEntry,
    Purpose,
)
from policytrader.model.money import ZERO
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from typing import Any

    from policytrader.engine.plan import Decision
    from policytrader.model.decision import PlannedOrder
    from policytrader.model.replay import ReplayedOrder, ReplayedSelection
    from policytrader.model.snapshot import Selection
    from policytrader.policy.protection import Protections

REPLAY = "replay"


class DayLedgers:
    """One replay's orders and results by London day, as the gate counted them.

    When a removal voided an order or reduced its price is not told: an order counted as it was sent at the most, and as
    it ended at the least.
    """

    def __init__(self, picks: Iterable[ReplayedSelection]) -> None:
        """Put together when a day is first asked for; one day is kept."""
        self._orders: dict[date, list[tuple[ReplayedOrder, ReplayedSelection]]] = defaultdict(list)
        self._results: dict[date, list[tuple[datetime, ReplayedSelection]]] = defaultdict(list)
        for pick in picks:
            for order in pick.orders:
                self._orders[london_day(order.at)].append((order, pick))
            if pick.settled_at is not None:
                self._results[london_day(pick.settled_at)].append((pick.settled_at, pick))
        self._day: tuple[date | None, list[_Sent]] = (None, [])

    def _sent(self, day: date) -> list[_Sent]:
        """The day's orders as they were sent."""
        if self._day[0] != day:
            found = sorted((_Sent.of(*one) for one in self._orders.get(day, ())), key=lambda one: one.turn)
            self._day = day, found
        return self._day[1]

    def ledger(self, selection: Selection, at: datetime, limits: Protections, *, most: bool) -> Ledger:
        """What counted at the most, or least, when it was the pick's turn at a tick.

        With the latches that these limits had closed by then.
        """
        day = london_day(at)
        sent = self._sent(day)
        end = bisect_left(sent, _turn(at, Purpose.OPENING, selection), key=lambda one: one.turn)
        entries = tuple(one.most if most else one.least for one in sent[:end])
        known = sorted((one for one in self._results.get(day, ()) if _moment(one) < at), key=_moment)
        made, worst = ZERO, ZERO
        for _, read in groupby(known, key=_moment):
            made += sum((pick.net for _, pick in read), ZERO)
            worst = min(worst, made)
        return Ledger(
            now=at,
            entries=entries,
            foreign=(),
            controls=ControlState(latches=_latches(limits, entries, -worst, at)),
            settled=frozenset(pick.selection.selection_ref for _, pick in known),
            lost_today=max(ZERO, -made),
        )


def _moment(result: tuple[datetime, ReplayedSelection]) -> datetime:
    return result[0]


class GateWord(NamedTuple):
    """What refuses an order. ``protection`` is the id behind ``code``: a latch's is what closed it."""

    code: str
    protection: str


def ask_gate(decision: Decision, ledger: Ledger, limits: Protections) -> GateWord | None:
    """What refuses the order of a decision, the plan or else the gate; None where nothing does, or there is none."""
    if decision.action is Action.BLOCKED:
        return GateWord(decision.code, decision.code)
    if decision.action is not Action.PLACE or decision.order is None:
        return None
    intent = _intent(decision.selection, decision.order, ledger.now)
    code = Gate(limits, ledger).refuse(intent, decision.stake.target)
    if code is None:
        return None
    if code != LATCH:
        return GateWord(code, code)
    subjects = {"", intent.account, intent.market_id, subject_of(intent)}
    return GateWord(code, next(one.cause for one in ledger.controls.latches if one.subject in subjects))


def _latches(limits: Protections, entries: Sequence[JournalEntry], worst: Decimal, at: datetime) -> tuple[Control, ...]:
    """Nobody resumes in a replay: what was due at the day's worst moment so far is still closed."""
    return tuple(
        Control(kind=ControlKind.LATCH, at=at, who=REPLAY, why=due.why, cause=due.protection, subject=due.subject)
        for due in latches_due(limits, entries, worst)
    )


def _turn(at: datetime, purpose: Purpose, selection: Selection) -> tuple[Any, ...]:
    """Within a tick hedges are sent first, then openings in the order of decision."""
    return at, purpose is Purpose.OPENING, decision_order(selection)


class _Sent(NamedTuple):
    """An order as the journal may have held it."""

    turn: tuple[Any, ...]
    most: JournalEntry
    least: JournalEntry

    @classmethod
    def of(cls, order: ReplayedOrder, pick: ReplayedSelection) -> _Sent:
        ended = BetSizes(matched=order.size_matched, average_price_matched=order.average_price_matched)
        sent = JournalEntry(
            intent=_intent(pick.selection, order, order.at, order.purpose),
            epoch=1,
            state=IntentState.DONE if order.is_taken else IntentState.DEAD,
            mode=REPLAY,
            updated_at=order.at,
            sent_at=order.at,
            code=order.code,
            sizes=BetSizes(matched=order.size),
        )
        return cls(_turn(order.at, order.purpose, pick.selection), sent, replace(sent, sizes=ended))


def _intent(
    selection: Selection, order: ReplayedOrder | PlannedOrder, at: datetime, purpose: Purpose = Purpose.OPENING
) -> Intent:
    """As much of an intent as the gate asks of."""
    return Intent(
        ref=f"{selection.selection_ref}@{at.isoformat()}",
        account=REPLAY,
        selection_ref=selection.selection_ref,
        purpose=purpose,
        market_id=selection.market_id,
        selection_id=selection.selection_id,
        side=order.side,
        price=order.price,
        size=order.size,
        market_version=0,
        strategy_ref=REPLAY,
        decision_id="",
        policy_hash="",
        snapshot_hash="",
        created_at=at,
    )
