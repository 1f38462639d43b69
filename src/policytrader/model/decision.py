"""What is decided about a selection: the words of the plan (``docs/plan.md``)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.model.snapshot import Side


class Verdict(StrEnum):
    """May the selection still be bet?"""

    KEEP = "keep"
    HOLD = "hold"
    INVALIDATE = "invalidate"


class Action(StrEnum):
    """What would be done, in the order of the plan's summary."""

    PLACE = "PLACE"
    CASH_OUT = "CASH_OUT"
    CANCEL = "CANCEL"
    WAIT = "WAIT"
    DONE = "DONE"
    HOLD = "HOLD"
    BLOCKED = "BLOCKED"
    INVALID = "INVALID"
    CLOSED = "CLOSED"


class PlannedOrder(NamedTuple):
    """The order that would be placed."""

    side: Side
    price: Decimal
    size: Decimal


class PlannedHedge(NamedTuple):
    """The hedge that would close a position.

    ``locked`` is the worse of the two outcomes after exactly this hedge, before commission, floored to the penny.
    Without a price: price, size and locked are None; with nothing left to hedge, side too.
    """

    side: Side | None
    price: Decimal | None
    size: Decimal | None
    locked: Decimal | None


class Stake(NamedTuple):
    """The ladder's view, exact: BACK in stake, LAY in liability. ``step`` is None from the off on."""

    step: str | None
    target: Decimal
    cap: Decimal
    exposure: Decimal

    @property
    def remaining(self) -> Decimal:
        """Target less exposure; negative when the exposure is beyond the step."""
        return self.target - self.exposure


class PriceView(NamedTuple):
    """The price that was asked for, and what the market offers on the selection's side."""

    requested: Decimal
    available: Decimal | None
    depth: Decimal | None
    meets: bool
    amended_average: Decimal | None
