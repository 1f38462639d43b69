"""The store fails under a daemon that trades: read-only, full, gone. No order without it, and all of it read after."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from policytrader.model.times import parse_utc
from policytrader.waiting import rest
from policytrader.wiring import open_store
from tests.processes.daemons import Daemon, Daemons, at_next_order, bets_of, started_daemons, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.adapters.sql.server import Server
    from tests.cli.served_days import ServedDay

pytestmark = pytest.mark.slow

SPEED, SLOW = 20.0, 4.0
"""Simulated seconds a second; slow, so that no order of a tick is left out because its prices are too old."""
ORDERS_BEFORE = 3
WITHOUT_SECONDS = 8.0
"""Simulated it is more than two minutes: ticks fall due, and prices and steps move on."""


def trading(daemons: Daemons) -> Daemon:
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    daemon.expect("order")
    return daemon


def struck_in_mid_tick(daemons: Daemons, act: Callable[[Daemon], object]) -> tuple[Daemon, int]:
    """A daemon with much to order in one tick, to which something happens after so many orders; a mark before it."""
    assert daemons.command("pause", "--why", "until it has worked").returncode == 0
    daemons.day.let_run(SLOW)
    daemon = daemons.start()
    daemon.expect("tick")
    assert bets_of(daemons.day) == 0
    mark = daemon.mark()
    with at_next_order(daemons.day, lambda: act(daemon), skip=ORDERS_BEFORE - 1) as struck:
        assert daemons.command("resume", "--why", "it has worked").returncode == 0
        assert wait_until(struck.is_set), daemon.told()
    daemons.day.let_run(SPEED)
    daemon.expect("no_orders", behind=mark)
    # The one that was on its way was the last one.
    assert bets_of(daemons.day) == ORDERS_BEFORE
    return daemon, mark


def sends_nothing(daemons: Daemons, daemon: Daemon, mark: int, code: set[str]) -> None:
    """From the first failure on, for a while; it says why, as an error."""
    failed = daemon.expect("no_orders", behind=mark)
    orders, ticks = bets_of(daemons.day), len(daemon.find("tick"))
    rest(WITHOUT_SECONDS)
    assert bets_of(daemons.day) == orders
    assert len(daemon.find("tick")) == ticks
    assert daemon.is_running
    assert (failed.fields["level"], failed.fields["because"]) == ("error", "store")
    assert {line.fields["code"] for line in daemon.find("no_orders", behind=mark)} <= code


def goes_on(daemons: Daemons, daemon: Daemon, mark: int) -> None:
    daemon.expect("tick", behind=mark)
    orders = bets_of(daemons.day)
    assert wait_until(lambda: bets_of(daemons.day) > orders), daemon.told()
    at_exchange = [one["customerOrderRef"] for one in daemons.day.orders()]
    refs = {order["ref"] for order in daemons.ask("orders")["orders"]}
    assert len(at_exchange) == len(set(at_exchange))
    assert set(at_exchange) <= refs


def set_read_only(daemons: Daemons, *, is_on: bool) -> None:
    """For every session from now on; those that are open end, as at a failover."""
    assert daemons.store is not None
    with psycopg.connect(daemons.store, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        name = sql.Identifier(connection.info.dbname)
        change = "ALTER DATABASE {} SET default_transaction_read_only = on"
        connection.execute(
            sql.SQL(change if is_on else "ALTER DATABASE {} RESET default_transaction_read_only").format(name)
        )
        if is_on:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.mark.parametrize("daemons", ["postgresql"], indirect=True)
def test_a_read_only_postgresql(daemons: Daemons) -> None:
    daemon, mark = struck_in_mid_tick(daemons, lambda _: set_read_only(daemons, is_on=True))
    sends_nothing(daemons, daemon, mark, {"read_only", "unreachable", "commit_unknown", "unknown"})
    assert "read_only" in {line.fields["code"] for line in daemon.find("no_orders", behind=mark)}
    mark = daemon.mark()
    set_read_only(daemons, is_on=False)
    goes_on(daemons, daemon, mark)


def test_a_sqlite_file_that_may_not_grow(daemons: Daemons) -> None:
    """The system refuses each write: what a daemon meets on a disk that fails."""
    everything = resource.getrlimit(resource.RLIMIT_FSIZE)

    def forbid(daemon: Daemon) -> None:
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (4096, everything[1]))

    daemon, mark = struck_in_mid_tick(daemons, forbid)
    sends_nothing(daemons, daemon, mark, {"failed", "full", "unknown", "commit_unknown"})
    mark = daemon.mark()
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, everything)
    goes_on(daemons, daemon, mark)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system with room for a store and not much more."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)],  # noqa: S607 - the system's
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - the system's


def fill(disk: Path) -> Path:
    """Nothing more fits."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        left = 1 << 20
        while left:
            try:
                file.write(b"x" * left)
            except OSError:
                left //= 2
    return ballast


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="needs root, to mount a small file system")
def test_a_full_disk_under_sqlite(tmp_path: Path, day: ServedDay) -> None:
    with small_disk(tmp_path / "disk") as disk, started_daemons(day, f"sqlite:///{disk / 'store.db'}") as daemons:
        daemons.open_day()
        daemon = trading(daemons)
        mark = daemon.mark()
        ballast = fill(disk)
        sends_nothing(daemons, daemon, mark, {"full", "failed"})
        assert "full" in {line.fields["code"] for line in daemon.find("no_orders", behind=mark)}
        mark = daemon.mark()
        ballast.unlink()
        goes_on(daemons, daemon, mark)
        daemons.end_all()


def test_postgresql_goes_away_in_mid_day_and_comes_back(mortal: Daemons, server: Server) -> None:
    daemon = trading(mortal)
    mark = daemon.mark()
    server.stop()
    sends_nothing(mortal, daemon, mark, {"unreachable", "unknown", "commit_unknown"})
    failures = [parse_utc(line.fields["at"]) for line in daemon.find("no_orders", behind=mark)]
    pauses = [(after - before).total_seconds() for before, after in pairwise(failures)]
    assert len(pauses) > 2
    # It waits longer each time: twice as long, and what a try takes.
    assert pauses[-1] > 2 * pauses[0] > 0
    mark = daemon.mark()
    server.start()
    goes_on(mortal, daemon, mark)
    # Whatever was under way is looked for before the first order: it leads anew, and reads everything.
    events = [line.event for line in daemon.lines[mark:]]
    assert "leads" in events
    assert events.index("leads") < events.index("tick")


def test_a_bet_that_was_made_while_the_store_was_away_is_found(mortal: Daemons, server: Server) -> None:
    """The order was on its way when the store went: it is in the journal as sent, and found, not sent again."""
    daemon = trading(mortal)
    daemon.expect("tick")
    with at_next_order(mortal.day, server.kill) as killed:
        assert wait_until(killed.is_set), daemon.told()
    mark, orders = daemon.mark(), bets_of(mortal.day)
    rest(2)
    assert bets_of(mortal.day) == orders
    server.start()
    leads = daemon.expect("leads", behind=mark)
    assert leads.fields["quarantined"] == 1
    daemon.expect("tick", behind=mark)
    assert "seen" in [line.fields["what"] for line in daemon.find("found", behind=mark)]
    goes_on(mortal, daemon, mark)


def test_out_of_reach_at_the_start(mortal: Daemons, server: Server) -> None:
    server.stop()
    code, out = mortal.start().finish()
    assert (code, out) == (4, "")
    server.start()
    with closing(open_store(server.url)) as store:
        assert store.leader(mortal.day.facts["username"]) is None
    assert bets_of(mortal.day) == 0
    mortal.day.server.stop()
    daemon = mortal.start()
    assert daemon.finish()[0] == 4
    assert "does not answer" in "".join(daemon.texts)
