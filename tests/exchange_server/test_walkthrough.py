"""The script in ``docs/``: plain betfairlightweight, none of our code, against the served exchange."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange_server.test_serve_command import serving

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "exchange_walkthrough.py"


@pytest.mark.slow
def test_the_walkthrough_walks_through(tmp_path: Path) -> None:
    with serving("--race-day", "7", "--speed", "60") as (_, facts):
        line = tmp_path / "exchange.json"
        line.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, str(SCRIPT), str(line)], capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout.splitlines()
    assert said[0] == "logged in; now 2026-08-25T08:20:00Z"
    starts = [
        "6 WIN markets",
        "favourite:",
        "stream: OPEN",
        "placed",
        "cancelled 10.0: SUCCESS",
        "current:",
        "settled: WON",
    ]
    assert [line.startswith(start) for line, start in zip(said[1:], starts, strict=False)] == [True] * len(starts)
    assert "EXECUTABLE" in said[4]
    assert said[-1].startswith("funds: 100")
