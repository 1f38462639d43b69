"""The exchange's answers as our own values: pure, every field checked; ``ExchangeError`` names a broken one's path.

Answers come as plain dicts and lists (the library's ``lightweight`` form), numbers exact. Fields that nobody here uses
are not looked at.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from policytrader.adapters.betfair.fields import Node, broken, nodes_of, once
from policytrader.model.bets import Bet, OrderType, Persistence
from policytrader.model.books import CatalogueMarket, CatalogueRunner, LiveMarket, LiveRunner, PriceSize
from policytrader.model.money import ZERO
from policytrader.model.reactions import Word
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side
from policytrader.ports import ClearedBet, ClearedMarket, ClearedStatus, Funds

if TYPE_CHECKING:
    from datetime import datetime

_NO_PRICE = Decimal(1)
_MAX_VERSION = 10**12 - 1


# --- Markets --------------------------------------------------------------------------------------------------------


def parse_catalogue(answer: object, path: str = "listMarketCatalogue") -> tuple[CatalogueMarket, ...]:
    """``listMarketCatalogue`` with event, type, start, description and runners, in the exchange's order."""
    markets = [_catalogue_market(node) for node in nodes_of(answer, path)]
    return tuple(once(markets, lambda market: market.market_id, path))


def _catalogue_market(node: Node) -> CatalogueMarket:
    description = node.node("description")
    event = node.node("event")
    ladder = description.optional_node("priceLadderDescription")
    market_type = description.text("marketType")
    runners = [
        CatalogueRunner(runner.selection_id(), runner.text("runnerName"), runner.whole("sortPriority"))
        for runner in node.nodes("runners")
    ]
    return CatalogueMarket(
        market_id=node.market_id(),
        market_name=node.text("marketName"),
        market_type=market_type,
        start=node.moment("marketStartTime") if node.has("marketStartTime") else description.moment("marketTime"),
        event_id=event.identifier("id"),
        event_name=event.text("name"),
        event_type_id=node.node("eventType").identifier("id"),
        venue=event.optional_text("venue"),
        country_code=event.optional_text("countryCode"),
        base_rate=description.size("marketBaseRate") if description.has("marketBaseRate") else None,
        ladder=ladder.text("type") if ladder is not None else None,
        is_each_way=market_type == "EACH_WAY" or description.has("eachWayDivisor"),
        runners=tuple(once(runners, lambda runner: runner.selection_id, node.where("runners"))),
    )


def parse_books(answer: object, published_at: datetime, path: str = "listMarketBook") -> tuple[LiveMarket, ...]:
    """``listMarketBook``: books in the exchange's order, as of ``published_at`` (the answer itself has no time)."""
    books = [
        parse_book(node, published_at, is_delayed=node.flag("isMarketDataDelayed")) for node in nodes_of(answer, path)
    ]
    return tuple(once(books, lambda book: book.market_id, path))


def parse_book(node: Node, published_at: datetime, *, is_delayed: bool) -> LiveMarket:
    """One book, of the API or of the stream."""
    runners = [_live_runner(runner) for runner in node.nodes("runners", required=True)]
    return LiveMarket(
        market_id=node.market_id(),
        status=node.word("status", MarketStatus),
        in_play=node.flag("inplay"),
        bet_delay=node.whole("betDelay", 0, 3600),
        version=node.whole("version", 0, _MAX_VERSION),
        number_of_winners=node.whole("numberOfWinners", 0, 1000),
        runners=tuple(once(runners, lambda runner: runner.selection_id, node.where("runners"))),
        published_at=published_at,
        is_delayed=is_delayed,
    )


def _live_runner(node: Node) -> LiveRunner:
    status = _runner_status(node)
    prices = node.optional_node("ex")
    starting = node.optional_node("sp")
    # What the exchange shows of a hidden runner (matched at 1.0) is no price, and it may come back with its old ones.
    is_hidden = status is RunnerStatus.HIDDEN
    last_traded = node.odds_or_none("lastPriceTraded")
    return LiveRunner(
        selection_id=node.selection_id(),
        status=status,
        back=() if prices is None or is_hidden else _ladder(prices, "availableToBack", rising=False),
        lay=() if prices is None or is_hidden else _ladder(prices, "availableToLay", rising=True),
        last_traded=None if is_hidden or last_traded == _NO_PRICE else last_traded,
        adjustment_factor=node.size("adjustmentFactor") if node.has("adjustmentFactor") else None,
        removed_at=node.optional_moment("removalDate"),
        starting_price=starting.starting_price("actualSP") if starting is not None else None,
    )


def _runner_status(node: Node) -> RunnerStatus:
    if not node.has("status"):
        return RunnerStatus.HIDDEN
    if node.values["status"] == "REMOVED_VACANT":  # greyhounds: nobody ran from this trap
        return RunnerStatus.REMOVED
    return node.word("status", RunnerStatus)


def _ladder(node: Node, key: str, *, rising: bool) -> tuple[PriceSize, ...]:
    levels: list[PriceSize] = []
    for level in node.nodes(key):
        price, size = level.price("price"), level.size("size")
        if levels and (price <= levels[-1].price if rising else price >= levels[-1].price):
            level.refuse("price", f"a worse price than the level before it, {levels[-1].price}")
        levels.append(PriceSize(price, size))
    return tuple(level for level in levels if level.size)


# --- Orders ---------------------------------------------------------------------------------------------------------


class Page(NamedTuple):
    """One page of a list that is longer."""

    rows: tuple[Node, ...]
    more: bool


def parse_page(answer: object, key: str, path: str) -> Page:
    """The rows of a page and whether more follow. An empty page after which more follows is refused."""
    node = Node(answer, path)
    rows = tuple(node.nodes(key, required=True))
    more = node.flag("moreAvailable")
    if more and not rows:
        node.refuse("moreAvailable", "false on an empty page")
    return Page(rows, more)


def parse_bet(node: Node) -> Bet:
    """One row of ``listCurrentOrders``. The sizes are the exchange's own; what they add up to is not judged here."""
    order_type = node.word("orderType", OrderType)
    limits = node.optional_node("priceSize")
    has_price = order_type is not OrderType.MARKET_ON_CLOSE and limits is not None
    if order_type is OrderType.LIMIT and limits is None:
        node.refuse("priceSize", "an object")
    matched = node.size("sizeMatched")
    return Bet(
        bet_id=node.identifier("betId"),
        market_id=node.market_id(),
        selection_id=node.selection_id(),
        side=node.word("side", Side),
        order_type=order_type,
        persistence=node.word("persistenceType", Persistence) if node.has("persistenceType") else None,
        # Not asked to stand on the ladder: a foreign bet may be on another one, and must not hide all others.
        price=limits.odds("price") if limits is not None and has_price else None,
        size=limits.size_or_zero("size") if limits is not None else ZERO,
        status=_bet_status(node),
        placed_at=node.moment("placedDate"),
        matched_at=node.optional_moment("matchedDate"),
        average_price_matched=node.odds("averagePriceMatched") if matched else None,
        size_matched=matched,
        size_remaining=node.size("sizeRemaining"),
        size_lapsed=node.size_or_zero("sizeLapsed"),
        size_cancelled=node.size_or_zero("sizeCancelled"),
        size_voided=node.size_or_zero("sizeVoided"),
        bsp_liability=node.size_or_zero("bspLiability"),
        order_ref=node.optional_text("customerOrderRef"),
        strategy_ref=node.optional_text("customerStrategyRef"),
    )


def _bet_status(node: Node) -> OrderStatus:
    status = node.values.get("status")
    if status == "EXPIRED":
        return OrderStatus.EXECUTION_COMPLETE
    if status == "PENDING":  # sent by someone asynchronously: nobody knows yet
        return OrderStatus.UNKNOWN
    if status == OrderStatus.UNKNOWN:  # our own word, not the exchange's
        node.refuse("status", "an order's status")
    return node.word("status", OrderStatus)


def parse_cleared_bet(node: Node, status: ClearedStatus) -> ClearedBet:
    """One row of ``listClearedOrders`` grouped by bet. What lapsed, was cancelled or void has no settled size."""
    settled = node.size_or_zero("sizeSettled")
    return ClearedBet(
        bet_id=node.identifier("betId"),
        market_id=node.market_id(),
        selection_id=node.selection_id(),
        side=node.word("side", Side),
        status=status,
        order_ref=node.optional_text("customerOrderRef"),
        strategy_ref=node.optional_text("customerStrategyRef"),
        size=settled or node.size_or_zero("sizeCancelled"),
        price=node.odds_or_none("priceMatched"),
        profit=node.amount("profit") if node.has("profit") or status is ClearedStatus.SETTLED else ZERO,
        outcome=node.optional_text("betOutcome"),
        settled_at=node.optional_moment("settledDate"),
        placed_at=node.optional_moment("placedDate"),
        is_price_reduced=node.has("priceReduced") and node.flag("priceReduced"),
    )


def parse_cleared_market(node: Node) -> ClearedMarket:
    """One row of ``listClearedOrders`` grouped by market."""
    return ClearedMarket(
        market_id=node.market_id(),
        profit=node.amount("profit"),
        commission=node.size("commission"),
        bet_count=node.whole("betCount"),
        settled_at=node.optional_moment("settledDate"),
    )


def parse_funds(answer: object, path: str = "getAccountFunds") -> Funds:
    """``getAccountFunds``; the limit comes as a negative number and is given as a positive one."""
    node = Node(answer, path)
    exposure = node.amount("exposure")
    if exposure > ZERO:
        node.refuse("exposure", "zero or negative")
    return Funds(
        available=node.amount("availableToBetBalance"),
        exposure=exposure,
        exposure_limit=abs(node.amount("exposureLimit")) if node.has("exposureLimit") else None,
    )


# --- Reports --------------------------------------------------------------------------------------------------------


class Report(NamedTuple):
    """A report: what it says of the request, and the object that speaks of the one order (None where none does)."""

    word: Word
    market_id: str | None
    request_ref: str | None
    order: Node | None


def parse_place_report(answer: object, path: str = "placeOrders") -> Report:
    """``placeOrders`` after one order was sent. Raises ``ExchangeError`` where it speaks of more than one."""
    node = Node(answer, path)
    orders = list(node.nodes("instructionReports"))
    if len(orders) > 1:
        raise broken(node.where("instructionReports"), len(orders), "a report on the one order sent")
    return Report(
        parse_word(node),
        node.optional_text("marketId"),
        node.optional_text("customerRef"),
        orders[0] if orders else None,
    )


def parse_cancel_report(answer: object, path: str = "cancelOrders") -> tuple[Report, dict[str, Node]]:
    """``cancelOrders``: the report itself, and what it says of each bet."""
    node = Node(answer, path)
    bets = [(report.node("instruction").identifier("betId"), report) for report in node.nodes("instructionReports")]
    once(bets, lambda bet: bet[0], node.where("instructionReports"))
    whole = Report(parse_word(node), node.optional_text("marketId"), node.optional_text("customerRef"), None)
    return whole, dict(bets)


def parse_word(node: Node) -> Word:
    """Status and error code of a report."""
    return Word(node.text("status"), node.optional_text("errorCode"))


class PlacedBet(NamedTuple):
    """What a report of success says of an order."""

    bet_id: str
    placed_at: datetime | None
    size_matched: Decimal
    average_price_matched: Decimal | None
    order_status: str | None


def parse_placed(node: Node) -> PlacedBet:
    """The bet of a successful report; old ones have no status."""
    matched = node.size_or_zero("sizeMatched")
    return PlacedBet(
        bet_id=node.identifier("betId"),
        placed_at=node.optional_moment("placedDate"),
        size_matched=matched,
        average_price_matched=node.odds("averagePriceMatched") if matched else None,
        order_status=node.optional_text("orderStatus"),
    )
