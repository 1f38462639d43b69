"""A store whose calls fail: before the commit, after it, or with the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.errors import StoreError, StoreUnknownError
from tests.faults.injected import Crash, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.ports.store import Store
    from tests.faults.injected import Injector

WRITES = frozenset(
    {"invalidate", "update_positions", "settle", "reserve", "mark_sent", "resolve", "update_sizes", "finish"}
    | {"append_events", "append_decisions", "pull", "store_prices", "move_race"}
)
READS = frozenset({"selections", "captures", "intent", "open_intents", "intents", "live_results", "control_state"})
_READ_ONLY_CALLS = (3, 40)


class FaultyStore:
    """As much of the ``Store`` port as a trader uses; stands before a real one."""

    def __init__(self, store: Store, faults: Injector, note: Callable[[str], None]) -> None:
        self._store = store
        self._faults = faults
        self._note = note
        self._read_only_left = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)
        if name in WRITES:
            return lambda *args, **more: self._write(name, lambda: real(*args, **more))
        assert name in READS, f"the trader calls {name}: say here how it fails"
        return lambda *args, **more: self._read(name, lambda: real(*args, **more))

    def _read(self, name: str, call: Callable[[], Any]) -> Any:
        if self._faults.hits(Fault.STORE_READ_FAILS):
            self._fail(name, StoreError("the store is out of reach", "unreachable"))
        return call()

    def _write(self, name: str, call: Callable[[], Any]) -> Any:
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
        if faults.hits(Fault.COMMIT_LOST_WITHOUT_ROW):
            self._fail(name, StoreUnknownError("the answer to a commit was lost"))
        is_crash = faults.hits(Fault.CRASH_STORE)
        if is_crash and faults.chance.happens(0.5):
            self._note(f"crash before {name}")
            raise Crash
        answer = call()
        if is_crash:
            self._note(f"crash after {name}")
            raise Crash
        if faults.hits(Fault.COMMIT_LOST_WITH_ROW):
            self._fail(name, StoreUnknownError("the answer to a commit was lost"))
        return answer

    def _fail(self, name: str, error: StoreError) -> None:
        self._note(f"store {name}: {error.code}")
        raise error
