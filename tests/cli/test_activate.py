"""``policytrader activate``: what the new policy decides differently is shown before it decides."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.clocks import SystemClock
from policytrader.model.times import parse_utc
from policytrader.wiring import open_store
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run

AT = parse_utc("2026-05-02T09:00:00Z")
STAKING = ("staking", "{from: 1h,    back_stake: 36,", "{from: 1h,    back_stake: 40,")


class Project:
    """A project with rules and one golden scenario: two picks that are cashed out."""

    def __init__(self, run: Run, folder: Path, root: Path) -> None:
        self.run, self.folder = run, folder
        shutil.copytree(root / "rules", folder / "rules")
        (scenario,) = (root / "golden" / "racing").glob("25-*")
        self.scenario = folder / "golden" / scenario.name
        shutil.copytree(scenario, self.scenario)

    def __call__(self, *words: str) -> Ran:
        return self.run("-C", self.folder, "activate", *words)

    def edit(self, kind: str, old: str, new: str) -> None:
        """Edit a rule, and take what it does on the scenario as what is expected."""
        path = self.folder / "rules" / "racing" / f"{kind}.yaml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")
        ran = self.run("-C", self.folder, "evaluate", self.scenario, "--json", "--policy", self.folder / "rules")
        (self.scenario / "expected.json").write_text(ran.out, "utf-8")

    def told(self, *words: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self(*words, "--json").out)
        return document

    def activations(self) -> list[tuple[str | None, bool]]:
        with closing(open_store(f"sqlite:///{self.folder}/policytrader-paper.db")) as store:
            return [(one.policy_hash, one.is_shadow) for one in store.activations()]


@pytest.fixture
def project(run: Run, tmp_path: Path, project_root: Path) -> Project:
    return Project(run, tmp_path, project_root)


def test_nothing_is_active_yet(project: Project) -> None:
    ran = project()
    assert (ran.code, ran.err) == (0, "")
    first, second, third = ran.out.splitlines()
    assert first.startswith("PAPER  A  active policy none  B  this policy ")
    assert second == "nothing is active yet: nothing to compare with"
    assert third.endswith(" activated")
    again = project.told()
    assert (again["new"], again["stored"]) == (False, True)
    assert again["difference"]["problem"] == "the active policy is the same"
    assert "is active already" in project().out
    assert len(project.activations()) == 1


def test_the_difference_is_shown_before_it_is_stored(project: Project) -> None:
    before = project.told()["policy"]
    project.edit(*STAKING)
    ran = project()
    assert (ran.code, ran.err) == (0, "")
    closes = "CASH_OUT CASH OUT: Invalid Short Price Removed"
    profit, loss = "lay 28.55 @ 4.70, locks +6.55", "lay 8.57 @ 3.50, locks -1.43"
    assert ran.out.splitlines()[1:-1] == [
        str(project.scenario),
        "  profit  Candlewick  BACK WIN",
        f"    A  {closes}; {profit} (ladder 1h 36.00, have 30.00)",
        f"    B  {closes}; {profit} (ladder 1h 40.00, have 30.00)",
        "    because of ladder",
        "  loss  Otter Pool  BACK WIN",
        f"    A  {closes}; {loss} (ladder 1h 36.00, have 10.00)",
        f"    B  {closes}; {loss} (ladder 1h 40.00, have 10.00)",
        "    because of ladder",
        "2 of 2 decisions change, on 1 snapshot",
    ]
    assert ran.out.splitlines()[0].startswith(f"PAPER  A  active policy {before[:7]}  B  this policy ")
    (first, _), (second, _) = project.activations()
    assert (first, ran.out.splitlines()[-1]) == (before, f"policy {str(second)[:12]} activated")


def test_a_dry_run_stores_nothing(project: Project) -> None:
    ran = project("--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].endswith("passes its checks; nothing was stored")
    assert not (project.folder / "policytrader-paper.db").exists()
    before = project.told()["policy"]
    project.edit(*STAKING)
    told = project.told("--dry-run")
    assert (told["new"], told["stored"]) == (False, False)
    difference = told["difference"]
    assert (difference["active"], difference["snapshots"], difference["decisions"], difference["changed"]) == (
        before,
        1,
        2,
        2,
    )
    assert [(one["snapshot"], one["selection_ref"], one["because"]) for one in difference["changes"]] == [
        (str(project.scenario), "profit", ["ladder"]),
        (str(project.scenario), "loss", ["ladder"]),
    ]
    assert difference["changes"][0]["after"]["stake"]["target"] == "40.00"
    assert "2 of 2 decisions change" in project("--dry-run").out
    assert project.activations() == [(before, False)]
    with closing(open_store(f"sqlite:///{project.folder}/policytrader-paper.db")) as store:
        assert store.policy(told["policy"]) is None


def test_a_shadow_is_compared_with_what_decides(project: Project) -> None:
    before = project.told()["policy"]
    project.edit(*STAKING)
    told = project.told("--shadow")
    assert (told["shadow"], told["difference"]["active"], told["difference"]["changed"]) == (True, before, 2)
    assert project.activations()[-1] == (told["policy"], True)
    ended = project.told("--end-shadow")
    assert (ended["policy"], ended["difference"]) == (None, None)
    assert project("--end-shadow", "--dry-run").code == 2


def test_an_active_policy_that_cannot_be_used_does_not_stand_in_the_way(project: Project) -> None:
    assert project().code == 0
    with closing(open_store(f"sqlite:///{project.folder}/policytrader-paper.db")) as store:
        store.store_policy("f" * 64, b'{"schema":"policytrader/policy/1","files":[]}', AT)
        store.activate("f" * 64, AT, "mallory")
    ran = project()
    assert ran.code == 0
    assert "the active policy cannot be used: policy ffffffffffff  E" in ran.out
    assert ran.out.splitlines()[-1].endswith(" activated")


def test_nothing_to_compare_on(project: Project) -> None:
    assert project().code == 0
    project.edit(*STAKING)
    shutil.rmtree(project.folder / "golden")
    assert "no golden scenario and no --exchange: nothing to compare on" in project().out


def test_a_scenario_with_rules_of_its_own_is_about_those(project: Project) -> None:
    assert project().code == 0
    project.edit(*STAKING)
    head = project.scenario / "snapshot.yaml"
    head.write_text(head.read_text("utf-8") + "policy: ../../rules\n", "utf-8")
    assert "nothing to compare on" in project().out


def test_many_changes_are_cut_short_and_json_has_them_all(project: Project) -> None:
    assert project().code == 0
    for number in range(11):
        shutil.copytree(project.scenario, project.folder / "golden" / f"copy-{number:02}")
    project.edit(*STAKING)
    for number in range(11):
        shutil.copy(project.scenario / "expected.json", project.folder / "golden" / f"copy-{number:02}")
    assert len(project.told("--dry-run")["difference"]["changes"]) == 24
    lines = project("--dry-run").out.splitlines()
    assert sum("because of" in line for line in lines) == 20
    assert lines[-3:-1] == ["… and 4 more; --json shows them all", "24 of 24 decisions change, on 12 snapshots"]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path / "day") as made:
        yield made


def test_on_todays_selections(run: Run, day: ServedDay) -> None:
    """With --exchange, and written nowhere but in the activations."""
    assert run(*day.arguments("select", "import", "picks.csv")).code == 0
    assert run(*day.arguments("activate")).code == 0
    path = day.folder / "rules" / "racing" / "protection.yaml"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("max_order: {stake: 100, liability: 150}", "max_order: {stake: 1, liability: 1}"), "utf-8"
    )
    ran = run(*day.arguments("activate", "--dry-run"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1] == "today's selections now"
    assert ran.out.count("because of max_order") == 4
    assert "4 of 4 decisions change, on 1 snapshot" in ran.out
    assert {
        one["snapshot"] for one in json.loads(run(*day.arguments("activate", "--json")).out)["difference"]["changes"]
    } == {"today's selections now"}
    assert day.orders() == []


def edited(day: ServedDay) -> None:
    path = day.folder / "rules" / "racing" / "protection.yaml"
    text = path.read_text("utf-8")
    assert text.count("per_day: 2000") == 1
    path.write_text(text.replace("per_day: 2000", "per_day: 1000"), "utf-8")


def test_an_exchange_that_is_closed_does_not_stand_in_the_way(run: Run, day: ServedDay) -> None:
    assert run(*day.arguments("activate")).code == 0
    edited(day)
    day.server.stop()
    ran = run(*day.arguments("activate", "--clock", "system"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1].startswith("today's selections now were not looked at: ")
    assert "no golden scenario and no answer from the exchange: nothing to compare on" in ran.out
    assert ran.out.splitlines()[-1].endswith(" activated")


def test_by_a_profile_that_names_an_account(run: Run, day: ServedDay, monkeypatch: pytest.MonkeyPatch) -> None:
    """No --exchange: this moment is looked at by the profile's account; without its secrets it is not."""
    facts = day.facts
    addresses = {name: facts[name] for name in ("identity", "identity_cert", "api", "stream")}
    lines = ("profile: desk", "mode: paper", "currency: GBP", "exchange: betfair", f"account: {facts['username']}")
    (day.folder / "config").mkdir()
    text = "\n".join((*lines, f"addresses: {json.dumps(addresses)}", "end: desk", ""))
    (day.folder / "config" / "desk.yaml").write_text(text, "utf-8")
    monkeypatch.setattr(SystemClock, "now", lambda _: day.server.host.now())
    monkeypatch.setenv("POLICYTRADER_BETFAIR_PASSWORD", facts["password"])
    monkeypatch.setenv("POLICYTRADER_BETFAIR_APP_KEY", facts["app_key"])
    desk = ("-C", day.folder, "--profile", "desk")
    assert run(*desk, "select", "import", "picks.csv").code == 0
    assert run(*desk, "activate").code == 0
    ran = run(*desk, "evaluate")
    assert ran.out.startswith("DRY RUN  profile desk  policy ")
    assert "4 to place" in ran.out
    edited(day)
    assert "0 of 4 decisions change, on 1 snapshot" in run(*desk, "activate", "--dry-run").out
    monkeypatch.delenv("POLICYTRADER_BETFAIR_PASSWORD")
    ran = run(*desk, "activate")
    assert ran.code == 0
    assert "were not looked at: " in ran.out
    assert "POLICYTRADER_BETFAIR_PASSWORD" in ran.out
    assert run(*desk, "evaluate").code == 1


@pytest.mark.parametrize("broken", ["a golden match", "a test beside a rule", "a rule"])
def test_grading_rules_beside_them_are_checked_too(project: Project, project_root: Path, broken: str) -> None:
    match = project.folder / "golden" / "07-live"
    shutil.copytree(project_root / "golden" / "football" / "07-live", match)
    path = project.folder / "rules" / "football" / "grading.yaml"
    assert project("--dry-run").code == 0
    if broken == "a golden match":
        path, told = match / "expected.csv", "07-live  row 0, "
        path.write_text(path.read_text("utf-8").replace("\n0,", "\n0,x"), "utf-8")
    else:
        old, new, told = {
            "a rule": ("- id: var-pending\n", "- id: var-pending\n    hurry: true\n", "hurry"),
            "a test beside a rule": ("margin: 0}, expect: refund}", "margin: 0}, expect: won}", "line, on it: actual"),
        }[broken]
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    ran = project()
    assert ran.code == 1
    assert told in ran.err
    assert not (project.folder / "policytrader-paper.db").exists()
