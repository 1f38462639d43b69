"""Bringing the schema up to date, saying what it is, and writing it down as SQL."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, inspect, select, text

from policytrader.adapters.sql.bet_tables import bet_store
from policytrader.adapters.sql.problems import schema_error
from policytrader.adapters.sql.tables import SCHEMA, store_settings
from policytrader.errors import StoreError
from policytrader.model.records import StoreStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from policytrader.adapters.sql.database import Database

VERSION_TABLE = "schema_version"
DIALECTS = ("postgresql", "sqlite")

_MIGRATIONS = Path(__file__).with_name("migrations")
_MODE = "mode"
_LOCK = int.from_bytes(b"ptrader!")
"""Two programs that migrate PostgreSQL at once take turns."""

_POSTGRESQL_WARNINGS = {
    "fsync": ("on", "fsync is off: a power cut loses commits"),
    "full_page_writes": ("on", "full_page_writes is off: a power cut can damage it"),
}


def migrate(database: Database, mode: str) -> tuple[str, ...]:
    """Apply what is missing, in one transaction; give the store its mode. Returns the revisions applied."""
    if database.file is not None and not database.file.parent.is_dir():
        message = f"store {database.place}: there is no folder {database.file.parent}"
        raise StoreError(message, "unreachable")
    with database.write() as connection:
        if database.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            # Asked first: IF NOT EXISTS alone needs the right to make schemas.
            if not inspect(connection).has_schema(SCHEMA):
                connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        _refuse_bets(database, connection)
        before = _revision(connection, database.dialect)
        _refuse_newer(database, before)
        _run(database.dialect, connection)
        _claim(connection, database.place, mode)
    return tuple(one for one in _revisions() if before is None or one > before)


def status(database: Database) -> StoreStatus:
    """Read what the store is; makes no file."""
    about: dict[str, Any] = {"dialect": database.dialect, "place": database.place, "newest": _revisions()[-1]}
    if database.file is not None and not database.file.exists():
        return StoreStatus(revision=None, mode=None, **about)
    with database.read() as connection:
        revision = _revision(connection, database.dialect)
        mode = connection.scalar(_mode_query()) if revision else None
        warnings = tuple(_warnings(connection)) if database.dialect == "postgresql" else ()
    return StoreStatus(revision=revision, mode=mode, warnings=warnings, **about)


def require_current(database: Database, connection: Connection, mode: str) -> None:
    """Raise ``StoreError`` unless the schema is this program's and the store serves this mode."""
    _refuse_bets(database, connection)
    revision = _revision(connection, database.dialect)
    _refuse_newer(database, revision)
    if revision != _revisions()[-1]:
        found = f"its revision is {revision}, an older one" if revision else "it has no tables yet"
        raise schema_error(database.place, f"{found}. Run `policytrader db migrate`.")
    _require_mode(database.place, connection.scalar(_mode_query()), mode)


def export_schema(dialect: str) -> str:
    """The whole schema as SQL for an empty database; afterwards `db migrate` only sets the mode."""
    assert dialect in DIALECTS
    output = io.StringIO()
    if dialect == "postgresql":
        output.write(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};\n\n")
    _run(dialect, None, output)
    return "\n".join(line.rstrip() for line in output.getvalue().strip().splitlines()) + "\n"


def _run(dialect: str, connection: Connection | None, output: io.StringIO | None = None) -> None:
    script = _script()

    # As Alembic's own command does; it has no public name for it.
    def upgrades(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001

    environment = EnvironmentContext(_config(), script, fn=upgrades, as_sql=output is not None)
    with _quietly(), environment:
        environment.configure(
            connection=connection,
            dialect_name=dialect,
            output_buffer=output,
            version_table=VERSION_TABLE,
            version_table_schema=_schema(dialect),
            transactional_ddl=True,
        )
        with environment.begin_transaction():
            environment.run_migrations()


@contextmanager
def _quietly() -> Iterator[None]:
    # Alembic reports each step; ours is the answer of `migrate`.
    logger = logging.getLogger("alembic")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


@cache
def _revisions() -> tuple[str, ...]:
    """All revisions, oldest first; their numbers rise."""
    return tuple(sorted(one.revision for one in _script().walk_revisions()))


def _schema(dialect: str) -> str | None:
    return None if dialect == "sqlite" else SCHEMA


def _revision(connection: Connection, dialect: str) -> str | None:
    options = {"version_table": VERSION_TABLE, "version_table_schema": _schema(dialect)}
    with _quietly():
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def _refuse_bets(database: Database, connection: Connection) -> None:
    if database.dialect == "sqlite" and inspect(connection).has_table(bet_store.name):
        message = "it holds tracked bets, and a trading store has a file of its own. Name another file."
        raise schema_error(database.place, message)


def _refuse_newer(database: Database, revision: str | None) -> None:
    if revision is not None and revision not in _revisions():
        message = f"its schema is revision {revision}, of a newer policytrader. Update this one."
        raise schema_error(database.place, message)


def _mode_query() -> Any:
    return select(store_settings.c.value).where(store_settings.c.name == _MODE)


def _claim(connection: Connection, place: str, mode: str) -> None:
    found = connection.scalar(_mode_query())
    if found is None:
        connection.execute(insert(store_settings).values(name=_MODE, value=mode))
    else:
        _require_mode(place, found, mode)


def _require_mode(place: str, found: str | None, mode: str) -> None:
    if found is None:
        raise schema_error(place, "it does not say whether it is for paper or live. Run `policytrader db migrate`.")
    if found != mode:
        message = f"store {place}: it is a {found} store, and this is {mode}: each mode has a database of its own"
        raise StoreError(message, "mode")


def _warnings(connection: Connection) -> Iterator[str]:
    for name, (wanted, warning) in _POSTGRESQL_WARNINGS.items():
        if connection.scalar(text("SELECT current_setting(:name)"), {"name": name}) != wanted:
            yield warning
    # What a user's own session begins with; ours are set to UTC.
    zone = connection.scalar(text("SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'"))
    if zone not in {"UTC", "Etc/UTC", "GMT"}:
        yield f"its time zone is {zone}: queries that compare race_time (UTC) with CURRENT_TIMESTAMP are off"
