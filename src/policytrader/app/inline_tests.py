"""The tests beside the rules: given values in, what the compiled condition says out.

They run through the very SQL that decides, over a table of given values in the place of the market.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from policytrader.engine.compile import compile_conditions, leaf_column, rule_groups
from policytrader.engine.connection import open_locked_down
from policytrader.policy.conditions import walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import SELECTION_FIELDS, Field, FieldType
from policytrader.policy.validation import ValidationRule
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.errors import Place
    from policytrader.policy.grading.rules import GradingRule
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import InlineTest, Rule


@dataclass(frozen=True)
class InlineResult:
    """One test beside a rule: what it expected and what the rule said; truths of the rule and of its leaves.

    ``actual`` of a grading rule is the result, the reason for leaving the bet pending, ``manual_override``, or ``next``
    where the rule lets the bet pass.
    """

    kind: str
    rule: Rule | GradingRule
    test: InlineTest
    actual: str
    applies: bool
    truth: bool | None
    leaves: tuple[bool | None, ...]
    place: Place | None

    @property
    def is_passed(self) -> bool:
        """True when the rule said what was expected."""
        return self.actual == self.test.expect


def run_inline_tests(policy: PolicySet) -> tuple[InlineResult, ...]:
    """Run every test beside every rule, in file order."""
    cases = list(_cases(policy))
    if not cases:
        return ()
    sql, columns, needed = compile_conditions(policy)
    seen = _given_table(policy, cases, needed)
    with open_locked_down({"seen": seen}) as connection:
        rows = [dict(zip(columns, row, strict=True)) for row in connection.execute(sql).fetchall()]
    return tuple(_result(policy, case, row) for case, row in zip(cases, rows, strict=True))


@dataclass(frozen=True)
class _Case:
    kind: str
    number: int
    rule: Rule
    index: int
    test: InlineTest
    side: str
    market_type: str


def _cases(policy: PolicySet) -> Iterator[_Case]:
    for kind, rules in rule_groups(policy):
        for number, rule in enumerate(rules):
            for index, test in enumerate(rule.tests):
                side = test.given.get("selection.side", rule.applies_to.side[0])
                market_type = test.given.get("selection.market_type", rule.applies_to.market_type[0])
                yield _Case(kind, number, rule, index, test, side, market_type)


def _given_table(policy: PolicySet, cases: list[_Case], needed: tuple[str, ...]) -> pa.Table:
    facts = {FACT_PREFIX + name: fact_field(name, fact) for name, fact in policy.validation.facts.items()}
    fields = {**SELECTION_FIELDS, **facts}
    types = _column_types(fields)
    rule_numbers = {rule.id: number for number, rule in enumerate(policy.validation.rules)}
    rows = []
    for number, case in enumerate(cases):
        row: dict[str, Any] = {"test_no": number, "own_side": case.side, "own_market_type": case.market_type}
        if (rule := case.test.given.get("invalidated_by")) is not None:
            row["judgement"] = 4 * rule_numbers[rule] if rule in rule_numbers else None
        for name, value in case.test.given.items():
            if name in fields:
                row.update(_given_columns(fields[name], value))
        rows.append(row)
    schema = pa.schema([(name, types[name]) for name in needed])
    return pa.Table.from_pylist([{name: row.get(name) for name in needed} for row in rows], schema=schema)


def _column_types(fields: Mapping[str, Field]) -> dict[str, pa.DataType]:
    whole, ids = pa.int64(), pa.list_(pa.int64())
    types: dict[str, pa.DataType] = {
        "test_no": whole, "own_side": pa.string(), "own_market_type": pa.string(),
        "judgement": whole, "invalidated_reason": pa.string(),
    }  # fmt: skip
    for field in fields.values():
        if field.name.startswith(FACT_PREFIX):
            types |= {field.column + suffix: whole for suffix in ("_lo", "_hi", "_certain", "_possible")}
            types |= {field.column + suffix: ids for suffix in ("_ids", "_maybe")}
        else:
            types[field.column] = column_type(field)
    return types


def column_type(field: Field) -> pa.DataType:
    """What the compiled statement holds a field's value in."""
    match field.type:
        case FieldType.ENUM | FieldType.TEXT:
            return pa.string()
        case FieldType.BOOLEAN:
            return pa.bool_()
        case _:
            return pa.int64()


def _given_columns(field: Field, value: Any) -> dict[str, Any]:
    """The columns that a given value fills: one, or a fact's bounds."""
    if not field.name.startswith(FACT_PREFIX):
        return {field.column: column_value(field, value)}
    if field.type is FieldType.LIST:
        size, ids = len(value), sorted(value)
        return {
            f"{field.column}_lo": size,
            f"{field.column}_hi": size,
            f"{field.column}_ids": ids,
            f"{field.column}_maybe": ids,
        }
    bound = int(value) if field.type is FieldType.BOOLEAN else column_value(field, value)
    columns = {f"{field.column}_lo": bound, f"{field.column}_hi": bound}
    return {**columns, f"{field.column}_certain": 1, f"{field.column}_possible": 1}


def column_value(field: Field, value: Any) -> Any:
    """A given value as its column holds it: durations in microseconds, numbers scaled."""
    if field.type is FieldType.DURATION:
        return duration_microseconds(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return int(Decimal(value).scaleb(field.places))
    return value


def _result(policy: PolicySet, case: _Case, row: dict[str, Any]) -> InlineResult:
    rule = case.rule
    applies = rule.applies_to.includes(case.side, case.market_type)
    truth = row[f"{case.kind}/{rule.id}"] if applies else None
    leaves = tuple(row[leaf_column(case.kind, rule.id, index)] for index, _ in enumerate(walk(rule.when)))
    key = "triggers" if case.kind == "cash_out" else "rules"
    place = policy.place(case.kind, (key, case.number, "tests", case.index))
    actual = _says(rule, applies=applies, truth=truth)
    return InlineResult(case.kind, rule, case.test, actual, applies, truth, leaves, place)


def _says(rule: Rule, *, applies: bool, truth: bool | None) -> str:
    if isinstance(rule, ValidationRule):
        if not applies or truth is False:
            return "keep"
        if truth is None:
            return {"hold": "hold", "pass": "keep", "invalidate": "invalidate"}[rule.on_missing]
        return "hold" if rule.then.hold is not None else "invalidate"
    holds = applies and truth is True
    if hasattr(rule, "then"):
        return "cash_out" if holds else "leave"
    return "take" if holds else "wait"
