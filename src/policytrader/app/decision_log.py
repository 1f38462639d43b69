"""The decision log: each decision that changed, with all its inputs by value, so that it can be made again.

``encode`` writes a snapshot as one JSON document: the clock and the rows of its five tables, in the column order of the
files; ``decode`` reads it back. Amounts and times are texts, so that nothing is lost.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from policytrader.errors import StoreConflictError
from policytrader.model import snapshot as rows
from policytrader.model.records import DecisionRecord
from policytrader.model.snapshot import Market, Order, ReferenceRunner, Runner, Selection, Snapshot
from policytrader.model.times import format_utc, parse_utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.engine.plan import Decision, Plan
    from policytrader.ports.store import RuleStore

SCHEMA = "policytrader/inputs/1"

_TABLES: dict[str, type[Any]] = {
    "selections": Selection,
    "reference": ReferenceRunner,
    "markets": Market,
    "runners": Runner,
    "orders": Order,
}


def encode(snapshot: Snapshot) -> bytes:
    """The snapshot as UTF-8 JSON; the same snapshot gives the same bytes."""
    document = {"schema": SCHEMA, "now": format_utc(snapshot.now)} | {
        name: [[_text(value) for value in row] for row in getattr(snapshot, name)] for name in _TABLES
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode(document: bytes) -> Snapshot:
    """The snapshot that ``encode`` wrote. Raises ``ValueError`` for anything else."""
    read = json.loads(document)
    if not isinstance(read, dict) or read.get("schema") != SCHEMA:
        message = f"not a document of {SCHEMA}"
        raise ValueError(message)
    tables: Any = [tuple(_row(kind, cells) for cells in read[name]) for name, kind in _TABLES.items()]
    return Snapshot(parse_utc(read["now"]), *tables)


def _text(value: object) -> object:
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return format_utc(value)
        case StrEnum():
            return value.value
        case _:
            return value


def _row(kind: type[Any], cells: list[Any]) -> Any:
    types = get_type_hints(kind, vars(rows)).values()
    return kind(*(_value(type_, cell) for type_, cell in zip(types, cells, strict=True)))


def _value(type_: Any, cell: object) -> object:
    if cell is None:
        return None
    plain = next((one for one in get_args(type_) if one is not type(None)), type_)
    if plain is Decimal:
        return Decimal(str(cell))
    if plain is datetime:
        return parse_utc(str(cell))
    return plain(cell) if issubclass(plain, StrEnum) else cell


class _Seen(NamedTuple):
    """What makes a decision another one: something else is done, or for another reason; not that a price moved."""

    policy_hash: str
    action: str
    code: str
    reason: str | None
    size: str | None


class DecisionLog:
    """Remembers the last decision on each pick of one process, and appends those that changed to the store's log."""

    def __init__(self, store: RuleStore, mode: str, *, is_shadow: bool = False) -> None:
        """Nothing was seen: the first decision on each pick is a change. ``is_shadow``: nothing follows from them."""
        self._is_shadow = is_shadow
        self._store = store
        self._mode = mode
        self._seen: dict[str, _Seen] = {}
        self._appended: frozenset[str] = frozenset()

    def append_changed(self, plan: Plan) -> None:
        """The decisions that are not what they were; they share the snapshot's inputs.

        Raises ``StoreError``: nothing was appended, and the next plan's decisions are still news.
        """
        seen = {one.selection.selection_ref: (one, _seen(one, plan)) for one in plan.decisions}
        news = [decision for ref, (decision, now) in seen.items() if self._seen.get(ref) != now]
        self._append(news, plan)
        self._seen |= {ref: now for ref, (_, now) in seen.items()}
        self._appended = frozenset(self._id_of(one, plan) for one in news)

    def append_acted_on(self, decision: Decision, plan: Plan) -> None:
        """A decision that an order follows from: it names its inputs, though it may repeat the one before it.

        After ``append_changed`` of the same plan. Raises ``StoreError``.
        """
        decision_id = self._id_of(decision, plan)
        if decision_id not in self._appended:
            self._append([decision], plan)
            self._appended |= {decision_id}

    def names(self, decision: Decision, plan: Plan) -> tuple[str, str]:
        """What an intent calls its reasons: the decision's name, and the hash of its inputs."""
        return self._id_of(decision, plan), plan.snapshot.hash

    def _id_of(self, decision: Decision, plan: Plan) -> str:
        return decision_id_of(decision, plan, is_shadow=self._is_shadow)

    def _append(self, decisions: Sequence[Decision], plan: Plan) -> None:
        if not decisions:
            return
        inputs = encode(plan.snapshot)
        records = [self._record(one, plan, inputs) for one in decisions]
        try:
            self._store.append_decisions(records)
        except StoreConflictError:
            # Another version of this program decided otherwise on the very same inputs; the first record stays.
            missing = [record for record in records if self._store.decision(record.decision_id) is None]
            self._store.append_decisions(missing)

    def _record(self, decision: Decision, plan: Plan, inputs: bytes) -> DecisionRecord:
        return DecisionRecord(
            decision_id=self._id_of(decision, plan),
            at=plan.snapshot.now,
            selection_ref=decision.selection.selection_ref,
            policy_hash=plan.policy.hash,
            snapshot_hash=plan.snapshot.hash,
            action=str(decision.action),
            code=decision.code,
            document=document_of(decision),
            inputs=inputs,
            is_shadow=self._is_shadow,
            mode=self._mode,
        )


def _seen(decision: Decision, plan: Plan) -> _Seen:
    size = format(decision.order.size, "f") if decision.order is not None else None
    return _Seen(plan.policy.hash, str(decision.action), decision.code, decision.reason, size)


def decision_id_of(decision: Decision, plan: Plan, *, is_shadow: bool = False) -> str:
    """A decision's name: a hash of the policy, the snapshot and the pick, 32 hexadecimal digits.

    A shadow's is another one, even where the shadow is the very policy that decides.
    """
    parts = [plan.policy.hash, plan.snapshot.hash, decision.selection.selection_ref, *(["shadow"] * is_shadow)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def document_of(decision: Decision) -> bytes:
    """The decision as the log keeps it: UTF-8 JSON in the plan's order; the same decision gives the same bytes."""
    return json.dumps(decision.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()
