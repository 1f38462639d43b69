"""A real PostgreSQL for tests: that of ``POLICYTRADER_TEST_POSTGRES``, else one of our own, from a system installation.

Tests get a database of their own in either, and skip, saying why, where there is no PostgreSQL to be had.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.postgres_server import NoPostgresError, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "POLICYTRADER_TEST_POSTGRES"


@contextmanager
def postgres_dsn() -> Iterator[str]:
    """Where a PostgreSQL answers; ends what it started. Skips the test where there is none."""
    if dsn := os.environ.get(VARIABLE):
        yield dsn
        return
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(own_server("fsync=off", "timezone=Pacific/Auckland"))
        except NoPostgresError as error:
            pytest.skip(f"needs a real PostgreSQL: {VARIABLE} is not set, and {error}")
        yield dsn


@contextmanager
def empty_database() -> Iterator[Any]:
    """A connection (autocommit) to an empty database that is dropped afterwards."""
    psycopg = pytest.importorskip("psycopg", reason="needs psycopg to talk to PostgreSQL")
    name = f"policytrader_test_{os.getpid()}"
    with postgres_dsn() as dsn, psycopg.connect(dsn, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(dsn, dbname=name, autocommit=True) as connection:
                yield connection
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
