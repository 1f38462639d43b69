"""``replay`` tells where its picks came from: a file, or rules and which of them picked what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

pytestmark = pytest.mark.engine

RULES = """\
policy: selections
version: 1
at: 2h
picks:
  - id: shorter
    title: Back what is short
    why: One of two rules.
    side: BACK
    market_type: [WIN]
    price: {of: best_back, from: 1.5, to: 6}
    ask_percent: 10
    stake_points: 1
    most_per_race: 2
  - id: longer
    title: Lay what is long
    why: The other one.
    side: LAY
    market_type: [WIN, PLACE]
    price: {of: best_lay, from: 6, to: 20}
    ask_percent: 10
    stake_points: 1
    most_per_race: 2
end: selections
"""


def test_of_a_file_and_of_rules(run: Run, here: Path) -> None:
    made = run("recording", "generate", "--seed", "5", "--days", "2", "--races", "2", "--jobs", "1", "--out", "h")
    assert made.code == 0
    (here / "rule.yaml").write_text(RULES, "utf-8")
    how = ("replay", "h", "--cadence", "10m", "--jobs", "1")
    ran = run(*how, "--selections", "h/selections.csv", "--capture", "2h")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1] == "Selections from h/selections.csv, made and captured 2h before the off"
    ran = run(*how, "--select", "rule.yaml", "--html", "page.html", "--json")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert document["picks_from"] == {"file": "rule.yaml", "by_rule": True, "at": "2h"}
    page = (here / "page.html").read_text("utf-8")
    assert "<p>Selections by the rules of rule.yaml, made and captured 2h before the off</p>" in page
    assert "<h2>By day, bet, price, course and rule</h2>" in page
    (policy,) = document["policies"]
    of_rule = {one["group"]: one["picks"] for one in policy["breakdowns"]["rule"]}
    assert set(of_rule) == {"shorter", "longer"}
    for name, side in (("shorter", "BACK"), ("longer", "LAY")):
        sides = [one["side"] for one in policy["selections"] if one["picked_by"] == name]
        assert sides == [side] * of_rule[name]
