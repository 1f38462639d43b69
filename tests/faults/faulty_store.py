"""A store whose calls fail: before the commit, after it, or with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.errors import StoreError, StoreUnknownError
from tests.faults.injected import Crash, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.ports.store import Store
    from tests.faults.day import FaultyDay

WRITES = frozenset(
    {"invalidate", "update_positions", "settle", "reserve", "mark_sent", "resolve", "update_sizes", "finish"}
    | {"append_events", "append_decisions", "pull", "store_prices", "move_race"}
)
READS = frozenset(
    {
        "selections",
        "captures",
        "intent",
        "open_intents",
        "intents",
        "live_results",
        "control_state",
        "decision",
        "prices",
    }
)
_STOPS_AT = frozenset({"reserve", "mark_sent", "resolve", "control_state"})
"""Calls at which another process may take over, or this one stand still."""
_READ_ONLY_CALLS = (3, 40)


class FaultyStore:
    """As much of the ``Store`` port as a trader uses; stands before a real one."""

    def __init__(self, store: Store, day: FaultyDay) -> None:
        self._store = store
        self._day = day
        self._faults = day.faults
        self._read_only_left = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name in WRITES:
            return lambda *args, **more: self._write(name, lambda: real(*args, **more))
        assert name in READS, f"the trader calls {name}: say here how it fails"
        return lambda *args, **more: self._read(name, lambda: real(*args, **more))

    def _read(self, name: str, call: Callable[[], Any]) -> Any:
        self._stand_still(name)
        self._checkpoint(f"store before {name}")
        if self._faults.hits(Fault.STORE_READ_FAILS):
            self._fail(name, StoreError("the store is out of reach", "unreachable"))
        answer = call()
        self._checkpoint(f"store after {name}")
        return answer

    def _write(self, name: str, call: Callable[[], Any]) -> Any:
        faults = self._faults
        self._stand_still(name)
        self._fail_before(name)
        self._checkpoint(f"store before {name}")
        is_crash = faults.hits(Fault.CRASH_STORE)
        if is_crash and faults.chance.happens(0.5):
            self._crash(f"before {name}")
        answer = call()
        self._checkpoint(f"store after {name}")
        if is_crash:
            self._crash(f"after {name}")
        if faults.hits(Fault.COMMIT_LOST_WITH_ROW):
            self._fail(name, StoreUnknownError("the answer to a commit was lost"))
        self._stand_still(name)
        return answer

    def _fail_before(self, name: str) -> None:
        faults = self._faults
        if not faults.is_on:
            self._read_only_left = 0
        if self._read_only_left:
            self._read_only_left -= 1
            self._fail(name, StoreError("the store is read-only", "read_only"))
        if faults.hits(Fault.STORE_READ_ONLY):
            self._read_only_left = faults.chance.whole(*_READ_ONLY_CALLS)
            self._fail(name, StoreError("the store is read-only", "read_only"))
        if faults.hits(Fault.STORE_FAILS):
            self._fail(name, StoreError("the store is full", "full"))
        if faults.hits(Fault.STORE_BUSY):
            self._fail(name, StoreError("could not serialize access", "busy"))
        if faults.hits(Fault.COMMIT_LOST_WITHOUT_ROW):
            self._fail(name, StoreUnknownError("the answer to a commit was lost"))

    def _stand_still(self, name: str) -> None:
        if name not in _STOPS_AT:
            return
        if self._faults.hits(Fault.PAUSED):
            self._day.note(f"stands still at {name}")
            self._day.let_pass(self._faults.chance.between(20, 90))
        if self._day.can_be_taken_over and self._faults.hits(Fault.TAKEN_OVER):
            self._day.take_over(name)

    def _checkpoint(self, name: str) -> None:
        if self._faults.checkpoint(name):
            self._crash(name)

    def _crash(self, where: str) -> None:
        self._day.note(f"crash {where}")
        raise Crash

    def _fail(self, name: str, error: StoreError) -> None:
        self._day.note(f"store {name}: {error.code}")
        raise error
