"""How much to bet: the room that is left, as a size at a price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.money import ZERO, floor_to_penny, size_for_liability
from policytrader.model.snapshot import Side

if TYPE_CHECKING:
    from decimal import Decimal


def size_of(remaining: Decimal, side: Side, price: Decimal, depth: Decimal | None) -> Decimal:
    """The order's size: ``remaining`` stake (BACK) or liability (LAY), never above the depth, floored to the penny.

    No depth given is no depth. ``price`` stands on the ladder, so it is at least 1.01.
    """
    wanted = floor_to_penny(remaining) if side is Side.BACK else size_for_liability(remaining, price)
    return min(wanted, floor_to_penny(depth if depth is not None else ZERO))
