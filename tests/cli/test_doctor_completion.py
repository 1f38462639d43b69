"""``doctor`` and ``completion``."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Edited, Run

# --- doctor ---------------------------------------------------------------------------------------------------------


def test_all_is_well(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BETFAIR_PASSWORD", "correct-horse")
    ran = run("-vv", "doctor")
    assert (ran.code, ran.err) == (0, "")
    names = [line.split()[:2] for line in ran.out.splitlines()[1:]]
    looked_at = ("python", "packages", "engine", "profile", "account", "tls", "notices", "rules", "git")
    assert names == [["ok", name] for name in looked_at]
    assert "correct-horse" not in ran.out
    assert list(here.iterdir()) == []


def test_the_doctor_as_json(run: Run, here: Path) -> None:
    assert here.is_dir()
    document = json.loads(run("doctor", "--json").out)
    assert list(document) == ["schema", "version", "checks"]
    assert document["schema"] == "policytrader/doctor/1"
    assert all(list(check) == ["name", "fine", "said"] and check["fine"] for check in document["checks"])


def test_broken_rules_are_a_finding(run: Run, edited: Edited) -> None:
    project = edited("desk", ("staking", "back_stake: 36", "steak: 36"))
    ran = run("-C", project, "doctor")
    assert (ran.code, ran.err) == (1, "")
    (line,) = (line for line in ran.out.splitlines() if line.startswith("FAIL"))
    assert f"{project / 'rules'}" in line
    assert "staking.yaml:13:" in line
    assert "`policytrader validate` tells all" in line
    checks = json.loads(run("-C", project, "doctor", "--json").out)["checks"]
    assert [check["name"] for check in checks if not check["fine"]] == ["rules"]


def test_a_broken_profile_is_a_finding(run: Run, here: Path) -> None:
    (here / "config").mkdir()
    (here / "config" / "paper.yaml").write_text("profile: paper\nmode: life\ncurrency: GBP\n", "utf-8")
    ran = run("doctor")
    assert ran.code == 1
    assert "FAIL  profile" in ran.out
    assert "did you mean `live`?" in ran.out


def test_an_engine_that_decides_otherwise_is_a_finding(
    run: Run, edited: Edited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The made-up race is decided by the shipped rules, never by the project's."""
    project = edited("desk", ("validation", "op: lt, value: 12}", "op: lt, value: 6}"))
    assert run("-C", project, "doctor").code == 0
    monkeypatch.setattr("policytrader.cli.doctor._shipped", lambda: project)
    ran = run("doctor")
    assert ran.code == 1
    assert "FAIL  engine" in ran.out


# --- completion -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_the_shell_reads(shell: str, run: Run, here: Path) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"_POLICYTRADER_COMPLETE={shell}_complete" in ran.out
    assert "policytrader" in ran.out
    program = shutil.which(shell)
    if program is not None:
        script = here / "script"
        script.write_text(ran.out, "utf-8")
        assert subprocess.run([program, "-n", str(script)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "position", "offered"),
    [
        ("policytrader ev", "1", "plain,evaluate\n"),
        ("policytrader evaluate --det", "2", "plain,--detailed-exitcode\n"),
        ("policytrader completion z", "2", "plain,zsh\n"),
        ("policytrader recording im", "2", "plain,import\n"),
    ],
)
def test_what_the_script_asks_for_is_answered(
    words: str, position: str, offered: str, run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.is_dir()
    monkeypatch.setenv("_POLICYTRADER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", position)
    ran = run()
    assert (ran.code, ran.out, ran.err) == (0, offered, "")
