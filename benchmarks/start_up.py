"""How long the command line takes to start: whole processes."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.measure import Timing
from benchmarks.report import Goal, Section, ms, table

PROJECT = Path(__file__).resolve().parent.parent


def measure_start_up(run_count: int) -> Section:
    """``--help`` and ``validate`` of the shipped rules, beside Python's own start."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "policytrader --help": [*_program(), "--help"],
        "policytrader validate": [*_program(), "validate"],
    }
    timings: dict[str, Timing] = {}
    notes = []
    for name, command in commands.items():
        code, said = _try(command)
        if code:
            notes.append(f"`{name}` ended with exit code {code}, so its time is not taken: {said}")
        else:
            timings[name] = _time(command, run_count)
    rows = [[name, ms(one.p50), ms(one.p99), ms(one.cpu_p50)] for name, one in timings.items()]
    text = table(["", "p50 ms", "longest ms", "CPU p50 ms"], rows)
    goals = tuple(
        Goal(f"`{name}`", timings[name].p50 / 1000 if name in timings else None, bound, "s", _remark(timings, name))
        for name, bound in (("policytrader --help", 0.2), ("policytrader validate", 0.3))
    )
    data = {name: timing.to_dict() for name, timing in timings.items()}
    return Section(f"Start-up, {run_count} runs each", text, data, goals, tuple(notes))


def _program() -> list[str]:
    script = Path(sys.executable).parent / "policytrader"
    return [str(script)] if script.exists() else [sys.executable, "-m", "policytrader"]


def _try(command: list[str]) -> tuple[int, str]:
    """Once, untimed: files come into the cache, and the exit code tells whether it works."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    return done.returncode, done.stderr.strip().partition("\n")[0]


def _time(command: list[str], run_count: int) -> Timing:
    wall, cpu = [], []
    for _ in range(run_count):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        subprocess.run(command, cwd=PROJECT, capture_output=True, check=False)  # noqa: S603 - ours
        wall.append((perf_counter() - started) * 1000)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return Timing(tuple(wall), tuple(cpu))


def _remark(timings: dict[str, Timing], name: str) -> str:
    return f"CPU {timings[name].cpu_p50 / 1000:.2f} s" if name in timings else ""
