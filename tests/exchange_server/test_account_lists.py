"""Current and cleared orders, profit and loss, funds, the heartbeat: through the real client library."""

from __future__ import annotations

from typing import Any

import pytest
from betfairlightweight import filters

from tests.exchange_server.http_world import MARKET, PLACE_MARKET, RUNNER, Served, limit, times


def bets_of(served: Served, **wanted: Any) -> list[str]:
    return [order["betId"] for order in served.current(**wanted)]


def cleared(served: Served, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = served.client.betting.list_cleared_orders(**wanted)["clearedOrders"]
    return found


@pytest.fixture
def three(served: Served) -> list[str]:
    """Bets a second apart: resting, matched, and resting in the other market."""
    served.book([[5.0, 50.0]], [[5.5, 50.0]])
    placed = []
    for order, market_id, strategy in (
        (limit("BACK", 5.5, 2.0, order_ref="a"), MARKET, "one"),
        (limit("BACK", 5.0, 4.0, order_ref="b"), MARKET, "two"),
        (limit("LAY", 3.0, 2.0, order_ref="c"), PLACE_MARKET, "one"),
    ):
        report = served.place(order, market_id=market_id, customer_strategy_ref=strategy)
        placed.append(report["instructionReports"][0]["betId"])
        served.advance(1)
    return placed


def test_a_current_order_in_full(served: Served, three: list[str]) -> None:
    served.advance(0.75)
    order = served.current(bet_ids=[three[1]], include_item_description=True)[0]
    assert order == {
        "betId": three[1],
        "marketId": MARKET,
        "selectionId": RUNNER,
        "handicap": 0.0,
        "priceSize": {"price": 5.0, "size": 4.0},
        "bspLiability": 0.0,
        "side": "BACK",
        "status": "EXECUTION_COMPLETE",
        "persistenceType": "LAPSE",
        "orderType": "LIMIT",
        "placedDate": times(1),
        "matchedDate": times(1),
        "averagePriceMatched": 5.0,
        "sizeMatched": 4.0,
        "sizeRemaining": 0.0,
        "sizeLapsed": 0.0,
        "sizeCancelled": 0.0,
        "sizeVoided": 0.0,
        "regulatorCode": "MALTA LOTTERIES AND GAMBLING AUTHORITY",
        "customerOrderRef": "b",
        "customerStrategyRef": "two",
    }
    assert served.client.betting.list_current_orders(lightweight=False).orders[0].bet_id == three[0]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [0, 1, 2]),
        ({"order_projection": "ALL"}, [0, 1, 2]),
        ({"order_projection": "EXECUTABLE"}, [0, 2]),
        ({"order_projection": "EXECUTION_COMPLETE"}, [1]),
        ({"market_ids": [MARKET]}, [0, 1]),
        ({"market_ids": [PLACE_MARKET, "1.9"]}, [2]),
        ({"customer_order_refs": ["a", "c"]}, [0, 2]),
        ({"customer_strategy_refs": ["two"]}, [1]),
        ({"bet_ids": ["1"]}, []),
        ({"order_by": "BY_PLACE_TIME"}, [0, 1, 2]),
        ({"order_by": "BY_BET", "sort_dir": "LATEST_TO_EARLIEST"}, [2, 1, 0]),
        ({"order_by": "BY_MARKET"}, [0, 1, 2]),
        ({"order_by": "BY_MATCH_TIME"}, [1]),
        ({"order_by": "BY_VOID_TIME"}, []),
        ({"order_by": "BY_SETTLED_TIME"}, []),
        ({"date_range": filters.time_range(from_=times(1))}, [1, 2]),
        ({"date_range": filters.time_range(to=times(1))}, [0, 1]),
        ({"date_range": filters.time_range(from_=times(3))}, []),
        ({"order_by": "BY_MATCH_TIME", "date_range": filters.time_range(to=times(0))}, []),
        ({"from_record": 1}, [1, 2]),
        ({"record_count": 2}, [0, 1]),
        ({"from_record": 5}, []),
    ],
)
def test_filters_and_orders_of_the_list(
    served: Served, three: list[str], wanted: dict[str, Any], found: list[int]
) -> None:
    assert bets_of(served, **wanted) == [three[index] for index in found]


def test_what_the_list_refuses(served: Served) -> None:
    for wrong in (
        {"orderProjection": "SOME"},
        {"orderBy": "BY_SIZE"},
        {"sortDir": "UP"},
        {"fromRecord": -1},
        {"recordCount": 1001},
        {"dateRange": {"from": "now"}},
    ):
        assert served.error_of("listCurrentOrders", wrong) == "INVALID_INPUT_DATA"
    too_many = {"betIds": [str(one) for one in range(200)], "marketIds": [f"1.{one}" for one in range(51)]}
    assert served.error_of("listCurrentOrders", too_many) == "REQUEST_SIZE_EXCEEDS_LIMIT"
    assert served.error_of("listClearedOrders", {"betStatus": "SETTLED"} | too_many) == "REQUEST_SIZE_EXCEEDS_LIMIT"


def test_more_than_a_thousand_orders_come_in_pages(served: Served) -> None:
    for _ in range(6):
        served.place(*[limit("BACK", 100.0, 1.0)] * 200)
        served.advance(1)
    first = served.client.betting.list_current_orders()
    assert (len(first["currentOrders"]), first["moreAvailable"]) == (1000, True)
    second = served.client.betting.list_current_orders(from_record=1000)
    assert (len(second["currentOrders"]), second["moreAvailable"]) == (200, False)
    exact = served.client.betting.list_current_orders(from_record=200)
    assert (len(exact["currentOrders"]), exact["moreAvailable"]) == (1000, False)
    both = [order["betId"] for page in (first, second) for order in page["currentOrders"]]
    assert len(set(both)) == 1200
    assert len(served.ledger()["orders"]) == 1200


def test_settled_bets_move_to_the_cleared_ones(served: Served, three: list[str]) -> None:
    assert cleared(served) == []
    served.tell(settle={"market": MARKET, "winners": [RUNNER]})
    assert bets_of(served) == [three[2]]
    (won,) = cleared(served, bet_status="SETTLED")
    assert won == {
        "eventTypeId": "7",
        "eventId": "30000001",
        "marketId": MARKET,
        "selectionId": RUNNER,
        "handicap": 0.0,
        "betId": three[1],
        "placedDate": times(1),
        "persistenceType": "LAPSE",
        "orderType": "LIMIT",
        "side": "BACK",
        "betOutcome": "WON",
        "priceRequested": 5.0,
        "settledDate": times(3),
        "lastMatchedDate": times(1),
        "betCount": 1,
        "priceMatched": 5.0,
        "priceReduced": False,
        "sizeSettled": 4.0,
        "profit": 16.0,
        "customerOrderRef": "b",
        "customerStrategyRef": "two",
    }
    (lapsed,) = cleared(served, bet_status="LAPSED")
    assert (lapsed["betId"], lapsed["sizeCancelled"], "profit" in lapsed) == (three[0], 2.0, False)
    assert cleared(served, bet_status="CANCELLED") == cleared(served, bet_status="VOIDED") == []
    assert served.client.account.get_account_funds()["availableToBetBalance"] == 10000 + 16 - 0.8 - 4


def test_commission_stands_at_the_market_and_above_only(served: Served, three: list[str]) -> None:
    served.book([[4.0, 50.0]], [[4.5, 50.0]], selection_id=102)
    served.place(limit("BACK", 4.0, 2.0, selection_id=102))
    served.tell(settle={"market": MARKET, "winners": [RUNNER]})
    served.tell(settle={"market": PLACE_MARKET, "winners": [RUNNER, 103]})
    profit, commission = 16.0 - 2.0, 0.7
    for group_by in ("MARKET", "EVENT", "EVENT_TYPE"):
        (row,) = cleared(served, group_by=group_by)
        assert (row["profit"], row["commission"], row["betCount"]) == (profit, commission, 2), group_by
    for grouping in ({"group_by": "RUNNER"}, {"group_by": "SIDE"}, {"group_by": "BET"}, {}):
        rows = cleared(served, **grouping)
        assert [row["profit"] for row in rows] == [16.0, -2.0], grouping
        assert not any("commission" in row for row in rows)
    (market,) = cleared(served, group_by="MARKET", include_item_description=True)
    assert market["itemDescription"]["marketDesc"] == "5f Hcap"
    side = cleared(served, group_by="SIDE")[0]
    assert (side["side"], side["priceMatched"], side["sizeSettled"]) == ("BACK", 5.0, 4.0)
    assert [row["customerStrategyRef"] for row in cleared(served, group_by="STRATEGY")[:1]] == ["two"]
    assert cleared(served, bet_status="LAPSED", group_by="MARKET") == []
    assert len(cleared(served, bet_status="LAPSED")) == 2
    assert three[2] in {row["betId"] for row in cleared(served, bet_status="LAPSED")}


def test_voided_and_cancelled_bets_are_cleared_with_their_market(served: Served, three: list[str]) -> None:
    served.client.betting.cancel_orders(MARKET, [filters.cancel_instruction(three[0], 0.5)])
    served.tell(remove={"market": MARKET, "selection": RUNNER})
    assert [order["sizeVoided"] for order in served.current(market_ids=[MARKET])] == [0.0, 4.0]
    served.tell(settle={"market": MARKET, "winners": [102]})
    assert cleared(served, bet_status="SETTLED") == []
    (voided,) = cleared(served, bet_status="VOIDED")
    assert (voided["betId"], voided["profit"], voided["sizeSettled"], voided["betOutcome"]) == (
        three[1],
        0.0,
        4.0,
        "VOID",
    )
    (cancelled,) = cleared(served, bet_status="CANCELLED")
    assert (cancelled["betId"], cancelled["sizeCancelled"]) == (three[0], 0.5)
    assert cleared(served, bet_status="LAPSED")[0]["sizeCancelled"] == 1.5


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 1),
        ({"market_ids": [PLACE_MARKET]}, 0),
        ({"event_ids": ["30000001"]}, 1),
        ({"event_type_ids": ["1"]}, 0),
        ({"runner_ids": [{"marketId": MARKET, "selectionId": RUNNER}]}, 1),
        ({"runner_ids": [{"marketId": MARKET, "selectionId": 102}]}, 0),
        ({"customer_order_refs": ["b"]}, 1),
        ({"customer_strategy_refs": ["one"]}, 0),
        ({"side": "LAY"}, 0),
        ({"settled_date_range": filters.time_range(from_=times(3), to=times(3))}, 1),
        ({"settled_date_range": filters.time_range(to=times(2))}, 0),
        ({"from_record": 1}, 0),
    ],
)
def test_filters_of_the_cleared_list(served: Served, three: list[str], wanted: dict[str, Any], count: int) -> None:
    assert three
    served.tell(settle={"market": MARKET, "winners": [102]})
    assert len(cleared(served, **wanted)) == count


def test_cleared_orders_are_kept_for_90_days(served: Served, three: list[str]) -> None:
    assert three
    served.tell(settle={"market": MARKET, "winners": [102]})
    for _ in range(3):
        served.advance(30 * 24 * 3600)
        served.client.login_interactive()
    assert len(cleared(served)) == 1
    served.advance(1)
    assert cleared(served) == []


def test_profit_and_loss_of_open_markets(served: Served, three: list[str]) -> None:
    served.book([[3.0, 50.0]], [[3.2, 50.0]], market_id=PLACE_MARKET)
    served.place(limit("LAY", 3.2, 2.0), market_id=PLACE_MARKET)

    def result_of(market_id: str, **flags: bool) -> dict[str, Any]:
        (found,) = served.client.betting.list_market_profit_and_loss([market_id], **flags)
        answer: dict[str, Any] = found
        return answer

    win = result_of(MARKET)
    assert win["profitAndLosses"][:2] == [{"selectionId": RUNNER, "ifWin": 16.0}, {"selectionId": 102, "ifWin": -4.0}]
    net = result_of(MARKET, net_of_commission=True)
    assert (net["commissionApplied"], net["profitAndLosses"][0]["ifWin"]) == (5.0, 15.2)
    assert net["profitAndLosses"][1]["ifWin"] == -4.0
    place = result_of(PLACE_MARKET)["profitAndLosses"]
    assert place[0] == {"selectionId": RUNNER, "ifWin": -4.4, "ifLose": 2.0}
    assert place[1] == {"selectionId": 102, "ifWin": 0.0, "ifLose": 0.0}
    on_close = {
        "selectionId": 102,
        "side": "BACK",
        "orderType": "MARKET_ON_CLOSE",
        "marketOnCloseOrder": {"liability": 3},
    }
    served.place(on_close)
    assert result_of(MARKET)["profitAndLosses"][0]["ifWin"] == 16.0
    assert result_of(MARKET, include_bsp_bets=True)["profitAndLosses"][0]["ifWin"] == 13.0
    assert len(three) == 3
    served.tell(settle={"market": MARKET, "winners": [102]})
    assert served.client.betting.list_market_profit_and_loss([MARKET, "1.9"]) == []
    assert served.error_of("listMarketProfitAndLoss", {"marketIds": [MARKET] * 51}) == "TOO_MUCH_DATA"
    assert "result" in served.call("listMarketProfitAndLoss", {"marketIds": [MARKET] * 50})


def test_funds_and_details(served: Served, three: list[str]) -> None:
    assert three
    assert served.client.account.get_account_funds() == {
        "availableToBetBalance": 9990.0,
        "exposure": -10.0,
        "retainedCommission": 0.0,
        "exposureLimit": -5000.0,
        "discountRate": 0.0,
        "pointsBalance": 0,
        "wallet": "UK",
    }
    details = served.client.account.get_account_details()
    assert (details["currencyCode"], details["countryCode"]) == ("GBP", "GB")


def beat(served: Served, seconds: int) -> tuple[int, str]:
    body = {"method": "HeartbeatAPING/v1.0/heartbeat", "params": {"preferredTimeoutSeconds": seconds}, "id": 1}
    answers = [served.rpc(body, path).json() for path in ("heartbeat/json-rpc/v1", "betting/json-rpc/v1")]
    result = answers[0]["result"]
    assert answers[1]["result"]["actualTimeoutSeconds"] == result["actualTimeoutSeconds"]
    return result["actualTimeoutSeconds"], result["actionPerformed"]


def test_a_client_that_falls_silent_has_its_bets_cancelled(served: Served, three: list[str]) -> None:
    assert [beat(served, seconds) for seconds in (5, 300, 301, 0)] == [
        (10, "NONE"),
        (300, "NONE"),
        (300, "NONE"),
        (0, "NONE"),
    ]
    served.advance(400)
    assert [order["sizeCancelled"] for order in served.current()] == [0.0, 0.0, 0.0]
    beat(served, 30)
    served.advance(29.9)
    beat(served, 30)
    served.advance(600)
    assert [order["sizeCancelled"] for order in served.current()] == [2.0, 0.0, 2.0]
    assert served.current(bet_ids=[three[0]])[0]["cancelledDate"] == times(3 + 400 + 59)
    assert beat(served, 0)[1] == "ALL_BETS_CANCELLED"
    assert beat(served, 0)[1] == "NONE"
    assert served.error_of("heartbeat", {"preferredTimeoutSeconds": -1}) == "INVALID_INPUT_DATA"
