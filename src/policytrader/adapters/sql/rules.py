"""Decisions with their inputs, and the policies that made them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from policytrader.adapters.sql import tables
from policytrader.adapters.sql.part import Part, executed
from policytrader.errors import StoreConflictError, StoreError
from policytrader.model.records import Activation, DecisionRecord, LoggedDecision, PolicyRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row

_DECISIONS = tables.decisions
_INPUTS = tables.decision_inputs
_POLICIES = tables.policies
_ACTIVATIONS = tables.activations
_DECISION_COLUMNS = (
    "decision_id", "at", "selection_ref", "policy_hash", "snapshot_hash", "action", "code", "is_shadow",
)  # fmt: skip
_MANY = 500
"""Ids in one question: SQLite takes a limited number of parameters."""


class RulePart(Part):
    """``decisions``, ``decision_inputs``, ``policies`` and ``activations``."""

    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        """Append; decisions and inputs that are there already are not stored again."""
        inputs = {_sha256(one): one for one in {decision.inputs for decision in decisions}}
        keep = self._upsert(_INPUTS).on_conflict_do_nothing()
        with self._writing() as connection:
            documents = [{"inputs_hash": name, "document": _text(one)} for name, one in sorted(inputs.items())]
            executed(connection, keep, documents)
            rows = [
                {name: getattr(one, name) for name in _DECISION_COLUMNS}
                | {"mode": self._mode, "document": _text(one.document), "inputs_hash": _sha256(one.inputs)}
                for one in decisions
            ]
            executed(connection, self._upsert(_DECISIONS).on_conflict_do_nothing(), rows)
            _refuse_others(connection, rows)

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """By its id, or by a beginning of it that no other has."""
        c = _DECISIONS.c
        with self._reading() as connection:
            rows = connection.execute(_with_inputs().where(c.decision_id == decision_id)).all()
            if not rows and decision_id:
                rows = connection.execute(
                    _with_inputs().where(c.decision_id.startswith(decision_id, autoescape=True)).limit(2)
                ).all()
        if len(rows) > 1:
            message = f"several decisions begin with {decision_id}: write more of the id"
            raise StoreConflictError(message)
        return _decision(rows[0]) if rows else None

    def logged_decisions(
        self, *, day: date | None = None, selection_ref: str | None = None
    ) -> tuple[LoggedDecision, ...]:
        """Oldest first; of one moment, in the picks' order."""
        c, picks = _DECISIONS.c, tables.selections
        query = select(*(c[name] for name in _DECISION_COLUMNS), c.mode, c.document).order_by(
            c.at, c.selection_ref, c.is_shadow, c.decision_id
        )
        if selection_ref is not None:
            query = query.where(c.selection_ref == selection_ref)
        if day is not None:
            of_day = select(picks.c.selection_ref).where(picks.c.race_date == day, picks.c.selection_ref.is_not(None))
            query = query.where(c.selection_ref.in_(of_day))
        with self._reading() as connection:
            return tuple(
                LoggedDecision(**dict(row._mapping) | {"document": row.document.encode()})  # noqa: SLF001 - a Row's public face
                for row in connection.execute(query)
            )

    def store_policy(self, policy_hash: str, content: bytes, at: datetime) -> None:
        """Keep it, once."""
        with self._writing() as connection:
            values = {"policy_hash": policy_hash, "content": _text(content), "content_sha256": _sha256(content)}
            connection.execute(self._upsert(_POLICIES).values(values | {"stored_at": at}).on_conflict_do_nothing())
            there = connection.scalar(select(_POLICIES.c.content_sha256).where(_POLICIES.c.policy_hash == policy_hash))
            if there != _sha256(content):
                message = f"policy {policy_hash[:12]} is stored with other content"
                raise StoreConflictError(message)

    def policy(self, policy_hash: str) -> PolicyRecord | None:
        """By its hash."""
        with self._reading() as connection:
            row = connection.execute(select(_POLICIES).where(_POLICIES.c.policy_hash == policy_hash)).one_or_none()
        return None if row is None else self._policy(row)

    def activate(self, policy_hash: str | None, at: datetime, who: str, *, shadow: bool = False) -> None:
        """The newest activation of its kind holds."""
        if not who.strip() or (policy_hash is None and not shadow):
            message = "an activation needs a name and, unless it ends a shadow, a policy"
            raise ValueError(message)
        with self._writing() as connection:
            stored = select(_POLICIES.c.policy_hash).where(_POLICIES.c.policy_hash == policy_hash)
            if policy_hash is not None and connection.scalar(stored) is None:
                message = f"policy {policy_hash[:12]} is not in the store: only what is stored can be activated"
                raise StoreConflictError(message)
            values = {"at": at, "policy_hash": policy_hash, "who": who, "is_shadow": shadow}
            connection.execute(insert(_ACTIVATIONS).values(values))

    def active_policy(self, *, shadow: bool = False) -> PolicyRecord | None:
        """The one activated last."""
        c = _ACTIVATIONS.c
        newest = select(c.policy_hash).where(c.is_shadow == shadow).order_by(c.seq.desc()).limit(1)
        with self._reading() as connection:
            query = select(_POLICIES).where(_POLICIES.c.policy_hash == newest.scalar_subquery())
            row = connection.execute(query).one_or_none()
        return None if row is None else self._policy(row)

    def activations(self) -> tuple[Activation, ...]:
        """Oldest first."""
        with self._reading() as connection:
            rows = connection.execute(select(_ACTIVATIONS).order_by(_ACTIVATIONS.c.seq)).all()
        return tuple(Activation(**row._mapping) for row in rows)  # noqa: SLF001 - a Row's public face

    def _policy(self, row: Row[Any]) -> PolicyRecord:
        content = row.content.encode()
        if _sha256(content) != row.content_sha256:
            message = f"store {self._database.place}: policy {row.policy_hash[:12]} was changed after it was stored"
            raise StoreError(message, "damaged")
        return PolicyRecord(policy_hash=row.policy_hash, content=content, stored_at=row.stored_at)


def _refuse_others(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Raise where a decision of the same name is stored, and is another one.

    Its inputs may be written otherwise: a snapshot's hash knows no order of rows. The first stay.
    """
    compared = [name for name in rows[0] if name != "inputs_hash"] if rows else []
    for start in range(0, len(rows), _MANY):
        some = {row["decision_id"]: row for row in rows[start : start + _MANY]}
        query = select(*(_DECISIONS.c[name] for name in compared)).where(_DECISIONS.c.decision_id.in_(list(some)))
        for stored in connection.execute(query):
            if any(getattr(stored, name) != some[stored.decision_id][name] for name in compared):
                message = f"decision {stored.decision_id} is stored with other content"
                raise StoreConflictError(message)


def _with_inputs() -> Any:
    joined = _DECISIONS.join(_INPUTS, _DECISIONS.c.inputs_hash == _INPUTS.c.inputs_hash)
    return select(_DECISIONS, _INPUTS.c.document.label("inputs")).select_from(joined)


def _decision(row: Row[Any]) -> DecisionRecord:
    return DecisionRecord(
        **{name: getattr(row, name) for name in _DECISION_COLUMNS},
        mode=row.mode,
        document=row.document.encode(),
        inputs=row.inputs.encode(),
    )


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"documents are UTF-8 text: {error.reason} at byte {error.start}"
        raise ValueError(message) from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
