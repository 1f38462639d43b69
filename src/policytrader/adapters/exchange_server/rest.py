"""REST in front of the operations: the body has the parameters, the answer the result, an error HTTP 400 and a code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server import operations
from policytrader.adapters.exchange_server.api_errors import (
    ApingCode,
    ApingError,
    FormError,
    no_such_operation,
    not_json,
    wrong_parameter,
)
from policytrader.adapters.exchange_server.json_rpc import exception_data
from policytrader.adapters.exchange_server.wire import Fields, parse_json

if TYPE_CHECKING:
    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.operations import Caller, Delivery, Interface

_log = logging.getLogger(__name__)


def answer(
    host: Host, interface: Interface, name: str, body: bytes, caller: Caller, delivery: Delivery
) -> tuple[int, Any]:
    """HTTP status and document for a request."""
    try:
        return 200, operations.run(host, _operation(interface, name), _read_parameters(body), caller, delivery)
    except FormError as error:
        return error.status, {"detail": {}, "faultcode": "Client", "faultstring": error.number}
    except ApingError as error:
        return 400, _fault(host, interface, error)
    except (operations.ConnectionDropped, operations.ServerErrorAnswer):
        raise
    except Exception as error:  # noqa: BLE001 - the last net: a client gets an answer
        _log.error("a call failed: %s: %s", type(error).__name__, error)
        return 500, _fault(host, interface, ApingError(ApingCode.UNEXPECTED_ERROR), code="Server")


def _operation(interface: Interface, name: str) -> str:
    if not operations.has_operation(interface, name):
        raise no_such_operation()
    return name


def _read_parameters(body: bytes) -> Fields:
    try:
        params = parse_json(body or b"{}")
    except ValueError:
        raise not_json() from None
    if not isinstance(params, dict):
        raise wrong_parameter()
    return Fields(params)


def _fault(host: Host, interface: Interface, error: ApingError, code: str = "Client") -> dict[str, Any]:
    family = operations.family_of(interface)
    return {
        "detail": exception_data(error, family, host.next_request_id()),
        "faultcode": code,
        "faultstring": error.number(family),
    }
