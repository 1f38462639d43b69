"""Where the time of a tick goes: tables, statement, decisions. The engine itself runs, watched at two public seams.

``SnapshotSource.fill`` builds the tables. ``open_locked_down`` opens the connection that the statement runs on, and a
watched one takes its place while an engine is made. What is left of the tick are the decisions: Python that reads the
statement's rows, sizes, hedges and protects. Watching costs a few microseconds.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from policytrader.engine import connection, evaluate, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policytrader.engine.evaluate import Engine
    from policytrader.policy.policy_set import PolicySet


@dataclass
class Spent:
    """Time spent so far, in seconds."""

    wall: float = 0.0
    cpu: float = 0.0

    def take(self) -> tuple[float, float]:
        """Wall and CPU since it was last taken, in milliseconds."""
        taken = self.wall * 1000, self.cpu * 1000
        self.wall = self.cpu = 0.0
        return taken

    def timed(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call it and add up its time."""
        wall, cpu = perf_counter(), process_time()
        try:
            return function(*arguments, **named)
        finally:
            self.cpu += process_time() - cpu
            self.wall += perf_counter() - wall


class _WatchedConnection:
    """A connection whose calls are timed."""

    def __init__(self, connection: Any, spent: Spent) -> None:
        self._connection = connection
        self._spent = spent

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)

        def call(*arguments: Any, **named: Any) -> Any:
            result = self._spent.timed(method, *arguments, **named)
            return self if result is self._connection else result

        return call


@contextmanager
def watched_engine(policy: PolicySet) -> Iterator[tuple[Engine, Spent, Spent]]:
    """An engine, and what it spends on building tables and on running the statement."""
    building, statement = Spent(), Spent()
    fill, open_locked_down = tables.SnapshotSource.fill, connection.open_locked_down

    def timed_fill(*arguments: Any) -> None:
        building.timed(fill, *arguments)

    def open_watched(*arguments: Any) -> Any:
        return _WatchedConnection(open_locked_down(*arguments), statement)

    tables.SnapshotSource.fill = timed_fill  # type: ignore[method-assign,assignment]
    connection.open_locked_down = open_watched  # type: ignore[assignment]
    try:
        with evaluate.Engine(policy) as engine:
            building.take()
            statement.take()
            yield engine, building, statement
    finally:
        tables.SnapshotSource.fill = fill  # type: ignore[method-assign]
        connection.open_locked_down = open_locked_down
