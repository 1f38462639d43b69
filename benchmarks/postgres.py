"""A PostgreSQL to measure on: that of ``POLICYTRADER_BENCH_POSTGRES``, else one of our own from a system installation.

Durable as it comes: unlike the tests' server, this one waits for its disk.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import URL

from tests.postgres_server import NoPostgresError, PostgresFailedError, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "POLICYTRADER_BENCH_POSTGRES"


@contextmanager
def _started() -> Iterator[str]:
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(own_server())
        except PostgresFailedError as error:
            raise NoPostgresError(str(error).strip().rpartition("\n")[2]) from None
        yield dsn


@contextmanager
def empty_postgres() -> Iterator[str]:
    """The store's URL of an empty database, dropped afterwards. Raises ``NoPostgresError``."""
    name = f"policytrader_bench_{os.getpid()}"
    with ExitStack() as stack:
        given = os.environ.get(VARIABLE)
        dsn = given or stack.enter_context(_started())
        try:
            server = stack.enter_context(psycopg.connect(dsn, autocommit=True))
            server.execute(f"CREATE DATABASE {name}")
        except psycopg.Error as error:
            # Its message may name a password's place; the class says enough.
            where = VARIABLE if given else "the server that was just started"
            message = f"{where} lets nobody make a database there ({type(error).__name__})"
            raise NoPostgresError(message) from None
        try:
            info = server.info
            query = {"host": info.host, "port": str(info.port)}
            url = URL.create("postgresql", info.user, info.password or None, database=name, query=query)
            yield url.render_as_string(hide_password=False)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
