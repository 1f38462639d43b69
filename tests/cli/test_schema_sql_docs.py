"""``schema``, ``sql`` and ``docs`` as a user calls them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.authoring.families import ALL_KINDS
from policytrader.authoring.load import load_policy
from policytrader.authoring.schema import file_name, schema_for, schema_text
from policytrader.cli.docs import topics
from policytrader.engine.compile import compile_policy
from policytrader.engine.postgres import postgres_views

if TYPE_CHECKING:
    from pathlib import Path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "policytrader", "-C", folder, *arguments], capture_output=True, text=True, check=False
    )


def answer(folder: Path, *arguments: str) -> str:
    done = run(folder, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def document(folder: Path, *arguments: str) -> dict[str, Any]:
    (line,) = answer(folder, *arguments, "--json").splitlines()
    parsed: dict[str, Any] = json.loads(line)
    return parsed


@pytest.fixture
def project(project_root: Path, tmp_path: Path) -> Path:
    """A project whose rules are not the shipped ones."""
    shutil.copytree(project_root / "rules", tmp_path / "rules")
    file = tmp_path / "rules" / "racing" / "validation.yaml"
    file.write_text(file.read_text().replace("op: lt, value: 12}", "op: lt, value: 15}"))
    return tmp_path


def test_schema_prints_one_or_all(tmp_path: Path) -> None:
    assert answer(tmp_path, "schema", "entry") == schema_text(schema_for("entry"))
    assert [line.split()[0] for line in answer(tmp_path, "schema").splitlines()] == list(ALL_KINDS)
    made = document(tmp_path, "schema")
    assert made["schema"] == "policytrader/schemas/1"
    assert made["schemas"]["validation"] == schema_for("validation")
    assert list(document(tmp_path, "schema", "staking")["schemas"]) == ["staking"]


def test_schema_writes_files(tmp_path: Path) -> None:
    listed = answer(tmp_path, "schema", "--write", "made/schemas").splitlines()
    assert listed == [str(tmp_path / "made" / "schemas" / file_name(kind)) for kind in ALL_KINDS]
    assert (tmp_path / "made" / "schemas" / file_name("entry")).read_text() == schema_text(schema_for("entry"))


def test_docs_prints_lists_and_writes(tmp_path: Path) -> None:
    assert answer(tmp_path, "docs", "operators") == topics()["operators"][1]()
    assert [line.split()[0] for line in answer(tmp_path, "docs").splitlines()] == list(topics())
    assert list(document(tmp_path, "docs", "reasons")["pages"]) == ["reasons"]
    written = document(tmp_path, "docs", "--write", "out")["files"]
    assert written == [str(tmp_path / "out" / f"{name}.md") for name in topics()]
    assert (tmp_path / "out" / "commands.md").read_text() == topics()["commands"][1]()


def test_sql_is_that_of_the_projects_rules(project: Path, project_root: Path) -> None:
    policy = load_policy(project / "rules")
    assert answer(project, "sql") == compile_policy(policy).sql + "\n"
    assert answer(project, "sql", "--dialect", "postgres") == postgres_views(policy)
    assert '"runner_reference_price" < 15' in answer(project, "sql", "--dialect", "postgres")
    shipped = document(project, "sql", "--policy", str(project_root / "rules"), "--explain")
    assert shipped["policy"]["hash"] == load_policy(project_root / "rules").hash != policy.hash
    assert shipped["sql"] == compile_policy(load_policy(project_root / "rules"), explain=True).sql
    assert "validation/market-open/0" in shipped["columns"]


def test_sql_without_rules_in_the_project_is_that_of_the_shipped_ones(project_root: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "sql")
    assert done.stdout == compile_policy(load_policy(project_root / "rules")).sql + "\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("schema", "entri"), 2, "did you mean `entry`?"),
        (("docs", "fieds"), 2, "did you mean `fields`?"),
        (("docs", "--write", "rules/racing/entry.yaml"), 2, "--write rules/racing/entry.yaml: "),
        (("sql", "--dialect", "postgres", "--explain"), 2, "--explain goes with --dialect duckdb"),
        (("sql", "--policy", "nowhere"), 2, "nowhere"),
    ],
)
def test_what_cannot_be_is_said_without_a_traceback(
    project: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run(project, *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
