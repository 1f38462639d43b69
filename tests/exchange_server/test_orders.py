"""Orders through the real client library: what is answered, what the form refuses, how much is too much."""

from __future__ import annotations

from typing import Any

import pytest
from betfairlightweight import filters

from tests.exchange_server.http_world import MARKET, RUNNER, Served, limit, times


def test_a_resting_and_a_matched_order(served: Served) -> None:
    served.book([[5.0, 3.0]], [[5.5, 3.0]])
    report = served.place(
        limit("BACK", 5.0, 2.0, order_ref="intent-1"),
        customer_ref="request-1",
        customer_strategy_ref="ladder",
        market_version={"version": 1},
    )
    assert report == {
        "customerRef": "request-1",
        "status": "SUCCESS",
        "marketId": MARKET,
        "instructionReports": [
            {
                "status": "SUCCESS",
                "instruction": {
                    "selectionId": RUNNER,
                    "handicap": 0.0,
                    "limitOrder": {"size": 2.0, "price": 5.0, "persistenceType": "LAPSE"},
                    "customerOrderRef": "intent-1",
                    "orderType": "LIMIT",
                    "side": "BACK",
                },
                "betId": report["instructionReports"][0]["betId"],
                "placedDate": times(0),
                "averagePriceMatched": 5.0,
                "sizeMatched": 2.0,
                "orderStatus": "EXECUTION_COMPLETE",
            }
        ],
    }
    resting = served.place(limit("BACK", 5.5, 2.0))["instructionReports"][0]
    assert (resting["orderStatus"], resting["sizeMatched"], resting["averagePriceMatched"]) == ("EXECUTABLE", 0.0, 0.0)


def test_the_librarys_own_classes_take_every_report(served: Served) -> None:
    betting = served.client.betting
    placed = betting.place_orders(MARKET, [limit()], lightweight=False)
    (bet,) = placed.place_instruction_reports
    updated = betting.update_orders(MARKET, [filters.update_instruction(bet.bet_id, "PERSIST")], lightweight=False)
    assert updated.update_instruction_reports[0].status == "SUCCESS"
    replaced = betting.replace_orders(MARKET, [filters.replace_instruction(bet.bet_id, 6.0)], lightweight=False)
    (both,) = replaced.replace_instruction_reports
    assert both.cancel_instruction_reports.size_cancelled == 2.0
    new = both.place_instruction_reports
    assert new.bet_id != bet.bet_id
    again = betting.replace_orders(MARKET, [filters.replace_instruction(bet.bet_id, 6.0)], lightweight=False)
    assert again.replace_instruction_reports[0].status == "FAILURE"
    partly = betting.cancel_orders(MARKET, [filters.cancel_instruction(new.bet_id, 0.5)], lightweight=False)
    assert partly.cancel_instruction_reports[0].size_cancelled == 0.5
    assert partly.cancel_instruction_reports[0].instruction.size_reduction == 0.5
    served.tell(suspend=MARKET)
    failed = betting.cancel_orders(MARKET, [filters.cancel_instruction(new.bet_id)], lightweight=False)
    assert (failed.status, failed.error_code) == ("FAILURE", "MARKET_SUSPENDED")


def test_an_instruction_that_fails_is_told_in_its_report(served: Served) -> None:
    report = served.place(limit("BACK", 5.05, 2.0))
    assert (report["status"], report["errorCode"]) == ("FAILURE", "BET_ACTION_ERROR")
    (failed,) = report["instructionReports"]
    assert (failed["status"], failed["errorCode"]) == ("FAILURE", "INVALID_ODDS")
    assert "betId" not in failed
    assert served.place(limit(), market_id="1.999")["errorCode"] == "INVALID_MARKET_ID"
    assert served.place(limit(), market_version={"version": 10**12})["errorCode"] == "INVALID_MARKET_VERSION"
    (old,) = served.place(limit(), market_version={"version": 0})["instructionReports"]
    assert old["errorCode"] == "BET_TAKEN_OR_LAPSED"
    (long,) = served.place(limit(order_ref="x" * 33))["instructionReports"]
    assert long["errorCode"] == "INVALID_CUSTOMER_ORDER_REF"


def test_fill_or_kill_bet_target_and_starting_price_orders(served: Served) -> None:
    served.book([[5.0, 3.0]], [])
    killed = served.place(limit("BACK", 5.0, 4.0, persistence=None, time_in_force="FILL_OR_KILL"))
    assert killed["instructionReports"][0]["orderStatus"] == "EXPIRED"
    filled = served.place(limit("BACK", 5.0, 4.0, persistence=None, time_in_force="FILL_OR_KILL", min_fill_size=2.0))[
        "instructionReports"
    ][0]
    assert filled["instruction"]["limitOrder"]["minFillSize"] == 2.0
    assert (filled["orderStatus"], filled["sizeMatched"]) == ("EXECUTION_COMPLETE", 3.0)
    target = served.place(limit("BACK", 5.0, None, selection_id=102, bet_target_type="PAYOUT", bet_target_size=20.0))[
        "instructionReports"
    ][0]
    assert target["status"] == "SUCCESS"
    at_off = {"selectionId": RUNNER, "side": "LAY", "handicap": 0}
    report = served.place(
        at_off | {"orderType": "MARKET_ON_CLOSE", "marketOnCloseOrder": {"liability": 20}},
        at_off | {"orderType": "LIMIT_ON_CLOSE", "limitOnCloseOrder": {"liability": 20, "price": 6}},
    )
    assert report["status"] == "SUCCESS", report
    assert report["instructionReports"][1]["instruction"]["limitOnCloseOrder"] == {"liability": 20.0, "price": 6.0}
    listed = served.current()[-1]
    assert (listed["priceSize"], listed["bspLiability"]) == ({"price": 6.0, "size": 0.0}, 20.0)
    served.tell(turn_in_play=MARKET)
    matched = served.current(order_projection="EXECUTION_COMPLETE", order_by="BY_MATCH_TIME")[-1]
    assert matched["orderType"] == "LIMIT_ON_CLOSE"
    assert matched["sizeMatched"] > 0
    assert matched["priceSize"] == {"price": 6.0, "size": 0.0}


def test_a_reference_is_de_duplicated_for_60_simulated_seconds(served: Served) -> None:
    assert served.place(limit(), customer_ref="one")["status"] == "SUCCESS"
    served.advance(59.999)
    repeated = served.place(limit(), customer_ref="one")
    assert (repeated["status"], repeated["errorCode"]) == ("FAILURE", "DUPLICATE_TRANSACTION")
    served.advance(0.001)
    assert served.place(limit(), customer_ref="one")["status"] == "SUCCESS"
    assert len(served.current()) == 2


def test_cancelling_without_bets_cancels_the_market_and_without_market_everything(served: Served) -> None:
    first, second = served.place_one(), served.place_one(selection_id=102)
    other = served.place_one(market_id="1.100000002")
    report = served.client.betting.cancel_orders(MARKET)
    assert {one["instruction"]["betId"] for one in report["instructionReports"]} == {first, second}
    report = served.client.betting.cancel_orders()
    assert "marketId" not in report
    assert [one["instruction"]["betId"] for one in report["instructionReports"]] == [other]
    assert [order["sizeCancelled"] for order in served.current()] == [2.0, 2.0, 2.0]


ORDER = limit()
PLAIN: dict[str, Any] = {"marketId": MARKET, "instructions": [ORDER]}


def with_limit(**changes: Any) -> dict[str, Any]:
    return {"instructions": [ORDER | {"limitOrder": ORDER["limitOrder"] | changes}]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"marketId": "all"},
        {"instructions": [5]},
        {"instructions": [{}]},
        {"instructions": [ORDER | {"side": "BUY"}]},
        {"instructions": [ORDER | {"side": ["BACK"]}]},
        {"instructions": [ORDER | {"orderType": "STOP"}]},
        {"instructions": [ORDER | {"orderType": "MARKET_ON_CLOSE"}]},
        {"instructions": [ORDER | {"limitOrder": None}]},
        {"instructions": [ORDER | {"limitOrder": "2@5"}]},
        {"instructions": [ORDER | {"selectionId": 1.5}]},
        {"instructions": [ORDER | {"handicap": "half"}]},
        with_limit(size=float("nan")),
        with_limit(size="NaN"),
        with_limit(size=float("inf")),
        with_limit(size=1e300),
        with_limit(size=True),
        with_limit(size={}),
        with_limit(price=None),
        with_limit(price="-Infinity"),
        with_limit(persistenceType="KEEP"),
        with_limit(timeInForce="GOOD_TILL_CANCELLED"),
        with_limit(betTargetType="LOSS", betTargetSize=5),
        {"customerRef": "x" * 33},
        {"customerRef": "a b"},
        {"customerStrategyRef": "x" * 16},
        {"marketVersion": {"version": "new"}},
    ],
)
def test_malformed_orders_place_nothing(served: Served, wrong: dict[str, Any]) -> None:
    assert served.error_of("placeOrders", PLAIN | wrong) == "INVALID_INPUT_DATA"
    assert served.ledger()["orders"] == []


def test_parameters_that_are_missing_or_of_another_type(served: Served) -> None:
    assert served.error_of("placeOrders", {"marketId": MARKET}) == "DSC-0018"
    assert served.error_of("placeOrders", {"instructions": [ORDER]}) == "DSC-0018"
    assert served.error_of("placeOrders", PLAIN | {"instructions": {}}) == "DSC-0009"
    assert served.error_of("placeOrders", PLAIN | {"async": "yes"}) == "DSC-0009"
    assert served.error_of("cancelOrders", {"instructions": [{"betId": "1"}]}) == "INVALID_INPUT_DATA"
    assert served.error_of("cancelOrders", {"marketId": MARKET, "instructions": [{}]}) == "INVALID_INPUT_DATA"
    assert (
        served.error_of("replaceOrders", {"marketId": MARKET, "instructions": [{"betId": "1"}]}) == "INVALID_INPUT_DATA"
    )
    update = {"marketId": MARKET, "instructions": [{"betId": "1", "newPersistenceType": "KEEP"}]}
    assert served.error_of("updateOrders", update) == "INVALID_INPUT_DATA"


def test_numbers_may_come_as_strings_as_in_the_exchanges_own_samples(served: Served) -> None:
    order = {"selectionId": str(RUNNER), "handicap": "0", "side": "BACK", "orderType": "LIMIT"}
    sizes = {"limitOrder": {"size": "2", "price": "5.5", "persistenceType": "LAPSE"}}
    answer = served.call("placeOrders", {"marketId": MARKET, "instructions": [order | sizes]})
    assert answer["result"]["status"] == "SUCCESS"


def test_too_many_instructions(served: Served) -> None:
    report = served.place(*[limit()] * 201)
    assert (report["status"], report["errorCode"]) == ("FAILURE", "TOO_MANY_INSTRUCTIONS")
    report = served.client.betting.cancel_orders(MARKET, [filters.cancel_instruction(str(one)) for one in range(61)])
    assert report["errorCode"] == "TOO_MANY_INSTRUCTIONS"


def test_a_thousand_instructions_in_any_second_of_simulated_time(served: Served) -> None:
    def cancel(count: int) -> dict[str, Any]:
        instructions = [{"betId": str(one)} for one in range(count)]
        return served.call("cancelOrders", {"marketId": MARKET, "instructions": instructions})

    for _ in range(25):
        cancel(40)
    assert cancel(1)["error"]["data"]["APINGException"]["errorCode"] == "TOO_MANY_REQUESTS"
    served.advance(0.999)
    assert "error" in cancel(1)
    served.advance(0.001)
    assert "error" not in cancel(1)


def test_an_order_under_bet_delay_matches_when_its_time_has_passed(served: Served) -> None:
    served.tell(turn_in_play=MARKET)
    served.book([[5.0, 9.0]], [])
    report = served.place(limit("BACK", 5.0, 2.0))["instructionReports"][0]
    assert (report["orderStatus"], report["sizeMatched"]) == ("EXECUTABLE", 0.0)
    served.advance(4.9)
    assert served.current()[0]["sizeMatched"] == 0.0
    served.advance(0.1)
    (order,) = served.current()
    assert (order["sizeMatched"], order["matchedDate"]) == (2.0, times(5))
