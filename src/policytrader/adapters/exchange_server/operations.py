"""Every operation: its name, the interface it belongs to, and how a call to it runs with limits and faults.

A call is checked (key and session), delayed or refused by faults that act before, processed under the host's lock, and
its answer spoilt by faults that act after.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.adapters.exchange_server import account, books, catalogue, cleared_orders, current_orders, orders
from policytrader.adapters.exchange_server.api_errors import ApingCode, ApingError, Family
from policytrader.adapters.exchange_server.faults import DECISIVE, Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from policytrader.adapters.exchange_server.host import Host
    from policytrader.adapters.exchange_server.orders import OrderCall
    from policytrader.adapters.exchange_server.wire import Fields

    Reader = Callable[[Host, Fields], Any]
    OrderReader = Callable[[Host, Fields], OrderCall]


class Interface(StrEnum):
    """The exchange's interfaces, as their addresses name them."""

    BETTING = "betting"
    ACCOUNT = "account"
    HEARTBEAT = "heartbeat"


READS: dict[Interface, dict[str, Reader]] = {
    Interface.BETTING: {
        "listEventTypes": catalogue.list_event_types,
        "listEvents": catalogue.list_events,
        "listCompetitions": catalogue.list_competitions,
        "listMarketTypes": catalogue.list_market_types,
        "listVenues": catalogue.list_venues,
        "listCountries": catalogue.list_countries,
        "listMarketCatalogue": catalogue.list_market_catalogue,
        "listMarketBook": books.list_market_book,
        "listRunnerBook": books.list_runner_book,
        "listCurrentOrders": current_orders.list_current_orders,
        "listClearedOrders": cleared_orders.list_cleared_orders,
        "listMarketProfitAndLoss": account.list_market_profit_and_loss,
        # Its own address is the third one; a client that has only one asks here.
        "heartbeat": account.heartbeat,
    },
    Interface.ACCOUNT: {
        "getAccountFunds": account.get_account_funds,
        "getAccountDetails": account.get_account_details,
    },
    Interface.HEARTBEAT: {"heartbeat": account.heartbeat},
}

ORDERS: dict[str, OrderReader] = {
    "placeOrders": orders.place_orders,
    "cancelOrders": orders.cancel_orders,
    "replaceOrders": orders.replace_orders,
    "updateOrders": orders.update_orders,
}

METHODS = frozenset(ORDERS) | {name for names in READS.values() for name in names}
"""Every name that a fault can be asked for."""

MAKES_BETS = frozenset({"placeOrders", "replaceOrders"})
LISTS_ORDERS = "listCurrentOrders"

_HEAVY = frozenset({LISTS_ORDERS, "listClearedOrders", "listMarketProfitAndLoss"})
_HEAVY_WITH_ORDERS = frozenset({"listMarketBook", "listRunnerBook"})


class ConnectionDropped(Exception):  # noqa: N818 - an event on the line, not an error of ours
    """The connection is closed without an answer."""


class ServerErrorAnswer(Exception):  # noqa: N818 - the same
    """The answer is an HTTP error page."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class Delivery:
    """How the answer travels; ``is_truncated`` cuts it off in the middle."""

    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of who sends it: the headers of the key and the session."""

    app_key: str | None
    token: str | None


def has_operation(interface: Interface, name: str) -> bool:
    """Whether an interface has an operation of that name."""
    return name in READS[interface] or (interface is Interface.BETTING and name in ORDERS)


def family_of(interface: Interface) -> Family:
    """Whose exceptions an interface sends."""
    return Family.ACCOUNT if interface is Interface.ACCOUNT else Family.BETTING


def check_caller(host: Host, caller: Caller) -> None:
    """Raise ``ApingError`` unless key and session are in order."""
    if not caller.app_key:
        raise ApingError(ApingCode.NO_APP_KEY)
    if not caller.token:
        raise ApingError(ApingCode.NO_SESSION)
    if caller.app_key not in host.app_keys:
        raise ApingError(ApingCode.INVALID_APP_KEY)
    if not host.has_session(caller.token):
        raise ApingError(ApingCode.INVALID_SESSION_INFORMATION)


def run(host: Host, name: str, fields: Fields, caller: Caller, delivery: Delivery) -> Any:
    """One call. Raises ``ApiError``, or one of the two exceptions of a spoilt answer."""
    check_caller(host, caller)
    with _in_flight(host, name, fields):
        delay = host.faults.take(FaultKind.DELAY, name)
        if delay is not None:
            host.stopping.wait(delay.duration.total_seconds())
        fault = host.faults.take(DECISIVE, name)
        _strike_before(fault)
        with host.lock:
            result = _process(host, name, fields, fault)
        _strike_after(fault, delivery)
        return result


def _in_flight(host: Host, name: str, fields: Fields) -> AbstractContextManager[None]:
    is_heavy = name in _HEAVY or (name in _HEAVY_WITH_ORDERS and books.asks_for_orders(fields))
    return host.limits.heavy_read() if is_heavy else nullcontext()


def _strike_before(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.kind is FaultKind.DROP_BEFORE:
        raise ConnectionDropped
    if fault.kind is FaultKind.THROTTLING:
        raise ApingError(ApingCode.TOO_MANY_REQUESTS, "asked for")
    if fault.kind is FaultKind.SERVER_ERROR and not fault.is_processed:
        raise ServerErrorAnswer(fault.status)


def _process(host: Host, name: str, fields: Fields, fault: Fault | None) -> Any:
    """Run the operation, or not, as the fault says."""
    is_processed = fault is None or fault.kind is FaultKind.DROP_AFTER or fault.is_processed
    is_timeout = fault is not None and fault.kind is FaultKind.TIMEOUT
    if name in ORDERS:
        call = ORDERS[name](host, fields)
        result = _run_orders(host, name, call) if is_processed else {}
        return call.timeout() if is_timeout else result
    result = _run_read(host, name, fields) if is_processed else {}
    if is_timeout:
        raise ApingError(ApingCode.TIMEOUT_ERROR)
    return result


def _run_orders(host: Host, name: str, call: OrderCall) -> dict[str, Any]:
    host.limits.count_instructions(host.now(), call.instructions)
    bets = host.exchange.bets
    before = len(bets)
    answer = call.run()
    if len(bets) > before and (late := host.faults.take(FaultKind.LATE_VISIBILITY, name)) is not None:
        for bet_id in list(bets)[before:]:
            host.hide(bet_id, late.duration)
    return answer


def _run_read(host: Host, name: str, fields: Fields) -> Any:
    if name == LISTS_ORDERS:
        late = host.faults.take(FaultKind.LATE_VISIBILITY, name)
        return current_orders.list_current_orders(host, fields, late.duration if late else timedelta())
    readers = next(names for names in READS.values() if name in names)
    return readers[name](host, fields)


def _strike_after(fault: Fault | None, delivery: Delivery) -> None:
    if fault is None:
        return
    if fault.kind is FaultKind.DROP_AFTER:
        raise ConnectionDropped
    if fault.kind is FaultKind.SERVER_ERROR:
        raise ServerErrorAnswer(fault.status)
    if fault.kind is FaultKind.TRUNCATED:
        delivery.is_truncated = True
