"""Reads over the wire: complete pages, requests within the exchange's limits, nothing made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair.pages import MAX_PAGES
from policytrader.adapters.betfair.prices import BetfairPrices
from policytrader.errors import ExchangeError
from policytrader.model.books import MarketFilter
from policytrader.model.orders import Reaction
from policytrader.ports import ClearedStatus
from tests.adapters.betfair.scripted import exception, result

if TYPE_CHECKING:
    from policytrader.adapters.betfair.exchange import BetfairExchange
    from policytrader.adapters.betfair.wire import Wire
    from tests.adapters.betfair.scripted import Scripted, SteppedClock


def bet(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "betId": str(number),
        "marketId": "1.234",
        "selectionId": 11,
        "handicap": 0,
        "priceSize": {"price": 3.05, "size": 2.0},
        "bspLiability": 0,
        "side": "BACK",
        "status": "EXECUTABLE",
        "persistenceType": "LAPSE",
        "orderType": "LIMIT",
        "placedDate": "2026-05-02T12:00:00.000Z",
        "averagePriceMatched": 0,
        "sizeMatched": 0,
        "sizeRemaining": 2.0,
        "sizeLapsed": 0,
        "sizeCancelled": 0,
        "sizeVoided": 0,
    } | changes


def page(numbers: range | list[int], *, more: bool) -> Any:
    return result({"currentOrders": [bet(number) for number in numbers], "moreAvailable": more})


def test_one_page_is_one_read(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.append(page([10, 9], more=False))
    assert [one.bet_id for one in exchange.current_bets()] == ["9", "10"]
    (asked,) = server.asked
    assert asked.rpc["params"] == {
        "orderProjection": "ALL",
        "orderBy": "BY_PLACE_TIME",
        "sortDir": "EARLIEST_TO_LATEST",
        "fromRecord": 0,
        "recordCount": 1000,
    }


def test_all_pages_are_read_until_two_passes_agree(exchange: BetfairExchange, server: Scripted) -> None:
    # Between the pages of the first pass a bet leaves the first page: bet 4 is never shown.
    server.script.extend(
        [
            page([1, 2, 3], more=True),
            page([5], more=False),
            page([2, 3, 4], more=True),
            page([5], more=False),
            page([2, 3, 4], more=True),
            page([5, 6], more=False),
            page([2, 3, 4], more=True),
            page([5, 6], more=False),
        ]
    )
    assert [one.bet_id for one in exchange.current_bets()] == ["2", "3", "4", "5", "6"]
    assert [asked.rpc["params"]["fromRecord"] for asked in server.asked] == [0, 3] * 4


def test_passes_that_never_agree_are_no_data(exchange: BetfairExchange, server: Scripted) -> None:
    for number in range(5):
        server.script.extend([page([number], more=True), page([100 + number], more=False)])
    with pytest.raises(ExchangeError, match="no two of 5") as raised:
        exchange.current_bets()
    assert raised.value.reactions == {Reaction.BACK_OFF}


@pytest.mark.parametrize(("second", "told"), [([1, 2], "brings nothing new"), ([], "false on an empty page")])
def test_pages_that_do_not_end_are_no_data(
    second: list[int], told: str, exchange: BetfairExchange, server: Scripted
) -> None:
    server.script.extend([page([1, 2], more=True), page(second, more=True)])
    with pytest.raises(ExchangeError, match=told):
        exchange.current_bets()


def test_pages_that_always_bring_something_new_are_no_data(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.extend([page([number], more=True) for number in range(MAX_PAGES + 1)])
    with pytest.raises(ExchangeError, match=f"is number {MAX_PAGES} and is not the last"):
        exchange.current_bets()


def test_a_bet_twice_on_a_page_is_no_data(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.append(page([1, 1], more=False))
    with pytest.raises(ExchangeError, match=r"listCurrentOrders\.currentOrders\[1\] = '1'"):
        exchange.current_bets()


def test_filters_stay_within_the_limit(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.extend([page([], more=False)] * 20)
    exchange.current_bets(bet_ids=[str(number) for number in range(1, 301)], market_ids=["1.1", "1.1"])
    asked = [one.rpc["params"] for one in server.asked]
    assert [len(one["betIds"]) + len(one["marketIds"]) for one in asked] == [126, 126, 51]
    assert {bet_id for one in asked for bet_id in one["betIds"]} == {str(number) for number in range(1, 301)}


def test_cleared_reads_name_status_group_and_time(exchange: BetfairExchange, server: Scripted) -> None:
    row = {
        "betId": "7",
        "marketId": "1.234",
        "selectionId": 11,
        "side": "BACK",
        "placedDate": "2026-05-02T12:00:00.000Z",
        "settledDate": "2026-05-02T14:00:00.000Z",
        "betOutcome": "WON",
        "priceMatched": 3.05,
        "priceReduced": True,
        "sizeSettled": 2.0,
        "profit": 4.1,
        "customerOrderRef": "o-1",
    }
    market = {"marketId": "1.234", "profit": 4.1, "commission": 0.21, "betCount": 1}
    server.script.append(result({"clearedOrders": [row], "moreAvailable": False}))
    server.script.append(result({"clearedOrders": [market], "moreAvailable": False}))
    since = datetime(2026, 5, 2, 9, tzinfo=UTC)
    (cleared,) = exchange.cleared_bets(ClearedStatus.SETTLED, since=since, order_refs=["o-1"])
    assert (cleared.profit, cleared.size, cleared.price, cleared.outcome, cleared.is_price_reduced) == (
        Decimal("4.1"),
        Decimal(2),
        Decimal("3.05"),
        "WON",
        True,
    )
    (sums,) = exchange.cleared_markets(since=since)
    assert (sums.profit, sums.commission) == (Decimal("4.1"), Decimal("0.21"))
    bets, markets = (asked.rpc["params"] for asked in server.asked)
    assert bets == {
        "betStatus": "SETTLED",
        "groupBy": "BET",
        "customerOrderRefs": ["o-1"],
        "settledDateRange": {"from": "2026-05-02T09:00:00Z"},
        "fromRecord": 0,
        "recordCount": 1000,
    }
    assert markets["groupBy"] == "MARKET"


# --- Prices -----------------------------------------------------------------------------------------------------------


def book(market_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "marketId": market_id,
        "isMarketDataDelayed": False,
        "status": "OPEN",
        "betDelay": 0,
        "inplay": False,
        "numberOfWinners": 1,
        "version": 5,
        "runners": [{"selectionId": 11, "status": "ACTIVE"}],
    } | changes


@pytest.mark.parametrize(("depth", "sizes"), [(3, [40, 40, 20]), (4, [30, 30, 30, 10]), (10, [12] * 8 + [4])])
def test_books_keep_the_data_weight(depth: int, sizes: list[int], wire: Wire, server: Scripted) -> None:
    server.script.extend([result(lambda asked: [book(one) for one in reversed(asked["marketIds"])])] * len(sizes))
    wanted = [f"1.{number}" for number in range(100)]
    found = BetfairPrices(wire, depth=depth).books([*wanted, "1.0"])
    assert [one.market_id for one in found] == wanted
    asked = [one.rpc["params"] for one in server.asked]
    assert [len(one["marketIds"]) for one in asked] == sizes
    assert all(len(one["marketIds"]) * 5 * depth / 3 <= 200 for one in asked)
    overrides = {one["priceProjection"].get("exBestOffersOverrides", {}).get("bestPricesDepth", 3) for one in asked}
    assert overrides == {depth}


@pytest.mark.parametrize("depth", [0, 2, 11])
def test_a_depth_that_cannot_be_is_refused(depth: int, wire: Wire) -> None:
    with pytest.raises(ValueError, match="depth"):
        BetfairPrices(wire, depth=depth)


def test_books_are_as_old_as_the_question(wire: Wire, server: Scripted, clock: SteppedClock) -> None:
    def late(asked: dict[str, Any]) -> Any:
        clock.wait(2)
        return [book(one, isMarketDataDelayed=True) for one in asked["marketIds"]]

    server.script.append(result(late))
    before = clock.now()
    (found,) = BetfairPrices(wire).books(["1.1"])
    assert found.published_at == before
    assert found.is_delayed


def test_a_book_that_nobody_asked_for_is_no_data(wire: Wire, server: Scripted) -> None:
    server.script.append(result([book("1.2")]))
    with pytest.raises(ExchangeError, match="one of the markets asked for"):
        BetfairPrices(wire).books(["1.1"])


def test_a_read_that_fails_is_no_data(wire: Wire, server: Scripted) -> None:
    server.script.append(exception("TOO_MUCH_DATA"))
    with pytest.raises(ExchangeError) as raised:
        BetfairPrices(wire).books(["1.1"])
    assert (raised.value.code, set(raised.value.reactions)) == ("TOO_MUCH_DATA", {"split"})


START = datetime(2026, 5, 2, 12, tzinfo=UTC)


def market(number: int, start: datetime) -> dict[str, Any]:
    return {
        "marketId": f"1.{number}",
        "marketName": "2m Hcap",
        "marketStartTime": start.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "description": {"marketType": "WIN", "marketBaseRate": 5.0, "priceLadderDescription": {"type": "CLASSIC"}},
        "eventType": {"id": "7", "name": "Horse Racing"},
        "event": {"id": "30", "name": "Ascot", "countryCode": "GB", "venue": "Ascot"},
        "runners": [{"selectionId": 11, "runnerName": "A", "sortPriority": 1}],
    }


def catalogue_of(markets: list[dict[str, Any]]) -> Any:
    """The exchange's way: filter by start, sort, cut at maxResults."""

    def answer(asked: dict[str, Any]) -> Any:
        assert asked["sort"] == "FIRST_TO_START"
        assert asked["maxResults"] <= 200  # x weight 1
        since = asked["filter"].get("marketStartTime", {}).get("from", "")
        ids = asked["filter"].get("marketIds")
        found = [
            one
            for one in markets
            if one["marketStartTime"][:19] >= since[:19] and (ids is None or one["marketId"] in ids)
        ]
        return sorted(found, key=lambda one: str(one["marketStartTime"]))[: asked["maxResults"]]

    return result(answer)


def test_a_catalogue_of_any_length_is_read_completely(wire: Wire, server: Scripted) -> None:
    markets = [market(number, START + timedelta(minutes=number // 3)) for number in range(950)]
    server.script.extend([catalogue_of(markets)] * 8)
    found = BetfairPrices(wire).catalogue(MarketFilter(event_type_ids=("7",), start_from=START))
    assert {one.market_id for one in found} == {one["marketId"] for one in markets}
    assert list(found) == sorted(found, key=lambda one: (one.start, one.market_id))
    assert server.asked[0].rpc["params"]["filter"] == {
        "eventTypeIds": ["7"],
        "marketStartTime": {"from": "2026-05-02T12:00:00Z"},
    }


def test_named_markets_are_asked_for_in_parts(wire: Wire, server: Scripted) -> None:
    markets = [market(number, START) for number in range(450)]
    server.script.extend([catalogue_of(markets)] * 3)
    wanted = tuple(one["marketId"] for one in markets)
    assert len(BetfairPrices(wire).catalogue(MarketFilter(market_ids=wanted))) == 450
    assert [len(one.rpc["params"]["filter"]["marketIds"]) for one in server.asked] == [200, 200, 50]


def test_more_markets_at_one_moment_than_a_page_holds_is_no_data(wire: Wire, server: Scripted) -> None:
    server.script.extend([catalogue_of([market(number, START) for number in range(201)])] * 3)
    with pytest.raises(ExchangeError, match="narrow the filter"):
        BetfairPrices(wire).catalogue(MarketFilter())


def test_a_catalogue_that_never_goes_on_is_no_data(wire: Wire, server: Scripted) -> None:
    same = [market(number, START + timedelta(minutes=number)) for number in range(200)]
    server.script.extend([result(same)] * 3)
    with pytest.raises(ExchangeError, match="come again"):
        BetfairPrices(wire).catalogue(MarketFilter())
    assert len(server.asked) == 2


@pytest.mark.parametrize("wanted", [MarketFilter(market_ids=()), MarketFilter(venues=())])
def test_a_filter_that_nothing_passes_asks_nothing(wanted: MarketFilter, wire: Wire, server: Scripted) -> None:
    assert BetfairPrices(wire).catalogue(wanted) == ()
    assert server.asked == []
