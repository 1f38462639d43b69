"""Conditions as SQL: three-valued, over columns named after the fields.

NULL is unknown; AND, OR and NOT in SQL are the very logic that the language promises. A fact is an interval: how many
runners are certainly meant, and how many possibly. A comparison with it is unknown only where the interval straddles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policytrader.engine.sql import literal, quote, text_list
from policytrader.policy.conditions import All, AnyOf, Condition, Fact, InvalidatedBy, Leaf, Not
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import Field, FieldType, Operator

_SYMBOL = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}


class LeafCompiler:
    """Turns conditions into SQL over one relation whose columns bear the fields' names."""

    def __init__(self, fields: Mapping[str, Field], facts: Mapping[str, Fact], alias: str = "") -> None:
        """``fields`` may be read; ``facts`` by name without prefix; ``alias`` qualifies the columns."""
        self._fields = fields
        self._facts = facts
        self._prefix = f"{alias}." if alias else ""

    def condition(self, condition: Condition) -> str:
        """A three-valued SQL expression."""
        match condition:
            case All(all=parts):
                return "(" + " AND ".join(map(self.condition, parts)) + ")"
            case AnyOf(any=parts):
                return "(" + " OR ".join(map(self.condition, parts)) + ")"
            case Not(not_=part):
                return f"(NOT {self.condition(part)})"
            case InvalidatedBy(invalidated_by=rules):
                return f"coalesce({self._column('invalidated_by')} IN {text_list(rules)}, FALSE)"
            case Leaf():
                return self.leaf(condition)

    def missing(self, condition: Condition) -> str:
        """The names of the fields that make ``condition`` unknown, as SQL text; NULL where it is known."""
        match condition:
            case All(all=parts) | AnyOf(any=parts):
                inner = ", ".join(map(self.missing, parts))
                return f"CASE WHEN {self.condition(condition)} IS NULL THEN concat_ws(', ', {inner}) END"
            case Not(not_=part):
                return self.missing(part)
            case InvalidatedBy():
                return "NULL"
            case Leaf(field=field):
                return f"CASE WHEN {self.leaf(condition)} IS NULL THEN {literal(field, FieldType.TEXT)} END"

    def leaf(self, leaf: Leaf) -> str:
        """One comparison."""
        fact = self._fact(leaf.field)
        if fact is not None and fact.aggregate == "list":
            return self._list_leaf(leaf)
        if fact is not None and fact.aggregate == "any":
            lo, hi = self._bounds(leaf.field)
            truth = f"CASE WHEN {lo} > 0 THEN TRUE WHEN {hi} = 0 THEN FALSE END"
            return f"({truth})" if leaf.op is Operator.IS_TRUE else f"(NOT {truth})"
        if leaf.op in {Operator.IS_MISSING, Operator.IS_PRESENT}:
            truth = self._is_missing(leaf.field, fact)
            return f"({truth})" if leaf.op is Operator.IS_MISSING else f"(NOT ({truth}))"
        other_is_fact = leaf.other is not None and self._fact(leaf.other) is not None
        if fact is not None or other_is_fact:
            return self._interval_leaf(leaf)
        return self._plain_leaf(leaf)

    def _fact(self, name: str) -> Fact | None:
        return self._facts.get(name.removeprefix(FACT_PREFIX)) if name.startswith(FACT_PREFIX) else None

    def _column(self, name: str) -> str:
        return self._prefix + quote(name.replace(".", "_"))

    def _bounds(self, name: str) -> tuple[str, str]:
        if self._fact(name) is None:
            column = self._column(name)
            return column, column
        return self._column(name + "_lo"), self._column(name + "_hi")

    def _literal(self, leaf: Leaf, value: Any) -> str:  # noqa: ANN401 - a literal of any type
        return literal(value, self._fields[leaf.field].type)

    def _plain_leaf(self, leaf: Leaf) -> str:
        column = self._column(leaf.field)
        match leaf.op:
            case Operator.IS_TRUE:
                return column
            case Operator.IS_FALSE:
                return f"(NOT {column})"
            case Operator.IN:
                return f"({column} IN ({', '.join(self._literal(leaf, value) for value in leaf.value)}))"
            case Operator.NOT_IN:
                return f"({column} NOT IN ({', '.join(self._literal(leaf, value) for value in leaf.value)}))"
            case Operator.BETWEEN:
                low, high = (self._literal(leaf, value) for value in leaf.value)
                return f"({column} BETWEEN {low} AND {high})"
            case _:
                operand = self._column(leaf.other) if leaf.other else self._literal(leaf, leaf.value)
                return f"({column} {_SYMBOL[leaf.op]} {operand})"

    def _list_leaf(self, leaf: Leaf) -> str:
        lo, hi = self._bounds(leaf.field)
        match leaf.op:
            case Operator.EMPTY:
                return f"(CASE WHEN {lo} > 0 THEN FALSE WHEN {hi} = 0 THEN TRUE END)"
            case Operator.NOT_EMPTY:
                return f"(CASE WHEN {lo} > 0 THEN TRUE WHEN {hi} = 0 THEN FALSE END)"
            case Operator.SIZE_GTE:
                return f"(CASE WHEN {lo} >= {leaf.value} THEN TRUE WHEN {hi} < {leaf.value} THEN FALSE END)"
            case _:
                certain, possible = self._column(leaf.field + "_ids"), self._column(leaf.field + "_maybe")
                value = literal(leaf.value, FieldType.NUMBER)
                return (
                    f"(CASE WHEN list_contains({certain}, {value}) THEN TRUE "
                    f"WHEN list_contains({possible}, {value}) THEN NULL WHEN {hi} IS NOT NULL THEN FALSE END)"
                )

    def _is_missing(self, name: str, fact: Fact | None) -> str:
        if fact is None:
            return f"{self._column(name)} IS NULL"
        certain, possible = self._column(name + "_certain"), self._column(name + "_possible")
        return f"CASE WHEN {certain} > 0 THEN FALSE WHEN {possible} = 0 THEN TRUE END"

    def _interval_leaf(self, leaf: Leaf) -> str:
        lo, hi = self._bounds(leaf.field)
        match leaf.op:
            case Operator.IN:
                values = [self._literal(leaf, value) for value in leaf.value]
                inside = " + ".join(f"({value} BETWEEN {lo} AND {hi})::INTEGER" for value in values)
                # A whole-number interval lies inside the list when the list has every number of it.
                whole = f"{hi} - {lo} + 1" if self._fields[leaf.field].unit == "runners" else "1"
                certain = f"{inside} = {whole}" if whole != "1" else f"{lo} = {hi} AND {inside} > 0"
                return f"(CASE WHEN {inside} = 0 THEN FALSE WHEN {certain} THEN TRUE END)"
            case Operator.BETWEEN:
                low, high = (self._literal(leaf, value) for value in leaf.value)
                at_least = _compare(Operator.GTE, (lo, hi), (low, low))
                at_most = _compare(Operator.LTE, (lo, hi), (high, high))
                return f"({at_least} AND {at_most})"
            case _:
                operand = self._literal(leaf, leaf.value) if leaf.other is None else ""
                other = self._bounds(leaf.other) if leaf.other is not None else (operand, operand)
                return _compare(leaf.op, (lo, hi), other)


def _compare(op: Operator, one: tuple[str, str], two: tuple[str, str]) -> str:
    """True or false where every value of the two intervals agrees, otherwise NULL."""
    (lo, hi), (other_lo, other_hi) = one, two
    cases: dict[Operator, Callable[[], tuple[str, str]]] = {
        Operator.LT: lambda: (f"{hi} < {other_lo}", f"{lo} >= {other_hi}"),
        Operator.LTE: lambda: (f"{hi} <= {other_lo}", f"{lo} > {other_hi}"),
        Operator.GT: lambda: (f"{lo} > {other_hi}", f"{hi} <= {other_lo}"),
        Operator.GTE: lambda: (f"{lo} >= {other_hi}", f"{hi} < {other_lo}"),
        Operator.EQ: lambda: (
            f"{lo} = {hi} AND {other_lo} = {other_hi} AND {lo} = {other_lo}",
            f"{hi} < {other_lo} OR {lo} > {other_hi}",
        ),
    }
    if op is Operator.NE:
        return f"(NOT {_compare(Operator.EQ, one, two)})"
    true, false = cases[op]()
    return f"(CASE WHEN {true} THEN TRUE WHEN {false} THEN FALSE END)"
