"""Two policies on one snapshot: which selections they decide differently, and which rule makes the difference."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.policy_edits import (
    DEARER,
    KEEPS_BETS,
    LARGER_ORDERS,
    LARGER_POSITIONS,
    MILDER,
    MORE_EARLY,
    NARROW,
    OTHER_WORDS,
    PATIENT,
    SEVEN,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Edited, Run, Scenario


def changes(text: str) -> dict[str, list[str]]:
    document = json.loads(text)
    return {change["selection_ref"]: change["because"] for change in document["changes"]}


RULE = "short-price-removed"
CASES: list[tuple[str, list[tuple[str, str, str]], dict[str, list[str]]]] = [
    ("25", [MILDER], {"profit": [RULE], "loss": [RULE]}),
    ("25", [OTHER_WORDS], {"profit": [RULE], "loss": [RULE]}),
    ("25", [KEEPS_BETS], {"profit": ["cash_out"], "loss": ["cash_out"]}),
    ("25", [MORE_EARLY], {"profit": ["ladder"], "loss": ["ladder"]}),
    ("25", [MILDER, MORE_EARLY], {"profit": [RULE, "ladder"], "loss": [RULE, "ladder"]}),
    ("25", [LARGER_ORDERS], {}),
    ("01", [SEVEN], {"a": ["eight-to-seven-place"], "b": ["eight-to-seven-place"]}),
    ("01", [MORE_EARLY], {"w": ["ladder"], "a": ["ladder"]}),
    ("43", [LARGER_ORDERS, LARGER_POSITIONS], {"back-over": ["max_order"]}),
    ("34", [PATIENT], {ref: ["cancel_unmatched_after"] for ref in ("second-over", "full", "lay")}),
    ("38", [NARROW], {ref: ["fully_matched_within"] for ref in ("back-99p", "lay-99p")}),
    ("40", [DEARER], {"there": ["entry"]}),
]


@pytest.mark.parametrize(("number", "edits", "because"), CASES)
def test_what_changes_and_because_of_what(
    number: str,
    edits: list[tuple[str, str, str]],
    because: dict[str, list[str]],
    run: Run,
    edited: Edited,
    scenario: Scenario,
) -> None:
    before, after = edited("before") / "rules", edited("after", *edits) / "rules"
    ran = run("evaluate", scenario(number), "--policy", before, "--policy", after, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert changes(ran.out) == because
    back = run("evaluate", scenario(number), "--policy", after, "--policy", before, "--json")
    assert changes(back.out) == because
    same = run("evaluate", scenario(number), "--policy", before, "--against", after, "--json")
    assert same.out == back.out


def test_a_rule_that_takes_over_from_another_is_named_with_it(run: Run, edited: Edited, scenario: Scenario) -> None:
    """Nobody of a low price out: it now stops even those who lost their place terms, and it comes first."""
    before = edited("before") / "rules"
    after = edited("after", ("validation", "short_priced_removed, op: not_empty}", "short_priced_removed, op: empty}"))
    pair = ("--policy", before, "--policy", after / "rules")
    because = changes(run("evaluate", scenario("01"), *pair, "--json").out)
    assert because == {"w": [RULE], "a": [RULE, "eight-to-seven-place"]}
    assert f"because of {RULE}, eight-to-seven-place" in run("evaluate", scenario("01"), *pair).out


def test_a_protection_that_takes_over_from_another_is_named_with_it(
    run: Run, edited: Edited, scenario: Scenario
) -> None:
    pair = ("--policy", edited("before") / "rules", "--policy", edited("after", LARGER_ORDERS) / "rules")
    because = changes(run("evaluate", scenario("43"), *pair, "--json").out)
    assert because == {"back-over": ["max_exposure_per_selection", "max_order"]}


COMPARED_TEXT = """\
A  {before}  before/rules
B  {after}  after/rules
profit  Candlewick  BACK WIN
  A  CASH_OUT CASH OUT: Invalid Short Price Removed; lay 28.55 @ 4.70, locks +6.55 (ladder 1h 36.00, have 30.00)
  B  WAIT wait: 4.60 is under 6.00 (ladder 1h 36.00, have 30.00)
  because of short-price-removed
loss  Otter Pool  BACK WIN
  A  CASH_OUT CASH OUT: Invalid Short Price Removed; lay 8.57 @ 3.50, locks -1.43 (ladder 1h 36.00, have 10.00)
  B  PLACE place 26.00 @ 3.45 (ladder 1h 36.00, have 10.00)
  because of short-price-removed
2 of 2 decisions change
"""


def test_the_comparison_as_text(run: Run, edited: Edited, scenario: Scenario) -> None:
    edited("before")
    edited("after", MILDER)
    pair = ("--policy", "before/rules", "--policy", "after/rules")
    ran = run("evaluate", scenario("25"), *pair)
    document = json.loads(run("evaluate", scenario("25"), *pair, "--json").out)
    hashes = {side: document[side]["policy"]["hash"][:7] for side in ("before", "after")}
    assert hashes["before"] != hashes["after"]
    assert ran.out == COMPARED_TEXT.format(**hashes)


def test_the_comparison_as_json(run: Run, edited: Edited, scenario: Scenario) -> None:
    before, after = edited("before") / "rules", edited("after", MILDER) / "rules"
    document = json.loads(run("evaluate", scenario("25"), "--policy", before, "--policy", after, "--json").out)
    assert list(document) == ["schema", "snapshot", "before", "after", "changes"]
    assert document["schema"] == "policytrader/comparison/1"
    plans: list[dict[str, Any]] = [
        json.loads(run("evaluate", scenario("25"), "--policy", policy, "--json").out) for policy in (before, after)
    ]
    assert document["snapshot"] == plans[0]["snapshot"]
    for side, plan in zip(("before", "after"), plans, strict=True):
        assert document[side] == {"policy": plan["policy"], "summary": plan["summary"]}
        assert [change[side] for change in document["changes"]] == plan["decisions"]
    assert document["changes"][0]["changed"] == ["verdict", "reason", "rule", "action", "code", "cash_out"]


def test_nothing_changes(run: Run, edited: Edited, scenario: Scenario) -> None:
    """A comment and a test beside a rule decide nothing."""
    before = edited("before")
    after = edited("after", ("entry", "policy: entry\n", "policy: entry   # ours\n"))
    ran = run(
        "evaluate", scenario("25"), "--policy", before / "rules", "--policy", after / "rules", "--detailed-exitcode"
    )
    assert ran.code == 0
    assert ran.out.splitlines()[2:] == ["the two policies are the same", "0 of 2 decisions change"]


def test_the_exit_code_tells_of_changes(run: Run, edited: Edited, scenario: Scenario) -> None:
    pair = ("--policy", edited("before") / "rules", "--policy", edited("after", MILDER) / "rules")
    assert run("evaluate", scenario("25"), *pair).code == 0
    assert run("evaluate", scenario("25"), *pair, "--detailed-exitcode").code == 3
    assert run("evaluate", scenario("43"), *pair, "--detailed-exitcode").code == 0
    assert run("evaluate", scenario("43"), scenario("25"), *pair, "--detailed-exitcode", "--json").code == 3


# --- against git ----------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=A Trader", "-c", "user.email=trader@example.org",
               "-c", "commit.gpgsign=false", "-c", "core.hooksPath=none", *arguments]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def repository(here: Path, edited: Edited) -> Path:
    """A repository whose only commit holds the shipped rules in ``desk/rules``; the project is the folder ``desk``."""
    project = edited("desk")
    git(here, "init", "--quiet")
    git(here, "add", "desk")
    git(here, "commit", "--quiet", "-m", "The rules as shipped")
    return project


def edit(project: Path, kind: str, old: str, new: str) -> None:
    path = project / "rules" / "racing" / f"{kind}.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_what_an_edit_changes_since_a_revision(run: Run, repository: Path, scenario: Scenario) -> None:
    against = ("-C", repository, "evaluate", scenario("25"), "--against")
    assert "the two policies are the same" in run(*against, "git:HEAD").out
    edit(repository, *MILDER)
    ran = run(*against, "git:HEAD")
    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith("git:HEAD")
    assert ran.out.splitlines()[1].endswith("rules")
    assert ran.out.count("because of short-price-removed") == 2
    git(repository, "commit", "--quiet", "-a", "-m", "Milder")
    assert changes(run(*against, "git:HEAD", "--json").out) == {}
    first = git(repository, "rev-parse", "HEAD~1")
    assert set(changes(run(*against, f"git:{first}", "--json").out)) == {"profit", "loss"}
    assert set(changes(run(*against, "git:HEAD~1", "--json").out)) == {"profit", "loss"}
    assert run("-C", repository, "evaluate", scenario("25"), "--policy", "git:HEAD~1").out.count("CASH OUT") == 2
    assert git(repository, "status", "--short") == ""


@pytest.mark.parametrize("revision", ["nothing", "HEAD~7", "", "-p", "--output=x", "HEAD:desk", "0" * 40])
def test_a_revision_that_is_none(revision: str, run: Run, repository: Path, scenario: Scenario) -> None:
    ran = run("-C", repository, "evaluate", scenario("25"), "--against", f"git:{revision}")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("error: git")
    assert not revision.startswith("-") or ran.err == f"error: git:{revision}: not a revision\n"
    assert len(ran.err.splitlines()) <= 3
    assert [path.name for path in repository.iterdir()] == ["rules"]


def test_a_revision_without_rules(run: Run, repository: Path, scenario: Scenario) -> None:
    git(repository, "mv", "rules", "later")
    git(repository, "commit", "--quiet", "-m", "No rules")
    git(repository, "mv", "later", "rules")
    ran = run("-C", repository, "evaluate", scenario("25"), "--against", "git:HEAD")
    assert ran.code == 2
    assert "git:HEAD: there are no rules in `rules/` at this revision" in ran.err


def test_a_revision_with_broken_rules(run: Run, repository: Path, scenario: Scenario) -> None:
    """The place is one in the revision, not in a folder that is gone by the time one reads it."""
    edit(repository, "staking", "back_stake: 36", "steak: 36")
    git(repository, "commit", "--quiet", "-a", "-m", "Broken")
    git(repository, "revert", "--no-edit", "HEAD")
    ran = run("-C", repository, "evaluate", scenario("25"), "--against", "git:HEAD~1")
    assert ran.code == 2
    assert "git:HEAD~1: the policy of that revision has errors" in ran.err
    assert "\nHEAD~1:rules/racing/staking.yaml:13:" in ran.err
    assert "steak" in ran.err
    assert "policytrader-" not in ran.err


def test_no_repository(run: Run, edited: Edited, scenario: Scenario) -> None:
    project = edited("desk")
    ran = run("-C", project, "evaluate", scenario("25"), "--against", "git:HEAD")
    assert ran.code == 2
    assert "not a git repository" in ran.err


def test_no_git(run: Run, repository: Path, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    ran = run("-C", repository, "evaluate", scenario("25"), "--against", "git:HEAD")
    assert ran.code == 2
    assert ran.err.startswith("error: git could not be run")
