"""Orders on the wire: what is sent, that it is sent once, and what an answer proves."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.reports import place_instruction
from policytrader.model.orders import Fate, OrderRequest, Reaction
from tests.adapters.betfair.scripted import (
    Scripted,
    cut_off,
    exception,
    failed_report,
    place_report,
    raw,
    reset,
    result,
    rpc_error,
    wrong_id,
)
from tests.strategies import amounts, ladder_prices, sides

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.betfair.wire import Wire
    from policytrader.model.snapshot import Side


def test_an_order_carries_all_references_and_the_version(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.append(result(place_report))
    answer = exchange.place(order)
    assert (answer.fate, answer.bet_id, answer.code) == (Fate.SEEN, "31242604945", "SUCCESS")
    (asked,) = server.asked
    assert asked.operation == "placeOrders"
    assert asked.rpc["params"] == {
        "marketId": "1.234567890",
        "instructions": [
            {
                "orderType": "LIMIT",
                "selectionId": 47972,
                "handicap": 0,
                "side": "BACK",
                "limitOrder": {"price": 3.05, "persistenceType": "LAPSE", "size": 2.1},
                "customerOrderRef": "o-1",
            }
        ],
        "customerRef": "r-1",
        "marketVersion": {"version": 5210433},
        "customerStrategyRef": "pt",
    }
    assert asked.headers["X-Authentication"] == "token-1-of-a-session"
    assert asked.headers["X-Application"] == "app-key-1"


def test_a_payout_is_sent_instead_of_the_size(exchange: BetfairExchange, server: Scripted, order: OrderRequest) -> None:
    server.script.append(result(place_report))
    answer = exchange.place(replace(order, payout=Decimal("6.40")))
    assert answer.fate is Fate.SEEN
    limit = server.asked[0].rpc["params"]["instructions"][0]["limitOrder"]
    assert limit == {"price": 3.05, "persistenceType": "LAPSE", "betTargetType": "PAYOUT", "betTargetSize": 6.4}


def test_a_match_is_told_exactly(exchange: BetfairExchange, server: Scripted, order: OrderRequest) -> None:
    changes = {"sizeMatched": 1.1, "averagePriceMatched": 3.1234567890123456, "orderStatus": "EXECUTABLE"}
    text = '{"jsonrpc": "2.0", "result": %s, "id": %d}'

    def answer_exactly(handler: Any, asked: Any) -> None:
        report = json.dumps(place_report(asked.rpc["params"], **changes))
        report = report.replace(repr(changes["averagePriceMatched"]), "3.12345678901234567890")
        handler.send(200, (text % (report, asked.rpc["id"])).encode())

    server.script.append(answer_exactly)
    answer = exchange.place(order)
    assert answer.size_matched == Decimal("1.1")
    assert answer.average_price_matched == Decimal("3.12345678901234567890")


@given(price=ladder_prices, size=amounts("0.01", "100000"), side=sides)
def test_amounts_leave_with_two_decimals_at_most(price: Decimal, size: Decimal, side: Side) -> None:
    order = OrderRequest(
        market_id="1.1",
        selection_id=1,
        side=side,
        price=price,
        size=size,
        order_ref="o",
        request_ref="r",
        strategy_ref="s",
        market_version=1,
    )
    limit = json.loads(json.dumps(place_instruction(order)), parse_float=str)["limitOrder"]
    for sent, wanted in ((limit["price"], price), (limit["size"], size)):
        assert Decimal(sent) == wanted
        assert len(sent.partition(".")[2]) <= 2
        assert "e" not in sent


BROKEN: dict[str, Callable[[OrderRequest], OrderRequest]] = {
    "price off the ladder": lambda order: replace(order, price=Decimal("3.01")),
    "price NaN": lambda order: replace(order, price=Decimal("NaN")),
    "size with a fraction of a penny": lambda order: replace(order, size=Decimal("2.001")),
    "size zero": lambda order: replace(order, size=Decimal(0)),
    "size negative": lambda order: replace(order, size=Decimal(-2)),
    "size infinite": lambda order: replace(order, size=Decimal("Infinity")),
    "size beyond all accounts": lambda order: replace(order, size=Decimal("1e9")),
    "size a float": lambda order: replace(order, size=2.1),  # type: ignore[arg-type]
    "selection a bool": lambda order: replace(order, selection_id=True),
    "selection zero": lambda order: replace(order, selection_id=0),
    "side a word": lambda order: replace(order, side="UP"),  # type: ignore[arg-type]
    "market no id": lambda order: replace(order, market_id=""),
    "reference too long": lambda order: replace(order, order_ref="x" * 33),
    "reference empty": lambda order: replace(order, order_ref=""),
    "reference with a space": lambda order: replace(order, request_ref="a b"),
    "reference of another alphabet": lambda order: replace(order, request_ref="\N{CYRILLIC SMALL LETTER A}"),
    "reference with a line end": lambda order: replace(order, request_ref="a\n"),
    "strategy too long": lambda order: replace(order, strategy_ref="x" * 16),
    "version of 13 digits": lambda order: replace(order, market_version=10**12),
    "version negative": lambda order: replace(order, market_version=-1),
    "payout above size x price": lambda order: replace(order, payout=Decimal("6.50")),
    "payout zero": lambda order: replace(order, payout=Decimal(0)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_order_never_leaves(
    name: str, exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    with pytest.raises(ValueError, match=" it must be "):
        exchange.place(BROKEN[name](order))
    assert server.asked == []
    assert server.login_count == 0


@pytest.mark.parametrize(
    ("market_id", "bet_ids", "ref"),
    [
        ("", ["1"], "c"),
        ("1.1", [], "c"),
        ("1.1", "12", "c"),
        ("1.1", [""], "c"),
        ("1.1", ["1", "1"], "c"),
        ("1.1", ["x"], "c"),
        ("1.1", ["1"], ""),
    ],
)
def test_a_cancel_that_would_cancel_more_never_leaves(
    market_id: str, bet_ids: list[str], ref: str, exchange: BetfairExchange, server: Scripted
) -> None:
    with pytest.raises(ValueError, match=" it must be "):
        exchange.cancel(market_id, bet_ids, ref)
    assert server.asked == []


LIMIT = "limitOrder"
LIES: dict[str, dict[str, Any]] = {
    "no bet": {"betId": None},
    "a bet that is no id": {"betId": "abc"},
    "no instruction": {"instruction": None},
    "another runner": {"instruction": {"selectionId": 1}},
    "the other side": {"instruction": {"side": "LAY"}},
    "another price": {"instruction": {LIMIT: {"price": 3.1}}},
    "another size": {"instruction": {LIMIT: {"size": 2.11}}},
    "another persistence": {"instruction": {LIMIT: {"persistenceType": "PERSIST"}}},
    "another reference": {"instruction": {"customerOrderRef": "o-2"}},
    "no reference": {"instruction": {"customerOrderRef": None}},
    "a handicap": {"instruction": {"handicap": 0.5}},
    "more matched than asked": {"sizeMatched": 2.11, "averagePriceMatched": 3.05},
    "a match without a price": {"sizeMatched": 1, "averagePriceMatched": 0},
    "matched NaN": {"sizeMatched": "NaN"},
    "matched less than nothing": {"sizeMatched": -1},
    "an odd time": {"placedDate": "yesterday"},
    "asynchronous": {"orderStatus": "PENDING"},
    "an unknown status": {"orderStatus": "SOMETHING"},
    "an error with the success": {"errorCode": "INVALID_ODDS"},
}


@pytest.mark.parametrize("name", LIES)
def test_a_success_that_does_not_fit_is_unknown(
    name: str, exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    def lie(asked: dict[str, Any]) -> dict[str, Any]:
        report = place_report(asked)
        for told in report["instructionReports"]:
            merge(told, LIES[name])
        return report

    server.script.append(result(lie))
    answer = exchange.place(order)
    assert answer.fate is Fate.UNKNOWN
    assert Reaction.RECONCILE in answer.reactions
    assert len(server.asked) == 1


def merge(target: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict):
            target[key] = json.loads(json.dumps(target[key]))
            merge(target[key], value)
        elif value is None:
            del target[key]
        else:
            target[key] = value


@pytest.mark.parametrize(
    "change",
    [
        {"marketId": "1.9"},
        {"customerRef": "r-2"},
        {"instructionReports": []},
        {"instructionReports": None},
        {"instructionReports": {}},
        {"instructionReports": [{}, {}]},
        {"status": None},
        {"status": "FINE"},
        {"status": "TIMEOUT"},
    ],
    ids=str,
)
def test_a_report_that_is_not_about_the_order_is_unknown(
    change: dict[str, Any], exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.append(result(lambda asked: place_report(asked) | change))
    assert exchange.place(order).fate is Fate.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc": "2.0", "result": REPORT, "result": {"status": "FAILURE", "errorCode": "NO_CHASING"}, "id": ID}',
        '{"jsonrpc": "2.0", "result": {"status": "SUCCESS", "status": "FAILURE", "errorCode": "NO_CHASING"}, "id": ID}',
        '{"jsonrpc": "2.0", "id": 0, "result": REPORT, "id": ID}',
        '{"jsonrpc": "2.0", "result": REPORT, "x": 1e9999999999999999999999, "id": ID}',
    ],
)
def test_an_answer_of_two_minds_is_unknown(
    text: str, exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    def answer(handler: Any, asked: Any) -> None:
        told = text.replace("REPORT", json.dumps(place_report(asked.rpc["params"])))
        handler.send(200, told.replace("ID", str(asked.rpc["id"])).encode())

    server.script.append(answer)
    assert exchange.place(order).fate is Fate.UNKNOWN


def test_a_failure_that_has_matched_is_unknown(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    failed = {"status": "FAILURE", "errorCode": "BET_TAKEN_OR_LAPSED"}
    server.script.append(result(lambda asked: place_report(asked, **failed)))
    server.script.append(result(lambda asked: place_report(asked, sizeMatched=2.1, averagePriceMatched=3.05, **failed)))
    assert [exchange.place(order).fate for _ in range(2)] == [Fate.DEAD, Fate.UNKNOWN]


def test_whatever_a_report_does_to_the_reader_there_is_an_answer(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("policytrader.adapters.betfair.parsing.parse_placed", fail)
    server.script.append(result(place_report))
    answer = exchange.place(order)
    assert (answer.fate, answer.code, answer.detail) == (Fate.UNKNOWN, "BROKEN_ANSWER", "RecursionError")


def test_a_refusal_of_another_order_kills_none(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.append(
        result(lambda asked: failed_report(asked, "FAILURE", "INSUFFICIENT_FUNDS") | {"marketId": "1.9"})
    )
    assert exchange.place(order).fate is Fate.UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        reset,
        cut_off,
        wrong_id,
        raw(200, b""),
        raw(200, b"{"),
        raw(200, b"null"),
        raw(200, b"[]"),
        raw(200, b'"text"'),
        raw(200, b"[" * 100_000),
        raw(200, b"\xff\xfe"),
        raw(200, b'{"jsonrpc": "2.0"}'),
        raw(200, b'{"result": NaN}'),
        raw(200, b'{"result": 1e9999999999999999999999}'),
        rpc_error("CONNECTION_REFUSED"),
        rpc_error("-32601"),
        raw(200, b"9" * 10_000),
        raw(200, b"<html>"),
        raw(500, b"{}"),
        raw(502, b"<html>"),
        raw(204, b""),
        raw(307, b"", Location="/exchange/betting/json-rpc/v1"),
        raw(302, b"", Location="/exchange/betting/json-rpc/v1"),
        result(None),
        result(lambda _: None),
        result([]),
        result("SUCCESS"),
        exception("TIMEOUT_ERROR"),
        exception("NEVER_HEARD_OF"),
    ],
)
def test_an_answer_that_says_nothing_is_unknown_and_nothing_is_sent_again(
    answer: Any, exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.extend([answer, result(place_report)])
    placed = exchange.place(order)
    assert placed.fate is Fate.UNKNOWN
    assert Reaction.RECONCILE in placed.reactions
    assert len(server.asked) == 1


def test_a_pooled_connection_that_breaks_proves_nothing(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.extend([result(place_report), reset])
    assert exchange.place(order).fate is Fate.SEEN
    assert exchange.place(replace(order, order_ref="o-2", request_ref="r-2")).fate is Fate.UNKNOWN
    assert len(server.asked) == 2


def test_a_lost_session_kills_the_order_and_the_next_one_logs_in(
    exchange: BetfairExchange, server: Scripted, order: OrderRequest
) -> None:
    server.script.extend([exception("INVALID_SESSION_INFORMATION"), result(place_report)])
    first = exchange.place(order)
    assert (first.fate, set(first.reactions)) == (Fate.DEAD, {Reaction.LOG_IN})
    assert len(server.asked) == 1, "the order was sent again"
    assert exchange.place(replace(order, order_ref="o-2", request_ref="r-2")).fate is Fate.SEEN
    assert server.login_count == 2
    assert server.asked[1].headers["X-Authentication"] == "token-2-of-a-session"


def test_without_a_session_nothing_is_sent(exchange: BetfairExchange, server: Scripted, order: OrderRequest) -> None:
    server.logins.append({"status": "INVALID_USERNAME_OR_PASSWORD"})
    answer = exchange.place(order)
    assert (answer.fate, set(answer.reactions)) == (Fate.DEAD, {Reaction.STOP})
    (cancelled,) = exchange.cancel("1.1", ["1"], "c")
    assert (cancelled.fate, set(cancelled.reactions)) == (Fate.DEAD, {Reaction.STOP})
    assert (server.asked, server.login_count) == ([], 1)


# --- Cancels ----------------------------------------------------------------------------------------------------------


def cancelled(asked: dict[str, Any]) -> dict[str, Any]:
    reports = [
        {"status": "SUCCESS", "instruction": one, "sizeCancelled": 2.1, "cancelledDate": "2026-05-02T13:00:00.000Z"}
        for one in asked["instructions"]
    ]
    return {
        "customerRef": asked["customerRef"],
        "status": "SUCCESS",
        "marketId": asked["marketId"],
        "instructionReports": reports,
    }


def test_a_cancel_names_its_market_and_its_bets(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.append(result(cancelled))
    answers = exchange.cancel("1.234567890", ["2", "1"], "c-1")
    assert [(one.bet_id, one.fate, one.size_cancelled) for one in answers] == [
        ("2", Fate.SEEN, Decimal("2.1")),
        ("1", Fate.SEEN, Decimal("2.1")),
    ]
    assert server.asked[0].rpc["params"] == {
        "marketId": "1.234567890",
        "instructions": [{"betId": "2"}, {"betId": "1"}],
        "customerRef": "c-1",
    }


def test_many_cancels_go_in_several_requests_with_a_reference_each(exchange: BetfairExchange, server: Scripted) -> None:
    server.script.extend([result(cancelled)] * 3)
    bets = [str(number) for number in range(1, 131)]
    answers = exchange.cancel("1.1", bets, "c" * 32)
    assert [one.bet_id for one in answers] == bets
    assert {one.fate for one in answers} == {Fate.SEEN}
    asked = [one.rpc["params"] for one in server.asked]
    assert [len(one["instructions"]) for one in asked] == [60, 60, 10]
    references = [one["customerRef"] for one in asked]
    assert len(set(references)) == 3
    assert {len(reference) for reference in references} == {32}


def test_each_bet_is_judged_by_its_own_report(exchange: BetfairExchange, server: Scripted) -> None:
    def mixed(asked: dict[str, Any]) -> dict[str, Any]:
        report = cancelled(asked)
        first, second, third = report["instructionReports"]
        second |= {"status": "FAILURE", "errorCode": "BET_TAKEN_OR_LAPSED"}
        del third["sizeCancelled"]
        third |= {"status": "FAILURE", "errorCode": "NEVER_HEARD_OF"}
        report["instructionReports"] = [third, first, second]  # in no order
        return report | {"status": "PROCESSED_WITH_ERRORS", "errorCode": "PROCESSED_WITH_ERRORS"}

    server.script.append(result(mixed))
    answers = exchange.cancel("1.1", ["1", "2", "3"], "c-1")
    assert [(one.fate, one.size_cancelled) for one in answers] == [
        (Fate.SEEN, Decimal("2.1")),
        (Fate.DEAD, Decimal(0)),
        (Fate.UNKNOWN, Decimal(0)),
    ]
    assert answers[1].reactions == {Reaction.REREAD_ORDER}
    assert Reaction.STOP in answers[2].reactions


def test_a_bet_that_the_report_leaves_out_is_unknown(exchange: BetfairExchange, server: Scripted) -> None:
    def shorter(asked: dict[str, Any]) -> dict[str, Any]:
        return cancelled(asked | {"instructions": asked["instructions"][:1]})

    server.script.append(result(shorter))
    assert [one.fate for one in exchange.cancel("1.1", ["1", "2"], "c")] == [Fate.SEEN, Fate.UNKNOWN]


FIELDS = st.sampled_from(["status", "errorCode", "instructionReports", "marketId", "instruction", "betId"])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=anything)
def test_no_answer_makes_an_order_raise_or_live(answer: Any, wire: Wire, server: Scripted, order: OrderRequest) -> None:
    server.script.extend([result(answer), result(answer)])
    assert BetfairExchange(wire).place(order).fate is Fate.UNKNOWN
    assert [one.fate for one in BetfairExchange(wire).cancel("1.1", ["7"], "c")] == [Fate.UNKNOWN]
