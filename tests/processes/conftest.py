"""Days on which there is always something to order, on either store."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from policytrader.wiring import open_store
from tests.adapters.sql.conftest import url_of
from tests.adapters.sql.server import Server, mortal_server
from tests.cli.served_days import ServedDay, served_day
from tests.postgres import empty_database
from tests.processes.daemons import Daemons, make_busy, started_daemons

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STORES = ["sqlite", "postgresql"]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    """Six races, an hour before the first off; time stands still."""
    with served_day(tmp_path, races=6, after=timedelta(hours=2, minutes=30)) as made:
        make_busy(tmp_path)
        yield made


@pytest.fixture
def daemons(request: pytest.FixtureRequest, day: ServedDay) -> Iterator[Daemons]:
    """Picks and policy are stored. The store is SQLite, or what a test's parameter says."""
    if getattr(request, "param", "sqlite") == "sqlite":
        with started_daemons(day) as made:
            made.open_day()
            yield made
        return
    with empty_database() as connection:
        with closing(open_store(url_of(connection))) as store:
            store.migrate()
        with started_daemons(day, url_of(connection)) as made:
            made.open_day()
            yield made


@pytest.fixture
def server() -> Iterator[Server]:
    """A PostgreSQL that can be ended and started again."""
    with mortal_server() as made:
        yield made


@pytest.fixture
def mortal(server: Server, day: ServedDay) -> Iterator[Daemons]:
    """Daemons on that PostgreSQL; picks and policy are stored."""
    with closing(open_store(server.url)) as store:
        store.migrate()
    with started_daemons(day, server.url) as made:
        made.open_day()
        yield made
