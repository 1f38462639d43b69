"""Login, keep-alive and logout with the real client library, and who is let in to the operations."""

from __future__ import annotations

from typing import Any

import pytest
from betfairlightweight.exceptions import APIError, KeepAliveError, LoginError

from tests.exchange_server.http_world import PATIENCE_SECONDS, Served, open_served

HOUR = 3600


def post(served: Served, path: str, **form: str) -> dict[str, Any]:
    headers = {"X-Application": served.facts["app_key"], "X-Authentication": served.client.session_token or ""}
    base, name = ("identity_cert", "certlogin") if path == "certlogin" else ("identity", path)
    answer = served.http.post(f"{served.facts[base]}{name}", data=form, headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def error_of(served: Served) -> str:
    with pytest.raises(APIError) as raised:
        served.client.betting.list_event_types()
    return str(raised.value.response["error"]["data"]["APINGException"]["errorCode"])


def test_the_library_logs_in_keeps_alive_and_logs_out() -> None:
    with open_served() as served:
        client = served.client
        assert client.login_interactive()["status"] == "SUCCESS"
        token = client.session_token
        assert client.keep_alive()["token"] == token
        assert client.betting.list_event_types()[0]["marketCount"] == 2
        assert client.logout()["status"] == "SUCCESS"
        client.set_session_token(token)
        assert error_of(served) == "INVALID_SESSION_INFORMATION"


def test_recorded_shapes_of_every_answer(served: Served) -> None:
    username, password = served.facts["username"], served.facts["password"]
    token = served.client.session_token
    assert post(served, "login", username=username, password=password).keys() == {"token", "status"}
    assert post(served, "login", username=username, password="x")  # noqa: S106 - a wrong one == {"status": "INVALID_USERNAME_OR_PASSWORD"}
    assert post(served, "certlogin", username=username, password=password).keys() == {"sessionToken", "loginStatus"}
    assert post(served, "certlogin", username="x", password=password) == {"loginStatus": "INVALID_USERNAME_OR_PASSWORD"}
    alive = {"token": token, "product": served.facts["app_key"], "status": "SUCCESS", "error": ""}
    assert post(served, "keepAlive") == alive
    assert post(served, "logout") == alive
    assert post(served, "logout") == alive | {"status": "FAIL", "error": "NO_SESSION"}
    assert post(served, "keepAlive") == alive | {"token": "", "status": "FAIL", "error": "NO_SESSION"}


def test_keep_alive_and_logout_can_also_be_asked_for_with_get(served: Served) -> None:
    headers = {"X-Application": served.facts["app_key"], "X-Authentication": served.client.session_token}
    statuses = []
    for name in ("keepAlive", "logout", "keepAlive"):
        answer = served.http.get(f"{served.facts['identity']}{name}", headers=headers, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200
        statuses.append(answer.json()["status"])
    assert statuses == ["SUCCESS", "SUCCESS", "FAIL"]
    login = served.http.get(f"{served.facts['identity']}login", headers=headers, timeout=PATIENCE_SECONDS)
    assert login.status_code == 404


def test_a_login_without_key_is_an_input_error(served: Served) -> None:
    url = f"{served.facts['identity']}login"
    answer = served.http.post(url, data={"username": "a", "password": "b"}, timeout=PATIENCE_SECONDS)
    assert answer.json() == {"token": "", "product": "", "status": "FAIL", "error": "INPUT_VALIDATION_ERROR"}


def test_a_wrong_password_is_an_error_of_the_library() -> None:
    with open_served() as served, pytest.raises(LoginError):
        served.new_client(password="wrong").login_interactive()  # noqa: S106 - a wrong one


def test_a_session_lasts_24_hours_of_simulated_time(served: Served) -> None:
    served.advance(24 * HOUR - 1)
    served.client.betting.list_event_types()
    served.advance(1)
    assert error_of(served) == "INVALID_SESSION_INFORMATION"
    with pytest.raises(KeepAliveError):
        served.client.keep_alive()


def test_only_a_keep_alive_extends_a_session(served: Served) -> None:
    served.advance(20 * HOUR)
    served.client.betting.list_event_types()
    served.client.keep_alive()
    served.advance(20 * HOUR)
    served.client.betting.list_event_types()
    served.advance(4 * HOUR)
    assert error_of(served) == "INVALID_SESSION_INFORMATION"


def test_one_login_more_than_100_in_a_minute_bans_logins_for_20_minutes(served: Served) -> None:
    for _ in range(99):
        served.new_client().login_interactive()
    late = served.new_client()
    with pytest.raises(LoginError) as raised:
        late.login_interactive()
    assert raised.value.response == {"status": "TEMPORARY_BAN_TOO_MANY_REQUESTS"}
    served.client.betting.list_event_types()  # a living session stays valid
    served.advance(20 * 60 - 1)
    with pytest.raises(LoginError):
        late.login_interactive()
    served.advance(1)
    late.login_interactive()


def test_a_login_each_second_is_never_banned(served: Served) -> None:
    for _ in range(150):
        served.advance(1)
        served.new_client().login_interactive()


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Application": None}, "NO_APP_KEY"),
        ({"X-Application": "other"}, "INVALID_APP_KEY"),
        ({"X-Authentication": None}, "NO_SESSION"),
        ({"X-Authentication": "other"}, "INVALID_SESSION_INFORMATION"),
    ],
)
def test_key_and_session_are_checked(served: Served, headers: dict[str, str | None], code: str) -> None:
    assert served.error_of("listEventTypes", {"filter": {}}, headers) == code
    account = {"jsonrpc": "2.0", "method": "AccountAPING/v1.0/getAccountFunds", "params": {}, "id": 1}
    error = served.rpc(account, "account/json-rpc/v1", headers).json()["error"]
    assert error["data"]["exceptionname"] == "AccountAPINGException"
    assert error["data"]["AccountAPINGException"]["errorCode"] == code


def test_credentials_and_time_are_fixed_by_the_seed() -> None:
    seen = []
    for _ in range(2):
        with open_served() as served:
            served.log_in()
            seen.append(
                [served.facts[name] for name in ("username", "password", "app_key", "now")]
                + [served.client.session_token]
            )
    assert seen[0] == seen[1]
    assert seen[0][3] == "2026-05-02T12:00:00Z"
