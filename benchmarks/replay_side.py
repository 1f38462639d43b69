"""One measurement of ``replay``: ``python -m benchmarks.replay_side REQUEST``, JSON in, JSON out.

In a process of its own: its peak memory is its own, and what others have loaded or left behind weighs on nothing.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.model.replay import Replay


@dataclass(frozen=True)
class Request:
    """What to measure: ``files`` are imported first, in the measured time, where there are some."""

    selections: str
    policy: str
    cadence: str
    recording: str = ""
    files: tuple[str, ...] = ()
    jobs: int = 1
    rounds: int = 1
    warm_up: bool = True

    def text(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def main() -> None:
    """Do it, and print what was found."""
    given = json.loads(sys.argv[1])
    request = Request(**given | {"files": tuple(given["files"])})
    work = _work(request)
    cpu, wall = [], []
    found = None
    for number in range(-request.warm_up, request.rounds):
        gc.collect()
        cpu_before, wall_before = _cpu_seconds(), perf_counter()
        found = work()
        if number >= 0:
            cpu.append(_cpu_seconds() - cpu_before)
            wall.append(perf_counter() - wall_before)
    assert found is not None
    json.dump({"cpu": cpu, "wall": wall, "peak_mb": _peak_mb(), **_figures(found)}, sys.stdout)


def _work(request: Request) -> Callable[[], Replay]:
    if not request.files:
        return lambda: _replay(request, Path(request.recording))
    from policytrader.wiring import import_recordings  # noqa: PLC0415 - loaded here, outside of the clock

    def first_time() -> Replay:
        with TemporaryDirectory() as folder:
            report = import_recordings([Path(file) for file in request.files], Path(folder))
            assert not report.errors
            return _replay(request, Path(folder))

    return first_time


def _replay(request: Request, recording: Path) -> Replay:
    replay = import_module("policytrader.wiring.replays").replay  # loaded by the first, which is not timed
    found: Replay = replay(
        [recording], Path(request.selections), request.policy, cadence=request.cadence, jobs=request.jobs
    )
    return found


def _figures(found: Replay) -> dict[str, Any]:
    matched: dict[str, Decimal] = defaultdict(Decimal)
    orders = [order for one in found.selections for order in one.orders]
    for order in orders:
        matched[f"{order.market_id}/{order.selection_id}"] += order.size_matched
    return {
        "markets": found.markets,
        "selections": len(found.selections),
        "ticks": found.ticks,
        "decisions": found.decisions,
        "evaluated": found.evaluated,
        "orders": len(orders),
        "matched": {key: float(size) for key, size in matched.items()},
        "problems": [one.text for one in found.problems[:5]],
    }


def _cpu_seconds() -> float:
    """Of this process and of those that it began and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _peak_mb() -> float:
    """The most that was resident at once, since this program began (``ru_maxrss`` may be that of who began it)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


if __name__ == "__main__":
    main()
