"""Answers that do not end, or that never fit: each is given up within a bound, and the order is unknown."""

from __future__ import annotations

import gzip
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair import http
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.errors import ExchangeError
from policytrader.model.orders import Fate, Reaction
from tests.adapters.betfair.scripted import Asked, Handler, Scripted, place_report, result

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.model.orders import OrderRequest

SILENCE = 0.5
PATIENCE = 500
"""Bytes until the server gives up, long after it should have been given up."""
HEAD = b"HTTP/1.1 200 OK\r\n"

ENDLESS = {
    "a body byte by byte": (HEAD + b"Content-Length: 9999\r\n\r\n", b" "),
    "a body chunk by chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body without a length": (HEAD + b"\r\n", b" "),
    "a header that goes on": (HEAD, b"x"),
    "soon, soon, soon": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


def drip(name: str) -> Callable[[Handler, Asked], None]:
    head, again = ENDLESS[name]

    def answer(handler: Handler, __: Asked) -> None:
        handler.connection.sendall(head)
        handler.close_connection = True
        for _ in range(PATIENCE):
            if handler.server.owner.released.wait(SILENCE / 10):
                return
            handler.connection.sendall(again)

    return answer


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_that_drips_is_given_up(name: str, server: Scripted, order: OrderRequest) -> None:
    server.script.extend([drip(name), drip(name), result(place_report)])
    with server.wire(read_seconds=SILENCE) as wire:
        exchange = BetfairExchange(wire)
        wire.session.token()
        began = time.monotonic()
        answer = exchange.place(order)
        assert (answer.fate, answer.code) == (Fate.UNKNOWN, "READ_TIMEOUT")
        assert Reaction.RECONCILE in answer.reactions
        with pytest.raises(ExchangeError, match="READ_TIMEOUT"):
            exchange.funds()
        assert SILENCE < time.monotonic() - began < 20 * SILENCE
        assert exchange.place(order).fate is Fate.SEEN, "the next one has a connection and a time of its own"
    assert len(server.asked) == 3


def test_a_login_that_drips_is_given_up(server: Scripted, order: OrderRequest) -> None:
    def slow(handler: Handler, asked: Asked) -> None:
        server.login_count += 1
        drip("a body byte by byte")(handler, asked)

    server.answer = slow  # type: ignore[method-assign]
    began = time.monotonic()
    with server.wire(read_seconds=SILENCE) as wire:
        answer = BetfairExchange(wire).place(order)
    assert time.monotonic() - began < 20 * SILENCE
    assert (answer.fate, set(answer.reactions), server.login_count) == (Fate.DEAD, {Reaction.BACK_OFF}, 1)


def report(asked: Asked) -> bytes:
    answer = {"jsonrpc": "2.0", "result": place_report(asked.rpc["params"]), "id": asked.rpc["id"]}
    return json.dumps(answer).encode()


@pytest.mark.parametrize("packed", [0, 1, 2])
def test_an_answer_larger_than_any_is_given_up(
    packed: int, server: Scripted, order: OrderRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 1 << 20)

    def large(handler: Handler, asked: Asked) -> None:
        body = report(asked) + b" " * (8 << 20)
        for _ in range(packed):
            body = gzip.compress(body, 1)
        handler.send(200, body, {"Content-Encoding": ", ".join(["gzip"] * packed)} if packed else {})

    server.script.extend([large, result(place_report)])
    with server.wire() as wire:
        exchange = BetfairExchange(wire)
        answer = exchange.place(order)
        assert (answer.fate, answer.code) == (Fate.UNKNOWN, "BROKEN_ANSWER")
        assert exchange.place(order).fate is Fate.SEEN


def test_one_connection_serves_all_requests(server: Scripted, order: OrderRequest) -> None:
    ports: list[Any] = []

    def packed(handler: Handler, asked: Asked) -> None:
        ports.append(handler.client_address)
        handler.send(200, gzip.compress(report(asked)), {"Content-Encoding": "gzip"})

    server.script.extend([packed] * 3)
    with server.wire() as wire:
        assert [BetfairExchange(wire).place(order).fate for _ in range(3)] == [Fate.SEEN] * 3
    assert len(set(ports)) == 1
