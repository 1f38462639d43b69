"""Policies that change while a daemon trades: a good one is used from the next tick, a broken one never."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.processes.daemons import Daemon, Daemons, bets_of, edit_rules, wait_until

if TYPE_CHECKING:
    from tests.processes.daemons import Line

pytestmark = pytest.mark.slow

SPEED = 20.0
DAMAGED = '{"schema": "policytrader/policy/1", "files": [{"name": "racing/staking.yaml", "text": "policy: sta'


def trading(daemons: Daemons) -> tuple[Daemon, str]:
    """A daemon that has placed orders, and the hash of its policy."""
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    daemon.expect("order")
    daemon.expect("tick")
    return daemon, daemons.ask("status")["policy_hash"]


def next_tick(daemon: Daemon) -> Line:
    return daemon.expect("tick", behind=daemon.mark())


def order_more(daemons: Daemons, daemon: Daemon) -> None:
    """It goes on: further orders reach the exchange."""
    before = bets_of(daemons.day)
    assert wait_until(lambda: bets_of(daemons.day) > before), daemon.told()


def test_a_broken_policy_is_refused_and_the_last_good_one_goes_on(daemons: Daemons) -> None:
    daemon, good = trading(daemons)
    edit_rules(daemons.day.folder, "staking", ("fully_matched_within", "fully_matched_withn"))
    refused = daemons.command("activate")
    assert refused.returncode == 1
    assert "staking.yaml:" in refused.stderr
    assert next_tick(daemon).fields["policy"] == good[:12]
    order_more(daemons, daemon)
    assert daemon.find("policy_refused") == []
    assert len(daemon.find("policy")) == 1
    assert daemons.ask("status")["policy_hash"] == good
    assert {order["policy_hash"] for order in daemons.ask("orders")["orders"]} == {good}


def test_a_good_policy_is_used_from_the_next_tick(daemons: Daemons) -> None:
    daemon, before = trading(daemons)
    edit_rules(daemons.day.folder, "protection", ("max_orders_per_minute: 200 ", "max_orders_per_minute: 199 "))
    told = daemons.ask("activate")
    after, mark = told["policy"], daemon.mark()
    assert after != before
    # The tick that was under way ends by the policy that it began with.
    daemon.expect("tick", behind=mark)
    daemon.expect("tick", behind=daemon.mark())
    taken = daemon.find("policy")[-1]
    assert taken.fields["hash"] == after
    hashes = [line.fields["policy"] for line in daemon.find("tick")]
    assert hashes == sorted(hashes, key=[before[:12], after[:12]].index)
    late = [line for line in daemon.find("tick", behind=mark) if line.fields["policy"] == before[:12]]
    assert len(late) <= 1
    order_more(daemons, daemon)
    daemon.expect("order", behind=daemon.lines.index(taken))
    lines, switch = list(daemon.lines), daemon.lines.index(taken)
    by_ref = {order["ref"]: order["policy_hash"] for order in daemons.ask("orders")["orders"]}
    for number, line in enumerate(lines):
        if line.event == "order":
            assert by_ref[line.fields["ref"]] == (after if number > switch else before)
    assert set(by_ref.values()) == {before, after}


def damage(daemons: Daemons) -> None:
    """By hand, as no command does: a policy that is cut off, and it is activated."""
    name = hashlib.sha256(DAMAGED.encode()).hexdigest()
    with closing(sqlite3.connect(daemons.day.folder / "policytrader-paper.db", timeout=10)) as connection, connection:
        (at,) = connection.execute("SELECT max(at) FROM activations").fetchone()
        connection.execute("INSERT INTO policies VALUES (?, ?, ?, ?)", (name, DAMAGED, name, at))
        connection.execute(
            "INSERT INTO activations (at, policy_hash, who, is_shadow) VALUES (?, ?, 'by hand', 0)", (at, name)
        )


def test_a_policy_that_is_damaged_in_the_store_leaves_the_last_good_one(daemons: Daemons) -> None:
    daemon, good = trading(daemons)
    mark = daemon.mark()
    damage(daemons)
    refused = daemon.expect("policy_refused", behind=mark)
    assert (refused.fields["level"], refused.fields["keeps"]) == ("error", good[:12])
    assert "not a document of policytrader/policy/1" in refused.fields["why"]
    order_more(daemons, daemon)
    assert next_tick(daemon).fields["policy"] == good[:12]
    # Said once, not with every tick.
    assert len(daemon.find("policy_refused")) == 1
    assert {order["policy_hash"] for order in daemons.ask("orders")["orders"]} == {good}
    # A policy that can be used ends it.
    edit_rules(daemons.day.folder, "protection", ("max_orders_per_minute: 200 ", "max_orders_per_minute: 199 "))
    after = daemons.ask("activate")["policy"]
    assert wait_until(lambda: daemon.find("policy")[-1].fields["hash"] == after), daemon.told()


def test_a_start_with_a_damaged_policy_sends_nothing(daemons: Daemons) -> None:
    damage(daemons)
    daemons.day.let_run(SPEED)
    daemon = daemons.start()
    assert daemon.finish()[0] == 1
    assert "not a document of policytrader/policy/1" in "".join(daemon.texts)
    assert bets_of(daemons.day) == 0
