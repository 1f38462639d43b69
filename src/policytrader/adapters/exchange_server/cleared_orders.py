"""``listClearedOrders``: what is over of the account's bets, by bet or summed up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError
from policytrader.adapters.exchange_server.catalogue import event_type_name
from policytrader.adapters.exchange_server.current_orders import MAX_IDS
from policytrader.adapters.exchange_server.paging import cut, read_page
from policytrader.adapters.exchange_server.wire import TimeRange, milliseconds_time, seconds_time
from policytrader.model.bets import ClearedStatus
from policytrader.model.money import ZERO, divide, half_up
from policytrader.model.snapshot import Side
from policytrader.simulation.cleared import cleared_part
from policytrader.simulation.codes import BetOutcome

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.market import Market

KEPT_DAYS = 90
_AVERAGE = Decimal("1e-8")


class GroupBy(StrEnum):
    """What is summed up."""

    EVENT_TYPE = "EVENT_TYPE"
    EVENT = "EVENT"
    MARKET = "MARKET"
    RUNNER = "RUNNER"
    SIDE = "SIDE"
    BET = "BET"
    STRATEGY = "STRATEGY"


_WITH_COMMISSION = frozenset({GroupBy.MARKET, GroupBy.EVENT, GroupBy.EVENT_TYPE})


@dataclass(frozen=True, slots=True)
class ClearedRow:
    """The part of a bet that ended in one way."""

    bet: SimulatedBet
    market: Market
    size: Decimal
    at: datetime

    @property
    def definition(self) -> MarketDefinition:
        """Its market."""
        return self.market.definition

    @property
    def profit(self) -> Decimal:
        """Before commission."""
        return self.bet.settled.profit if self.bet.settled is not None else ZERO


@dataclass(frozen=True, slots=True)
class ClearedQuery:
    """Which rows are asked for, and how."""

    status: ClearedStatus
    event_type_ids: tuple[str, ...] | None
    event_ids: tuple[str, ...] | None
    market_ids: tuple[str, ...] | None
    runners: frozenset[tuple[str, int]] | None
    bet_ids: tuple[str, ...] | None
    order_refs: tuple[str, ...] | None
    strategy_refs: tuple[str, ...] | None
    side: Side | None
    settled: TimeRange
    group_by: GroupBy
    has_description: bool

    def allows(self, row: ClearedRow) -> bool:
        """Whether a row is one of those."""
        bet, definition = row.bet, row.definition
        wanted = (
            (self.event_type_ids, definition.event_type_id),
            (self.event_ids, definition.event_id),
            (self.market_ids, definition.market_id),
            (self.bet_ids, bet.bet_id),
            (self.order_refs, bet.order_ref),
            (self.strategy_refs, bet.strategy_ref),
        )
        return (
            all(values is None or value in values for values, value in wanted)
            and (self.runners is None or (bet.market_id, bet.selection_id) in self.runners)
            and (self.side is None or bet.side is self.side)
            and self.settled.has(row.at)
        )


def list_cleared_orders(host: Host, fields: Fields) -> dict[str, Any]:
    """One page, the latest settled first. Details of lapsed and cancelled bets exist only by bet."""
    query = _read_query(fields)
    page = read_page(fields)
    oldest = host.now() - timedelta(days=KEPT_DAYS)
    rows = [row for row in _rows(host, query.status) if row.at >= oldest and query.allows(row)]
    rows.sort(key=lambda row: row.at, reverse=True)
    if query.group_by is GroupBy.BET:
        shown, has_more = cut(rows, page)
        answers = [_bet(row, query) for row in shown]
    elif query.status in {ClearedStatus.LAPSED, ClearedStatus.CANCELLED}:
        answers, has_more = [], False
    else:
        groups: dict[Hashable, list[ClearedRow]] = {}
        for row in rows:
            groups.setdefault(_key(row, query.group_by), []).append(row)
        group_rows, has_more = cut(list(groups.values()), page)
        answers = [_group(group, query) for group in group_rows]
    return {"clearedOrders": answers, "moreAvailable": has_more}


def _read_query(fields: Fields) -> ClearedQuery:
    status = fields.require("betStatus", fields.choice("betStatus", ClearedStatus))
    market_ids, bet_ids = fields.texts("marketIds"), fields.texts("betIds")
    if len(market_ids or ()) + len(bet_ids or ()) > MAX_IDS:
        raise ApingError(ApingCode.REQUEST_SIZE_EXCEEDS_LIMIT, f"more than {MAX_IDS} bets and markets")
    runners = fields.parts("runnerIds")
    return ClearedQuery(
        status=status,
        event_type_ids=fields.texts("eventTypeIds"),
        event_ids=fields.texts("eventIds"),
        market_ids=market_ids,
        runners=frozenset(
            (part.require("marketId", part.text("marketId")), part.require("selectionId", part.whole("selectionId")))
            for part in runners
        )
        if runners
        else None,
        bet_ids=bet_ids,
        order_refs=fields.texts("customerOrderRefs"),
        strategy_refs=fields.texts("customerStrategyRefs"),
        side=fields.choice("side", Side),
        settled=fields.time_range("settledDateRange"),
        group_by=fields.choice("groupBy", GroupBy) or GroupBy.BET,
        has_description=fields.flag("includeItemDescription"),
    )


def _rows(host: Host, status: ClearedStatus) -> Iterator[ClearedRow]:
    exchange = host.exchange
    for bet in exchange.bets.values():
        market = exchange.markets[bet.market_id]
        if host.is_visible(bet.bet_id) and (part := cleared_part(bet, market, status)) is not None:
            yield ClearedRow(bet, market, part.size, part.at)


def _bet(row: ClearedRow, query: ClearedQuery) -> dict[str, Any]:
    bet = row.bet
    answer: dict[str, Any] = {
        "eventTypeId": row.definition.event_type_id,
        "eventId": row.definition.event_id,
        "marketId": bet.market_id,
        "selectionId": bet.selection_id,
        "handicap": bet.handicap,
        "betId": bet.bet_id,
        "placedDate": seconds_time(bet.placed_at),
        "persistenceType": bet.persistence.value if bet.persistence else "LAPSE",
        "orderType": bet.order_type.value,
        "side": bet.side.value,
    }
    if query.has_description:
        answer["itemDescription"] = _description(row)
    if query.status is ClearedStatus.SETTLED and bet.settled is not None:
        answer["betOutcome"] = bet.settled.outcome.value
    elif query.status is ClearedStatus.VOIDED:
        answer["betOutcome"] = BetOutcome.VOID.value
    answer |= {"priceRequested": bet.price or ZERO, "settledDate": seconds_time(row.at)}
    if bet.matched_at is not None:
        answer["lastMatchedDate"] = seconds_time(bet.matched_at)
    answer["betCount"] = 1
    if query.status in {ClearedStatus.SETTLED, ClearedStatus.VOIDED}:
        answer |= {
            "priceMatched": bet.average_price_matched or ZERO,
            "priceReduced": bet.settled.price_reduced if bet.settled is not None else False,
            "sizeSettled": row.size,
            "profit": row.profit if query.status is ClearedStatus.SETTLED else ZERO,
        }
    else:
        answer["sizeCancelled"] = row.size
    references = {"customerOrderRef": bet.order_ref, "customerStrategyRef": bet.strategy_ref}
    return answer | {name: reference for name, reference in references.items() if reference is not None}


def _key(row: ClearedRow, group_by: GroupBy) -> Hashable:
    definition = row.definition
    match group_by:
        case GroupBy.EVENT_TYPE:
            return definition.event_type_id
        case GroupBy.EVENT:
            return definition.event_id
        case GroupBy.MARKET:
            return definition.market_id
        case GroupBy.RUNNER:
            return (definition.market_id, row.bet.selection_id)
        case GroupBy.SIDE:
            return (definition.market_id, row.bet.selection_id, row.bet.side)
        case GroupBy.STRATEGY:
            return row.bet.strategy_ref or ""
        case GroupBy.BET:
            return row.bet.bet_id


def _group(rows: list[ClearedRow], query: ClearedQuery) -> dict[str, Any]:
    first, group_by = rows[0], query.group_by
    answer: dict[str, Any] = {}
    if group_by is not GroupBy.STRATEGY:
        answer["eventTypeId"] = first.definition.event_type_id
        if group_by is not GroupBy.EVENT_TYPE:
            answer["eventId"] = first.definition.event_id
    if group_by in {GroupBy.MARKET, GroupBy.RUNNER, GroupBy.SIDE}:
        answer["marketId"] = first.definition.market_id
    if group_by in {GroupBy.RUNNER, GroupBy.SIDE}:
        answer |= {"selectionId": first.bet.selection_id, "handicap": first.bet.handicap}
    if group_by is GroupBy.SIDE:
        size = sum((row.size for row in rows), ZERO)
        payout = sum((row.size * (row.bet.average_price_matched or ZERO) for row in rows), ZERO)
        answer |= {
            "side": first.bet.side.value,
            "priceMatched": half_up(divide(payout, size), _AVERAGE),
            "sizeSettled": size,
        }
    if group_by is GroupBy.STRATEGY and first.bet.strategy_ref is not None:
        answer["customerStrategyRef"] = first.bet.strategy_ref
    if query.has_description and "marketId" in answer:
        answer["itemDescription"] = _description(first)
    answer |= {"settledDate": seconds_time(max(row.at for row in rows)), "betCount": len(rows)}
    is_settled = query.status is ClearedStatus.SETTLED
    if group_by in _WITH_COMMISSION:
        markets = {row.definition.market_id: row.market for row in rows}
        charged = sum((market.commission or ZERO for market in markets.values()), ZERO)
        answer["commission"] = charged if is_settled else ZERO
    return answer | {"profit": sum((row.profit for row in rows), ZERO) if is_settled else ZERO}


def _description(row: ClearedRow) -> dict[str, Any]:
    definition = row.definition
    names = {runner.selection_id: runner.name for runner in definition.runners}
    answer: dict[str, Any] = {
        "eventTypeDesc": event_type_name(definition.event_type_id),
        "eventDesc": definition.event_name,
        "marketDesc": definition.name,
        "marketType": definition.market_type,
        "marketStartTime": milliseconds_time(definition.start),
        "runnerDesc": names[row.bet.selection_id],
        "numberOfWinners": definition.number_of_winners,
    }
    if definition.each_way_divisor is not None:
        answer["eachWayDivisor"] = definition.each_way_divisor
    return answer
