"""Whatever is logged, by whomever, at whatever level: no token, app key, password, nor the store's password."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from policytrader.cli.log_lines import open_log
from policytrader.config.redaction import STRUCK, keep_out_for_good
from tests.adapters.telegram_server import Bot
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run

DSN_PASSWORD = "pg/pass#word 1%"  # noqa: S105 - of no server
DSN_PASSWORD_QUOTED = "pg%2Fpass%23word%201%25"  # noqa: S105 - the same in an address
TOKEN = "98765:another-Token_of_a_bot"  # noqa: S105 - of the tests' bot


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path) as made:
        yield made


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that any library says, at DEBUG."""
    caplog.set_level(logging.DEBUG)
    for name in ("policytrader", "betfairlightweight", "urllib3", "requests", "sqlalchemy", "psycopg", "alembic"):
        caplog.set_level(logging.DEBUG, name)
    for name in list(logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, name)
    return caplog


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_whole_live_run(
    form: str, run: Run, day: ServedDay, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []
    sessions = day.server.host.sessions
    opened = sessions.open

    def kept() -> str | None:
        token = opened()
        tokens.extend([token] if token else [])
        return token

    monkeypatch.setattr(sessions, "open", kept)
    with Bot() as bot:
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_CHAT", "42")
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_URL", bot.url)
        assert run(*day.arguments("select", "import", "picks.csv")).code == 0
        words = ["--log-json"] if form == "json" else []
        ran = run("-vv", *day.arguments("run", "--once", "--live", "--arm-file", "arm", *words))
    assert ran.code == 0
    assert len(tokens) >= 2
    assert "urllib3" in {record.name.partition(".")[0] for record in log.records}
    said = ran.out + ran.err + log.text + "\n".join(bot.lines)
    for secret in (day.facts["password"], day.facts["app_key"], TOKEN, *tokens):
        assert secret not in said


@pytest.mark.parametrize("command", ["run", "status", "db status", "orders"])
def test_a_database_that_does_not_answer(command: str, run: Run, day: ServedDay, log: pytest.LogCaptureFixture) -> None:
    url = f"postgresql://trader:{DSN_PASSWORD_QUOTED}@127.0.0.1:1/betting"
    exchange = ["--exchange", "line.json"] if command == "run" else []
    ran = run("-vv", "-C", day.folder, *command.split(), "--store", url, *exchange)
    assert ran.code == 4
    assert "127.0.0.1:1/betting" in ran.err
    said = ran.out + ran.err + log.text
    for secret in (DSN_PASSWORD, DSN_PASSWORD_QUOTED):
        assert secret not in said


@pytest.mark.parametrize("as_json", [True, False])
def test_what_a_line_shows_beside_its_message(*, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """The filters of the loggers see messages alone."""
    keep_out_for_good('se"cret-é-1')
    say = open_log("paper", as_json=as_json, verbosity=2)
    say("error", "no_orders", None, why='it said se"cret-é-1 and more', count=3, flag=None)
    line = capsys.readouterr().err
    assert "cret-" not in line
    assert f"it said {STRUCK} and more" in line
    if as_json:
        assert json.loads(line)["count"] == 3


@pytest.mark.parametrize(
    "name", ["sqlalchemy.pool.impl.QueuePool", "psycopg", "urllib3.connectionpool", "alembic.env", "mine"]
)
def test_a_library_that_logs_a_password(name: str, run: Run, here: Path, log: pytest.LogCaptureFixture) -> None:
    run("-C", here, "status", "--store", f"postgresql://trader:{DSN_PASSWORD_QUOTED}@127.0.0.1:1/betting")
    logging.getLogger(name).debug(
        "connecting to %s by %r", f"postgresql://trader:{DSN_PASSWORD_QUOTED}@x", DSN_PASSWORD
    )
    assert f"trader:{STRUCK}@x by '{STRUCK}'" in log.text
