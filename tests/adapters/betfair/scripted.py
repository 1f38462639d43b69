"""A server that answers what a test tells it to, over real sockets; login and keepAlive work unless told otherwise."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from policytrader.adapters.betfair.endpoints import Credentials, Endpoints
from policytrader.adapters.betfair.wire import Wire
from tests import loopback

if TYPE_CHECKING:
    from collections.abc import Callable

USERNAME, PASSWORD, APP_KEY = "trader", "pass-word-1", "app-key-1"
RPC_PATH = "/exchange/betting/json-rpc/v1"


class SteppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 2, 13, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def rpc(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def operation(self) -> str:
        return str(self.rpc["method"]).rpartition("/")[2]


class Handler(loopback.Handler):
    """Answers from the script of its server."""

    def take(self, body: bytes) -> None:
        self.server.owner.answer(self, Asked(self.path, dict(self.headers.items()), body))


@dataclass
class Scripted(loopback.LoopbackServer):
    """``script`` answers API requests one after the other, ``logins`` and ``keep_alives`` theirs before the usual."""

    handler = Handler
    script: deque[Callable[[Handler, Asked], None]] = field(default_factory=deque)
    logins: deque[dict[str, Any] | bytes] = field(default_factory=deque)
    keep_alives: deque[dict[str, Any] | bytes] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    login_count: int = 0
    keep_alive_count: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def endpoints(self) -> Endpoints:
        base = f"http://127.0.0.1:{self.port}"
        return Endpoints(
            identity=f"{base}/identity/",
            identity_cert=f"{base}/identity-cert/",
            api=f"{base}/exchange/",
            stream_host="127.0.0.1",
            stream_port=1,
        )

    def wire(self, clock: SteppedClock | None = None, read_seconds: float = 5.0) -> Wire:
        return Wire(self.endpoints(), credentials(), clock or SteppedClock(), read_seconds=read_seconds)

    def operations(self) -> list[str]:
        return [asked.operation for asked in self.asked]

    def answer(self, handler: Handler, asked: Asked) -> None:
        if asked.path.endswith("ogin"):
            self.login_count += 1
            _identify(handler, self.logins, {"token": f"token-{self.login_count}-of-a-session", "status": "SUCCESS"})
        elif asked.path.endswith("keepAlive"):
            self.keep_alive_count += 1
            token = asked.headers["X-Authentication"]
            _identify(handler, self.keep_alives, {"token": token, "status": "SUCCESS", "error": ""})
        else:
            self.asked.append(asked)
            self.script.popleft()(handler, asked)


def _identify(handler: Handler, script: deque[dict[str, Any] | bytes], usual: dict[str, Any]) -> None:
    answer = script.popleft() if script else usual
    handler.send(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())


def credentials() -> Credentials:
    return Credentials(username=USERNAME, password=SecretStr(PASSWORD), app_key=SecretStr(APP_KEY))


# --- Answers ----------------------------------------------------------------------------------------------------------


def result(value: Any) -> Callable[[Handler, Asked], None]:
    """A JSON-RPC result; a function makes it from the request's parameters."""

    def answer(handler: Handler, asked: Asked) -> None:
        made = value(asked.rpc["params"]) if callable(value) else value
        handler.send(200, json.dumps({"jsonrpc": "2.0", "result": made, "id": asked.rpc["id"]}).encode())

    return answer


def rpc_error(code: int | str, data: Any = None) -> Callable[[Handler, Asked], None]:
    """A JSON-RPC error."""

    def answer(handler: Handler, asked: Asked) -> None:
        error = {"code": code, "message": "DSC-0000", **({} if data is None else {"data": data})}
        handler.send(200, json.dumps({"jsonrpc": "2.0", "error": error, "id": asked.rpc["id"]}).encode())

    return answer


def exception(code: str, details: str = "", name: str = "APINGException") -> Callable[[Handler, Asked], None]:
    """An APINGException, as the exchange wraps it."""
    return rpc_error(
        -32099, {"exceptionname": name, name: {"requestUUID": "u", "errorCode": code, "errorDetails": details}}
    )


def raw(status: int, body: bytes, **headers: str) -> Callable[[Handler, Asked], None]:
    """Whatever bytes."""
    return lambda handler, _: handler.send(status, body, headers)


def wrong_id(handler: Handler, asked: Asked) -> None:
    """The answer to the request before."""
    body = {"jsonrpc": "2.0", "result": place_report(asked.rpc["params"]), "id": asked.rpc["id"] - 1}
    handler.send(200, json.dumps(body).encode())


def reset(handler: Handler, _: Asked) -> None:
    """The connection is reset after the request was read."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def cut_off(handler: Handler, asked: Asked) -> None:
    """Fewer bytes than announced, then the end."""
    body = json.dumps({"jsonrpc": "2.0", "result": place_report(asked.rpc["params"]), "id": asked.rpc["id"]}).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def silent(handler: Handler, _: Asked) -> None:
    """No answer until the test is over."""
    handler.server.owner.released.wait(10)
    handler.close_connection = True


# --- Reports ----------------------------------------------------------------------------------------------------------


def place_report(parameters: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A report of success on the orders of a request, as the exchange gives it; ``changes`` to the one order's."""
    reports = [
        {
            "status": "SUCCESS",
            "instruction": instruction,
            "betId": "31242604945",
            "placedDate": "2026-05-02T13:00:00.000Z",
            "averagePriceMatched": 0.0,
            "sizeMatched": 0.0,
            "orderStatus": "EXECUTABLE",
        }
        | changes
        for instruction in parameters["instructions"]
    ]
    return {
        "customerRef": parameters["customerRef"],
        "status": "SUCCESS",
        "marketId": parameters["marketId"],
        "instructionReports": reports,
    }


def failed_report(parameters: dict[str, Any], status: str, code: str | None, orders: Any = None) -> dict[str, Any]:
    """A report of failure; ``orders`` are (status, code) of each instruction, or None for no word of them."""
    report: dict[str, Any] = {
        "customerRef": parameters["customerRef"],
        "status": status,
        "marketId": parameters["marketId"],
    }
    if code is not None:
        report["errorCode"] = code
    if orders is not None:
        report["instructionReports"] = [
            {"status": one, "instruction": instruction} | ({} if own is None else {"errorCode": own})
            for (one, own), instruction in zip(orders, parameters["instructions"], strict=True)
        ]
    return report
