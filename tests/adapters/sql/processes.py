"""A store in processes of their own, which end without a word: ``python -m tests.adapters.sql.processes PART URL``.

Each says ``ready`` when it has done its part and then waits, to be killed, or for its input to end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import update

from policytrader.adapters.sql.store import SqlStore
from policytrader.adapters.sql.tables import journal
from policytrader.model.journal import Control, ControlKind, JournalEvent
from tests.contracts.store_contract import an_intent, lead
from tests.one_day import ACCOUNT, AT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = 50


def reserve(store: SqlStore) -> None:
    """Reserved, and nothing sent."""
    store.reserve([an_intent("i1")], lead(store), AT)


def send(store: SqlStore) -> None:
    """Sent, and no answer."""
    lease = lead(store)
    store.reserve([an_intent("i1")], lease, AT)
    store.mark_sent(["i1"], lease, AT)


def reserve_half(store: SqlStore) -> None:
    """In the middle of a transaction."""
    lease = lead(store)
    store.reserve([an_intent("i1")], lease, AT)
    writing = store._writing()
    connection = writing.__enter__()
    connection.execute(update(journal).values(state="dead"))


def append(store: SqlStore) -> None:
    """Many small transactions, beside others who do the same: ones that only write, ones that read first."""
    latch = Control(kind=ControlKind.LATCH, at=AT, who="test", why="test", cause="test", subject=str(os.getpid()))
    for number in range(EVENTS):
        store.append_events([JournalEvent(at=AT, kind="tick")])
        store.pull(replace(latch, subject=f"{os.getpid()} {number}"))


def race(store: SqlStore) -> None:
    """Leads, or does not."""
    lease = store.acquire(ACCOUNT, "racer", AT)
    print("leads" if lease else "stands by")  # noqa: T201 - the answer


PARTS = {part.__name__: part for part in (reserve, send, reserve_half, append, race)}


@contextmanager
def process(part: str, url: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has done its part; killed at the end."""
    with started(part, url, root) as running:
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        assert "ready\n" in lines, f"{part} did not come so far"
        yield running


@contextmanager
def started(part: str, url: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", __name__, part, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as running:
        try:
            yield running
        finally:
            running.kill()


if __name__ == "__main__":
    used = SqlStore(sys.argv[2], "paper")
    PARTS[sys.argv[1]](used)
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    sys.stdin.read()
