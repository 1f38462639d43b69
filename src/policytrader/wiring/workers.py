"""Who does the parts of a large piece of work."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from policytrader.errors import UsageError

if TYPE_CHECKING:
    from policytrader.ports.workers import Workers

MOST_JOBS = 256


def open_workers(jobs: int | None, cluster: str | None = None) -> Workers:
    """Processes of this machine, or a Dask ``cluster``; None: as many as there are processors. One job is done here.

    Raises ``UsageError`` for a number or an address that cannot be, and where Dask is not installed.
    """
    if cluster is not None:
        if jobs is not None:
            message = "--jobs and --cluster: one of them; a cluster has the workers that it has"
            raise UsageError(message)
        from policytrader.adapters.workers.cluster import DaskWorkers

        return DaskWorkers(cluster)
    count = _processors() if jobs is None else jobs
    if not 1 <= count <= MOST_JOBS:
        message = f"--jobs {count}: 1 to {MOST_JOBS}"
        raise UsageError(message)
    if count == 1:
        from policytrader.adapters.workers.here import OneWorker

        return OneWorker()
    from policytrader.adapters.workers.processes import ProcessWorkers

    return ProcessWorkers(count)


def _processors() -> int:
    """Those that this process may use, not all of the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
