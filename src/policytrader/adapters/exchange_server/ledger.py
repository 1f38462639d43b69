"""What the control tells on GET: everything that the account has done, the same bytes as long as nothing happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.account import account_funds
from policytrader.adapters.exchange_server.bet_forms import current_order
from policytrader.adapters.exchange_server.wire import milliseconds_time
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.simulation.bets import Adjustment, SimulatedBet


def ledger(host: Host) -> dict[str, Any]:
    """Time, orders, matches, funds and faults. Called under the host's lock."""
    bets = host.exchange.bets.values()
    account = host.exchange.account
    return {
        "now": format_utc(host.now()),
        "orders": [_order(bet) for bet in bets],
        "matches": [match for bet in bets for match in _matches(bet)],
        "funds": account_funds(host) | {"balance": account.balance, "commission": account.commission},
        "faults": host.faults.hits(),
    }


def _order(bet: SimulatedBet) -> dict[str, Any]:
    """An order as the account lists it, also when it is settled; both references are there even if nobody gave them."""
    references = {"customerOrderRef": bet.order_ref, "customerStrategyRef": bet.strategy_ref}
    return current_order(bet, milliseconds_time, has_description=True) | references


def _matches(bet: SimulatedBet) -> list[dict[str, Any]]:
    """Each fragment as it matched, with what removals made of it afterwards."""
    open_adjustments = list(bet.adjustments)
    answers = []
    for match in bet.matches:
        price = match.price
        found: list[Adjustment] = []
        for adjustment in open_adjustments:
            if adjustment.old_price == price and adjustment.size == match.size:
                found.append(adjustment)
                price = adjustment.new_price
        for adjustment in found:
            open_adjustments.remove(adjustment)
        told = [_adjustment(one) for one in found]
        if bet.voided_at is not None:
            told.append(_voided(bet, bet.voided_at, price, match.size))
        answers.append(
            {
                "betId": bet.bet_id,
                "price": match.price,
                "size": match.size,
                "time": milliseconds_time(match.at),
                "adjustments": told,
            }
        )
    return answers


def _adjustment(adjustment: Adjustment) -> dict[str, Any]:
    return {
        "time": milliseconds_time(adjustment.at),
        "selectionId": adjustment.selection_id,
        "factor": adjustment.factor,
        "oldPrice": adjustment.old_price,
        "newPrice": adjustment.new_price,
        "size": adjustment.size,
        "isVoid": False,
    }


def _voided(bet: SimulatedBet, at: datetime, price: Decimal, size: Decimal) -> dict[str, Any]:
    """The runner itself was removed: nothing is left of the match."""
    return {
        "time": milliseconds_time(at),
        "selectionId": bet.selection_id,
        "factor": None,
        "oldPrice": price,
        "newPrice": None,
        "size": size,
        "isVoid": True,
    }
