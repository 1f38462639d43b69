"""``listCurrentOrders``: the account's bets in markets that are not settled."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError
from policytrader.adapters.exchange_server.bet_forms import current_order
from policytrader.adapters.exchange_server.books import OrderProjection
from policytrader.adapters.exchange_server.paging import cut, read_page
from policytrader.model.money import ZERO
from policytrader.model.snapshot import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields
    from policytrader.simulation.bets import SimulatedBet

MAX_IDS = 250
"""Bets and markets together in one request."""


class OrderBy(StrEnum):
    """The order of the list, and with it which bets are in it at all."""

    BY_BET = "BY_BET"
    BY_MARKET = "BY_MARKET"
    BY_MATCH_TIME = "BY_MATCH_TIME"
    BY_PLACE_TIME = "BY_PLACE_TIME"
    BY_SETTLED_TIME = "BY_SETTLED_TIME"
    BY_VOID_TIME = "BY_VOID_TIME"


class SortDirection(StrEnum):
    """Earliest or latest first."""

    EARLIEST_TO_LATEST = "EARLIEST_TO_LATEST"
    LATEST_TO_EARLIEST = "LATEST_TO_EARLIEST"


def list_current_orders(host: Host, fields: Fields, late: timedelta = timedelta()) -> dict[str, Any]:
    """One page. With ``late``, bets placed less than that long ago are not shown yet."""
    bet_ids, market_ids = fields.texts("betIds"), fields.texts("marketIds")
    if len(bet_ids or ()) + len(market_ids or ()) > MAX_IDS:
        raise ApingError(ApingCode.REQUEST_SIZE_EXCEEDS_LIMIT, f"more than {MAX_IDS} bets and markets")
    projection = fields.choice("orderProjection", OrderProjection) or OrderProjection.ALL
    status = None if projection is OrderProjection.ALL else OrderStatus(projection)
    order_refs, strategy_refs = fields.texts("customerOrderRefs"), fields.texts("customerStrategyRefs")
    dates = fields.time_range("dateRange")
    order_by = fields.choice("orderBy", OrderBy) or OrderBy.BY_PLACE_TIME
    is_latest_first = fields.choice("sortDir", SortDirection) is SortDirection.LATEST_TO_EARLIEST
    has_description = fields.flag("includeItemDescription")
    page = read_page(fields)
    newest = host.now() - late
    rows = [
        (moment, bet)
        for bet in _unsettled(host, market_ids)
        if (moment := _moment(bet, order_by)) is not None
        and (bet_ids is None or bet.bet_id in bet_ids)
        and (status is None or bet.status is status)
        and (order_refs is None or bet.order_ref in order_refs)
        and (strategy_refs is None or bet.strategy_ref in strategy_refs)
        and dates.has(moment)
        and (not late or bet.placed_at <= newest)
        and host.is_visible(bet.bet_id)
    ]
    if order_by is OrderBy.BY_MARKET:
        rows.sort(key=lambda row: (row[1].market_id, row[0]), reverse=is_latest_first)
    else:
        rows.sort(key=lambda row: row[0], reverse=is_latest_first)
    shown, has_more = cut(rows, page)
    return {
        "currentOrders": [current_order(bet, has_description=has_description) for _, bet in shown],
        "moreAvailable": has_more,
    }


def _unsettled(host: Host, market_ids: tuple[str, ...] | None) -> Iterator[SimulatedBet]:
    """In the order of placing. Settled bets have moved to the cleared ones."""
    exchange = host.exchange
    for bet in exchange.bets.values():
        if (market_ids is None or bet.market_id in market_ids) and not exchange.markets[bet.market_id].is_settled:
            yield bet


def _moment(bet: SimulatedBet, order_by: OrderBy) -> datetime | None:
    """The time that an order of the list goes by; None leaves the bet out."""
    match order_by:
        case OrderBy.BY_BET | OrderBy.BY_MARKET | OrderBy.BY_PLACE_TIME:
            return bet.placed_at
        case OrderBy.BY_MATCH_TIME:
            return bet.matched_at if bet.size_matched > ZERO else None
        case OrderBy.BY_VOID_TIME:
            return bet.voided_at if bet.size_voided > ZERO else None
        case OrderBy.BY_SETTLED_TIME:
            return None  # a settled bet is not a current one any more
