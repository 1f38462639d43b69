"""Why: every rule and condition behind a decision, with the values it saw and where it is written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from policytrader.engine.compile import leaf_column, rule_groups
from policytrader.model.decision import Verdict
from policytrader.model.money import money_text
from policytrader.model.snapshot import RunnerStatus, Selection, Snapshot
from policytrader.policy.conditions import All, AnyOf, Condition, InvalidatedBy, Leaf, Not, Path, walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import SELECTION_FIELDS, Field, FieldType, Operator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from policytrader.engine.plan import Decision, Plan
    from policytrader.errors import Place
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import Rule

NOT_APPLICABLE = "not applicable"

Truth: TypeAlias = bool | None
"""True, false, or None for unknown."""

_SYMBOLS = {
    Operator.EQ: "=", Operator.NE: "≠", Operator.LT: "<", Operator.LTE: "<=", Operator.GT: ">", Operator.GTE: ">=",
    Operator.IN: "in", Operator.NOT_IN: "not in", Operator.BETWEEN: "between",
}  # fmt: skip


@dataclass(frozen=True)
class LeafSeen:
    """One comparison: its field, the value seen (text; None is missing), what it was compared with, its truth."""

    text: str
    field: str | None
    seen: str | None
    truth: str
    note: str
    place: Place | None


@dataclass(frozen=True)
class RuleSeen:
    """One rule and its comparisons. ``truth`` is true, false, unknown or not applicable."""

    kind: str
    id: str
    title: str
    why: str
    truth: str
    leaves: tuple[LeafSeen, ...]
    place: Place | None


@dataclass(frozen=True)
class RunnerOut:
    """A runner that is out of the race, as the capture and the live markets tell it."""

    selection_id: int
    runner_name: str
    reference_price: Decimal | None
    removed_at: datetime | None


@dataclass(frozen=True)
class Explanation:
    """Everything behind one decision."""

    decision: Decision
    rules: tuple[RuleSeen, ...]
    removed: tuple[RunnerOut, ...]

    def rule(self, rule_id: str) -> RuleSeen:
        """One rule by id. Raises ``KeyError``."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)


def explain(plan: Plan, decision: Decision) -> Explanation:
    """Explain a decision of a plan that was evaluated with ``explain=True``."""
    reader = _Reader(plan, decision)
    rules = [
        reader.rule(kind, number, rule) for kind, group in rule_groups(plan.policy) for number, rule in enumerate(group)
    ]
    return Explanation(decision, tuple(rules), removed_runners(plan.snapshot, decision.selection))


def removed_runners(snapshot: Snapshot, selection: Selection) -> tuple[RunnerOut, ...]:
    """The runners of the selection's race that any of its markets lists as REMOVED, by number."""
    markets = {market.market_id for market in snapshot.markets if market.race_id == selection.race_id}
    captured = {row.selection_id: row for row in snapshot.reference if row.capture_id == selection.capture_id}
    found: dict[int, RunnerOut] = {}
    for runner in snapshot.runners:
        if runner.market_id not in markets or runner.status is not RunnerStatus.REMOVED:
            continue
        row = captured.get(runner.selection_id)
        name = runner.runner_name or (row.runner_name if row else None) or f"runner {runner.selection_id}"
        earlier = found.get(runner.selection_id)
        times = [time for time in (runner.removed_at, earlier.removed_at if earlier else None) if time is not None]
        found[runner.selection_id] = RunnerOut(
            runner.selection_id, name, row.reference_price if row else None, min(times, default=None)
        )
    return tuple(found[number] for number in sorted(found))


def condition_text(leaf: Leaf, field: Field) -> str:
    """What a comparison asks of its field, as the tree shows it: ``< 12.00``, ``>= selection.price_requested``."""
    compared = leaf.op.replace("_", " ") if leaf.op not in _SYMBOLS else _SYMBOLS[leaf.op]
    if leaf.other is not None:
        return f"{compared} {leaf.other}"
    if leaf.value is None:
        return compared
    values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return f"{compared} " + ", ".join(value_text(value, field) for value in values)


def value_text(value: Any, field: Field) -> str:
    """A value as a person writes it: ``1h02m``, ``8.20``, ``OPEN``."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() if field.type is FieldType.DURATION:
            return duration_text(value)
        case Decimal() | int() if field.type in {FieldType.PRICE, FieldType.MONEY}:
            return f"{money_text(Decimal(value))}"
        case _:
            return str(value)


def duration_text(microseconds: int) -> str:
    """``1h02m``, ``28m``, ``28m30s``, ``-5s``."""
    sign, seconds = "-" if microseconds < 0 else "", abs(microseconds) // 1_000_000
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{sign}{hours}h{minutes:02}m"
    return f"{sign}{minutes}m{f'{seconds:02}s' if seconds else ''}" if minutes else f"{sign}{seconds}s"


class _Reader:
    """Reads the explanation columns of one row."""

    def __init__(self, plan: Plan, decision: Decision) -> None:
        self.plan = plan
        self.policy: PolicySet = plan.policy
        self.decision = decision
        self.seen = plan.seen(decision)
        facts = plan.policy.validation.facts
        self.facts = {FACT_PREFIX + name: (fact, fact_field(name, fact)) for name, fact in facts.items()}
        selection = decision.selection
        self.names = {
            row.selection_id: (row.runner_name or f"runner {row.selection_id}", row.reference_price)
            for row in plan.snapshot.reference
            if row.capture_id == selection.capture_id
        }
        self.removed_at = {out.selection_id: out.removed_at for out in removed_runners(plan.snapshot, selection)}

    def rule(self, kind: str, number: int, rule: Rule) -> RuleSeen:
        path: Path = ("triggers" if kind == "cash_out" else "rules", number)
        selection = self.decision.selection
        applies = rule.applies_to.includes(selection.side, selection.market_type)
        leaves = [
            self.leaf(
                leaf, self.seen[leaf_column(kind, rule.id, index)], self.policy.place(kind, (*path, "when", *below))
            )
            for index, (below, leaf) in enumerate(walk(rule.when))
        ]
        truths = iter([self.seen[leaf_column(kind, rule.id, index)] for index in range(len(leaves))])
        truth = _word(combine(rule.when, truths)) if applies else NOT_APPLICABLE
        place = self.policy.place(kind, path)
        return RuleSeen(kind, rule.id, rule.title, rule.why, truth, tuple(leaves), place)

    def leaf(self, leaf: Leaf | InvalidatedBy, truth: Truth, place: Place | None) -> LeafSeen:
        if isinstance(leaf, InvalidatedBy):
            names = ", ".join(leaf.invalidated_by)
            rule = self.decision.rule if self.decision.verdict is Verdict.INVALIDATE else None
            return LeafSeen(f"invalidated by {names}", None, rule, _word(truth), "", place)
        field = self.field(leaf.field)
        seen, note = self.value(leaf.field)
        text = condition_text(leaf, field)
        if leaf.other is not None:
            text += f" ({self.value(leaf.other)[0] or 'missing'})"
        return LeafSeen(text, leaf.field, seen, _word(truth), note, place)

    def field(self, name: str) -> Field:
        return self.facts[name][1] if name in self.facts else SELECTION_FIELDS[name]

    def value(self, name: str) -> tuple[str | None, str]:
        """The value seen as text (None is missing), and a note about it."""
        if name not in self.facts:
            value, field = self.seen[name], SELECTION_FIELDS[name]
            if value is None:
                return None, ""
            exact = Decimal(value).scaleb(-field.places) if field.places else value
            return value_text(exact, field), ""
        fact, field = self.facts[name]
        low, high = self.seen[name + "_lo"], self.seen[name + "_hi"]
        if low is None:
            return None, ""
        if fact.aggregate == "list":
            return self.members(self.seen[name + "_ids"], self.seen[name + "_maybe"])
        if fact.aggregate == "any":
            return ("true" if low else "false" if not high else None), ""
        texts = [
            value_text(Decimal(bound).scaleb(-field.places) if field.places else bound, field) for bound in (low, high)
        ]
        return (texts[0], "") if low == high else (None, f"between {texts[0]} and {texts[1]}")

    def members(self, certain: list[int], possible: list[int]) -> tuple[str | None, str]:
        perhaps = [number for number in possible if number not in certain]
        note = "" if not perhaps else "perhaps " + ", ".join(map(self.named, perhaps))
        if certain:
            return ", ".join(map(self.named, certain)), note
        return (None if perhaps else "none"), note

    def named(self, number: int) -> str:
        name, price = self.names.get(number, (f"runner {number}", None))
        return f"{name}, {money_text(price)} this morning" if price is not None else name


def combine(condition: Condition, truths: Iterable[Truth]) -> Truth:
    """The truth of a condition from those of its leaves in file order: three-valued, as in SQL."""
    truths = iter(truths)
    match condition:
        case All(all=parts):
            found = [combine(part, truths) for part in parts]
            return False if False in found else None if None in found else True
        case AnyOf(any=parts):
            found = [combine(part, truths) for part in parts]
            return True if True in found else None if None in found else False
        case Not(not_=part):
            truth = combine(part, truths)
            return None if truth is None else not truth
        case _:
            return next(iter(truths))


def _word(truth: Truth) -> str:
    return "unknown" if truth is None else "true" if truth else "false"
