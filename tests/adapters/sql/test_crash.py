"""Processes that are killed, processes beside each other, commits whose answer is lost."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from policytrader.errors import StaleEpochError, StoreUnknownError
from policytrader.model.journal import IntentState
from tests.adapters.sql.processes import EVENTS, process, started
from tests.adapters.sql.server import pause
from tests.contracts.store_contract import an_intent, lead, seen
from tests.one_day import ACCOUNT, AT, DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.adapters.sql.store import SqlStore
    from policytrader.model.journal import Lease

ON_BOTH = pytest.mark.parametrize(
    "url", ["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))], indirect=True
)
pytestmark = ON_BOTH


def lead_soon(store: SqlStore) -> Lease:
    """The server needs a moment to notice that a process is gone."""
    for _ in range(200):
        if (lease := store.acquire(ACCOUNT, "next", AT + MINUTE)) is not None:
            return lease
        pause(0.05)
    pytest.fail("nobody leads any more, and nobody may")


@pytest.mark.parametrize(("part", "state"), [("reserve", IntentState.RESERVED), ("send", IntentState.SENT)])
def test_a_killed_process_leaves_its_intent(
    part: str, state: IntentState, url: str, store: SqlStore, project_root: Path
) -> None:
    with process(part, url, project_root) as running:
        assert store.acquire(ACCOUNT, "too early", AT) is None
        running.kill()
        running.wait()
        (entry,) = store.open_intents(ACCOUNT)
        assert (entry.intent, entry.state, entry.epoch) == (an_intent("i1"), state, 1)
        lease = lead_soon(store)
        assert lease.epoch == 2
        assert [entry.state for entry in store.quarantine(lease, AT)] == [IntentState.UNKNOWN]


def test_a_process_killed_in_a_transaction_leaves_nothing_of_it(url: str, store: SqlStore, project_root: Path) -> None:
    with process("reserve_half", url, project_root) as running:
        running.kill()
        running.wait()
        lease = lead_soon(store)
        assert [entry.state for entry in store.quarantine(lease, AT)] == [IntentState.UNKNOWN]


def test_one_of_two_processes_leads(url: str, store: SqlStore, project_root: Path) -> None:
    with started("race", url, project_root) as one, started("race", url, project_root) as other:
        said = [running.stdout.readline() for running in (one, other) if running.stdout]
        assert sorted(said) == ["leads\n", "stands by\n"]
        leader = store.leader(ACCOUNT)
        assert leader is not None
        assert (leader.epoch, leader.holder) == (1, "racer")


def test_processes_write_beside_each_other(url: str, store: SqlStore, project_root: Path) -> None:
    with started("append", url, project_root) as one, started("append", url, project_root) as other:
        assert [running.stdout.readline() for running in (one, other) if running.stdout] == ["ready\n"] * 2
    assert len(store.events()) == len(store.controls()) == 2 * EVENTS


def test_a_leader_that_lost_its_lock_is_fenced(url: str, store: SqlStore, open_store: Callable[..., SqlStore]) -> None:
    """Its lock is gone, another leads; it does not know and still believes that it holds the lock."""
    assert url
    old = lead(store)
    store.reserve([an_intent("i1")], old, AT)
    store._locks[ACCOUNT].give_back()
    with pytest.raises(StaleEpochError):
        store.reserve([an_intent("i2")], old, AT)
    successor = open_store()
    new = lead(successor, AT + MINUTE)
    store._locks[ACCOUNT] = Deluded()
    for use in (
        lambda: store.reserve([an_intent("i3")], old, AT),
        lambda: store.mark_sent(["i1"], old, AT),
        lambda: store.quarantine(old, AT),
        lambda: store.renew(old, AT),
    ):
        with pytest.raises(StaleEpochError):
            use()
    assert [(entry.intent.ref, entry.state) for entry in store.intents(DAY)] == [("i1", IntentState.RESERVED)]
    assert successor.leader(ACCOUNT) == new
    # What it learnt late is evidence all the same.
    successor.quarantine(new, AT + MINUTE)
    assert store.resolve("i1", seen(), AT).state is IntentState.SEEN
    store.release(old, AT)
    assert successor.leader(ACCOUNT) == new
    assert successor.renew(new, AT + MINUTE) == new


class Deluded:
    """A lock that says yes."""

    def take(self) -> bool:
        return True

    def is_held(self) -> bool:
        return True

    def give_back(self) -> None:
        pass


@pytest.mark.parametrize("happens", [True, False])
def test_a_lost_answer_to_a_commit_is_told_apart(happens: bool, url: str, store: SqlStore) -> None:  # noqa: FBT001
    assert url
    lease = lead(store)
    dialect = store._database.engine.dialect
    commit = dialect.do_commit

    def lose(connection: Any) -> None:
        if happens:
            commit(connection)
        if dialect.name == "sqlite":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error
        message = "server closed the connection unexpectedly"
        raise psycopg.OperationalError(message)

    dialect.do_commit = lose  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnknownError, match="it happened, or it did not"):
        store.reserve([an_intent("i1")], lease, AT)
    dialect.do_commit = commit  # type: ignore[method-assign]
    assert (store.intent("i1") is not None) is happens
    if not happens:
        store.reserve([an_intent("i1")], lease, AT)
    assert len(store.mark_sent(["i1"], lease, AT)) == 1
