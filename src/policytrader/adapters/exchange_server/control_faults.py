"""The control's ``faults``: a list of what is to go wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn

from policytrader.adapters.exchange_server.faults import (
    PROCESSED_BY_DEFAULT,
    WITH_SECONDS,
    WITHOUT_METHOD,
    Fault,
    FaultKind,
)
from policytrader.adapters.exchange_server.operations import LISTS_ORDERS, MAKES_BETS, METHODS
from policytrader.adapters.exchange_server.problems import ControlError

MAX_TIMES = 1_000_000
MAX_SECONDS = 3600
_SERVER_ERRORS = range(500, 600)
_KEYS = frozenset({"fault", "method", "times", "seconds", "status", "processed"})


def read_faults(argument: Any) -> list[Fault]:
    """The faults asked for. Raises ``ControlError``."""
    if not isinstance(argument, list):
        _refuse("`faults` takes a list of objects; an empty one forgets those that are pending")
    return [_fault(one) for one in argument]


def _fault(value: Any) -> Fault:
    if not isinstance(value, dict) or not value.keys() <= _KEYS:
        wrong = sorted(set(value) - _KEYS) if isinstance(value, dict) else ()
        not_known = f"; there is no {', '.join(f'`{key}`' for key in wrong)}" if wrong else ""
        _refuse(f"a fault is an object with {', '.join(sorted(_KEYS))}{not_known}")
    named = value.get("fault")
    if named not in list(FaultKind):
        _refuse(f"no fault `{named}`; the faults: {', '.join(FaultKind)}")
    kind = FaultKind(named)
    return Fault(
        kind,
        _method(kind, value),
        _times(value),
        _seconds(kind, value),
        _status(kind, value),
        _is_processed(kind, value),
    )


def _method(kind: FaultKind, value: dict[str, Any]) -> str | None:
    method = value.get("method")
    if kind in WITHOUT_METHOD:
        if method is not None:
            _refuse(f"the fault {kind} takes no method: it hits whatever comes next")
        return None
    known = MAKES_BETS | {LISTS_ORDERS} if kind is FaultKind.LATE_VISIBILITY else METHODS
    if method not in sorted(known):
        given = "no method was given" if method is None else f"not `{method}`"
        _refuse(f"the fault {kind} needs a method of: {', '.join(sorted(known))}; {given}")
    return str(method)


def _times(value: dict[str, Any]) -> int:
    times = value.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= MAX_TIMES:
        _refuse(f"`times` takes a whole number from 1 to {MAX_TIMES}")
    return times


def _seconds(kind: FaultKind, value: dict[str, Any]) -> Decimal | None:
    if kind not in WITH_SECONDS:
        if "seconds" in value:
            _refuse(f"the fault {kind} has no seconds")
        return None
    seconds = value.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        _refuse(f"the fault {kind} needs seconds, 0 to {MAX_SECONDS}")
    number = Decimal(seconds)
    if not number.is_finite() or not 0 <= number <= MAX_SECONDS:
        _refuse(f"the fault {kind} needs seconds, 0 to {MAX_SECONDS}")
    return number


def _status(kind: FaultKind, value: dict[str, Any]) -> int:
    if kind is not FaultKind.SERVER_ERROR:
        if "status" in value:
            _refuse(f"the fault {kind} has no status")
        return 503
    status = value.get("status", 503)
    if isinstance(status, bool) or not isinstance(status, int) or status not in _SERVER_ERRORS:
        _refuse("`status` takes an HTTP status from 500 to 599")
    return status


def _is_processed(kind: FaultKind, value: dict[str, Any]) -> bool:
    if kind not in PROCESSED_BY_DEFAULT:
        if "processed" in value:
            _refuse(f"the fault {kind} has no processed: it is not processed, or always")
        return False
    processed = value.get("processed", PROCESSED_BY_DEFAULT[kind])
    if not isinstance(processed, bool):
        _refuse("`processed` takes true or false")
    return processed


def _refuse(sentence: str) -> NoReturn:
    raise ControlError(sentence)
