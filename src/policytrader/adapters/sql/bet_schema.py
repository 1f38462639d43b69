"""The file of tracked bets: made when it is first used, of one version, and never a trading store's."""

from __future__ import annotations

from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, inspect, select

from policytrader.adapters.sql.bet_tables import bet_store
from policytrader.adapters.sql.problems import schema_error
from policytrader.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from policytrader.adapters.sql.database import Database

_SCRIPTS = Path(__file__).with_name("bet_migrations")
_TRADING = ("schema_version", "journal")
"""Tables by which a trading store is known, whatever its revision."""


def scripts() -> tuple[Path, ...]:
    """One script for each version, 1 first; one that was released is never changed."""
    paths = (_SCRIPTS / f"v{number:04}.sql" for number in count(1))
    return tuple(takewhile(Path.is_file, paths))


def prepare(database: Database) -> None:
    """Make or update the tables; two programs that do it at once take turns.

    Raises ``StoreError`` for a file that holds something else, or bets of a newer program.
    """
    assert database.file is not None
    if not database.file.parent.is_dir():
        message = f"store {database.place}: there is no folder {database.file.parent}"
        raise StoreError(message, "unreachable")
    if database.file.exists():
        with database.read() as connection:
            if _version(database, connection) == len(scripts()):
                return
    with database.write() as connection:
        done = _version(database, connection)
        for number, script in enumerate(scripts(), 1):
            if number > done:
                for statement in script.read_text("utf-8").rstrip().removesuffix(";").split(";\n\n"):
                    connection.exec_driver_sql(statement)
                connection.execute(insert(bet_store).values(schema_version=number))


def _version(database: Database, connection: Connection) -> int:
    there = set(inspect(connection).get_table_names())
    if there.intersection(_TRADING):
        raise schema_error(
            database.place, "it is a trading store, and bets have a file of their own. Name another file for them."
        )
    if bet_store.name not in there:
        if there:
            raise schema_error(database.place, "it holds tables of another program. Name another file for the bets.")
        return 0
    version: int = connection.scalar(select(func.max(bet_store.c.schema_version))) or 0
    if version > len(scripts()):
        raise schema_error(
            database.place, f"its bets are of version {version}, of a newer policytrader. Update this one."
        )
    return version
