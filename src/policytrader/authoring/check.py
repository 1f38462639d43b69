"""Meaning: what a schema cannot see. Fields, operators, literals, units, references; every finding is an error here.

Findings that a trader may overrule are warnings and live in ``lint.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml import YamlDocument
from policytrader.errors import Diagnostic
from policytrader.policy.cash_out import CashOutPolicy
from policytrader.policy.conditions import AGGREGATES, Condition, Fact, InvalidatedBy, Leaf, Path, walk
from policytrader.policy.entry import EntryPolicy
from policytrader.policy.facts import fact_field
from policytrader.policy.fields import (
    COMPARISONS,
    RUNNER_FIELDS,
    SELECTION_FIELDS,
    WITHOUT_OPERAND,
    Field,
    FieldType,
    Operator,
)
from policytrader.policy.rules import MARKET_TYPES, SIDES, PolicyFile, Rule
from policytrader.policy.schedule import SchedulePolicy
from policytrader.policy.staking import START, Ladder, StakingPolicy
from policytrader.policy.validation import ValidationPolicy
from policytrader.policy.values import duration_microseconds

EXPECTATIONS = {
    "validation": ("keep", "hold", "invalidate"),
    "entry": ("take", "wait"),
    "cash_out": ("cash_out", "leave"),
}
"""What an inline test may expect, by kind."""

MAX_LITERAL = Decimal(10) ** 9


def check_file(kind: str, model: PolicyFile, document: YamlDocument) -> list[Diagnostic]:
    """What one file says that cannot be meant."""
    checker = _Checker(document, {})
    found: list[Diagnostic] = []
    match model:
        case ValidationPolicy():
            checker = _Checker(document, model.facts)
            for name, fact in model.facts.items():
                found += checker.fact(name, fact)
            found += checker.rules(kind, "rules", model.rules)
        case EntryPolicy():
            found += checker.rules(kind, "rules", model.rules)
        case CashOutPolicy():
            found += checker.rules(kind, "triggers", model.triggers)
        case StakingPolicy():
            found += _check_ladders(model, document)
        case SchedulePolicy():
            found += _check_schedule(model, document)
        case _:
            pass
    if model.end is not None and list(document.value)[-1] != "end":  # type: ignore[call-overload]
        found.append(document.diagnostic(("end",), "E217", "`end` is not the last key", "Keep it last: it guards against a file that was cut off."))
    return sorted(found, key=lambda one: one.place)


def check_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> list[Diagnostic]:
    """What the files say of one another."""
    if "validation" not in files or "cash_out" not in files:
        return []
    validation, cash_out = files["validation"][0], files["cash_out"][0]
    document = files["cash_out"][1]
    assert isinstance(validation, ValidationPolicy)
    assert isinstance(cash_out, CashOutPolicy)
    invalidating = {rule.id for rule in validation.rules if rule.then.invalidate is not None}
    found = []
    for number, trigger in enumerate(cash_out.triggers):
        for path, leaf in walk(trigger.when, ("triggers", number, "when")):
            if not isinstance(leaf, InvalidatedBy):
                continue
            for index, rule in enumerate(leaf.invalidated_by):
                if rule not in invalidating:
                    message = f"no validation rule `{rule}` invalidates{did_you_mean(rule, invalidating)}"
                    place = (*path, "invalidated_by", index)
                    found.append(document.diagnostic(place, "E211", message, "Rules that invalidate: " + ", ".join(sorted(invalidating)) + "."))
    return found


class _Checker:
    """Checks the conditions of one file."""

    def __init__(self, document: YamlDocument, facts: Mapping[str, Fact]) -> None:
        self.document = document
        self.facts = {f"fact.{name}": fact_field(name, fact) for name, fact in facts.items() if _is_well_formed(fact)}

    def fact(self, name: str, fact: Fact) -> Iterator[Diagnostic]:
        path: Path = ("facts", name)
        given = [key for key in AGGREGATES if getattr(fact, key) is not None]
        if len(given) != 1:
            yield self.document.diagnostic(path, "E106", f"fact `{name}` needs exactly one of count, list, any, min, max", "For example `count: runners`.", at_key=True)
        of = fact.min or fact.max
        if of is not None and (of not in RUNNER_FIELDS or RUNNER_FIELDS[of].type is not FieldType.PRICE):
            prices = [field.name for field in RUNNER_FIELDS.values() if field.type is FieldType.PRICE]
            yield self.document.diagnostic((*path, "min" if fact.min else "max"), "E201", f"`{of}` is not a price of a runner{did_you_mean(of, prices)}", "One of: " + ", ".join(prices) + ".")
        yield from self.condition(fact.where, (*path, "where"), RUNNER_FIELDS, in_facts=True)

    def rules(self, kind: str, key: str, rules: tuple[Rule, ...]) -> Iterator[Diagnostic]:
        seen: dict[str, int] = {}
        for number, rule in enumerate(rules):
            path: Path = (key, number)
            if rule.id in seen:
                yield self.document.diagnostic((*path, "id"), "E206", f"a second rule `{rule.id}` (the first is number {seen[rule.id] + 1})", "Give each rule an id of its own.")
            seen.setdefault(rule.id, number)
            fields = {**SELECTION_FIELDS, **self.facts}
            yield from self.condition(rule.when, (*path, "when"), fields, triggers=kind == "cash_out")
            yield from self.inline_tests(kind, rule, path, fields)

    def inline_tests(self, kind: str, rule: Rule, path: Path, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
        for number, test in enumerate(rule.tests):
            here = (*path, "tests", number)
            if test.expect not in EXPECTATIONS[kind]:
                allowed = EXPECTATIONS[kind]
                yield self.document.diagnostic((*here, "expect"), "E103", f"`expect` cannot be `{test.expect}`{did_you_mean(test.expect, allowed)}", "Allowed: " + ", ".join(allowed) + ".")
            for name, value in test.given.items():
                place = (*here, "given", name)
                if name == "invalidated_by" and kind == "cash_out":
                    continue
                if name not in fields:
                    yield self.unknown_field(name, place, fields, at_key=True)
                elif (problem := _given_problem(fields[name], value)) is not None:
                    yield self.document.diagnostic(place, "E203", f"`{name}` {problem}")

    def condition(
        self, condition: Condition, path: Path, fields: Mapping[str, Field], *, in_facts: bool = False, triggers: bool = False
    ) -> Iterator[Diagnostic]:
        for place, leaf in walk(condition, path):
            if isinstance(leaf, InvalidatedBy):
                if not triggers:
                    yield self.document.diagnostic((*place, "invalidated_by"), "E102", "`invalidated_by` belongs to cash-out triggers", "Elsewhere a condition reads fields.", at_key=True)
                continue
            yield from self.leaf(leaf, place, fields, in_facts=in_facts)

    def unknown_field(self, name: str, path: Path, fields: Mapping[str, Field], *, at_key: bool = False) -> Diagnostic:
        other = RUNNER_FIELDS if fields is not RUNNER_FIELDS else SELECTION_FIELDS
        if name in other:
            where = "in the `where` of a fact" if other is RUNNER_FIELDS else "in a rule"
            return self.document.diagnostic(path, "E201", f"`{name}` can only be read {where}", "Rules see other runners only through facts." , at_key=at_key)
        if name.startswith("fact."):
            known = ", ".join(sorted(field for field in fields if field.startswith("fact."))) or "none is declared"
            return self.document.diagnostic(path, "E205", f"unknown fact `{name}`{did_you_mean(name, fields)}", f"Facts of this file: {known}.", at_key=at_key)
        return self.document.diagnostic(path, "E201", f"unknown field `{name}`{did_you_mean(name, fields)}", "`policytrader docs fields` lists all of them.", at_key=at_key)

    def leaf(self, leaf: Leaf, path: Path, fields: Mapping[str, Field], *, in_facts: bool) -> Iterator[Diagnostic]:
        field = fields.get(leaf.field)
        if field is None:
            yield self.unknown_field(leaf.field, (*path, "field"), fields)
            return
        if in_facts and leaf.other is not None and leaf.other.startswith("fact."):
            yield self.document.diagnostic((*path, "other"), "E205", "a fact cannot read another fact")
            return
        if leaf.op not in field.operators:
            allowed = ", ".join(field.operators)
            yield self.document.diagnostic((*path, "op"), "E202", f"`{leaf.op}` does not apply to `{field.name}`, a {field.type}", f"Operators of a {field.type}: {allowed}.")
            return
        if leaf.op in WITHOUT_OPERAND:
            if leaf.value is not None or leaf.other is not None:
                key = "value" if leaf.value is not None else "other"
                yield self.document.diagnostic((*path, key), "E203", f"`{leaf.op}` takes no `{key}`", "Leave it out.", at_key=True)
        elif leaf.value is not None and leaf.other is not None:
            yield self.document.diagnostic((*path, "other"), "E203", "a comparison has `value` or `other`, not both", at_key=True)
        elif leaf.other is not None:
            yield from self.other(leaf, path, field, fields)
        elif leaf.value is None:
            yield self.document.diagnostic(path, "E101", "missing key `value` (or `other`): compared with what?", f"For example `value: {_example(field, leaf.op)}`.")
        elif (problem := _operand_problem(field, leaf.op, leaf.value)) is not None:
            yield self.document.diagnostic((*path, "value"), "E203", f"`value` {problem}", f"`{field.name}` is a {field.type}" + (f" in {field.unit}" if field.unit else "") + f"; for example `value: {_example(field, leaf.op)}`.")

    def other(self, leaf: Leaf, path: Path, field: Field, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
        place = (*path, "other")
        other = fields.get(leaf.other or "")
        if leaf.op not in COMPARISONS:
            yield self.document.diagnostic(place, "E203", f"`{leaf.op}` compares with `value`, not with another field")
        elif other is None:
            yield self.unknown_field(leaf.other or "", place, fields)
        elif (other.type, other.unit) != (field.type, field.unit):
            yield self.document.diagnostic(place, "E204", f"`{field.name}` ({_unit(field)}) and `{other.name}` ({_unit(other)}) have different units", "Compare like with like.")


def _unit(field: Field) -> str:
    return f"{field.type} in {field.unit}" if field.unit else str(field.type)


def _is_well_formed(fact: Fact) -> bool:
    given = [key for key in AGGREGATES if getattr(fact, key) is not None]
    return len(given) == 1 and (fact.of is None or fact.of in RUNNER_FIELDS)


def _operand_problem(field: Field, op: Operator, value: Any) -> str | None:  # noqa: ANN401 - a literal
    if op in {Operator.IN, Operator.NOT_IN}:
        if not isinstance(value, tuple) or not value:
            return "must be a list of at least one"
        return next((problem for one in value if (problem := _literal_problem(field, one)) is not None), None)
    if op is Operator.BETWEEN:
        if not isinstance(value, tuple) or len(value) != 2:
            return "must be a list of two: the lower and the upper bound"
        problem = next((found for one in value if (found := _literal_problem(field, one)) is not None), None)
        if problem is None and _ordinal(value[0]) > _ordinal(value[1]):
            return "has its bounds the wrong way round"
        return problem
    if op is Operator.SIZE_GTE:
        return None if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1000 else "must be a whole number"
    return _literal_problem(field, value)


def _ordinal(value: Any) -> Decimal:  # noqa: ANN401 - a checked literal
    return Decimal(duration_microseconds(value)) if isinstance(value, str) else Decimal(value)


def _literal_problem(field: Field, value: Any) -> str | None:  # noqa: ANN401 - a literal
    match field.type:
        case FieldType.DURATION:
            try:
                duration_microseconds(value if isinstance(value, str) else "")
            except ValueError:
                return "must be a duration such as 8h, 30m or 15s"
        case FieldType.ENUM:
            if value not in field.values:
                hidden = " (HIDDEN is read as missing: ask with `is_missing`)" if value == "HIDDEN" else ""
                return f"must be one of {', '.join(field.values)}{hidden}{did_you_mean(str(value), field.values)}"
        case FieldType.TEXT:
            if not isinstance(value, str):
                return "must be a text"
        case FieldType.LIST:
            if not isinstance(value, int) or isinstance(value, bool):
                return "must be a whole number"
        case _:
            if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
                return "must be a number, without quotes and without a unit"
            if abs(value) > MAX_LITERAL:
                return "is absurdly large"
    return None


def _given_problem(field: Field, value: Any) -> str | None:  # noqa: ANN401 - a test's value
    if field.type is FieldType.BOOLEAN:
        return None if isinstance(value, bool) else "must be true or false"
    if field.type is FieldType.LIST:
        is_ids = isinstance(value, list) and all(isinstance(one, int) and not isinstance(one, bool) for one in value)
        return None if is_ids else "must be a list of selection ids, such as [7]"
    return _literal_problem(field, value)


_EXAMPLES = {
    FieldType.NUMBER: "8",
    FieldType.MONEY: "10.00",
    FieldType.PRICE: "12",
    FieldType.DURATION: "30m",
    FieldType.TEXT: "Ascot",
    FieldType.LIST: "7",
}


def _example(field: Field, op: Operator) -> str:
    one = field.values[0] if field.values else _EXAMPLES.get(field.type, "8")
    if op in {Operator.IN, Operator.NOT_IN}:
        return f"[{one}]"
    return f"[{one}, {one}]" if op is Operator.BETWEEN else one


def _check_ladders(model: StakingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    served: dict[tuple[str, str], str] = {}
    ids: set[str] = set()
    for number, ladder in enumerate(model.ladders):
        path: Path = ("ladders", number)
        if ladder.id in ids:
            yield document.diagnostic((*path, "id"), "E206", f"a second ladder `{ladder.id}`", "Give each ladder an id of its own.")
        ids.add(ladder.id)
        yield from _check_steps(ladder, path, document)
        for pair in sorted(ladder.applies_to.pairs):
            if pair in served:
                message = f"{pair[0]} in the {pair[1]} market is served by `{served[pair]}` already"
                yield document.diagnostic(path, "E210", message, "Exactly one ladder serves each side and market type: narrow `applies_to`.")
            served.setdefault(pair, ladder.id)
    unserved = [f"{side} {market}" for side in SIDES for market in MARKET_TYPES if (side, market) not in served]
    if unserved:
        message = "no ladder serves " + ", ".join(unserved)
        yield document.diagnostic(("ladders",), "E210", message, "Exactly one ladder serves each side and market type.", at_key=True)


def _check_steps(ladder: Ladder, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    for number, step in enumerate(ladder.steps):
        place = (*path, "steps", number)
        if (step.from_ == START) != (number == 0):
            message = "the first step must be `from: start`" if number == 0 else "only the first step is `from: start`"
            yield document.diagnostic((*place, "from"), "E207", message, "It holds from the beginning until the next step starts.")
        for key, limit in (("back_stake", ladder.limits.back_stake), ("lay_liability", ladder.limits.lay_liability)):
            if getattr(step, key) > limit:
                yield document.diagnostic((*place, key), "E209", f"{key} {getattr(step, key)} is above the limit of {limit}", "Raise `limits`, or lower the step.")
    for number, (before, after) in enumerate(pairwise(ladder.steps), start=1):
        place = (*path, "steps", number)
        if after.microseconds is not None and before.microseconds is not None and after.microseconds >= before.microseconds:
            yield document.diagnostic((*place, "from"), "E207", f"step {after.from_} does not start later than step {before.from_}", "Steps stand in falling time to the off: start, 4h, 2h, 30m.")


def _check_schedule(model: SchedulePolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    if model.intervals[0].from_ != "00:00":
        yield document.diagnostic(("intervals", 0, "from"), "E212", f'no interval before "{model.intervals[0].from_}"', 'The first interval starts at "00:00", so that no time of day is without one.')
    for number, (before, after) in enumerate(pairwise(model.intervals), start=1):
        if after.from_ <= before.from_:
            yield document.diagnostic(("intervals", number, "from"), "E212", f'"{after.from_}" does not come after "{before.from_}"', "Intervals stand in the order of the day.")
