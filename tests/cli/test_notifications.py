"""Notifications of a real run: what the person reads, and that nothing depends on whether they arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.adapters.telegram_server import Bot
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Ran, Run

TOKEN = "123456:secret-Token_of_a_bot"  # noqa: S105 - of the tests' bot


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path) as made:
        yield made


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    with Bot() as made:
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_CHAT", "42")
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_URL", made.url)
        yield made


def trade(run: Run, day: ServedDay, *words: str) -> Ran:
    assert run(*day.arguments("select", "import", "picks.csv")).code == 0
    return run("-vv", *day.arguments("run", "--once", *words))


def test_a_live_tick(run: Run, day: ServedDay, bot: Bot) -> None:
    ran = trade(run, day, "--live", "--arm-file", "arm")
    assert ran.code == 0
    assert {message.lines[0] for message in bot.asked} == {"PAPER  profile paper"}
    said = [line.partition("  ")[2] for line in bot.lines]
    assert said[0].startswith("rules activated: ")
    assert said[1] == "leads, epoch 1; 0 of unknown fate from before"
    assert sum(line.startswith("opening ") and ": seen" in line for line in said) == 4
    assert said[-2] == "ended (once): 4 orders in 1 ticks, 0 picks without a result"
    assert said[-1].endswith(": 0 results, profit 0.00, commission 0.00, net 0.00")
    assert TOKEN not in ran.out + ran.err


def test_a_dry_tick_says_so(run: Run, day: ServedDay, bot: Bot) -> None:
    assert trade(run, day).code == 0
    assert {message.lines[0] for message in bot.asked} == {"DRY-PAPER  profile paper"}
    assert not any("opening" in line for line in bot.lines)


def test_a_run_that_ends_by_an_error_is_told(run: Run, day: ServedDay, bot: Bot) -> None:
    day.server.host.speed = 0
    control = day.facts["control"]
    assert control
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policytrader.app.daemon.Daemon.run", lambda _: 1 / 0)
        ran = trade(run, day)
    assert ran.code == 2
    assert bot.lines[-1] == "ENDED BY AN ERROR: ZeroDivisionError"


@pytest.mark.parametrize("how", ["refused", "failing", "nobody there"])
def test_orders_do_not_depend_on_it(
    how: str, run: Run, day: ServedDay, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot.script.extend([(401, {"description": f"no {TOKEN}"})] if how == "refused" else [(500, b"")] * 50)
    if how == "nobody there":
        monkeypatch.setenv("POLICYTRADER_TELEGRAM_URL", "http://127.0.0.1:1")
    ran = trade(run, day, "--live", "--arm-file", "arm")
    assert ran.code == 0
    assert len(day.orders()) == 4
    assert ("notices_refused" if how == "refused" else "notices_lost") in ran.err
    assert TOKEN not in ran.out + ran.err


def test_half_a_setting_is_an_error(run: Run, day: ServedDay, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLICYTRADER_TELEGRAM_CHAT")
    ran = trade(run, day)
    assert (ran.code, ran.out, bot.asked) == (1, "", [])
    assert "notifications: not set: POLICYTRADER_TELEGRAM_CHAT;" in ran.err
    assert TOKEN not in ran.err
