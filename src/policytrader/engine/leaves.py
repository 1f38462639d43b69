"""Conditions as SQL: three-valued, over columns named after the fields.

NULL is unknown; AND, OR and NOT in SQL are the very logic that the language promises. A fact is an interval: how many
runners are certainly meant, and how many possibly. A comparison with it is unknown only where the interval straddles.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from policytrader.engine.sql import literal, number, quote
from policytrader.policy.conditions import All, AnyOf, Condition, Fact, InvalidatedBy, Leaf, Not
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import Field, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    def __init__(
        self,
        fields: Mapping[str, Field],
        facts: Mapping[str, Fact],
        invalidated_by: Callable[[tuple[str, ...]], str] | None = None,
    ) -> None:
        """``fields`` may be read; ``facts`` by name without prefix; ``invalidated_by`` says how a trigger asks."""
        self._fields = fields
        self._facts = facts
        self._invalidated_by = invalidated_by

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
                assert self._invalidated_by is not None, "checked: only triggers ask"
                return self._invalidated_by(rules)
            case Leaf():
                return self.leaf(condition)

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

    def _bounds(self, name: str, places: int | None = None) -> tuple[str, str]:
        """Lower and upper bound of a field, scaled to ``places`` implied decimals where they are given."""
        if self._fact(name) is None:
            lo = hi = quote(column_of(name))
        else:
            lo, hi = quote(column_of(name) + "_lo"), quote(column_of(name) + "_hi")
        shift = 0 if places is None else places - self._fields[name].places
        return (f"({lo} * {10**shift})", f"({hi} * {10**shift})") if shift else (lo, hi)

    def _pair(self, leaf: Leaf) -> tuple[tuple[str, str], tuple[str, str]]:
        """Bounds of both sides of a comparison, at the same scale."""
        if leaf.other is None:
            operand = self._literal(leaf, leaf.value)
            return self._bounds(leaf.field), (operand, operand)
        places = max(self._fields[leaf.field].places, self._fields[leaf.other].places)
        return self._bounds(leaf.field, places), self._bounds(leaf.other, places)

    def _literal(self, leaf: Leaf, value: Any) -> str:
        return literal(value, self._fields[leaf.field])

    def _plain_leaf(self, leaf: Leaf) -> str:
        column = quote(column_of(leaf.field))
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
                (one, _), (two, _) = self._pair(leaf)
                return f"({one} {_SYMBOL[leaf.op]} {two})"

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
                certain, possible = (quote(column_of(leaf.field) + suffix) for suffix in ("_ids", "_maybe"))
                value = self._literal(leaf, leaf.value)
                return (
                    f"(CASE WHEN list_contains({certain}, {value}) THEN TRUE "
                    f"WHEN list_contains({possible}, {value}) THEN NULL WHEN {hi} IS NOT NULL THEN FALSE END)"
                )

    def _is_missing(self, name: str, fact: Fact | None) -> str:
        if fact is None:
            return f"{quote(column_of(name))} IS NULL"
        certain, possible = (quote(column_of(name) + suffix) for suffix in ("_certain", "_possible"))
        return f"CASE WHEN {certain} > 0 THEN FALSE WHEN {possible} = 0 THEN TRUE END"

    def _interval_leaf(self, leaf: Leaf) -> str:
        lo, hi = self._bounds(leaf.field)
        never = f"(CASE WHEN {lo} IS NOT NULL THEN FALSE END)"
        match leaf.op:
            case Operator.IN:
                values = list(dict.fromkeys(self._literal(leaf, one) for one in leaf.value if self._can_be(leaf, one)))
                inside = " + ".join(f"({value} BETWEEN {lo} AND {hi})::INTEGER" for value in values)
                # Whole numbers lie inside the list when the list has every one of them.
                certain = f"{inside} = {hi} - {lo} + 1" if self._is_whole(leaf) else f"{lo} = {hi} AND {inside} > 0"
                return f"(CASE WHEN {inside} = 0 THEN FALSE WHEN {certain} THEN TRUE END)" if values else never
            case Operator.BETWEEN:
                low, high = (Decimal(self._literal(leaf, value)) for value in leaf.value)
                if self._is_whole(leaf):
                    low, high = low.to_integral_value(ROUND_CEILING), high.to_integral_value(ROUND_FLOOR)
                at_least = _compare(Operator.GTE, (lo, hi), (number(low), number(low)))
                at_most = _compare(Operator.LTE, (lo, hi), (number(high), number(high)))
                return f"({at_least} AND {at_most})" if low <= high else never
            case Operator.EQ | Operator.NE if leaf.other is None and not self._can_be(leaf, leaf.value):
                return never if leaf.op is Operator.EQ else f"(NOT {never})"
            case _:
                one, two = self._pair(leaf)
                return _compare(leaf.op, one, two)

    def _is_whole(self, leaf: Leaf) -> bool:  # noqa: ARG002 - for other dialects
        """Whether the bounds are whole numbers: counts are, and prices in pennies."""
        return True

    def _can_be(self, leaf: Leaf, value: Any) -> bool:
        """Whether the field can have this value at all: a price of 11.995 lies within bounds, but no price is it."""
        return not self._is_whole(leaf) or "." not in self._literal(leaf, value)


def column_of(name: str) -> str:
    """A field's column."""
    return name.replace(".", "_")


def _compare(op: Operator, one: tuple[str, str], two: tuple[str, str]) -> str:
    """True or false where every value of the two intervals agrees, otherwise NULL."""
    (lo, hi), (other_lo, other_hi) = one, two
    cases: dict[Operator, tuple[str, str]] = {
        Operator.LT: (f"{hi} < {other_lo}", f"{lo} >= {other_hi}"),
        Operator.LTE: (f"{hi} <= {other_lo}", f"{lo} > {other_hi}"),
        Operator.GT: (f"{lo} > {other_hi}", f"{hi} <= {other_lo}"),
        Operator.GTE: (f"{lo} >= {other_hi}", f"{hi} < {other_lo}"),
        Operator.EQ: (
            f"{lo} = {hi} AND {other_lo} = {other_hi} AND {lo} = {other_lo}",
            f"{hi} < {other_lo} OR {lo} > {other_hi}",
        ),
    }
    if op is Operator.NE:
        return f"(NOT {_compare(Operator.EQ, one, two)})"
    true, false = cases[op]
    return f"(CASE WHEN {true} THEN TRUE WHEN {false} THEN FALSE END)"
