"""Which rules and conditions the tests have seen true, false and unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from policytrader.engine.compile import leaf_column, rule_groups
from policytrader.engine.explain import combine
from policytrader.policy.conditions import InvalidatedBy, Leaf, walk
from policytrader.policy.fields import Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from policytrader.authoring.check_conditions import NamedRule
    from policytrader.engine.evaluate import Engine
    from policytrader.engine.plan import Plan
    from policytrader.errors import Place
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.fields import Field
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import InlineTest


class BesideRule(Protocol):
    """What a test beside a rule saw, in every family."""

    @property
    def kind(self) -> str:
        """The kind of the rule's file."""

    @property
    def rule(self) -> NamedRule:
        """The rule."""

    @property
    def test(self) -> InlineTest:
        """The example."""

    @property
    def actual(self) -> str:
        """What the rule came to."""

    @property
    def applies(self) -> bool:
        """Whether the rule is about what was given."""

    @property
    def truth(self) -> bool | None:
        """What its condition came to."""

    @property
    def leaves(self) -> tuple[bool | None, ...]:
        """What each comparison came to."""

    @property
    def place(self) -> Place | None:
        """Where the test is written."""

    @property
    def is_passed(self) -> bool:
        """Whether it came to what was expected."""


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


class RuleCoverage:
    """Collects truths of rules and of their comparisons, by kind and rule, from the tests beside the rules."""

    def __init__(
        self, groups: Iterable[tuple[str, Sequence[NamedRule]]], fields: Mapping[str, Field] | None = None
    ) -> None:
        """Every rule and comparison, not seen yet. With ``fields``, what is never missing need not be seen unknown."""
        self.seen: dict[str, Seen] = {}
        for kind, rules in groups:
            for rule in rules:
                leaves = [leaf for _, leaf in walk(rule.when)]
                possible = [_can_be_unknown(leaf, fields) for leaf in leaves]
                # Without fields a rule counts as one that may be unknown, whatever its parts are.
                self.seen[f"{kind}/{rule.id}"] = Seen(
                    f"{kind}/{rule.id}", is_leaf=False, can_be_unknown=fields is None or any(possible)
                )
                for index, leaf in enumerate(leaves):
                    self.seen[leaf_column(kind, rule.id, index)] = Seen(
                        leaf_text(leaf), is_leaf=True, can_be_unknown=possible[index]
                    )

    @staticmethod
    def joined(*parts: RuleCoverage) -> RuleCoverage:
        """Several of them as one."""
        whole = RuleCoverage(())
        for part in parts:
            whole.seen |= part.seen
        return whole

    @property
    def is_complete(self) -> bool:
        """Every rule and leaf seen in every way that it can be."""
        return all(seen.is_complete for seen in self.seen.values())

    def add_inline(self, results: Iterable[BesideRule]) -> None:
        """Count what the tests beside the rules saw."""
        for result in results:
            if not result.applies:
                continue
            self.seen[f"{result.kind}/{result.rule.id}"].counts[result.truth] += 1
            for index, truth in enumerate(result.leaves):
                self.seen[leaf_column(result.kind, result.rule.id, index)].counts[truth] += 1


class Coverage(RuleCoverage):
    """That of a trading policy: its facts as well, and what scenarios saw."""

    def __init__(self, policy: PolicySet) -> None:
        """Every rule, fact and leaf of the policy, not seen yet."""
        super().__init__(rule_groups(policy))
        self._policy = policy
        facts: dict[str, Seen] = {}
        for name, fact in policy.validation.facts.items():
            facts[f"facts/{name}"] = Seen(f"facts/{name}", is_leaf=False)
            for index, (_, leaf) in enumerate(walk(fact.where)):
                facts[leaf_column("facts", name, index)] = Seen(leaf_text(leaf), is_leaf=True)
        self.seen = facts | self.seen

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


def _can_be_unknown(leaf: Leaf | InvalidatedBy, fields: Mapping[str, Field] | None) -> bool:
    if isinstance(leaf, InvalidatedBy):
        return False
    if fields is None:
        return True
    if leaf.op in {Operator.IS_MISSING, Operator.IS_PRESENT}:
        return False
    return any(fields[name].nullable for name in (leaf.field, leaf.other) if name is not None)


def leaf_text(leaf: Leaf | InvalidatedBy) -> str:
    """A leaf as one line."""
    if isinstance(leaf, InvalidatedBy):
        return "invalidated_by " + ", ".join(leaf.invalidated_by)
    operand = leaf.other if leaf.other is not None else leaf.value
    values = ", ".join(map(str, operand)) if isinstance(operand, tuple) else operand
    return f"{leaf.field} {leaf.op}" + ("" if operand is None else f" {values}")
