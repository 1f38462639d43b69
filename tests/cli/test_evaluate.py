"""``policytrader evaluate``: the plan as text and as JSON, for folders, profiles and policies of every kind."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import evaluate, load_policy, read_snapshot
from tests.policy_edits import MILDER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Edited, Run, Scenario


def without_hash(text: str) -> str:
    return re.sub(r"policy [0-9a-f]{7}\b", "policy 0000000", text)


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


CASH_OUT_TEXT = """\
DRY RUN  profile paper  policy 0000000 (the rules that came with policytrader)  prices 4s old  2026-07-07 14:20:00 BST
Two matched backs lose their reason
   Off     In  Course     Runner      Bet       Want  Best  Ladder          Have  Do
-  15:05  45m  Uttoxeter  Candlewick  BACK WIN  6.00  4.60  1h      36.00  30.00  CASH OUT: Invalid Short Price Removed: Short Cut, 8.00 this morning; lay 28.55 @ 4.70, locks +6.55
-  15:05  45m  Uttoxeter  Otter Pool  BACK WIN  3.00  3.45  1h      36.00  10.00  CASH OUT: Invalid Short Price Removed: Short Cut, 8.00 this morning; lay 8.57 @ 3.50, locks -1.43
2 to cash out · new exposure 0.00 (40.00 of 2000.00 would be used)
"""  # noqa: E501 - as wide as it is printed

BLOCKED_TEXT = """\
DRY RUN  profile paper  policy 0000000 (the rules that came with policytrader)  prices 4s old  2026-07-25 13:40:00 BST
One order at three points
   Off     In  Course  Runner      Bet       Want  Best  Ladder          Have  Do
+  14:00  20m  York    Fiddle Bow  BACK WIN  5.00  5.00  30m     150.00  0.00  place 100.00 @ 5.00
!  14:00  20m  York    Pegbox      BACK WIN  6.00  6.00  30m     150.00  0.00  blocked: max_order
+  14:00  20m  York    Bridge      LAY WIN   2.50  2.50  30m     225.00  0.00  place 100.00 @ 2.50
!  14:00  20m  York    Scroll      LAY WIN   2.50  2.50  30m     225.00  0.00  blocked: max_order
2 to place, 2 blocked · new exposure 250.00 (250.00 of 2000.00 would be used)
"""

HOLD_TEXT = """\
DRY RUN  profile paper  policy 0000000 (the rules that came with policytrader)  prices 4s old  2026-08-09 13:40:00 BST
A doubt about the price before a certainty about the number
   Off     In  Course   Runner   Bet         Want  Best  Ladder          Have  Do
?  14:25  45m  Windsor  Paddock  BACK PLACE  2.00  2.00  1h      36.00  12.00  hold: Missing: fact.short_priced_removed (perhaps Axle)
-  14:25  45m  Windsor  Spoke    LAY PLACE   3.00  3.15  1h      55.00  20.00  CASH OUT: Invalid 8 to 7 Place: reference.number_of_runners 8; fact.active_runners 7; back 9.67 @ 3.10, locks +0.30
1 to cash out, 1 held · new exposure 0.00 (32.00 of 2000.00 would be used)
"""  # noqa: E501 - as wide as it is printed


@pytest.mark.parametrize(("number", "text"), [("25", CASH_OUT_TEXT), ("43", BLOCKED_TEXT), ("60", HOLD_TEXT)])
def test_the_plan_as_text(number: str, text: str, run: Run, here: Path, scenario: Scenario) -> None:
    ran = run("evaluate", scenario(number))
    assert (ran.code, ran.err) == (0, "")
    assert without_hash(ran.out) == text
    assert list(here.iterdir()) == []  # looking leaves nothing behind


def test_times_are_shown_in_the_zone_that_was_asked_for(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    berlin = run("--tz", "Europe/Berlin", "evaluate", scenario("25")).out
    assert without_hash(berlin) == CASH_OUT_TEXT.replace("14:20:00 BST", "15:20:00 CEST").replace("15:05", "16:05")


def test_another_time_instead_of_the_snapshots(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("--now", "2026-07-07T14:04:00Z", "evaluate", scenario("25"), "--json")
    (document,) = documents(ran.out)
    assert document["snapshot"]["now"] == "2026-07-07T14:04:00Z"
    assert [decision["minutes_to_off"] for decision in document["decisions"]] == ["1.00", "1.00"]
    after = run("--now", "2026-07-07T15:05:00+01:00", "evaluate", scenario("25")).out
    assert "15:05  0s  Uttoxeter" in after


def test_json_is_one_document_a_line_in_the_order_asked_for(
    run: Run, here: Path, scenario: Scenario, project_root: Path
) -> None:
    assert here.is_dir()
    folders = [scenario(number) for number in ("43", "25", "60", "43")]
    ran = run("evaluate", *folders, "--json")
    policy = load_policy(project_root / "rules")
    assert (ran.code, ran.err) == (0, "")
    assert documents(ran.out) == [evaluate(policy, read_snapshot(folder)).to_dict() for folder in folders]


def test_several_tables_stand_apart(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("evaluate", scenario("25"), scenario("43"))
    assert without_hash(ran.out) == CASH_OUT_TEXT + "\n" + BLOCKED_TEXT


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_out_keeps_the_documents(form: tuple[str, ...], run: Run, here: Path, scenario: Scenario) -> None:
    folders = scenario("43"), scenario("25")
    ran = run("evaluate", *folders, *form, "--out", "plan.jsonl")
    assert ran.code == 0
    assert (here / "plan.jsonl").read_text("utf-8") == run("evaluate", *folders, "--json").out
    assert ran.out.startswith("{" if form else "DRY RUN")


def test_out_lies_in_the_project(run: Run, here: Path, scenario: Scenario, edited: Edited) -> None:
    edited("project")
    assert run("-C", "project", "evaluate", scenario("25"), "--out", "plan.json").code == 0
    assert (here / "project" / "plan.json").is_file()


def test_without_protections(run: Run, here: Path, scenario: Scenario) -> None:
    assert here.is_dir()
    ran = run("evaluate", scenario("43"), "--no-protections")
    assert "DRY RUN  profile paper  without protections  policy" in ran.out
    assert "blocked" not in ran.out
    assert "4 to place · new exposure 500.03" in ran.out


@pytest.mark.parametrize(
    ("numbers", "code"), [(["25"], 3), (["43"], 3), (["18"], 3), (["20"], 0), (["55"], 0), (["20", "25", "55"], 3)]
)
def test_detailed_exit_code(numbers: list[str], code: int, run: Run, here: Path, scenario: Scenario) -> None:
    """3 when something would be done: an order, a hedge or a cancel."""
    assert here.is_dir()
    folders = list(map(scenario, numbers))
    assert run("evaluate", *folders, "--detailed-exitcode").code == code
    assert run("evaluate", *folders, "--detailed-exitcode", "--json").code == code
    assert run("evaluate", *folders).code == 0


def test_the_folder_one_stands_in(run: Run, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scenario("25"))
    assert without_hash(run("evaluate").out) == CASH_OUT_TEXT


def test_the_projects_own_rules_come_first(run: Run, edited: Edited, scenario: Scenario) -> None:
    project = edited("project", MILDER)
    assert "CASH OUT" not in run("-C", project, "evaluate", scenario("25")).out
    named = run("-C", project, "evaluate", scenario("25"), "--policy", "rules").out
    assert "CASH OUT" not in named
    other = run("evaluate", scenario("25"), "--policy", project / "rules").out
    assert "CASH OUT" not in other


@pytest.mark.parametrize("option", [(), ("--policy", "mild/rules")])
def test_a_scenario_may_name_its_own_rules(
    option: tuple[str, ...], run: Run, here: Path, edited: Edited, scenario: Scenario
) -> None:
    """The command line's rules win over them."""
    edited("mild", MILDER)
    edited(
        "words", ("validation", "then: {invalidate: Invalid Short Price Removed}", "then: {invalidate: Other words}")
    )
    shutil.copytree(scenario("25"), here / "own")
    head = here / "own" / "snapshot.yaml"
    head.write_text(head.read_text("utf-8") + 'policy: "../words/rules"\n', "utf-8")
    ran = run("evaluate", "own", *option)
    assert ran.code == 0
    assert ("CASH OUT: Other words" in ran.out) is (option == ())
    assert ("CASH OUT" in ran.out) is (option == ())


def test_the_accounts_currency_decides_the_smallest_order(run: Run, here: Path, scenario: Scenario) -> None:
    """In Australian dollars 5, or 30 to be paid out: 0.50 at 20 is an order in pounds only, for ``explain`` too."""
    (here / "config").mkdir()
    (here / "config" / "sydney.yaml").write_text("profile: sydney\nmode: paper\ncurrency: AUD\n", "utf-8")
    pounds = documents(run("evaluate", scenario("41"), "--json").out)[0]["decisions"]
    dollars = documents(run("--profile", "sydney", "evaluate", scenario("41"), "--json").out)[0]["decisions"]
    changed = {
        one["selection_ref"]: (one["action"], other["code"])
        for one, other in zip(pounds, dollars, strict=True)
        if one != other
    }
    assert changed == {
        "payout": ("PLACE", "below_minimum"),
        "one": ("PLACE", "below_minimum"),
        "lay": ("PLACE", "below_minimum"),
    }
    told = run("--profile", "sydney", "explain", "payout", scenario("41"), "--json")
    assert json.loads(told.out)["decision"] == next(one for one in dollars if one["selection_ref"] == "payout")
