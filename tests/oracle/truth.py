"""The oracle's conditions: three-valued truth over exact numbers. True, False, and None for unknown.

Numbers are fractions and nothing here rounds. A fact is kept as the runners it is made of; what it may come to is asked
of every value that is possible.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from itertools import product
from math import floor
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.model.price import PRICES
from policytrader.policy.conditions import All, AnyOf, Condition, Fact, InvalidatedBy, Leaf, Not

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Truth = bool | None
Fields = dict[str, Any]
"""Values by field name: a fraction, a text, a boolean, ``Members`` for a fact, None for missing."""

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
DURATIONS = frozenset({"selection.time_to_off", "market.price_age", "reference.age"})
MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
LOWEST, HIGHEST = Fraction(PRICES[0]), Fraction(PRICES[-1])


class Range(NamedTuple):
    """A number of which only the bounds are known; it is a whole number of units."""

    low: Fraction
    high: Fraction
    unit: Fraction


class Members(NamedTuple):
    """What a fact is made of: runners for which ``where`` is true, and those for which it is unknown."""

    fact: Fact
    certain: list[Fields]
    possible: list[Fields]
    nobody_is_listed: bool

    def size(self) -> Range:
        """How many members there may be."""
        return Range(Fraction(len(self.certain)), Fraction(len(self.certain) + len(self.possible)), Fraction(1))

    def number(self) -> Range | None:
        """What a count, a min or a max may come to; None where nothing can be said."""
        if self.fact.count:
            return self.size()
        if not self.certain:
            return None
        of, penny = self.fact.min or self.fact.max or "", Fraction(1, 100)

        def prices(runners: Sequence[Fields], if_missing: Fraction) -> list[Fraction]:
            return [if_missing if one[of] is None else one[of] for one in runners]

        every = [*self.certain, *self.possible]
        if self.fact.min:  # one member more can only lower a minimum
            return Range(min(prices(every, LOWEST)), min(prices(self.certain, HIGHEST)), penny)
        return Range(max(prices(self.certain, LOWEST)), max(prices(every, HIGHEST)), penny)

    def contain(self, selection_id: int) -> Truth:
        """Whether this runner is a member."""
        if any(one["runner.selection_id"] == selection_id for one in self.certain):
            return True
        return None if any(one["runner.selection_id"] == selection_id for one in self.possible) else False


def collect(fact: Fact, runners: Sequence[Fields]) -> Members:
    """The members of a fact among the runners of the race."""
    answers = [(truth(fact.where, runner), runner) for runner in runners]
    certain = [runner for answer, runner in answers if answer is True]
    return Members(fact, certain, [runner for answer, runner in answers if answer is None], not runners)


def truth(condition: Condition, fields: Fields) -> Truth:
    """What a condition comes to."""
    match condition:
        case All(all=parts):
            answers = [truth(part, fields) for part in parts]
            return False if False in answers else None if None in answers else True
        case AnyOf(any=parts):
            answers = [truth(part, fields) for part in parts]
            return True if True in answers else None if None in answers else False
        case Not(not_=part):
            answer = truth(part, fields)
            return None if answer is None else not answer
        case InvalidatedBy(invalidated_by=rules):
            return fields["invalidated_by"] in rules
        case Leaf():
            value = fields[condition.field]
            if isinstance(value, Members):
                return None if value.nobody_is_listed else fact_truth(condition, value, fields)
            return field_truth(condition, value, fields)


def field_truth(leaf: Leaf, value: Any, fields: Fields) -> Truth:
    """A leaf about the selection, or about one runner."""
    op = str(leaf.op)
    if op in {"is_missing", "is_present"}:
        return (value is None) == (op == "is_missing")
    if op in {"is_true", "is_false"}:
        return None if value is None else value == (op == "is_true")
    return compare(op, value, operands(leaf, fields))


def fact_truth(leaf: Leaf, members: Members, fields: Fields) -> Truth:
    """A leaf about a fact."""
    op = str(leaf.op)
    if op in {"is_missing", "empty", "is_false"}:
        return compare("eq", members.size(), [Fraction(0)])
    if op in {"is_present", "not_empty", "is_true"}:
        return compare("gt", members.size(), [Fraction(0)])
    if op == "size_gte":
        return compare("gte", members.size(), [Fraction(leaf.value)])
    if op == "contains":
        return members.contain(leaf.value)
    return compare(op, members.number(), operands(leaf, fields))


def operands(leaf: Leaf, fields: Fields) -> list[Any]:
    """What a leaf compares with: literals, or the value of another field."""
    if leaf.other is not None:
        other = fields[leaf.other]
        if isinstance(other, Members):
            return [None if other.nobody_is_listed else other.number()]
        return [other]
    literals = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if leaf.field in DURATIONS:
        return [duration(one) for one in literals]
    return [one if isinstance(one, str) else Fraction(one) for one in literals]


def duration(text: str) -> Fraction:
    """``8h``, ``30m``, ``15s`` in microseconds."""
    return Fraction(int(text[:-1]) * MICROSECONDS[text[-1]])


def compare(op: str, value: Any, others: list[Any]) -> Truth:
    """True or False where every value that is possible gives the same answer, unknown otherwise."""
    if value is None or any(other is None for other in others):
        return None
    values = (points(value, others), *(points(other, [value]) for other in others))
    answers = {compare_exactly(op, one, list(rest)) for one, *rest in product(*values)}
    return answers.pop() if len(answers) == 1 else None


def compare_exactly(op: str, value: Any, others: list[Any]) -> bool:
    """One value with the literals, or with the other field's value."""
    match op:
        case "in":
            return value in others
        case "not_in":
            return value not in others
        case "between":
            return bool(others[0] <= value <= others[1])
        case _:
            return COMPARE[op](value, others[0])


def points(value: Any, others: list[Any]) -> list[Any]:
    """A value itself; of a range its ends, and what lies at and beside the others: elsewhere no answer changes."""
    if not isinstance(value, Range):
        return [value]
    ends = [end for one in (value, *others) for end in (one[:2] if isinstance(one, Range) else (one,))]
    near = {(floor(end / value.unit) + step) * value.unit for end in ends for step in (-1, 0, 1, 2)}
    return sorted(point for point in near if value.low <= point <= value.high)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The comparing leaves, in file order."""
    match condition:
        case All(all=parts) | AnyOf(any=parts):
            for part in parts:
                yield from leaves(part)
        case Not(not_=part):
            yield from leaves(part)
        case Leaf():
            yield condition
        case InvalidatedBy():
            pass
