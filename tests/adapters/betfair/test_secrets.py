"""Password, app key and token appear in no log, no error and no repr."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.errors import ExchangeError
from policytrader.model.orders import Fate
from tests.adapters.betfair.scripted import (
    APP_KEY,
    PASSWORD,
    Handler,
    Scripted,
    SteppedClock,
    credentials,
    exception,
    raw,
    reset,
    result,
    silent,
)

if TYPE_CHECKING:
    from policytrader.model.orders import OrderRequest

TOKEN = "token-1-of-a-session"  # noqa: S105 - the scripted server's
SECRETS = (PASSWORD, APP_KEY, TOKEN)


def assert_clean(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


def test_reprs_hide_them(server: Scripted) -> None:
    with server.wire() as wire:
        wire.session.token()
        for thing in (credentials(), wire, wire.session, wire.secrets, wire.endpoints, wire._client, wire._http):
            assert_clean(f"{thing!r} {thing}")


@pytest.mark.parametrize(
    "answer",
    [
        exception("INVALID_INPUT_DATA", f"you sent {TOKEN} and {APP_KEY} and {PASSWORD}"),
        exception(f"CODE_{TOKEN}"),
        raw(500, TOKEN.encode()),
        raw(200, TOKEN.encode()),
        result({"exposure": TOKEN}),
        result({"status": TOKEN}),
        reset,
        silent,
    ],
)
def test_errors_and_logs_hide_them(
    answer: object, server: Scripted, order: OrderRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    with server.wire(read_seconds=0.2) as wire:
        server.script.extend([answer, answer])  # type: ignore[list-item]
        placed = BetfairExchange(wire).place(order)
        assert placed.fate is not Fate.SEEN
        assert_clean(repr(placed))
        with pytest.raises(ExchangeError) as raised:
            BetfairExchange(wire).funds()
        text = "".join(traceback.format_exception(raised.value))
        assert_clean(text)
    assert_clean(caplog.text)


ECHO = f"{PASSWORD} and {APP_KEY} and {TOKEN}"


def test_a_keep_alive_that_echoes_them_shows_none(server: Scripted, clock: SteppedClock) -> None:
    server.keep_alives.append({"token": TOKEN, "product": APP_KEY, "status": "FAIL", "error": f"SAID_{PASSWORD}"})
    with server.wire(clock) as wire:
        wire.session.token()
        clock.wait(3600)
        with pytest.raises(ExchangeError) as raised:
            BetfairExchange(wire).funds()
    assert_clean("".join(traceback.format_exception(raised.value)) + raised.value.code)


def test_a_login_that_echoes_them_shows_none(server: Scripted, order: OrderRequest) -> None:
    server.logins.append({"token": "", "product": APP_KEY, "status": "FAIL", "error": f"{PASSWORD} {APP_KEY}"})
    with server.wire() as wire:
        assert_clean(repr(BetfairExchange(wire).place(order)))


def test_a_library_that_cannot_read_an_answer_logs_none(
    server: Scripted, order: OrderRequest, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_header(handler: Handler, _: object) -> None:
        handler.connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{ECHO}\r\nA: b\r\n\r\n{{}}".encode())

    server.script.append(broken_header)
    with server.wire() as wire:
        BetfairExchange(wire).place(order)
    assert "Failed to parse headers" in caplog.text
    assert_clean(caplog.text)


def test_a_library_that_logs_them_is_silenced(server: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with server.wire() as wire:
        wire.session.token()
        stream = logging.getLogger("betfairlightweight.streaming.betfairstream")
        stream.setLevel(logging.DEBUG)
        try:
            stream.debug("[Subscription: %s] Sending: %s", 1, f"harmless {TOKEN}")
            stream.warning("told %s of %s", TOKEN, {"key": APP_KEY})
            logging.getLogger("urllib3.connectionpool").debug("password=%s", PASSWORD)
        finally:
            stream.setLevel(logging.NOTSET)
    assert_clean(caplog.text)
    assert "harmless" not in caplog.text
    assert "told [secret] of {'key': '[secret]'}" in caplog.text
