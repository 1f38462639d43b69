"""GradingSet -> one SQL statement over the relations of ``tables.py``: what each bet comes to, and which rule says so.

Every rule is evaluated, three-valued; the first that is true or unknown decides. Rows come out unordered: ``bet_no`` is
the bet's place. Money is worked out after the statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policytrader.engine.compile import leaf_column
from policytrader.engine.grading.relations import ASKED, EVENTS, PLACED, counted, graded
from policytrader.engine.leaves import LeafCompiler
from policytrader.engine.sql import case, number, quote, text_list
from policytrader.policy.conditions import walk
from policytrader.policy.grading.fields import GRADING_CATALOGUE, GRADING_FIELDS
from policytrader.policy.grading.rules import PASS

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.rules import GradingAppliesTo, GradingRule, MarginRow

KIND = "grading"
OTHERWISE = -1
"""``judgement`` of a bet that no rule decides; else 2 x the rule's number, and 1 more where it is unknown."""


class GradedRow(NamedTuple):
    """What every compiled statement returns first, in this order; counts, lines and margins in hundredths.

    ``margin_row`` is the row of the margin table that fits. ``is_past`` and ``was_past``: the count, and the one of an
    earlier look, are so far past the line that they stay past it.
    """

    bet_no: int
    judgement: int
    margin_row: int | None
    team_no: int | None
    player_no: int | None
    is_past: bool
    was_past: bool
    bet_market: str | None
    bet_scope: str | None
    bet_direction: str | None
    bet_period: str | None
    bet_actual: int | None
    bet_margin: int | None
    bet_quality: str | None
    bet_value_problem: str | None


FIXED_COLUMNS = GradedRow._fields


@dataclass(frozen=True)
class GradingStatement:
    """SQL text and its columns; when explaining, all fields and rules (``r0``, …) follow the fixed columns."""

    sql: str
    columns: tuple[str, ...]


def compile_grading(policy: GradingSet, *, explain: bool = False) -> GradingStatement:
    """The statement that decides; with ``explain`` also every field as seen and every rule's truth."""
    grading = policy.grading
    truths = {f"r{index}": _truth(rule) for index, rule in enumerate(grading.rules)}
    judged = ",\n    ".join(f"{truth} AS {quote(name)}" for name, truth in truths.items())
    decided = {
        "judgement": _first_rule(grading.rules),
        "margin_row": _margin_row(grading.margin_table.rows),
    }
    more = (*(field.column for field in GRADING_CATALOGUE if field.column not in FIXED_COLUMNS), *truths)
    columns = (*FIXED_COLUMNS, *(more if explain else ()))
    listed = ",\n  ".join(f"{decided.get(column, quote(column))} AS {quote(column)}" for column in columns)
    body = ",\n".join((PLACED, ASKED, EVENTS, counted(), graded(grading.settings)))
    sql = f"WITH {body},\njudged AS (\n  SELECT *,\n    {judged}\n  FROM g)\nSELECT\n  {listed}\nFROM judged"
    return GradingStatement(sql, columns)


def compile_grading_conditions(policy: GradingSet) -> GradingStatement:
    """The rules over a table ``seen`` of given values: for the tests beside them.

    Columns: ``test_no``, ``margin_row``, then each rule's truth (``grading/<rule>``), whether it applies
    (``grading/<rule>/applies``) and its leaves' truths. ``seen`` needs ``test_no`` and a column for each field.
    """
    leaves = _leaves()
    columns = {"margin_row": _margin_row(policy.grading.margin_table.rows)}
    for rule in policy.grading.rules:
        columns[f"{KIND}/{rule.id}"] = leaves.condition(rule.when)
        columns[f"{KIND}/{rule.id}/applies"] = _applies(rule.applies_to) or "TRUE"
        for index, (_, leaf) in enumerate(walk(rule.when)):
            columns[leaf_column(KIND, rule.id, index)] = leaves.condition(leaf)
    listed = ",\n  ".join(f"{value} AS {quote(name)}" for name, value in columns.items())
    return GradingStatement(f'SELECT "test_no",\n  {listed}\nFROM seen ORDER BY "test_no"', ("test_no", *columns))


def _leaves() -> LeafCompiler:
    return LeafCompiler(GRADING_FIELDS, {})


def _truth(rule: GradingRule) -> str:
    """A rule that is not about the bet is false of it."""
    applies, condition = _applies(rule.applies_to), _leaves().condition(rule.when)
    return condition if applies is None else f"CASE WHEN {applies} THEN {condition} ELSE FALSE END"


def _applies(applies_to: GradingAppliesTo) -> str | None:
    """A two-valued SQL expression; None when every bet is meant. A bet without a market has no scope."""
    parts = [
        f"{quote(column)} IN {text_list(words)}"
        for column, words in (("bet_scope", applies_to.scope), ("bet_direction", applies_to.direction))
        if words is not None
    ]
    return f"coalesce({' AND '.join(parts)}, FALSE)" if parts else None


def _first_rule(rules: tuple[GradingRule, ...]) -> str:
    cases: list[tuple[str, object]] = []
    for index, rule in enumerate(rules):
        cases.append((quote(f"r{index}"), 2 * index))
        if rule.on_missing != PASS:
            cases.append((f"{quote(f'r{index}')} IS NULL", 2 * index + 1))
    return case(cases, OTHERWISE)


def _margin_row(rows: tuple[MarginRow, ...]) -> str:
    return case([(_meets(*row.bounds), index) for index, row in enumerate(rows)], "NULL")


def _meets(low: Decimal | None, high: Decimal | None) -> str:
    """The margin lies between the two, both meant."""
    parts = [(">=", low), ("<=", high)] if low != high else [("=", low)]
    return " AND ".join(
        f'"bet_margin" {symbol} {number(bound.scaleb(2))}' for symbol, bound in parts if bound is not None
    )
