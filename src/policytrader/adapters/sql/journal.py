"""The journal: intents, their steps, and events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.leases import LeasePart, require_epoch
from policytrader.adapters.sql.part import executed
from policytrader.errors import StoreConflictError
from policytrader.model.journal import (
    OPEN_STATES,
    BetSizes,
    EventKind,
    Evidence,
    Intent,
    IntentState,
    JournalEntry,
    JournalEvent,
    Purpose,
    may_become,
)
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

    from policytrader.model.journal import Lease

_JOURNAL = tables.journal
_EVENTS = tables.journal_events
_INTENT_COLUMNS = (
    "ref", "account", "selection_ref", "market_id", "selection_id", "price", "size", "market_version", "strategy_ref",
    "decision_id", "policy_hash", "snapshot_hash", "created_at", "payout",
)  # fmt: skip
_IN_ORDER = (_JOURNAL.c.created_at, _JOURNAL.c.ref)


class JournalPart(LeasePart):
    """One intent, one row; every step of it also one event, in the same transaction."""

    def reserve(self, intents: Sequence[Intent], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """Make intents durable while the lease's epoch is the current one."""
        _refuse_other_accounts(intents, lease)
        self._require_lock(lease)
        entries = tuple(
            JournalEntry(intent=one, epoch=lease.epoch, state=IntentState.RESERVED, mode=self._mode, updated_at=at)
            for one in intents
        )
        refs = [one.ref for one in intents]
        with self._writing() as connection:
            require_epoch(connection, lease)
            if there := connection.scalars(select(_JOURNAL.c.ref).where(_JOURNAL.c.ref.in_(refs))).all():
                message = f"intent {', '.join(sorted(there))} is in the journal already: a new need is a new intent"
                raise StoreConflictError(message)
            executed(connection, insert(_JOURNAL), [_row(entry) for entry in entries])
            _tell(connection, [_step(entry, at, IntentState.RESERVED) for entry in entries])
        return entries

    def mark_sent(self, refs: Sequence[str], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """Reserved -> sent, before the first byte."""
        self._require_lock(lease)
        with self._writing() as connection:
            require_epoch(connection, lease)
            found = {entry.intent.ref: entry for entry in _locked_all(connection, _JOURNAL.c.ref.in_(list(refs)))}
            if missing := sorted(set(refs) - found.keys()):
                message = f"intent {', '.join(missing)} is not in the journal"
                raise StoreConflictError(message)
            entries = [found[ref] for ref in dict.fromkeys(refs)]
            for entry in entries:
                if entry.state is not IntentState.RESERVED:
                    message = f"intent {entry.intent.ref} is {entry.state}: an intent is sent once, only from reserved"
                    raise StoreConflictError(message)
            return _all_stepped(connection, entries, at, lease.epoch, state=IntentState.SENT, sent_at=at)

    def quarantine(self, lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """What earlier epochs left reserved or sent is unknown."""
        self._require_lock(lease)
        with self._writing() as connection:
            require_epoch(connection, lease)
            entries = _locked_all(
                connection,
                _JOURNAL.c.account == lease.account,
                _JOURNAL.c.epoch < lease.epoch,
                _JOURNAL.c.state.in_([IntentState.RESERVED, IntentState.SENT]),
            )
            gone = {"code": "PROCESS_ENDED", "detail": "the process that sent it, or was about to, is gone"}
            return _all_stepped(connection, entries, at, lease.epoch, state=IntentState.UNKNOWN, **gone)

    def resolve(self, ref: str, evidence: Evidence, at: datetime) -> JournalEntry:
        """Record what became known; contradictions are refused."""
        with self._writing() as connection:
            entry = _locked(connection, ref)
            if _is_known(entry, evidence):
                return entry
            if not may_become(entry.state, evidence.state):
                told = f" as bet {evidence.bet_id}" if evidence.bet_id else ""
                held = f" as bet {entry.bet_id}" if entry.bet_id else ""
                message = f"intent {ref} is {entry.state}{held}; it cannot be {evidence.state}{told} ({evidence.code})"
                raise StoreConflictError(message)
            self._refuse_second_owner(connection, entry, evidence)
            return _stepped(
                connection, entry, at, evidence.state, who=evidence.who, code=evidence.code, detail=evidence.detail,
                bet_id=evidence.bet_id, **_sizes_row(evidence.sizes, at),
            )  # fmt: skip

    def update_sizes(self, ref: str, sizes: BetSizes, read_at: datetime) -> JournalEntry:
        """The newest reading replaces what was known."""
        with self._writing() as connection:
            entry = _locked(connection, ref)
            is_late = entry.sizes_at is not None and read_at < entry.sizes_at
            if is_late or sizes == entry.sizes or entry.state is IntentState.DONE:
                return entry
            if entry.state is not IntentState.SEEN:
                message = f"intent {ref} is {entry.state}: only a bet that was seen has sizes"
                raise StoreConflictError(message)
            return _stepped(connection, entry, read_at, IntentState.SEEN, EventKind.SIZES, **_sizes_row(sizes, read_at))

    def finish(self, ref: str, sizes: BetSizes, at: datetime, code: str) -> JournalEntry:
        """Seen -> done."""
        with self._writing() as connection:
            entry = _locked(connection, ref)
            if entry.state is IntentState.DONE and entry.sizes == sizes:
                return entry
            if entry.state is not IntentState.SEEN:
                message = f"intent {ref} is {entry.state}: only a bet that was seen can be over"
                raise StoreConflictError(message)
            return _stepped(connection, entry, at, IntentState.DONE, code=code, **_sizes_row(sizes, at))

    def intent(self, ref: str) -> JournalEntry | None:
        """One entry."""
        with self._reading() as connection:
            row = connection.execute(select(_JOURNAL).where(_JOURNAL.c.ref == ref)).one_or_none()
        return None if row is None else _entry(row)

    def open_intents(self, account: str) -> tuple[JournalEntry, ...]:
        """Reserved, sent, unknown and seen ones."""
        # The states as literals: the planner knows the partial index by them.
        states = _JOURNAL.c.state.in_([str(state) for state in sorted(OPEN_STATES)])
        return self._entries(_JOURNAL.c.account == account, states)

    def intents(self, day: date, account: str | None = None) -> tuple[JournalEntry, ...]:
        """Those of a day."""
        return self._entries(_JOURNAL.c.day == day, *([] if account is None else [_JOURNAL.c.account == account]))

    def intents_of(self, selection_ref: str) -> tuple[JournalEntry, ...]:
        """Those of a pick."""
        return self._entries(_JOURNAL.c.selection_ref == selection_ref)

    def append_events(self, events: Sequence[JournalEvent]) -> None:
        """Append."""
        with self._writing() as connection:
            _tell(connection, events)

    def events(
        self, *, ref: str | None = None, since: datetime | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[JournalEvent, ...]:
        """Oldest first."""
        query = select(_EVENTS).where(_EVENTS.c.seq > after).order_by(_EVENTS.c.seq).limit(limit)
        if ref is not None:
            query = query.where(_EVENTS.c.ref == ref)
        if since is not None:
            query = query.where(_EVENTS.c.at >= since)
        with self._reading() as connection:
            return tuple(JournalEvent(**row._mapping) for row in connection.execute(query))  # noqa: SLF001 - a Row's public face

    def _entries(self, *conditions: Any) -> tuple[JournalEntry, ...]:
        with self._reading() as connection:
            rows = connection.execute(select(_JOURNAL).where(*conditions).order_by(*_IN_ORDER)).all()
        return tuple(map(_entry, rows))

    @staticmethod
    def _refuse_second_owner(connection: Connection, entry: JournalEntry, evidence: Evidence) -> None:
        if evidence.bet_id is None:
            return
        owner = connection.scalar(
            select(_JOURNAL.c.ref).where(
                _JOURNAL.c.account == entry.intent.account, _JOURNAL.c.bet_id == evidence.bet_id
            )
        )
        if owner is not None:
            message = f"bet {evidence.bet_id} belongs to intent {owner}; it cannot be that of {entry.intent.ref} too"
            raise StoreConflictError(message)


def _is_known(entry: JournalEntry, evidence: Evidence) -> bool:
    """The same was told before, or more is known than that nobody knows."""
    known = entry.state
    if evidence.state is IntentState.UNKNOWN:
        return known in {IntentState.UNKNOWN, IntentState.SEEN, IntentState.DEAD, IntentState.DONE}
    if evidence.state is IntentState.SEEN:
        return known in {IntentState.SEEN, IntentState.DONE} and entry.bet_id == evidence.bet_id
    return known is IntentState.DEAD


def _refuse_other_accounts(intents: Sequence[Intent], lease: Lease) -> None:
    for intent in intents:
        if intent.account != lease.account:
            message = f"intent {intent.ref} is for another account than the lease"
            raise ValueError(message)


def _locked(connection: Connection, ref: str) -> JournalEntry:
    row = connection.execute(select(_JOURNAL).where(_JOURNAL.c.ref == ref).with_for_update()).one_or_none()
    if row is None:
        message = f"intent {ref} is not in the journal"
        raise StoreConflictError(message)
    return _entry(row)


def _locked_all(connection: Connection, *conditions: Any) -> tuple[JournalEntry, ...]:
    query = select(_JOURNAL).where(*conditions).order_by(*_IN_ORDER).with_for_update()
    return tuple(map(_entry, connection.execute(query)))


def _all_stepped(
    connection: Connection, entries: Sequence[JournalEntry], at: datetime, epoch: int, **changes: Any
) -> tuple[JournalEntry, ...]:
    """The entries after the same step, which is stored with an event for each. ``changes`` are fields of theirs."""
    changes["updated_at"] = at
    after = tuple(replace(entry, **changes) for entry in entries)
    statement = update(_JOURNAL).where(_JOURNAL.c.ref == bindparam("of_ref")).values(changes)
    executed(connection, statement, [{"of_ref": entry.intent.ref} for entry in after])
    _tell(connection, [_step(entry, at, str(entry.state), "", epoch) for entry in after])
    return after


def _stepped(
    connection: Connection,
    entry: JournalEntry,
    at: datetime,
    state: IntentState,
    kind: str = "",
    *,
    who: str = "",
    **changes: Any,
) -> JournalEntry:
    """The entry after a step, which is stored with its event. ``changes`` are columns."""
    values: dict[str, Any] = dict(changes)
    values |= {"state": state, "updated_at": at}
    statement = update(_JOURNAL).where(_JOURNAL.c.ref == entry.intent.ref).values(values).returning(_JOURNAL)
    after = _entry(connection.execute(statement).one())
    _tell(connection, [_step(after, at, kind or str(state), who)])
    return after


def _step(entry: JournalEntry, at: datetime, kind: str, who: str = "", epoch: int | None = None) -> JournalEvent:
    intent, sizes = entry.intent, entry.sizes
    detail = entry.detail
    if kind == IntentState.RESERVED:
        detail = f"{intent.purpose} {intent.side} {intent.size} @ {intent.price}"
    elif sizes is not None and kind in {EventKind.SIZES, IntentState.DONE, IntentState.SEEN}:
        detail = f"matched {sizes.matched} remaining {sizes.remaining} gone {sizes.gone}"
    return JournalEvent(
        at=at, kind=kind, ref=intent.ref, code=entry.code, detail=detail, who=who, epoch=epoch or entry.epoch
    )


def _tell(connection: Connection, events: Sequence[JournalEvent]) -> None:
    rows = [
        {
            "at": event.at,
            "kind": event.kind,
            "ref": event.ref,
            "code": event.code,
            "detail": event.detail,
            "who": event.who,
            "epoch": event.epoch,
        }
        for event in events
    ]
    executed(connection, insert(_EVENTS), rows)


def _sizes_row(sizes: BetSizes | None, at: datetime) -> dict[str, Any]:
    if sizes is None:
        return {}
    return {
        "size_matched": sizes.matched,
        "average_price_matched": sizes.average_price_matched,
        "size_remaining": sizes.remaining,
        "size_cancelled": sizes.cancelled,
        "size_lapsed": sizes.lapsed,
        "size_voided": sizes.voided,
        "sizes_at": at,
    }


def _row(entry: JournalEntry) -> dict[str, Any]:
    intent = entry.intent
    return {name: getattr(intent, name) for name in _INTENT_COLUMNS} | {
        "side": intent.side,
        "purpose": intent.purpose,
        "day": intent.day,
        "state": entry.state,
        "epoch": entry.epoch,
        "mode": entry.mode,
        "updated_at": entry.updated_at,
        "code": entry.code,
        "detail": entry.detail,
    }


def _entry(row: Row[Any]) -> JournalEntry:
    intent = Intent(
        **{name: getattr(row, name) for name in _INTENT_COLUMNS}, side=Side(row.side), purpose=Purpose(row.purpose)
    )
    sizes = None
    if row.sizes_at is not None:
        sizes = BetSizes(
            matched=row.size_matched,
            average_price_matched=row.average_price_matched,
            remaining=row.size_remaining,
            cancelled=row.size_cancelled,
            lapsed=row.size_lapsed,
            voided=row.size_voided,
        )
    return JournalEntry(
        intent=intent,
        epoch=row.epoch,
        state=IntentState(row.state),
        mode=row.mode,
        updated_at=row.updated_at,
        sent_at=row.sent_at,
        bet_id=row.bet_id,
        code=row.code,
        detail=row.detail,
        sizes=sizes,
        sizes_at=row.sizes_at,
    )
