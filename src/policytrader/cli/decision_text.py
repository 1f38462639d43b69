"""A logged decision as commands show it: its head for people, its names and orders for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from policytrader.app.decided import Decided
    from policytrader.cli.context import Context
    from policytrader.model.records import LoggedDecision


def stored_document(decided: Decided) -> dict[str, Any]:
    """What the log says of a decision, and the orders that followed from it."""
    return head_document(decided.record) | {
        "mode": decided.record.mode,
        "orders": [
            {
                "ref": entry.intent.ref,
                "state": str(entry.state),
                "purpose": str(entry.intent.purpose),
                "side": str(entry.intent.side),
                "price": str(entry.intent.price),
                "size": str(entry.intent.size),
            }
            for entry in decided.orders
        ],
    }


def head_line(context: Context, decided: Decided) -> str:
    """``PAPER  decision 3f2a…  2026-05-02 14:42:15 BST  policy 9f3c2a1…``."""
    record = decided.record
    shadow = "  shadow" if record.is_shadow else ""
    at = record.at.astimezone(context.zone)
    return (
        f"{record.mode.upper()}{shadow}  decision {record.decision_id}  {at:%Y-%m-%d %H:%M:%S %Z}  "
        f"policy {record.policy_hash}"
    )


def head_document(one: LoggedDecision) -> dict[str, Any]:
    """The decision's names."""
    return {
        "decision_id": one.decision_id,
        "at": format_utc(one.at),
        "selection_ref": one.selection_ref,
        "action": one.action,
        "code": one.code,
        "shadow": one.is_shadow,
        "policy_hash": one.policy_hash,
        "snapshot_hash": one.snapshot_hash,
    }
