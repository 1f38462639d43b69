"""The script in ``docs/``: the same flow in SQLite and over MongoDB's wire protocol prints the same."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.mongo_server import NoMongoError, mongo_address

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "tracking_flow.py"
BEGINS = [
    "Bet tracked: BET", "ROI: 0.0%", "Settled 0 bets", "📊 **Betting Statistics** - @john_doe", "",
    "📈 **Performance**",
]  # fmt: skip
ENDS = [
    "✅ Mohamed Salah Shots On Target @2.10 (2.00u)", "TIME person: tracked, pending -> pending",
    "TIME person: manual, pending -> won", "TIME person: stake_corrected, won -> won",
    "A second time: already tracked as BET; allow_duplicate tracks it a second time", "Deleted: True",
]  # fmt: skip


def said(*addresses: str) -> list[str]:
    """What it prints, ids and times apart."""
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), *addresses], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    plain = re.sub(r"bet_[0-9a-f]{32}", "BET", ran.stdout)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", plain).splitlines()


def test_the_flow_in_a_file(tmp_path: Path) -> None:
    lines = said(f"sqlite:///{tmp_path / 'bets.db'}")
    assert lines[: len(BEGINS)] == BEGINS
    # The duplicate is of another stake by then: its key is that of the day it was tracked.
    assert lines[-len(ENDS) :] == ENDS
    assert said() == lines


@pytest.mark.slow
@pytest.mark.xdist_group("mongo")
def test_the_flow_in_mongodb_says_the_same(tmp_path: Path) -> None:
    with ExitStack() as stack:
        try:
            address, name = stack.enter_context(mongo_address())
        except NoMongoError as error:
            pytest.skip(f"needs a MongoDB: {error}")
        lines = said(address)
    print(f"MongoDB under test: {name}")  # noqa: T201 - it is not always the real one
    assert lines == said(f"sqlite:///{tmp_path / 'bets.db'}")
