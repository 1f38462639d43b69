"""``policytrader db``: the store's schema from the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from policytrader.wiring import open_store, store_url

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


def test_from_nothing_to_a_store(run: Run, here: Path) -> None:
    before = run("db", "status")
    assert before.code == 4
    assert "`policytrader db migrate` makes or updates its tables" in before.out
    assert list(here.iterdir()) == []
    made = run("db", "migrate")
    assert (made.code, made.err) == (0, "")
    assert made.out == "sqlite:///policytrader-paper.db  paper: applied 0001, 0002\n"
    assert run("db", "migrate").out == "sqlite:///policytrader-paper.db  paper: nothing to do\n"
    assert run("db", "status") == (0, "sqlite:///policytrader-paper.db  paper\nschema  0002, newest 0002\n", "")


def test_as_json(run: Run, here: Path) -> None:
    assert here.is_dir()
    told = {"dialect": "sqlite", "place": "sqlite:///own.db", "newest": "0002", "warnings": []}
    unmade = told | {"mode": None, "revision": None, "usable": False}
    made = told | {"mode": "paper", "revision": "0002", "usable": True}
    status = run("db", "status", "--store", "sqlite:///own.db", "--json")
    assert (status.code, json.loads(status.out)) == (4, {"schema": "policytrader/db-status/1"} | unmade)
    migrated = json.loads(run("db", "migrate", "--store", "sqlite:///own.db", "--json").out)
    assert migrated == {"schema": "policytrader/db-migrate/1", "applied": ["0001", "0002"]} | made
    status = run("db", "status", "--store", "sqlite:///own.db", "--json")
    assert (status.code, json.loads(status.out)) == (0, {"schema": "policytrader/db-status/1"} | made)


def test_each_mode_has_a_database_of_its_own(run: Run, here: Path) -> None:
    (here / "config").mkdir()
    (here / "config" / "live.yaml").write_text("profile: live\nmode: live\ncurrency: GBP\n", "utf-8")
    assert run("--profile", "live", "db", "migrate").code == 0
    assert (here / "policytrader-live.db").exists()
    mixed = run("db", "migrate", "--store", "sqlite:///policytrader-live.db")
    assert (mixed.code, mixed.out) == (4, "")
    assert "it is a live store, and this is paper" in mixed.err


def test_files_are_the_projects(run: Run, here: Path) -> None:
    (here / "project").mkdir()
    run("-C", "project", "db", "migrate")
    run("-C", "project", "db", "migrate", "--store", "sqlite:///other.db")
    run("-C", "project", "db", "migrate", "--store", f"sqlite:///{here}/absolute.db")
    assert sorted(path.name for path in here.rglob("*.db")) == ["absolute.db", "other.db", "policytrader-paper.db"]
    assert (here / "project" / "other.db").exists()
    assert (here / "absolute.db").exists()


def test_the_exported_schema_is_loaded_by_a_person(run: Run, here: Path) -> None:
    exported = run("db", "export-schema", "--dialect", "sqlite")
    with closing(sqlite3.connect(here / "own.db")) as connection:
        connection.executescript(exported.out)
    assert run("db", "status", "--store", "sqlite:///own.db").code == 0
    assert "nothing to do" in run("db", "migrate", "--store", "sqlite:///own.db").out
    with closing(open_store(store_url("sqlite:///own.db", here, "paper"))) as store:
        assert store.control_state().may_open
    postgresql = run("db", "export-schema")
    assert postgresql.out == run("db", "export-schema", "--dialect", "postgresql").out
    assert postgresql.out.startswith("CREATE SCHEMA IF NOT EXISTS live_betting;\n")


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("oracle://ann:s3cret@host/x", 2, "oracle is no store"),
        ("s3cret", 2, "not a store's URL"),
        (
            "postgresql://ann:s3cret@127.0.0.1:1/betting",
            4,
            "store postgresql://127.0.0.1:1/betting: it does not answer",
        ),
        ("sqlite:///no/folder.db", 4, "there is no folder no"),
    ],
)
def test_stores_that_are_none(url: str, code: int, told: str, run: Run, here: Path) -> None:
    ran = run("db", "migrate", "--store", url)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: ")
    assert told in ran.err
    assert "s3cret" not in ran.err
    assert "Traceback" not in ran.err
    assert list(here.iterdir()) == []
