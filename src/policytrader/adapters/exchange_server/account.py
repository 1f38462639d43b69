"""The account's operations: funds, details, profit and loss of open markets, the heartbeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError
from policytrader.model.money import ONE, ZERO, half_up
from policytrader.model.snapshot import MarketStatus, Side

if TYPE_CHECKING:
    from decimal import Decimal

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields
    from policytrader.simulation.market import Market

MAX_WEIGHT, MARKET_WEIGHT = 200, 4
_HUNDRED = 100


def account_funds(host: Host) -> dict[str, Any]:
    """The funds in the exchange's form: exposure and its limit are negative."""
    account = host.exchange.account
    return {
        "availableToBetBalance": account.available,
        "exposure": account.exposure,
        "retainedCommission": ZERO,
        "exposureLimit": -account.exposure_limit,
        "discountRate": ZERO,
        "pointsBalance": 0,
        "wallet": "UK",
    }


def get_account_funds(host: Host, fields: Fields) -> dict[str, Any]:
    """``getAccountFunds``: what may still be risked, and what is at risk."""
    fields.text("wallet")
    return account_funds(host)


def get_account_details(host: Host, fields: Fields) -> dict[str, Any]:  # noqa: ARG001 - as every read is called
    """``getAccountDetails``: a made-up customer in the United Kingdom."""
    return {
        "currencyCode": "GBP",
        "firstName": "Paper",
        "lastName": "Trader",
        "localeCode": "en",
        "region": "GBR",
        "timezone": "Europe/London",
        "discountRate": ZERO,
        "pointsBalance": 0,
        "countryCode": "GB",
    }


def heartbeat(host: Host, fields: Fields) -> dict[str, Any]:
    """``heartbeat``: be heard from again within the timeout, or have the unmatched bets cancelled."""
    preferred = fields.require("preferredTimeoutSeconds", fields.whole("preferredTimeoutSeconds"))
    if preferred < 0:
        fields.refuse("preferredTimeoutSeconds", "is negative")
    seconds, action = host.heartbeat.beat(host.now(), preferred)
    return {"actualTimeoutSeconds": seconds, "actionPerformed": action}


def list_market_profit_and_loss(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listMarketProfitAndLoss``: what the matched bets come to in markets that are not closed."""
    market_ids = fields.require("marketIds", fields.texts("marketIds"))
    if MARKET_WEIGHT * len(market_ids) > MAX_WEIGHT:
        raise ApingError(ApingCode.TOO_MUCH_DATA, "data weight x markets is more than 200")
    is_net = fields.flag("netOfCommission")
    has_unmatched_bsp = fields.flag("includeBspBets")
    fields.flag("includeSettledBets")
    found = (host.exchange.markets.get(market_id) for market_id in dict.fromkeys(market_ids))
    return [
        _profit_and_loss(market, is_net=is_net, has_unmatched_bsp=has_unmatched_bsp)
        for market in found
        if market is not None and market.definition.status is not MarketStatus.CLOSED
    ]


def _profit_and_loss(market: Market, *, is_net: bool, has_unmatched_bsp: bool) -> dict[str, Any]:
    definition = market.definition
    wins: dict[int, Decimal] = {}
    losses: dict[int, Decimal] = {}
    for selection_id, result in market.profit_and_loss().items():
        wins[selection_id], losses[selection_id] = result.if_win, result.if_lose
    if has_unmatched_bsp:
        _add_unmatched_bsp(market, wins, losses)
    kept = ONE - definition.base_rate / _HUNDRED if is_net else ONE

    def net(amount: Decimal) -> Decimal:
        return half_up(amount * kept if amount > ZERO else amount)

    answer: dict[str, Any] = {"marketId": definition.market_id}
    if is_net:
        answer["commissionApplied"] = definition.base_rate
    if definition.number_of_winners == 1:
        everything = sum(losses.values(), ZERO)
        rows = [{"selectionId": one, "ifWin": net(everything - losses[one] + wins[one])} for one in wins]
    else:
        rows = [{"selectionId": one, "ifWin": net(wins[one]), "ifLose": net(losses[one])} for one in wins]
    return answer | {"profitAndLosses": rows}


def _add_unmatched_bsp(market: Market, wins: dict[int, Decimal], losses: dict[int, Decimal]) -> None:
    """A starting-price order has no price yet: what is known of it is what it can lose."""
    for bet in market.open_bets.values():
        if bet.is_on_close_open and bet.selection_id in wins:
            at_risk = losses if bet.side is Side.BACK else wins
            at_risk[bet.selection_id] -= bet.bsp_liability
