"""Leases and journal of the store in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from policytrader.adapters.sql import tables
from policytrader.errors import StaleEpochError, StoreConflictError
from policytrader.model.journal import OPEN_STATES, IntentState, JournalEntry, JournalEvent, Lease, may_become
from tests.faults.memory_base import MemoryDatabase, Part, stored, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.model.journal import BetSizes, Evidence, Intent

_INTENT_COLUMNS = (
    "ref", "account", "selection_ref", "market_id", "selection_id", "price", "size", "market_version", "strategy_ref",
    "decision_id", "policy_hash", "snapshot_hash", "created_at", "payout",
)  # fmt: skip
_SIZES = {
    "matched": "size_matched", "average_price_matched": "average_price_matched", "remaining": "size_remaining",
    "cancelled": "size_cancelled", "lapsed": "size_lapsed", "voided": "size_voided",
}  # fmt: skip


class _Leases(Part):
    def acquire(self, account: str, holder: str, at: datetime) -> Lease | None:
        base = self._use()
        if account in base.holders:
            return None
        base.holders[account] = self
        before = base.leases.get(account)
        epoch = before.epoch + 1 if before is not None else 1
        base.leases[account] = Lease(
            account=account, holder=holder, epoch=epoch, acquired_at=utc(at), renewed_at=utc(at)
        )
        return base.leases[account]

    def renew(self, lease: Lease, at: datetime) -> Lease:
        self._require(lease)
        renewed = replace(lease, renewed_at=utc(at))
        self._base.leases[lease.account] = renewed
        return renewed

    def release(self, lease: Lease, at: datetime) -> None:
        base = self._use()
        if base.holders.get(lease.account) is self:
            del base.holders[lease.account]
            stored = base.leases[lease.account]
            if stored.epoch == lease.epoch:
                base.leases[lease.account] = replace(stored, released_at=utc(at))

    def leader(self, account: str) -> Lease | None:
        return self._use().leases.get(account)

    def close(self) -> None:
        for account in [account for account, store in self._base.holders.items() if store is self]:
            del self._base.holders[account]

    def _require(self, lease: Lease) -> MemoryDatabase:
        """The lock, then the epoch."""
        base = self._use()
        if not self._is_locked(lease.account) or not self._is_current(lease):
            message = f"the lease on account {lease.account} (epoch {lease.epoch}) is lost or taken over"
            raise StaleEpochError(message)
        return base

    def _is_locked(self, account: str) -> bool:
        return self._base.holders.get(account) is self

    def _is_current(self, lease: Lease) -> bool:
        stored = self._base.leases.get(lease.account)
        return stored is not None and stored.epoch == lease.epoch


class MemoryJournal(_Leases):
    """``JournalStore``, and who leads."""

    def reserve(self, intents: Sequence[Intent], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        for intent in intents:
            if intent.account != lease.account:
                message = f"intent {intent.ref} is for another account than the lease"
                raise ValueError(message)
        base = self._require(lease)
        refs = [one.ref for one in intents]
        if there := sorted(set(refs) & base.journal.keys()):
            message = f"intent {', '.join(there)} is in the journal already: a new need is a new intent"
            raise StoreConflictError(message)
        if len(set(refs)) != len(refs):
            message = "store memory: two intents of one name"
            raise StoreConflictError(message)
        columns = tables.journal.c
        entries = tuple(
            JournalEntry(
                intent=replace(one, **{name: stored(columns[name], getattr(one, name)) for name in _INTENT_COLUMNS}),
                epoch=lease.epoch,
                state=IntentState.RESERVED,
                mode=self._mode,
                updated_at=utc(at),
            )
            for one in intents
        )
        for entry in entries:
            self._step(entry, at, "reserved")
        return entries

    def mark_sent(self, refs: Sequence[str], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        base = self._require(lease)
        if missing := sorted(set(refs) - base.journal.keys()):
            message = f"intent {', '.join(missing)} is not in the journal"
            raise StoreConflictError(message)
        entries = [base.journal[ref] for ref in dict.fromkeys(refs)]
        for entry in entries:
            if entry.state is not IntentState.RESERVED:
                message = f"intent {entry.intent.ref} is {entry.state}: an intent is sent once, only from reserved"
                raise StoreConflictError(message)
        return tuple(
            self._step(replace(entry, state=IntentState.SENT, sent_at=utc(at)), at, "sent", epoch=lease.epoch)
            for entry in entries
        )

    def quarantine(self, lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        base = self._require(lease)
        left = [
            entry
            for entry in _in_order(base.journal.values())
            if entry.intent.account == lease.account
            and entry.epoch < lease.epoch
            and entry.state in {IntentState.RESERVED, IntentState.SENT}
        ]
        gone: dict[str, Any] = {"code": "PROCESS_ENDED", "detail": "the process that sent it, or was about to, is gone"}
        return tuple(
            self._step(replace(entry, state=IntentState.UNKNOWN, **gone), at, "unknown", epoch=lease.epoch)
            for entry in left
        )

    def resolve(self, ref: str, evidence: Evidence, at: datetime) -> JournalEntry:
        entry = self._entry(ref)
        if _is_known(entry, evidence):
            return entry
        told = f" as bet {evidence.bet_id}" if evidence.bet_id else ""
        if not may_become(entry.state, evidence.state):
            held = f" as bet {entry.bet_id}" if entry.bet_id else ""
            message = f"intent {ref} is {entry.state}{held}; it cannot be {evidence.state}{told} ({evidence.code})"
            raise StoreConflictError(message)
        for other in self._base.journal.values():
            is_taken = evidence.bet_id is not None and other.bet_id == evidence.bet_id
            if is_taken and other.intent.account == entry.intent.account:
                message = f"bet {evidence.bet_id} belongs to intent {other.intent.ref}; it cannot be that of {ref} too"
                raise StoreConflictError(message)
        sizes = {} if evidence.sizes is None else {"sizes": _sizes(evidence.sizes), "sizes_at": utc(at)}
        after = replace(
            entry, state=evidence.state, code=evidence.code, detail=evidence.detail, bet_id=evidence.bet_id,
            **cast("dict[str, Any]", sizes),
        )  # fmt: skip
        return self._step(after, at, str(evidence.state), who=evidence.who)

    def update_sizes(self, ref: str, sizes: BetSizes, read_at: datetime) -> JournalEntry:
        entry = self._entry(ref)
        is_late = entry.sizes_at is not None and read_at < entry.sizes_at
        if is_late or sizes == entry.sizes or entry.state is IntentState.DONE:
            return entry
        if entry.state is not IntentState.SEEN:
            message = f"intent {ref} is {entry.state}: only a bet that was seen has sizes"
            raise StoreConflictError(message)
        return self._step(replace(entry, sizes=_sizes(sizes), sizes_at=utc(read_at)), read_at, "sizes")

    def finish(self, ref: str, sizes: BetSizes, at: datetime, code: str) -> JournalEntry:
        entry = self._entry(ref)
        if entry.state is IntentState.DONE and entry.sizes == sizes:
            return entry
        if entry.state is not IntentState.SEEN:
            message = f"intent {ref} is {entry.state}: only a bet that was seen can be over"
            raise StoreConflictError(message)
        after = replace(entry, state=IntentState.DONE, code=code, sizes=_sizes(sizes), sizes_at=utc(at))
        return self._step(after, at, "done")

    def intent(self, ref: str) -> JournalEntry | None:
        return self._use().journal.get(ref)

    def open_intents(self, account: str) -> tuple[JournalEntry, ...]:
        return _in_order(
            one for one in self._use().journal.values() if one.state in OPEN_STATES and one.intent.account == account
        )

    def intents(self, day: date, account: str | None = None) -> tuple[JournalEntry, ...]:
        return _in_order(
            one
            for one in self._use().journal.values()
            if one.intent.day == day and account in {None, one.intent.account}
        )

    def intents_of(self, selection_ref: str) -> tuple[JournalEntry, ...]:
        return _in_order(one for one in self._use().journal.values() if one.intent.selection_ref == selection_ref)

    def append_events(self, events: Sequence[JournalEvent]) -> None:
        base = self._use()
        if any(event.ref is not None and event.ref not in base.journal for event in events):
            message = "store memory: an event of an intent that is not there"
            raise StoreConflictError(message)
        for event in events:
            self._tell(event)

    def events(
        self, *, ref: str | None = None, since: datetime | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[JournalEvent, ...]:
        found = (
            one
            for one in self._use().events[after:]
            if (ref is None or one.ref == ref) and (since is None or one.at >= since)
        )
        return tuple(found)[:limit]

    def _entry(self, ref: str) -> JournalEntry:
        entry = self._use().journal.get(ref)
        if entry is None:
            message = f"intent {ref} is not in the journal"
            raise StoreConflictError(message)
        return entry

    def _step(
        self, entry: JournalEntry, at: datetime, kind: str, *, who: str = "", epoch: int | None = None
    ) -> JournalEntry:
        after = replace(entry, updated_at=utc(at))
        self._base.journal[entry.intent.ref] = after
        event = JournalEvent(
            at=at, kind=kind, ref=entry.intent.ref, code=entry.code, detail=entry.detail, who=who,
            epoch=epoch or entry.epoch,
        )  # fmt: skip
        self._tell(event)
        return after


def _sizes(sizes: BetSizes) -> BetSizes:
    columns = tables.journal.c
    return replace(sizes, **{name: stored(columns[column], getattr(sizes, name)) for name, column in _SIZES.items()})


def _in_order(entries: Iterable[JournalEntry]) -> tuple[JournalEntry, ...]:
    return tuple(sorted(entries, key=lambda one: (one.intent.created_at, one.intent.ref)))


def _is_known(entry: JournalEntry, evidence: Evidence) -> bool:
    known = entry.state
    if evidence.state is IntentState.UNKNOWN:
        return known in {IntentState.UNKNOWN, IntentState.SEEN, IntentState.DEAD, IntentState.DONE}
    if evidence.state is IntentState.SEEN:
        return known in {IntentState.SEEN, IntentState.DONE} and entry.bet_id == evidence.bet_id
    return known is IntentState.DEAD
