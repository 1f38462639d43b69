"""``policytrader explain``: every rule, the values it saw, and where it is written."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from policytrader.app.scenarios import scenario_folders

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Edited, Run, Scenario

TEXT = """\
profit  Candlewick  BACK WIN  15:05 BST
validation
  own-runner-removed           FALSE           rules/racing/validation.yaml
      The selected runner was withdrawn
      runner.own_status                  ACTIVE = REMOVED  false
  short-price-removed          TRUE            rules/racing/validation.yaml
      A fancied runner (under 12.0) was withdrawn
      why: The market changes shape when a fancied horse comes out, so the morning's price no longer means value.
      fact.short_priced_removed          Short Cut, 8.00 this morning not empty  true
  eight-to-seven-place         not applicable  rules/racing/validation.yaml
      Eight or more runners became seven or fewer
      reference.number_of_runners        4 >= 8  false
      fact.active_runners                3 <= 7  true
  market-open                  FALSE           rules/racing/validation.yaml
      The market is not open, or in play
      market.status                      OPEN = OPEN  true
      market.in_play                     false is false  true
cash_out
  close-invalidated            TRUE            rules/racing/cash_out.yaml
      Close a matched position whose reason to exist is gone
      why: The bet was value on the terms of the morning; on the new terms nobody knows, so the money comes out.
      invalidated by short-price-removed, eight-to-seven-place: short-price-removed  true
      position.size_matched              22.00 > 0.00  true
      position.closed                    false is false  true
entry
  back-at-requested-or-better  FALSE           rules/racing/entry.yaml
      The back price is the requested one or higher
      runner.best_back                   4.60 >= selection.price_requested (6.00)  false
  lay-at-requested-or-lower    not applicable  rules/racing/entry.yaml
      The lay price is the requested one or lower
      runner.best_lay                    4.70 <= selection.price_requested (6.00)  true
withdrawn: Short Cut at 13:40:00, 8.00 in the capture
stake  step 1h: target 36.00, cap 50.00, have 30.00, remaining 6.00
price  want 6.00, offered 4.60 for 40.00: not met
-> invalidate (short-price-removed: Invalid Short Price Removed) -> CASH_OUT: \
CASH OUT: Invalid Short Price Removed; lay 28.55 @ 4.70, locks +6.55
"""


def test_the_explanation_as_text(run: Run, edited: Edited, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(edited("project"))
    ran = run("explain", "profit", scenario("25"))
    assert (ran.code, ran.err) == (0, "")
    assert re.sub(r"(\.yaml):\d+:\d+$", r"\1", ran.out, flags=re.MULTILINE) == TEXT


def test_a_place_is_the_rules_own(run: Run, edited: Edited, scenario: Scenario) -> None:
    """file:line:column stands where the rule begins."""
    project = edited("project")
    document = json.loads(run("-C", project, "explain", "profit", scenario("25"), "--json").out)
    for rule in document["rules"]:
        file, line, column = rule["place"].rsplit(":", 2)
        with open(file, encoding="utf-8") as text:  # noqa: PTH123 - the path is a text here
            found = text.read().splitlines()[int(line) - 1]
        assert found[int(column) - 1 :].startswith(f"id: {rule['id']}"), rule["place"]


def test_the_explanation_as_json(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("explain", "loss", scenario("25"), "--json")
    assert (ran.code, ran.err, len(ran.out.splitlines())) == (0, "", 1)
    document = json.loads(ran.out)
    assert list(document) == ["schema", "decision", "rules", "removed"]
    assert document["schema"] == "policytrader/explanation/1"
    plan = json.loads(run("evaluate", scenario("25"), "--json").out)
    assert document["decision"] == plan["decisions"][1]
    assert document["removed"] == [
        {
            "selection_id": 2504,
            "runner_name": "Short Cut",
            "reference_price": "8.00",
            "removed_at": "2026-07-07T12:40:00Z",
        }
    ]
    assert [(rule["kind"], rule["id"], rule["truth"]) for rule in document["rules"]] == [
        ("validation", "own-runner-removed", "false"),
        ("validation", "short-price-removed", "true"),
        ("validation", "eight-to-seven-place", "not applicable"),
        ("validation", "market-open", "false"),
        ("entry", "back-at-requested-or-better", "true"),
        ("entry", "lay-at-requested-or-lower", "not applicable"),
        ("cash_out", "close-invalidated", "true"),
    ]
    (leaf,) = document["rules"][4]["leaves"]
    assert list(leaf) == ["field", "seen", "condition", "truth", "note", "place"]
    assert (leaf["field"], leaf["seen"], leaf["condition"], leaf["truth"]) == (
        "runner.best_back",
        "3.45",
        ">= selection.price_requested (3.00)",
        "true",
    )


def test_missing_values_and_doubts_are_told(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    told = run("explain", "back", scenario("60")).out
    assert "short-price-removed          UNKNOWN" in told
    assert "fact.short_priced_removed          perhaps Axle not empty  unknown" in told
    assert "withdrawn: Axle at" in told
    assert "no price in the capture" in told
    assert "-> hold (short-price-removed: Missing: fact.short_priced_removed) -> HOLD: hold: Missing" in told


def test_every_selection_of_every_scenario_can_be_explained(run: Run, here: Path, project_root: Path) -> None:
    """What is explained is what is decided; a sample of the scenarios."""
    assert here.is_dir()
    count = 0
    for folder in scenario_folders(project_root / "golden")[::6]:
        plan = json.loads(run("evaluate", folder, "--json").out)
        for decision in plan["decisions"][:2]:
            ran = run("explain", decision["selection_ref"], folder, "--json")
            assert (ran.code, ran.err) == (0, "")
            document = json.loads(ran.out)
            assert document["decision"] == decision
            truths = {rule["id"]: rule["truth"] for rule in document["rules"] if rule["kind"] == "validation"}
            known = {"true": True, "false": False, "unknown": None, "not applicable": None}
            assert {rule: known[truth] for rule, truth in truths.items()} == decision["rules"]
            count += 1
    assert count > 15


def test_times_of_withdrawals_are_shown_in_the_zone(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    told = run("--tz", "Australia/Sydney", "explain", "profit", scenario("25")).out
    assert told.splitlines()[0].endswith("00:05 AEST")
    assert "withdrawn: Short Cut at 22:40:00" in told


def test_without_protections(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    assert "-> keep -> BLOCKED: blocked: max_order" in run("explain", "back-over", scenario("43")).out
    told = run("explain", "back-over", scenario("43"), "--no-protections").out
    assert "-> keep -> PLACE: place 100.01 @ 6.00" in told


def test_a_selection_that_is_not_there(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("explain", "prophet", scenario("25"))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: no selection `prophet` in {scenario('25')}; it has profit, loss\n"


def test_one_snapshot_at_a_time(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("explain", "profit", scenario("25"), scenario("43"))
    assert (ran.code, ran.out, ran.err) == (2, "", "error: one snapshot at a time can be explained\n")
