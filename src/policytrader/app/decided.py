"""A decision of the log, made again: its stored inputs, the stored policy, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.app.activate import policy_of
from policytrader.app.decision_log import decode, document_of
from policytrader.errors import StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.engine.plan import Decision, Plan
    from policytrader.model.journal import JournalEntry
    from policytrader.model.records import DecisionRecord, LoggedDecision
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store

_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A stored decision with the policy and the snapshot that it was made of; ``orders`` are those that followed."""

    record: DecisionRecord
    policy: PolicySet
    snapshot: Snapshot
    orders: tuple[JournalEntry, ...]

    def again(self, plan: Plan) -> Decision:
        """The decision on the same pick in a plan on the same inputs."""
        return plan[self.record.selection_ref]

    def differences(self, plan: Plan) -> tuple[str, ...]:
        """What the plan decides otherwise than the log says; nothing where the documents are equal byte for byte."""
        now = document_of(self.again(plan))
        if now == self.record.document:
            return ()
        found = tuple(_differences("", _read(self.record), json.loads(now)))
        return found or ("the two say the same in other bytes: written by another version of policytrader?",)


def read_decided(store: Store, decision_id: str) -> Decided:
    """A decision by its id, or a beginning of it that no other has.

    Raises ``UsageError`` where there is none, ``StoreError`` for one that cannot be read any more, ``PolicyError`` for
    a stored policy that cannot be used.
    """
    record = store.decision(decision_id)
    if record is None:
        message = f"no decision {decision_id} in the store; `policytrader decisions` lists them"
        raise UsageError(message)
    stored = store.policy(record.policy_hash)
    if stored is None:
        message = f"decision {record.decision_id}: its policy {record.policy_hash[:12]} is not in the store"
        raise StoreError(message, "damaged")
    snapshot = inputs_of(record, record.inputs)
    if record.selection_ref not in {one.selection_ref for one in snapshot.selections}:
        raise _damaged(record, f"{record.selection_ref} is not in them")
    entries = store.intents_of(record.selection_ref)
    return Decided(
        record=record,
        policy=policy_of(stored),
        snapshot=snapshot,
        orders=tuple(entry for entry in entries if entry.intent.decision_id == record.decision_id),
    )


def inputs_of(record: LoggedDecision, inputs: bytes) -> Snapshot:
    """The snapshot that a decision was made of. Raises ``StoreError`` where these are not its inputs any more."""
    try:
        snapshot = decode(inputs)
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(record, str(error)) from None
    if snapshot.hash != record.snapshot_hash:
        raise _damaged(record, "they were changed after they were stored")
    return snapshot


def _read(record: DecisionRecord) -> Any:
    try:
        return json.loads(record.document)
    except ValueError as error:
        raise _damaged(record, str(error)) from None


def _damaged(record: LoggedDecision, why: str) -> StoreError:
    return StoreError(f"decision {record.decision_id}: its stored inputs cannot be used: {why}", "damaged")


def _differences(path: str, stored: Any, now: Any) -> Iterator[str]:
    if isinstance(stored, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*stored, *now)):
            yield from _differences(
                f"{path}.{name}" if path else name, stored.get(name, _ABSENT), now.get(name, _ABSENT)
            )
    elif stored != now:
        yield f"{path}: stored {_shown(stored)}, now {_shown(now)}"


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
