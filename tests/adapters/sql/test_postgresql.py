"""What only PostgreSQL does: the trader's schema to the letter, the server's failures, its end and return."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import insert

from policytrader.adapters.sql.definition import statements
from policytrader.adapters.sql.journal import _row
from policytrader.adapters.sql.schema import export_schema
from policytrader.adapters.sql.store import SqlStore
from policytrader.adapters.sql.tables import journal
from policytrader.authoring.load import load_policy
from policytrader.engine.postgres import VIEWS, postgres_views
from policytrader.errors import StaleEpochError, StoreConflictError, StoreError
from policytrader.model.journal import IntentState
from policytrader.model.records import MarketPrices, RunnerPrices
from policytrader.model.snapshot import MarketType, RunnerStatus
from policytrader.model.times import london_day
from tests.adapters.sql import seed
from tests.adapters.sql.conftest import url_of
from tests.adapters.sql.server import mortal_server, pause
from tests.contracts.store_contract import an_intent, lead, pick, seen
from tests.one_day import ACCOUNT, AT, DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Connection = psycopg.Connection[Any]

pytestmark = pytest.mark.xdist_group("postgres")

REVISIONS = ("0001", "0002")

COLUMNS = """
SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'live_betting' AND table_name = %s ORDER BY ordinal_position
"""


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def connection(postgres_database: tuple[Connection, str], postgres_url: str) -> Connection:
    """Beside a store that is empty and migrated."""
    assert postgres_url
    return postgres_database[0]


@pytest.fixture
def fresh(postgres_database: tuple[Connection, str]) -> Iterator[Connection]:
    """A database without anything."""
    server, name = postgres_database[0], f"policytrader_fresh_{os.getpid()}"
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {name}")
    try:
        info = server.info
        with psycopg.connect(
            host=info.host, port=info.port, user=info.user, password=info.password or None, dbname=name, autocommit=True
        ) as connection:
            yield connection
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def columns(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return connection.execute(COLUMNS, [table]).fetchall()


def catalogue(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Tables, constraints, indexes and views of the schema."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision, "
        "numeric_scale, is_nullable, column_default, is_identity FROM information_schema.columns "
        "WHERE table_schema = 'live_betting' ORDER BY table_name, ordinal_position",
        "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'live_betting'::regnamespace ORDER BY 1, 2",
        "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'live_betting' ORDER BY 1",
        "views": "SELECT viewname, definition FROM pg_views WHERE schemaname = 'live_betting' ORDER BY 1",
    }
    return {name: connection.execute(query).fetchall() for name, query in queries.items()}


# -- the schema --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["selections", "market_state", "updated_price_data", "live_results", "upcoming_bets"])
def test_the_seeds_columns_are_there_to_the_letter_and_ours_behind_them(
    table: str, connection: Connection, fresh: Connection
) -> None:
    fresh.execute(seed.TABLES)
    theirs, ours = columns(fresh, table), columns(connection, table)
    if table == "market_state":
        # A runner without a price in the morning: NULL, and no number made up for it.
        nullable = next(index for index, column in enumerate(theirs) if column[0] == "back_price_win")
        theirs[nullable] = (*theirs[nullable][:5], "YES", *theirs[nullable][6:])
    assert ours[: len(theirs)] == theirs
    behind = {name: (kind, nullable) for name, kind, *_, nullable, _ in ours[len(theirs) :]}
    assert behind
    assert {nullable for _, nullable in behind.values()} == {"YES"}


def test_migrating_an_empty_database(fresh: Connection) -> None:
    store = SqlStore(url_of(fresh), "paper")
    assert store.status().revision is None
    assert store.migrate() == REVISIONS
    assert store.migrate() == ()
    migrated = catalogue(fresh)
    store.close()
    fresh.execute("DROP SCHEMA live_betting CASCADE; CREATE SCHEMA live_betting")
    for statement in statements("postgresql"):
        fresh.execute(statement)
    defined = catalogue(fresh)
    assert {name: [row for row in rows if "schema_version" not in row[0]] for name, rows in migrated.items()} == defined
    assert {row[0] for row in defined["views"]} == {"todays_selections", "updated_price_data_vw"}


def test_two_programs_migrate_at_once(fresh: Connection) -> None:
    stores = [SqlStore(url_of(fresh), "paper") for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        applied = list(pool.map(SqlStore.migrate, stores))
    assert sorted(applied) == [(), (), REVISIONS]
    for store in stores:
        store.close()


def test_the_exported_schema_loads_and_needs_nothing_more(fresh: Connection) -> None:
    fresh.execute(export_schema("postgresql"))
    exported = catalogue(fresh)
    store = SqlStore(url_of(fresh), "paper")
    assert store.status().is_current
    assert store.migrate() == ()
    assert catalogue(fresh) == exported
    store.add_selections([pick()], AT)
    store.close()


def test_a_traders_own_database_is_taken_over(fresh: Connection) -> None:
    """Rows, and views on top, stay as they are."""
    fresh.execute(seed.TABLES)
    fresh.execute(
        "INSERT INTO live_betting.selections (unique_id, race_id, race_time, race_date, horse_id, horse_name, "
        "market_id, selection_id, selection_type) "
        "SELECT 'old', 7, '2026-05-02 14:10', '2026-05-02', 1, 'Old', '1.7', 11, 'BACK' FROM generate_series(1, 2)"
    )
    fresh.execute("INSERT INTO live_betting.updated_price_data (selection_id) VALUES (11), (11)")
    fresh.execute(
        "CREATE VIEW live_betting.todays_selections AS SELECT horse_name AS name FROM live_betting.selections"
    )
    fresh.execute("CREATE VIEW live_betting.on_top AS SELECT * FROM live_betting.todays_selections")
    store = SqlStore(url_of(fresh), "paper")
    assert store.migrate() == REVISIONS
    assert fresh.execute("SELECT name FROM live_betting.on_top").fetchall() == [("Old",)] * 2
    store.add_selections([pick()], AT)
    assert [one.selection.selection_ref for one in store.selections(DAY)] == ["bm-win"]
    assert fresh.execute("SELECT count(*) FROM live_betting.selections").fetchone() == (3,)
    assert columns(fresh, "market_state")[1][5] == "YES"
    store.close()


# -- a user's queries --------------------------------------------------------------------------------------------------


def fill(store: SqlStore, now: datetime) -> None:
    """A race of eight in two hours, one of them withdrawn since the morning; two picks on runner 11."""
    off = now + timedelta(hours=2)
    picks = [
        pick("win", race="777", off=off),
        pick("place", race="777", off=off, market_type=MarketType.PLACE),
    ]
    store.add_selections(picks, now - timedelta(hours=1))
    rows = []
    for number in range(11, 19):
        status = RunnerStatus.REMOVED if number == 18 else RunnerStatus.ACTIVE
        win = MarketPrices("1.7771", Decimal("20.00"), *map(Decimal, ("8.00", "100.00", "7.80", "8.20", "50.00")))
        place = win._replace(market_id="1.7772")
        rows.append(
            RunnerPrices(
                race_id="777", race_time=off, course="York", selection_id=number, runner_name=f"Runner {number}",
                status=status, win=win, place=place, published_at=now,
            )
        )  # fmt: skip
    store.store_prices(rows)


def test_the_views_of_the_seeds_document_run_on_top(fresh: Connection) -> None:
    fresh.execute("SET TIME ZONE 'UTC'")
    store = SqlStore(url_of(fresh), "paper")
    store.migrate()
    fresh.execute(seed.VIEWS)
    now = fresh.execute("SELECT now()").fetchone()[0].astimezone(UTC)  # type: ignore[index]
    fill(store, now)
    counts = fresh.execute("SELECT race_id, active_runners, total_runners FROM live_betting.v_active_runner_count")
    assert counts.fetchall() == [(777, 7, 8)]
    races = fresh.execute("SELECT DISTINCT race_id, eight_to_seven FROM live_betting.v_eight_to_seven_races")
    assert races.fetchall() == [(777, True)]
    assert fresh.execute("SELECT * FROM live_betting.v_short_price_removals").fetchall() == []
    pending = "SELECT DISTINCT selection_ref, requested_odds, eight_to_seven_runners, computed_valid"
    expected = [("win", Decimal("8.00"), True, True)]
    # Near midnight the seed's CURRENT_DATE and the race's date part ways.
    if london_day(now + timedelta(hours=2)) != now.date():
        expected = []
    assert fresh.execute(f"{pending} FROM live_betting.v_valid_pending_bets").fetchall() == expected
    # Schema changes of ours go around views of theirs.
    assert store.migrate() == ()
    store.close()


def test_the_policys_own_views_run_on_top(store: SqlStore, connection: Connection, project_root: Path) -> None:
    connection.execute(postgres_views(load_policy(project_root / "rules")))
    now = connection.execute("SELECT now()").fetchone()[0].astimezone(UTC)  # type: ignore[index]
    fill(store, now)
    found = connection.execute("SELECT race_id, active_runners FROM live_betting.v_active_runner_count").fetchall()
    assert found == [(777, 7)]
    races = connection.execute(
        "SELECT race_id, original_runners, current_runners FROM live_betting.v_eight_to_seven_races"
    )
    assert races.fetchall() == [(777, 8, 7)]
    for view in VIEWS:
        connection.execute(f"DROP VIEW IF EXISTS live_betting.{view} CASCADE")


def test_a_users_numbers_and_times(store: SqlStore, connection: Connection) -> None:
    now = connection.execute("SELECT now()").fetchone()[0].astimezone(UTC)  # type: ignore[index]
    fill(store, now)
    store.reserve([an_intent()], lead(store), AT)
    assert connection.execute("SELECT sum(price * size) FROM live_betting.journal").fetchone() == (Decimal("114.8000"),)
    until = "SELECT DISTINCT race_time - now() AT TIME ZONE 'UTC' < interval '2 hours' FROM live_betting.selections"
    assert connection.execute(until).fetchall() == [(True,)]
    assert len(connection.execute("SELECT * FROM live_betting.updated_price_data_vw").fetchall()) == 8
    today = connection.execute("SELECT count(*) FROM live_betting.todays_selections").fetchone()
    assert today == (2 if london_day(now + timedelta(hours=2)) == london_day(now) else 0,)
    types = connection.execute("SELECT DISTINCT bet_type, market_type FROM live_betting.market_state ORDER BY 2")
    assert [(bet.rstrip(), market) for bet, market in types.fetchall()] == [("BACK", "PLACE"), ("BACK", "WIN")]


# -- failures ----------------------------------------------------------------------------------------------------------


def test_the_servers_weaknesses_are_told(store: SqlStore) -> None:
    """The tests' server does without fsync, and stands in New Zealand."""
    warnings = " ".join(store.status().warnings)
    assert "fsync is off" in warnings
    assert "Pacific/Auckland" in warnings


def test_commits_wait_for_the_disk(store: SqlStore, connection: Connection) -> None:
    database = connection.info.dbname
    try:
        for setting, effective in (("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")):
            connection.execute(f"ALTER DATABASE {database} SET synchronous_commit = '{setting}'")
            store._database.engine.dispose()
            with store._database.read() as session:
                assert session.exec_driver_sql("SHOW synchronous_commit").scalar() == effective
                assert session.exec_driver_sql("SHOW TimeZone").scalar() == "UTC"
    finally:
        connection.execute(f"ALTER DATABASE {database} RESET synchronous_commit")


@pytest.mark.parametrize(
    ("state", "code"),
    [("53100", "full"), ("40001", "busy"), ("40P01", "busy"), ("57014", "busy"), ("XX001", "damaged")],
)
def test_what_the_server_refuses_is_not_reserved(
    state: str, code: str, store: SqlStore, connection: Connection
) -> None:
    lease = lead(store)
    connection.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{state}'; END $$;"
        "CREATE TRIGGER refuse AFTER INSERT ON live_betting.journal EXECUTE FUNCTION refuse()"
    )
    try:
        with pytest.raises(StoreError, match=r"\(so it is\)") as raised:
            store.reserve([an_intent()], lease, AT)
    finally:
        connection.execute("DROP FUNCTION refuse CASCADE")
    assert raised.value.code == code
    assert store.open_intents(ACCOUNT) == ()
    assert len(store.reserve([an_intent()], lease, AT)) == 1


def test_a_read_only_server_reserves_nothing(store: SqlStore, connection: Connection) -> None:
    lease = lead(store)
    database = connection.info.dbname
    connection.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    try:
        store._database.engine.dispose()
        with pytest.raises(StoreError, match="it is read-only") as raised:
            store.reserve([an_intent()], lease, AT)
    finally:
        connection.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    assert raised.value.code == "read_only"
    store._database.engine.dispose()
    assert store.open_intents(ACCOUNT) == ()
    assert len(store.reserve([an_intent()], lease, AT)) == 1


def test_a_leader_whose_lock_connection_ends_is_none(
    store: SqlStore, open_store: Callable[..., SqlStore], connection: Connection
) -> None:
    lease = lead(store)
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    with pytest.raises(StaleEpochError):
        store.reserve([an_intent()], lease, AT)
    other = open_store()
    assert lead(other).epoch == 2
    assert store.acquire(ACCOUNT, "again", AT) is None


@pytest.mark.parametrize("happens", [True, False])
def test_reserving_again_settles_a_commit_that_is_still_on_its_way(
    happens: bool,  # noqa: FBT001
    store: SqlStore,
    open_store: Callable[..., SqlStore],
) -> None:
    """The connection is lost, the server still at work: the row is not there, and may be in a moment."""
    lease, lost = lead(store), open_store()
    with ThreadPoolExecutor() as pool, lost._database._connected("BEGIN") as connection:
        (entry,) = store.reserve([an_intent("other")], lease, AT)
        row = _row(replace(entry, intent=an_intent("i1")))
        connection.execute(insert(journal).values(row))
        assert store.intent("i1") is None
        again = pool.submit(store.reserve, [an_intent("i1")], lease, AT)
        pause(0.2)
        assert not again.done()
        if happens:
            connection.commit()
        else:
            connection.rollback()
        if happens:
            with pytest.raises(StoreConflictError):
                again.result()
        else:
            again.result()
    assert [entry.intent.ref for entry in store.open_intents(ACCOUNT)] == ["i1", "other"]


def test_no_message_holds_a_password(connection: Connection) -> None:
    info = connection.info
    host = info.host.replace("/", "%2F")
    for url in (
        "postgresql://ann:s3cret@127.0.0.1:1/betting",
        f"postgresql://ann:s3cret@/betting?host={host}",
        f"postgresql://{info.user}:s3cret@/no_such_database?host={host}&password=s3cret",
        "postgresql://ann:s3cret@127.0.0.1:1/betting?password=s3cret&no_such_option=s3cret",
    ):
        store = SqlStore(url, "paper")
        with pytest.raises(StoreError) as raised:
            store.migrate()
        told = f"{raised.value!r} {raised.value} {store._database.place}"
        assert "s3cret" not in told
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__
        assert "postgresql://" in told


@pytest.mark.slow
def test_the_server_is_killed_in_mid_run_and_comes_back() -> None:
    with mortal_server() as server:
        store, standby = SqlStore(server.url, "paper"), SqlStore(server.url, "paper")
        store.migrate()
        for number in range(1, 4):
            lease = lead(store)
            assert lease.epoch == number
            store.reserve([an_intent(f"sent{number}"), an_intent(f"reserved{number}")], lease, AT)
            store.mark_sent([f"sent{number}"], lease, AT)
            server.kill()
            with pytest.raises(StaleEpochError):
                store.reserve([an_intent("never")], lease, AT)
            for use in (store.control_state, lambda: store.selections(DAY), lambda: standby.acquire(ACCOUNT, "x", AT)):
                with pytest.raises(StoreError, match="does not answer") as raised:
                    use()
                assert raised.value.code == "unreachable"
            server.start()
            with pytest.raises(StaleEpochError):
                store.mark_sent([f"reserved{number}"], lease, AT)
            assert len(store.intents(DAY)) == 2 * number
        lease = lead(standby, AT + MINUTE)
        assert store.acquire(ACCOUNT, "late", AT) is None
        assert {entry.state for entry in standby.quarantine(lease, AT)} == {IntentState.UNKNOWN}
        assert len(standby.open_intents(ACCOUNT)) == 6
        assert standby.resolve("sent1", seen(), AT).state is IntentState.SEEN
        store.close()
        standby.close()
