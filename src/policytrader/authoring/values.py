"""Sets of values that one field can have: ranges of whole numbers, names, and whether it may be missing.

A field of ``n`` decimals is counted in units of ``10 ** -n``, as the compiled statement does, and a duration in
microseconds. So every set of numbers is a list of closed ranges of whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from math import inf
from typing import TYPE_CHECKING, Any

from policytrader.authoring.literals import amount_of
from policytrader.model.price import MAX_PRICE, MIN_PRICE
from policytrader.policy.fields import Field, FieldType, Operator

if TYPE_CHECKING:
    from collections.abc import Iterable

Range = tuple[float, float]
"""Lowest and highest of some whole numbers; infinite where there is no bound."""

_EXACT = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Values:
    """A set of values. ``ranges`` are in order and apart; with ``others`` the names are those that are *not* in it."""

    ranges: tuple[Range, ...] = ()
    names: frozenset[str] = frozenset()
    others: bool = False
    missing: bool = False

    def __bool__(self) -> bool:
        """False for the empty set."""
        return bool(self.ranges or self.names or self.others or self.missing)

    def __and__(self, other: Values) -> Values:
        """What is in both."""
        ranges = tuple(
            (max(low, least), min(high, most))
            for low, high in self.ranges
            for least, most in other.ranges
            if max(low, least) <= min(high, most)
        )
        if self.others and other.others:
            names = self.names | other.names
        elif self.others or other.others:
            names = other.names - self.names if self.others else self.names - other.names
        else:
            names = self.names & other.names
        return Values(ranges, names, self.others and other.others, self.missing and other.missing)

    def complement(self) -> Values:
        """Every number and name that is not in it; never missing."""
        gaps: list[Range] = []
        start = -inf
        for low, high in self.ranges:
            if start < low:
                gaps.append((start, low - 1))
            start = high + 1
        if start < inf:
            gaps.append((start, inf))
        return Values(tuple(gaps), self.names, not self.others)


MISSING = Values(missing=True)
ANY_NAME = Values(others=True)
NOT_EMPTY = Values(((1, inf),))
"""The sizes of a list with a member."""


def named(names: Iterable[str]) -> Values:
    """These names."""
    return Values(names=frozenset(names))


_BOOLEANS = named(("true", "false"))

# What the readers of snapshots let in, by unit; a field of another unit has no bounds.
_BOUNDS: dict[str, tuple[Decimal, Decimal | None]] = {
    "odds": (MIN_PRICE, MAX_PRICE),
    "gbp": (Decimal(0), None),
    "percent": (Decimal(0), Decimal(100)),
    "points": (Decimal(0), None),
    "runners": (Decimal(0), None),
    "winners": (Decimal(0), None),
}


def present_values(field: Field) -> Values:
    """Every value that the field can have when it is not missing."""
    match field.type:
        case FieldType.ENUM:
            return named(field.values)
        case FieldType.TEXT:
            return ANY_NAME
        case FieldType.BOOLEAN:
            return _BOOLEANS
        case FieldType.LIST:
            return Values(((0, inf),))  # its size
        case _:
            low, high = _BOUNDS.get(field.unit, (None, None))
            least = -inf if low is None else _scaled(field, low, ROUND_CEILING)
            most = inf if high is None else _scaled(field, high, ROUND_FLOOR)
            return Values(((least, most),))


def values_where(field: Field, op: Operator, value: Any) -> Values:
    """The present values for which a comparison with a literal is true.

    Raises ``ValueError`` for ``contains``, ``is_missing`` and ``is_present``, which are no comparisons of a value.
    """
    return present_values(field) & _unbounded(field, op, value)


def _unbounded(field: Field, op: Operator, value: Any) -> Values:
    match op:
        case Operator.IS_TRUE | Operator.IS_FALSE:
            return named(["true" if op is Operator.IS_TRUE else "false"])
        case Operator.EMPTY | Operator.NOT_EMPTY:
            return NOT_EMPTY.complement() if op is Operator.EMPTY else NOT_EMPTY
        case Operator.EQ | Operator.NE:
            equal = _one_of(field, [value])
            return equal if op is Operator.EQ else equal.complement()
        case Operator.IN | Operator.NOT_IN:
            listed = _one_of(field, value)
            return listed if op is Operator.IN else listed.complement()
        case _:
            return _range(field, op, value)


def _range(field: Field, op: Operator, value: Any) -> Values:
    match op:
        case Operator.SIZE_GTE:
            return Values(((int(value), inf),))
        case Operator.BETWEEN:
            low, high = value
            return _at_least(field, low) & _at_most(field, high)
        case Operator.GTE:
            return _at_least(field, value)
        case Operator.LTE:
            return _at_most(field, value)
        case Operator.LT:
            return _at_least(field, value).complement()
        case Operator.GT:
            return _at_most(field, value).complement()
        case _:
            message = f"{op} is no comparison with a literal"
            raise ValueError(message)


def _one_of(field: Field, values: Iterable[Any]) -> Values:
    if field.type in {FieldType.ENUM, FieldType.TEXT}:
        return named(values)
    low_high = sorted({(_scaled(field, one, ROUND_CEILING), _scaled(field, one, ROUND_FLOOR)) for one in values})
    return Values(tuple((low, high) for low, high in low_high if low == high))


def _at_least(field: Field, value: Any) -> Values:
    return Values(((_scaled(field, value, ROUND_CEILING), inf),))


def _at_most(field: Field, value: Any) -> Values:
    return Values(((-inf, _scaled(field, value, ROUND_FLOOR)),))


def _scaled(field: Field, value: Any, rounding: str) -> int:
    return int(amount_of(value).scaleb(field.places, _EXACT).to_integral_value(rounding))
