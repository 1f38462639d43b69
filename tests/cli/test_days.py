"""Which day a command is about: every command that asks answers it in the same way."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.journal import JournalEvent
from policytrader.model.records import unique_id_of
from policytrader.model.snapshot import MarketType, Side
from policytrader.model.times import parse_utc
from policytrader.wiring import open_store
from tests.app.reported_day import a_pick
from tests.cli.served_days import ServedDay, served_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.ports.store import Store
    from tests.cli.conftest import Ran, Run

# Half past midnight in London's summer: a day that is taken in UTC is another one.
WALL = datetime(2026, 8, 3, 23, 30, tzinfo=UTC)
TICK = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
NOW = "2026-07-01T23:30:00Z"
WALLS_DAY, TICKS_DAY, NOWS_DAY, NAMED_DAY = "2026-08-04", "2026-06-02", "2026-07-02", "2026-01-05"
ASKING = ("select list", "contenders list", "decisions", "report", "status")
WITH_ARGUMENT = ("contenders list", "report")
WITH_OPTION = ("select list", "contenders list", "decisions", "report")


class WallClock:
    """The machine's clock, standing still."""

    def now(self) -> datetime:
        return WALL


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedDay]:
    """A project beside a served day, with one pick on each day that could be meant."""
    monkeypatch.setattr("policytrader.cli.trading.system_clock", WallClock)
    with served_day(tmp_path) as made:
        days = [WALLS_DAY, TICKS_DAY, NOWS_DAY, NAMED_DAY, made.facts["now"][:10]]
        assert len(set(days)) == len(days)
        with store_of(made) as store:
            store.migrate()
            for one in days:
                store_pick(store, one)
        yield made


def store_of(day: ServedDay) -> closing[Store]:
    return closing(open_store(f"sqlite:///{day.folder}/policytrader-paper.db"))


def store_pick(store: Store, day: str) -> None:
    off = datetime.combine(date.fromisoformat(day), time(13), tzinfo=UTC)
    made = a_pick(day, 11, Side.BACK, MarketType.WIN, day)
    moved = made.selection._replace(race_time=off)
    store.add_selections([replace(made, selection=moved, unique_id=unique_id_of(off, "York", "11", 11))], off)


def lead(day: ServedDay, at: datetime) -> None:
    """A daemon's last tick."""
    with store_of(day) as store:
        account = day.facts["username"]
        lease = store.acquire(account, "test", at)
        assert lease is not None
        store.append_events([JournalEvent(at=at, kind="lead", code=account, epoch=lease.epoch)])


def ask(run: Run, day: ServedDay, command: str, *words: str, now: str | None = None) -> Ran:
    return run("-C", day.folder, *(("--now", now) if now else ()), *command.split(), *words, "--json")


def day_shown(ran: Ran) -> str:
    """The day of a command's document; of a list of selections, that of the one pick."""
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    if "selections" in document and "day" not in document:
        (pick,) = document["selections"]
        return str(pick["selection_ref"])
    if "days" in document:
        (shown,) = document["days"]
        return str(shown)
    return str(document["day"])


@pytest.mark.parametrize("command", ASKING)
def test_the_day_that_is_meant(command: str, run: Run, day: ServedDay) -> None:
    exchange = ("--exchange", "line.json")
    # Nothing but the machine knows the time.
    assert day_shown(ask(run, day, command)) == WALLS_DAY
    # A daemon ticked: its day is the store's, until somebody says otherwise.
    lead(day, TICK)
    assert day_shown(ask(run, day, command)) == TICKS_DAY
    assert day_shown(ask(run, day, command, "--clock", "system")) == WALLS_DAY
    assert day_shown(ask(run, day, command, *exchange)) == day.facts["now"][:10]
    assert day_shown(ask(run, day, command, now=NOW)) == NOWS_DAY
    assert day_shown(ask(run, day, command, *exchange, now=NOW)) == NOWS_DAY


@pytest.mark.parametrize("command", WITH_OPTION)
def test_the_day_that_is_named(command: str, run: Run, day: ServedDay) -> None:
    lead(day, TICK)
    for more in ((), ("--exchange", "line.json")):
        assert day_shown(ask(run, day, command, "--day", NAMED_DAY, *more, now=NOW)) == NAMED_DAY


@pytest.mark.parametrize("command", WITH_ARGUMENT)
def test_the_day_as_an_argument(command: str, run: Run, day: ServedDay) -> None:
    lead(day, TICK)
    assert day_shown(ask(run, day, command, NAMED_DAY, "--exchange", "line.json", now=NOW)) == NAMED_DAY
    ran = ask(run, day, command, NAMED_DAY, "--day", NOWS_DAY)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: DAY {NAMED_DAY} and --day {NOWS_DAY} mean the same thing: give one of them\n"


@pytest.mark.parametrize("command", [*WITH_OPTION, "orders"])
@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", ""])
def test_no_date(command: str, text: str, run: Run, here: Path) -> None:
    assert here.is_dir()
    ran = run(*command.split(), "--day", text)
    assert (ran.code, ran.out, ran.err) == (2, "", f"error: --day {text}: not a date such as 2026-05-02\n")
    if command in WITH_ARGUMENT:
        ran = run(*command.split(), text)
        assert (ran.code, ran.out, ran.err) == (2, "", f"error: DAY {text}: not a date such as 2026-05-02\n")


def test_the_time_of_status_on_the_daemons_day(run: Run, day: ServedDay) -> None:
    """By the machine's clock on the same day; on another day the last tick is as late as anybody knows."""

    def now() -> datetime:
        return parse_utc(json.loads(ask(run, day, "status").out)["now"])

    lead(day, TICK)
    assert now() == TICK
    lead(day, WALL.replace(minute=5))
    assert now() == WALL
