"""``decisions --export`` and ``evaluate --decisions``: other rules on the inputs of days gone by."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.app.activate import activate, read_policy
from policytrader.app.decision_log import DecisionLog
from policytrader.cli.evaluate_log import NO_END, UNKNOWN
from policytrader.engine.evaluate import evaluate
from policytrader.resources import resource
from policytrader.wiring import open_store, read_snapshot
from tests.policy_edits import MILDER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Edited, Ran, Run, Scenario


class Project:
    def __init__(self, run: Run, folder: Path) -> None:
        self.folder, self._run = folder, run

    def __call__(self, *words: str) -> Ran:
        return self._run("-C", self.folder, *words)

    def document(self, *words: str) -> dict[str, Any]:
        ran = self(*words, "--json")
        assert (ran.code, ran.err) == (0, ""), ran
        found: dict[str, Any] = json.loads(ran.out)
        return found


@pytest.fixture
def desk(run: Run, edited: Edited, scenario: Scenario) -> Project:
    """A store with the decisions on one scenario, and in ``milder/rules`` what else might have decided."""
    folder = edited("desk")
    shutil.move(edited("made", MILDER) / "rules", folder / "milder")
    with closing(open_store(f"sqlite:///{folder / 'policytrader-paper.db'}")) as store:
        store.migrate()
        checked = read_policy(resource("rules") / "racing")
        snapshot = read_snapshot(scenario("25"))
        activate(store, checked, snapshot.now, "ann")
        DecisionLog(store, "paper").append_changed(evaluate(checked.policy, snapshot))
    return Project(run, folder)


TEXT = """\
PAPER  decision log store  2026-07-07 14:20:00 to 2026-07-07 14:20:00
A  {before}  as stored
B  {after}  milder
2 decisions on 2 selections compared
2 decisions on 2 selections differ

Decisions  First  Because of
        2      2  rule short-price-removed

Decisions  A -> B
        1  CASH_OUT -> PLACE
        1  CASH_OUT -> WAIT

2026-07-07 14:20:00  loss  Otter Pool  BACK WIN
  A  CASH_OUT CASH OUT: Invalid Short Price Removed; lay 8.57 @ 3.50, locks -1.43 (ladder 1h 36.00, have 10.00)
  B  PLACE place 26.00 @ 3.45 (ladder 1h 36.00, have 10.00)
  because of rule short-price-removed: A true: {invalid} | B not true
    fact.short_priced_removed: A Short Cut, 8.00 this morning not empty true | B none not empty false
    runner.reference_price: A asks < 12.00 | B asks < 8.00
2026-07-07 14:20:00  profit  Candlewick  BACK WIN
  A  CASH_OUT CASH OUT: Invalid Short Price Removed; lay 28.55 @ 4.70, locks +6.55 (ladder 1h 36.00, have 30.00)
  B  WAIT wait: 4.60 is under 6.00 (ladder 1h 36.00, have 30.00)
  because of rule short-price-removed: A true: {invalid} | B not true
    fact.short_priced_removed: A Short Cut, 8.00 this morning not empty true | B none not empty false
    runner.reference_price: A asks < 12.00 | B asks < 8.00

"""


def test_the_store_under_other_rules(desk: Project) -> None:
    document = desk.document("evaluate", "--decisions", "store", "--policy", "milder")
    assert document["schema"] == "policytrader/log-comparison/1"
    (before,) = document["before"]["policies"]
    after = document["after"]["hash"]
    ran = desk("evaluate", "--decisions", "store", "--policy", "milder")
    hashes = {"before": before[:7], "after": after[:7], "invalid": "invalidate Invalid Short Price Removed"}
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == TEXT.format(**hashes) + "\n".join(UNKNOWN) + "\n"
    assert (document["compared"], document["selections"], document["inputs"]) == (2, 2, 1)
    assert document["causes"] == [{"because": ["rule short-price-removed"], "decisions": 2, "first": 2}]
    assert [one["selection_ref"] for one in document["differences"]] == ["loss", "profit"]
    assert document["differences"][0]["after"]["action"] == "PLACE"
    assert document["not_known"] == list(UNKNOWN)


def test_an_export_says_the_same_on_another_machine(desk: Project, run: Run, edited: Edited) -> None:
    ran = desk("decisions", "--export", "log.jsonl")
    assert (ran.code, ran.out) == (0, f"{desk.folder / 'log.jsonl'}\n")
    assert desk("decisions", "--export", "again.jsonl", "--json").code == 0
    assert (desk.folder / "log.jsonl").read_bytes() == (desk.folder / "again.jsonl").read_bytes()
    assert sorted(path.name for path in desk.folder.iterdir() if ".part" in path.name) == []
    here = desk.document("evaluate", "--decisions", "store", "--policy", "milder")
    other = Project(run, edited("other"))
    shutil.copy(desk.folder / "log.jsonl", other.folder)
    there = other.document("evaluate", "--decisions", "log.jsonl", "--policy", str(desk.folder / "milder"))
    assert there.pop("log") == "log.jsonl"
    here.pop("log")
    assert {**there, "after": None} == {**here, "after": None}
    assert sorted(path.name for path in other.folder.iterdir()) == ["log.jsonl", "rules"]


def test_the_projects_own_rules_without_a_policy(desk: Project) -> None:
    ran = desk("evaluate", "--decisions", "store", "--detailed-exitcode")
    assert ran.code == 0
    assert "\nnothing differs\n" in ran.out
    shutil.rmtree(desk.folder / "rules")
    shutil.move(desk.folder / "milder", desk.folder / "rules")
    assert desk("evaluate", "--decisions", "store", "--detailed-exitcode").code == 3
    assert desk("evaluate", "--decisions", "store").code == 0


def test_some_days(desk: Project) -> None:
    words = ("evaluate", "--decisions", "store", "--policy", "milder")
    assert desk.document(*words, "--from", "2026-07-07", "--to", "2026-07-07")["compared"] == 2
    assert desk.document(*words, "--from", "2026-07-08")["compared"] == 0
    told = desk(*words, "--to", "2026-07-06").out
    assert "0 decisions on 0 selections compared\nnothing to compare: the log has no decision of" in told
    assert desk("decisions", "--export", "none.jsonl", "--to", "2026-07-06").code == 0
    assert len((desk.folder / "none.jsonl").read_text("utf-8").splitlines()) == 2


def test_what_is_left_out_is_told(desk: Project) -> None:
    assert desk("decisions", "--export", "log.jsonl").code == 0
    path = desk.folder / "log.jsonl"
    lines = path.read_text("utf-8").splitlines()
    moment = json.loads(lines[2])
    path.write_text("\n".join([*lines[:2], json.dumps(moment | {"inputs": None}), *lines[3:]]) + "\n", "utf-8")
    ran = desk("evaluate", "--decisions", "log.jsonl", "--policy", "milder")
    assert "not compared: 2, its inputs are not in the log, or damaged" in ran.out
    document = desk.document("evaluate", "--decisions", "log.jsonl", "--policy", "milder")
    assert document["not_compared"] == [{"why": "its inputs are not in the log, or damaged", "decisions": 2}]


def test_a_file_that_is_not_whole_and_one_that_may_not_be(desk: Project) -> None:
    assert desk("decisions", "--export", "log.jsonl").code == 0
    path = desk.folder / "log.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text[: text.rindex("\n", 0, -1) + 1], "utf-8")
    ran = desk("evaluate", "--decisions", "log.jsonl", "--policy", "milder")
    assert (ran.code, ran.out) == (2, "")
    assert "log.jsonl:3: cut off after this line" in ran.err
    path.write_text(path.read_text("utf-8").replace("decision-log/2", "decision-log/1"), "utf-8")
    ran = desk("evaluate", "--decisions", "log.jsonl", "--policy", "milder")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(f"\n{UNKNOWN[-1]}\n{NO_END}\n")
    document = desk.document("evaluate", "--decisions", "log.jsonl", "--policy", "milder")
    assert document["not_known"] == [*UNKNOWN, NO_END]


def test_out_holds_the_document(desk: Project) -> None:
    words = ("evaluate", "--decisions", "store", "--policy", "milder")
    assert desk(*words, "--out", "found.json").code == 0
    assert json.loads((desk.folder / "found.json").read_text("utf-8")) == desk.document(*words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("evaluate", "--decisions", "nowhere.jsonl"), "--decisions nowhere.jsonl: No such file or directory; name a"),
        (("evaluate", "--decisions", "rules/racing/entry.yaml"), "rules/racing/entry.yaml:1: not a JSON document"),
        (("evaluate", "--decisions", "policytrader-paper.db"), "policytrader-paper.db:"),
        (("evaluate", "--decisions", "store", "--decision", "x"), "--decisions goes without a snapshot"),
        (("evaluate", "x", "--decisions", "store"), "--decisions goes without a snapshot"),
        (("evaluate", "--decisions", "store", "--against", "active"), "--decisions goes without a snapshot"),
        (("evaluate", "--decisions", "store", "--policy", "a", "--policy", "b"), "--decisions compares one --policy"),
        (("evaluate", "--decisions", "store", "--from", "2026-07-08", "--to", "2026-07-07"), "2026-07-08 is later"),
        (("evaluate", "--decisions", "store", "--from", "x"), "--from x: not a date such as 2026-05-02"),
        (("evaluate", "--decisions", "a.jsonl", "--store", "sqlite:///x.db"), "--decisions a.jsonl is a file"),
        (("evaluate", "--from", "2026-07-08"), "--from and --to go with --decisions LOG"),
        (("decisions", "--from", "2026-07-08"), "--from and --to go with --export FILE"),
        (("decisions", "profit", "--export", "x"), "--export goes with --from and --to"),
        (("decisions", "--export", "policytrader-paper.db"), "is a SQLite database; name another file"),
        (("decisions", "--export", "no/such/folder.jsonl"), "cannot be written: No such file or directory"),
    ],
)  # fmt: skip
def test_what_cannot_be(desk: Project, words: tuple[str, ...], message: str) -> None:
    ran = desk(*words)
    assert ran.code == 2, ran
    assert message in ran.err
    assert len(ran.err.splitlines()) <= 3
