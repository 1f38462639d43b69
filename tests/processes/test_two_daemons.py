"""Two daemons on one account: at every moment one trades, whatever happens to it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from policytrader.model.times import parse_utc
from policytrader.waiting import rest
from tests.processes.conftest import STORES
from tests.processes.daemons import Daemon, Daemons, at_next_order, bets_of, wait_until
from tests.processes.promises import balance_of, count_promises

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = pytest.mark.slow

SPEED, SLOW, TO_THE_END = 20.0, 4.0, 400.0
"""Simulated seconds a second; slow, so that no order of a tick is left out because its prices are too old."""
STOPPED_SECONDS = 20.0
"""Simulated this is more than six minutes, a new step of every ladder."""
PRICE_AGE_SECONDS = 20.0
BEFORE_STOP = 3
"""So many orders of the first tick are sent before something happens to their sender."""
END_SECONDS = 240

on_both = pytest.mark.parametrize("daemons", STORES, indirect=True)
on_postgresql = pytest.mark.parametrize("daemons", ["postgresql"], indirect=True)


def start_two(daemons: Daemons) -> tuple[Daemon, Daemon]:
    """One that leads, and one that waits; nothing was ordered yet, because nothing may be opened."""
    assert daemons.command("pause", "--why", "until two are there").returncode == 0
    daemons.day.let_run(SLOW)
    first = daemons.start()
    first.expect("leads")
    second = daemons.start()
    second.expect("standby")
    return first, second


def journal(daemons: Daemons) -> list[dict[str, Any]]:
    orders: list[dict[str, Any]] = daemons.ask("orders")["orders"]
    return orders


def ages(daemon: Daemon, orders: Iterable[dict[str, Any]]) -> list[float]:
    """How old the prices were, in seconds, by which each order was decided that this daemon told of."""
    told = {line.fields["ref"]: parse_utc(line.fields["at"]) for line in daemon.find("order")}
    return [
        (parse_utc(order["created_at"]) - told[order["ref"]]).total_seconds()
        for order in orders
        if order["ref"] in told
    ]


@on_both
def test_of_two_daemons_one_trades(daemons: Daemons) -> None:
    balance = balance_of(daemons)
    daemons.day.let_run(SPEED)
    both = [daemons.start(), daemons.start()]
    assert wait_until(lambda: bets_of(daemons.day) > BEFORE_STOP)
    daemons.day.let_run(TO_THE_END)
    ends = [one.finish(END_SECONDS) for one in both]
    assert [code for code, _ in ends] == [0, 0]
    counted = count_promises(daemons, balance)
    assert counted.broken == {}
    assert counted.profit == counted.account
    assert set(counted.states) <= {"done", "dead"}
    assert len({order["epoch"] for order in journal(daemons)}) == 1
    assert sorted(len(one.find("leads")) for one in both) == [0, 1]
    assert sorted(bool(one.find("order")) for one in both) == [False, True]


def test_a_daemon_that_is_told_to_stop_leaves_nothing_open(daemons: Daemons) -> None:
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    with at_next_order(daemons.day, lambda: daemon.send(signal.SIGTERM)) as has_come:
        assert wait_until(has_come.is_set)
    code, out = daemon.finish()
    assert (code, out.startswith("PAPER  stopped")) == (0, True)
    orders = journal(daemons)
    # An order that the exchange refused, its market suspended meanwhile, has no bet.
    held = {bet.order_ref for bet in daemons.day.server.host.exchange.bets.values()}
    assert {order["ref"] for order in orders if order["state"] != "dead"} == held
    assert held
    assert {order["state"] for order in orders} <= {"seen", "done", "dead"}


@on_both
def test_a_leader_that_stands_still_keeps_the_lead_and_goes_on_with_new_prices(daemons: Daemons) -> None:
    """A lock ends with its process or its connection, and both are still there: nobody else may trade."""
    first, second = start_two(daemons)
    with at_next_order(daemons.day, lambda: first.send(signal.SIGSTOP), skip=BEFORE_STOP) as has_come:
        assert daemons.command("resume", "--why", "two are there").returncode == 0
        assert wait_until(has_come.is_set)
    daemons.day.let_run(SPEED)
    orders, mark = bets_of(daemons.day), first.mark()
    rest(STOPPED_SECONDS)
    assert bets_of(daemons.day) == orders
    assert second.find("leads") == []
    first.send(signal.SIGCONT)
    # What it had still to send was decided on prices that are too old by now.
    broken_off = first.expect("tick", behind=mark)
    assert broken_off.fields["refused"] > 0
    told = first.lines[: first.lines.index(broken_off)]
    assert sum(line.event == "order" and line.fields["fate"] == "seen" for line in told) == orders
    again = first.mark()
    assert wait_until(lambda: bool(first.find("order", behind=again))), first.told()
    assert first.is_running
    placed = journal(daemons)
    assert {order["epoch"] for order in placed} == {1}
    assert max(ages(first, placed)) <= PRICE_AGE_SECONDS
    assert second.find("leads") == second.find("order") == []


def end_lock(daemons: Daemons) -> int:
    """The server ends the connection that holds the leader's lock; how many there were."""
    assert daemons.store is not None
    with psycopg.connect(daemons.store, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()
    return len(ended)


@on_postgresql
def test_a_leader_that_loses_its_connection_stops_at_once(daemons: Daemons) -> None:
    first, second = start_two(daemons)
    ended: list[int] = []
    marks = (first.mark(), second.mark())
    with at_next_order(daemons.day, lambda: ended.append(end_lock(daemons)), skip=BEFORE_STOP) as has_come:
        assert daemons.command("resume", "--why", "two are there").returncode == 0
        assert wait_until(has_come.is_set)
    daemons.day.let_run(SPEED)
    assert ended == [1]
    first.expect("lease_lost")
    # Who waits and who lost the lock may both have it next; whoever does reads everything, under a higher epoch.
    assert wait_until(lambda: bool(first.find("leads", behind=marks[0]) or second.find("leads")))
    next_one, other = (second, first) if second.find("leads") else (first, second)
    lead = next_one.find("leads")[-1]
    assert lead.fields["epoch"] > 1
    assert wait_until(lambda: bool(next_one.find("order", behind=next_one.lines.index(lead)))), next_one.told()
    told = journal(daemons)
    # The order that was on its way when the lock ended was the last one of that epoch.
    assert sum(order["epoch"] == 1 for order in told if order["state"] != "dead") == BEFORE_STOP + 1
    assert {order["epoch"] for order in told} == {1, lead.fields["epoch"]}
    assert bets_of(daemons.day) >= len({order["ref"] for order in told if order["state"] != "dead"}) > BEFORE_STOP + 1
    assert other.is_running
    assert len(first.find("leads") + second.find("leads")) == 2


@on_postgresql
def test_a_leader_that_sleeps_through_its_successor_sends_nothing(daemons: Daemons) -> None:
    """Split brain: the lock went while the process stood still in mid-tick, and another took over."""
    balance = balance_of(daemons)
    first, second = start_two(daemons)
    with at_next_order(daemons.day, lambda: first.send(signal.SIGSTOP), skip=BEFORE_STOP) as has_come:
        assert daemons.command("resume", "--why", "two are there").returncode == 0
        assert wait_until(has_come.is_set)
    daemons.day.let_run(SPEED)
    assert end_lock(daemons) == 1
    epoch = second.expect("leads").fields["epoch"]
    assert epoch > 1
    # The order that was on its way is found, not sent again.
    assert second.find("leads")[0].fields["quarantined"] == 1
    second.expect("order")
    mark = first.mark()
    first.send(signal.SIGCONT)
    first.expect("standby", behind=mark)
    assert len([order for order in journal(daemons) if order["epoch"] == 1]) == BEFORE_STOP + 1
    assert first.find("lease_lost")
    # And the other way: the successor ends, the first one leads again, under a third epoch.
    second.kill()
    assert wait_until(lambda: len(first.find("leads")) > 1), first.told()
    assert first.find("leads")[-1].fields["epoch"] > epoch
    daemons.day.let_run(TO_THE_END)
    assert first.finish(END_SECONDS)[0] == 0
    counted = count_promises(daemons, balance)
    assert counted.broken == {}
    assert counted.profit == counted.account
