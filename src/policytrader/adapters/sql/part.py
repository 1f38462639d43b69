"""What the store's parts share: transactions on a database whose schema is this program's."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from policytrader.adapters.sql.schema import require_current

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Table

    from policytrader.adapters.sql.database import Database

_LARGEST_RACE = 2**31 - 1


class Part:
    """A database, and the mode that it serves."""

    def __init__(self, database: Database, mode: str) -> None:
        """Opens nothing before the first transaction."""
        self._database = database
        self._mode = mode
        self._is_checked = False

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._before()
        with self._database.read() as connection:
            self._check(connection)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        self._before()
        with self._database.write() as connection:
            self._check(connection)
            yield connection

    def _before(self) -> None:
        # A file that somebody removed is not made again by connecting.
        self._database.require_file()

    def _check(self, connection: Connection) -> None:
        if not self._is_checked:
            require_current(self._database, connection, self._mode)
            self._is_checked = True

    def _upsert(self, table: Table) -> Any:
        """An INSERT that may say what happens on a conflict."""
        return sqlite.insert(table) if self._database.dialect == "sqlite" else postgresql.insert(table)


def race_number(race_id: str) -> int:
    """The seed's whole-number ``race_id``: the number itself where it is one, else one made from the text."""
    if race_id.isascii() and race_id.isdigit() and int(race_id) <= _LARGEST_RACE:
        return int(race_id)
    return int.from_bytes(hashlib.sha256(race_id.encode()).digest()[:4]) & _LARGEST_RACE


def executed(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Execute for many rows; for none, nothing."""
    if rows:
        connection.execute(statement, list(rows))
