"""Where one policy sent an order and the other's was refused: for what, and whether it is the limit that differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.app.replay.causes import Cause, CauseKind, protection_cause
from policytrader.app.replay.ledgers import ask_gate
from policytrader.model.decision import Action
from policytrader.model.journal import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.app.replay.compare import Difference
    from policytrader.app.replay.ledgers import DayLedgers, GateWord
    from policytrader.engine.plan import Plan
    from policytrader.model.replay import ReplayedSelection


@dataclass(frozen=True, slots=True)
class Refused:
    """What refused the order of A, or of B (the other is None), and what made the difference in that."""

    codes: tuple[str | None, str | None]
    cause: Cause


def refused_between(difference: Difference, plans: tuple[Plan, Plan], ledgers: Sequence[DayLedgers]) -> Refused | None:
    """Of a difference with a moment, decided again there; None where no order was refused.

    It is the protection where the one's limit refuses also on what the other policy had sent, which sent one more; or
    where the other's limit is another one and does not refuse on what this one had sent. Else it refused for what other
    selections had done.
    """
    side, at = _idle_side(difference), difference.at
    if side is None or at is None:
        return None
    other = 1 - side
    pick = (difference.before, difference.after)[side]
    decisions = [plan[difference.selection_ref] for plan in plans]
    held = _codes_at(pick, at)
    if not held or decisions[side].action not in {Action.PLACE, Action.BLOCKED}:
        return None
    policies = [plan.policy for plan in plans]
    limits = [policy.protection.protections for policy in policies]

    def ask(policy: int, on: int, *, most: bool) -> GateWord | None:
        own = ledgers[on].ledger(pick.selection, at, limits[policy], most=most)
        return ask_gate(decisions[policy], own, limits[policy])

    # More than one may have held by then: what refuses on its own orders today did.
    own = ask(side, side, most=True)
    code, name = own if own is not None and own.code in held else (held[0], held[0])
    codes = (code, None) if side == 0 else (None, code)
    there, here = ask(side, other, most=False), ask(other, side, most=True)
    is_other_limit = getattr(limits[0], name, None) != getattr(limits[1], name, None)
    is_limit = (there is not None and there.protection == name) or (
        is_other_limit and decisions[other].action is Action.PLACE and (here is None or here.protection != name)
    )
    kind = CauseKind.PROTECTION if is_limit else CauseKind.ELSEWHERE
    return Refused(codes, protection_cause(kind, name, policies, [side == 0, side == 1]))


def _idle_side(difference: Difference) -> int | None:
    """Who did nothing where the other one sent an opening order."""
    for side in (0, 1):
        own, other = difference.did[side], difference.did[1 - side]
        is_idle = not own.orders and not own.invalidated
        if is_idle and any(order.purpose is Purpose.OPENING for order in other.orders):
            return side
    return None


def _codes_at(pick: ReplayedSelection, at: datetime) -> list[str]:
    """What may have refused the pick's order at a moment, the likeliest first.

    Only the first and the last time are known, and an order is not asked for again until something changes: so a
    refusal may still hold after its last time, until an order is sent.
    """
    sent = [order.at for order in pick.orders if order.at < at]
    latest = max(sent, default=None)
    held = [
        (min(last, at), first, code)
        for code, (first, last) in pick.refused_at.items()
        if first <= at and (latest is None or min(last, at) > latest)
    ]
    return [code for *_, code in sorted(held, reverse=True)]
