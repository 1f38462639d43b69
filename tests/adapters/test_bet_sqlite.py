"""What only the SQLite file of bets does: its schema, its settings, its neighbours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from policytrader.adapters.sql.bet_schema import scripts
from policytrader.adapters.sql.bet_store import SqliteBetStore, open_sqlite_bets
from policytrader.adapters.sql.bet_tables import METADATA
from policytrader.adapters.sql.store import SqlStore
from policytrader.errors import StoreError, StoreUnknownError
from policytrader.model.outcomes import Reason
from policytrader.model.tracked import By
from tests.adapters.bet_processes import TAGS, process, started, wait_for
from tests.contracts.bet_store_contract import ANNA, a_bet, again, graded, put, settled, told
from tests.one_day import DAY

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bets.db"


@pytest.fixture
def store(file: Path) -> SqliteBetStore:
    return SqliteBetStore(file)


def squeezed(text: object) -> str:
    return " ".join(str(text).split()).replace("( ", "(").replace(" )", ")")


def test_the_scripts_make_what_the_tables_say(store: SqliteBetStore, file: Path) -> None:
    assert store.owners() == ()
    dialect = sqlite.dialect()
    wanted = {table.name: squeezed(CreateTable(table).compile(dialect=dialect)) for table in METADATA.tables.values()}
    for table in METADATA.tables.values():
        wanted |= {str(one.name): squeezed(CreateIndex(one).compile(dialect=dialect)) for one in table.indexes}
    with closing(sqlite3.connect(file)) as connection:
        found = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type != 'trigger' AND sql NOT NULL"))
    assert {name: squeezed(sql) for name, sql in found.items()} == wanted


def test_the_file_is_made_when_first_used_and_only_where_there_is_a_folder(tmp_path: Path, file: Path) -> None:
    store = open_sqlite_bets(file)
    assert not file.exists()
    assert store.bet(ANNA, "b1") is None
    assert file.exists()
    with pytest.raises(StoreError, match="there is no folder") as raised:
        open_sqlite_bets(tmp_path / "no" / "bets.db").owners()
    assert raised.value.code == "unreachable"
    odd = open_sqlite_bets(tmp_path / "100%? #1.db")
    put(odd, a_bet())
    assert (tmp_path / "100%? #1.db").exists()


def test_the_strict_file_is_durable(store: SqliteBetStore, file: Path) -> None:
    put(store, a_bet())
    with store._database.read() as connection:
        names = ("journal_mode", "synchronous")
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
    with closing(sqlite3.connect(file)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT value"):
            connection.execute("UPDATE bets SET version = 'two'")
        for statement in ("UPDATE bet_history SET reason = 'x'", "DELETE FROM bet_history"):
            with pytest.raises(sqlite3.IntegrityError, match="history only grows"):
                connection.execute(statement)


def test_bets_and_trading_have_a_file_each(store: SqliteBetStore, file: Path, tmp_path: Path) -> None:
    put(store, a_bet())
    trading = SqlStore(f"sqlite:///{file}", "paper")
    for use in (trading.migrate, lambda: trading.selections(DAY)):
        with pytest.raises(StoreError, match="it holds tracked bets, and a trading store has a file of its own"):
            use()
    other = tmp_path / "trading.db"
    SqlStore(f"sqlite:///{other}", "paper").migrate()
    with pytest.raises(StoreError, match="it is a trading store, and bets have a file of their own") as raised:
        put(open_sqlite_bets(other), a_bet())
    assert raised.value.code == "schema"
    assert store.bet(ANNA, "b1") == a_bet()


def test_files_of_others_and_newer_programs_are_left_alone(store: SqliteBetStore, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE photos (x)")
    with pytest.raises(StoreError, match="tables of another program"):
        open_sqlite_bets(other).owners()
    put(store, a_bet())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO bet_store VALUES (?)", (len(scripts()) + 1,))
        connection.commit()
    with pytest.raises(StoreError, match="of a newer policytrader"):
        SqliteBetStore(file).owners()
    other.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="damaged, or is no database"):
        open_sqlite_bets(other).owners()


def test_sums_and_lists_come_from_indexes(store: SqliteBetStore) -> None:
    plans: list[str] = []
    put(store, a_bet())

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            rows = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.append(" / ".join(row[3] for row in rows.fetchall()))

    event.listen(store._database.engine, "before_cursor_execute", explain)
    store.totals(ANNA)
    list(store.bets(ANNA))
    list(store.pending(ANNA))
    store.fixture_bets("1")
    store.settled_fixtures(again(Reason.VOID_WINDOW))
    store.settled_fixtures(again(Reason.VOID_WINDOW), ANNA)
    store.choices(ANNA)
    wanted = ["COVERING INDEX bets_totals", "bets_newest", *["bets_pending"] * 3, "bets_fixture"]
    wanted += [*["bets_settled (settled_at>?)"] * 2, "bets_chosen"]
    assert [part for part, plan in zip(wanted, plans, strict=True) if part not in plan] == []


@pytest.mark.parametrize("version", range(1, len(scripts())))
def test_a_file_of_an_older_program_is_brought_up_to_date(
    version: int, store: SqliteBetStore, file: Path, tmp_path: Path, project_root: Path
) -> None:
    put(store, a_bet(), graded("b2", "1", checked=None))
    old = tmp_path / "old.db"
    make_old(old, version, file)
    with started("begin", str(old), project_root) as one, started("begin", str(old), project_root) as other:
        wait_for(one)
        wait_for(other)
    schema = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' OR type = 'trigger' ORDER BY name"
    with closing(sqlite3.connect(old)) as updated, closing(sqlite3.connect(file)) as new:
        versions = updated.execute("SELECT schema_version FROM bet_store ORDER BY 1").fetchall()
        assert updated.execute(schema).fetchall() == new.execute(schema).fetchall()
    assert versions == [(number + 1,) for number in range(len(scripts()))]
    opened = SqliteBetStore(old)
    assert opened.bet(ANNA, "b1") == a_bet()
    assert opened.history(ANNA, "b1") == (told(a_bet()),)
    assert [one.fixture_id for one in opened.settled_fixtures(again())] == ["1"]
    assert opened.choices(ANNA) == ()
    chosen = a_bet(version=2, player_id="7", matched_by=By.PERSON)
    assert opened.replace(chosen, told(chosen))
    assert [one.player_id for one in SqliteBetStore(old).choices(ANNA)] == ["7"]


def make_old(old: Path, version: int, new: Path) -> None:
    """What a program of that version would have made of the same bets."""
    with closing(sqlite3.connect(old)) as connection:
        for number, script in enumerate(scripts()[:version], 1):
            connection.executescript(script.read_text("utf-8"))
            connection.execute("INSERT INTO bet_store VALUES (?)", (number,))
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("bets", "bet_history"):
            columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM new.{table}")  # noqa: S608
        connection.commit()


@pytest.mark.parametrize("happens", [True, False])
def test_a_lost_answer_is_told_and_the_step_repeated_once(happens: bool, store: SqliteBetStore) -> None:  # noqa: FBT001
    put(store, a_bet())
    dialect = store._database.engine.dialect
    commit = dialect.do_commit

    def lose(connection: Any) -> None:
        if happens:
            commit(connection)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    after = settled(a_bet())
    dialect.do_commit = lose  # type: ignore[method-assign, assignment]
    with pytest.raises(StoreUnknownError):
        store.replace(after, told(after))
    dialect.do_commit = commit  # type: ignore[method-assign]
    assert store.bet(ANNA, "b1") == (after if happens else a_bet())
    for _ in range(2):
        assert store.replace(after, told(after))
    assert store.history(ANNA, "b1") == (told(a_bet()), told(after))


def test_a_program_killed_in_the_middle_leaves_nothing(store: SqliteBetStore, file: Path, project_root: Path) -> None:
    put(store, a_bet())
    with process("change_half", str(file), project_root) as running:
        with pytest.raises(StoreError, match="another process holds it"):
            store.replace(settled(a_bet()), told(settled(a_bet())))
        assert store.bet(ANNA, "b1") == a_bet()
        running.kill()
        running.wait()
    assert store.replace(settled(a_bet()), told(settled(a_bet())))


def test_two_programs_lose_nothing(store: SqliteBetStore, file: Path, project_root: Path) -> None:
    put(store, a_bet())
    with started("tag", str(file), project_root) as one, started("tag", str(file), project_root) as other:
        wait_for(one)
        wait_for(other)
    found = store.bet(ANNA, "b1")
    assert found is not None
    assert len(set(found.tags)) == len(found.tags) == 2 * TAGS
    assert [entry.note for entry in store.history(ANNA, "b1")] == ["", *found.tags]
