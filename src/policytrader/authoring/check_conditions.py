"""Meaning of conditions: fields, operators, literals, units, facts, and the tests beside the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policytrader.authoring.literals import describe, example, given_problem, operand_problem
from policytrader.authoring.suggest import did_you_mean, quoted
from policytrader.policy.conditions import AGGREGATES, Condition, Fact, Leaf, Path, walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import (
    COMPARISONS,
    RUNNER_FIELDS,
    SELECTION_FIELDS,
    WITHOUT_OPERAND,
    Field,
    FieldType,
)
from policytrader.policy.grading.fields import GRADING_FIELDS
from policytrader.policy.grading.rules import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.rules import InlineTest

EXPECTATIONS: dict[str, tuple[str, ...]] = {
    "validation": ("keep", "hold", "invalidate"),
    "entry": ("take", "wait"),
    "cash_out": ("cash_out", "leave"),
    "grading": EXPECTED,
}
"""What an inline test may expect, by kind."""


class NamedRule(Protocol):
    """What rules of every kind have."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def when(self) -> Condition:
        """Its condition."""

    @property
    def tests(self) -> tuple[InlineTest, ...]:
        """The examples beside it."""


_LIST_OF_FIELDS = "`policytrader docs fields` lists all of them."


def readable_fields(facts: Mapping[str, Fact], kind: str = "") -> dict[str, Field]:
    """What the rules of a file of this kind, with these facts, may read, by name."""
    if kind == "grading":
        return GRADING_FIELDS
    named = {FACT_PREFIX + name: fact_field(name, fact) for name, fact in facts.items() if _is_well_formed(fact)}
    return SELECTION_FIELDS | named


def _is_well_formed(fact: Fact) -> bool:
    given = [key for key in AGGREGATES if getattr(fact, key) is not None]
    return len(given) == 1 and (fact.of is None or fact.of in RUNNER_FIELDS)


class ConditionChecker:
    """Checks the conditions of one file; each method yields what it finds."""

    def __init__(self, kind: str, document: YamlDocument, facts: Mapping[str, Fact]) -> None:
        """``facts`` are those that the file declares, by name without prefix."""
        self.kind = kind
        self.document = document
        self.declared = facts
        self.fields = readable_fields(facts, kind)

    def facts(self) -> Iterator[Diagnostic]:
        """Every fact that the file declares."""
        for name, fact in self.declared.items():
            yield from self._fact(name, fact)

    def _fact(self, name: str, fact: Fact) -> Iterator[Diagnostic]:
        path: Path = ("facts", name)
        given = [key for key in AGGREGATES if getattr(fact, key) is not None]
        if len(given) != 1:
            message = f"fact `{name}` needs exactly one of count, list, any, min, max"
            yield self.document.diagnostic(path, "E106", message, "For example `count: runners`.", at_key=True)
        of = fact.of
        if of is not None and (of not in RUNNER_FIELDS or RUNNER_FIELDS[of].type is not FieldType.PRICE):
            prices = [field.name for field in RUNNER_FIELDS.values() if field.type is FieldType.PRICE]
            message = f"{quoted(of)} is not a price of a runner{did_you_mean(of, prices)}"
            place = (*path, "min" if fact.min else "max")
            yield self.document.diagnostic(place, "E201", message, f"One of: {', '.join(prices)}.")
        yield from self._condition(fact.where, (*path, "where"), RUNNER_FIELDS)

    def rules(self, key: str, rules: Sequence[NamedRule]) -> Iterator[Diagnostic]:
        """Every rule in the list under ``key``: its name, its condition, its tests."""
        seen: dict[str, int] = {}
        for number, rule in enumerate(rules):
            path: Path = (key, number)
            if rule.id in seen:
                message = f"a second rule `{rule.id}` (the first is number {seen[rule.id] + 1})"
                yield self.document.diagnostic((*path, "id"), "E206", message, "Give each rule an id of its own.")
            seen.setdefault(rule.id, number)
            yield from self._condition(rule.when, (*path, "when"), self.fields)
            for index, test in enumerate(rule.tests):
                yield from self._test(test, (*path, "tests", index))

    def _test(self, test: InlineTest, path: Path) -> Iterator[Diagnostic]:
        allowed = EXPECTATIONS[self.kind]
        if test.expect not in allowed:
            message = f"`expect` cannot be {quoted(test.expect)}{did_you_mean(test.expect, allowed)}"
            yield self.document.diagnostic((*path, "expect"), "E103", message, f"Allowed: {', '.join(allowed)}.")
        for name, value in test.given.items():
            place = (*path, "given", name)
            field = self.fields.get(name)
            if name == "invalidated_by" and self.kind == "cash_out":
                if not isinstance(value, str):
                    remedy = "The id of the validation rule that made the selection invalid, without brackets."
                    yield self.document.diagnostic(place, "E203", "`invalidated_by` must be one name here", remedy)
            elif field is None:
                yield self._unknown_field(name, place, self.fields, at_key=True)
            elif (problem := given_problem(field, value)) is not None:
                remedy = f"`{name}` is {describe(field)}; a field that is left out is missing."
                yield self.document.diagnostic(place, "E203", f"`{name}` {problem}", remedy)

    def _condition(self, condition: Condition, path: Path, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
        for place, leaf in walk(condition, path):
            if isinstance(leaf, Leaf):
                yield from self._leaf(leaf, place, fields)
            elif self.kind != "cash_out" or fields is RUNNER_FIELDS:
                message = "`invalidated_by` belongs to cash-out triggers"
                below = (*place, "invalidated_by")
                remedy = "Elsewhere a condition reads fields: `{field: …, op: …, value: …}`."
                yield self.document.diagnostic(below, "E102", message, remedy, at_key=True)

    def _unknown_field(self, name: str, path: Path, fields: Mapping[str, Field], *, at_key: bool = False) -> Diagnostic:
        in_fact = fields is RUNNER_FIELDS
        if name.startswith(FACT_PREFIX):
            if in_fact:
                code, message, remedy = "E205", "a fact cannot read another fact", "It reads fields of one runner."
            else:
                known = ", ".join(sorted(field for field in fields if field.startswith(FACT_PREFIX)))
                code, message = "E205", f"unknown fact {quoted(name)}{did_you_mean(name, fields)}"
                remedy = f"Facts of this file: {known or 'none'}."
        elif self.kind == "grading" and name in SELECTION_FIELDS | RUNNER_FIELDS:
            code, message = "E201", f"`{name}` is a field of trading rules"
            remedy = _LIST_OF_FIELDS
        elif self.kind != "grading" and name in (SELECTION_FIELDS if in_fact else RUNNER_FIELDS):
            where = "in a rule" if in_fact else "in the `where` of a fact"
            code, message = "E201", f"`{name}` can only be read {where}"
            remedy = "Rules see the other runners only through facts."
        else:
            code, message = "E201", f"unknown field {quoted(name)}{did_you_mean(name, fields)}"
            remedy = _LIST_OF_FIELDS
        return self.document.diagnostic(path, code, message, remedy, at_key=at_key)

    def _leaf(self, leaf: Leaf, path: Path, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
        field = fields.get(leaf.field)
        if field is None:
            yield self._unknown_field(leaf.field, (*path, "field"), fields)
        elif leaf.op not in field.operators:
            message = f"`{leaf.op}` does not apply to `{field.name}`, which is {describe(field)}"
            remedy = f"Operators of `{field.name}`: {', '.join(field.operators)}."
            yield self.document.diagnostic((*path, "op"), "E202", message, remedy)
        else:
            yield from self._operand(leaf, path, field, fields)

    def _operand(self, leaf: Leaf, path: Path, field: Field, fields: Mapping[str, Field]) -> Iterator[Diagnostic]:
        if leaf.op in WITHOUT_OPERAND:
            if leaf.value is not None or leaf.other is not None:
                key = "value" if leaf.value is not None else "other"
                message = f"`{leaf.op}` takes no `{key}`"
                yield self.document.diagnostic((*path, key), "E203", message, "Leave it out.", at_key=True)
        elif leaf.value is not None and leaf.other is not None:
            message = "a comparison has `value` or `other`, not both"
            remedy = "Keep `value` for a fixed value, or `other` for the name of another field."
            yield self.document.diagnostic((*path, "other"), "E203", message, remedy, at_key=True)
        elif leaf.other is not None:
            yield from self._other(leaf, leaf.other, path, field, fields)
        elif leaf.value is None:
            message = "missing key `value` (or `other`): compared with what?"
            remedy = f"For example `value: {example(field, leaf.op)}`."
            yield self.document.diagnostic((*path, "op"), "E101", message, remedy)
        elif (problem := operand_problem(field, leaf.op, leaf.value)) is not None:
            remedy = f"`{field.name}` is {describe(field)}; for example `value: {example(field, leaf.op)}`."
            yield self.document.diagnostic((*path, "value"), "E203", f"`value` {problem}", remedy)

    def _other(
        self, leaf: Leaf, name: str, path: Path, field: Field, fields: Mapping[str, Field]
    ) -> Iterator[Diagnostic]:
        place = (*path, "other")
        other = fields.get(name)
        if leaf.op not in COMPARISONS:
            message = f"`{leaf.op}` compares with `value`, not with another field"
            remedy = f"For example `value: {example(field, leaf.op)}`."
            yield self.document.diagnostic(place, "E203", message, remedy, at_key=True)
        elif other is None:
            yield self._unknown_field(name, place, fields)
        elif (other.type, other.unit) != (field.type, field.unit):
            message = f"`{field.name}` ({describe(field)}) and `{other.name}` ({describe(other)}) cannot be compared"
            yield self.document.diagnostic(place, "E204", message, "Compare like with like.")
