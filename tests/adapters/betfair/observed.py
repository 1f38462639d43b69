"""What the adapter does with each code of the exchange, seen: served over real sockets to the real client library.

``python -m tests.adapters.betfair.observed`` writes it into ``docs/reactions.md``.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.stream import StreamFeed
from policytrader.errors import ExchangeError
from policytrader.model.orders import OrderRequest
from policytrader.model.reactions import LOGIN_BANS, TABLE, Operation, Source, Transport
from policytrader.model.snapshot import Side
from tests.adapters.betfair.scripted import (
    Asked,
    Handler,
    Scripted,
    SteppedClock,
    exception,
    failed_report,
    place_report,
    raw,
    reset,
    result,
    rpc_error,
    silent,
    wrong_id,
)
from tests.adapters.betfair.scripted_stream import Client, ScriptedStream, beat, image, make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.betfair.wire import Wire

    Answer = Callable[[Handler, Asked], None]

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reactions.md"
UNLISTED_CODE = "SOMETHING_NEW"

ORDER = OrderRequest(
    market_id="1.234567890",
    selection_id=47972,
    side=Side.BACK,
    price=Decimal("3.05"),
    size=Decimal("2.10"),
    order_ref="o-1",
    request_ref="r-1",
    strategy_ref="pt",
    market_version=5210433,
)
FUNDS = {"availableToBetBalance": 100.0, "exposure": 0.0, "exposureLimit": -5000.0}
BET_ID = "31242604945"


@dataclass(frozen=True)
class Seen:
    """What was seen: the fate of an order (empty where there is none), and the reactions due."""

    source: Source
    code: str
    operation: Operation
    fate: str
    reactions: frozenset[str]


def observe() -> list[Seen]:
    """Every listed code, and one that nobody listed, for each operation that can meet it."""
    return [*_observe_requests(), *_observe_session()]


def codes(source: Source) -> list[str]:
    """The codes of a table and one that is in none; the docs tell them in this order."""
    return [*TABLE[source], UNLISTED_CODE]


# --- Requests ---------------------------------------------------------------------------------------------------------


def _observe_requests() -> list[Seen]:
    seen = []
    for source in (Source.TRANSPORT, Source.EXCEPTION, Source.REPORT, Source.INSTRUCTION):
        for code in codes(source):
            for operation in (Operation.PLACE, Operation.CANCEL, Operation.READ):
                if source in {Source.REPORT, Source.INSTRUCTION} and operation is Operation.READ:
                    continue
                fate, reactions = _ask(source, code, operation)
                seen.append(Seen(source, code, operation, fate, reactions))
    return seen


def _ask(source: Source, code: str, operation: Operation) -> tuple[str, frozenset[str]]:
    with Scripted() as server, server.wire(read_seconds=1.0 if code == Transport.READ_TIMEOUT else 5.0) as wire:
        if code == Transport.CONNECTION_REFUSED:
            wire.session.token()
            _point_at_nobody(wire)
        server.script.extend([_answer(source, code, operation), result(FUNDS)])
        return _do(BetfairExchange(wire), operation, server)


def _point_at_nobody(wire: Wire) -> None:
    """From now on the API is at a port on which nobody listens."""
    with Scripted() as gone:
        address = gone.endpoints().api
    wire._client.api_uri = address


def _do(exchange: BetfairExchange, operation: Operation, server: Scripted) -> tuple[str, frozenset[str]]:
    match operation:
        case Operation.PLACE:
            placed = exchange.place(ORDER)
            assert len(server.asked) <= 1, "an order was sent twice"
            return placed.fate, frozenset(placed.reactions)
        case Operation.CANCEL:
            (cancelled,) = exchange.cancel("1.234567890", [BET_ID], "c-1")
            assert len(server.asked) <= 1, "a cancel was sent twice"
            return cancelled.fate, frozenset(cancelled.reactions)
        case _:
            try:
                exchange.funds()
            except ExchangeError as error:
                return "", frozenset(error.reactions)
            # The one thing that a read does about a code by itself.
            return "", frozenset({"log_in"} if server.login_count == 2 else {"nothing was wrong"})


def _answer(source: Source, code: str, operation: Operation) -> Answer:
    match source:
        case Source.TRANSPORT:
            return _transport(code)
        case Source.EXCEPTION:
            return exception(code, name="AccountAPINGException" if operation is Operation.READ else "APINGException")
        case Source.REPORT:
            status = code if code in {"TIMEOUT", "PROCESSED_WITH_ERRORS"} else "FAILURE"
            return result(lambda asked: failed_report(asked, status, None if code == "TIMEOUT" else code))
        case _:
            return _instruction(code, operation)


def _transport(code: str) -> Answer:
    known: dict[str, Answer] = {
        Transport.CONNECTION_REFUSED: reset,  # never asked
        Transport.CONNECTION_LOST: reset,
        Transport.READ_TIMEOUT: silent,
        Transport.BROKEN_ANSWER: raw(200, b"<html><body>Maintenance</body></html>"),
        Transport.SERVER_ERROR: raw(503, b"busy"),
        Transport.WRONG_ID: wrong_id,
        UNLISTED_CODE: raw(418, b"{}"),
    }
    return known[code] if code in known else rpc_error(int(code))


def _instruction(code: str, operation: Operation) -> Answer:
    def report(asked: dict[str, Any]) -> dict[str, Any]:
        if code == "EXPIRED" and operation is Operation.PLACE:
            return place_report(asked, orderStatus="EXPIRED")
        if code == "TIMEOUT":
            return failed_report(asked, "SUCCESS", None, [("TIMEOUT", None)])
        if operation is Operation.CANCEL:
            return failed_report(asked, "SUCCESS", None, [("FAILURE", code)])  # so the exchange answers, as recorded
        return failed_report(asked, "FAILURE", "BET_ACTION_ERROR", [("FAILURE", code)])

    return result(report)


# --- Sessions ---------------------------------------------------------------------------------------------------------


def _observe_session() -> list[Seen]:
    seen = []
    for code in codes(Source.SESSION):
        listed = TABLE[Source.SESSION].get(code, {})
        if Operation.LOGIN in listed or code == UNLISTED_CODE:
            seen.append(Seen(Source.SESSION, code, Operation.LOGIN, "", _log_in(code)))
        if Operation.KEEP_ALIVE in listed or code == UNLISTED_CODE:
            seen.append(Seen(Source.SESSION, code, Operation.KEEP_ALIVE, "", _keep_alive(code)))
        if Operation.STREAM in listed or code == UNLISTED_CODE:
            seen.append(Seen(Source.SESSION, code, Operation.STREAM, "", _stream(code)))
    return seen


def _log_in(code: str) -> frozenset[str]:
    clock = SteppedClock()
    with Scripted() as server, server.wire(clock) as wire:
        server.logins.append({"status": "FAIL", "error": code})
        server.script.append(result(FUNDS))
        try:
            BetfairExchange(wire).funds()
        except ExchangeError as error:
            reactions = frozenset(error.reactions)
        else:
            return frozenset()
        clock.wait(19 * 60)
        _expect_no_login(wire, server, 1)
        clock.wait(2 * 60)
        if code in LOGIN_BANS:
            BetfairExchange(wire).funds()  # the ban is over
            assert server.login_count == 2
        else:
            _expect_no_login(wire, server, 1)
        return reactions


def _expect_no_login(wire: Wire, server: Scripted, count: int) -> None:
    try:
        wire.session.token()
    except ExchangeError:
        assert server.login_count == count, "it logged in again"
    else:
        message = "it logged in again"
        raise AssertionError(message)


def _keep_alive(code: str) -> frozenset[str]:
    clock = SteppedClock()
    with Scripted() as server, server.wire(clock) as wire:
        server.script.extend([result(FUNDS), result(FUNDS)])
        server.keep_alives.append({"status": "FAIL", "error": code, "token": "", "product": "app"})
        BetfairExchange(wire).funds()
        clock.wait(3600)
        try:
            BetfairExchange(wire).funds()
        except ExchangeError as error:
            return frozenset(error.reactions)
        return frozenset({"log_in"} if server.login_count == 2 else ())


def _stream(code: str) -> frozenset[str]:
    def behave(client: Client, number: int) -> None:
        if code == "SUBSCRIPTION_LIMIT_EXCEEDED":
            subscription = client.greet()
            client.say(image(subscription))
            failure = {"op": "status", "id": subscription["id"], "statusCode": "FAILURE", "errorCode": code}
            client.say(failure | {"connectionClosed": False})
            client.say(beat(subscription))
            client.hear()
        elif number == 0:
            client.refuse(code)
        else:
            client.greet()
            client.hear()

    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedStream(make_certificate(Path(folder), "127.0.0.1"), behave) as stream,
        Scripted() as server,
        server.wire() as wire,
    ):
        wire.endpoints = replace(wire.endpoints, stream_port=stream.port, certificate_pem=stream.certificate.pem)
        with (
            StreamFeed(wire, {"marketIds": ["1.1"]}, heartbeat_milliseconds=2000, pause_seconds=30) as feed,
            feed._changed,
        ):
            feed._changed.wait_for(lambda: bool(feed.health().reactions), timeout=10)
            return frozenset(feed.health().reactions)


# --- The page ---------------------------------------------------------------------------------------------------------

_TITLES = {
    Source.TRANSPORT: ("Transport and protocol", "No answer, or one that cannot be read; numbers are JSON-RPC's."),
    Source.EXCEPTION: ("APINGException", "The request as a whole was not served."),
    Source.REPORT: ("ExecutionReport", "The report on a whole request, when it does not speak of the order."),
    Source.INSTRUCTION: ("InstructionReport", "The report on one order, or one cancellation."),
    Source.SESSION: ("Login, keepAlive, stream", "What the session needs."),
}
_HEAD = """\
# Error codes and reactions

<!-- Made by `python -m tests.adapters.betfair.observed`; a test compares it with what it sees. -->

What the Betfair adapter does with each error code. Every cell was seen by a test: a server gave the code over a socket,
the adapter read it through betfairlightweight.

An order is `seen` (the exchange holds it), `dead` (provably no bet) or `unknown` (it stays reserved until it is found).
A cancel is `seen` when the exchange says that nothing is open any more, `dead` when it provably did nothing. `-` asks
for nothing. Nothing is ever sent twice, except a read after a new login (`log_in`). A code that is not listed is
unknown and stops new bets; `SOMETHING_NEW` stands for all of them.

| reaction | what is due |
|---|---|
| `reconcile` | read the account's orders, completely, before any new order |
| `reread_market` | the market is not what it was: read it again before deciding |
| `reread_order` | the order is not what it was: it may have been matched |
| `skip_market` | nothing more in this market for now |
| `cancel_opposite` | an own order on the other side stands in the way: cancel it first |
| `back_off` | wait, longer each time, before the next request |
| `log_in` | log in once; if that does not help, stop |
| `split` | ask for less at a time |
| `subscribe_afresh` | forget the stream's clock and take a whole image |
| `reconnect` | open the stream again; no placing meanwhile |
| `alert` | tell a person |
| `stop` | no new bets until a person has looked; hedges and cancels stay allowed |

In betfairlightweight's own words `CONNECTION_LOST`, `READ_TIMEOUT` and `BROKEN_ANSWER` are an `APIError` without a
response (or an `InvalidResponse`), `SERVER_ERROR` is a `StatusCodeError`, and the codes below are an `APIError` that
carries the exchange's answer.
"""


def render(seen: list[Seen]) -> str:
    """The page."""
    parts = [_HEAD]
    for source, (title, sentence) in _TITLES.items():
        operations = list(dict.fromkeys(one.operation for one in seen if one.source is source))
        operations.sort(key=list(Operation).index)
        parts.append(f"\n## {title}\n\n{sentence}\n\n")
        parts.append("| code | " + " | ".join(str(one).replace("_", " ") for one in operations) + " |\n")
        parts.append("|---" * (len(operations) + 1) + "|\n")
        cells = {(one.code, one.operation): _cell(one) for one in seen if one.source is source}
        for code in dict.fromkeys(one.code for one in seen if one.source is source):
            row = " | ".join(cells.get((code, operation), "") for operation in operations)
            parts.append(f"| `{code}` | {row} |\n")
    return "".join(parts)


def _cell(seen: Seen) -> str:
    reactions = ", ".join(sorted(seen.reactions))
    if not seen.fate:
        return reactions or "-"
    return f"**{seen.fate}**" + (f", {reactions}" if reactions else "")


if __name__ == "__main__":
    PAGE.write_text(render(observe()), encoding="utf-8")
