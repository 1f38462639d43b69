"""Units of work done by the workers of a Dask cluster. The cluster's machines see the same files by the same paths.

Dask hands a unit of a worker that is lost to another one by itself, as often as its scheduler allows
(``distributed.scheduler.allowed-failures``, 3 where nobody says otherwise).
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from policytrader.adapters.workers.answers import do_unit, load_function, result_of
from policytrader.errors import UsageError, WorkersError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from policytrader.ports.workers import Argument, Progress, Result, Unit

_SCHEMES = ("tcp://", "tls://")
_LONGEST_WAIT_SECONDS = 10.0


class DaskWorkers:
    """The workers of the scheduler at ``address`` (``tcp://host:port``)."""

    def __init__(self, address: str, *, wait_seconds: float = _LONGEST_WAIT_SECONDS) -> None:
        """Raises ``UsageError`` for what is no address, and where Dask is not installed."""
        if not address.startswith(_SCHEMES):
            message = f"--cluster {address}: write a scheduler's address, as in tcp://10.0.0.5:8786"
            raise UsageError(message)
        try:
            import distributed  # noqa: F401, PLC0415 - an extra; and it takes half a second
        except ImportError:
            message = "--cluster needs Dask, which is not installed: pip install '.[cluster]' in its checkout"
            raise UsageError(message) from None
        self._address = address
        self._wait_seconds = wait_seconds

    @property
    def jobs(self) -> int:
        """All threads of all workers that are there now. Raises ``WorkersError`` where there are none."""
        client = self._connect()
        try:
            return sum(client.nthreads().values())
        finally:
            client.close()

    def run(
        self,
        function: Callable[[Argument], Result],
        units: Sequence[Unit[Argument]],
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """As in the port."""
        client = self._connect()
        passage = _Passage(client, self._address, pickle.dumps(function), units, progress)
        try:
            yield from passage.results()
        finally:
            # Whoever stops reading, or is interrupted, leaves nothing running.
            client.cancel(passage.futures, force=True)
            client.close()

    def _connect(self) -> Any:
        from distributed import Client  # noqa: PLC0415

        try:
            client = Client(self._address, timeout=self._wait_seconds, set_as_default=False)
        except (OSError, ValueError) as error:
            message = f"--cluster {self._address}: no scheduler answers there ({_first_line(error)})"
            raise WorkersError(message) from error
        try:
            client.wait_for_workers(1, timeout=self._wait_seconds)
            self._check_versions(client)
        except TimeoutError as error:
            client.close()
            message = f"--cluster {self._address}: the scheduler has no worker; start some with `dask worker`"
            raise WorkersError(message) from error
        except BaseException:
            client.close()
            raise
        return client

    def _check_versions(self, client: Any) -> None:
        """Results must not depend on where a unit was done."""
        versions = client.run(_version, on_error="return")
        for worker, found in sorted(versions.items()):
            if isinstance(found, BaseException):
                message = f"worker {worker} of {self._address} cannot load policytrader ({_first_line(found)})"
                raise WorkersError(message)
            if found != _version():
                message = f"worker {worker} of {self._address} has policytrader {found}, here is {_version()}"
                raise WorkersError(message)


@dataclass(slots=True)
class _Passage:
    """One passage over units."""

    client: Any
    address: str
    pickled: bytes
    units: Sequence[Unit[Any]]
    progress: Progress | None
    futures: list[Any] = field(default_factory=list)
    # To Dask, equal names are one piece of work: those of two passages differ.
    name: str = field(default_factory=lambda: f"policytrader-{uuid4().hex}")

    def results(self) -> Iterator[Any]:
        answers: dict[int, bytes] = {}
        turn = 0
        for done, (index, answer) in enumerate(self._answers(), 1):
            answers[index] = answer
            if self.progress is not None:
                self.progress(done, len(self.units), self.units[index].name)
            while turn in answers:
                yield result_of(answers.pop(turn))
                turn += 1

    def _answers(self) -> Iterator[tuple[int, bytes]]:
        """Index and answer of each unit, as they come.

        Dask blames a lost worker on everything that it was to do. So whom it gives up is done alone, when the others
        are over: then it is clear whose fault it was.
        """
        from distributed import as_completed  # noqa: PLC0415

        indices = {self._submit(index).key: index for index in range(len(self.units))}
        given_up = []
        for future in as_completed(list(self.futures), loop=self.client.loop):
            answer = self._answer(future, indices[future.key])
            if answer is None:
                given_up.append(indices[future.key])
            else:
                yield indices[future.key], answer
        for index in sorted(given_up):
            answer = self._answer(self._submit(index), index)
            if answer is None:
                message = (
                    f"{self.units[index].name}: every worker of {self.address} that it was given to was lost. "
                    "The workers' logs say why; is there enough memory?"
                )
                raise WorkersError(message)
            yield index, answer

    def _submit(self, index: int) -> Any:
        unit, key = self.units[index], f"{self.name}-{len(self.futures)}"
        future = self.client.submit(_do, self.pickled, unit.name, unit.argument, key=key, pure=False)
        self.futures.append(future)
        return future

    def _answer(self, future: Any, index: int) -> bytes | None:
        """How the unit ended; None where Dask has given it up."""
        from distributed import KilledWorker  # noqa: PLC0415

        try:
            answer: bytes = future.result()
        except KilledWorker:
            return None
        except Exception as error:
            # Exceptions of the unit come back as answers: this one is the cluster's.
            message = f"{self.units[index].name}: the cluster at {self.address} lost it ({_first_line(error)})"
            raise WorkersError(message) from error
        future.release()
        return answer


def _do(pickled: bytes, name: str, argument: Any) -> bytes:
    """On a worker: the unit's answer. The function is looked up by its name there, never sent as code."""
    return do_unit(load_function(pickled), name, argument)


def _version() -> str:
    # By name: the package's face stands above every room, and is loaded wherever one of them is.
    return str(import_module("policytrader").__version__)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
