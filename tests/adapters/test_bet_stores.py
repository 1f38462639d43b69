"""The contract of bet stores: on SQLite, and on MongoDB with and without transactions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from policytrader.adapters.mongo.documents import bet_document
from policytrader.adapters.mongo.store import MongoBetStore, open_mongo_bets
from policytrader.adapters.sql.bet_rows import bet_row
from policytrader.adapters.sql.bet_store import SqliteBetStore, open_sqlite_bets
from policytrader.adapters.sql.bet_tables import bets as bets_table
from tests.contracts.bet_backup_contract import BetBackupContract
from tests.contracts.bet_store_contract import BetStoreContract, OpenBets, many_bets
from tests.mongo_server import NoMongoError, empty_database, mongo_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.ports.bet_store import BetStore

ON_MONGO = pytest.mark.xdist_group("mongo")
STORES = [
    "sqlite",
    pytest.param("mongo", marks=ON_MONGO),
    pytest.param("mongo_alone", marks=ON_MONGO),
]


@pytest.fixture(scope="module", params=STORES)
def place(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A MongoDB's address; None for SQLite, which needs none."""
    if request.param == "sqlite":
        yield None
        return
    with ExitStack() as stack:
        try:
            address, name = stack.enter_context(mongo_address(is_alone=request.param == "mongo_alone"))
        except NoMongoError as error:
            pytest.skip(f"needs a MongoDB: {error}")
        print(f"MongoDB under test: {name}")  # noqa: T201 - it is not always the real one
        yield address


@pytest.fixture
def open_store(place: str | None, tmp_path: Path) -> Iterator[OpenBets]:
    """Further stores on the same database, as other processes would have them; closed at the end."""
    with ExitStack() as stack:
        database = "" if place is None else stack.enter_context(empty_database(place))

        def open_() -> BetStore:
            store = open_sqlite_bets(tmp_path / "bets.db") if place is None else open_mongo_bets(place, database)
            stack.callback(store.close)
            return store

        yield open_


@pytest.fixture
def store(open_store: OpenBets) -> BetStore:
    return open_store()


@pytest.fixture
def filled_store(store: BetStore) -> BetStore:
    """Filled at once: 10,000 calls would take a minute."""
    assert store.owners() == ()
    if isinstance(store, MongoBetStore):
        bets = [bet_document(bet) for bet in many_bets()]
        for start in range(0, len(bets), 1000):
            store._bets.insert_many(bets[start : start + 1000])
    else:
        assert isinstance(store, SqliteBetStore)
        with store._writing() as connection:
            connection.execute(insert(bets_table), [bet_row(bet) for bet in many_bets()])
    return store


class TestBetStore(BetStoreContract):
    """Everything in ``BetStoreContract``."""


class TestBackups(BetBackupContract):
    """Everything in ``BetBackupContract``."""
