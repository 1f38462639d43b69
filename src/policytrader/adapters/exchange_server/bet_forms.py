"""A bet in the forms in which the exchange tells of it: the account's list, and a runner's orders in a book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.wire import seconds_time
from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.simulation.bets import SimulatedBet

REGULATOR_CODE = "MALTA LOTTERIES AND GAMBLING AUTHORITY"
_NO_PERSISTENCE = "LAPSE"


def current_order(
    bet: SimulatedBet,
    write_time: Callable[[datetime], str] = seconds_time,
    *,
    has_description: bool = False,
) -> dict[str, Any]:
    """One of ``currentOrders``. The exchange writes times in whole seconds; the ledger hands in a finer writer."""
    answer: dict[str, Any] = {
        "betId": bet.bet_id,
        "marketId": bet.market_id,
        "selectionId": bet.selection_id,
        "handicap": bet.handicap,
        "priceSize": {"price": bet.price or ZERO, "size": bet.size if bet.bsp_liability == ZERO else ZERO},
        "bspLiability": bet.bsp_liability,
        "side": bet.side.value,
        "status": bet.status.value,
        "persistenceType": bet.persistence.value if bet.persistence is not None else _NO_PERSISTENCE,
        "orderType": bet.order_type.value,
        "placedDate": write_time(bet.placed_at),
    }
    if bet.matched_at is not None:
        answer["matchedDate"] = write_time(bet.matched_at)
    answer |= {
        "averagePriceMatched": bet.average_price_matched or ZERO,
        "sizeMatched": bet.size_matched,
        "sizeRemaining": bet.size_remaining,
        "sizeLapsed": bet.size_lapsed,
        "sizeCancelled": bet.size_cancelled,
        "sizeVoided": bet.size_voided,
        "regulatorCode": REGULATOR_CODE,
    }
    if bet.lapsed_at is not None:
        answer["lapsedDate"] = write_time(bet.lapsed_at)
    if bet.lapse_code is not None:
        answer["lapseStatusReasonCode"] = bet.lapse_code.value
    if bet.cancelled_at is not None:
        answer["cancelledDate"] = write_time(bet.cancelled_at)
    answer |= _references(bet)
    if has_description and bet.market_version is not None:
        answer["currentItemDescription"] = {"marketVersion": {"version": bet.market_version}}
    return answer


def book_order(bet: SimulatedBet) -> dict[str, Any]:
    """One of a runner's ``orders``."""
    return {
        "betId": bet.bet_id,
        "orderType": bet.order_type.value,
        "status": bet.status.value,
        "persistenceType": bet.persistence.value if bet.persistence is not None else _NO_PERSISTENCE,
        "side": bet.side.value,
        "price": bet.price or ZERO,
        "size": bet.size if bet.bsp_liability == ZERO else ZERO,
        "bspLiability": bet.bsp_liability,
        "placedDate": seconds_time(bet.placed_at),
        "avgPriceMatched": bet.average_price_matched or ZERO,
        "sizeMatched": bet.size_matched,
        "sizeRemaining": bet.size_remaining,
        "sizeLapsed": bet.size_lapsed,
        "sizeCancelled": bet.size_cancelled,
        "sizeVoided": bet.size_voided,
        **_references(bet),
    }


def _references(bet: SimulatedBet) -> dict[str, str]:
    references = {"customerOrderRef": bet.order_ref, "customerStrategyRef": bet.strategy_ref}
    return {name: reference for name, reference in references.items() if reference is not None}
