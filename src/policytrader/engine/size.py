"""How much to bet: the room that is left, as a size at a price."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.money import ZERO, floor_to_penny, size_for_liability
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.model.snapshot import Runner


class OwnPrices(NamedTuple):
    """What is offered on a pick's runner; None is missing."""

    best_back: Decimal | None
    best_back_size: Decimal | None
    best_lay: Decimal | None
    best_lay_size: Decimal | None
    last_traded: Decimal | None


def offered(side: Side, runner: Runner | OwnPrices) -> tuple[Decimal | None, Decimal | None]:
    """The best price for a bet on ``side``, and the money there."""
    if side is Side.BACK:
        return runner.best_back, runner.best_back_size
    return runner.best_lay, runner.best_lay_size


def size_of(remaining: Decimal, side: Side, price: Decimal, depth: Decimal | None) -> Decimal:
    """The order's size: ``remaining`` stake (BACK) or liability (LAY), never above the depth, floored to the penny.

    No depth given is no depth. ``price`` stands on the ladder, so it is at least 1.01.
    """
    wanted = floor_to_penny(remaining) if side is Side.BACK else size_for_liability(remaining, price)
    return min(wanted, floor_to_penny(depth if depth is not None else ZERO))
