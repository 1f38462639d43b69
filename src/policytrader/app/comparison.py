"""What an edit changes: the same snapshot decided by two policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.model.decision import Action

if TYPE_CHECKING:
    from policytrader.engine.plan import Decision, Plan

COMPARISON_SCHEMA = "policytrader/comparison/1"

_COMPARED = ("verdict", "reason", "rule", "stake", "price", "action", "code", "order", "cash_out")


@dataclass(frozen=True)
class Change:
    """One selection that the two policies decide differently.

    ``rules`` names what made the difference: the validation rule that decides now and the one that decided before,
    ``ladder``, ``entry``; else the protection, or the part of the policy, that the action differs by.
    """

    before: Decision
    after: Decision
    parts: tuple[str, ...]
    rules: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "selection_ref": self.before.selection.selection_ref,
            "changed": list(self.parts),
            "because": list(self.rules),
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
        }


@dataclass(frozen=True)
class Comparison:
    """Two plans on one snapshot."""

    before: Plan
    after: Plan
    changes: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """As one document (``policytrader/comparison/1``)."""
        return {
            "schema": COMPARISON_SCHEMA,
            "snapshot": self.before.to_dict()["snapshot"],
            "before": {"policy": {"hash": self.before.policy.hash}, "summary": self.before.to_dict()["summary"]},
            "after": {"policy": {"hash": self.after.policy.hash}, "summary": self.after.to_dict()["summary"]},
            "changes": [change.to_dict() for change in self.changes],
        }


def compare_plans(before: Plan, after: Plan) -> Comparison:
    """The selections whose decision differs, in the order of decision. Both plans are of the same snapshot."""
    changes = (change_of(old, new) for old, new in zip(before, after, strict=True))
    return Comparison(before, after, tuple(change for change in changes if change is not None))


def change_of(before: Decision, after: Decision) -> Change | None:
    """What two decisions on one pick and the same inputs differ in; None where in nothing."""
    one, two = before.to_dict(), after.to_dict()
    parts = tuple(part for part in _COMPARED if one[part] != two[part])
    return Change(before, after, parts, _causes(before, after, parts)) if parts else None


def _causes(old: Decision, new: Decision, parts: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    if {"verdict", "rule", "reason"} & set(parts):
        # The rule that decides now, and the one that decided before: one of them may have taken over from the other.
        found += [rule for rule in (new.rule, old.rule) if rule is not None] or ["validation"]
    if "stake" in parts:
        found.append("ladder")
    if old.price.meets != new.price.meets:
        found.append("entry")
    if old.action is not new.action or old.code != new.code:
        found += _causes_of_action(old, new)
    return tuple(dict.fromkeys(found)) or ("protection",)


def _causes_of_action(old: Decision, new: Decision) -> tuple[str, ...]:
    if blocking := tuple(one.code for one in (new, old) if one.action is Action.BLOCKED):
        return blocking
    codes = {old.code, new.code}
    closes = Action.CASH_OUT in {old.action, new.action} or "cash_out_waits" in codes
    if closes and old.action is not new.action and old.verdict == new.verdict:
        return ("cash_out",)
    if "rested" in codes:
        return ("cancel_unmatched_after",)
    return ("fully_matched_within",) if "fully_matched" in codes and old.stake == new.stake else ()
