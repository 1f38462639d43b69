"""``policytrader alerts reconstruct``."""

from __future__ import annotations

import io
import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tests.app.alerts.messages import PLAYER, TEAM
from tests.app.alerts.stored import ALERT, ALERT_ID

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def alerts(here: Path) -> Path:
    """A file of stored alerts."""
    file = here / "alerts.jsonl"
    file.write_text(json.dumps({**ALERT, "_id": "a1"}) + "\n", "utf-8")
    return file


def test_a_file_may_be_named_like_a_database(run: Run, alerts: Path) -> None:
    export = alerts.rename(alerts.with_name("mongodb-export.jsonl"))
    ran = run("alerts", "reconstruct", "--id", ALERT_ID, "--collections", export.name)
    assert (ran.code, ran.err) == (0, "")


@pytest.fixture
def message(here: Path) -> Path:
    """A file with a message."""
    file = here / "message.txt"
    file.write_text(PLAYER, "utf-8")
    return file


def test_by_id_from_a_file(run: Run, alerts: Path) -> None:
    ran = run("alerts", "reconstruct", "--id", ALERT_ID, "--collections", alerts, "--json")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert told["schema"] == "policytrader/alert/1"
    assert told["alert"] == {
        **ALERT,
        "_id": "a1",
        "reconstruction": {"method": "ids", "confidence": 1.0, "missing": []},
    }


def test_by_message(run: Run, message: Path) -> None:
    ran = run("alerts", "reconstruct", "--message", message)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "alert rebuilt by message, 77% of it known"
    shown = dict(line.split(maxsplit=1) for line in lines[1:])
    assert shown["Player"] == "José Marín"
    assert shown["Odds"] == "2.4"
    assert shown["fixture_id"] == "-"
    assert shown["value_percent"] == "27.6  (printed)"


def test_from_stdin_with_its_date(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.is_dir()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEAM.encode())))
    ran = run("alerts", "reconstruct", "--message", "-", "--bot-type", "team", "--message-date", "2026-03-06", "--json")
    assert ran.code == 0
    alert = json.loads(ran.out)["alert"]
    assert (alert["Team"], alert["Date"]) == ("Eastmoor", "2026-03-07")


def test_the_projects_own_rules_are_read(run: Run, here: Path, alerts: Path, project_root: Path) -> None:
    asked = ("--id", ALERT_ID.replace(ALERT["Market"], "SOT Special"), "--collections", alerts)
    assert run("alerts", "reconstruct", *asked).code == 1
    shutil.copytree(project_root / "rules", here / "own" / "rules")
    file = here / "own" / "rules" / "football" / "markets.yaml"
    text = file.read_text("utf-8")
    name = f"name: {ALERT['Market']}\n    aliases:\n      ["
    assert text.count(name) == 1
    file.write_text(text.replace(name, f"{name}SOT Special, "), "utf-8")
    assert run("-C", here / "own", "alerts", "reconstruct", *asked).code == 0


def test_rules_that_are_not_sound_rebuild_nothing(run: Run, here: Path, message: Path) -> None:
    (here / "rules" / "football").mkdir(parents=True)
    (here / "rules" / "football" / "markets.yaml").write_text("policy: markets\n", "utf-8")
    ran = run("alerts", "reconstruct", "--message", message)
    assert (ran.code, ran.out) == (1, "")
    assert "markets.yaml" in ran.err


def test_what_leads_to_no_alert(run: Run, alerts: Path) -> None:
    ran = run("alerts", "reconstruct", "--id", "alert_67890", "--collections", alerts)
    assert (ran.code, ran.out) == (1, "no alert: neither the stored ones nor the message tell it\n")
    ran = run("alerts", "reconstruct", "--id", "alert_67890", "--collections", alerts, "--json")
    assert (ran.code, json.loads(ran.out)) == (1, {"schema": "policytrader/alert/1", "alert": None})


def test_bytes_that_are_no_text_are_no_alert(run: Run, message: Path) -> None:
    message.write_bytes(b"\xff\xfe\0\x1b[2J")
    ran = run("alerts", "reconstruct", "--message", message)
    assert (ran.code, ran.err) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "name what is left of the alert: --id ID or --message FILE"),
        (["--message", "nowhere"], 2, "No such file"),
        (["--id", "1", "--bot-type", "horse"], 2, "'horse' is not one of 'player', 'team'"),
        (["--id", "1", "--message-date", "6 March"], 2, "does not match the format"),
        (["--id", "1", "--collections", "nowhere"], 1, "S101"),
        (["--id", "1", "--collections", "mongodb://127.0.0.1"], 2, "mongodb://HOST:27017/DATABASE"),
        (
            ["--id", "1", "--collections", "mongodb://127.0.0.1:99999/x"],
            2,
            "a port or an option of this MongoDB address",
        ),
        (["--id", "1", "--collections", "mongodb://a:b@c@d/e"], 2, "a MongoDB address that cannot be read"),
    ],
)
def test_what_cannot_be(arguments: list[str], code: int, told: str, run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run("alerts", "reconstruct", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


def test_a_database_that_is_out_of_reach(run: Run, here: Path) -> None:
    """Within seconds, and without the password."""
    assert here.is_dir()
    place = "mongodb://user:hidden-word@127.0.0.1:9/alerts?serverSelectionTimeoutMS=100"
    ran = run("alerts", "reconstruct", "--id", ALERT_ID, "--collections", place)
    assert (ran.code, ran.out) == (4, "")
    assert "the collection cannot be read" in ran.err
    assert "hidden-word" not in ran.err
