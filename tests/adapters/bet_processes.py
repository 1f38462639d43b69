"""A bet store in processes of their own: ``python -m tests.adapters.bet_processes PART PLACE``.

Each says ``ready`` when it has done its part and then waits, to be killed, or for its input to end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import update

from policytrader.adapters.mongo.documents import bet_document, entry_document
from policytrader.adapters.mongo.steps import ByClaims, fresh
from policytrader.adapters.mongo.store import MongoBetStore
from policytrader.adapters.sql.bet_store import SqliteBetStore
from policytrader.adapters.sql.bet_tables import bets
from tests.contracts.bet_store_contract import ANNA, a_bet, add_tag, settled, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAGS = 20
UNENDED: list[object] = []
"""Transactions; one that nobody holds is undone."""


def open_place(place: str) -> MongoBetStore | SqliteBetStore:
    """``ADDRESS DATABASE``, or a file."""
    address, _, database = place.partition(" ")
    return MongoBetStore(address, database) if database else SqliteBetStore(address)


def tag(store: MongoBetStore | SqliteBetStore) -> None:
    """Many small changes of one bet, beside others who do the same."""
    for number in range(TAGS):
        add_tag(store, "b1", f"{os.getpid()} {number}")


def begin(store: MongoBetStore | SqliteBetStore) -> None:
    """Make or update what is there."""
    store.owners()


def change_half(store: MongoBetStore | SqliteBetStore) -> None:
    """The history is written, the bet not yet; or both are, in a transaction that nobody ends."""
    bet = store.bet(ANNA, "b1")
    assert bet is not None
    changed = settled(bet, note="never")
    step = (changed, told(changed, note="never"))
    if isinstance(store, SqliteBetStore):
        writing = store._writing()
        writing.__enter__().execute(update(bets).values(note="never", version=2))
        UNENDED.append(writing)
        return
    steps = store._prepare()
    if isinstance(steps, ByClaims):
        assert steps._tell([step], steps._claim(fresh(steps._bets, [step]), "gone"))
        return
    session = store._client.start_session()
    session.start_transaction()
    steps._bets.replace_one({"bet_id": "b1"}, bet_document(changed), session=session)


def add_half(store: MongoBetStore | SqliteBetStore) -> None:
    """The history of a new bet is written, the bet not yet."""
    assert isinstance(store, MongoBetStore)
    store.bet(ANNA, "b2")
    bet = a_bet("b2", note="never")
    steps = store._prepare()
    assert isinstance(steps, ByClaims)
    steps._history.insert_one(entry_document(told(bet)))


PARTS = {part.__name__: part for part in (begin, tag, change_half, add_half)}


@contextmanager
def process(part: str, place: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has done its part; killed at the end."""
    with started(part, place, root) as running:
        wait_for(running)
        yield running


@contextmanager
def started(part: str, place: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has begun; killed at the end."""
    command = [sys.executable, "-m", __name__, part, place]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_for(running: subprocess.Popen[str]) -> None:
    """Until it has done its part."""
    assert running.stdout is not None
    assert "ready\n" in iter(running.stdout.readline, ""), "it did not come so far"


if __name__ == "__main__":
    PARTS[sys.argv[1]](open_place(sys.argv[2]))
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    sys.stdin.read()
