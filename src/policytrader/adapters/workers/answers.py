"""How a unit's end travels back from wherever it was done: its result, or what went wrong with the unit's name."""

from __future__ import annotations

import pickle
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from policytrader.errors import PolicytraderError
from policytrader.ports.workers import UnitCrashedError

if TYPE_CHECKING:
    from collections.abc import Callable

_RESULT, _ERROR, _CRASH = b"r", b"e", b"c"
"""The first byte of an answer, so that a large result need not be unpacked to know whether it is one."""


def do_unit(function: Callable[[Any], Any], name: str, argument: Any) -> bytes:
    """Do a unit and pack how it ended. Only what ends the process itself passes through."""
    try:
        return _RESULT + pickle.dumps(function(argument))
    except PolicytraderError as error:
        # Of our errors the type tells the exit code: it stays, and the unit stands in front of what it says.
        error.sentence = f"{name}: {error.render()}"
        error.args = (error.sentence,)
        return _ERROR + pickle.dumps(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told where somebody can read it
        told = f"{name}: {type(error).__name__}: {error}"
        return _CRASH + pickle.dumps((told, traceback.format_exc()))


def load_function(pickled: bytes) -> Callable[[Any], Any]:
    """The function of a passage; where it cannot be had here, one that says so in its place."""
    try:
        function: Callable[[Any], Any] = pickle.loads(pickled)  # noqa: S301 - from whoever began this worker
    except Exception as error:  # noqa: BLE001 - told with the unit
        return partial(_raise, error)
    return function


def has_failed(answer: bytes) -> bool:
    """Whether the unit ended in an error."""
    return answer[:1] != _RESULT


def result_of(answer: bytes) -> Any:
    """The result of a unit. Raises the error in which it ended."""
    value = pickle.loads(answer[1:])  # noqa: S301 - from a worker of ours
    match answer[:1]:
        case b"r":
            return value
        case b"e":
            raise value
        case _:
            told, trace = value
            crash = UnitCrashedError(told)
            crash.add_note(trace)
            raise crash


def _raise(error: Exception, _argument: Any) -> NoReturn:
    raise error
