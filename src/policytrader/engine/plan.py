"""The plan: one decision per selection, in the order of decision.

A decision keeps the statement's row and works the amounts out when they are asked for: a tick that decides a thousand
selections pays only for what is acted upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.engine.compile import FIXED_COLUMNS, STORED, Judgement, Statement, compared_leaves, unknown_columns
from policytrader.engine.size import offered, size_of
from policytrader.model.decision import Action, PlannedHedge, PlannedOrder, PriceView, Stake, Verdict
from policytrader.model.money import ZERO, divide, money_text
from policytrader.model.position import exposure_of, matched_of
from policytrader.model.times import format_utc, microseconds_between

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.model.snapshot import Order, Runner, Selection, Snapshot
    from policytrader.policy.cash_out import Trigger
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.validation import ValidationRule

PLAN_SCHEMA = "policytrader/plan/1"

_AT = {name: index for index, name in enumerate(FIXED_COLUMNS)}
_JUDGEMENT, _MEETS, _EXPOSURE = _AT["judgement"], _AT["meets"], _AT["exposure"]
_MATCHED, _VALUE, _TRIGGER = _AT["matched"], _AT["value"], _AT["trigger"]
_TRUTHS = len(FIXED_COLUMNS)
_MICROSECONDS_PER_MINUTE = Decimal(60_000_000)

NO_REASON_STORED = "Invalid (no reason stored)"


class Decision:
    """What is decided about one selection, and from what. Immutable."""

    __slots__ = ("_basis", "_row", "action", "cash_out", "code", "order", "selection")

    def __init__(
        self,
        selection: Selection,
        action: Action,
        code: str,
        order: PlannedOrder | None,
        cash_out: PlannedHedge | None,
        row: tuple[Any, ...],
        basis: tuple[PolicySet, Snapshot],
    ) -> None:
        """Made by the engine."""
        self.selection = selection
        self.action = action
        self.code = code
        self.order = order
        self.cash_out = cash_out
        self._row = row
        self._basis = basis

    def __repr__(self) -> str:
        """``Decision(bm-win, PLACE ladder)``."""
        return f"Decision({self.selection.selection_ref}, {self.action} {self.code})"

    def __eq__(self, other: object) -> bool:
        """Equal when the plan says the same."""
        return isinstance(other, Decision) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        """By selection and action."""
        return hash((self.selection.selection_ref, self.action, self.code))

    @property
    def row(self) -> tuple[Any, ...]:
        """The statement's row; columns as in ``Plan.statement``."""
        return self._row

    @property
    def judgement(self) -> tuple[ValidationRule | None, Judgement | None]:
        """The validation rule that decided, and how. A stored reason names the first rule with the same text."""
        code, rules = self._row[_JUDGEMENT], self._basis[0].validation.rules
        if code is None:
            return None, None
        if code == STORED:
            reason = self.selection.invalidated_reason
            same = (rule for rule in rules if reason is not None and rule.then.invalidate == reason)
            return next(same, None), Judgement.INVALIDATES
        return rules[code // 4], Judgement(code % 4)

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """The fields of the deciding rule whose comparisons are unknown, if that is why it holds."""
        rule, how = self.judgement
        if rule is None or how is not Judgement.HOLDS_UNKNOWN:
            return ()
        leaves = compared_leaves(rule.when)
        if len(leaves) > 1:
            rules = self._basis[0].validation.rules
            start, number = _TRUTHS + len(rules), self._row[_JUDGEMENT] // 4
            flags = self._row[start : start + len(unknown_columns(rules))]
            named = zip(unknown_columns(rules), flags, strict=True)
            leaves = [leaf for (name, leaf), flag in named if flag and name.startswith(f"u{number}_")]
        return tuple(dict.fromkeys(leaf.field for leaf in leaves))

    @property
    def verdict(self) -> Verdict:
        """Keep, hold or invalidate."""
        how = self.judgement[1]
        if how is None:
            return Verdict.KEEP
        return Verdict.HOLD if how in {Judgement.HOLDS, Judgement.HOLDS_UNKNOWN} else Verdict.INVALIDATE

    @property
    def reason(self) -> str | None:
        """The text of the deciding rule, what is missing, or the stored reason; None for keep."""
        rule, how = self.judgement
        if how is None:
            return None
        if self._row[_JUDGEMENT] == STORED:
            return self.selection.invalidated_reason or NO_REASON_STORED
        if how is Judgement.HOLDS_UNKNOWN:
            return "Missing: " + ", ".join(self.missing_fields)
        return rule.then.text if rule else None

    @property
    def rule(self) -> str | None:
        """The id of the rule that decided."""
        rule = self.judgement[0]
        return rule.id if rule else None

    @property
    def trigger(self) -> Trigger:
        """The cash-out trigger that says how a position is closed, where the action is to close one."""
        place: int = self._row[_TRIGGER]
        return self._basis[0].cash_out.triggers[place]

    @property
    def rules(self) -> dict[str, bool | None]:
        """Truth of every validation rule; None is not applicable or unknown."""
        rules = self._basis[0].validation.rules
        return {rule.id: self._row[_TRUTHS + index] for index, rule in enumerate(rules)}

    @property
    def time_to_off(self) -> int:
        """Microseconds until the off as scheduled now; negative after it."""
        return microseconds_between(self._basis[1].now, self.selection.race_time)

    @property
    def minutes_to_off(self) -> Decimal:
        """Minutes until the off as scheduled now."""
        return divide(Decimal(self.time_to_off), _MICROSECONDS_PER_MINUTE)

    @property
    def stake(self) -> Stake:
        """Step, target, cap and exposure, exact."""
        points, side = self.selection.stake_points, self.selection.side
        ladder = self._basis[0].staking.ladder_for(side, self.selection.market_type)
        step = ladder.step_at(self.time_to_off)
        return Stake(
            step.from_ if step else None,
            step.amount(side) * points if step else ZERO,
            ladder.limits.amount(side) * points,
            self._exposure(),
        )

    @property
    def own_orders(self) -> list[Order]:
        """Orders of the same market, runner and side, ours and foreign."""
        orders = self._basis[1].orders_by_runner.get((self.selection.market_id, self.selection.selection_id), [])
        return [order for order in orders if order.side is self.selection.side]

    def _exposure(self) -> Decimal:
        whole = self._row[_EXPOSURE]
        return sum(map(exposure_of, self.own_orders), ZERO) if whole is None else Decimal(whole).scaleb(-10)

    @property
    def matched(self) -> tuple[Decimal, Decimal]:
        """Size matched on the selection's own side, and size x average price, both exact."""
        size, value = self._row[_MATCHED], self._row[_VALUE]
        if value is None:
            # No orders, or more than fits into the statement's column.
            matched = [matched_of(order) for order in self.own_orders]
            return sum((part for part, _ in matched), ZERO), sum((part * average for part, average in matched), ZERO)
        return Decimal(size).scaleb(-2), Decimal(value).scaleb(-10)

    @property
    def runner(self) -> Runner | None:
        """The selected runner in the selection's market; None when the market does not list it."""
        return self._basis[1].runners_by_id.get((self.selection.market_id, self.selection.selection_id))

    @property
    def offered(self) -> tuple[Decimal | None, Decimal | None]:
        """Best price on the selection's side, and the money there."""
        runner = self.runner
        return (None, None) if runner is None else offered(self.selection.side, runner)

    def candidate(self, stake: Stake) -> PlannedOrder:
        """The order for what is left of ``stake`` at what is offered, whether or not anything forbids it.

        Only of a decision whose entry rule met a price.
        """
        price, depth = self.offered
        assert price is not None, "the entry rule met a price"
        side = self.selection.side
        return PlannedOrder(side, price, size_of(stake.remaining, side, price, depth))

    @property
    def price(self) -> PriceView:
        """What was asked for and what is offered."""
        available, depth = self.offered
        average = self._amended_average()
        return PriceView(self.selection.price_requested, available, depth, bool(self._row[_MEETS]), average)

    def _amended_average(self) -> Decimal | None:
        size, value = self.matched
        if self.order is not None:
            size, value = size + self.order.size, value + self.order.size * self.order.price
        return divide(value, size) if size else None

    def to_dict(self) -> dict[str, Any]:
        """The decision as in the plan's JSON: keys in the contract's order, amounts as text."""
        selection, stake, price = self.selection, self.stake, self.price
        return {
            "selection_ref": selection.selection_ref,
            "race_id": selection.race_id,
            "race_time": format_utc(selection.race_time),
            "market_id": selection.market_id,
            "market_type": str(selection.market_type),
            "selection_id": selection.selection_id,
            "runner_name": selection.runner_name,
            "side": str(selection.side),
            "verdict": str(self.verdict),
            "reason": self.reason,
            "rule": self.rule,
            "rules": self.rules,
            "minutes_to_off": _text(self.minutes_to_off),
            "stake": {
                "step": stake.step,
                "target": _text(stake.target),
                "cap": _text(stake.cap),
                "exposure": _text(stake.exposure),
                "remaining": _text(stake.remaining),
            },
            "price": {
                "requested": _text(price.requested),
                "available": _text(price.available),
                "depth": _text(price.depth),
                "meets": price.meets,
                "amended_average": _text(price.amended_average),
            },
            "action": str(self.action),
            "code": self.code,
            "order": _texts(self.order),
            "cash_out": _texts(self.cash_out),
        }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)


def _texts(planned: PlannedOrder | PlannedHedge | None) -> dict[str, str | None] | None:
    if planned is None:
        return None
    return {
        name: money_text(value) if isinstance(value, Decimal) else (None if value is None else str(value))
        for name, value in planned._asdict().items()
    }


@dataclass(frozen=True)
class Plan:
    """All decisions on one snapshot by one policy."""

    policy: PolicySet
    snapshot: Snapshot
    decisions: tuple[Decision, ...]
    statement: Statement

    def __iter__(self) -> Iterator[Decision]:
        """The decisions in order."""
        return iter(self.decisions)

    def __getitem__(self, selection_ref: str) -> Decision:
        """The decision on one selection. Raises ``KeyError`` when there is none of this name."""
        for decision in self.decisions:
            if decision.selection.selection_ref == selection_ref:
                return decision
        raise KeyError(selection_ref)

    @property
    def summary(self) -> Mapping[Action, int]:
        """How many decisions come to each action, every action named."""
        counts = dict.fromkeys(Action, 0)
        for decision in self.decisions:
            counts[decision.action] += 1
        return counts

    def seen(self, decision: Decision) -> dict[str, Any]:
        """The explanation columns of one decision by name; empty unless the plan was evaluated with ``explain``."""
        start = self.statement.explained_from
        return dict(zip(self.statement.columns[start:], decision.row[start:], strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The plan as one document (``policytrader/plan/1``)."""
        return {
            "schema": PLAN_SCHEMA,
            "policy": {"hash": self.policy.hash},
            "snapshot": {"now": format_utc(self.snapshot.now), "hash": self.snapshot.hash},
            "decisions": [decision.to_dict() for decision in self.decisions],
            "summary": {str(action): count for action, count in self.summary.items()},
        }
