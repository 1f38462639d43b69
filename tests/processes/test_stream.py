"""The daemon as a process on the Exchange Stream of the served exchange: verified, healthy, and traded by."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.times import parse_utc
from tests.cli.served_days import PROGRAM, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SPEED = 60.0


def test_prices_come_by_the_stream(tmp_path: Path) -> None:
    with served_day(tmp_path, after=timedelta(hours=1)) as day:
        day.ask("select", "import", "picks.csv")
        day.let_run(SPEED)
        words = ("--log-json", "run", "--live", "--arm-file", "arm", "--prices", "stream")
        command = [*PROGRAM, *day.arguments(*words[1:], words[0])]
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, encoding="utf-8") as process:
            try:
                states, between = read(process)
            finally:
                process.kill()
    assert states[-1] == "healthy"
    # The schedule ticks every 2 minutes; what came earlier was the stream's.
    assert min(between) < 120


def read(process: subprocess.Popen[str]) -> tuple[list[str], list[float]]:
    """The states told, and the seconds between ticks, until the stream was healthy and had news."""
    states: list[str] = []
    between: list[float] = []
    last: float | None = None
    for line in lines(process):
        match line["event"]:
            case "stream":
                states.append(line["state"])
            case "tick":
                now = parse_utc(line["at"]).timestamp()
                between += [] if last is None else [now - last]
                last = now
            case _:
                pass
        if states[-1:] == ["healthy"] and any(one < 100 for one in between):
            break
    return states, between


def lines(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stderr is not None
    for number, line in enumerate(process.stderr):
        if number > 500:
            return
        yield json.loads(line)
