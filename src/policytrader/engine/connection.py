"""An in-memory DuckDB that sees the tables it is given and nothing else, and who owns one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import duckdb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}
"""DuckDB without files, network and extensions; ``lock_configuration`` follows once the tables are registered."""


def open_locked_down(tables: Mapping[str, object]) -> duckdb.DuckDBPyConnection:
    """A connection to these tables (name -> Arrow table or stream); close it, or use it in ``with``."""
    connection = duckdb.connect(":memory:", config=_LOCKED_DOWN)
    for name, table in tables.items():
        connection.register(name, table)
    connection.execute("SET lock_configuration = true")
    return connection


class ConnectionOwner:
    """What keeps a locked-down connection for its statements. Close it, or use it in ``with``."""

    def __init__(self, tables: Mapping[str, object]) -> None:
        """Open the connection to these tables."""
        self._connection = open_locked_down(tables)

    def __enter__(self) -> Self:
        """The owner itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._connection.close()
