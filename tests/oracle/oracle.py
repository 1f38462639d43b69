"""The engine's oracle: policy and snapshot -> decisions, as the contract says it, with no thought for speed.

Written from the contract of data and decisions and from that of the policy language, not from the engine. It shares
the engine's inputs (the policy's models, the snapshot's rows) and nothing that computes: numbers are fractions,
tables are searched from the top, facts are worked out anew for every selection.

Truth is three-valued: True, False, and None for unknown.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import floor
from typing import Any, NamedTuple

from policytrader.model.price import PRICES
from policytrader.model.snapshot import Order, Runner, Selection, Snapshot
from policytrader.policy.conditions import All, AnyOf, Condition, Fact, InvalidatedBy, Leaf, Not
from policytrader.policy.policy_set import PolicySet
from policytrader.policy.protection import Protections
from policytrader.policy.rules import Rule

Truth = bool | None

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt,
    "lte": operator.le, "gt": operator.gt, "gte": operator.ge,
}  # fmt: skip
UNIT_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}


# --- Numbers, times, texts ------------------------------------------------------------------------------------------


def fraction(number: Decimal | int | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def microseconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1))


def duration(text: str) -> Fraction:
    return Fraction(int(text[:-1]) * UNIT_MICROSECONDS[text[-1]])


def floor_to_penny(amount: Fraction) -> Fraction:
    return Fraction(floor(amount * 100), 100)


def money(amount: Fraction | None) -> str | None:
    """Two decimals, a half away from zero; what is too small to show keeps its sign."""
    if amount is None:
        return None
    pennies = floor(abs(amount) * 100 + Fraction(1, 2))
    return f"{'-' if amount < 0 else ''}{pennies // 100}.{pennies % 100:02}"


def known(status: str | None) -> str | None:
    """HIDDEN means that the exchange does not say: missing."""
    return None if status is None or status == "HIDDEN" else str(status)


# --- Conditions -----------------------------------------------------------------------------------------------------


class Range(NamedTuple):
    """A number of which only the bounds are known; it is a whole number of units."""

    low: Fraction
    high: Fraction
    unit: Fraction


class Members(NamedTuple):
    """What a fact is made of: runners for which ``where`` is true, and those for which it is unknown."""

    fact: Fact
    certain: list[dict[str, Any]]
    possible: list[dict[str, Any]]
    nobody_listed: bool

    def number(self) -> Range | None:
        """What a count, a min or a max may come to; None where nothing can be said."""
        if self.fact.count:
            low = Fraction(len(self.certain))
            return Range(low, low + len(self.possible), Fraction(1))
        if not self.certain:
            return None
        pick, of = (min, self.fact.min) if self.fact.min else (max, self.fact.max)
        lowest, highest = Fraction(PRICES[0]), Fraction(PRICES[-1])
        certain_low = [lowest if one[of or ""] is None else one[of or ""] for one in self.certain]
        certain_high = [highest if one[of or ""] is None else one[of or ""] for one in self.certain]
        possible_low = [lowest if one[of or ""] is None else one[of or ""] for one in self.possible]
        possible_high = [highest if one[of or ""] is None else one[of or ""] for one in self.possible]
        if pick is min:  # one runner more can only lower a minimum
            return Range(min(certain_low + possible_low), min(certain_high), Fraction(1, 100))
        return Range(max(certain_low), max(certain_high + possible_high), Fraction(1, 100))

    def answer(self, leaf: Leaf) -> Truth:
        """The operators that ask about the members themselves."""
        ids = {one["runner.selection_id"] for one in self.certain}
        possible_ids = {one["runner.selection_id"] for one in self.possible}
        exists = Range(Fraction(len(self.certain)), Fraction(len(self.certain) + len(self.possible)), Fraction(1))
        match leaf.op:
            case "is_missing" | "empty" | "is_false":
                return compare("lt", exists, [Fraction(1)])
            case "is_present" | "not_empty" | "is_true":
                return compare("gte", exists, [Fraction(1)])
            case "size_gte":
                return compare("gte", exists, [Fraction(leaf.value)])
            case "contains":
                return True if leaf.value in ids else None if leaf.value in possible_ids else False
        raise AssertionError(leaf)


def compare(op: str, value: Any, operands: list[Any]) -> Truth:
    """True or False where every value that is possible gives the same answer, unknown otherwise."""
    if value is None or any(operand is None for operand in operands):
        return None
    values = (points(value, operands), *(points(operand, [value]) for operand in operands))
    answers = {compare_exactly(op, one, list(others)) for one, *others in product(*values)}
    return answers.pop() if len(answers) == 1 else None


def compare_exactly(op: str, value: Any, operands: list[Any]) -> bool:
    match op:
        case "in":
            return value in operands
        case "not_in":
            return value not in operands
        case "between":
            return bool(operands[0] <= value <= operands[1])
    return COMPARE[op](value, operands[0])


def points(value: Any, others: list[Any]) -> list[Any]:
    """A value itself; of a range its ends, and what lies in it at and beside the others: elsewhere no answer changes."""
    if not isinstance(value, Range):
        return [value]
    ends = [end for one in (value, *others) for end in ((one.low, one.high) if isinstance(one, Range) else (one,))]
    near = {(floor(end / value.unit) + step) * value.unit for end in ends for step in (-1, 0, 1, 2)}
    return sorted(point for point in near if value.low <= point <= value.high)


def truth(condition: Condition, fields: dict[str, Any]) -> Truth:
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
            return leaf_truth(condition, fields)
    raise AssertionError(condition)


def leaf_truth(leaf: Leaf, fields: dict[str, Any]) -> Truth:
    value = fields[leaf.field]
    if isinstance(value, Members) and value.nobody_listed:
        return None
    if isinstance(value, Members) and leaf.value is None and leaf.other is None:
        return value.answer(leaf)
    if leaf.op in {"contains", "size_gte"}:
        return value.answer(leaf)  # type: ignore[no-any-return]
    match leaf.op:
        case "is_missing":
            return value is None
        case "is_present":
            return value is not None
        case "is_true":
            return value if value is None else bool(value)
        case "is_false":
            return value if value is None else not value
    literals = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    operands = [number(fields[leaf.other])] if leaf.other else [literal(one, leaf.field) for one in literals]
    return compare(leaf.op, number(value), operands)


def number(value: Any) -> Any:
    """A field's value as ``compare`` takes it."""
    if isinstance(value, Members):
        return None if value.nobody_listed else value.number()
    return value


def literal(value: Any, field: str) -> Any:
    if isinstance(value, str):
        return duration(value) if field in {"selection.time_to_off", "market.price_age", "reference.age"} else value
    return Fraction(value)


def leaves(condition: Condition) -> Iterator[Leaf]:
    match condition:
        case All(all=parts) | AnyOf(any=parts):
            for part in parts:
                yield from leaves(part)
        case Not(not_=part):
            yield from leaves(part)
        case Leaf():
            yield condition


def applies(rule: Rule, selection: Selection) -> bool:
    return selection.side in rule.applies_to.side and selection.market_type in rule.applies_to.market_type


# --- What a condition may read --------------------------------------------------------------------------------------


def race_runners(snapshot: Snapshot, selection: Selection) -> dict[int, list[Runner]]:
    """The rows of each runner that a live market of the race lists."""
    markets = {market.market_id for market in snapshot.markets if market.race_id == selection.race_id}
    rows = [runner for runner in snapshot.runners if runner.market_id in markets]
    return {one.selection_id: [row for row in rows if row.selection_id == one.selection_id] for one in rows}


def race_status(rows: Iterable[Runner]) -> str | None:
    said = {known(row.status) for row in rows} - {None}
    return next((one for one in ("REMOVED", "ACTIVE", "WINNER", "PLACED", "LOSER") if one in said), None)


def members(snapshot: Snapshot, selection: Selection) -> list[dict[str, Any]]:
    """The runners of the race, by the names that a fact's ``where`` may read."""
    live = race_runners(snapshot, selection)
    capture = {row.selection_id: row for row in snapshot.reference if row.capture_id == selection.capture_id}
    captured_at = next((row.captured_at for row in capture.values()), None)
    gone = [one for one, row in capture.items() if one not in live and known(row.status) in {"ACTIVE", None}]
    wins = {one.market_id for one in snapshot.markets if one.race_id == selection.race_id and one.market_type == "WIN"}
    found = []
    for selection_id in [*live, *gone]:
        rows, captured = live.get(selection_id, []), capture.get(selection_id)
        removed_at = min((row.removed_at for row in rows if row.removed_at is not None), default=None)
        status, captured_status = race_status(rows), known(captured.status) if captured else None
        in_win = [row for row in rows if row.market_id in wins]
        found.append({
            "runner.selection_id": selection_id,
            "runner.status": status,
            "runner.active_at_capture": active_at_capture(status, captured_status, removed_at, captured_at),
            "runner.reference_price": fraction(captured.reference_price) if captured else None,
            "runner.captured_status": captured_status,
            "runner.win_best_back": fraction(max((r.best_back for r in in_win if r.best_back), default=None)),
            "runner.win_last_traded": fraction(max((r.last_traded for r in in_win if r.last_traded), default=None)),
        })  # fmt: skip
    return found


def active_at_capture(
    status: str | None, captured_status: str | None, removed_at: datetime | None, captured_at: datetime | None
) -> Truth:
    if captured_status not in {"ACTIVE", None}:
        return False
    if removed_at is not None and captured_at is not None:
        if removed_at < captured_at:
            return False
    elif status == "REMOVED":
        return None
    return True if captured_status == "ACTIVE" else None


def fact_of(fact: Fact, runners: list[dict[str, Any]]) -> Members:
    answers = [(truth(fact.where, runner), runner) for runner in runners]
    certain = [runner for answer, runner in answers if answer is True]
    return Members(fact, certain, [runner for answer, runner in answers if answer is None], not runners)


def risk(side: str, price: Fraction, size: Fraction) -> Fraction:
    """What a bet can lose: the stake of a back, the liability of a lay."""
    return size if side == "BACK" else size * (price - 1)


def exposure(order: Order) -> Fraction:
    price, matched = Fraction(order.price), matched_size(order)
    average = Fraction(order.average_price_matched or order.price)
    return risk(order.side, average, matched) + risk(order.side, price, open_size(order))


def matched_size(order: Order) -> Fraction:
    return Fraction(0) if order.status == "UNKNOWN" else Fraction(order.size_matched)


def open_size(order: Order) -> Fraction:
    return Fraction(order.size if order.status == "UNKNOWN" else order.size_remaining)


class Case:
    """One selection and the rows that belong to it."""

    def __init__(self, policy: PolicySet, snapshot: Snapshot, selection: Selection) -> None:
        self.policy, self.snapshot, self.selection = policy, snapshot, selection
        key = (selection.market_id, selection.selection_id)
        self.market = next((one for one in snapshot.markets if one.market_id == selection.market_id), None)
        self.runner = next((one for one in snapshot.runners if (one.market_id, one.selection_id) == key), None)
        self.capture = next((one for one in snapshot.reference if one.capture_id == selection.capture_id), None)
        self.orders = [one for one in snapshot.orders if (one.market_id, one.selection_id) == key]
        self.own_orders = [one for one in self.orders if one.side == selection.side]
        self.time_to_off = microseconds(selection.race_time - snapshot.now)
        self.matched = sum(map(matched_size, self.own_orders), Fraction(0))
        self.exposure = sum(map(exposure, self.own_orders), Fraction(0))
        self.fields = self._fields()
        self.rules = {
            rule.id: truth(rule.when, self.fields) if applies(rule, selection) else None
            for rule in policy.validation.rules
        }
        self.verdict, self.reason, self.rule = self._verdict()
        self.fields["invalidated_by"] = self.rule if self.verdict == "invalidate" else None

    def _fields(self) -> dict[str, Any]:
        selection, market, runner, capture = self.selection, self.market, self.runner, self.capture
        now = self.snapshot.now
        fields = {
            "selection.side": str(selection.side),
            "selection.market_type": str(selection.market_type),
            "selection.price_requested": Fraction(selection.price_requested),
            "selection.stake_points": Fraction(selection.stake_points),
            "selection.time_to_off": self.time_to_off,
            "market.status": str(market.status) if market and market.status else None,
            "market.in_play": market.in_play if market else None,
            "market.number_of_winners": fraction(market.number_of_winners) if market else None,
            "market.price_age": microseconds(now - market.published_at) if market and market.published_at else None,
            "market.course": market.course if market else None,
            "runner.own_status": race_status(race_runners(self.snapshot, selection).get(selection.selection_id, [])),
            "reference.number_of_runners": fraction(capture.number_of_runners) if capture else None,
            "reference.age": microseconds(now - capture.captured_at) if capture and capture.captured_at else None,
            "position.size_matched": self.matched,
            "position.size_unmatched": sum(map(open_size, self.own_orders), Fraction(0)),
            "position.exposure": self.exposure,
            "position.closed": selection.closed,
        }
        for name in ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded", "adjustment_factor"):
            fields[f"runner.{name}"] = fraction(getattr(runner, name)) if runner else None
        runners = members(self.snapshot, selection)
        for name, fact in self.policy.validation.facts.items():
            fields[f"fact.{name}"] = fact_of(fact, runners)
        return fields

    def _verdict(self) -> tuple[str, str | None, str | None]:
        validation = self.policy.validation.rules
        if not self.selection.valid:
            reason = self.selection.invalidated_reason
            if reason is None:
                return "invalidate", "Invalid (no reason stored)", None
            return "invalidate", reason, next((rule.id for rule in validation if rule.then.invalidate == reason), None)
        for rule in validation:
            if not applies(rule, self.selection) or self.rules[rule.id] is False:
                continue
            if self.rules[rule.id] is None and rule.on_missing == "pass":
                continue
            if self.rules[rule.id] is None and rule.on_missing == "hold":
                missing = [leaf.field for leaf in leaves(rule.when) if leaf_truth(leaf, self.fields) is None]
                return "hold", "Missing: " + ", ".join(dict.fromkeys(missing)), rule.id
            return "invalidate" if rule.then.invalidate else "hold", rule.then.text, rule.id
        return "keep", None, None

    def holds(self, rules: Iterable[Rule]) -> list[bool]:
        """Whether each rule that applies is certainly true."""
        return [truth(rule.when, self.fields) is True for rule in rules if applies(rule, self.selection)]

    def decide(self, guard: Guard | None) -> dict[str, Any]:
        """The decision as in the plan's JSON."""
        selection, side = self.selection, str(self.selection.side)
        ladder = next(one for one in self.policy.staking.ladders if applies_ladder(one.applies_to, selection))
        steps = [one for one in ladder.steps if one.from_ == "start" or self.time_to_off <= duration(one.from_)]
        step = steps[-1] if self.time_to_off > 0 else None
        amount = "back_stake" if side == "BACK" else "lay_liability"
        points = Fraction(selection.stake_points)
        self.target = Fraction(getattr(step, amount)) * points if step else Fraction(0)
        self.cap = Fraction(getattr(ladder.limits, amount)) * points
        self.within = Fraction(ladder.fully_matched_within)
        self.available = self.fields["runner.best_back" if side == "BACK" else "runner.best_lay"]
        self.depth = self.fields["runner.best_back_size" if side == "BACK" else "runner.best_lay_size"]
        entry = self.holds(self.policy.entry.rules)
        self.meets = bool(entry) and all(entry) and self.available is not None
        action, code = self._action()
        order = None
        if action == "PLACE":
            order = Planned(self, self.available, self._size())
            blocked = guard.forbids(order) if guard else None
            if blocked:
                action, code, order = "BLOCKED", blocked, None
        return {
            "selection_ref": selection.selection_ref,
            "race_id": selection.race_id,
            "race_time": selection.race_time.isoformat().replace("+00:00", "Z"),
            "market_id": selection.market_id,
            "market_type": str(selection.market_type),
            "selection_id": selection.selection_id,
            "runner_name": selection.runner_name,
            "side": side,
            "verdict": self.verdict,
            "reason": self.reason,
            "rule": self.rule,
            "rules": self.rules,
            "minutes_to_off": money(self.time_to_off / 60_000_000),
            "stake": {
                "step": step.from_ if step else None,
                "target": money(self.target),
                "cap": money(self.cap),
                "exposure": money(self.exposure),
                "remaining": money(self.target - self.exposure),
            },
            "price": {
                "requested": money(Fraction(selection.price_requested)),
                "available": money(self.available),
                "depth": money(self.depth),
                "meets": self.meets,
                "amended_average": money(self._amended_average(order)),
            },
            "action": action,
            "code": code,
            "order": {"side": side, "price": money(order.price), "size": money(order.size)} if order else None,
            "cash_out": self._hedge() if action == "CASH_OUT" else None,
        }

    def _action(self) -> tuple[str, str | None]:
        """The first that fits; protections come later."""
        if self.verdict == "hold":
            return "HOLD", self.reason
        if self.selection.closed:
            return "CLOSED", "cashed_out"
        resting = [
            one for one in self.own_orders
            if one.order_ref is not None and one.status == "EXECUTABLE" and one.size_remaining > 0
        ]  # fmt: skip
        if self.verdict == "invalidate":
            status = self.fields["runner.own_status"]
            # Stored invalid in words that no rule has: nobody knows why, so no trigger holds.
            triggered = self.rule is not None and any(self.holds(self.policy.cash_out.triggers))
            if triggered and self.matched > 0 and status != "REMOVED":
                is_open = self.fields["market.status"] == "OPEN" and self.fields["market.in_play"] is False
                return ("CASH_OUT", self.reason) if is_open and status == "ACTIVE" else ("WAIT", "cash_out_waits")
            return ("CANCEL" if resting else "INVALID"), self.reason
        limit = duration(self.policy.entry.order.cancel_unmatched_after)
        now = self.snapshot.now
        if any(one.placed_at is not None and microseconds(now - one.placed_at) > limit for one in resting):
            return "CANCEL", "rested"
        if self.time_to_off <= 0:
            return "WAIT", "after_off"
        if self.cap - self.exposure < self.within:
            return "DONE", "fully_matched"
        if self.target - self.exposure <= 0:
            return "WAIT", "step_filled"
        if self.available is None or not self.meets:
            return "WAIT", "price"
        size = self._size()
        if not (size >= 1 or size * self.available >= 10):
            return "WAIT", "below_minimum"
        return "PLACE", "ladder"

    def _size(self) -> Fraction:
        remaining = self.target - self.exposure
        wanted = remaining if self.selection.side == "BACK" else remaining / (self.available - 1)
        return floor_to_penny(min(wanted, self.depth or Fraction(0)))

    def _amended_average(self, order: Planned | None) -> Fraction | None:
        bets = [(matched_size(one), Fraction(one.average_price_matched or 0)) for one in self.own_orders]
        bets += [(order.size, order.price)] if order else []
        size = sum((size for size, _ in bets), Fraction(0))
        return sum((size * price for size, price in bets), Fraction(0)) / size if size else None

    def _hedge(self) -> dict[str, str | None]:
        if_wins = if_loses = Fraction(0)
        for one in self.orders:
            sign, size = 1 if one.side == "BACK" else -1, matched_size(one)
            if_wins += sign * size * (Fraction(one.average_price_matched or 0) - 1)
            if_loses -= sign * size
        n = if_wins - if_loses
        side = "LAY" if n > 0 else "BACK" if n < 0 else None
        price = self.fields["runner.best_lay" if n > 0 else "runner.best_back"]
        if side is None or price is None:
            return {"side": side, "price": None, "size": None, "locked": None}
        size, sign = floor_to_penny(abs(n) / price), -1 if side == "LAY" else 1
        locked = floor_to_penny(min(if_wins + sign * size * (price - 1), if_loses - sign * size))
        return {"side": side, "price": money(price), "size": money(size), "locked": money(locked)}


def applies_ladder(applies_to: Any, selection: Selection) -> bool:
    return selection.side in applies_to.side and selection.market_type in applies_to.market_type


# --- Protections ----------------------------------------------------------------------------------------------------


class Planned(NamedTuple):
    """An order about to be placed."""

    case: Case
    price: Fraction
    size: Fraction

    @property
    def risk(self) -> Fraction:
        return risk(self.case.selection.side, self.price, self.size)


class Guard:
    """The protections over one snapshot, and the orders that were planned before."""

    def __init__(self, limits: Protections, snapshot: Snapshot) -> None:
        self.limits, self.snapshot = limits, snapshot
        self.planned: list[Planned] = []

    def forbids(self, order: Planned) -> str | None:
        """The first protection that forbids this order; if none does, it counts for the next."""
        for name, is_fine in (*self._sums(order), *self._prices(order), *self._times(order)):
            if getattr(self.limits, name) is None or not is_fine():
                return name
        self.planned.append(order)
        return None

    def _sums(self, order: Planned) -> Iterator[tuple[str, Callable[[], bool]]]:
        case, limits, every = order.case, self.limits, self.snapshot.orders
        is_back, key = case.selection.side == "BACK", case.selection.market_id
        one: Any = limits.max_order
        yield "max_order", lambda: order.risk <= (one.stake if is_back else one.liability)
        selection: Any = limits.max_exposure_per_selection
        most = (lambda: selection.back_stake) if is_back else (lambda: selection.lay_liability)
        yield "max_exposure_per_selection", lambda: case.exposure + order.risk <= most()
        in_market = sum((exposure(one) for one in every if one.market_id == key), order.risk)
        in_market += sum(one.risk for one in self.planned if one.case.selection.market_id == key)
        yield "max_exposure_per_market", lambda: in_market <= required(limits.max_exposure_per_market)
        in_day = sum(map(exposure, every), order.risk) + sum(one.risk for one in self.planned)
        yield "max_exposure_per_day", lambda: in_day <= required(limits.max_exposure_per_day)
        a_minute_ago = self.snapshot.now - timedelta(seconds=60)
        recent = [
            o for o in every if o.order_ref is not None and o.placed_at is not None and o.placed_at > a_minute_ago
        ]
        rate = len(recent) + len(self.planned)
        yield "max_orders_per_minute", lambda: rate < required(limits.max_orders_per_minute)
        ours = [one for one in case.own_orders if one.order_ref is not None]
        yield "max_orders_per_selection", lambda: len(ours) < required(limits.max_orders_per_selection)
        unknown = [one for one in every if one.market_id == key and one.status == "UNKNOWN"]
        yield "max_unknown_intents", lambda: len(unknown) < required(limits.max_unknown_intents)

    def _prices(self, order: Planned) -> Iterator[tuple[str, Callable[[], bool]]]:
        fields, limits = order.case.fields, self.limits
        collar: Any = limits.price_collar
        last, back, lay = (fields[f"runner.{name}"] for name in ("last_traded", "best_back", "best_lay"))
        yield "price_collar", lambda: collar.no_ltp == "allow" if last is None else (
            abs(tick(order.price) - tick(last)) <= collar.max_ticks
            and abs(order.price - last) / last * 100 <= collar.max_percent
        )  # fmt: skip
        yield (
            "max_spread_ticks",
            lambda: (
                back is not None and lay is not None and tick(lay) - tick(back) <= required(limits.max_spread_ticks)
            ),
        )

    def _times(self, order: Planned) -> Iterator[tuple[str, Callable[[], bool]]]:
        fields, limits, second = order.case.fields, self.limits, 1_000_000
        price_age, capture_age = fields["market.price_age"], fields["reference.age"]
        yield (
            "max_price_age_seconds",
            lambda: price_age is not None and price_age <= required(limits.max_price_age_seconds) * second,
        )
        yield (
            "max_snapshot_age_hours",
            lambda: capture_age is not None and capture_age <= required(limits.max_snapshot_age_hours) * 3600 * second,
        )
        yield (
            "no_new_orders_before_off_seconds",
            lambda: order.case.time_to_off > required(limits.no_new_orders_before_off_seconds) * second,
        )


def required(limit: Decimal | None) -> Fraction:
    assert limit is not None
    return Fraction(limit)


def tick(price: Fraction) -> int:
    return [Fraction(one) for one in PRICES].index(price)


def decide(policy: PolicySet, snapshot: Snapshot, *, protections: bool = True) -> list[dict[str, Any]]:
    """One decision per selection, in the plan's order."""
    guard = Guard(policy.protection.protections, snapshot) if protections else None
    ordered = sorted(
        snapshot.selections,
        key=lambda one: (one.race_time, one.race_id, one.market_id, one.selection_id, str(one.side), one.selection_ref),
    )
    return [Case(policy, snapshot, selection).decide(guard) for selection in ordered]
