"""README's lines about a bet, as they stand there: tracked, settled, shown."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from tests.adapters.polite_site import Answer, Site
from tests.fotmob_fixtures import as_bytes, mini

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Run


def test_a_bet_is_tracked_settled_and_shown(
    run: Run, here: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the day of the match, and against a feed that has it."""
    text = (project_root / "README.md").read_text("utf-8")
    lines = [shlex.split(line) for line in re.findall(r"^policytrader (bets .*)$", text, re.MULTILINE)]
    assert [line[1] for line in lines] == ["track", "settle", "list"]
    track, settle, show = lines
    with Site(otherwise=Answer(as_bytes(mini("L3")))) as site:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", site.url)
        assert run("--now", "2026-03-07T10:00:00Z", *track).code == 0
        settled = run("--now", "2026-03-07T18:00:00Z", *settle)
        shown = run("--now", "2026-03-07T18:00:00Z", *show)
    assert (here / "bets.db").is_file()
    assert settled.out.endswith("Settled 1 bet; 0 still pending\n")
    assert "José Marín Player Shots Total over 2.5" in shown.out
    assert "won" in shown.out.splitlines()[0].split()
