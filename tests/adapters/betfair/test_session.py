"""Login, keepAlive and the session's loss: how often, and never in a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.wire import Wire
from policytrader.errors import ConfigError, ExchangeError
from policytrader.model.orders import Reaction
from tests.adapters.betfair.scripted import APP_KEY, PASSWORD, Scripted, SteppedClock, credentials, exception, result

if TYPE_CHECKING:
    from pathlib import Path

FUNDS = {"availableToBetBalance": 100.0, "exposure": 0.0, "exposureLimit": -5000.0}


def read(wire: Wire) -> None:
    BetfairExchange(wire).funds()


def test_keep_alive_comes_at_most_hourly(wire: Wire, server: Scripted, clock: SteppedClock) -> None:
    server.script.extend([result(FUNDS)] * 8)
    for minutes, count in ((0, 0), (59, 0), (1, 1), (0, 1), (59, 1), (1, 2)):
        clock.wait(minutes * 60)
        read(wire)
        assert server.keep_alive_count == count
    assert server.login_count == 1


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"", {"status": "SUCCESS", "token": ""}, {"status": "SUCCESS"}])
def test_a_keep_alive_without_an_answer_leaves_the_session_alone(
    answer: Any, wire: Wire, server: Scripted, clock: SteppedClock
) -> None:
    server.script.extend([result(FUNDS)] * 3)
    server.keep_alives.append(answer)
    read(wire)
    clock.wait(3600)
    read(wire)
    read(wire)
    assert (server.login_count, server.keep_alive_count) == (1, 1)
    assert {asked.headers["X-Authentication"] for asked in server.asked} == {"token-1-of-a-session"}


def test_a_read_logs_in_once_and_asks_again(wire: Wire, server: Scripted) -> None:
    server.script.extend([exception("INVALID_SESSION_INFORMATION"), result(FUNDS)])
    read(wire)
    assert (server.login_count, len(server.asked)) == (2, 2)


def test_a_login_that_does_not_help_ends_it(wire: Wire, server: Scripted) -> None:
    server.script.extend([exception("NO_SESSION")] * 5)
    with pytest.raises(ExchangeError, match="right after a login") as raised:
        read(wire)
    assert raised.value.reactions == {Reaction.STOP}
    assert (server.login_count, len(server.asked)) == (2, 2)
    with pytest.raises(ExchangeError, match="not logged in"):
        read(wire)
    assert (server.login_count, len(server.asked)) == (2, 2), "it tried again"


def test_sessions_that_keep_getting_lost_end_it(wire: Wire, server: Scripted, clock: SteppedClock) -> None:
    for _ in range(4):
        server.script.extend([exception("NO_SESSION"), result(FUNDS)])
        read(wire)
        clock.wait(1)
    assert server.login_count == 5
    server.script.append(exception("NO_SESSION"))
    with pytest.raises(ExchangeError, match="5 logins in 10 minutes"):
        read(wire)
    assert server.login_count == 5


def test_a_ban_leaves_the_living_session_at_work(wire: Wire, server: Scripted, clock: SteppedClock) -> None:
    server.script.extend([result(FUNDS)] * 2)
    read(wire)
    server.logins.append({"status": "TEMPORARY_BAN_TOO_MANY_REQUESTS"})
    with pytest.raises(ExchangeError) as raised:
        wire.session._log_in()
    assert raised.value.reactions == {Reaction.STOP}
    clock.wait(20 * 60)
    read(wire)
    assert server.login_count == 3


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b"null", b"", {"status": "SUCCESS"}, {"status": "SUCCESS", "token": 5}]
)
def test_a_login_without_an_answer_is_tried_again_later(
    answer: Any, wire: Wire, server: Scripted, clock: SteppedClock
) -> None:
    server.logins.extend([answer, answer])
    server.script.append(result(FUNDS))
    for pause in (2, 4):
        for _ in range(3):
            with pytest.raises(ExchangeError, match="next") as raised:
                read(wire)
            assert raised.value.reactions == {Reaction.BACK_OFF}
        clock.wait(pause)
    assert server.login_count == 2
    read(wire)
    assert server.login_count == 3


def test_credentials_travel_in_the_body_and_nowhere_else(wire: Wire, server: Scripted) -> None:
    seen: list[Any] = []
    server.answer, usual = (lambda handler, asked: (seen.append(asked), usual(handler, asked))), server.answer  # type: ignore[method-assign,assignment,func-returns-value]
    wire.session.token()
    (login,) = seen
    assert login.path == "/identity/login"
    assert login.body == f"username=trader&password={PASSWORD}".encode()
    assert login.headers["X-Application"] == APP_KEY


def test_a_certificate_is_for_its_owner_only(tmp_path: Path, server: Scripted) -> None:
    pem = tmp_path / "client.pem"
    with_certificate = credentials().__class__(
        username="u", password=credentials().password, app_key=credentials().app_key, certificate=pem
    )
    with pytest.raises(ConfigError, match="no such certificate"):
        Wire(server.endpoints(), with_certificate, SteppedClock())
    pem.write_text("-", encoding="utf-8")
    pem.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Wire(server.endpoints(), with_certificate, SteppedClock())
    pem.chmod(0o600)
    server.logins.append({"sessionToken": "token-of-a-certificate", "loginStatus": "SUCCESS"})
    with Wire(server.endpoints(), with_certificate, SteppedClock()) as wire:
        assert wire.session.token() == "token-of-a-certificate"


def test_no_redirect_takes_the_password_elsewhere(wire: Wire, server: Scripted) -> None:
    def redirect(handler: Any, asked: Any) -> None:
        server.login_count += 1
        handler.send(307, b"", {"Location": asked.path})

    server.answer = redirect  # type: ignore[method-assign]
    with pytest.raises(ExchangeError):
        wire.session.token()
    assert server.login_count == 1


def test_the_environment_has_no_say(wire: Wire, server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server.script.append(result(FUNDS))
    read(wire)
    assert len(server.asked) == 1
