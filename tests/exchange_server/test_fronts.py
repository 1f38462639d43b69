"""JSON-RPC, REST and plain HTTP: forms of requests and of errors."""

from __future__ import annotations

import gzip
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from betfairlightweight.exceptions import APIError

from tests.exchange_server.http_world import MARKET, PATIENCE_SECONDS, Served, limit

EVENT_TYPES = {"jsonrpc": "2.0", "method": "SportsAPING/v1.0/listEventTypes", "params": {"filter": {}}, "id": 7}


def test_an_answer_carries_the_requests_id(served: Served) -> None:
    document = served.rpc(EVENT_TYPES).json()
    assert list(document) == ["jsonrpc", "result", "id"]
    assert document["id"] == 7


def test_a_batch_gets_one_answer_for_each_call(served: Served) -> None:
    wrong = EVENT_TYPES | {"method": "SportsAPING/v1.0/listHorses", "id": "two"}
    answers = served.rpc([EVENT_TYPES, wrong, EVENT_TYPES | {"id": 3}]).json()
    assert [answer["id"] for answer in answers] == [7, "two", 3]
    assert answers[0]["result"] == answers[2]["result"]
    assert answers[1]["error"] == {"code": -32601, "message": "DSC-0021"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"id": 1e99999999999999999999}'])
def test_what_is_not_json(served: Served, body: bytes) -> None:
    answer = served.rpc(body)
    assert answer.status_code == 400
    assert answer.json() == {"jsonrpc": "2.0", "error": {"code": -32700, "message": "DSC-0008"}}


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"method": "listEventTypes"}, {"code": -32601, "message": "DSC-0021"}),
        ({"method": "AccountAPING/v1.0/getAccountFunds"}, {"code": -32601, "message": "DSC-0021"}),
        ({"method": 5}, {"code": -32601, "message": "DSC-0021"}),
        ({"params": None}, {"code": -32602, "message": "DSC-0018"}),
        ({"params": {}}, {"code": -32602, "message": "DSC-0018"}),
        ({"params": [{}]}, {"code": -32602, "message": "DSC-0018"}),
        ({"params": "filter"}, {"code": -32602, "message": "DSC-0009"}),
        ({"params": {"filter": []}}, {"code": -32602, "message": "DSC-0009"}),
    ],
)
def test_errors_of_form(served: Served, request_: dict[str, Any], error: dict[str, Any]) -> None:
    assert served.rpc(EVENT_TYPES | request_).json() == {"jsonrpc": "2.0", "error": error, "id": 7}


def test_an_exception_has_its_number_and_its_details(served: Served) -> None:
    answer = served.call("listMarketBook", {"marketIds": [MARKET] * 201})
    error = answer["error"]
    assert (error["code"], error["message"]) == (-32099, "ANGX-0001")
    assert list(error["data"]) == ["exceptionname", "APINGException"]
    exception = error["data"]["APINGException"]
    assert exception["errorCode"] == "TOO_MUCH_DATA"
    assert exception["errorDetails"]
    assert exception["requestUUID"]


def test_the_library_raises_the_exception(served: Served) -> None:
    with pytest.raises(APIError) as raised:
        served.client.betting.list_market_catalogue(max_results=1001)
    exception = raised.value.response["error"]["data"]["APINGException"]
    assert exception["errorCode"] == "INVALID_INPUT_DATA"


def test_rest_answers_the_bare_result(served: Served) -> None:
    answer = served.rest("listEventTypes", {"filter": {}})
    assert answer.status_code == 200
    assert answer.json() == served.rpc(EVENT_TYPES).json()["result"]
    assert served.rest("getAccountFunds", {}, "account").json()["availableToBetBalance"] == 10000
    assert served.rest("placeOrders", {"marketId": MARKET, "instructions": [limit()]}).json()["status"] == "SUCCESS"
    beat = {"preferredTimeoutSeconds": 30}
    assert served.rest("heartbeat", beat, "heartbeat").json()["actualTimeoutSeconds"] == 30
    assert served.rest("heartbeat", beat).json()["actualTimeoutSeconds"] == 30


def test_rest_errors_are_faults_with_status_400(served: Served) -> None:
    answer = served.rest("listMarketBook", {"marketIds": [MARKET] * 201})
    assert answer.status_code == 400
    fault = answer.json()
    assert (fault["faultcode"], fault["faultstring"]) == ("Client", "ANGX-0001")
    assert fault["detail"]["exceptionname"] == "APINGException"
    assert fault["detail"]["APINGException"]["errorCode"] == "TOO_MUCH_DATA"
    missing = served.rest("listMarketBook", {})
    assert (missing.status_code, missing.json()["faultstring"]) == (400, "DSC-0018")
    unknown = served.rest("listHorses", {})
    assert (unknown.status_code, unknown.json()["faultstring"]) == (404, "DSC-0021")
    account = served.rest("getAccountFunds", {}, "account", {"X-Application": None})
    assert account.status_code == 400
    assert account.json()["faultstring"] == "AANGX-0011"
    assert account.json()["detail"]["AccountAPINGException"]["errorCode"] == "NO_APP_KEY"


def test_a_defect_of_ours_is_answered_without_a_traceback(served: Served) -> None:
    served.host.exchange.account.balance = None  # type: ignore[assignment]
    broken = served.rest("getAccountFunds", {}, "account")
    assert broken.status_code == 500
    assert broken.json()["detail"]["AccountAPINGException"]["errorCode"] == "UNEXPECTED_ERROR"
    body = {"jsonrpc": "2.0", "method": "AccountAPING/v1.0/getAccountFunds", "params": {}, "id": 1}
    answer = served.rpc(body, "account/json-rpc/v1")
    assert answer.json()["error"]["message"] == "AANGX-0003"
    assert "Traceback" not in answer.text


def raw_connection(served: Served) -> http.client.HTTPConnection:
    address = urlsplit(served.facts["api"])
    assert address.hostname
    return http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_SECONDS)


def test_one_connection_serves_many_calls_and_tells_simulated_time(served: Served) -> None:
    connection = raw_connection(served)
    try:
        local = None
        for second in range(3):
            served.advance(1 if second else 0)
            connection.request("POST", "/exchange/betting/json-rpc/v1", json.dumps(EVENT_TYPES), served.headers)
            answer = connection.getresponse()
            assert answer.read()
            assert answer.getheader("Date") == f"Sat, 02 May 2026 12:00:0{second} GMT"
            assert local in {None, connection.sock.getsockname()}
            local = connection.sock.getsockname()
    finally:
        connection.close()


def test_answers_are_compressed_where_that_is_asked_for(served: Served) -> None:
    request = {"method": "SportsAPING/v1.0/listMarketBook", "params": {"marketIds": [MARKET]}, "id": 1}
    connection = raw_connection(served)
    try:
        seen = []
        for headers in (served.headers, served.headers | {"Accept-Encoding": "gzip, deflate"}):
            connection.request("POST", "/exchange/betting/json-rpc/v1", json.dumps([request] * 3), headers)
            answer = connection.getresponse()
            seen.append((answer.getheader("Content-Encoding"), answer.read()))
    finally:
        connection.close()
    (plain, body), (encoding, packed) = seen
    assert (plain, encoding) == (None, "gzip")
    assert gzip.decompress(packed) == body


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Expect": "100-continue", "Content-Length": "2"}, 417),
        ({"Content-Length": "5000000"}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bodies_that_are_not_taken(served: Served, headers: dict[str, str], status: int) -> None:
    connection = raw_connection(served)
    try:
        connection.putrequest("POST", "/exchange/betting/json-rpc/v1")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == status
        assert answer.getheader("Connection") == "close"
        answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path", ["/", "/exchange/", "/exchange/betting/json-rpc/v2", "/controls", "/identity/api/login2"]
)
def test_other_addresses_are_not_found(served: Served, path: str) -> None:
    base = served.facts["api"].removesuffix("/exchange/")
    for answer in (
        served.http.get(f"{base}{path}", timeout=PATIENCE_SECONDS),
        served.http.post(f"{base}{path}", json={}, timeout=PATIENCE_SECONDS),
    ):
        assert answer.status_code == 404
        assert path in answer.json()["error"]
