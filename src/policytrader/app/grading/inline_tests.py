"""The tests beside grading rules: given values in, what the compiled condition says out.

They run through the very SQL that decides, over a table of given values in the place of bets and fixtures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from policytrader.app.inline_tests import InlineResult, column_type, column_value
from policytrader.engine.compile import leaf_column
from policytrader.engine.connection import open_locked_down
from policytrader.engine.grading.compile import KIND, compile_grading_conditions
from policytrader.policy.conditions import walk
from policytrader.policy.grading.fields import GRADING_CATALOGUE
from policytrader.policy.grading.rules import BY_MARGIN, NEXT, PASS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytrader.errors import Place
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.rules import GradeTo, GradingRule
    from policytrader.policy.rules import InlineTest


def run_inline_tests(policy: GradingSet) -> tuple[InlineResult, ...]:
    """Run every test beside every rule, in file order."""
    cases = [
        (number, rule, index, test)
        for number, rule in enumerate(policy.grading.rules)
        for index, test in enumerate(rule.tests)
    ]
    rows = condition_truths(policy, [test.given for _, _, _, test in cases])
    results = []
    for (number, rule, index, test), row in zip(cases, rows, strict=True):
        place = policy.place(KIND, ("rules", number, "tests", index))
        results.append(_result(policy, rule, test, row, place))
    return tuple(results)


def condition_truths(policy: GradingSet, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What every rule, and each of its comparisons, says about values by field; see ``compile_grading_conditions``."""
    if not given:
        return []
    statement = compile_grading_conditions(policy)
    with open_locked_down({"seen": _given_table(given)}) as connection:
        found = connection.execute(statement.sql).fetchall()
    return [dict(zip(statement.columns, row, strict=True)) for row in found]


def _given_table(given: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A row for each; what is not given is missing."""
    columns = {"test_no": pa.array(range(len(given)), pa.int64())}
    for field in GRADING_CATALOGUE:
        values = [one.get(field.name) for one in given]
        held = [None if value is None else column_value(field, value) for value in values]
        columns[field.column] = pa.array(held, column_type(field))
    return pa.table(columns)


def _result(
    policy: GradingSet, rule: GradingRule, test: InlineTest, row: dict[str, Any], place: Place | None
) -> InlineResult:
    applies = bool(row[f"{KIND}/{rule.id}/applies"])
    truth = row[f"{KIND}/{rule.id}"] if applies else None
    leaves = tuple(row[leaf_column(KIND, rule.id, index)] for index, _ in enumerate(walk(rule.when)))
    actual = NEXT if not applies or truth is False else _says(policy, rule, truth=truth, margin_row=row["margin_row"])
    return InlineResult(KIND, rule, test, actual, applies, truth, leaves, place)


def _says(policy: GradingSet, rule: GradingRule, *, truth: bool | None, margin_row: int | None) -> str:
    """What a rule that applies and is not false does with the bet."""
    if truth is None:
        return NEXT if rule.on_missing == PASS else str(rule.on_missing)
    then: GradeTo = rule.then
    if then.outcome != BY_MARGIN:
        return str(then.outcome or then.pending or then.keep)
    if margin_row is None:
        return "no row of the margin table"
    return policy.grading.margin_table.rows[margin_row].outcome
