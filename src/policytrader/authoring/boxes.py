"""Can a condition be true? Boxes: for every field the set of values that is still possible.

The answer errs to one side only: what is said to be impossible is so for every snapshot that the readers let in. Two
fields compared with each other are seen as one thing that is less, equal or more, whatever their own values are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from policytrader.authoring.values import MISSING, NOT_EMPTY, Values, named, present_values, values_where
from policytrader.policy.conditions import All, AnyOf, Condition, InvalidatedBy, Leaf, Not
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import Field, Operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.policy.rules import AppliesTo

SIDE, MARKET_TYPE = "selection.side", "selection.market_type"
_INVALIDATED_BY = "invalidated_by"
_MAXIMUM_BRANCHES = 100
_MAXIMUM_STEPS = 2_000


class Claim(Enum):
    """What is said of a condition."""

    TRUE = "true"
    FALSE = "false"
    NOT_TRUE = "false or unknown"
    NOT_FALSE = "true or unknown"


_OPPOSITE = {
    Claim.TRUE: Claim.FALSE,
    Claim.FALSE: Claim.TRUE,
    Claim.NOT_TRUE: Claim.NOT_FALSE,
    Claim.NOT_FALSE: Claim.NOT_TRUE,
}
_EVERY_PART_OF_ALL = frozenset({Claim.TRUE, Claim.NOT_FALSE})
"""Claims that hold of an ``all`` when they hold of each of its parts; the others need one part only."""

_ORDER = {
    Operator.EQ: named(["equal"]),
    Operator.NE: named(["less", "more"]),
    Operator.LT: named(["less"]),
    Operator.LTE: named(["less", "equal"]),
    Operator.GT: named(["more"]),
    Operator.GTE: named(["more", "equal"]),
}
_SWAPPED = {
    Operator.LT: Operator.GT,
    Operator.LTE: Operator.GTE,
    Operator.GT: Operator.LT,
    Operator.GTE: Operator.LTE,
}

Claims = tuple[tuple[Condition, Claim], ...]


@dataclass
class Budget:
    """How many steps may still be taken; one for all questions about a file, so that no file takes long."""

    steps: int = 30_000


@dataclass(frozen=True)
class Box:
    """What is possible, by variable: a field, a pair of compared fields, or a member of a list.

    ``witnesses`` are sets of which a fact's range must hold at least one value each: a fact that is known between two
    bounds only may leave several comparisons unknown, each for another of its values.
    """

    possible: Mapping[str, Values] = field(default_factory=dict)
    witnesses: tuple[tuple[str, Values], ...] = ()

    def narrow(self, variable: str, values: Values) -> Box | None:
        """With fewer values of one variable; None when none is left."""
        left = values & self.possible[variable] if variable in self.possible else values
        if not left:
            return None
        return _checked(Box({**self.possible, variable: left}, self.witnesses), variable)

    def witness(self, variable: str, values: Values) -> Box | None:
        """With one value of a fact among ``values``; None when that is impossible."""
        return _checked(Box(self.possible, (*self.witnesses, (variable, values))), variable)


def _checked(box: Box, changed: str) -> Box | None:
    for variable, values in box.witnesses:
        if variable == changed and not (values & box.possible.get(variable, values)):
            return None
    return box


class Solver:
    """Answers for the conditions of one file; ``fields`` are those that they may read."""

    def __init__(self, fields: Mapping[str, Field], invalidating: Mapping[str, AppliesTo] | None = None) -> None:
        """``invalidating``: which selections each validation rule is about, where that is known."""
        self._fields = fields
        self._invalidating = invalidating or {}
        self._budget = Budget()
        self._known: dict[tuple[int, bool], Values] = {}

    @property
    def is_exhausted(self) -> bool:
        """True when no question is looked into any more: everything counts as possible."""
        return self._budget.steps <= 0

    @staticmethod
    def everything() -> Box:
        """Whatever there is."""
        return Box()

    @staticmethod
    def box(*applies_to: AppliesTo) -> Box:
        """The selections that all of these are about."""
        sides = [frozenset(one.side) for one in applies_to]
        markets = [frozenset(one.market_type) for one in applies_to]
        return Box({SIDE: named(frozenset.intersection(*sides)), MARKET_TYPE: named(frozenset.intersection(*markets))})

    def is_possible(self, *claims: tuple[Condition, Claim], among: Box | None = None) -> bool:
        """Whether all claims can hold at once; True also where that would take too long to find out."""
        if self.is_exhausted:
            return True
        before = self._budget.steps
        try:
            return self._search(among or Box(), claims, (), 0, before - _MAXIMUM_STEPS)
        except _TooLongError:
            return True

    def _search(self, box: Box | None, claims: Claims, choices: Claims, depth: int, stop_at: int) -> bool:
        """Everything that must hold first, then one choice after the other."""
        todo, later = list(claims), list(choices)
        while todo:
            self._budget.steps -= 1
            if self._budget.steps <= stop_at or depth > _MAXIMUM_BRANCHES:
                raise _TooLongError
            condition, claim = todo.pop()
            match condition:
                case Not(not_=part):
                    todo.append((part, _OPPOSITE[claim]))
                case All(all=parts) | AnyOf(any=parts):
                    if isinstance(condition, All) == (claim in _EVERY_PART_OF_ALL):
                        todo += [(part, claim) for part in parts]
                    else:
                        later.append((condition, claim))
                case InvalidatedBy() if claim in _EVERY_PART_OF_ALL and self._invalidating:
                    later.append((condition, claim))
                case _:
                    box = self._leaf(box, condition, claim)
                    if box is None:
                        return False
        return self._choose(box, later, depth, stop_at)

    def _choose(self, box: Box | None, later: list[tuple[Condition, Claim]], depth: int, stop_at: int) -> bool:
        if box is None or not later:
            return box is not None
        (condition, claim), rest = later[-1], tuple(later[:-1])
        match condition:
            case All(all=parts) | AnyOf(any=parts):
                return any(self._search(box, ((part, claim),), rest, depth + 1, stop_at) for part in parts)
            case InvalidatedBy(invalidated_by=names):
                boxes = (self._invalidated(box, name) for name in names)
                return any(self._search(one, (), rest, depth + 1, stop_at) for one in boxes if one is not None)
            case _:
                return True

    def _invalidated(self, box: Box, name: str) -> Box | None:
        """One rule made the selection invalid, so that it is one that the rule is about."""
        narrowed = box.narrow(_INVALIDATED_BY, named([name]))
        if name in self._invalidating:
            for variable, values in self.box(self._invalidating[name]).possible.items():
                narrowed = narrowed and narrowed.narrow(variable, values)
        return narrowed

    def _leaf(self, box: Box | None, leaf: Condition, claim: Claim) -> Box | None:
        if isinstance(leaf, InvalidatedBy):
            values = named(leaf.invalidated_by)
            return box and box.narrow(_INVALIDATED_BY, values if claim in _EVERY_PART_OF_ALL else values.complement())
        assert isinstance(leaf, Leaf)
        read = self._fields.get(leaf.field)
        if box is None or read is None or (leaf.other is not None and leaf.other not in self._fields):
            return box
        if leaf.op is Operator.CONTAINS:
            return _narrow_member(box, leaf, claim)
        if leaf.other is not None:
            return self._narrow_pair(box, leaf, leaf.other, claim)
        if leaf.op in {Operator.IS_MISSING, Operator.IS_PRESENT}:
            is_missing = (leaf.op is Operator.IS_MISSING) == (claim in _EVERY_PART_OF_ALL)
            return _narrow(box, leaf.field, MISSING if is_missing else present_values(read), claim)
        values = self._values(leaf, read, is_true=claim in _EVERY_PART_OF_ALL)
        return _narrow(box, leaf.field, _or_missing(values, claim, is_nullable=read.nullable), claim)

    def _values(self, leaf: Leaf, read: Field, *, is_true: bool) -> Values:
        key = (id(leaf), is_true)  # the policy outlives the solver
        if key not in self._known:
            values = values_where(read, leaf.op, leaf.value)
            self._known[key] = values if is_true else present_values(read) & values.complement()
        return self._known[key]

    def _narrow_pair(self, box: Box, leaf: Leaf, other: str, claim: Claim) -> Box | None:
        one, two = sorted((leaf.field, other))
        op = leaf.op if one == leaf.field else _SWAPPED.get(leaf.op, leaf.op)
        orders = named(["equal"]) if one == two else named(["less", "equal", "more"])
        values = _ORDER[op] if claim in _EVERY_PART_OF_ALL else _ORDER[op].complement()
        both = (self._fields[one], self._fields[two])
        allowed = _or_missing(orders & values, claim, is_nullable=any(part.nullable for part in both))
        found = _narrow(box, f"{one} ? {two}", allowed, claim)
        if claim in {Claim.TRUE, Claim.FALSE}:
            for part in both:
                found = found and found.narrow(part.name, present_values(part))
        return found


class _TooLongError(Exception):
    """The question is too large to be answered."""


def _or_missing(values: Values, claim: Claim, *, is_nullable: bool) -> Values:
    is_known = claim in {Claim.TRUE, Claim.FALSE} or not is_nullable
    return values if is_known else Values(values.ranges, values.names, values.others, missing=True)


def _narrow(box: Box, variable: str, values: Values, claim: Claim) -> Box | None:
    """Of a fact that may be unknown, it takes one value that makes the claim, not all."""
    if claim in {Claim.NOT_TRUE, Claim.NOT_FALSE} and FACT_PREFIX in variable:
        return box.witness(variable, values)
    return box.narrow(variable, values)


def _narrow_member(box: Box, leaf: Leaf, claim: Claim) -> Box | None:
    is_in = claim in _EVERY_PART_OF_ALL
    found = _narrow(box, f"{leaf.field} contains {leaf.value}", named(["yes" if is_in else "no"]), claim)
    if found is not None and claim is Claim.TRUE:
        return found.narrow(leaf.field, NOT_EMPTY)
    return found
