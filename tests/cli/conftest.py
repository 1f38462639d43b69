"""What the tests of the command line share: a command run in this process, a folder to run it in, rules to edit."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from policytrader.cli import main
from tests.policy_edits import edit_racing


class Ran(NamedTuple):
    """How a command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str


Run: TypeAlias = Callable[..., Ran]
Scenario: TypeAlias = Callable[[str], Path]
Edited: TypeAlias = Callable[..., Path]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the colours of a developer's terminal nor the git that runs the tests as a hook takes part."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "POLICYTRADER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``policytrader ARGUMENTS`` through ``main``, so that exit codes and messages are those of a user."""

    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["policytrader", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the process in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def scenario(project_root: Path) -> Scenario:
    """A golden scenario by the number that its name begins with."""

    def find(number: str) -> Path:
        (found,) = (project_root / "golden" / "racing").glob(f"{number}-*")
        return found

    return find


@pytest.fixture
def edited(project_root: Path, here: Path) -> Edited:
    """A copy of the shipped rules in ``NAME/rules``, with some text replaced; returns the folder ``NAME``."""

    def make(name: str, *edits: tuple[str, str, str]) -> Path:
        shutil.copytree(project_root / "rules", here / name / "rules")
        edit_racing(here / name / "rules" / "racing", *edits)
        return here / name

    return make
