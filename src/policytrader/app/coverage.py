"""Which rules and conditions the tests have seen true, false and unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.engine.compile import leaf_column, rule_groups
from policytrader.engine.explain import combine
from policytrader.policy.conditions import InvalidatedBy, Leaf, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.app.inline_tests import InlineResult
    from policytrader.engine.evaluate import Engine
    from policytrader.engine.plan import Plan
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet

TRUTHS: tuple[bool | None, ...] = (True, False, None)


@dataclass
class Seen:
    """How often one rule or leaf was true, false and unknown; some can never be unknown."""

    label: str
    is_leaf: bool
    can_be_unknown: bool = True
    counts: Counter[bool | None] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Seen in every way that it can be."""
        return all(self.counts[truth] for truth in TRUTHS if truth is not None or self.can_be_unknown)


class Coverage:
    """Collects truths from inline tests and scenarios."""

    def __init__(self, policy: PolicySet) -> None:
        """Every rule, fact and leaf of the policy, not seen yet."""
        self._policy = policy
        self.seen: dict[str, Seen] = {}
        for name, fact in policy.validation.facts.items():
            self.seen[f"facts/{name}"] = Seen(f"facts/{name}", is_leaf=False)
            for index, (_, leaf) in enumerate(walk(fact.where)):
                self.seen[leaf_column("facts", name, index)] = Seen(_leaf_text(leaf), is_leaf=True)
        for kind, rules in rule_groups(policy):
            for rule in rules:
                leaves = list(walk(rule.when))
                self.seen[f"{kind}/{rule.id}"] = Seen(f"{kind}/{rule.id}", is_leaf=False)
                for index, (_, leaf) in enumerate(leaves):
                    known = isinstance(leaf, InvalidatedBy)
                    self.seen[leaf_column(kind, rule.id, index)] = Seen(
                        _leaf_text(leaf), is_leaf=True, can_be_unknown=not known
                    )

    @property
    def is_complete(self) -> bool:
        """Every rule and leaf seen in every way that it can be."""
        return all(seen.is_complete for seen in self.seen.values())

    def add_inline(self, results: Iterable[InlineResult]) -> None:
        """Count what the tests beside the rules saw."""
        for result in results:
            if not result.applies:
                continue
            self.seen[f"{result.kind}/{result.rule.id}"].counts[result.truth] += 1
            for index, truth in enumerate(result.leaves):
                self.seen[leaf_column(result.kind, result.rule.id, index)].counts[truth] += 1

    def add_plan(self, plan: Plan) -> None:
        """Count what the decisions of a scenario saw; the plan must be evaluated with ``explain``."""
        for decision in plan:
            seen = plan.seen(decision)
            for kind, rules in rule_groups(self._policy):
                for rule in rules:
                    if not rule.applies_to.includes(decision.selection.side, decision.selection.market_type):
                        continue
                    truths = [seen[leaf_column(kind, rule.id, index)] for index, _ in enumerate(walk(rule.when))]
                    for index, truth in enumerate(truths):
                        self.seen[leaf_column(kind, rule.id, index)].counts[truth] += 1
                    self.seen[f"{kind}/{rule.id}"].counts[combine(rule.when, truths)] += 1

    def add_members(self, engine: Engine, snapshot: Snapshot) -> None:
        """Count what the facts said of each runner of a scenario."""
        names, rows = engine.members(snapshot)
        for row in rows:
            for name, truth in zip(names[4:], row[4:], strict=True):
                self.seen[name if name in self.seen else f"facts/{name}"].counts[truth] += 1


def _leaf_text(leaf: Leaf | InvalidatedBy) -> str:
    if isinstance(leaf, InvalidatedBy):
        return "invalidated_by " + ", ".join(leaf.invalidated_by)
    operand = leaf.other if leaf.other is not None else leaf.value
    values = ", ".join(map(str, operand)) if isinstance(operand, tuple) else operand
    return f"{leaf.field} {leaf.op}" + ("" if operand is None else f" {values}")
