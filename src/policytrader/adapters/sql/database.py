"""One database: where it is, how connections are made, and transactions that either happened or did not."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, exc, make_url
from sqlalchemy.pool import NullPool, StaticPool

from policytrader.adapters.sql.problems import READ_ONLY, mapped, schema_error
from policytrader.adapters.sql.tables import SCHEMA
from policytrader.errors import StoreError, UsageError
from policytrader.waiting import rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

BUSY_SECONDS = 5
"""How long one transaction waits for another, and for a connection."""

_STATEMENT_SECONDS = 30
_TURN_SECONDS = 0.05
_SQLITE_PRAGMAS = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "foreign_keys = ON",
    "synchronous = FULL",
    # Where the system would only promise to write (macOS).
    "fullfsync = ON",
    "trusted_schema = OFF",
)
# Stronger settings of the server stay: remote_apply is not lowered to on.
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')"
)


class Database:
    """Connections to SQLite or PostgreSQL; a server that went away is found again by the next transaction."""

    def __init__(self, url: str | URL) -> None:
        """``sqlite:///FILE`` (``sqlite://`` alone: in memory) or ``postgresql://…``. Raises ``UsageError``."""
        self.url = _checked(url)
        self.dialect = self.url.get_backend_name()
        self.place = _place(self.url)
        self.file = _file(self.url)
        self.is_in_memory = self.dialect == "sqlite" and self.file is None
        self.engine = self._engine()

    def require_file(self) -> None:
        """Raise ``StoreError`` where connecting would make a file, or cannot."""
        if self.file is not None and not self.file.is_file():
            what = "there is no such database yet. `policytrader db migrate` makes it; -C names another project."
            raise schema_error(self.place, what)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that changes nothing; everything read in it is of one moment."""
        with self._connected("BEGIN") as connection, mapped(self.place):
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: committed durably when the block ends well, undone when it does not.

        Raises ``StoreUnknownError`` when the answer to the commit was lost.
        """
        with self._connected("BEGIN IMMEDIATE") as connection:
            try:
                with mapped(self.place):
                    yield connection
            except StoreError as error:
                if error.code == READ_ONLY:
                    # A session of PostgreSQL stays as it began, also when the database may be written to again.
                    connection.invalidate()
                raise
            try:
                with mapped(self.place, is_commit=True):
                    connection.commit()
            except StoreError:
                # Whatever state it is in: never used again.
                connection.invalidate()
                raise

    def dedicated(self) -> Connection:
        """A connection of its own, without transactions: a lock lives as long as it does."""
        engine = self._engine(is_pooled=False)
        with mapped(self.place):
            return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _connected(self, begin: str) -> Iterator[Connection]:
        with mapped(self.place):
            connection = self.engine.connect().execution_options(policytrader_begin=begin)
        try:
            with mapped(self.place):
                connection.begin()
            yield connection
        finally:
            try:
                # After a commit there is nothing left to undo.
                connection.rollback()
            except exc.SQLAlchemyError:
                with suppress(exc.SQLAlchemyError):
                    connection.invalidate()
            connection.close()

    def _engine(self, *, is_pooled: bool = True) -> Engine:
        return self._sqlite_engine() if self.dialect == "sqlite" else self._postgresql_engine(is_pooled=is_pooled)

    def _sqlite_engine(self) -> Engine:
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
        options |= {"poolclass": StaticPool} if self.is_in_memory else {"pool_size": 2, "pool_timeout": BUSY_SECONDS}
        engine = create_engine(self.url, **options, execution_options={"schema_translate_map": {SCHEMA: None}})
        event.listen(engine, "connect", self._prepare_sqlite)
        # The driver would begin late and without IMMEDIATE: two that read first and write then would deadlock.
        event.listen(engine, "begin", _begin)
        return engine

    def _prepare_sqlite(self, connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if self.is_in_memory:
            return
        mode = _in_wal_mode(connection)
        if mode != "wal":
            message = f"store {self.place}: its file system cannot share memory (WAL): put it on a local disk"
            raise StoreError(message, "failed")

    def _postgresql_engine(self, *, is_pooled: bool) -> Engine:
        pool: dict[str, Any] = (
            {"pool_size": 2, "max_overflow": 2, "pool_timeout": BUSY_SECONDS, "pool_pre_ping": True}
            if is_pooled
            else {"poolclass": NullPool}
        )
        settings = {
            "lock_timeout": f"{BUSY_SECONDS}s",
            "statement_timeout": f"{_STATEMENT_SECONDS}s",
            "idle_in_transaction_session_timeout": f"{_STATEMENT_SECONDS}s",
            # The server gives up on a peer that vanished, so that a standby can take over.
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
        }
        arguments = {
            "connect_timeout": BUSY_SECONDS,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "application_name": "policytrader",
        }
        given = dict(self.url.query)
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        arguments = {name: value for name, value in arguments.items() if name not in given}
        arguments["options"] = f"{options} {given.get('options', '')}".strip()
        url = self.url.difference_update_query(["options"])
        engine = create_engine(url, connect_args=arguments, **pool)
        event.listen(engine, "connect", _prepare_postgresql)
        return engine


def _checked(text: str | URL) -> URL:
    try:
        url = make_url(text)
    except exc.ArgumentError:
        # The text may hold a password.
        message = "--store: not a store's URL; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise UsageError(message) from None
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return url
    message = f"--store: {url.drivername} is no store; write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
    raise UsageError(message)


def _place(url: URL) -> str:
    """Where it is, without user, password or options."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}" if url.database else "sqlite:// (in memory)"
    host = url.host or url.query.get("host") or "localhost"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{host}{port}/{url.database or ''}"


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    name = url.database.removeprefix("file:")
    if "mode=memory" in name or url.query.get("mode") == "memory":
        return None
    return Path(name.partition("?")[0])


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("policytrader_begin", "BEGIN"))


def _in_wal_mode(connection: sqlite3.Connection) -> str:
    """The journal's mode, WAL where the file allows it.

    A new file is switched over under a lock that SQLite does not wait for, whatever its busy timeout: two programs
    that meet at a new file take turns here.
    """
    for _ in range(int(BUSY_SECONDS / _TURN_SECONDS)):
        try:
            return _switch(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        rest(_TURN_SECONDS)
    return _switch(connection)


def _switch(connection: sqlite3.Connection) -> str:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    return str(mode)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', 'UTC', false)")
        cursor.execute(_DURABLE)
    connection.commit()
