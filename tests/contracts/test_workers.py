"""The contract of workers in this process, in others, and on a Dask cluster with processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.workers.cluster import DaskWorkers
from policytrader.adapters.workers.here import OneWorker
from policytrader.adapters.workers.processes import ProcessWorkers
from policytrader.errors import UsageError, WorkersError
from policytrader.wiring.workers import open_workers
from tests.contracts.toy_work import Toy, square
from tests.contracts.workers_contract import SeparateWorkersContract, WorkersContract, units_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.ports.workers import Workers

PROJECT_ROOT = Path(__file__).resolve().parent.parent.parent
needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="needs Dask: pip install '.[cluster]'")


class TestOneWorker(WorkersContract):
    @pytest.fixture
    def workers(self) -> Workers:
        return OneWorker()


class TestProcesses(SeparateWorkersContract):
    @pytest.fixture
    def workers(self) -> Workers:
        return ProcessWorkers(2)

    def test_the_last_death_is_told_with_its_signal(self, workers: Workers, tmp_path: Path) -> None:
        with pytest.raises(WorkersError, match=r"ended 3 times in the middle \(SIGKILL, SIGKILL, SIGKILL\)"):
            list(workers.run(square, units_of(Toy(1, str(tmp_path), deaths=99))))

    def test_a_neighbour_of_a_deadly_unit_loses_no_attempt(self, workers: Workers, tmp_path: Path) -> None:
        """One dies twice while the other works, which then dies once itself: three deaths, and nobody had them all."""
        toys = [Toy(0, str(tmp_path), deaths=2), Toy(1, str(tmp_path), deaths=1, seconds=2.0)]
        assert [result for result, _ in workers.run(square, units_of(*toys))] == [0, 1]


SCRIPT = """
import signal, sys
from policytrader.adapters.workers.processes import ProcessWorkers
from tests.contracts.toy_work import Toy, square
from tests.contracts.workers_contract import units_of
if __name__ == "__main__":
    # Whoever began these tests may ignore Ctrl-C, as a shell's background does, and hand that down.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        units = units_of(Toy(1), Toy(2), *[Toy(3, seconds=float(sys.argv[1]))] * 2)
        for _, process in ProcessWorkers(2).run(square, units):
            print(process, flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


def test_ctrl_c_ends_the_processes_and_says_nothing_else() -> None:
    """As a terminal does it: the signal goes to the whole group."""
    with running_script(seconds=60) as (program, workers):
        os.killpg(program.pid, signal.SIGINT)
        assert (*program.communicate(timeout=30), program.returncode) == ("stopped\n", "", 0)
        assert not any(map(_is_alive, workers))


def test_processes_end_in_silence_when_the_one_that_began_them_is_gone() -> None:
    with running_script(seconds=1) as (program, workers):
        program.kill()
        # What they say to comes to its end when the last of them has ended; nobody may be there to bury them.
        assert program.communicate(timeout=30) == ("", "")
        assert len(workers) == 2


@contextmanager
def running_script(*, seconds: float) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A program that waits for two workers, and which they are. What it says ends when all of them have ended."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(seconds)], cwd=PROJECT_ROOT, env=_environment(), text=True,
        start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        try:
            assert program.stdout is not None
            yield program, {int(program.stdout.readline()) for _ in range(2)}
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)


# --- Dask -----------------------------------------------------------------------------------------------------------


@needs_dask
@pytest.mark.slow
@pytest.mark.xdist_group("dask")
class TestDask(SeparateWorkersContract):
    @pytest.fixture(scope="class")
    @classmethod
    def workers(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
        with cluster(tmp_path_factory.mktemp("cluster")) as address:
            yield DaskWorkers(address)


@needs_dask
def test_an_address_where_no_scheduler_is() -> None:
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(WorkersError, match=rf"^--cluster {address}: no scheduler answers there"):
        list(DaskWorkers(address, wait_seconds=1.0).run(square, units_of(Toy(1))))


@needs_dask
@pytest.mark.slow
def test_a_cluster_without_workers(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=0) as address, pytest.raises(WorkersError, match="the scheduler has no worker"):
        list(DaskWorkers(address, wait_seconds=1.0).run(square, units_of(Toy(1))))


def test_dask_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[cluster\]'"):
        open_workers(None, "tcp://127.0.0.1:8786")


@contextmanager
def cluster(folder: Path, *, workers: int = 2) -> Iterator[str]:
    """A scheduler and its workers, processes of their own, over TCP; the nannies begin a worker anew that dies."""
    contact = folder / "scheduler.json"
    common = ["--scheduler-file", str(contact), "--no-dashboard"]
    host = ["--host", "127.0.0.1"]
    worker = ["dask_worker", *common, *host, "--nthreads", "1", "--nworkers", str(workers), "--no-dashboard",
              "--local-directory", str(folder)]  # fmt: skip
    with _program(folder, "dask_scheduler", *common, *host, "--port", "0"):
        _wait_for(contact)
        address: str = json.loads(contact.read_text(encoding="utf-8"))["address"]
        if not workers:
            yield address
            return
        with _program(folder, *worker):
            _wait_for_workers(address, workers)
            yield address


@contextmanager
def _program(folder: Path, module: str, *arguments: str) -> Iterator[None]:
    with (folder / f"{module}.log").open("w", encoding="utf-8") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *arguments], cwd=PROJECT_ROOT, env=_environment(),
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield
        finally:
            os.killpg(program.pid, signal.SIGTERM)
            try:
                program.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or not path.read_text(encoding="utf-8").endswith("}"):
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.05)  # noqa: TID251 - real processes, in real time


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client  # noqa: PLC0415 - not installed everywhere

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(PROJECT_ROOT / "src"), str(PROJECT_ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path, "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "false"}


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


# --- Picking them ---------------------------------------------------------------------------------------------------


def test_one_job_is_done_here_and_more_elsewhere() -> None:
    assert isinstance(open_workers(1), OneWorker)
    assert isinstance(open_workers(3), ProcessWorkers)
    assert open_workers(3).jobs == 3
    assert open_workers(None).jobs == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("jobs", "address", "said"),
    [
        (0, None, "--jobs 0: 1 to 256"),
        (257, None, "--jobs 257: 1 to 256"),
        (2, "tcp://127.0.0.1:8786", "--jobs and --cluster"),
        (None, "127.0.0.1:8786", "write a scheduler's address"),
    ],
)
def test_what_cannot_be_asked_for(jobs: int | None, address: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_workers(jobs, address)
