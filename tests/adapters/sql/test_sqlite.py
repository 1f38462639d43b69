"""What only SQLite does: its file, its settings, its failures."""

from __future__ import annotations

import sqlite3
import stat
import threading
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from policytrader.adapters.sql.database import Database
from policytrader.adapters.sql.store import SqlStore
from policytrader.errors import StoreError
from tests.contracts.store_contract import an_intent, lead, pick
from tests.one_day import ACCOUNT, AT, DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def pragma(store: SqlStore, name: str) -> Any:
    with store._database.read() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_every_connection_is_durable_and_strict(store: SqlStore, file: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000, "fullfsync": 1}
    assert {name: pragma(store, name) for name in wanted} == wanted
    with closing(sqlite3.connect(file)) as connection:
        strict = dict(connection.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall())
        assert {name for name, is_strict in strict.items() if not is_strict} <= {
            "sqlite_schema",
            "sqlite_temp_schema",
            "schema_version",
            "sqlite_sequence",
        }
        with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT value in INTEGER column"):
            connection.execute("INSERT INTO leases VALUES ('a', 'eleven', 'h', 'x', 'y', NULL)")


def test_a_person_reads_the_file(store: SqlStore, file: Path) -> None:
    store.add_selections([pick(price_requested=Decimal("8.5"))], AT)
    store.reserve([an_intent(size=Decimal(14))], lead(store), AT)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT price, size, created_at, day FROM journal").fetchall() == [
            ("8.20", "14.00", "2026-05-02T08:02:11.000000Z", "2026-05-02")
        ]
        assert connection.execute("SELECT requested_odds, race_time, valid FROM selections").fetchall() == [
            ("8.50", "2026-05-02T14:10:00.000000Z", 1)
        ]
        assert connection.execute("SELECT sum(size) FROM journal").fetchone() == (14.0,)
        assert connection.execute(
            "SELECT julianday(race_time) > julianday('2026-05-02') FROM selections"
        ).fetchone() == (1,)
        for view in ("todays_selections", "updated_price_data_vw"):
            assert connection.execute(f"SELECT count(*) FROM {view}").fetchone() == (0,)  # noqa: S608


def test_reading_makes_no_file(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'none.db'}", "paper")
    assert store.status().revision is None
    for use in (lambda: store.selections(DAY), lambda: store.acquire(ACCOUNT, "x", AT), store.control_state):
        with pytest.raises(StoreError, match="`policytrader db migrate` makes it") as raised:
            use()
        assert raised.value.code == "schema"
    with pytest.raises(StoreError, match="there is no folder"):
        SqlStore(f"sqlite:///{tmp_path / 'no' / 'folder.db'}", "paper").migrate()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_and_one_of_a_newer_version_are_refused(store: SqlStore, file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="Run `policytrader db migrate`"):
        SqlStore(f"sqlite:///{tmp_path / 'empty.db'}", "paper").control_state()
    store.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE schema_version SET version_num = '9999'")
        connection.commit()
    newer = SqlStore(f"sqlite:///{file}", "paper")
    for use in (newer.control_state, newer.migrate):
        with pytest.raises(StoreError, match="of a newer policytrader"):
            use()
    assert not newer.status().is_current


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    store = SqlStore(f"sqlite:///{tmp_path / 'store.db'}", "paper")
    with pytest.raises(StoreError, match="damaged, or is no database") as raised:
        store.control_state()
    assert raised.value.code == "damaged"


def test_a_read_only_database_reserves_nothing(store: SqlStore, file: Path) -> None:
    store.add_selections([pick()], AT)
    reader = SqlStore(f"sqlite:///file:{file}?mode=ro&uri=true", "paper")
    assert len(reader.selections(DAY)) == 1
    with pytest.raises(StoreError, match="it is read-only") as raised:
        lead(reader)
    assert raised.value.code == "read_only"
    reader.close()
    # And while a leader is at it.
    lease = lead(store)
    event.listen(store._database.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only = ON"))
    store._database.engine.dispose()
    with pytest.raises(StoreError, match="it is read-only"):
        store.reserve([an_intent()], lease, AT)
    assert store.open_intents(ACCOUNT) == ()


def test_a_full_disk_reserves_nothing_and_room_mends_it(store: SqlStore) -> None:
    lease = lead(store)
    pages, limit = pragma(store, "page_count"), [0]
    limit[0] = pages + 2
    event.listen(
        store._database.engine,
        "connect",
        lambda connection, _: connection.execute(f"PRAGMA max_page_count = {limit[0]}"),
    )
    store._database.engine.dispose()
    with pytest.raises(StoreError, match="no room left") as raised:
        store.reserve([an_intent() for _ in range(200)], lease, AT)
    assert raised.value.code == "full"
    assert store.open_intents(ACCOUNT) == ()
    limit[0] = pages + 1000
    store._database.engine.dispose()
    assert len(store.reserve([an_intent() for _ in range(200)], lease, AT)) == 200
    assert len(store.open_intents(ACCOUNT)) == 200


def test_a_busy_database_is_told(store: SqlStore, file: Path) -> None:
    lease = lead(store)
    event.listen(
        store._database.engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 50")
    )
    store._database.engine.dispose()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process holds it") as raised:
            store.reserve([an_intent()], lease, AT)
        assert raised.value.code == "busy"
        assert store.open_intents(ACCOUNT) == ()  # readers go on
    assert len(store.reserve([an_intent()], lease, AT)) == 1


def test_two_programs_meet_at_a_new_file(tmp_path: Path) -> None:
    place = tmp_path / "new.db"
    database = Database(f"sqlite:///{place}")
    with closing(sqlite3.connect(place, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE theirs (name TEXT)")
        # Whoever writes to it before it has been switched over: SQLite does not wait for the end of that.
        other.execute("BEGIN IMMEDIATE")
        ends = threading.Timer(0.3, other.execute, ["COMMIT"])
        ends.start()
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        ends.join()
    database.dispose()


def test_the_lock_is_of_the_file_not_of_its_name(
    store: SqlStore, open_store: Callable[..., SqlStore], file: Path
) -> None:
    lease = lead(store)
    link = file.with_name("link.db")
    link.symlink_to(file)
    linked = SqlStore(f"sqlite:///{link}", "paper")
    assert linked.acquire(ACCOUNT, "by another name", AT) is None
    (lock,) = file.parent.glob("store.db-*.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    # Somebody tidies up: two processes could now hold two locks, so the leader is none any more.
    lock.unlink()
    with pytest.raises(StoreError, match="lost or taken over"):
        store.renew(lease, AT)
    other = open_store()
    assert lead(other).epoch == 2
    with pytest.raises(StoreError, match="lost or taken over"):
        store.renew(lease, AT)


def test_in_memory() -> None:
    store = SqlStore("sqlite://", "paper")
    store.migrate()
    lease = lead(store)
    store.reserve([an_intent()], lease, AT)
    assert store.acquire(ACCOUNT, "second", AT) is None
    store.release(lease, AT)
    assert lead(store).epoch == 2
    assert len(store.open_intents(ACCOUNT)) == 1
    store.close()
