"""Entry rules over one pick's own prices, without the statement: for a replay, which asks them again and again.

Only what a rule can read of the pick and of its runner's prices is known here. A policy whose entry rules read more is
not served (``EntryRules.of`` is None), and the statement is asked. A test holds both to the same answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from policytrader.engine.size import OwnPrices, offered
from policytrader.policy.conditions import All, AnyOf, Condition, InvalidatedBy, Leaf, Not, walk
from policytrader.policy.fields import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policytrader.model.snapshot import Selection
    from policytrader.policy.policy_set import PolicySet


_OF_PICK: dict[str, Callable[[Selection], Any]] = {
    "selection.side": lambda pick: str(pick.side),
    "selection.market_type": lambda pick: str(pick.market_type),
    "selection.price_requested": lambda pick: pick.price_requested,
    "selection.stake_points": lambda pick: pick.stake_points,
}
_OF_PRICES = {f"runner.{name}": name for name in OwnPrices._fields}

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda one, other: one == other,
    Operator.NE: lambda one, other: one != other,
    Operator.LT: lambda one, other: one < other,
    Operator.LTE: lambda one, other: one <= other,
    Operator.GT: lambda one, other: one > other,
    Operator.GTE: lambda one, other: one >= other,
    Operator.IN: lambda one, other: one in other,
    Operator.NOT_IN: lambda one, other: one not in other,
    Operator.BETWEEN: lambda one, other: other[0] <= one <= other[1],
}


class EntryRules:
    """The entry rules of one policy."""

    def __init__(self, policy: PolicySet) -> None:
        """Of a policy that ``of`` serves."""
        self._rules = tuple((rule.applies_to.pairs, rule.when) for rule in policy.entry.rules)

    @classmethod
    def of(cls, policy: PolicySet) -> Self | None:
        """The rules, where they read nothing but the pick and its runner's prices."""
        leaves = [leaf for rule in policy.entry.rules for _, leaf in walk(rule.when)]
        known = {*_OF_PICK, *_OF_PRICES}
        ops = {*_COMPARE, Operator.IS_MISSING, Operator.IS_PRESENT}
        is_served = all(
            isinstance(leaf, Leaf) and leaf.op in ops and {leaf.field, leaf.other or leaf.field} <= known
            for leaf in leaves
        )
        return cls(policy) if is_served else None

    def meets(self, pick: Selection, prices: OwnPrices) -> bool:
        """A price is offered on the pick's side, every rule that applies is true, and at least one applies."""
        price, _ = offered(pick.side, prices)
        applying = [when for pairs, when in self._rules if (pick.side, pick.market_type) in pairs]
        return bool(applying) and price is not None and all(_truth(when, pick, prices) is True for when in applying)


def _truth(condition: Condition, pick: Selection, prices: OwnPrices) -> bool | None:
    match condition:
        case All(all=parts):
            return _all([_truth(part, pick, prices) for part in parts])
        case AnyOf(any=parts):
            none = _all([_not(_truth(part, pick, prices)) for part in parts])
            return _not(none)
        case Not(not_=part):
            return _not(_truth(part, pick, prices))
        case Leaf():
            return _leaf(condition, pick, prices)
        case InvalidatedBy():
            pass
    message = f"no entry rule holds {condition!r}"
    raise AssertionError(message)


def _all(truths: Sequence[bool | None]) -> bool | None:
    return False if False in truths else None if None in truths else True


def _not(truth: bool | None) -> bool | None:  # noqa: FBT001 - three-valued
    return None if truth is None else not truth


def _leaf(leaf: Leaf, pick: Selection, prices: OwnPrices) -> bool | None:
    value = _value(leaf.field, pick, prices)
    if leaf.op is Operator.IS_MISSING:
        return value is None
    if leaf.op is Operator.IS_PRESENT:
        return value is not None
    other = leaf.value if leaf.other is None else _value(leaf.other, pick, prices)
    return None if value is None or other is None else _COMPARE[leaf.op](value, other)


def _value(name: str, pick: Selection, prices: OwnPrices) -> Any:
    read = _OF_PICK.get(name)
    return getattr(prices, _OF_PRICES[name]) if read is None else read(pick)
