"""The store as dictionaries, for many seeds: it keeps the same contract as the stores on a database, and is quicker.

Values are checked and normalised by the column types of the real tables, so that what cannot be stored there cannot be
stored here. ``MemoryDatabase`` is what outlives a process, ``MemoryStore`` is one process's way to it.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from policytrader.adapters.sql import tables
from policytrader.errors import StoreConflictError
from policytrader.model.journal import ControlKind, JournalEvent, control_state_of
from policytrader.model.money import ZERO
from policytrader.model.records import (
    Activation,
    BetOutcome,
    LoggedDecision,
    PolicyRecord,
    ResultEvent,
    StoredBet,
    StoredSelection,
)
from policytrader.model.times import london_day
from tests.faults.memory_base import Part, stored, utc
from tests.faults.memory_journal import MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.model.journal import Control, ControlState
    from policytrader.model.records import (
        Contender,
        DecisionRecord,
        NewSelection,
        PositionUpdate,
        Result,
        RunnerPrices,
    )
    from policytrader.model.snapshot import ReferenceRunner

_LOGGED = tuple(one.name for one in fields(LoggedDecision))


class _Picks(Part):
    def add_selections(self, picks: Sequence[NewSelection], at: datetime) -> None:
        base = self._use()
        refs = set(base.picks)
        keys = {_key(one.selection) for one in base.picks.values()}
        twins = []
        for pick in picks:
            ref, key = pick.selection.selection_ref, _key(pick.selection)
            if ref in refs or key in keys:
                twins.append(f"{ref} ")
            refs.add(ref)
            keys.add(key)
        if twins:
            message = f"already selected: {'; '.join(twins)}; nothing was stored"
            raise StoreConflictError(message)
        rows = {pick.selection.selection_ref: self._row(pick, utc(at)) for pick in picks}
        base.picks.update(rows)
        base.captures.update({pick.selection.selection_ref: pick.capture for pick in picks})
        self._forget()

    def _row(self, pick: NewSelection, at: datetime) -> StoredSelection:
        one, columns = pick.selection, tables.selections.c
        selection = one._replace(
            race_time=stored(columns.race_time, one.race_time),
            price_requested=stored(columns.requested_odds, one.price_requested),
            stake_points=stored(columns.stake_points, one.stake_points),
            selection_ref=stored(columns.selection_ref, one.selection_ref),
            runner_name=stored(columns.runner_name, one.runner_name),
        )
        return StoredSelection(
            selection=selection,
            unique_id=pick.unique_id,
            course=pick.course,
            horse_id=one.selection_id if pick.horse_id is None else pick.horse_id,
            mode=self._mode,
            strategy_ref=pick.strategy_ref,
            invalidated_at=None if one.valid else at,
            created_at=at,
            processed_at=at,
        )

    def selections(self, day: date) -> tuple[StoredSelection, ...]:
        base = self._use()
        if day not in base.seen_picks:
            found = [one for one in base.picks.values() if london_day(one.selection.race_time) == day]
            base.seen_picks[day] = tuple(sorted(found, key=lambda one: _pick_order(one.selection)))
        return base.seen_picks[day]

    def captures(self, day: date) -> tuple[ReferenceRunner, ...]:
        base = self._use()
        if day not in base.seen_captures:
            rows = {row for one in self.selections(day) for row in base.captures[one.selection.selection_ref]}
            base.seen_captures[day] = tuple(sorted(rows, key=lambda row: (row.capture_id, row.selection_id)))
        return base.seen_captures[day]

    def invalidate(self, selection_ref: str, at: datetime, reason: str) -> bool:
        pick = self._pick(selection_ref)
        if not pick.selection.valid:
            return False
        selection = pick.selection._replace(valid=False, invalidated_reason=reason)
        self._put(replace(pick, selection=selection, invalidated_at=utc(at), processed_at=utc(at)))
        self._tell(JournalEvent(at=at, kind="invalidated", detail=f"{selection_ref}: {reason}"))
        return True

    def revalidate(self, selection_ref: str, at: datetime, who: str, why: str) -> bool:
        if not who.strip() or not why.strip():
            message = "revalidate needs a name and a reason"
            raise ValueError(message)
        pick = self._pick(selection_ref)
        if pick.selection.valid:
            return False
        was = pick.selection.invalidated_reason
        selection = pick.selection._replace(valid=True, invalidated_reason=None)
        self._put(replace(pick, selection=selection, invalidated_at=None, processed_at=utc(at)))
        self._tell(JournalEvent(at=at, kind="revalidated", detail=f"{selection_ref}: {why} (was: {was})", who=who))
        return True

    def update_positions(self, positions: Sequence[PositionUpdate], at: datetime) -> None:
        base = self._use()
        if missing := sorted({one.selection_ref for one in positions} - base.picks.keys()):
            message = f"selection {', '.join(missing)} is not in the store"
            raise StoreConflictError(message)
        for one in positions:
            pick = base.picks[one.selection_ref]
            changed = replace(
                pick,
                selection=pick.selection._replace(closed=one.closed or pick.selection.closed),
                size_matched=one.size_matched,
                average_price_matched=one.average_price_matched,
                fully_matched=one.fully_matched,
            )
            if changed != pick:
                self._put(replace(changed, processed_at=utc(at)))

    def move_race(self, race_id: str, race_time: datetime, at: datetime) -> int:
        moved = [
            one
            for one in self._use().picks.values()
            if one.selection.race_id == race_id and one.selection.race_time != race_time
        ]
        for one in moved:
            selection = one.selection._replace(race_time=utc(race_time))
            self._put(replace(one, selection=selection, processed_at=utc(at)))
        return len(moved)

    def _pick(self, selection_ref: str) -> StoredSelection:
        pick = self._use().picks.get(selection_ref)
        if pick is None:
            message = f"selection {selection_ref} is not in the store"
            raise StoreConflictError(message)
        return pick

    def _put(self, pick: StoredSelection) -> None:
        self._base.picks[pick.selection.selection_ref] = pick
        self._forget()

    def _forget(self) -> None:
        self._base.seen_picks.clear()
        self._base.seen_captures.clear()

    # --- Prices and contenders ----------------------------------------------------------------------------------------

    def store_prices(self, rows: Sequence[RunnerPrices]) -> None:
        prices = self._use().prices
        for row in rows:
            before = prices.get((row.race_id, row.selection_id))
            if before is None or row.published_at >= before.published_at:
                prices[row.race_id, row.selection_id] = row

    def prices(self, race_ids: Iterable[str]) -> tuple[RunnerPrices, ...]:
        wanted = set(race_ids)
        return tuple(row for key, row in sorted(self._use().prices.items()) if key[0] in wanted)

    def mark_contenders(self, rows: Sequence[Contender], at: datetime) -> None:  # noqa: ARG002
        self._use().contenders.update({(row.race_id, row.selection_id): row for row in rows})

    def contenders(self, day: date) -> tuple[Contender, ...]:
        rows = [row for row in self._use().contenders.values() if london_day(row.race_time) == day]
        return tuple(sorted(rows, key=lambda row: (row.race_time, row.race_id, row.selection_id)))

    # --- Results ------------------------------------------------------------------------------------------------------

    def upcoming_bets(self, day: date) -> tuple[StoredBet, ...]:
        settled = self._use().settled
        return tuple(_bet(one) for one in self.selections(day) if one.selection.selection_ref not in settled)

    def live_results(self, day: date) -> tuple[StoredBet, ...]:
        found = [one for one in self._use().settled.values() if london_day(one.race_time) == day]
        return tuple(sorted(found, key=lambda one: (one.race_time, one.market_id, one.selection_id, one.side)))

    def settle(self, results: Sequence[Result], at: datetime) -> tuple[str, ...]:
        for result in results:
            if result.outcome is BetOutcome.TO_BE_RUN:
                message = f"{result.selection_ref}: TO_BE_RUN is no result"
                raise ValueError(message)
        base, changed = self._use(), []
        rows = [(result, self._pick(result.selection_ref)) for result in results]
        for result, pick in rows:
            last = next(
                (one for one in reversed(base.history) if one.result.selection_ref == result.selection_ref), None
            )
            if last is not None and last.result == result:
                continue
            base.history.append(ResultEvent(seq=len(base.history) + 1, at=utc(at), result=result))
            base.settled[result.selection_ref] = replace(
                _bet(pick),
                outcome=result.outcome,
                profit=result.profit,
                commission=result.commission,
                size_matched=result.size_matched,
                average_price_matched=result.average_price_matched,
                starting_price=result.starting_price,
                processed_at=utc(at),
            )
            changed.append(result.selection_ref)
        return tuple(changed)

    def results_history(self, selection_ref: str) -> tuple[ResultEvent, ...]:
        return tuple(one for one in self._use().history if one.result.selection_ref == selection_ref)


class _Rules(Part):
    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        base = self._use()
        new: dict[str, DecisionRecord] = {}
        for one in decisions:
            _text(one.document)
            _text(one.inputs)
            row = replace(one, at=utc(one.at), mode=self._mode)
            there = base.decisions.get(one.decision_id, new.get(one.decision_id))
            if there is None:
                new[one.decision_id] = row
            elif replace(there, inputs=b"") != replace(row, inputs=b""):
                message = f"decision {one.decision_id} is stored with other content"
                raise StoreConflictError(message)
        base.decisions.update(new)

    def decision(self, decision_id: str) -> DecisionRecord | None:
        decisions = self._use().decisions
        if decision_id in decisions or not decision_id:
            return decisions.get(decision_id)
        found = [one for name, one in decisions.items() if name.startswith(decision_id)]
        if len(found) > 1:
            message = f"several decisions begin with {decision_id}: write more of the id"
            raise StoreConflictError(message)
        return found[0] if found else None

    def logged_decisions(
        self, *, day: date | None = None, selection_ref: str | None = None
    ) -> tuple[LoggedDecision, ...]:
        base = self._use()
        of_day = {ref for ref, one in base.picks.items() if london_day(one.selection.race_time) == day}
        found = [
            one
            for one in base.decisions.values()
            if (day is None or one.selection_ref in of_day) and selection_ref in {None, one.selection_ref}
        ]
        found.sort(key=lambda one: (one.at, one.selection_ref, one.is_shadow, one.decision_id))
        return tuple(LoggedDecision(**{name: getattr(one, name) for name in _LOGGED}) for one in found)

    def store_policy(self, policy_hash: str, content: bytes, at: datetime) -> None:
        _text(content)
        record = PolicyRecord(policy_hash=policy_hash, content=content, stored_at=utc(at))
        there = self._use().policies.setdefault(policy_hash, record)
        if there.content != content:
            message = f"policy {policy_hash[:12]} is stored with other content"
            raise StoreConflictError(message)

    def policy(self, policy_hash: str) -> PolicyRecord | None:
        return self._use().policies.get(policy_hash)

    def activate(self, policy_hash: str | None, at: datetime, who: str, *, shadow: bool = False) -> None:
        if not who.strip() or (policy_hash is None and not shadow):
            message = "an activation needs a name and, unless it ends a shadow, a policy"
            raise ValueError(message)
        base = self._use()
        if policy_hash is not None and policy_hash not in base.policies:
            message = f"policy {policy_hash[:12]} is not in the store: only what is stored can be activated"
            raise StoreConflictError(message)
        base.activations.append(
            Activation(seq=len(base.activations) + 1, at=utc(at), policy_hash=policy_hash, who=who, is_shadow=shadow)
        )

    def active_policy(self, *, shadow: bool = False) -> PolicyRecord | None:
        base = self._use()
        newest = next((one for one in reversed(base.activations) if one.is_shadow is shadow), None)
        return None if newest is None or newest.policy_hash is None else base.policies[newest.policy_hash]

    def activations(self) -> tuple[Activation, ...]:
        return tuple(self._use().activations)


class _Controls(Part):
    def pull(self, control: Control) -> bool:
        base = self._use()
        if control.kind is ControlKind.LATCH:
            same = [
                one
                for one in base.controls
                if one.kind is ControlKind.LATCH and (one.cause, one.subject) == (control.cause, control.subject)
            ]
            resumed = max((one.seq for one in base.controls if one.kind is ControlKind.RESUME), default=0)
            if same and (same[-1].seq > resumed or any(one.evidence == control.evidence for one in same)):
                return False
        base.controls.append(replace(control, at=utc(control.at), seq=len(base.controls) + 1))
        return True

    def control_state(self) -> ControlState:
        return control_state_of(tuple(self._use().controls))

    def controls(self, since: datetime | None = None) -> tuple[Control, ...]:
        return tuple(one for one in self._use().controls if since is None or one.at >= since)


class MemoryStore(_Picks, MemoryJournal, _Rules, _Controls):
    """``policytrader.ports.Store`` in memory. Opens nothing; ``migrate`` gives the database its mode."""


def _key(selection: Any) -> tuple[str, int, str]:
    return selection.market_id, selection.selection_id, selection.side


def _pick_order(selection: Any) -> tuple[Any, ...]:
    return selection.race_time, selection.market_id, selection.selection_id, selection.side


def _text(content: bytes) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"documents are UTF-8 text: {error.reason} at byte {error.start}"
        raise ValueError(message) from None


def _bet(pick: StoredSelection) -> StoredBet:
    one = pick.selection
    return StoredBet(
        selection_ref=one.selection_ref,
        unique_id=pick.unique_id,
        race_time=one.race_time,
        runner_name=one.runner_name,
        side=one.side,
        market_type=one.market_type,
        market_id=one.market_id,
        selection_id=one.selection_id,
        price_requested=one.price_requested,
        valid=one.valid,
        invalidated_at=pick.invalidated_at,
        invalidated_reason=one.invalidated_reason,
        size_matched=pick.size_matched or ZERO,
        average_price_matched=pick.average_price_matched,
        closed=one.closed,
        fully_matched=pick.fully_matched,
        outcome=BetOutcome.TO_BE_RUN,
        profit=None,
        commission=None,
        mode=pick.mode,
        created_at=pick.created_at,
        processed_at=pick.processed_at,
    )
