"""Units of work done by the workers of a Dask cluster. The cluster's machines see the same files by the same paths.

Dask hands a unit of a worker that is lost to another one by itself, as often as its scheduler allows
(``distributed.scheduler.allowed-failures``, 3 where nobody says otherwise).
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from policytrader import __version__
from policytrader.adapters.workers.answers import do_unit, load_function, result_of
from policytrader.errors import UsageError, WorkersError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
            message = "--cluster needs Dask, which is not installed: pip install 'policytrader[cluster]'"
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
    ) -> Iterator[Result]:
        """As in the port."""
        client = self._connect()
        futures: list[Any] = []
        try:
            futures += _submit(client, function, units)
            yield from self._results(client, futures, units, progress)
        finally:
            # Whoever stops reading, or is interrupted, leaves nothing running.
            client.cancel(futures, force=True)
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
            if found != __version__:
                message = f"worker {worker} of {self._address} has policytrader {found}, here is {__version__}"
                raise WorkersError(message)

    def _results(
        self, client: Any, futures: Sequence[Any], units: Sequence[Unit[Any]], progress: Progress | None
    ) -> Iterator[Any]:
        from distributed import as_completed  # noqa: PLC0415

        indices = {future.key: index for index, future in enumerate(futures)}
        answers: dict[int, bytes] = {}
        turn = 0
        for done, future in enumerate(as_completed(futures, loop=client.loop), 1):
            index = indices[future.key]
            answers[index] = self._answer(future, units[index])
            if progress is not None:
                progress(done, len(units), units[index].name)
            while turn in answers:
                yield result_of(answers.pop(turn))
                turn += 1

    def _answer(self, future: Any, unit: Unit[Any]) -> bytes:
        from distributed import KilledWorker  # noqa: PLC0415

        try:
            answer: bytes = future.result()
        except KilledWorker as error:
            message = (
                f"{unit.name}: every worker that it was given to was lost ({error.allowed_failures} retries, the last "
                f"worker {error.last_worker.address}). The workers' logs say why; is there enough memory?"
            )
            raise WorkersError(message) from error
        except Exception as error:
            # Exceptions of the unit come back as answers: this one is the cluster's.
            message = f"{unit.name}: the cluster at {self._address} lost it ({_first_line(error)})"
            raise WorkersError(message) from error
        future.release()
        return answer


def _submit(client: Any, function: Callable[[Any], Any], units: Sequence[Unit[Any]]) -> list[Any]:
    # A name of its own for each passage: to Dask, equal names are one piece of work.
    passage, pickled = uuid4().hex, pickle.dumps(function)
    return [
        client.submit(_do, pickled, unit.name, unit.argument, key=f"policytrader-{passage}-{index}", pure=False)
        for index, unit in enumerate(units)
    ]


def _do(pickled: bytes, name: str, argument: Any) -> bytes:
    """On a worker: the unit's answer. The function is looked up by its name there, never sent as code."""
    return do_unit(load_function(pickled), name, argument)


def _version() -> str:
    return __version__


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
