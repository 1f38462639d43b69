"""``policytrader init``: a project that works at once, and nothing overwritten."""

from __future__ import annotations

import filecmp
import json
import shlex
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def next_commands(text: str) -> list[list[str]]:
    _, _, told = text.partition("\nNext:\n")
    return [shlex.split(line) for line in told.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (["init", "my-rules"], "my-rules"),
        (["init", "a desk's rules"], "a desk's rules"),
        (["init", "new/deep"], "new/deep"),
        (["init"], "."),
        (["-C", "desk", "init"], "desk"),
        (["-C", "desk", "init", "rules-of-mine"], "desk/rules-of-mine"),
    ],
)
def test_a_new_project_works_at_once(arguments: list[str], folder: str, run: Run, here: Path) -> None:
    """The commands that are printed are run as they are printed."""
    if arguments[0] == "-C":
        (here / "desk").mkdir()
    ran = run(*arguments)
    assert (ran.code, ran.err) == (0, "")
    commands = next_commands(ran.out)
    assert [command[-1 if command[-1] == "validate" else -2] for command in commands] == [
        "validate",
        "evaluate",
        "blue-moon-win",
    ]
    for command in commands:
        assert command[0] == "policytrader"
        done = run(*command[1:])
        assert (done.code, done.err) == (0, ""), command
    assert (here / folder / "scenarios" / "first" / "snapshot.yaml").is_file()


def test_what_is_written(run: Run, here: Path, project_root: Path) -> None:
    ran = run("init", "mine")
    for name in ("rules", "schemas", "config"):
        shipped = files(project_root / name)
        assert files(here / "mine" / name) == shipped
        assert filecmp.cmpfiles(project_root / name, here / "mine" / name, shipped, shallow=False)[1:] == ([], [])
    told = {line.removeprefix("wrote ") for line in ran.out.splitlines() if line.startswith("wrote ")}
    assert {name for name in files(here) if "/scenarios/" not in name} <= told
    assert run("-C", "mine", "test", "--golden", "scenarios").out.startswith("29 tests beside rules, 0 failed · 1 scen")
    own = run("-C", "mine", "test")
    assert (own.code, own.out.split(" · ")[1]) == (0, "1 scenario, 0 failed"), "a project's own scenarios, no others"


def test_the_first_scenario_is_a_morning(run: Run, here: Path) -> None:
    assert here.is_dir()
    run("init")
    plan = json.loads(run("evaluate", "scenarios/first", "--json").out)
    assert {decision["selection_ref"]: decision["action"] for decision in plan["decisions"]} == {
        "blue-moon-win": "PLACE",
        "kingmaker-place": "PLACE",
        "quick-step-win": "WAIT",
        "saltire-lay": "WAIT",
    }


@pytest.mark.parametrize("there", ["rules/racing/entry.yaml", "config/paper.yaml", "scenarios/first/why.txt"])
def test_nothing_is_overwritten(there: str, run: Run, here: Path) -> None:
    """Refused as a whole: no half of a project beside what was there."""
    mine = here / "mine" / there
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", "utf-8")
    ran = run("init", "mine")
    assert (ran.code, ran.out) == (2, "")
    assert "nothing is overwritten" in ran.err
    assert str(mine.relative_to(here)).removesuffix("/why.txt") in ran.err
    assert files(here) == {f"mine/{there}"}
    assert mine.read_text("utf-8") == "mine"


def test_twice_is_refused(run: Run, here: Path) -> None:
    assert run("init").code == 0
    before = {name: (here / name).stat().st_mtime_ns for name in files(here)}
    ran = run("init")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert {name: (here / name).stat().st_mtime_ns for name in files(here)} == before


def test_a_file_in_the_way(run: Run, here: Path) -> None:
    (here / "file").write_text("mine", "utf-8")
    ran = run("init", "file")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: file")
    assert "cannot be written: Not a directory" in ran.err


def test_json(run: Run, here: Path) -> None:
    ran = run("init", "mine", "--json")
    document = json.loads(ran.out)
    assert list(document) == ["schema", "folder", "written"]
    assert (document["schema"], document["folder"]) == ("policytrader/init/1", "mine")
    assert all((here / path).exists() for path in document["written"])
