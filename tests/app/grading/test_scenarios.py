"""Golden scenarios of grading: the shipped ones, and what is told of one that differs or cannot be read."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from policytrader.app.grading.scenarios import GRADING, run_grading_scenario
from policytrader.app.scenarios import scenario_folders
from policytrader.authoring.load import load_grading
from policytrader.model.outcomes import Outcome, Reason
from policytrader.wiring.grading import read_match
from tests.golden_matches import FOLDER, MATCHES, readable

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.app.scenarios import ScenarioResult
    from policytrader.policy.grading.grading_set import GradingSet

# What no file of bets against one answer can come to: it needs a person, an earlier look, or a feed.
NOT_FROM_FILES = {Reason.MANUAL, Reason.MANUAL_OVERRIDE, Reason.STAT_CORRECTED, Reason.FEED_ERROR}
# Nor two players of one name in a squad that is made up once for all.
NOT_FROM_FILES.add(Reason.PLAYER_AMBIGUOUS)


@pytest.fixture(scope="module")
def policy(project_root: Path) -> GradingSet:
    return load_grading(project_root / "rules")


@pytest.fixture
def folder(project_root: Path, tmp_path: Path) -> Path:
    """A copy of a shipped scenario, to be spoilt."""
    return shutil.copytree(project_root / FOLDER / "05-must-start", tmp_path / "05-must-start")


def run(folder: Path, policy: GradingSet, *, update: bool = False) -> ScenarioResult:
    return run_grading_scenario(folder, policy, read_match, update=update)


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), "utf-8")


def told(result: ScenarioResult) -> list[str]:
    assert not result.error, result.error
    return [str(difference) for difference in result.differences]


@pytest.mark.parametrize("name", MATCHES)
def test_golden(name: str, project_root: Path, policy: GradingSet) -> None:
    assert told(run(project_root / FOLDER / name, policy)) == []


@pytest.mark.parametrize("name", MATCHES)
def test_a_match_is_what_the_made_up_match_gives(name: str, project_root: Path) -> None:
    text = (project_root / FOLDER / name / "match.json").read_text("utf-8")
    assert json.loads(text) == MATCHES[name]()
    assert text == readable(MATCHES[name]()) + "\n", "run python -m tests.golden_matches"


def test_every_folder_is_run_and_listed(project_root: Path) -> None:
    folders = scenario_folders(project_root / "golden", form=GRADING)
    assert [folder.name for folder in folders] == sorted(MATCHES)
    index = (project_root / "golden" / "README.md").read_text("utf-8")
    assert [name for name in MATCHES if f"| `{name}` |" not in index] == []


def test_every_outcome_and_reason_is_expected_somewhere(project_root: Path) -> None:
    rows: list[dict[str, str]] = []
    for path in (project_root / FOLDER).glob("*/expected.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    assert {row["status"] for row in rows} == set(Outcome)
    assert {row["reason"] for row in rows} == set(Reason) - NOT_FROM_FILES


def test_the_settings_of_a_scenario_are_its_own(folder: Path, policy: GradingSet) -> None:
    replace_in(folder / "scenario.yaml", "set: {participation: must_start}\n", "")
    assert told(run(folder, policy)) == [
        "row 0, status: actual won, expected refund",
        "row 0, actual_value: actual 1, expected null",
        "row 0, reason: actual line, expected did_not_start",
        "row 0, rule: actual line, expected did-not-start",
        "row 0, returns: actual 20.00, expected 5.00",
        "row 0, profit_loss: actual 15.00, expected 0.00",
    ]


def test_now_is_the_moment_of_grading(project_root: Path, tmp_path: Path, policy: GradingSet) -> None:
    folder = shutil.copytree(project_root / FOLDER / "10-postponed-in-the-window", tmp_path / "postponed")
    replace_in(folder / "scenario.yaml", "15:00:00Z", "15:00:01Z")
    assert "row 0, reason: actual void_window, expected postponed_wait" in told(run(folder, policy))


def test_rows_that_are_missing_or_too_many(folder: Path, policy: GradingSet) -> None:
    with (folder / "expected.csv").open("a", encoding="utf-8") as file:
        file.write("1,won,1,line,line,20.00,10.00,\n")
    assert told(run(folder, policy)) == ["rows: actual 0, expected 0, 1"]
    with (folder / "bets.csv").open("a", encoding="utf-8") as file:
        file.write("Match Goals,match,over,2.5,,2.00,10\nMatch Goals,match,over,3.5,,2.00,10\n")
    assert told(run(folder, policy)) == [
        "rows: actual 0, 1, 2, expected 0, 1",
        "row 1, actual_value: actual 3, expected 1",
    ]


def test_a_column_that_is_absent_is_not_compared_and_a_star_stands_for_anything(
    folder: Path, policy: GradingSet
) -> None:
    (folder / "expected.csv").write_text("row,status,reason\n0,refund,did_*\n", "utf-8")
    assert told(run(folder, policy)) == []
    (folder / "expected.csv").write_text("row,status,reason\n0,refund,did_*_play\n", "utf-8")
    assert told(run(folder, policy)) == ["row 0, reason: actual did_not_start, expected did_*_play"]


BROKEN: list[tuple[str, str, str, str]] = [
    ("expected.csv", "row,status", "row,state", "expected.csv:1:1  S104  unknown column `state`"),
    ("expected.csv", "row,", "rows,", "expected.csv:1:1  S105  no column `row`"),
    ("expected.csv", "0,refund", '0,"refund', "expected.csv:2:1  S103  not CSV"),
    ("expected.csv", "\n0,refund", "\n0,won,line,,,,,\n0,refund", "expected.csv:3:1  S109  row 0 twice"),
    ("bets.csv", "market,", "markets,", "bets.csv:1:1  S104  unknown column `markets`"),
    ("scenario.yaml", "now:", "nows:", "unknown key `nows`"),
    ("scenario.yaml", "now:", "nows:", "`now` must be there, as text"),
    ("scenario.yaml", "2026-03-07T18:00:00Z", "2026-03-07 at six", "`now` is not an ISO 8601 time with a zone"),
    ("scenario.yaml", "{participation: must_start}", "must_start", "`set` must be names of settings"),
    ("scenario.yaml", "{participation: must_start}", "{participation: [must_start]}", "`set` must be names"),
    ("scenario.yaml", "participation:", "partcipation:", "did you mean `participation`?"),
    ("scenario.yaml", "participation: must_start", "participation: must_try", "--set participation=must_try"),
    ("scenario.yaml", "title:", "\ttitle:", "scenario.yaml:1:1"),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), BROKEN)
def test_a_file_that_is_broken_is_told_with_its_place(
    file: str, old: str, new: str, expected: str, folder: Path, policy: GradingSet
) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    result = run(folder, policy)
    assert not result.is_passed
    assert result.differences == ()
    assert expected in result.error


@pytest.mark.parametrize("file", ["scenario.yaml", "match.json", "bets.csv", "expected.csv"])
def test_a_file_that_is_missing_is_told(file: str, folder: Path, policy: GradingSet) -> None:
    (folder / file).unlink()
    result = run(folder, policy)
    assert not result.is_passed
    assert file in result.error


def test_a_match_that_is_none_leaves_the_bets_pending(folder: Path, policy: GradingSet) -> None:
    (folder / "match.json").write_text("{}", "utf-8")
    assert "row 0, reason: actual layout_unknown, expected did_not_start" in told(run(folder, policy))


def test_update_changes_what_differs_and_nothing_else(folder: Path, policy: GradingSet) -> None:
    expected = folder / "expected.csv"
    text = 'row,status,reason,returns,why\n0,won,did_*,5.00,"a reason, of a person"\n'
    expected.write_text(text, "utf-8")
    assert run(folder, policy, update=True).is_updated
    assert expected.read_text("utf-8") == text.replace("won", "refund")
    assert not run(folder, policy, update=True).is_updated, "nothing differs any more"
    replace_in(expected, "\n0,", "\n7,")
    assert run(folder, policy, update=True).is_updated
    assert expected.read_text("utf-8") == "row,status,reason,returns,why\n0,refund,did_not_start,5.00,\n"


def test_update_does_not_touch_what_it_cannot_read(folder: Path, policy: GradingSet) -> None:
    expected = folder / "expected.csv"
    expected.write_text("row,status\n0,won\n", "utf-8")
    result = run(folder, policy, update=True)
    assert "S105" in result.error
    assert expected.read_text("utf-8") == "row,status\n0,won\n"
