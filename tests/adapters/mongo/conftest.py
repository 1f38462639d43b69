"""A MongoDB of the tests' own, with and without transactions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from policytrader.adapters.mongo.store import MongoBetStore
from tests.mongo_server import MongoServer, NoMongoError, own_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITH_AND_WITHOUT = ["transactions", "alone"]


@pytest.fixture(scope="package", params=WITH_AND_WITHOUT)
def server(request: pytest.FixtureRequest) -> Iterator[MongoServer]:
    """One that may be killed, so never somebody's own."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(own_server(is_alone=request.param == "alone", is_durable=True))
        except NoMongoError as error:
            pytest.skip(f"needs a MongoDB: {error}")
        print(f"MongoDB under test: {running.name}")  # noqa: T201 - it is not always the real one
        yield running


@pytest.fixture
def database() -> str:
    """The name of an empty database; it goes with the server's folder, for dropping waits for dead programs."""
    return f"bets_{uuid4().hex[:12]}"


@pytest.fixture
def open_store(server: MongoServer, database: str) -> Iterator[Callable[..., MongoBetStore]]:
    """Stores on that database, by another way to it where one is given; closed at the end."""
    with ExitStack() as stack:

        def open_(address: str = "") -> MongoBetStore:
            store = MongoBetStore(address or server.address, database)
            stack.callback(store.close)
            return store

        yield open_


@pytest.fixture
def store(open_store: Callable[..., MongoBetStore]) -> MongoBetStore:
    return open_store()
