"""As much of a store as a replayed day uses, in dictionaries: nothing outlives the replay, and nobody else writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.model.journal import ControlKind, EventKind, IntentState, JournalEntry, control_state_of
from policytrader.model.records import StoredBet, StoredSelection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.model.journal import BetSizes, Control, ControlState, Evidence, Intent, JournalEvent, Lease
    from policytrader.model.records import PositionUpdate, Result
    from policytrader.model.snapshot import Selection

MODE = "replay"


class ReplayStore:
    """The picks of one day, their journal and their results."""

    def __init__(self, picks: Iterable[StoredSelection]) -> None:
        """Nothing has happened yet."""
        self.picks = {pick.selection.selection_ref: pick for pick in picks}
        self.entries: dict[str, JournalEntry] = {}
        self.results: dict[str, tuple[Result, datetime]] = {}
        self.endings: dict[str, str] = {}
        """Selection ref -> how its cash-out ended."""
        self._controls: list[Control] = []
        self._causes: set[tuple[str, str]] = set()

    def selection(self, ref: str) -> Selection:
        """The pick as it stands."""
        return self.picks[ref].selection

    # --- Picks --------------------------------------------------------------------------------------------------------

    def invalidate(self, selection_ref: str, at: datetime, reason: str) -> bool:
        """Once, and for good."""
        pick = self.picks[selection_ref]
        if not pick.selection.valid:
            return False
        invalid = pick.selection._replace(valid=False, invalidated_reason=reason)
        self.picks[selection_ref] = replace(pick, selection=invalid, invalidated_at=at)
        return True

    def update_positions(self, positions: Sequence[PositionUpdate], at: datetime) -> None:
        """Only that a position is closed is of any use here: sizes are read from the bets."""
        del at
        for update in positions:
            pick = self.picks[update.selection_ref]
            if update.closed:
                self.picks[update.selection_ref] = replace(pick, selection=pick.selection._replace(closed=True))

    def live_results(self, day: date) -> tuple[StoredBet, ...]:
        """What has a result, in the shape that limits are asked of."""
        del day
        return tuple(self._bet(ref) for ref in self.results)

    def settle(self, results: Sequence[Result], at: datetime) -> tuple[str, ...]:
        """The refs of the results that are news."""
        news = [one for one in results if self.results.get(one.selection_ref, (None, at))[0] != one]
        self.results.update({one.selection_ref: (one, at) for one in news})
        return tuple(one.selection_ref for one in news)

    def _bet(self, ref: str) -> StoredBet:
        pick, (result, at) = self.picks[ref], self.results[ref]
        selection = pick.selection
        return StoredBet(
            selection_ref=ref,
            unique_id=pick.unique_id,
            race_time=selection.race_time,
            runner_name=selection.runner_name,
            side=selection.side,
            market_type=selection.market_type,
            market_id=selection.market_id,
            selection_id=selection.selection_id,
            price_requested=selection.price_requested,
            valid=selection.valid,
            invalidated_at=pick.invalidated_at,
            invalidated_reason=selection.invalidated_reason,
            size_matched=result.size_matched,
            average_price_matched=result.average_price_matched,
            closed=selection.closed,
            fully_matched=False,
            outcome=result.outcome,
            profit=result.profit,
            commission=result.commission,
            mode=MODE,
            created_at=pick.created_at,
            processed_at=at,
            starting_price=result.starting_price,
        )

    # --- Journal ------------------------------------------------------------------------------------------------------

    def reserve(self, intents: Sequence[Intent], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """A row for each."""
        made = tuple(
            JournalEntry(intent=one, epoch=lease.epoch, state=IntentState.RESERVED, mode=MODE, updated_at=at)
            for one in intents
        )
        self.entries.update({one.intent.ref: one for one in made})
        return made

    def mark_sent(self, refs: Sequence[str], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """On their way."""
        del lease
        return tuple(self._change(ref, state=IntentState.SENT, sent_at=at, updated_at=at) for ref in refs)

    def resolve(self, ref: str, evidence: Evidence, at: datetime) -> JournalEntry:
        """What became known."""
        entry = self.entries[ref]
        sizes = entry.sizes if evidence.sizes is None else evidence.sizes
        return self._change(
            ref, state=evidence.state, code=evidence.code, detail=evidence.detail, bet_id=evidence.bet_id, sizes=sizes,
            updated_at=at,
        )  # fmt: skip

    def update_sizes(self, ref: str, sizes: BetSizes, read_at: datetime) -> JournalEntry:
        """The sizes as read."""
        return self._change(ref, sizes=sizes, sizes_at=read_at, updated_at=read_at)

    def finish(self, ref: str, sizes: BetSizes, at: datetime, code: str) -> JournalEntry:
        """The bet is over."""
        return self._change(ref, state=IntentState.DONE, sizes=sizes, code=code, updated_at=at)

    def intent(self, ref: str) -> JournalEntry | None:
        """One entry."""
        return self.entries.get(ref)

    def intents(self, day: date, account: str | None = None) -> tuple[JournalEntry, ...]:
        """All of them: a replay's store holds one day."""
        del day, account
        return tuple(self.entries.values())

    def open_intents(self, account: str) -> tuple[JournalEntry, ...]:
        """Whatever may still happen."""
        del account
        return tuple(entry for entry in self.entries.values() if entry.is_open)

    def append_events(self, events: Sequence[JournalEvent]) -> None:
        """How cash-outs ended is told by the replay; the rest is in the entries."""
        self.endings.update({one.detail: one.code for one in events if one.kind == EventKind.CASH_OUT})

    def _change(self, ref: str, **changed: object) -> JournalEntry:
        entry = self.entries[ref] = replace(self.entries[ref], **changed)  # type: ignore[arg-type]
        return entry

    # --- Latches ------------------------------------------------------------------------------------------------------

    def pull(self, control: Control) -> bool:
        """A latch that is closed stays closed: nobody resumes in a replay."""
        cause = (control.cause, control.subject)
        if control.kind is ControlKind.LATCH and cause in self._causes:
            return False
        self._causes.add(cause)
        self._controls.append(control)
        return True

    def control_state(self) -> ControlState:
        """The latches that are closed."""
        return control_state_of(tuple(self._controls))


def stored_pick(selection: Selection, at: datetime) -> StoredSelection:
    """A pick as it stands in the morning."""
    return StoredSelection(
        selection=selection,
        unique_id=selection.selection_ref,
        course="",
        horse_id=selection.selection_id,
        mode=MODE,
        created_at=at,
        processed_at=at,
    )
