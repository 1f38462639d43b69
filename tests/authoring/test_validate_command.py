"""``policytrader validate``: what it checks, its forms of output, its exit codes; and that it stays off the network."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from policytrader.cli import group, main
from policytrader.cli.validate import check
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = """\
policy: schedule
version: 1
intervals:
  - {from: "06:00", every: 2m}
  - {from: "10:00", ever: 15s}
"""
WARNED = """\
policy: entry
version: 1
rules:
  - id: price-there
    title: The price is there
    why: It has value, 100% of it.
    when: {field: runner.best_back, op: gte, other: selection.price_requested}
order: {cancel_unmatched_after: 5m}
"""


@pytest.fixture
def project(tmp_path: Path, project_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the shipped rules, a broken file and one with a warning; the tests run inside."""
    rules = tmp_path / "rules"
    rules.mkdir()
    for path in (project_root / "rules" / "racing").glob("*.yaml"):
        (rules / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "warned.yaml").write_text(WARNED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, color: bool = False) -> Result:
    return CliRunner().invoke(group, arguments, standalone_mode=False, catch_exceptions=False, color=color)


@pytest.mark.usefixtures("project")
def test_the_projects_rules_are_checked_as_a_set() -> None:
    result = run("validate")
    assert (result.return_value, result.stdout, result.stderr) == (0, "6 files, ok\n", "")


def test_a_folder_is_a_set_and_a_file_is_not(project: Path) -> None:
    (project / "rules" / "staking.yaml").unlink()
    assert run("validate", "rules").return_value == 1
    assert run("validate", "rules/entry.yaml").stdout == "1 file, ok\n"
    assert run("validate", "rules/entry.yaml", "rules/schedule.yaml").stdout == "2 files, ok\n"


def test_both_families_are_checked_each_by_itself(project: Path, project_root: Path) -> None:
    football = project / "rules" / "football"
    football.mkdir()
    for path in (project_root / "rules" / "football").glob("*.yaml"):
        (football / path.name).write_bytes(path.read_bytes())
    assert run("validate").stdout == "10 files, ok\n"
    assert run("validate", "rules/football").stdout == "4 files, ok\n"
    assert run("validate", "rules/football/grading.yaml").stdout == "1 file, ok\n"
    (football / "names.yaml").unlink()
    (project / "rules" / "entry.yaml").unlink()
    result = run("validate")
    assert result.return_value == 1
    told = [line for line in result.stdout.splitlines() if "  E214  " in line]
    assert told == ["rules  E214  no file of the kind `entry`", "rules  E214  no file of the kind `names`"]
    assert result.stdout.endswith("8 files, 2 errors, 0 warnings\n")


def test_a_project_without_rules_is_told_that_the_shipped_ones_are_checked(project: Path) -> None:
    (project / "rules").rename(project / "away")
    result = run("validate")
    assert (result.return_value, result.stdout) == (0, "10 files, ok\n")
    assert result.stderr == "no folder rules in this project: checking the rules that came with policytrader\n"
    assert run("-q", "validate").stderr == ""


def test_paths_are_relative_to_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert run("-C", str(project), "validate", "broken.yaml").return_value == 1
    assert run("-C", str(project), "validate", str(project / "warned.yaml")).return_value == 0


@pytest.mark.usefixtures("project")
def test_the_last_line_counts() -> None:
    result = run("validate", "broken.yaml", "warned.yaml", "rules")
    assert result.return_value == 1
    assert result.stdout.splitlines()[-1] == "8 files, 2 errors, 1 warning"
    # The form is wrong, so that nobody asks what the file means.
    assert [line.split()[1] for line in result.stdout.splitlines() if ".yaml:" in line] == ["E101", "E102", "W208"]


@pytest.mark.usefixtures("project")
def test_warnings_alone_are_no_failure() -> None:
    result = run("validate", "warned.yaml")
    assert result.return_value == 0
    assert result.stdout.endswith("\n1 file, 0 errors, 1 warning\n")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("arguments", [("--json",), ("--format", "json"), ("--json", "--format", "github")])
def test_json_is_one_document(arguments: tuple[str, ...]) -> None:
    result = run("validate", "broken.yaml", "warned.yaml", *arguments)
    assert result.return_value == 1
    assert result.stdout.count("\n") == 1
    document = json.loads(result.stdout)
    findings = document.pop("findings")
    assert document == {"schema": "policytrader/findings/1", "files": 2, "errors": 2, "warnings": 1}
    assert findings[1] == {
        "file": "broken.yaml",
        "line": 5,
        "column": 21,
        "length": 4,
        "code": "E102",
        "severity": "error",
        "message": "unknown key `ever`; did you mean `every`?",
        "help": "Allowed here: `from`, `every`.",
    }
    assert [found["severity"] for found in findings] == ["error", "error", "warning"]


@pytest.mark.usefixtures("project")
def test_sarif_has_rules_results_and_places() -> None:
    document = json.loads(run("validate", "broken.yaml", "warned.yaml", "nothing", "--format", "sarif").stdout)
    assert document["version"] == "2.1.0"
    (sarif,) = document["runs"]
    rules = sarif["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["E001", "E101", "E102", "W208"]
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)
    by_code: dict[str, Any] = {result["ruleId"]: result for result in sarif["results"]}
    assert all(rules[result["ruleIndex"]]["id"] == code for code, result in by_code.items())
    assert by_code["W208"]["level"] == "warning"
    assert by_code["E102"]["message"]["text"].startswith("unknown key `ever`; did you mean `every`?\n")
    (location,) = by_code["E102"]["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "broken.yaml"},
        "region": {"startLine": 5, "startColumn": 21, "endColumn": 25},
    }
    (location,) = by_code["E001"]["locations"]
    assert location["physicalLocation"] == {"artifactLocation": {"uri": "nothing"}}


@pytest.fixture(autouse=True)
def _empty_folder(project: Path) -> None:
    (project / "nothing").mkdir()


@pytest.mark.usefixtures("project")
def test_github_gets_one_line_for_each_finding() -> None:
    lines = run("validate", "broken.yaml", "warned.yaml", "--format", "github").stdout.splitlines()
    assert len(lines) == 4
    assert lines[1] == (
        "::error file=broken.yaml,line=5,col=21,endColumn=25,title=E102::"
        "unknown key `ever`; did you mean `every`?%0AAllowed here: `from`, `every`."
    )
    assert lines[2].startswith("::warning file=warned.yaml,line=4,col=9,endColumn=20,title=W208::rule `price-there`")
    assert lines[3] == "2 files, 2 errors, 1 warning"


def test_github_escapes_what_ends_a_field(project: Path) -> None:
    (project / "a,b:100%.yaml").write_text(BROKEN, encoding="utf-8")
    (first, *_) = run("validate", "a,b:100%.yaml", "--format", "github").stdout.splitlines()
    assert first.startswith("::error file=a%2Cb%3A100%25.yaml,line=5,")


@pytest.mark.usefixtures("project")
def test_colours_say_nothing_that_the_words_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = run("validate", "broken.yaml", "warned.yaml").stdout
    assert "\x1b" not in plain
    colored = run("validate", "broken.yaml", "warned.yaml", color=True).stdout
    for hue, code in (("31", "E102"), ("33", "W208")):
        assert f"\x1b[{hue}m\x1b[1m{code}\x1b[0m" in colored
    from click import unstyle  # noqa: PLC0415 - only here

    assert unstyle(colored) == plain
    assert run("--no-color", "validate", "broken.yaml", "warned.yaml", color=True).stdout == plain


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["nowhere", "nowhere/rules.yaml", "a\0b"])
def test_a_path_that_is_not_there_is_wrong_usage(name: str) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        run("validate", "rules", name)


@pytest.mark.usefixtures("project")
def test_wrong_usage_ends_with_two(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["policytrader", "validate", "nowhere.yaml"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[0] == "error: nowhere.yaml: no such file or folder"


def test_a_finding_is_told_once(project: Path) -> None:
    path = project / "broken.yaml"
    assert len(check([path, path]).found) == len(check([path]).found) == 2


OFFLINE = """
import socket, sys
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
from policytrader.cli import main
try:
    main()
finally:
    heavy = {"duckdb", "pyarrow", "rich", "pymongo", "psycopg", "betfairlightweight"} & set(sys.modules)
    print(sorted(heavy), file=sys.stderr)
"""


@pytest.mark.usefixtures("project")
def test_validate_opens_no_socket_and_imports_nothing_heavy() -> None:
    command = [sys.executable, "-c", OFFLINE, "validate", "rules"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "6 files, ok\n", "[]\n")
