"""JSON-RPC in front of the operations: one call, or a list of them with one answer for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server import operations
from policytrader.adapters.exchange_server.api_errors import (
    ApiError,
    ApingCode,
    ApingError,
    Family,
    FormError,
    RpcCode,
    missing_parameter,
    no_such_operation,
    not_json,
    wrong_parameter,
)
from policytrader.adapters.exchange_server.wire import Fields, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.operations import Caller, Delivery, Interface

_NAMESPACES = {
    operations.Interface.BETTING: ("SportsAPING/v1.0/", "HeartbeatAPING/v1.0/"),
    operations.Interface.ACCOUNT: ("AccountAPING/v1.0/",),
    operations.Interface.HEARTBEAT: ("HeartbeatAPING/v1.0/",),
}

_log = logging.getLogger(__name__)


def answer(host: Host, interface: Interface, body: bytes, caller: Caller, delivery: Delivery) -> tuple[int, Any]:
    """HTTP status and document for a request. Errors of a call are answers with status 200."""
    try:
        request = parse_json(body)
    except ValueError:
        error = not_json()
        return error.status, {"jsonrpc": "2.0", "error": {"code": int(error.code), "message": error.number}}
    if isinstance(request, list):
        return 200, [_answer_one(host, interface, one, caller, delivery) for one in request]
    return 200, _answer_one(host, interface, request, caller, delivery)


def _answer_one(host: Host, interface: Interface, request: Any, caller: Caller, delivery: Delivery) -> dict[str, Any]:
    head: dict[str, Any] = {"jsonrpc": "2.0"}
    tail = {"id": request["id"]} if isinstance(request, dict) and "id" in request else {}
    family = operations.family_of(interface)
    try:
        name, fields = _read_call(interface, request)
        return head | {"result": operations.run(host, name, fields, caller, delivery)} | tail
    except ApiError as error:
        return head | {"error": _error(error, family, host.next_request_id)} | tail
    except (operations.ConnectionDropped, operations.ServerErrorAnswer):
        raise
    except Exception as error:  # noqa: BLE001 - the last net: a client gets an answer
        _log.error("a call failed: %s: %s", type(error).__name__, error)
        return head | {"error": _error(ApingError(ApingCode.UNEXPECTED_ERROR), family, host.next_request_id)} | tail


def _read_call(interface: Interface, request: Any) -> tuple[str, Fields]:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        raise no_such_operation()
    method = request["method"]
    name = next((method.removeprefix(space) for space in _NAMESPACES[interface] if method.startswith(space)), None)
    if name is None or not operations.has_operation(interface, name):
        raise no_such_operation()
    params = request.get("params")
    if params is None:
        params = {}
    if isinstance(params, list):
        # Parameters by position: the exchange's operations name theirs.
        raise missing_parameter()
    if not isinstance(params, dict):
        raise wrong_parameter()
    return name, Fields(params)


def _error(error: ApiError, family: Family, next_request_id: Callable[[], str]) -> dict[str, Any]:
    if isinstance(error, FormError):
        return {"code": int(error.code), "message": error.number}
    assert isinstance(error, ApingError), "there are two kinds"
    return {
        "code": int(RpcCode.APING),
        "message": error.number(family),
        "data": exception_data(error, family, next_request_id()),
    }


def exception_data(error: ApingError, family: Family, request_id: str) -> dict[str, Any]:
    """The exception itself, the same in both fronts."""
    return {
        "exceptionname": family.value,
        family.value: {"requestUUID": request_id, "errorCode": error.code.value, "errorDetails": error.details},
    }
