"""``policytrader test``: tests beside rules and golden scenarios, what differs told cell by cell."""

from __future__ import annotations

import csv
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.golden_matches import MATCHES
from tests.policy_edits import MILDER, MORE_EARLY, edit_racing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Edited, Run, Scenario

ONE_OUT = (
    "- {name: one out, given: {selection.side: BACK, selection.market_type: WIN, fact.short_priced_removed: [7]}, "
)
RACING = "rules/racing"
WRONG_INLINE = ("validation", ONE_OUT + "expect: invalidate}", ONE_OUT + "expect: keep}")


@pytest.fixture
def project(edited: Edited, scenario: Scenario) -> Path:
    """The shipped trading rules and three of the scenarios."""
    folder = edited("project")
    shutil.rmtree(folder / "rules" / "football")
    for number in ("25", "43", "55"):
        shutil.copytree(scenario(number), folder / "golden" / "racing" / scenario(number).name)
    return folder


def test_all_is_well(run: Run, project: Path) -> None:
    ran = run("-C", project, "test")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(
        r"29 tests beside rules, 0 failed · 3 scenarios, 0 failed · \d+ of 24 rules and conditions seen in every way\n",
        ran.out,
    )


def test_the_shipped_scenarios_where_a_project_has_none(run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run("test")
    assert ran.code == 0
    trading, grading = ran.out.splitlines(keepends=True)
    assert "60 scenarios, 0 failed · 24 of 24 rules and conditions seen in every way" in trading
    found = GRADED.fullmatch(grading)
    assert found is not None, grading
    assert (int(found[3]), found[4]) == (len(MATCHES), "0")
    assert ran.err.count("these are the scenarios that came with policytrader") == 1


def test_a_test_beside_a_rule_that_fails(run: Run, project: Path) -> None:
    edit_racing(project / RACING, WRONG_INLINE)
    ran = run("-C", project, "test")
    assert ran.code == 1
    first, summary = ran.out.splitlines()
    rules = project / "rules" / "racing" / "validation.yaml"
    line = rules.read_text("utf-8").splitlines().index("      " + WRONG_INLINE[2]) + 1
    assert first.startswith(f"FAILED  {rules}:{line}:")
    assert first.endswith("short-price-removed, one out: actual invalidate, expected keep")
    assert summary.startswith("29 tests beside rules, 1 failed · 3 scenarios, 0 failed")


def test_a_scenario_that_fails_tells_each_cell(run: Run, project: Path) -> None:
    edit_racing(project / RACING, MORE_EARLY)
    ran = run("-C", project, "test")
    assert ran.code == 1
    assert ran.out.splitlines()[:5] == [
        f"FAILED  {project / 'golden' / 'racing' / '25-cash-out-of-a-back'}",
        "  decision profit, stake.target: actual 40.00, expected 36.00",
        "  decision profit, stake.remaining: actual 10.00, expected 6.00",
        "  decision loss, stake.target: actual 40.00, expected 36.00",
        "  decision loss, stake.remaining: actual 30.00, expected 26.00",
    ]
    assert "3 scenarios, " in ran.out.splitlines()[-1]


def test_no_more_cells_than_one_reads(run: Run, project: Path) -> None:
    path = project / "golden" / "racing" / "43-max-order" / "expected.json"
    expected = json.loads(path.read_text("utf-8"))
    for decision in expected["decisions"]:
        decision.update(dict.fromkeys(("race_id", "market_id", "runner_name", "verdict", "action", "code"), "other"))
    path.write_text(json.dumps(expected), "utf-8")
    ran = run("-C", project, "test", "43-max")
    assert ran.code == 1
    assert ran.out.splitlines()[21] == "  … and 4 more"
    assert len(ran.out.splitlines()) == 23


CELLS: list[tuple[str, Any, str]] = [
    ("decisions.0.action", "WAIT", "decision profit, action: actual CASH_OUT, expected WAIT"),
    ("decisions.0.selection_id", "2501", "decision profit, selection_id: actual 2501, expected 2501"),
    ("decisions.0.cash_out.size", "28.56", "decision profit, cash_out.size: actual 28.55, expected 28.56"),
    ("decisions.0.cash_out", None, "decision profit, cash_out: actual {"),
    ("decisions.0.order", {"side": "BACK"}, "decision profit, order: actual null, expected {"),
    ("decisions.0.rules.market-open", None, "decision profit, rules.market-open: actual false, expected null"),
    ("decisions.0.no-such-key", 1, "decision profit, no-such-key: actual absent, expected 1"),
    ("decisions.1.selection_ref", "losses", "order of decisions: actual profit, loss, expected profit, losses"),
    ("summary.CASH_OUT", 1, "summary.CASH_OUT: actual 2, expected 1"),
    ("summary.PLACE", False, "summary.PLACE: actual 0, expected false"),
    ("decisions.0.selection_id", 2501.0, "decision profit, selection_id: actual 2501, expected 2501.0"),
    ("no-such-part", None, "no-such-part: actual absent, expected null"),
    (
        "decisions.0.reason",
        "Invalid ?hort Price*",
        "decision profit, reason: actual Invalid Short Price Removed, expected",
    ),
    (
        "decisions.0.reason",
        "invalid*",
        "decision profit, reason: actual Invalid Short Price Removed, expected invalid*",
    ),
]


@pytest.mark.parametrize(("path", "value", "told"), CELLS)
def test_one_cell_that_differs(path: str, value: object, told: str, run: Run, project: Path) -> None:
    file = project / "golden" / "racing" / "25-cash-out-of-a-back" / "expected.json"
    expected = json.loads(file.read_text("utf-8"))
    *way, last = path.split(".")
    place: Any = expected
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value
    file.write_text(json.dumps(expected), "utf-8")
    ran = run("-C", project, "test", "25-cash", "--golden", "golden")
    assert ran.code == 1
    assert ran.out.splitlines()[1].startswith("  " + told)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("decisions.0.reason", "Invalid * Removed"),
        ("decisions.0.runner_name", "*"),
        ("decisions.1.stake", {"step": "1h"}),
    ],
)
def test_an_expectation_may_leave_open(path: str, value: object, run: Run, project: Path) -> None:
    """``*`` in a text stands for anything, and what is not named is not compared."""
    file = project / "golden" / "racing" / "25-cash-out-of-a-back" / "expected.json"
    expected = json.loads(file.read_text("utf-8"))
    _, number, key = path.split(".")
    expected["decisions"][int(number)][key] = value
    file.write_text(json.dumps(expected), "utf-8")
    assert run("-C", project, "test", "25-cash").code == 0


def test_update_makes_the_present_plan_the_expected_one(run: Run, project: Path, scenario: Scenario) -> None:
    edit_racing(project / RACING, MILDER)
    changed = project / "golden" / "racing" / "25-cash-out-of-a-back"
    kept = project / "golden" / "racing" / "23" / "expected.json"
    shutil.copytree(scenario("23"), kept.parent)
    before = kept.read_bytes()
    assert b'"Missing: *"' in before
    assert run("-C", project, "test", "--golden", "golden").code == 1
    ran = run("-C", project, "test", "--golden", "golden", "--update")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"updated {changed}"
    assert kept.read_bytes() == before  # what does not differ is not rewritten
    assert run("-C", project, "test", "--golden", "golden").code == 0
    written = json.loads((changed / "expected.json").read_text("utf-8"))
    plan = json.loads(run("-C", project, "evaluate", changed, "--json").out)
    assert written == {"decisions": plan["decisions"], "summary": plan["summary"]}
    assert written != json.loads((scenario("25") / "expected.json").read_text("utf-8"))


def test_update_writes_as_the_goldens_are_written(run: Run, project: Path) -> None:
    """A rewritten file differs in the cells that differ, not in its form."""
    file = project / "golden" / "racing" / "25-cash-out-of-a-back" / "expected.json"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"profit"', '"prophet"'), "utf-8")
    run("-C", project, "test", "25-cash", "--update")
    assert file.read_text("utf-8") == text


def test_a_name_picks_tests_and_scenarios(run: Run, project: Path) -> None:
    assert run("-C", project, "test", "cash-out").out.startswith("0 tests beside rules, 0 failed · 1 scenario,")
    assert run("-C", project, "test", "short-price").out.startswith("4 tests beside rules, 0 failed · 0 scenarios")
    assert run("-C", project, "test", "--golden", "golden").out.startswith("29 tests beside rules, 0 failed · 3 scen")
    nothing = run("-C", project, "test", "no-such")
    assert (nothing.code, nothing.out, nothing.err) == (2, "", "error: no test matches `no-such`\n")


def test_without_protections(run: Run, project: Path) -> None:
    ran = run("-C", project, "test", "43-max", "--no-protections")
    assert ran.code == 1
    assert "decision back-over, action: actual PLACE, expected BLOCKED" in ran.out


def test_a_scenario_with_rules_of_its_own(run: Run, project: Path, edited: Edited) -> None:
    edited("milder", MILDER)
    folder = project / "golden" / "racing" / "25-cash-out-of-a-back"
    head = folder / "snapshot.yaml"
    head.write_text(head.read_text("utf-8") + 'policy: "../../../../milder/rules"\n', "utf-8")
    ran = run("-C", project, "test", "25-cash")
    assert ran.code == 1
    assert "decision profit, verdict: actual keep, expected invalidate" in ran.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"decisions": [', "expected.json:1:16  S103  broken JSON"),
        ("[]", 'expected.json  S103  the expected plan is an object with a list of "decisions"'),
        ('{"decisions": {}}', "expected.json  S103  the expected plan is an object"),
        ('{"decisions": [1]}', "expected.json  S103  the expected plan is an object"),
        ('{"decisions": [{}]}', "expected.json  S103  the expected plan is an object"),
        ('{"decisions": [{"selection_ref": ["profit"]}]}', "expected.json  S103  the expected plan is an object"),
        ("[" * 100_000, "expected.json  S103  broken JSON"),
        ('{"decisions": [], "summary": 1' + "0" * 5000 + "}", "expected.json  S103  broken JSON"),
        ("\ud800", "expected.json  S101  cannot be read"),
    ],
)
def test_an_expected_plan_that_is_none(text: str, told: str, run: Run, project: Path) -> None:
    """One broken file is told, and the other scenarios still run."""
    file = project / "golden" / "racing" / "25-cash-out-of-a-back" / "expected.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    ran = run("-C", project, "test", "--golden", "golden")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith(f"FAILED  {file.parent}\n")
    assert told in ran.out
    assert "3 scenarios, 1 failed" in ran.out
    assert len(ran.out.splitlines()) < 10


def test_a_scenario_that_cannot_be_read(run: Run, project: Path) -> None:
    (project / "golden" / "racing" / "25-cash-out-of-a-back" / "orders.csv").write_text("order,size\n", "utf-8")
    ran = run("-C", project, "test", "--golden", "golden")
    assert ran.code == 1
    assert "orders.csv:1:1" in ran.out
    assert "3 scenarios, 1 failed" in ran.out


def test_json(run: Run, project: Path) -> None:
    edit_racing(project / RACING, WRONG_INLINE, MORE_EARLY)
    ran = run("-C", project, "test", "--json")
    assert (ran.code, ran.err, len(ran.out.splitlines())) == (1, "", 1)
    document = json.loads(ran.out)
    assert list(document) == ["schema", "inline", "scenarios", "coverage"]
    assert document["schema"] == "policytrader/tests/1"
    (wrong,) = (one for one in document["inline"] if not one["passed"])
    assert wrong["rule"] == "short-price-removed"
    assert (wrong["name"], wrong["actual"], wrong["expected"]) == ("one out", "invalidate", "keep")
    (failed,) = (one for one in document["scenarios"] if "25-cash" in one["folder"])
    assert failed["differences"][0] == {
        "where": "decision profit, stake.target",
        "actual": "40.00",
        "expected": "36.00",
    }
    assert (failed["passed"], failed["updated"], failed["error"]) == (False, False, None)
    assert len(document["coverage"]) == 24


def test_coverage_tells_what_was_never_seen(run: Run, project: Path) -> None:
    ran = run("-C", project, "test", "--coverage")
    assert ran.code == 0
    head, *rows = ran.out.splitlines()[:-1]
    assert head.split() == ["true", "false", "unknown"]
    assert len(rows) == 24
    table = {row.split("  ")[0] or row.strip().split("  ")[0]: row for row in rows}
    # Tests beside a rule give the fact's value: whether it is counted right, only scenarios see.
    assert "<- not seen in every way" not in table["validation/short-price-removed"]
    (hint,) = (row for row in rows if row.strip().startswith("facts/active_runners"))
    assert "<- not seen in every way" in hint
    # A known comparison can never be unknown: no number, no complaint.
    (invalidated,) = (row for row in rows if "invalidated_by" in row)
    assert invalidated.split("<-")[0].rstrip().endswith("-")
    complete = sum("<- not seen" not in row for row in rows)
    assert ran.out.splitlines()[-1].endswith(f"{complete} of 24 rules and conditions seen in every way")


def test_coverage_counts_less_where_less_is_run(run: Run, project: Path) -> None:
    full = json.loads(run("-C", project, "test", "--json").out)["coverage"]
    part = json.loads(run("-C", project, "test", "own-runner", "--json").out)["coverage"]
    rule = "validation/own-runner-removed"
    assert (part[rule]["true"], part[rule]["false"], part[rule]["unknown"], part[rule]["complete"]) == (1, 1, 1, True)
    assert part["validation/market-open"]["complete"] is False
    assert all(full[key]["true"] >= part[key]["true"] for key in part)


# -- grading rules -----------------------------------------------------------------------------------------------------

GRADED = re.compile(
    r"grading: (\d+) tests? beside rules, (\d+) failed · (\d+) scenarios?, (\d+) failed"
    r" · (\d+) of (\d+) rules and conditions .*\n"
)
LIVE = "07-live"


@pytest.fixture
def graded(project: Path, project_root: Path) -> Path:
    """The shipped grading rules as well."""
    shutil.copytree(project_root / "rules" / "football", project / "rules" / "football")
    return project


def edit_grading(graded: Path, old: str, new: str) -> None:
    path = graded / "rules" / "football" / "grading.yaml"
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def test_both_families(run: Run, graded: Path) -> None:
    trading, grading = run("-C", graded, "test").out.splitlines(keepends=True)
    assert trading.startswith("29 tests beside rules, 0 failed · 3 scenarios, 0 failed · ")
    assert GRADED.fullmatch(grading)


@pytest.mark.parametrize("arguments", [("rules/football",), ("--policy", "rules/football")])
def test_grading_rules_alone(run: Run, graded: Path, arguments: tuple[str, ...]) -> None:
    ran = run("-C", graded, "test", *arguments)
    assert (ran.code, ran.err) == (0, "")
    found = GRADED.fullmatch(ran.out)
    assert found is not None, ran.out
    assert int(found[1]) > 50
    assert found[2] == "0"


def test_trading_rules_alone(run: Run, graded: Path) -> None:
    ran = run("-C", graded, "test", "rules/racing")
    assert ran.code == 0
    assert ran.out.startswith("29 tests beside rules, 0 failed · ")
    assert len(ran.out.splitlines()) == 1


def test_a_grading_test_that_fails(run: Run, graded: Path) -> None:
    edit_grading(
        graded,
        "{name: a quarter past, given: {fixture.period_over: true, bet.margin: 0.25}, expect: half_win}",
        "{name: a quarter past, given: {fixture.period_over: true, bet.margin: 0.25}, expect: won}",
    )
    ran = run("-C", graded, "test", "rules/football")
    assert ran.code == 1
    failed, summary = ran.out.splitlines()
    place = re.escape(str(graded / "rules" / "football" / "grading.yaml"))
    assert re.fullmatch(rf"FAILED  {place}:\d+:9  line, a quarter past: actual half_win, expected won", failed), failed
    assert " 1 failed · " in summary


def test_another_margin_table_fails_the_tests_beside_the_rules(run: Run, graded: Path) -> None:
    """The tests run through the table that decides."""
    edit_grading(graded, '{margin: "0", outcome: refund, reason: push}', '{margin: "0", outcome: lost, reason: line}')
    ran = run("-C", graded, "test", "rules/football")
    assert ran.code == 1
    assert "line, on it: actual lost, expected refund" in ran.out


def test_coverage_of_grading_rules(run: Run, graded: Path) -> None:
    ran = run("-C", graded, "test", "rules/football", "--coverage")
    assert ran.code == 0
    manual = next(line for line in ran.out.splitlines() if line.startswith("grading/keep-manual "))
    assert manual.split()[1:] == ["1", "1", "-"], "a field that is never missing need not be seen unknown"
    both = run("-C", graded, "test", "--coverage").out
    assert "grading/keep-manual " in both
    assert "validation/own-runner-removed " in both


def test_golden_matches_count_in_the_coverage(run: Run, graded: Path, project_root: Path) -> None:
    def seen() -> dict[str, dict[str, int]]:
        document = json.loads(run("-C", graded, "test", "rules/football", "--json").out)
        return {key: one for key, one in document["grading"]["coverage"].items() if "live-over-won" in key}

    beside = seen()
    shutil.copytree(project_root / "golden" / "football" / LIVE, graded / "golden" / LIVE)
    with_match = seen()
    rule = "grading/live-over-won"
    with (project_root / "golden" / "football" / LIVE / "expected.csv").open(encoding="utf-8") as file:
        decided = sum(row["rule"] == "live-over-won" for row in csv.DictReader(file))
    assert decided
    assert with_match[rule]["true"] == beside[rule]["true"] + decided
    assert with_match[rule]["false"] > beside[rule]["false"]
    assert all(
        sum(with_match[key][one] for one in ("true", "false", "unknown"))
        > sum(beside[key][one] for one in ("true", "false", "unknown"))
        for key in beside
    )


def test_a_name_of_a_grading_rule(run: Run, graded: Path) -> None:
    ran = run("-C", graded, "test", "did-not-play")
    assert ran.code == 0
    assert GRADED.fullmatch(ran.out), "nothing is said of trading rules, where the name is not found"
    assert run("-C", graded, "test", "no-such-rule").code == 2


def test_grading_as_a_document(run: Run, graded: Path) -> None:
    document = json.loads(run("-C", graded, "test", "rules/football", "--json").out)
    assert document["schema"] == "policytrader/tests/1"
    assert (document["inline"], document["scenarios"], document["coverage"]) == ([], [], {})
    assert all(test["passed"] for test in document["grading"]["inline"])
    assert {key.split("/")[0] for key in document["grading"]["coverage"]} == {"grading"}
    both = json.loads(run("-C", graded, "test", "--json").out)
    assert both["grading"] == document["grading"]
    assert len(both["inline"]) == 29


def test_grading_rules_are_not_asked_about_protections(run: Run, graded: Path) -> None:
    ran = run("-C", graded, "test", "rules/football", "--no-protections")
    assert (ran.code, ran.out) == (2, "")
    assert "--no-protections is about trading scenarios" in ran.err


@pytest.fixture
def live(graded: Path, project_root: Path) -> Path:
    """One of the shipped scenarios in the project; returns its folder."""
    folder = graded / "golden" / "football" / LIVE
    shutil.copytree(project_root / "golden" / "football" / LIVE, folder)
    return folder


def test_scenarios_of_both_families(run: Run, graded: Path, live: Path) -> None:
    assert live.is_dir()
    trading, grading = run("-C", graded, "test").out.splitlines()
    assert "3 scenarios, 0 failed" in trading
    assert " · 1 scenario, 0 failed · " in grading


def test_a_name_of_a_grading_scenario(run: Run, graded: Path, live: Path) -> None:
    ran = run("-C", graded, "test", live.name)
    assert ran.code == 0
    assert ran.out.startswith("grading: 0 tests beside rules, 0 failed · 1 scenario, 0 failed · ")
    assert len(ran.out.splitlines()) == 1


def test_other_rules_fail_a_grading_scenario_cell_by_cell(run: Run, graded: Path, live: Path) -> None:
    edit_grading(graded, "live_under_losses: false        #", "live_under_losses: true         #")
    ran = run("-C", graded, "test", live.name)
    assert ran.code == 1
    first, *cells, summary = ran.out.splitlines()
    assert first == f"FAILED  {live}"
    assert cells == [
        "  row 2, status: actual lost, expected pending",
        "  row 2, actual_value: actual 2, expected null",
        "  row 2, reason: actual live_decided, expected not_finished",
        "  row 2, rule: actual live-under-lost, expected not-finished",
        "  row 2, profit_loss: actual -10.00, expected 0.00",
    ]
    assert " · 1 scenario, 1 failed · " in summary


def test_a_grading_scenario_in_the_document(run: Run, graded: Path, live: Path) -> None:
    edit_grading(graded, "live_under_losses: false        #", "live_under_losses: true         #")
    ran = run("-C", graded, "test", "rules/football", "--json")
    assert ran.code == 1
    document = json.loads(ran.out)
    assert document["scenarios"] == []
    (scenario,) = document["grading"]["scenarios"]
    assert (scenario["folder"], scenario["passed"], scenario["error"]) == (str(live), False, None)
    assert scenario["differences"][0] == {"where": "row 2, status", "actual": "lost", "expected": "pending"}


def test_update_makes_the_present_grades_the_expected_ones(run: Run, graded: Path, live: Path) -> None:
    edit_grading(graded, "live_under_losses: false        #", "live_under_losses: true         #")
    before = (live / "expected.csv").read_text("utf-8").splitlines()
    ran = run("-C", graded, "test", "rules/football", "--update")
    assert (ran.code, ran.out.splitlines()[0]) == (0, f"updated {live}")
    after = (live / "expected.csv").read_text("utf-8").splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    why = "lost already, but live unders lose only where the policy says so"
    assert changed == [f'2,lost,2,live_decided,live-under-lost,0.00,-10.00,"{why}"']
    assert run("-C", graded, "test", "rules/football").code == 0


def test_a_grading_scenario_without_expectations_is_told_and_can_be_given_them(
    run: Run, graded: Path, live: Path
) -> None:
    expected = live / "expected.csv"
    text = expected.read_text("utf-8")
    expected.unlink()
    ran = run("-C", graded, "test", "rules/football")
    assert (ran.code, ran.err) == (0, f"1 scenario in {graded / 'golden'} without expected.csv: --update writes it\n")
    assert run("-C", graded, "test", "rules/football", "--update").code == 0
    cells = [line.split(",")[:5] for line in text.splitlines()]
    assert [line.split(",")[:5] for line in expected.read_text("utf-8").splitlines()] == cells


def test_a_folder_without_scenarios(run: Run, graded: Path) -> None:
    (graded / "empty").mkdir()
    ran = run("-C", graded, "test", "rules/football", "--golden", "empty")
    assert (ran.code, ran.out) == (2, "")
    assert "no scenarios in" in ran.err


def test_broken_grading_rules_are_told(run: Run, graded: Path) -> None:
    edit_grading(graded, "policy: grading", "policy: gradin")
    ran = run("-C", graded, "test", "rules/football")
    assert ran.code == 1
    assert "E107" in ran.err
