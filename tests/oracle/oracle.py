"""The engine's oracle: policy and snapshot -> decisions, as the contract says it, with no thought for speed.

Written from the contract of data and decisions and from that of the policy language, not from the engine. It shares
the engine's inputs (the policy's models, the snapshot's rows) and nothing that computes: tables are searched from the
top, facts are worked out anew for every selection, only ``money`` rounds.
"""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

from tests.oracle.guard import Guard, Proposal, exposure, matched_size, open_size
from tests.oracle.truth import Fields, Truth, collect, duration, leaves, truth

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.snapshot import Runner, Selection, Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import Rule
    from policytrader.policy.staking import Ladder


def decide(policy: PolicySet, snapshot: Snapshot, *, protections: bool = True) -> list[dict[str, Any]]:
    """One decision per selection, as in the plan's JSON and in its order."""
    guard = Guard(policy.protection.protections, snapshot) if protections else None
    ordered = sorted(
        snapshot.selections,
        key=lambda one: (one.race_time, one.race_id, one.market_id, one.selection_id, str(one.side), one.selection_ref),
    )
    return [Case(policy, snapshot, selection).decide(guard) for selection in ordered]


# --- Values ---------------------------------------------------------------------------------------------------------


def fraction(number: Decimal | int | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def microseconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1))


def floor_to_penny(amount: Fraction) -> Fraction:
    return Fraction(floor(amount * 100), 100)


def money(amount: Fraction | None) -> str | None:
    """Two decimals, a half away from zero; what is too small to show has no sign."""
    if amount is None:
        return None
    pennies = floor(abs(amount) * 100 + Fraction(1, 2))
    return f"{'-' if amount < 0 and pennies else ''}{pennies // 100}.{pennies % 100:02}"


def known(status: str | None) -> str | None:
    """HIDDEN means that the exchange does not say: missing."""
    return None if status is None or status == "HIDDEN" else str(status)


def applies(rule: Rule | Ladder, selection: Selection) -> bool:
    return selection.side in rule.applies_to.side and selection.market_type in rule.applies_to.market_type


# --- The runners of the race ----------------------------------------------------------------------------------------


def live_rows(snapshot: Snapshot, selection: Selection) -> dict[int, list[Runner]]:
    """The rows of each runner that a live market of the race lists."""
    markets = {market.market_id for market in snapshot.markets if market.race_id == selection.race_id}
    rows = [runner for runner in snapshot.runners if runner.market_id in markets]
    return {one.selection_id: [row for row in rows if row.selection_id == one.selection_id] for one in rows}


def race_status(rows: Iterable[Runner]) -> str | None:
    said = {known(row.status) for row in rows}
    return next((one for one in ("REMOVED", "ACTIVE", "WINNER", "PLACED", "LOSER") if one in said), None)


def race_runners(snapshot: Snapshot, selection: Selection) -> list[Fields]:
    """What a fact's ``where`` may read, for each runner of the race."""
    live = live_rows(snapshot, selection)
    capture = {row.selection_id: row for row in snapshot.reference if row.capture_id == selection.capture_id}
    captured_at = next((row.captured_at for row in capture.values()), None)
    gone = [one for one, row in capture.items() if one not in live and known(row.status) in {"ACTIVE", None}]
    wins = {one.market_id for one in snapshot.markets if one.race_id == selection.race_id and one.market_type == "WIN"}
    found = []
    for selection_id in (*live, *gone):
        rows, captured = live.get(selection_id, []), capture.get(selection_id)
        status, captured_status = race_status(rows), known(captured.status) if captured else None
        removed_at = min((row.removed_at for row in rows if row.removed_at is not None), default=None)
        backs = [row.best_back for row in rows if row.market_id in wins and row.best_back is not None]
        traded = [row.last_traded for row in rows if row.market_id in wins and row.last_traded is not None]
        runner = {
            "runner.selection_id": selection_id,
            "runner.status": status,
            "runner.active_at_capture": active_at_capture(status, captured_status, removed_at, captured_at),
            "runner.reference_price": fraction(captured.reference_price) if captured else None,
            "runner.captured_status": captured_status,
            "runner.win_best_back": fraction(max(backs, default=None)),
            "runner.win_last_traded": fraction(max(traded, default=None)),
        }
        found.append(runner)
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


# --- One decision ---------------------------------------------------------------------------------------------------


class Case:
    """One selection, the rows that belong to it, and what is decided about it."""

    def __init__(self, policy: PolicySet, snapshot: Snapshot, selection: Selection) -> None:
        self.policy, self.snapshot, self.selection = policy, snapshot, selection
        self.is_back = selection.side == "BACK"
        key = (selection.market_id, selection.selection_id)
        self.orders = [one for one in snapshot.orders if (one.market_id, one.selection_id) == key]
        self.own_orders = [one for one in self.orders if one.side == selection.side]
        self.matched = sum(map(matched_size, self.own_orders), Fraction(0))
        self.exposure = sum(map(exposure, self.own_orders), Fraction(0))
        self.time_to_off = microseconds(selection.race_time - snapshot.now)
        self.fields = self._fields()
        self.available: Fraction | None = self.fields["runner.best_back" if self.is_back else "runner.best_lay"]
        self.depth = self.fields["runner.best_back_size" if self.is_back else "runner.best_lay_size"]
        self.rules = {
            rule.id: truth(rule.when, self.fields) if applies(rule, selection) else None
            for rule in policy.validation.rules
        }
        self.verdict, self.reason, self.rule = self._verdict()
        self.fields["invalidated_by"] = self.rule if self.verdict == "invalidate" else None
        entry = self._holds(policy.entry.rules)
        self.meets = bool(entry) and all(entry) and self.available is not None
        self.step, self.target, self.cap, self.within = self._stake()

    def _fields(self) -> Fields:
        """What a rule may read."""
        selection, snapshot = self.selection, self.snapshot
        market = next((one for one in snapshot.markets if one.market_id == selection.market_id), None)
        key = (selection.market_id, selection.selection_id)
        runner = next((one for one in snapshot.runners if (one.market_id, one.selection_id) == key), None)
        capture = next((one for one in snapshot.reference if one.capture_id == selection.capture_id), None)
        published_at = market.published_at if market else None
        captured_at = capture.captured_at if capture else None
        rows = live_rows(snapshot, selection).get(selection.selection_id, [])
        runners = race_runners(snapshot, selection)
        return {
            "selection.side": str(selection.side),
            "selection.market_type": str(selection.market_type),
            "selection.price_requested": Fraction(selection.price_requested),
            "selection.stake_points": Fraction(selection.stake_points),
            "selection.time_to_off": self.time_to_off,
            "market.status": str(market.status) if market and market.status else None,
            "market.in_play": market.in_play if market else None,
            "market.number_of_winners": fraction(market.number_of_winners) if market else None,
            "market.price_age": microseconds(snapshot.now - published_at) if published_at else None,
            "market.course": market.course if market else None,
            "runner.own_status": race_status(rows),
            "runner.best_back": fraction(runner.best_back) if runner else None,
            "runner.best_back_size": fraction(runner.best_back_size) if runner else None,
            "runner.best_lay": fraction(runner.best_lay) if runner else None,
            "runner.best_lay_size": fraction(runner.best_lay_size) if runner else None,
            "runner.last_traded": fraction(runner.last_traded) if runner else None,
            "runner.adjustment_factor": fraction(runner.adjustment_factor) if runner else None,
            "reference.number_of_runners": fraction(capture.number_of_runners) if capture else None,
            "reference.age": microseconds(snapshot.now - captured_at) if captured_at else None,
            "position.size_matched": self.matched,
            "position.size_unmatched": sum(map(open_size, self.own_orders), Fraction(0)),
            "position.exposure": self.exposure,
            "position.closed": selection.closed,
            **{f"fact.{name}": collect(fact, runners) for name, fact in self.policy.validation.facts.items()},
        }

    def _verdict(self) -> tuple[str, str | None, str | None]:
        """Verdict, reason, and the rule that decided."""
        rules = self.policy.validation.rules
        if not self.selection.valid:
            reason = self.selection.invalidated_reason
            if reason is None:
                return "invalidate", "Invalid (no reason stored)", None
            return "invalidate", reason, next((rule.id for rule in rules if rule.then.invalidate == reason), None)
        for rule in rules:
            answer = self.rules[rule.id]
            if not applies(rule, self.selection) or answer is False or (answer is None and rule.on_missing == "pass"):
                continue
            if answer is None and rule.on_missing == "hold":
                missing = [leaf.field for leaf in leaves(rule.when) if truth(leaf, self.fields) is None]
                return "hold", "Missing: " + ", ".join(dict.fromkeys(missing)), rule.id
            return "invalidate" if rule.then.invalidate else "hold", rule.then.text, rule.id
        return "keep", None, None

    def _holds(self, rules: Iterable[Rule]) -> list[bool]:
        """Of each rule that applies, whether it is certainly true."""
        return [truth(rule.when, self.fields) is True for rule in rules if applies(rule, self.selection)]

    def _stake(self) -> tuple[str | None, Fraction, Fraction, Fraction]:
        """Step, target, cap, and how near to the cap is near enough."""
        ladder = next(one for one in self.policy.staking.ladders if applies(one, self.selection))
        amount = "back_stake" if self.is_back else "lay_liability"
        points = Fraction(self.selection.stake_points)
        cap = Fraction(getattr(ladder.limits, amount)) * points
        started = [one for one in ladder.steps if one.from_ == "start" or self.time_to_off <= duration(one.from_)]
        if self.time_to_off <= 0:
            return None, Fraction(0), cap, Fraction(ladder.fully_matched_within)
        target = Fraction(getattr(started[-1], amount)) * points
        return started[-1].from_, target, cap, Fraction(ladder.fully_matched_within)

    def decide(self, guard: Guard | None) -> dict[str, Any]:
        """The decision as in the plan's JSON."""
        selection, side = self.selection, str(self.selection.side)
        action, code = self._action()
        order = None
        if action == "PLACE":
            assert self.available is not None
            order = Proposal(selection, self.fields, self.own_orders, self.available, self._size(self.available))
            blocked_by = guard.forbids(order) if guard else None
            if blocked_by is not None:
                action, code, order = "BLOCKED", blocked_by, None
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
                "step": self.step,
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
        ours = [one for one in self.own_orders if one.order_ref is not None]
        resting = [one for one in ours if one.status == "EXECUTABLE" and one.size_remaining > 0]
        if self.verdict == "invalidate" and self._wants_out():
            is_open = self.fields["market.status"] == "OPEN" and self.fields["market.in_play"] is False
            is_active = self.fields["runner.own_status"] == "ACTIVE"
            return ("CASH_OUT", self.reason) if is_open and is_active else ("WAIT", "cash_out_waits")
        if self.verdict == "invalidate":
            return "CANCEL" if resting else "INVALID", self.reason
        longest = duration(self.policy.entry.order.cancel_unmatched_after)
        rested = [microseconds(self.snapshot.now - one.placed_at) for one in resting if one.placed_at is not None]
        if any(time > longest for time in rested):
            return "CANCEL", "rested"
        if self.time_to_off <= 0:
            return "WAIT", "after_off"
        if self.cap - self.exposure < self.within:
            return "DONE", "fully_matched"
        if self.target - self.exposure <= 0:
            return "WAIT", "step_filled"
        if self.available is None or not self.meets:
            return "WAIT", "price"
        size = self._size(self.available)
        return ("PLACE", "ladder") if size >= 1 or size * self.available >= 10 else ("WAIT", "below_minimum")

    def _wants_out(self) -> bool:
        """A trigger holds, something is matched, and the exchange does not void it.

        Of a selection that was stored as invalid in words that no rule has, nobody knows why: no trigger holds.
        """
        triggered = self.rule is not None and any(self._holds(self.policy.cash_out.triggers))
        return triggered and self.matched > 0 and self.fields["runner.own_status"] != "REMOVED"

    def _size(self, price: Fraction) -> Fraction:
        remaining = self.target - self.exposure
        wanted = remaining if self.is_back else remaining / (price - 1)
        return floor_to_penny(min(wanted, self.depth or Fraction(0)))

    def _amended_average(self, order: Proposal | None) -> Fraction | None:
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
        tilt = if_wins - if_loses
        side = "LAY" if tilt > 0 else "BACK" if tilt < 0 else None
        price = self.fields["runner.best_lay" if side == "LAY" else "runner.best_back"]
        if side is None or price is None:
            return {"side": side, "price": None, "size": None, "locked": None}
        size, sign = floor_to_penny(abs(tilt) / price), -1 if side == "LAY" else 1
        locked = floor_to_penny(min(if_wins + sign * size * (price - 1), if_loses - sign * size))
        return {"side": side, "price": money(price), "size": money(size), "locked": money(locked)}
