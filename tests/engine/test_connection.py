"""The connection that statements run on: its tables, and nothing of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
import pytest

from policytrader.engine.connection import ConnectionOwner, open_locked_down

if TYPE_CHECKING:
    from pathlib import Path

SEEN = {"seen": pa.table({"number": [1, 2]})}


class Owner(ConnectionOwner):
    """Asks one thing."""

    def total(self) -> int:
        """The sum of what it sees."""
        row = self._connection.execute("SELECT sum(number) FROM seen").fetchone()
        assert row is not None
        return int(row[0])


def test_an_owner_sees_its_tables_until_it_is_closed() -> None:
    with Owner(SEEN) as owner:
        assert owner.total() == 3
    with pytest.raises(duckdb.ConnectionException):
        owner.total()


def test_no_file_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("number\n7\n", encoding="utf-8")
    with open_locked_down(SEEN) as connection, pytest.raises(duckdb.PermissionException):
        connection.execute("SELECT * FROM read_csv(?)", [str(file)])


def test_no_setting_can_be_changed_back() -> None:
    with open_locked_down(SEEN) as connection, pytest.raises(duckdb.InvalidInputException, match="locked"):
        connection.execute("SET threads = 4")
