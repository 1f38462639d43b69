"""Units of work done by processes of this machine, each begun anew (spawned) and given one unit at a time.

The standard library's pool breaks as a whole when one of its processes dies, and cannot tell whose unit killed it; here
a death costs that unit an attempt and nobody else anything.
"""

from __future__ import annotations

import pickle
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

from policytrader.adapters.workers.answers import do_unit, has_failed, load_function, result_of
from policytrader.errors import WorkersError
from policytrader.ports.workers import MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from policytrader.ports.workers import Argument, Progress, Result, Unit

# Spawned on every system: a forked child of a process with threads (DuckDB's, pyarrow's) may hang.
_PROCESSES = get_context("spawn")
_ENDING_SECONDS = 5.0
_LISTEN_SECONDS = 1.0


class ProcessWorkers:
    """``jobs`` processes at a time."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs

    def run(
        self,
        function: Callable[[Argument], Result],
        units: Sequence[Unit[Argument]],
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """As in the port."""
        yield from _Run(self.jobs, function, units, progress).results()


@dataclass(slots=True, eq=False)
class _Worker:
    """One process; ``index`` is the unit that it works on."""

    process: SpawnProcess
    connection: Connection
    index: int | None = None


@dataclass(slots=True)
class _Run:
    """One passage over units. ``answers`` are ready and wait for their turn."""

    jobs: int
    function: Callable[[Any], Any]
    units: Sequence[Unit[Any]]
    progress: Progress | None
    workers: list[_Worker] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    answers: dict[int, bytes] = field(default_factory=dict)
    lost: dict[int, list[str]] = field(default_factory=dict)
    done: int = 0

    def results(self) -> Iterator[Any]:
        self.waiting = list(range(len(self.units)))
        heapify(self.waiting)
        try:
            for turn in range(len(self.units)):
                while turn not in self.answers:
                    self._hand_out()
                    self._collect()
                yield result_of(self.answers.pop(turn))
        finally:
            self._end()

    def _hand_out(self) -> None:
        """The first waiting units to whoever is free. After one that failed none is begun: it is raised in its turn."""
        failed = min((index for index, answer in self.answers.items() if has_failed(answer)), default=len(self.units))
        while self.waiting and self.waiting[0] < failed:
            worker = next((one for one in self.workers if one.index is None), None)
            if worker is None:
                if len(self.workers) >= self.jobs:
                    return
                worker = self._begin()
            worker.index = heappop(self.waiting)
            unit = self.units[worker.index]
            try:
                worker.connection.send((unit.name, unit.argument))
            except OSError:
                self._replace(worker)

    def _collect(self) -> None:
        """Wait until somebody answers, or dies."""
        busy = {worker.connection: worker for worker in self.workers if worker.index is not None}
        assert busy, "a unit that nobody works on would be waited for without end"
        # A Ctrl-C that comes in the moment before a wait begins is heard when that wait ends.
        while not (answering := wait(list(busy), _LISTEN_SECONDS)):
            pass
        for ready in answering:
            worker = busy[ready]  # type: ignore[index]
            try:
                answer = worker.connection.recv_bytes()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            index, worker.index = worker.index, None
            assert index is not None
            self.answers[index] = answer
            self.done += 1
            if self.progress is not None and not has_failed(answer):
                self.progress(self.done, len(self.units), self.units[index].name)

    def _begin(self) -> _Worker:
        ours, theirs = _PROCESSES.Pipe()
        # A daemon: should this process end without a word, its workers do too.
        process = _PROCESSES.Process(target=_serve, args=(theirs, pickle.dumps(self.function)), daemon=True)
        process.start()
        theirs.close()  # else nobody would notice that the process is gone
        worker = _Worker(process, ours)
        self.workers.append(worker)
        return worker

    def _replace(self, worker: _Worker) -> None:
        """A worker is gone: its unit waits for another one. Raises ``WorkersError`` when that was the last try."""
        self.workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        index = worker.index
        assert index is not None
        reasons = self.lost.setdefault(index, [])
        reasons.append(_how(worker.process.exitcode))
        if len(reasons) >= MOST_ATTEMPTS:
            message = (
                f"{self.units[index].name}: the process that worked on it ended {len(reasons)} times in the middle "
                f"({', '.join(reasons)}). Is there enough memory? Try with fewer --jobs."
            )
            raise WorkersError(message)
        heappush(self.waiting, index)

    def _end(self) -> None:
        for worker in self.workers:
            worker.connection.close()
            if worker.index is not None:
                worker.process.terminate()
        for worker in self.workers:
            worker.process.join(_ENDING_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _how(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    with suppress(ValueError):
        return signal.Signals(-exit_code).name
    return f"signal {-exit_code}"


def _serve(connection: Connection, pickled: bytes) -> None:
    """What a process does until nobody is at the other end of its pipe."""
    # Ctrl-C reaches every process of the terminal; the one that began this one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    function = load_function(pickled)
    # Whoever began this process may end first, at any moment.
    with suppress(EOFError, OSError):
        while True:
            name, argument = connection.recv()
            connection.send_bytes(do_unit(function, name, argument))
