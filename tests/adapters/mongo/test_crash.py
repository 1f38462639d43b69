"""Servers and programs that end in the middle, lost answers: no bet is half-written, and a step can be repeated."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pymongo.monitoring
import pytest

from policytrader.adapters.mongo import store as store_module
from policytrader.adapters.mongo.steps import ByClaims, InTransactions
from policytrader.errors import StoreError, StoreUnknownError
from policytrader.ports.bet_store import Added
from tests.adapters.bet_processes import TAGS, process, started, wait_for
from tests.adapters.mongo.lossy import LossyWire
from tests.contracts.bet_store_contract import ANNA, a_bet, put, settled, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.adapters.mongo.store import MongoBetStore
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetStore
    from tests.mongo_server import MongoServer

pytestmark = [pytest.mark.xdist_group("mongo"), pytest.mark.slow]
HAPPENS_AT_MOST = 6
"""Commands of one step, and some more."""


class Killer(pymongo.monitoring.CommandListener):
    """Kills the server when the nth command of a kind is about to be sent."""

    def __init__(self) -> None:
        self.server: MongoServer | None = None
        self.left = 0

    def started(self, event: pymongo.monitoring.CommandStartedEvent) -> None:
        if self.server is None or event.command_name in {"hello", "endSessions", "ping"}:
            return
        self.left -= 1
        if self.left < 0:
            self.server.kill()
            self.server = None

    def succeeded(self, event: pymongo.monitoring.CommandSucceededEvent) -> None:
        """Nothing happens."""

    def failed(self, event: pymongo.monitoring.CommandFailedEvent) -> None:
        """Nothing happens."""


KILLER = Killer()


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    """Listens to the clients of stores that are opened from now on, which do not wait long for a dead server."""
    impatient = {"event_listeners": [KILLER], "serverSelectionTimeoutMS": 2_000}
    monkeypatch.setattr(store_module, "_SETTINGS", store_module._SETTINGS | impatient)
    monkeypatch.setattr(store_module, "CALL_SECONDS", 3)
    return KILLER


def is_whole(store: BetStore, before: TrackedBet, after: TrackedBet) -> None:
    """Either nothing happened, or all of it."""
    bet = store.bet(ANNA, before.bet_id)
    assert bet in (before, after)
    entries = (told(before),) if bet == before else (told(before), told(after))
    assert store.history(ANNA, before.bet_id) == entries


@pytest.mark.parametrize("count", range(HAPPENS_AT_MOST))
def test_a_server_killed_at_any_command_of_a_change(
    count: int, server: MongoServer, open_store: Callable[..., MongoBetStore], killer: Killer
) -> None:
    store = open_store()
    before, after = a_bet(), settled(a_bet())
    put(store, before)
    killer.server, killer.left = server, count
    try:
        done = store.replace(after, told(after))
    except StoreError:
        done = False
    was_killed, killer.server = killer.server is None, None
    assert done is not was_killed, "an acknowledged change, and only that, goes through"
    if was_killed:
        server.start()
    is_whole(store, before, after)
    for _ in range(2):
        assert store.replace(after, told(after))
    assert store.bet(ANNA, "b1") == after
    assert store.history(ANNA, "b1") == (told(before), told(after))


@pytest.mark.parametrize("count", range(HAPPENS_AT_MOST))
def test_a_server_killed_at_any_command_of_a_new_bet(
    count: int, server: MongoServer, open_store: Callable[..., MongoBetStore], killer: Killer
) -> None:
    store = open_store()
    store.owners()
    killer.server, killer.left = server, count
    with suppress(StoreError):
        store.add(a_bet(), told(a_bet()))
    was_killed, killer.server = killer.server is None, None
    if was_killed:
        server.start()
    assert store.bet(ANNA, "b1") in (None, a_bet())
    assert len(store.history(ANNA, "b1")) == (store.bet(ANNA, "b1") is not None)
    for _ in range(2):
        assert store.add(a_bet(), told(a_bet())) == Added(is_stored=True)
    assert store.history(ANNA, "b1") == (told(a_bet()),)


def test_a_server_killed_again_and_again_loses_nothing(
    server: MongoServer, open_store: Callable[..., MongoBetStore], killer: Killer
) -> None:
    """A program repeats each step until it knows; meanwhile the server is killed three times."""
    store = open_store()
    put(store, a_bet())
    assert killer.server is None
    done: list[str] = []
    failures: list[BaseException] = []
    unknown = 0

    def work() -> None:
        nonlocal unknown
        bet = a_bet()
        try:
            for number in range(40):
                changed = replace(bet, version=bet.version + 1, tags=(*bet.tags, f"t{number}"))
                while True:
                    try:
                        assert store.replace(changed, told(changed, note=f"t{number}"))
                        break
                    except StoreError as error:
                        unknown += isinstance(error, StoreUnknownError)
                bet = changed
                done.append(f"t{number}")
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    for count in (5, 15, 25):
        while len(done) < count and worker.is_alive():
            worker.join(0.002)
        server.kill()
        server.start()
    worker.join()
    assert failures == []
    found = store.bet(ANNA, "b1")
    assert found is not None
    assert list(found.tags) == done
    assert [entry.note for entry in store.history(ANNA, "b1")] == ["", *done]


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_lost_answer_is_told_and_the_step_repeated_once(
    nth: int, server: MongoServer, open_store: Callable[..., MongoBetStore], killer: Killer
) -> None:
    if not server.is_alone and nth > 1:
        pytest.skip("a transaction is one change, and its commit one command")
    with LossyWire(server.port) as wire:
        store = open_store(wire.address)
        assert killer.server is None
        before, after = a_bet(), settled(a_bet())
        put(store, before)
        # Claim, history and bet; or all of it.
        wire.lose("update" if server.is_alone else "commitTransaction", nth)
        with pytest.raises(StoreUnknownError, match="Read the bet first"):
            store.replace(after, told(after))
        wire.mend()
        assert (store.bet(ANNA, "b1") == after) is (nth == 3 or not server.is_alone)
        is_whole(store, before, after)
        for _ in range(2):
            assert store.replace(after, told(after))
        assert store.history(ANNA, "b1") == (told(before), told(after))


def test_a_lost_answer_to_a_new_bet(
    server: MongoServer, open_store: Callable[..., MongoBetStore], killer: Killer
) -> None:
    with LossyWire(server.port) as wire:
        store = open_store(wire.address)
        assert killer.server is None
        store.owners()
        wire.lose("commitTransaction" if isinstance(store._steps, InTransactions) else "insert")
        with pytest.raises(StoreUnknownError, match="Read the bet first"):
            store.add(a_bet(), told(a_bet()))
        wire.mend()
        assert store.bet(ANNA, "b1") == a_bet()
        assert store.add(a_bet(), told(a_bet())) == Added(is_stored=True)
        assert len(store.history(ANNA, "b1")) == 1


def test_a_program_killed_in_the_middle_of_a_change(
    server: MongoServer, database: str, store: MongoBetStore, project_root: Path
) -> None:
    put(store, a_bet())
    with process("change_half", f"{server.address} {database}", project_root):
        pass
    assert store.bet(ANNA, "b1") == a_bet()
    assert store.history(ANNA, "b1") == (told(a_bet()),)
    if isinstance(store._steps, ByClaims):
        orphan = store._history.find_one({"version": 2})
        assert orphan is not None
        assert orphan["note"] == "never"
    after = settled(a_bet())
    assert replaced_soon(store, after)
    assert store.bet(ANNA, "b1") == after
    assert store.history(ANNA, "b1") == (told(a_bet()), told(after))


def replaced_soon(store: BetStore, changed: TrackedBet) -> bool:
    """A server may keep a dead program's transaction for a minute, and more where it is busy."""
    give_up = time.monotonic() + 180
    while time.monotonic() < give_up:
        with suppress(StoreError):
            return store.replace(changed, told(changed))
        time.sleep(0.5)  # noqa: TID251 - the server's time is real
    return False


def test_a_program_killed_before_its_new_bet_is_there(
    server: MongoServer, database: str, store: MongoBetStore, project_root: Path
) -> None:
    if not server.is_alone:
        pytest.skip("with transactions there is no such moment")
    with process("add_half", f"{server.address} {database}", project_root):
        pass
    assert store.bet(ANNA, "b2") is None
    assert store.history(ANNA, "b2") == ()
    put(store, a_bet("b2"))
    assert store.history(ANNA, "b2") == (told(a_bet("b2")),)


def test_two_programs_lose_nothing(
    server: MongoServer, database: str, store: MongoBetStore, project_root: Path
) -> None:
    put(store, a_bet())
    place = f"{server.address} {database}"
    with started("tag", place, project_root) as one, started("tag", place, project_root) as other:
        wait_for(one)
        wait_for(other)
    found = store.bet(ANNA, "b1")
    assert found is not None
    assert len(set(found.tags)) == len(found.tags) == 2 * TAGS
    assert [entry.note for entry in store.history(ANNA, "b1")] == ["", *found.tags]
