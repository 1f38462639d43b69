"""The prices' operations: books of markets and of single runners, with the account's orders if asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server.bet_forms import book_order
from policytrader.adapters.exchange_server.catalogue import total_available
from policytrader.adapters.exchange_server.price_projection import (
    PriceData,
    PriceProjection,
    price_sizes,
    read_price_projection,
)
from policytrader.adapters.exchange_server.wire import milliseconds_time, seconds_time
from policytrader.model.money import ZERO, divide, half_up
from policytrader.model.snapshot import OrderStatus, RunnerStatus, Side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.wire import Fields
    from policytrader.simulation.bets import SimulatedBet
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import RunnerDefinition
    from policytrader.simulation.market import Market

_UNKNOWN_PRICE = "NaN"
_AVERAGE = Decimal("1e-8")


class OrderProjection(StrEnum):
    """Which orders are told."""

    ALL = "ALL"
    EXECUTABLE = "EXECUTABLE"
    EXECUTION_COMPLETE = "EXECUTION_COMPLETE"


class MatchProjection(StrEnum):
    """How matches are told."""

    NO_ROLLUP = "NO_ROLLUP"
    ROLLED_UP_BY_PRICE = "ROLLED_UP_BY_PRICE"
    ROLLED_UP_BY_AVG_PRICE = "ROLLED_UP_BY_AVG_PRICE"


@dataclass(frozen=True, slots=True)
class AccountProjection:
    """What of the account a book shows."""

    orders: OrderProjection | None
    matches: MatchProjection | None
    strategy_refs: tuple[str, ...] | None
    bet_ids: tuple[str, ...] | None
    matched_since: datetime | None
    by_strategy: bool

    @property
    def is_asked_for(self) -> bool:
        """Whether the read is one of orders, of which few may be in flight."""
        return self.orders is not None or self.matches is not None


def asks_for_orders(fields: Fields) -> bool:
    """Whether a book read is also a read of orders."""
    return fields.has("orderProjection") or fields.has("matchProjection")


def list_market_book(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listMarketBook``: markets by their ids; those that nobody knows are left out."""
    market_ids = fields.require("marketIds", fields.texts("marketIds"))
    prices = read_price_projection(fields)
    account = _read_account_projection(fields)
    prices.check_weight(len(market_ids))
    found = (host.exchange.markets.get(market_id) for market_id in dict.fromkeys(market_ids))
    return [_book(host, market, prices, account) for market in found if market is not None]


def list_runner_book(host: Host, fields: Fields) -> list[dict[str, Any]]:
    """``listRunnerBook``: one runner of one market."""
    market_id = fields.require("marketId", fields.text("marketId"))
    selection_id = fields.require("selectionId", fields.whole("selectionId"))
    fields.number("handicap")
    prices = read_price_projection(fields)
    account = _read_account_projection(fields)
    market = host.exchange.markets.get(market_id)
    if market is None:
        fields.refuse("marketId", "is no market")
    if all(runner.selection_id != selection_id for runner in market.definition.runners):
        fields.refuse("selectionId", "is no runner of the market")
    return [_book(host, market, prices, account, selection_id)]


def _read_account_projection(fields: Fields) -> AccountProjection:
    fields.flag("includeOverallPosition")
    return AccountProjection(
        orders=fields.choice("orderProjection", OrderProjection),
        matches=fields.choice("matchProjection", MatchProjection),
        strategy_refs=fields.texts("customerStrategyRefs"),
        bet_ids=fields.texts("betIds"),
        matched_since=fields.time("matchedSince"),
        by_strategy=fields.flag("partitionMatchedByStrategyRef"),
    )


def _book(
    host: Host,
    market: Market,
    prices: PriceProjection,
    account: AccountProjection,
    selection_id: int | None = None,
) -> dict[str, Any]:
    definition = market.definition
    answer: dict[str, Any] = {
        "marketId": definition.market_id,
        "isMarketDataDelayed": False,
        "status": definition.status.value,
        "betDelay": definition.bet_delay,
        "bspReconciled": definition.bsp_reconciled,
        "complete": True,
        "inplay": definition.in_play,
        "numberOfWinners": definition.number_of_winners,
        "numberOfRunners": len(definition.runners),
        "numberOfActiveRunners": sum(runner.status is RunnerStatus.ACTIVE for runner in definition.runners),
    }
    if (matched_at := host.last_match(definition.market_id)) is not None:
        answer["lastMatchTime"] = milliseconds_time(matched_at)
    bets = list(_shown_bets(host, definition.market_id, account)) if account.is_asked_for else []
    return answer | {
        "totalMatched": market.total_matched,
        "totalAvailable": total_available(market),
        "crossMatching": False,
        "runnersVoidable": False,
        "version": definition.version,
        "runners": [
            _runner(runner, market.books[runner.selection_id], prices)
            | _account_parts([bet for bet in bets if bet.selection_id == runner.selection_id], account)
            for runner in definition.runners
            if selection_id is None or runner.selection_id == selection_id
        ],
    }


def _runner(runner: RunnerDefinition, book: RunnerBook, prices: PriceProjection) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "selectionId": runner.selection_id,
        "handicap": runner.handicap,
        "status": runner.status.value,
    }
    if runner.adjustment_factor is not None:
        answer["adjustmentFactor"] = runner.adjustment_factor
    if book.last_traded is not None:
        answer["lastPriceTraded"] = book.last_traded
    answer["totalMatched"] = book.total_matched
    if runner.removed_at is not None:
        answer["removalDate"] = seconds_time(runner.removed_at)
    if prices.has_starting_prices:
        answer["sp"] = _starting_price(runner, book, prices)
    if prices.has_exchange_prices:
        traded = book.traded() if PriceData.EX_TRADED in prices.data else []
        answer["ex"] = {
            "availableToBack": prices.offers(book.available_to_back()),
            "availableToLay": prices.offers(book.available_to_lay()),
            "tradedVolume": price_sizes(traded),
        }
    return answer


def _starting_price(runner: RunnerDefinition, book: RunnerBook, prices: PriceProjection) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if PriceData.SP_AVAILABLE in prices.data:
        answer["nearPrice"] = _UNKNOWN_PRICE if book.near is None else book.near
        answer["farPrice"] = _UNKNOWN_PRICE if book.far is None else book.far
    # What others staked at the starting price is not part of this exchange.
    answer |= {"backStakeTaken": [], "layLiabilityTaken": []}
    if runner.starting_price is not None:
        answer["actualSP"] = runner.starting_price
    elif PriceData.SP_TRADED in prices.data:
        answer["actualSP"] = _UNKNOWN_PRICE
    return answer


def _shown_bets(host: Host, market_id: str, account: AccountProjection) -> Iterator[SimulatedBet]:
    """The account's bets in a market, which a settled market has none of any more."""
    market = host.exchange.markets[market_id]
    for bet in () if market.is_settled else market.bets.values():
        if (
            host.is_visible(bet.bet_id)
            and (account.bet_ids is None or bet.bet_id in account.bet_ids)
            and (account.strategy_refs is None or bet.strategy_ref in account.strategy_refs)
            and (
                account.matched_since is None
                or bet.is_open
                or (bet.matched_at is not None and bet.matched_at >= account.matched_since)
            )
        ):
            yield bet


def _account_parts(bets: list[SimulatedBet], account: AccountProjection) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if not bets:
        return answer
    if account.orders is not None:
        wanted = None if account.orders is OrderProjection.ALL else OrderStatus(account.orders)
        answer["orders"] = [book_order(bet) for bet in bets if wanted is None or bet.status is wanted]
    if account.matches is not None:
        answer["matches"] = _matches(bets, account.matches)
        if account.by_strategy:
            strategies: dict[str, list[SimulatedBet]] = {}
            for bet in bets:
                strategies.setdefault(bet.strategy_ref or "", []).append(bet)
            answer["matchesByStrategy"] = {
                strategy: {"matches": _matches(own, account.matches)} for strategy, own in strategies.items()
            }
    return answer


def _matches(bets: list[SimulatedBet], projection: MatchProjection) -> list[dict[str, Any]]:
    """What is matched and not void, at today's prices."""
    fragments = [
        (bet, number, match) for bet in bets if bet.size_matched for number, match in enumerate(bet.matches, 1)
    ]
    if projection is MatchProjection.NO_ROLLUP:
        return [
            {
                "betId": bet.bet_id,
                "matchId": f"{bet.bet_id}-{number}",
                "side": bet.side.value,
                "price": match.price_now,
                "size": match.size,
                "matchDate": seconds_time(match.at),
            }
            for bet, number, match in fragments
        ]
    sums: dict[tuple[Side, Decimal | None], tuple[Decimal, Decimal]] = {}
    for bet, _, match in fragments:
        by_price = match.price_now if projection is MatchProjection.ROLLED_UP_BY_PRICE else None
        size, payout = sums.get((bet.side, by_price), (ZERO, ZERO))
        sums[bet.side, by_price] = size + match.size, payout + match.size * match.price_now
    return [
        {"side": side.value, "price": half_up(divide(payout, size), _AVERAGE), "size": size}
        for (side, _), (size, payout) in sums.items()
    ]
