"""The hedge that closes a position (``docs/exchange-rules.md`` section 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.decision import PlannedHedge
from policytrader.model.money import ZERO, divide, floor_to_penny
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from decimal import Decimal

NOTHING_TO_HEDGE = PlannedHedge(None, None, None, None)


def plan_hedge(
    if_wins: Decimal, if_loses: Decimal, best_back: Decimal | None, best_lay: Decimal | None
) -> PlannedHedge:
    """The order that levels a position whose profit is ``if_wins`` or ``if_loses``, before commission.

    n = if_wins - if_loses. With n > 0 it lays at the best lay price, with n < 0 it backs at the best back price.
    The size |n| / price is floored to the penny, so that n never changes sign. Not limited by depth.
    """
    exposure = if_wins - if_loses
    if exposure == ZERO:
        return NOTHING_TO_HEDGE
    side, price = (Side.LAY, best_lay) if exposure > ZERO else (Side.BACK, best_back)
    if price is None:
        return PlannedHedge(side, None, None, None)
    size = floor_to_penny(divide(abs(exposure), price))
    after_win, after_loss = outcomes_after(if_wins, if_loses, side, price, size)
    return PlannedHedge(side, price, size, floor_to_penny(min(after_win, after_loss)))


def outcomes_after(
    if_wins: Decimal, if_loses: Decimal, side: Side, price: Decimal, size: Decimal
) -> tuple[Decimal, Decimal]:
    """Profit if the runner wins and if it loses, after ``size`` more is matched at ``price``; exact."""
    sign = 1 if side is Side.BACK else -1
    return if_wins + sign * size * (price - 1), if_loses - sign * size
