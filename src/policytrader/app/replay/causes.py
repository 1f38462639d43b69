"""Why two policies decide otherwise on the same inputs: the rule, and the condition within it.

The stages are asked in the order of decision, and the first at which the two part names the cause: validation, then
price and stake, then the protections; for what is invalid already, cash-out and the life of an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING

from policytrader.app.comparison import change_of
from policytrader.engine.explain import LeafSeen, RuleSeen, condition_text, explain
from policytrader.model.decision import Action, Verdict
from policytrader.model.money import money_text
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import RUNNER_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from policytrader.app.comparison import Change
    from policytrader.engine.plan import Decision, Plan
    from policytrader.policy.policy_set import PolicySet


class CauseKind(StrEnum):
    """Which part of a policy, or of the world, made the difference."""

    VALIDATION = "validation"
    ENTRY = "entry"
    STAKING = "staking"
    CASH_OUT = "cash_out"
    PROTECTION = "protection"
    ORDER = "order"
    """How long an unmatched order rests."""
    SCHEDULE = "schedule"
    MATCHING = "matching"
    """The same order, and something else was matched of it: another order of the policy's own stood before it."""
    COMMISSION = "commission"
    """The same bets: the market's other bets changed its commission."""
    ELSEWHERE = "elsewhere"
    """The two decide alike on these inputs: what other selections had done before differs.

    ``name`` is the protection that refused one of them for it, where one did."""
    UNKNOWN = "unknown"
    """There are no inputs to decide on again."""


_LABELS = {
    CauseKind.VALIDATION: "rule {}", CauseKind.ENTRY: "entry rule {}", CauseKind.STAKING: "staking step {}",
    CauseKind.CASH_OUT: "cash-out trigger {}", CauseKind.PROTECTION: "protection {}", CauseKind.ORDER: "order: {}",
    CauseKind.SCHEDULE: "schedule", CauseKind.MATCHING: "matching", CauseKind.COMMISSION: "share of commission",
    CauseKind.ELSEWHERE: "orders of other selections", CauseKind.UNKNOWN: "not known",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConditionSeen:
    """One comparison under both policies; None where a policy does not have it.

    A comparison of a fact's ``where`` is about many runners: it has no truth and no value of its own.
    """

    before: LeafSeen | None
    after: LeafSeen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What made a difference. ``before`` and ``after`` say what each policy makes of it.

    ``name`` is the rule's, trigger's or protection's id, or the ladder's step; empty where nothing has a name.
    """

    kind: CauseKind
    name: str = ""
    before: str = ""
    after: str = ""
    conditions: tuple[ConditionSeen, ...] = ()

    @property
    def label(self) -> str:
        """``rule short-price-removed``, ``protection max_order``, ``orders of other selections through max_order``."""
        through = f" through {self.name}" if self.kind is CauseKind.ELSEWHERE and self.name else ""
        return _LABELS[self.kind].format(self.name) + through


def causes_between(before: Plan, after: Plan, selection_ref: str) -> tuple[Cause, ...]:
    """Why two plans on one snapshot, both with ``explain``, decide a pick otherwise; nothing where they do not.

    Raises ``KeyError`` for a pick that is not in them.
    """
    change = change_of(before[selection_ref], after[selection_ref])
    return () if change is None else tuple(dict.fromkeys(_causes(before, after, change)))


def _causes(before: Plan, after: Plan, change: Change) -> Iterator[Cause]:
    one, two = change.before, change.after
    rules = _Rules(before, after, one, two)
    if {"verdict", "rule", "reason"} & set(change.parts):
        yield from rules.deciding([rule for rule in (two.rule, one.rule) if rule is not None])
        return
    found: list[Cause] = []
    if one.verdict is not Verdict.KEEP:
        found += list(rules.of_kind(CauseKind.CASH_OUT)) or _life_of_orders(before, after, one, two)
        # The ladder goes on for what is invalid too, though nothing follows from it.
        found += [] if found or one.stake == two.stake else [_staking(one, two)]
    else:
        if one.price.meets != two.price.meets:
            found += rules.of_kind(CauseKind.ENTRY)
        if one.stake != two.stake:
            found.append(_staking(one, two))
        found += _refusals(before, after, one, two) or _life_of_orders(before, after, one, two)
    yield from found or [Cause(kind=CauseKind.UNKNOWN)]


def _staking(one: Decision, two: Decision) -> Cause:
    def told(decision: Decision) -> str:
        stake = decision.stake
        return f"step {stake.step or 'none'}: {money_text(stake.target)} of at most {money_text(stake.cap)}"

    steps = dict.fromkeys(decision.stake.step or "none" for decision in (one, two))
    return Cause(kind=CauseKind.STAKING, name=" / ".join(steps), before=told(one), after=told(two))


def _refusals(before: Plan, after: Plan, one: Decision, two: Decision) -> list[Cause]:
    if (one.action, one.code) == (two.action, two.code):
        return []
    blocked = dict.fromkeys(decision.code for decision in (two, one) if decision.action is Action.BLOCKED)
    return [
        protection_cause(
            CauseKind.PROTECTION,
            name,
            (before.policy, after.policy),
            [decision.action is Action.BLOCKED and decision.code == name for decision in (one, two)],
        )
        for name in blocked
    ]


def protection_cause(kind: CauseKind, name: str, policies: Sequence[PolicySet], refuses: Sequence[bool]) -> Cause:
    """A protection that refuses under one policy, with each policy's limit."""
    told = []
    for policy, does in zip(policies, refuses, strict=True):
        limit = getattr(policy.protection.protections, name, None)
        value = "" if limit is None else f" ({_written(limit)})"
        told.append(("refuses" if does else "does not refuse") + value)
    return Cause(kind=kind, name=name, before=told[0], after=told[1])


def _written(limit: object) -> str:
    values = getattr(type(limit), "model_fields", None)
    return str(limit) if values is None else ", ".join(f"{key} {getattr(limit, key)}" for key in values)


def _life_of_orders(before: Plan, after: Plan, one: Decision, two: Decision) -> list[Cause]:
    codes = {one.code, two.code}
    if "rested" in codes:
        return [resting(before.policy, after.policy)]
    if "fully_matched" in codes and one.stake == two.stake:
        selection = one.selection
        told = [
            money_text(plan.policy.staking.ladder_for(selection.side, selection.market_type).fully_matched_within)
            for plan in (before, after)
        ]
        return [Cause(kind=CauseKind.STAKING, name="fully_matched_within", before=told[0], after=told[1])]
    return []


def resting(before: PolicySet, after: PolicySet) -> Cause:
    """How long each policy lets an order rest."""
    return Cause(
        kind=CauseKind.ORDER,
        name="cancel_unmatched_after",
        before=before.entry.order.cancel_unmatched_after,
        after=after.entry.order.cancel_unmatched_after,
    )


class _Rules:
    """The rules of both policies with what they saw."""

    def __init__(self, before: Plan, after: Plan, one: Decision, two: Decision) -> None:
        self._plans = before, after
        self._seen = tuple(
            {(rule.kind, rule.id): rule for rule in explain(plan, decision).rules}
            for plan, decision in ((before, one), (after, two))
        )

    def deciding(self, names: Iterable[str]) -> Iterator[Cause]:
        """Of the rules that decide under one policy or the other, those that differ; all where none does."""
        causes = [self._cause(CauseKind.VALIDATION, name) for name in dict.fromkeys(names)]
        yield from [cause for cause in causes if self._differs(cause)] or causes

    def of_kind(self, kind: CauseKind) -> Iterator[Cause]:
        """The rules of a kind that differ in truth or effect."""
        names = dict.fromkeys(rule_id for seen in self._seen for (of, rule_id) in seen if of == kind)
        causes = (self._cause(kind, name) for name in names)
        yield from (cause for cause in causes if self._differs(cause))

    def _differs(self, cause: Cause) -> bool:
        return cause.before != cause.after

    def _cause(self, kind: CauseKind, name: str) -> Cause:
        one, two = (seen.get((str(kind), name)) for seen in self._seen)
        told = [self._told(plan, rule) for plan, rule in zip(self._plans, (one, two), strict=True)]
        return Cause(kind=kind, name=name, before=told[0], after=told[1], conditions=tuple(self._conditions(one, two)))

    def _told(self, plan: Plan, rule: RuleSeen | None) -> str:
        """``true: invalidate Invalid Short Price Removed``; ``not true``, and nothing follows; ``no such rule``."""
        if rule is None:
            return "no such rule"
        if rule.truth == "false":
            return "not true"
        return f"{rule.truth}: {_effect(plan.policy, rule)}".removesuffix(": ")

    def _conditions(self, one: RuleSeen | None, two: RuleSeen | None) -> Iterator[ConditionSeen]:
        """The comparisons that differ; of a rule that only one policy has, all."""
        for before, after in _paired(one.leaves if one else (), two.leaves if two else ()):
            if before is None or after is None or _essence(before) != _essence(after):
                yield ConditionSeen(before, after)
                yield from self._fact_conditions(before, after)

    def _fact_conditions(self, before: LeafSeen | None, after: LeafSeen | None) -> Iterator[ConditionSeen]:
        """What a fact that both read asks of the runners under one policy alone."""
        if before is None or after is None or before.field != after.field or not before.field:
            return
        name = before.field.removeprefix(FACT_PREFIX)
        facts = [plan.policy.validation.facts.get(name) for plan in self._plans]
        if name == before.field or facts[0] is None or facts[1] is None:
            return
        one, two = ([_plain(leaf) for _, leaf in walk(fact.where) if isinstance(leaf, Leaf)] for fact in facts if fact)
        for left, right in _paired(
            [leaf for leaf in one if leaf not in two], [leaf for leaf in two if leaf not in one]
        ):
            yield ConditionSeen(left, right)


def _effect(policy: PolicySet, rule: RuleSeen) -> str:
    """What follows from a rule that holds."""
    for one in policy.validation.rules:
        if rule.kind == "validation" and one.id == rule.id:
            word = "invalidate" if one.then.invalidate else "hold"
            return f"{word} {one.then.text}" + (f", {one.on_missing} when unknown" if rule.truth == "unknown" else "")
    for trigger in policy.cash_out.triggers:
        if rule.kind == "cash_out" and trigger.id == rule.id:
            return f"close {trigger.then.cash_out}, {trigger.then.max_slippage_ticks} ticks of slippage"
    return ""


def _paired(one: Sequence[LeafSeen], two: Sequence[LeafSeen]) -> Iterator[tuple[LeafSeen | None, LeafSeen | None]]:
    """Comparisons of the same field, in file order; what has no counterpart stands alone."""
    fields = dict.fromkeys(leaf.field for leaf in (*one, *two))
    for field in fields:
        left, right = ([leaf for leaf in leaves if leaf.field == field] for leaves in (one, two))
        yield from zip_longest(left, right)


def _essence(leaf: LeafSeen) -> tuple[str, str | None, str, str]:
    return leaf.text, leaf.seen, leaf.truth, leaf.note


def _plain(leaf: Leaf) -> LeafSeen:
    return LeafSeen(condition_text(leaf, RUNNER_FIELDS[leaf.field]), leaf.field, None, "", "", None)
