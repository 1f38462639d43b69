"""Login with a password or a certificate, keep-alive and logout, in the shapes that were recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.operations import Caller

_SUCCESS, _FAIL = "SUCCESS", "FAIL"
_INPUT_ERROR = "INPUT_VALIDATION_ERROR"
_WRONG_PASSWORD = "INVALID_USERNAME_OR_PASSWORD"  # noqa: S105 - the exchange's word
_BANNED = "TEMPORARY_BAN_TOO_MANY_REQUESTS"
_NO_SESSION = "NO_SESSION"


def login(host: Host, body: bytes, caller: Caller) -> dict[str, Any]:
    """``login``: with user name and password, and the key in its header."""
    if not caller.app_key:
        return {"token": "", "product": "", "status": _FAIL, "error": _INPUT_ERROR}
    token, problem = _open(host, body)
    return {"token": token, "status": _SUCCESS} if token else {"status": problem}


def certificate_login(host: Host, body: bytes, caller: Caller) -> dict[str, Any]:
    """``certlogin``: the same with a certificate, which cannot be seen on plain http and is taken on trust."""
    if not caller.app_key:
        return {"loginStatus": _INPUT_ERROR}
    token, problem = _open(host, body)
    return {"sessionToken": token, "loginStatus": _SUCCESS} if token else {"loginStatus": problem}


def keep_alive(host: Host, caller: Caller) -> dict[str, Any]:
    """``keepAlive``: extend the session."""
    if not caller.app_key or not caller.token:
        return _answer("", caller, _FAIL, _INPUT_ERROR)
    if not host.has_session(caller.token) or not host.sessions.extend(caller.token):
        return _answer("", caller, _FAIL, _NO_SESSION)
    return _answer(caller.token, caller, _SUCCESS, "")


def logout(host: Host, caller: Caller) -> dict[str, Any]:
    """``logout``: end the session."""
    if not caller.app_key or not caller.token:
        return _answer("", caller, _FAIL, _INPUT_ERROR)
    if not host.has_session(caller.token) or not host.sessions.close(caller.token):
        return _answer(caller.token, caller, _FAIL, _NO_SESSION)
    return _answer(caller.token, caller, _SUCCESS, "")


def _open(host: Host, body: bytes) -> tuple[str | None, str]:
    form = parse_qs(body.decode("utf-8", errors="replace"))
    credentials = host.credentials
    if form.get("username") != [credentials.username] or form.get("password") != [credentials.password]:
        return None, _WRONG_PASSWORD
    return host.sessions.open(), _BANNED


def _answer(token: str, caller: Caller, status: str, error: str) -> dict[str, Any]:
    return {"token": token, "product": caller.app_key or "", "status": status, "error": error}
