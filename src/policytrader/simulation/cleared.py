"""What is over of a bet, as the account lists it: settled parts with the result, others as soon as they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.bets import ClearedStatus
from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.market import Market


class ClearedPart(NamedTuple):
    """A part of a bet that is over. An on-close order that lapsed never had a size: its liability stands for it."""

    size: Decimal
    at: datetime


def cleared_part(bet: SimulatedBet, market: Market, status: ClearedStatus) -> ClearedPart | None:
    """The part of the bet that ended in this way; None where nothing did."""
    size, at = ZERO, None
    match status:
        case ClearedStatus.SETTLED:
            if bet.settled is not None:
                size, at = bet.size_matched, bet.settled.at
        case ClearedStatus.VOIDED:
            size, at = bet.size_voided, bet.voided_at
        case ClearedStatus.LAPSED:
            is_on_close = bet.lapsed_at is not None and not bet.matches and not bet.size
            size, at = bet.bsp_liability if is_on_close else bet.size_lapsed, bet.lapsed_at
        case ClearedStatus.CANCELLED:
            size, at = bet.size_cancelled, bet.cancelled_at
    at = at or market.definition.settled_at
    return ClearedPart(size, at) if size and at is not None else None
