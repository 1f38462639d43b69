"""Stores on an empty database: a new SQLite file, or PostgreSQL's tables emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import URL

from policytrader.adapters.sql.store import SqlStore
from policytrader.adapters.sql.tables import METADATA, SCHEMA
from tests.postgres import empty_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

pytest.register_assert_rewrite("tests.contracts.store_contract")


@pytest.fixture(scope="package")
def postgres_database() -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A connection to a database of the tests' own, and its URL."""
    with empty_database() as connection:
        yield connection, url_of(connection)


def url_of(connection: psycopg.Connection[Any]) -> str:
    info = connection.info
    query = {"host": info.host} if info.host.startswith("/") else {}
    url = URL.create(
        "postgresql", info.user, info.password or None, None if query else info.host, info.port, info.dbname, query
    )
    return url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def postgres_url(postgres_database: tuple[psycopg.Connection[Any], str]) -> str:
    """An empty store."""
    connection, url = postgres_database
    store = SqlStore(url, "paper")
    store.migrate()
    store.close()
    # Faster than TRUNCATE where there are a few rows in many tables.
    tables = [table for table in reversed(METADATA.sorted_tables) if table.name != "store_settings"]
    connection.execute("; ".join(f"DELETE FROM {SCHEMA}.{table.name}" for table in tables))  # noqa: S608 - our names
    return url


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Overridden by parameters: the name of a database."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


@pytest.fixture
def open_store(url: str) -> Iterator[Callable[..., SqlStore]]:
    """Further stores on the same database, as other processes would have them; closed at the end."""
    stores = []

    def open_(mode: str = "paper") -> SqlStore:
        stores.append(SqlStore(url, mode))
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., SqlStore]) -> SqlStore:
    store = open_store()
    store.migrate()
    return store
