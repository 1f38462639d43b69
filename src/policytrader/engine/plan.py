"""The plan: one decision per selection, in the order of decision.

A decision keeps the statement's row and works the amounts out when they are asked for: a tick that decides a thousand
selections pays only for what is acted upon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from policytrader.engine.compile import FIXED_COLUMNS, STORED
from policytrader.model.decision import Action, PlannedHedge, PlannedOrder, PriceView, Stake, Verdict
from policytrader.model.money import ZERO, divide, half_up
from policytrader.model.snapshot import Selection, Side, Snapshot
from policytrader.model.times import format_utc
from policytrader.policy.policy_set import PolicySet
from policytrader.policy.validation import ValidationRule

PLAN_SCHEMA = "policytrader/plan/1"

_AT = {name: index for index, name in enumerate(FIXED_COLUMNS)}
_DECIDED, _STORED_RULE, _MISSING = _AT["decided_by"], _AT["stored_rule"], _AT["missing"]
_LADDER, _STEP, _TIME, _EXPOSURE = _AT["ladder_no"], _AT["step_no"], _AT["time_to_off"], _AT["exposure_e10"]
_MEETS, _DEPTH, _TRIGGER = _AT["meets"], _AT["depth_e2"], _AT["trigger_no"]
_BEST_BACK, _BEST_LAY = _AT["best_back_e2"], _AT["best_lay_e2"]
_BACK = (_AT["back_matched_e2"], _AT["back_value_e10"])
_LAY = (_AT["lay_matched_e2"], _AT["lay_value_e10"])
_MICROSECONDS_PER_MINUTE = Decimal(60_000_000)

NO_REASON_STORED = "Invalid (no reason stored)"


def e2(amount: int | None) -> Decimal | None:
    """Whole pennies as an amount."""
    return None if amount is None else Decimal(amount).scaleb(-2)


def e10(amount: int | None) -> Decimal:
    """Whole 1e-10 pounds as an amount; nothing is zero."""
    return ZERO if not amount else Decimal(amount).scaleb(-10)


class Decision:
    """What is decided about one selection, and from what. Immutable."""

    __slots__ = ("_policy", "_row", "action", "cash_out", "code", "order", "selection")

    def __init__(  # noqa: PLR0913 - one per part of the plan
        self,
        selection: Selection,
        action: Action,
        code: str,
        order: PlannedOrder | None,
        cash_out: PlannedHedge | None,
        row: tuple[Any, ...],
        policy: PolicySet,
    ) -> None:
        """Made by the engine."""
        self.selection = selection
        self.action = action
        self.code = code
        self.order = order
        self.cash_out = cash_out
        self._row = row
        self._policy = policy

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
        """The statement's row; columns as in ``Plan.columns``."""
        return self._row

    @property
    def deciding_rule(self) -> ValidationRule | None:
        """The validation rule that decided, if one did and if it is known."""
        index = self._row[_DECIDED]
        if index == STORED:
            index = self._row[_STORED_RULE]
        return None if index is None else self._policy.validation.rules[index]

    @property
    def is_missing_data(self) -> bool:
        """True for a hold because the deciding rule is unknown."""
        decided = self._row[_DECIDED]
        return decided is not None and decided != STORED and self._row[len(FIXED_COLUMNS) + decided] is None

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """The fields that make the deciding rule unknown."""
        text: str | None = self._row[_MISSING]
        return tuple(dict.fromkeys(text.split(", "))) if text else ()

    @property
    def verdict(self) -> Verdict:
        """Keep, hold or invalidate."""
        decided = self._row[_DECIDED]
        if decided is None:
            return Verdict.KEEP
        if decided == STORED:
            return Verdict.INVALIDATE
        rule = self._policy.validation.rules[decided]
        return Verdict.HOLD if self.is_missing_data or rule.then.hold is not None else Verdict.INVALIDATE

    @property
    def reason(self) -> str | None:
        """The text of the deciding rule, what is missing, or the stored reason; None for keep."""
        decided = self._row[_DECIDED]
        if decided is None:
            return None
        if decided == STORED:
            return self.selection.invalidated_reason or NO_REASON_STORED
        if self.is_missing_data:
            return "Missing: " + ", ".join(self.missing_fields)
        return self._policy.validation.rules[decided].then.text

    @property
    def rule(self) -> str | None:
        """The id of the rule that decided."""
        rule = self.deciding_rule
        return rule.id if rule else None

    @property
    def rules(self) -> dict[str, bool | None]:
        """Truth of every validation rule; None is not applicable or unknown."""
        start = len(FIXED_COLUMNS)
        return {rule.id: self._row[start + index] for index, rule in enumerate(self._policy.validation.rules)}

    @property
    def trigger(self) -> str | None:
        """The id of the cash-out trigger that holds."""
        index = self._row[_TRIGGER]
        return None if index is None else self._policy.cash_out.triggers[index].id

    @property
    def minutes_to_off(self) -> Decimal:
        """Minutes until the off as scheduled now; exact to the microsecond."""
        return divide(Decimal(self._row[_TIME]), _MICROSECONDS_PER_MINUTE)

    @property
    def stake(self) -> Stake:
        """Step, target, cap and exposure, exact."""
        ladder = self._policy.staking.ladders[self._row[_LADDER]]
        points, side = self.selection.stake_points, self.selection.side
        number = self._row[_STEP]
        step = None if number is None else ladder.steps[number]
        return Stake(
            step.from_ if step else None,
            step.amount(side) * points if step else ZERO,
            ladder.limits.amount(side) * points,
            e10(self._row[_EXPOSURE]),
        )

    @property
    def matched(self) -> tuple[Decimal, Decimal]:
        """Size matched on the selection's own side, and size x average price, both exact."""
        size, value = _BACK if self.selection.side is Side.BACK else _LAY
        return e2(self._row[size]) or ZERO, e10(self._row[value])

    @property
    def outcomes(self) -> tuple[Decimal, Decimal]:
        """Profit if the runner wins and if it loses, over all matched bets on it in this market, before commission."""
        return outcomes(self._row)

    @property
    def price(self) -> PriceView:
        """What was asked for and what is offered."""
        return PriceView(
            self.selection.price_requested,
            e2(self._row[_BEST_BACK if self.selection.side is Side.BACK else _BEST_LAY]),
            e2(self._row[_DEPTH]),
            bool(self._row[_MEETS]),
            self._amended_average(),
        )

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
            "minutes_to_off": money_text(self.minutes_to_off),
            "stake": {
                "step": stake.step,
                "target": money_text(stake.target),
                "cap": money_text(stake.cap),
                "exposure": money_text(stake.exposure),
                "remaining": money_text(stake.remaining),
            },
            "price": {
                "requested": money_text(price.requested),
                "available": money_text(price.available),
                "depth": money_text(price.depth),
                "meets": price.meets,
                "amended_average": money_text(price.amended_average),
            },
            "action": str(self.action),
            "code": self.code,
            "order": _texts(self.order),
            "cash_out": _texts(self.cash_out),
        }


def outcomes(row: Sequence[Any]) -> tuple[Decimal, Decimal]:
    """Profit if the runner wins and if it loses, from a row's matched sums; exact."""
    back, back_value = e2(row[_BACK[0]]) or ZERO, e10(row[_BACK[1]])
    lay, lay_value = e2(row[_LAY[0]]) or ZERO, e10(row[_LAY[1]])
    return (back_value - back) - (lay_value - lay), lay - back


def money_text(amount: Decimal | None) -> str | None:
    """Two decimals, half up; None stays None."""
    return None if amount is None else format(half_up(amount), "f")


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
    columns: tuple[str, ...]

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
        start = len(FIXED_COLUMNS) + len(self.policy.validation.rules)
        return dict(zip(self.columns[start:], decision.row[start:], strict=True))

    def to_dict(self) -> dict[str, Any]:
        """The plan as one document (``policytrader/plan/1``)."""
        return {
            "schema": PLAN_SCHEMA,
            "policy": {"hash": self.policy.hash},
            "snapshot": {"now": format_utc(self.snapshot.now), "hash": self.snapshot.hash},
            "decisions": [decision.to_dict() for decision in self.decisions],
            "summary": {str(action): count for action, count in self.summary.items()},
        }
