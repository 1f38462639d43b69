"""How a tick is timed: wall and CPU, contenders in turn, snapshots made and garbage collected outside of the clock."""

from __future__ import annotations

import gc
import math
import os
import platform
import statistics
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from policytrader.model.snapshot import Snapshot

    Decide = Callable[[Snapshot], object]
    MakeSnapshot = Callable[[int], Snapshot]

WARM_UP_TICKS = 3


@dataclass(frozen=True)
class Timing:
    """Durations of the same work done several times, in milliseconds."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Median wall time."""
        return statistics.median(self.wall)

    @property
    def p99(self) -> float:
        """Wall time that one in a hundred exceeds; with fewer than a hundred, the longest."""
        return _percentile(self.wall, 99)

    @property
    def cpu_p50(self) -> float:
        """Median CPU time of all threads."""
        return statistics.median(self.cpu)

    def to_dict(self) -> dict[str, float]:
        """For ``--json``."""
        return {
            "count": len(self.wall),
            "p50_ms": round(self.p50, 3),
            "p99_ms": round(self.p99, 3),
            "cpu_p50_ms": round(self.cpu_p50, 3),
            "cpu_p99_ms": round(_percentile(self.cpu, 99), 3),
        }


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * percent / 100) - 1)]


class Stopwatch:
    """Collects laps of the same work."""

    def __init__(self) -> None:
        self._wall: list[float] = []
        self._cpu: list[float] = []

    @contextmanager
    def lap(self) -> Iterator[None]:
        """Time the block."""
        wall, cpu = perf_counter(), process_time()
        yield
        self._cpu.append((process_time() - cpu) * 1000)
        self._wall.append((perf_counter() - wall) * 1000)

    def forget(self) -> None:
        """Throw away what was timed while warming up."""
        self._wall.clear()
        self._cpu.clear()

    @property
    def timing(self) -> Timing:
        """What was timed so far."""
        return Timing(tuple(self._wall), tuple(self._cpu))


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Keep what is alive now (modules, policies) out of the collections in between, which then take a millisecond."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def time_ticks(
    contenders: Mapping[str, Decide], make: MakeSnapshot, count: int, own: Mapping[str, MakeSnapshot] | None = None
) -> dict[str, Timing]:
    """Time ``count`` ticks of each contender, in turn: what slows the machine down slows all of them down.

    Each gets a snapshot to itself, alive for that tick: equal to the others', unless it has an ``own`` way to make one.
    """
    watches = {name: Stopwatch() for name in contenders}
    with frozen_heap():
        for number in range(-WARM_UP_TICKS, count):
            for name, decide in contenders.items():
                if number == 0:
                    watches[name].forget()
                snapshot = (own or {}).get(name, make)(number)
                gc.collect()
                with watches[name].lap():
                    answer = decide(snapshot)
                del answer, snapshot
    return {name: watch.timing for name, watch in watches.items()}


@dataclass(frozen=True)
class Growth:
    """How a duration grows with a size: ``t ~ size ** exponent``; 1 is linear."""

    timings: Mapping[int, Timing]

    def _exponent(self, small: int, large: int) -> float:
        ratio = self.timings[large].cpu_p50 / self.timings[small].cpu_p50
        return math.log(ratio) / math.log(large / small)

    @property
    def overall(self) -> float:
        """From the smallest size to the largest, in CPU time."""
        return self._exponent(min(self.timings), max(self.timings))

    @property
    def steepest(self) -> float:
        """The largest between two neighbouring sizes: a fixed cost cannot hide it."""
        sizes = sorted(self.timings)
        return max(map(self._exponent, sizes, sizes[1:]))

    def to_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "sizes": {str(size): timing.to_dict() for size, timing in self.timings.items()},
            "overall_exponent": round(self.overall, 3),
            "steepest_exponent": round(self.steepest, 3),
        }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
