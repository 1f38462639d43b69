"""A day of kills: the daemon, and PostgreSQL under it, end without a farewell again and again; promises are counted.

``POLICYTRADER_SHOW=1`` with ``-s`` prints the table of each store; ``POLICYTRADER_KILLS`` is how often the daemon is
killed, ``POLICYTRADER_SEED`` which moments.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

import pytest

from policytrader.waiting import rest
from policytrader.wiring import open_store
from tests.adapters.sql.server import Server, mortal_server
from tests.cli.served_days import ServedDay, served_day
from tests.processes.daemons import Daemon, Daemons, at_next_order, bets_of, make_busy, started_daemons, wait_until
from tests.processes.promises import Counted, balance_of, count_promises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("POLICYTRADER_KILLS", "50"))
SERVER_KILLS = 5
SEED = int(os.environ.get("POLICYTRADER_SEED", "4"))
RACES = 6
BEGIN = timedelta(hours=3)
"""After the day's beginning: the first race is half an hour away, the last one three hours."""
SPEED, TO_THE_END = 20.0, 400.0
"""Simulated seconds a second while there are kills, and afterwards."""
SHORT_PRICE = 12
SECONDS_TO_WAIT = 15.0
END_SECONDS = 240


class Moment(StrEnum):
    """When a daemon is killed."""

    STARTING = "starting"
    LEADING = "just leads"
    UNANSWERED = "its order arrived, no answer was sent"
    ORDERING = "an order just appeared"
    IDLE = "between ticks"


@dataclass(kw_only=True)
class Kills:
    """What was done to a day, and how it came back."""

    store: str
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    server_kills: int = 0
    withdrawals: int = 0
    first_tick_seconds: list[float] = field(default_factory=list)
    take_over_seconds: list[float] = field(default_factory=list)
    server_seconds: list[float] = field(default_factory=list)
    under_way: int = 0
    epochs: list[int] = field(default_factory=list)

    def table(self, counted: Counted) -> str:
        rows: list[tuple[str, object]] = [
            ("wall seconds", f"{self.seconds:.0f}"),
            ("daemons killed with SIGKILL", sum(self.kills.values())),
            *((f"  {moment}", self.kills[moment]) for moment in Moment),
            ("PostgreSQL killed with SIGKILL", self.server_kills),
            ("withdrawals made in mid-run", self.withdrawals),
            ("intents found under way after a kill", self.under_way),
            ("leaders / epochs only rise", f"{len(self.epochs)} / {self.epochs == sorted(set(self.epochs))}"),
            ("start to first tick, seconds", spread(self.first_tick_seconds)),
            ("kill to a standby's first tick, seconds", spread(self.take_over_seconds)),
            ("PostgreSQL back to next tick, seconds", spread(self.server_seconds)),
            *counted.rows(),
        ]
        return "\n".join([f"kill -9 on {self.store}", *(f"  {name:<48} {value}" for name, value in rows)])


def spread(seconds: list[float]) -> str:
    return f"median {median(seconds):.2f}, most {max(seconds):.2f}" if seconds else "-"


class KilledDay:
    """One day on which everything is killed, seeded as far as processes can be."""

    def __init__(self, daemons: Daemons, kills: Kills, server: Server | None = None) -> None:
        self.daemons = daemons
        self.day = daemons.day
        self.kills = kills
        self._server = server
        self._chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
        self._spare: Daemon | None = None
        self.withdrawn: set[str] = set()

    def run(self) -> Counted:
        began = time.perf_counter()
        balance = balance_of(self.daemons)
        self.day.let_run(SPEED)
        moments = [moment for moment in Moment for _ in range(-(-KILLS // len(Moment)))][:KILLS]
        self._chance.shuffle(moments)
        for number, moment in enumerate(moments, start=1):
            if number in {KILLS // 3, 2 * KILLS // 3}:
                self._withdraw(is_own=number > KILLS // 2)
            self._kill_one(moment)
            is_due = number * SERVER_KILLS >= (self.kills.server_kills + 1) * KILLS
            if self._server is not None and is_due:
                self._kill_server(self._server)
        self.day.let_run(TO_THE_END)
        last = self._spare or self.daemons.start()
        code, out = last.finish(END_SECONDS)
        assert (code, "day_over" in out) == (0, True), last.told()
        self._gather()
        counted = count_promises(self.daemons, balance)
        self.kills.seconds = time.perf_counter() - began
        return counted

    # --- Killing ------------------------------------------------------------------------------------------------------

    def _kill_one(self, moment: Moment) -> None:
        if moment is Moment.STARTING:
            # Whatever else runs goes on: of two daemons this one is no leader yet, or has just become it.
            daemon = self.daemons.start()
            rest(self._chance.uniform(0.05, 1.5))
        else:
            daemon, self._spare = self._spare or self.daemons.start(), None
            if self._chance.random() < 1 / 2:
                self._spare = self.daemons.start()
            moment = self._wait_for(moment, daemon)
        if moment is not Moment.UNANSWERED:
            assert daemon.is_running, daemon.told()
            daemon.process.kill()
        killed = time.perf_counter()
        assert daemon.finish()[0] == -signal.SIGKILL, daemon.told()
        self.kills.kills[moment] += 1
        spare = self._spare
        if moment is not Moment.STARTING and spare is not None and spare.find("standby"):
            mark = spare.mark()
            self.kills.take_over_seconds.append(spare.expect("tick", behind=mark).at - killed)

    def _wait_for(self, moment: Moment, daemon: Daemon) -> Moment:
        """Until that moment has come; another one, where it does not come in time."""
        if moment is Moment.LEADING:
            if daemon.comes("leads", seconds=SECONDS_TO_WAIT) is None:
                return Moment.STARTING
            rest(self._chance.uniform(0, 0.3))
            return moment
        if daemon.comes("tick", seconds=SECONDS_TO_WAIT) is None:
            return Moment.STARTING
        if moment is Moment.UNANSWERED:
            with at_next_order(self.day, daemon.process.kill) as killed:
                wait_until(killed.is_set, SECONDS_TO_WAIT)
            return moment if killed.is_set() else Moment.IDLE
        if moment is Moment.ORDERING:
            before = bets_of(self.day)
            has_come = wait_until(lambda: bets_of(self.day) > before, SECONDS_TO_WAIT)
            rest(self._chance.uniform(0, 0.02))
            return moment if has_come else Moment.IDLE
        rest(self._chance.uniform(0, 0.7))
        return moment

    def _kill_server(self, server: Server) -> None:
        """Postmaster and backends at once, while a daemon trades: it has to find its way back by itself."""
        daemon, self._spare = self._spare or self.daemons.start(), None
        daemon.expect("tick")
        if self.kills.server_kills % 2 == 0:
            with at_next_order(self.day, server.kill) as killed:
                wait_until(killed.is_set, SECONDS_TO_WAIT)
            is_killed = killed.is_set()
        else:
            rest(self._chance.uniform(0, 1))
            is_killed = False
        if not is_killed:
            server.kill()
        mark = daemon.mark()
        rest(self._chance.uniform(0, 0.8))
        orders = bets_of(self.day)
        rest(0.2)
        assert bets_of(self.day) == orders, "an order without a store"
        server.start()
        is_back = time.perf_counter()
        leads = daemon.expect("leads", behind=mark)
        tick = daemon.expect("tick", behind=mark)
        assert tick.at >= leads.at
        self.kills.server_seconds.append(tick.at - is_back)
        self.kills.server_kills += 1
        self._spare = daemon

    # --- The world ----------------------------------------------------------------------------------------------------

    def _withdraw(self, *, is_own: bool) -> None:
        """Remove a runner that makes picks invalid: the pick's own, or a short-priced one that nobody picked."""
        picks = [pick for pick in self.daemons.ask("select", "list")["selections"] if pick["valid"]]
        host = self.day.server.host
        pick = max(picks, key=lambda one: (one["race_time"], one["selection_ref"]))
        if is_own:
            runner = pick["selection_id"]
        else:
            # The rule is one for backs.
            backs = [one for one in picks if one["side"] == "BACK" and one["race_time"] > self._soon()]
            pick = min(backs, key=lambda one: one["race_time"])
            ours = {one["selection_id"] for one in picks if one["race_id"] == pick["race_id"]}
            with self.daemons.opened() as store:
                captured = store.captures(host.now().date())
            runner = next(
                row.selection_id
                for row in captured
                if row.race_id == pick["race_id"]
                and row.selection_id not in ours
                and row.reference_price is not None
                and row.reference_price < SHORT_PRICE
            )
        with host.lock:
            host.exchange.withdraw(pick["market_id"], runner)
        self.kills.withdrawals += 1
        self.withdrawn.add(pick["selection_ref"])

    def _soon(self) -> str:
        return (self.day.server.host.now() + timedelta(minutes=20)).isoformat().replace("+00:00", "Z")

    # --- Counting -----------------------------------------------------------------------------------------------------

    def _gather(self) -> None:
        leads = sorted((line for daemon in self.daemons.all for line in daemon.find("leads")), key=lambda one: one.at)
        self.kills.epochs = [line.fields["epoch"] for line in leads]
        self.kills.under_way = sum(line.fields["quarantined"] for line in leads)
        for daemon in self.daemons.all:
            ticks = daemon.find("tick")
            if ticks and not daemon.find("standby"):
                self.kills.first_tick_seconds.append(ticks[0].at - daemon.started)


def check(killed: KilledDay, counted: Counted) -> None:
    kills = killed.kills
    if os.environ.get("POLICYTRADER_SHOW"):
        print(f"\n{kills.table(counted)}")  # noqa: T201 - asked for
    assert counted.broken == {}
    assert counted.profit == counted.account
    assert set(counted.states) <= {"done", "dead"}
    assert killed.daemons.ask("status")["latches"] == []
    assert kills.epochs == sorted(set(kills.epochs))
    # That the test tests something.
    assert sum(kills.kills.values()) == KILLS
    assert min(kills.kills[moment] for moment in Moment) > 0
    assert counted.orders > KILLS / 2
    picks = killed.daemons.ask("select", "list")["selections"]
    assert killed.withdrawn <= {pick["selection_ref"] for pick in picks if not pick["valid"]}
    assert len(killed.withdrawn) == kills.withdrawals > 1
    assert kills.under_way > 0
    assert len(kills.epochs) > KILLS / 3


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path, races=RACES, after=BEGIN) as made:
        make_busy(tmp_path)
        yield made


def test_killed_all_day_on_sqlite(day: ServedDay) -> None:
    with started_daemons(day) as daemons:
        daemons.open_day()
        killed = KilledDay(daemons, Kills(store="SQLite"))
        check(killed, killed.run())


def test_killed_all_day_on_postgresql(day: ServedDay) -> None:
    with mortal_server() as server, started_daemons(day, server.url) as daemons:
        with closing(open_store(server.url)) as store:
            store.migrate()
        daemons.open_day()
        killed = KilledDay(daemons, Kills(store="PostgreSQL"), server)
        check(killed, killed.run())
        assert killed.kills.server_kills == SERVER_KILLS
