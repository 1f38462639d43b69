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
    from collections.abc import Iterable, Sequence

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
    """Remembers the last decision on each pick of one process, and makes records of those that changed."""

    def __init__(self, mode: str) -> None:
        """Nothing was seen: the first decision on each pick is a change."""
        self._mode = mode
        self._seen: dict[str, _Seen] = {}

    def changed(self, plan: Plan, *, is_shadow: bool = False) -> tuple[DecisionRecord, ...]:
        """Records of the decisions that are not what they were; they share the snapshot's inputs."""
        news = [decision for decision in plan.decisions if self._is_news(decision, plan)]
        if not news:
            return ()
        inputs = encode(plan.snapshot)
        return tuple(_record(decision, plan, inputs, self._mode, is_shadow=is_shadow) for decision in news)

    def _is_news(self, decision: Decision, plan: Plan) -> bool:
        ref = decision.selection.selection_ref
        size = format(decision.order.size, "f") if decision.order is not None else None
        seen = _Seen(plan.policy.hash, str(decision.action), decision.code, decision.reason, size)
        if self._seen.get(ref) == seen:
            return False
        self._seen[ref] = seen
        return True


def decision_id_of(decision: Decision, plan: Plan, *, is_shadow: bool = False) -> str:
    """A decision's name: a hash of the policy, the snapshot and the pick, 32 hexadecimal digits.

    A shadow's is another one, even where the shadow is the very policy that decides.
    """
    parts = [plan.policy.hash, plan.snapshot.hash, decision.selection.selection_ref, *(["shadow"] * is_shadow)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def decision_ids(plan: Plan, decisions: Iterable[Decision]) -> dict[str, str]:
    """Selection ref -> the decision's name."""
    return {one.selection.selection_ref: decision_id_of(one, plan) for one in decisions}


def document_of(decision: Decision) -> bytes:
    """The decision as the log keeps it: UTF-8 JSON in the plan's order; the same decision gives the same bytes."""
    return json.dumps(decision.to_dict(), ensure_ascii=False, separators=(",", ":")).encode()


def _record(decision: Decision, plan: Plan, inputs: bytes, mode: str, *, is_shadow: bool) -> DecisionRecord:
    return DecisionRecord(
        decision_id=decision_id_of(decision, plan, is_shadow=is_shadow),
        at=plan.snapshot.now,
        selection_ref=decision.selection.selection_ref,
        policy_hash=plan.policy.hash,
        snapshot_hash=plan.snapshot.hash,
        action=str(decision.action),
        code=decision.code,
        document=document_of(decision),
        inputs=inputs,
        is_shadow=is_shadow,
        mode=mode,
    )


def log_decisions(store: RuleStore, records: Sequence[DecisionRecord]) -> None:
    """Append what is not in the log: a restart may decide on the very inputs of a tick before it."""
    try:
        store.append_decisions(records)
    except StoreConflictError:
        missing = [record for record in records if store.decision(record.decision_id) is None]
        if missing:
            store.append_decisions(missing)
