"""Every recorded answer of the exchange goes through the wire's reading and the parsing, and says what it says."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair import parsing
from policytrader.adapters.betfair.fields import Node, loads
from policytrader.adapters.betfair.stream import StreamFeed, StreamState
from policytrader.adapters.betfair.wire import RequestFailedError, read_answer
from policytrader.errors import ExchangeError
from policytrader.model.orders import Fate
from policytrader.model.reactions import Operation, Source, Word, judge
from policytrader.model.snapshot import OrderStatus, RunnerStatus
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.adapters.betfair.wire import Wire

NOW = datetime(2026, 5, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "betfair" / "api"


def read(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text(encoding="utf-8")


def result_of(file: Path) -> Any:
    """The result, read as the wire reads it; the recordings have request ids of their own."""
    text = read(file)
    answer = json.loads(text)
    if isinstance(answer, list):  # recorded without its envelope
        text, number = f'{{"jsonrpc": "2.0", "result": {text}, "id": 1}}', 1
    else:
        number = answer["id"]
    return read_answer(200, text.encode(), number)


def page(key: str, row: Callable[[Node], object]) -> Callable[[Any], object]:
    return lambda result: [row(node) for node in parsing.parse_page(result, key, "page").rows]


def catalogue(result: Any) -> object:
    # Some were recorded without asking for the event type; we always ask.
    for market in result:
        market.setdefault("eventType", {"id": "7", "name": "Horse Racing"})
    return parsing.parse_catalogue(result)


PARSERS: dict[str, Callable[[Any], object]] = {
    "list-market-catalogue": catalogue,
    "list-market-book": lambda result: parsing.parse_books(result, NOW),
    "list-runner-book": lambda result: parsing.parse_books(result, NOW),
    "list-current-orders": page("currentOrders", parsing.parse_bet),
    "list-cleared-orders": page(
        "clearedOrders", lambda node: parsing.parse_cleared_bet(node, status=ClearedStatus.SETTLED)
    ),
    "account-funds": parsing.parse_funds,
    "place-orders": parsing.parse_place_report,
    "cancel-orders": parsing.parse_cancel_report,
}
# Of operations that the ports do not have; they have to be readable all the same.
READ_ONLY = (
    "account-details",
    "heartbeat",
    "list-event-types",
    "list-market-profit-and-loss",
    "list-market-types",
    "list-venues",
    "replace-orders",
    "update-orders",
)
IDENTITY = ("login-", "logout-", "keep-alive-")  # tests/adapters/betfair/test_session.py serves them

REFUSED = {
    "account-funds-error-no-app-key.json": (Source.EXCEPTION, "NO_APP_KEY"),
    "account-funds-error-parameters.json": (Source.TRANSPORT, "-32602"),
}
SEVERAL_ORDERS = {"place-orders-batch-partial-failure.json", "place-orders-batch-success.json"}


def test_every_recorded_answer_is_read(folder: Path) -> None:
    read_files = 0
    for file in sorted(folder.glob("*.json*")):
        if file.name.startswith(IDENTITY):
            assert loads(read(file))
            continue
        if file.name in REFUSED:
            with pytest.raises(RequestFailedError) as failed:
                result_of(file)
            assert failed.value.failure[:2] == REFUSED[file.name], file.name
            continue
        result = result_of(file)
        parser = next((parser for name, parser in PARSERS.items() if file.name.startswith(name)), None)
        assert parser is not None or file.name.startswith(READ_ONLY), f"nobody reads {file.name}"
        if file.name in SEVERAL_ORDERS:
            with pytest.raises(ExchangeError, match="the one order sent"):
                parsing.parse_place_report(result)
        elif parser is not None:
            assert parser(result) is not None, file.name
            read_files += 1
    assert read_files > 25


def test_recorded_books(folder: Path) -> None:
    (book,) = parsing.parse_books(result_of(folder / "list-market-book.json"), NOW)
    runner = book.runners[0]
    assert (book.market_id, book.version, book.in_play, book.bet_delay) == ("1.125875153", 1384080720, True, 1)
    assert runner.back[:2] == ((Decimal(21), Decimal(2)), (Decimal(20), Decimal("0.17")))
    assert (runner.lay, runner.last_traded) == ((), Decimal(1000))
    assert (runner.adjustment_factor, runner.starting_price) == (Decimal("36.043"), Decimal("2.730112832627202"))
    statuses = {one.status for one in book.runners}
    assert statuses <= {RunnerStatus.ACTIVE, RunnerStatus.REMOVED, RunnerStatus.WINNER, RunnerStatus.LOSER}


def test_a_recorded_day_of_catalogue(folder: Path) -> None:
    markets = catalogue(result_of(folder / "list-market-catalogue-100-win-markets.json.gz"))
    assert isinstance(markets, tuple)
    assert len(markets) == 100
    assert {market.market_type for market in markets} == {"WIN"}
    assert all(market.runners and market.event_id.isdigit() for market in markets)


def test_recorded_bets(folder: Path) -> None:
    lapsed, partly = (
        parsing.parse_bet(node)
        for node in parsing.parse_page(result_of(folder / "list-current-orders-lapsed.json"), "currentOrders", "p").rows
    )
    assert (lapsed.size, lapsed.size_lapsed, lapsed.average_price_matched) == (Decimal(20), Decimal(20), None)
    assert (partly.size_matched, partly.size_voided, partly.average_price_matched) == (
        Decimal(30),
        Decimal(10),
        Decimal("2.4"),
    )
    assert partly.status is OrderStatus.EXECUTION_COMPLETE


@pytest.mark.parametrize(
    ("name", "fate", "code"),
    [
        ("place-orders-success-unmatched", Fate.SEEN, "SUCCESS"),
        ("place-orders-success-no-order-status", Fate.SEEN, "SUCCESS"),
        ("place-orders-success-fill-or-kill", Fate.SEEN, "SUCCESS"),
        ("place-orders-failure-permission-denied", Fate.DEAD, "PERMISSION_DENIED"),
    ],
)
def test_recorded_place_reports(name: str, fate: Fate, code: str, folder: Path) -> None:
    report = parsing.parse_place_report(result_of(folder / f"{name}.json"))
    assert report.order is not None
    verdict = judge(Operation.PLACE, report.word, parsing.parse_word(report.order))
    assert (verdict.fate, verdict.code) == (fate, code)


@pytest.mark.parametrize(
    ("name", "fates"),
    [
        ("cancel-orders-success", {"228302937743": Fate.SEEN}),
        ("cancel-orders-failure", {"228302937743": Fate.UNKNOWN}),  # the report is a success, the instruction is not
        ("cancel-orders-bet-taken-or-lapsed", {"1": Fate.DEAD}),
        ("cancel-orders-batch-partial-failure", {"1": Fate.SEEN, "2": Fate.UNKNOWN}),
        ("cancel-orders-partly", {"49078012097": Fate.SEEN}),
    ],
)
def test_recorded_cancel_reports(name: str, fates: dict[str, Fate], folder: Path) -> None:
    report, bets = parsing.parse_cancel_report(result_of(folder / f"{name}.json"))
    judged = {bet: judge(Operation.CANCEL, report.word, parsing.parse_word(node)).fate for bet, node in bets.items()}
    assert judged == fates


def test_a_recorded_refusal_of_a_whole_cancel(folder: Path) -> None:
    report, bets = parsing.parse_cancel_report(result_of(folder / "cancel-orders-result-failure.json"))
    assert (report.word, bets) == (Word("FAILURE", "MARKET_SUSPENDED"), {})


def test_recorded_stream_messages_are_taken_in(folder: Path, wire: Wire) -> None:
    """Each alone, as the first of its subscription: an image gives books, and no message is too odd to be taken."""
    books = refused = unreliable = 0
    for file in sorted((folder / "stream").glob("*.json")):
        for message in several(json.loads(read(file))):
            feed = StreamFeed(wire, {})
            listener = feed._listener
            listener.register_stream(message.get("id"), "marketSubscription")
            taken = listener.on_data(json.dumps(message))
            if message["op"] == "ocm":
                assert taken is False, "the order stream is not subscribed to"
                continue
            if message.get("statusCode") == "FAILURE":
                assert (taken, listener.refusal) == (False, message["errorCode"])
                refused += 1
                continue
            assert taken is None, file.name
            if message.get("status") == 503:
                assert feed.health().state is StreamState.UNRELIABLE, file.name
                unreliable += 1
            elif message.get("ct") == "SUB_IMAGE":
                markets = [market["id"] for market in message["mc"] if "marketDefinition" in market]
                found = feed.books(markets)
                assert [book.market_id for book in found] == markets, file.name
                books += len(found)
    assert (books, refused, unreliable) == (2, 2, 2)


def several(messages: Any) -> list[dict[str, Any]]:
    return messages if isinstance(messages, list) else [messages]
