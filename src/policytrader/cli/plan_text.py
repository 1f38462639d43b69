"""The plan for people: one line a selection, in columns; signs before colours."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from policytrader.cli.words import counted
from policytrader.engine.explain import Explanation, duration_text, explain
from policytrader.engine.size import size_of
from policytrader.errors import printable
from policytrader.model.decision import Action
from policytrader.model.money import money_text
from policytrader.model.position import exposure_of
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from policytrader.app.comparison import Change, Comparison
    from policytrader.engine.plan import Decision, Plan

_MARKS = {
    Action.PLACE: ("+", "green"),
    Action.CASH_OUT: ("-", "magenta"),
    Action.CANCEL: ("-", "magenta"),
    Action.WAIT: ("=", None),
    Action.DONE: ("=", None),
    Action.HOLD: ("?", "yellow"),
    Action.BLOCKED: ("!", "red"),
    Action.INVALID: ("x", "red"),
    Action.CLOSED: ("x", None),
}
_WORDS = {
    Action.PLACE: "to place",
    Action.CASH_OUT: "to cash out",
    Action.CANCEL: "to cancel",
    Action.WAIT: "waiting",
    Action.DONE: "done",
    Action.HOLD: "held",
    Action.BLOCKED: "blocked",
    Action.INVALID: "invalid",
    Action.CLOSED: "closed",
}
_HEAD = ("", "Off", "In", "Course", "Runner", "Bet", "Want", "Best", "Ladder", "", "Have", "Do")
_RIGHT = {2, 6, 7, 9, 10}
_WIDEST = 30
NOTHING = "-"
_VOIDED = "own-runner-removed"  # the exchange voids what is matched on a withdrawn runner


def plan_lines(plan: Plan, zone: tzinfo, *, mode: str, rules: str, color: bool) -> Iterable[str]:
    """The plan as lines. The plan must have been evaluated with ``explain``."""
    yield printable(_headline(plan, zone, mode, rules))
    if plan.snapshot.title:
        yield printable(plan.snapshot.title)
    rows = [_cells(plan, decision, zone) for decision in plan]
    widths = [max(len(row[column]) for row in [_HEAD, *rows]) for column in range(len(_HEAD))]
    yield _line(_HEAD, widths)
    for decision, row in zip(plan, rows, strict=True):
        line = printable(_line(row, widths))
        shade = _MARKS[decision.action][1]
        yield click.style(line, fg=shade) if color and shade else line
    yield summary_line(plan)


def summary_line(plan: Plan) -> str:
    """``1 to place, 2 waiting · new exposure 14.00``, and what of the day's limit is used."""
    counts = (
        ", ".join(f"{count} {_WORDS[action]}" for action, count in plan.summary.items() if count) or "no selections"
    )
    placed = sum((risk(decision) for decision in plan if decision.order), Decimal(0))
    held = sum(map(exposure_of, plan.snapshot.orders), Decimal(0))
    limit = plan.policy.protection.protections.max_exposure_per_day
    used = f" ({money_text(held + placed)} of {money_text(limit)} would be used)" if limit is not None else ""
    return f"{counts} · new exposure {money_text(placed)}{used}"


def risk(decision: Decision) -> Decimal:
    """What a planned order can lose."""
    order = decision.order
    assert order is not None
    return order.size if order.side is Side.BACK else order.size * (order.price - 1)


def comparison_lines(comparison: Comparison, names: tuple[str, str]) -> Iterable[str]:
    """What the second policy does differently, one block a selection."""
    before, after = comparison.before, comparison.after
    yield f"A  {before.policy.hash[:7]}  {names[0]}"
    yield f"B  {after.policy.hash[:7]}  {names[1]}"
    if before.policy.hash == after.policy.hash:
        yield "the two policies are the same"
    for change in comparison.changes:
        yield from change_lines(change)
    yield f"{len(comparison.changes)} of {counted(len(before.decisions), 'decision')} change"


def change_lines(change: Change) -> Iterable[str]:
    """One selection that two policies decide differently: what A does, what B does, and because of which rules."""
    selection = change.before.selection
    name = selection.runner_name or selection.selection_id
    yield f"{selection.selection_ref}  {name}  {selection.side} {selection.market_type}"
    yield f"  A  {change_text(change.before)}"
    yield f"  B  {change_text(change.after)}"
    yield f"  because of {_because(change)}"


def _because(change: Change) -> str:
    return ", ".join(change.rules)


def change_text(decision: Decision) -> str:
    """What a policy does about a selection, in one line."""
    stake = decision.stake
    ladder = f"ladder {stake.step or NOTHING} {money_text(stake.target)}, have {money_text(stake.exposure)}"
    return f"{decision.action} {do_text(decision, None)} ({ladder})"


def _headline(plan: Plan, zone: tzinfo, mode: str, rules: str) -> str:
    ages = [plan.snapshot.now - market.published_at for market in plan.snapshot.markets if market.published_at]
    age = f"prices {duration_text(int(max(ages).total_seconds()) * 1_000_000)} old" if ages else "no prices"
    moment = plan.snapshot.now.astimezone(zone)
    return f"{mode}  policy {plan.policy.hash[:7]} ({rules})  {age}  {moment:%Y-%m-%d %H:%M:%S %Z}"


def _cells(plan: Plan, decision: Decision, zone: tzinfo) -> tuple[str, ...]:
    selection, stake, price = decision.selection, decision.stake, decision.price
    market = plan.snapshot.markets_by_id.get(selection.market_id)
    return (
        _MARKS[decision.action][0],
        f"{selection.race_time.astimezone(zone):%H:%M}",
        duration_text(decision.time_to_off // 60_000_000 * 60_000_000),
        _clip((market.course if market else None) or NOTHING),
        _clip(selection.runner_name or str(selection.selection_id)),
        f"{selection.side} {selection.market_type}",
        f"{money_text(price.requested)}",
        NOTHING if price.available is None else f"{money_text(price.available)}",
        stake.step or NOTHING,
        f"{money_text(stake.target)}",
        f"{money_text(stake.exposure)}",
        do_text(decision, explain(plan, decision)),
    )


def do_text(decision: Decision, explanation: Explanation | None) -> str:
    """What would be done, in words; with an explanation also what made a rule true."""
    match decision.action:
        case Action.PLACE if decision.order:
            return f"place {money_text(decision.order.size)} @ {money_text(decision.order.price)}"
        case Action.CASH_OUT if decision.cash_out:
            return f"CASH OUT: {_detail(decision, explanation)}; {_hedge_text(decision)}"
        case Action.CANCEL:
            return (
                "cancel: unmatched for too long"
                if decision.code == "rested"
                else f"cancel: {_detail(decision, explanation)}"
            )
        case Action.WAIT:
            return f"wait: {_wait_text(decision)}"
        case Action.DONE:
            return "done: fully matched"
        case Action.HOLD:
            return f"hold: {_detail(decision, explanation)}"
        case Action.BLOCKED:
            return f"blocked: {decision.code}"
        case Action.CLOSED:
            return "closed: cashed out"
        case _:
            stays = decision.matched[0]
            kept = f"; {money_text(stays)} matched is not closed" if stays and decision.rule != _VOIDED else ""
            return _detail(decision, explanation) + kept


def _wait_text(decision: Decision) -> str:
    price = decision.price
    match decision.code:
        case "price" if price.available is None:
            return "no price is offered"
        case "price" if price.available is not None:
            is_back = decision.selection.side is Side.BACK
            is_short = price.available < price.requested if is_back else price.available > price.requested
            if not is_short:
                return f"the entry rules are not met at {money_text(price.available)}"
            return f"{money_text(price.available)} is {'under' if is_back else 'over'} {money_text(price.requested)}"
        case "step_filled":
            return "this step is filled"
        case "below_minimum":
            return _too_small(decision)
        case "after_off":
            return "the off has come"
        case "cash_out_waits":
            return f"cash-out waits for an open market ({decision.reason})"
        case code:
            return code


def _too_small(decision: Decision) -> str:
    price, depth = decision.offered
    if price is None:
        return "too little to place"
    size = size_of(decision.stake.remaining, decision.selection.side, price, depth)
    short = " (all that is offered)" if depth is not None and size == depth else ""
    return f"{money_text(size)} @ {money_text(price)}{short} is under the exchange's minimum"


def _hedge_text(decision: Decision) -> str:
    hedge = decision.cash_out
    if hedge is None or hedge.side is None:
        return "nothing left to hedge"
    if hedge.price is None or hedge.size is None or hedge.locked is None:
        return f"no price to {hedge.side.lower()} at"
    return f"{hedge.side.lower()} {money_text(hedge.size)} @ {money_text(hedge.price)}, locks {hedge.locked:+.2f}"


def _detail(decision: Decision, explanation: Explanation | None) -> str:
    """The reason, with what the deciding rule saw."""
    reason = decision.reason or decision.code
    if explanation is None or decision.rule is None or not decision.selection.valid:
        return reason
    leaves = explanation.rule(decision.rule).leaves
    seen = [
        leaf.note if leaf.seen is None else leaf.seen if ", " in leaf.seen else f"{leaf.field} {leaf.seen}"
        for leaf in leaves
    ]
    told = [text for text in seen if text]
    if decision.verdict != "invalidate" or decision.rule == _VOIDED or not told:
        notes = [leaf.note for leaf in leaves if leaf.note]
        return f"{reason} ({'; '.join(notes)})" if notes else reason
    return f"{reason}: {'; '.join(told)}"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [
        cell.rjust(width) if column in _RIGHT else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _clip(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
