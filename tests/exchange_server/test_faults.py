"""Each fault, as the real client library meets it, and what the exchange did all the same."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from betfairlightweight import filters
from betfairlightweight.exceptions import APIError, InvalidResponse, KeepAliveError, StatusCodeError

from tests.exchange_server.http_world import MARKET, RUNNER, Served, limit


def placed(served: Served) -> int:
    """How many orders the exchange has, whatever the client was told."""
    return len(served.ledger()["orders"])


def aping_code(error: APIError) -> str:
    return str(error.response["error"]["data"]["APINGException"]["errorCode"])


@pytest.mark.parametrize(("kind", "orders"), [("drop_before", 0), ("drop_after", 1)])
def test_the_connection_is_dropped(served: Served, kind: str, orders: int) -> None:
    served.fault(kind, "placeOrders")
    with pytest.raises(APIError) as raised:
        served.place(limit())
    assert raised.value.response is None
    assert placed(served) == orders
    served.place(limit(selection_id=102))
    assert placed(served) == orders + 1
    assert served.ledger()["faults"] == {kind: 1}


@pytest.mark.parametrize(
    ("more", "status", "orders"),
    [({}, 503, 0), ({"status": 500}, 500, 0), ({"status": 502, "processed": True}, 502, 1)],
)
def test_a_server_error(served: Served, more: dict[str, Any], status: int, orders: int) -> None:
    served.fault("5xx", "placeOrders", **more)
    with pytest.raises(StatusCodeError) as raised:
        served.place(limit())
    assert raised.value.status_code == status
    assert placed(served) == orders
    assert served.ledger()["faults"] == {"5xx": 1}


@pytest.mark.parametrize(("more", "orders"), [({}, 1), ({"processed": False}, 0)])
def test_a_body_that_is_cut_off(served: Served, more: dict[str, Any], orders: int) -> None:
    served.fault("truncated", "placeOrders", **more)
    with pytest.raises((APIError, InvalidResponse)):
        served.place(limit())
    assert placed(served) == orders
    assert served.ledger()["faults"] == {"truncated": 1}
    served.place(limit(selection_id=102))


@pytest.mark.parametrize(("more", "orders"), [({}, 1), ({"processed": False}, 0)])
def test_a_timeout_report(served: Served, more: dict[str, Any], orders: int) -> None:
    served.fault("timeout", "placeOrders", **more)
    report = served.place(limit(order_ref="mine"), customer_ref="one")
    assert (report["status"], report["customerRef"], report["marketId"]) == ("TIMEOUT", "one", MARKET)
    (part,) = report["instructionReports"]
    assert part["status"] == "TIMEOUT"
    assert part["instruction"]["customerOrderRef"] == "mine"
    assert "betId" not in part
    assert placed(served) == orders


def test_timeouts_of_the_other_operations_on_orders(served: Served) -> None:
    bet = served.place_one()
    betting = served.client.betting
    served.fault("timeout", "updateOrders")
    updated = betting.update_orders(MARKET, [filters.update_instruction(bet, "PERSIST")], lightweight=False)
    served.fault("timeout", "replaceOrders")
    replaced = betting.replace_orders(MARKET, [filters.replace_instruction(bet, 9.0)], lightweight=False)
    served.fault("timeout", "cancelOrders")
    cancelled = betting.cancel_orders(MARKET, [filters.cancel_instruction("1")], lightweight=False)
    assert [report.status for report in (updated, replaced, cancelled)] == ["TIMEOUT"] * 3
    old, new = served.ledger()["orders"]
    assert (old["sizeCancelled"], new["priceSize"]["price"]) == (2.0, 9.0)


def test_a_timeout_of_a_read_is_an_exception(served: Served) -> None:
    served.fault("timeout", "listCurrentOrders")
    with pytest.raises(APIError) as raised:
        served.current()
    assert aping_code(raised.value) == "TIMEOUT_ERROR"


def test_throttling(served: Served) -> None:
    served.fault("throttling", "placeOrders", times=2)
    for _ in range(2):
        with pytest.raises(APIError) as raised:
            served.place(limit())
        assert aping_code(raised.value) == "TOO_MANY_REQUESTS"
    served.place(limit())
    assert placed(served) == 1
    assert served.ledger()["faults"] == {"throttling": 2}


def test_a_delay_in_wall_time(served: Served) -> None:
    served.fault("delay", "listEventTypes", seconds=2)
    started = time.monotonic()
    served.client.betting.list_event_types()
    assert time.monotonic() - started >= 2
    started = time.monotonic()
    served.client.betting.list_event_types()
    assert time.monotonic() - started < 2
    assert served.ledger()["now"] == "2026-05-02T12:00:00Z"


def test_an_order_that_is_seen_late_in_simulated_time(served: Served) -> None:
    served.fault("late_visibility", "placeOrders", seconds=10)
    late = served.place_one()
    early = served.place_one(selection_id=102)
    assert [order["betId"] for order in served.current()] == [early]
    (book,) = served.client.betting.list_market_book([MARKET], order_projection="ALL")
    assert ["orders" in runner for runner in book["runners"]] == [False, True, False, False]
    assert placed(served) == 2
    served.advance(9.999)
    assert len(served.current()) == 1
    served.advance(0.001)
    assert [order["betId"] for order in served.current()] == [late, early]
    assert served.ledger()["faults"] == {"late_visibility": 1}


def test_late_visibility_waits_for_a_request_that_makes_a_bet(served: Served) -> None:
    served.fault("late_visibility", "placeOrders", seconds=10)
    assert served.place(limit("BACK", 5.05))["status"] == "FAILURE"
    assert served.ledger()["faults"] == {}
    served.place_one()
    assert served.current() == []


def test_a_list_that_lags_behind(served: Served) -> None:
    served.place_one()
    served.advance(5)
    served.place_one(selection_id=102)
    served.fault("late_visibility", "listCurrentOrders", seconds=5)
    assert len(served.current()) == 1
    assert len(served.current()) == 2


def test_the_reply_is_lost_and_the_order_appears_late(served: Served) -> None:
    served.tell(
        faults=[
            {"fault": "drop_after", "method": "placeOrders"},
            {"fault": "late_visibility", "method": "placeOrders", "seconds": 15},
        ]
    )
    with pytest.raises(APIError):
        served.place(limit())
    assert served.current() == []
    served.advance(15)
    assert len(served.current()) == 1
    assert served.ledger()["faults"] == {"drop_after": 1, "late_visibility": 1}


def test_a_session_that_expires(served: Served) -> None:
    served.fault("session_expiry")
    with pytest.raises(APIError) as raised:
        served.place(limit())
    assert aping_code(raised.value) == "INVALID_SESSION_INFORMATION"
    assert placed(served) == 0
    with pytest.raises(KeepAliveError):
        served.client.keep_alive()
    served.log_in()
    served.place(limit())
    assert served.ledger()["faults"] == {"session_expiry": 1}


def test_faults_hit_in_the_order_in_which_they_were_asked_for(served: Served) -> None:
    served.tell(faults=[{"fault": "throttling", "method": "placeOrders"}, {"fault": "5xx", "method": "placeOrders"}])
    served.fault("5xx", "listEventTypes", status=500)
    with pytest.raises(APIError):
        served.place(limit())
    with pytest.raises(StatusCodeError) as raised:
        served.place(limit())
    assert raised.value.status_code == 503
    served.place(limit())
    with pytest.raises(StatusCodeError):
        served.client.betting.list_event_types()


def test_an_empty_list_forgets_what_is_pending(served: Served) -> None:
    served.fault("5xx", "placeOrders", times=5)
    served.tell(faults=[])
    served.place(limit())
    assert served.ledger()["faults"] == {}


def test_a_fault_hits_rest_and_batches_too(served: Served) -> None:
    served.fault("5xx", "listEventTypes")
    assert served.rest("listEventTypes", {"filter": {}}).status_code == 503
    call = {"method": "SportsAPING/v1.0/listEventTypes", "params": {"filter": {}}, "id": 1}
    served.fault("throttling", "listEventTypes")
    first, second = served.rpc([call, call]).json()
    assert first["error"]["message"] == "ANGX-0008"
    assert "result" in second


def test_the_third_heavy_read_at_the_same_time_is_refused(served: Served) -> None:
    served.fault("delay", "listCurrentOrders", seconds=2, times=2)
    clients = [served.new_client() for _ in range(2)]
    for client in clients:
        client.set_session_token(served.client.session_token)
    threads = [threading.Thread(target=client.betting.list_current_orders) for client in clients]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    while served.ledger()["faults"].get("delay", 0) < 2 and time.monotonic() < deadline:
        pass
    heavy: list[tuple[str, dict[str, Any]]] = [
        ("listCurrentOrders", {}),
        ("listClearedOrders", {"betStatus": "SETTLED"}),
        ("listMarketProfitAndLoss", {"marketIds": [MARKET]}),
        ("listMarketBook", {"marketIds": [MARKET], "orderProjection": "ALL"}),
        ("listRunnerBook", {"marketId": MARKET, "selectionId": RUNNER, "matchProjection": "NO_ROLLUP"}),
    ]
    codes = [served.error_of(name, params) for name, params in heavy]
    light = served.call("listMarketBook", {"marketIds": [MARKET]})
    for thread in threads:
        thread.join()
    assert codes == ["TOO_MANY_REQUESTS"] * 5
    assert "result" in light
    assert served.current() == []


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ([], "object"),
        ({}, "no fault"),
        ({"fault": "flood", "method": "placeOrders"}, "no fault `flood`"),
        ({"fault": ["drop_before"], "method": "placeOrders"}, "no fault"),
        ({"fault": "drop_before"}, "needs a method"),
        ({"fault": "drop_before", "method": "placeBets"}, "placeBets"),
        ({"fault": "session_expiry", "method": "placeOrders"}, "no method"),
        ({"fault": "stream_503", "method": "placeOrders"}, "no method"),
        ({"fault": "late_visibility", "method": "cancelOrders", "seconds": 1}, "cancelOrders"),
        ({"fault": "late_visibility", "method": "placeOrders"}, "seconds"),
        ({"fault": "delay", "method": "placeOrders"}, "seconds"),
        ({"fault": "delay", "method": "placeOrders", "seconds": -1}, "seconds"),
        ({"fault": "delay", "method": "placeOrders", "seconds": "1"}, "seconds"),
        ({"fault": "drop_after", "method": "placeOrders", "seconds": 1}, "no seconds"),
        ({"fault": "drop_after", "method": "placeOrders", "times": 0}, "times"),
        ({"fault": "drop_after", "method": "placeOrders", "times": True}, "times"),
        ({"fault": "5xx", "method": "placeOrders", "status": 404}, "500 to 599"),
        ({"fault": "5xx", "method": "placeOrders", "processed": 1}, "true or false"),
        ({"fault": "drop_after", "method": "placeOrders", "status": 500}, "no status"),
        ({"fault": "drop_after", "method": "placeOrders", "processed": False}, "no processed"),
        ({"fault": "drop_after", "method": "placeOrders", "when": "now"}, "object with"),
    ],
)
def test_a_wrong_fault_is_refused_with_all_that_came_with_it(served: Served, fault: Any, says: str) -> None:
    fine = {"fault": "5xx", "method": "placeOrders"}
    assert says in served.refused({"faults": [fine, fault]})
    served.place(limit())
    assert served.ledger()["faults"] == {}
