"""The views in a real PostgreSQL decide what the engine decides for the same race."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from policytrader.authoring.load import load_files, load_policy, policy_files
from policytrader.engine.evaluate import evaluate
from policytrader.engine.postgres import VIEWS, postgres_views
from policytrader.model.snapshot import (
    Market,
    MarketStatus,
    MarketType,
    ReferenceRunner,
    Runner,
    RunnerStatus,
    Selection,
    Side,
    Snapshot,
)
from tests.postgres import empty_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from policytrader.policy.policy_set import PolicySet

pytestmark = pytest.mark.xdist_group("postgres")

# The trader's tables, columns as documented.
TABLES = """
CREATE SCHEMA live_betting;
CREATE TABLE live_betting.selections (
    unique_id VARCHAR(255), race_id INTEGER NOT NULL, race_time TIMESTAMP NOT NULL, race_date DATE NOT NULL,
    horse_id INTEGER NOT NULL, horse_name VARCHAR(255) NOT NULL, selection_type VARCHAR(50), market_type VARCHAR(50),
    market_id VARCHAR(255), selection_id BIGINT, requested_odds NUMERIC(8,2), stake_points NUMERIC, valid BOOLEAN,
    invalidated_at TIMESTAMP, invalidated_reason TEXT, size_matched NUMERIC(15,2), average_price_matched NUMERIC(8,2),
    fully_matched BOOLEAN, cashed_out BOOLEAN, customer_strategy_ref VARCHAR(255),
    created_at TIMESTAMP DEFAULT NOW(), processed_at TIMESTAMP DEFAULT NOW());
CREATE TABLE live_betting.market_state (
    selection_id INTEGER NOT NULL, back_price_win NUMERIC(8,2) NOT NULL, race_id INTEGER NOT NULL,
    race_date DATE NOT NULL, race_time TIMESTAMP, market_id_win VARCHAR(255) NOT NULL,
    market_id_place VARCHAR(255) NOT NULL, number_of_runners INTEGER NOT NULL, created_at TIMESTAMP DEFAULT NOW(),
    unique_id VARCHAR(132), bet_selection_id INTEGER, bet_type CHAR(16), market_type VARCHAR(16), horse_id INTEGER);
CREATE TABLE live_betting.updated_price_data (
    race_time TIMESTAMP, horse_name VARCHAR(255), race_date DATE, course VARCHAR(100), status VARCHAR(50),
    market_id_win VARCHAR(32), selection_id INTEGER, betfair_win_sp NUMERIC(8,2), betfair_place_sp NUMERIC(8,2),
    back_price_1_win NUMERIC(8,2), back_price_1_depth_win NUMERIC(15,2), back_price_2_win NUMERIC(8,2),
    lay_price_1_win NUMERIC(8,2), lay_price_1_depth_win NUMERIC(15,2), back_price_1_place NUMERIC(8,2),
    back_price_1_depth_place NUMERIC(15,2), back_price_2_place NUMERIC(8,2), lay_price_1_place NUMERIC(8,2),
    lay_price_1_depth_place NUMERIC(15,2), market_id_place VARCHAR(255), created_at TIMESTAMP, unique_id VARCHAR(132));
"""


@dataclass
class Race:
    """One race: ``captured`` prices by runner, ``live`` statuses by runner, picks as (runner, side, market type)."""

    number: int
    captured: dict[int, str]
    live: dict[int, str | None]
    picks: list[tuple[int, str, str]]
    count: int | None = None
    recount: dict[tuple[int, str, str], int] = field(default_factory=dict)

    @property
    def markets(self) -> dict[str, str]:
        return {"WIN": f"1.{self.number}1", "PLACE": f"1.{self.number}2"}

    def count_for(self, pick: tuple[int, str, str]) -> int:
        return self.recount.get(pick, len(self.captured) if self.count is None else self.count)

    def ref(self, pick: tuple[int, str, str]) -> str:
        return f"{self.number}-{pick[0]}-{pick[1]}-{pick[2]}"


def runners(count: int, **prices: str) -> dict[int, str]:
    """Captured prices: runner 1 to ``count``, 20.00 each but for those named ``r<number>``."""
    return {number: prices.get(f"r{number}", "20.00") for number in range(1, count + 1)}


def active(numbers: Iterable[int], **other: str | None) -> dict[int, str | None]:
    """Live statuses: ACTIVE but for those named ``r<number>``; an empty text is not listed at all."""
    statuses = {number: other.get(f"r{number}", "ACTIVE") for number in numbers}
    return {number: status for number, status in statuses.items() if status != ""}


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    with empty_database() as connection:
        connection.execute(TABLES)
        yield connection


@pytest.fixture(scope="module")
def policy(project_root: Path) -> PolicySet:
    return load_policy(project_root / "rules")


def fill(database: Any, races: Iterable[Race]) -> datetime:
    """Put the races into the tables; returns the database's time."""
    for table in ("selections", "market_state", "updated_price_data"):
        database.execute(f"TRUNCATE live_betting.{table}")
    now: datetime = database.execute("SELECT now()").fetchone()[0].astimezone(UTC)
    for race in races:
        for row in price_rows(race, now):
            insert(database, "updated_price_data", row)
        for pick in race.picks:
            insert(database, "selections", selection_row(race, pick, now))
            for row in capture_rows(race, pick, now):
                insert(database, "market_state", row)
    return now


def insert(database: Any, table: str, row: dict[str, object]) -> None:
    columns, marks = ", ".join(row), ", ".join(["%s"] * len(row))
    database.execute(f"INSERT INTO live_betting.{table} ({columns}) VALUES ({marks})", list(row.values()))  # noqa: S608


def off(now: datetime) -> datetime:
    return now + timedelta(hours=2)


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def race_columns(now: datetime) -> dict[str, object]:
    return {"race_time": naive(off(now)), "race_date": now.astimezone(ZoneInfo("Europe/London")).date()}


def selection_row(race: Race, pick: tuple[int, str, str], now: datetime) -> dict[str, object]:
    # As documented, unique_id knows the horse but neither side nor market.
    return race_columns(now) | {
        "unique_id": f"u{race.number}-{pick[0]}", "race_id": race.number, "horse_id": pick[0],
        "horse_name": f"h{pick[0]}",
        "selection_type": pick[1], "market_type": pick[2], "market_id": race.markets[pick[2]], "selection_id": pick[0],
        "requested_odds": Decimal("5.00"), "stake_points": 1, "valid": True, "customer_strategy_ref": race.ref(pick),
    }  # fmt: skip


def capture_rows(race: Race, pick: tuple[int, str, str], now: datetime) -> list[dict[str, object]]:
    return [
        race_columns(now) | {
            "selection_id": number, "back_price_win": Decimal(price), "race_id": race.number,
            "market_id_win": race.markets["WIN"], "market_id_place": race.markets["PLACE"],
            "number_of_runners": race.count_for(pick), "created_at": naive(now - timedelta(hours=5)),
            "unique_id": f"u{race.number}-{pick[0]}", "bet_selection_id": pick[0], "bet_type": pick[1],
            "market_type": pick[2],
        }
        for number, price in race.captured.items()
    ]  # fmt: skip


def price_rows(race: Race, now: datetime) -> list[dict[str, object]]:
    rows = []
    for number, status in race.live.items():
        row = {
            "selection_id": number, "status": status, "market_id_win": race.markets["WIN"],
            "market_id_place": race.markets["PLACE"], "created_at": naive(now), "course": "Ascot",
            "back_price_1_win": Decimal("5.10"), "lay_price_1_win": Decimal("5.30"),
        }  # fmt: skip
        # An older row of the same runner that says the opposite must not count.
        stale = {
            "status": "REMOVED" if status == "ACTIVE" else "ACTIVE",
            "created_at": naive(now - timedelta(minutes=9)),
        }
        rows += [race_columns(now) | row | stale, race_columns(now) | row]
    return rows


def snapshot_of(races: Iterable[Race], now: datetime) -> Snapshot:
    """The same races as the engine reads them: open markets, every removal after the capture."""
    captured_at = now - timedelta(hours=5)
    selections, reference, markets, live = [], [], [], []
    for race in races:
        race_id = str(race.number)
        for market_type, market_id in race.markets.items():
            kind = MarketType(market_type)
            status_and_play = (MarketStatus.OPEN, False)
            markets.append(Market(market_id, race_id, kind, *status_and_play, 1, 3, now, "Ascot"))
            for number, status in race.live.items():
                removed_at = now - timedelta(hours=1) if status == "REMOVED" else None
                known = RunnerStatus(status) if status else None
                live.append(Runner(market_id, number, None, known, None, None, None, None, None, None, removed_at))
        for pick in race.picks:
            number, side, market_type = pick
            selections.append(
                Selection(
                    race.ref(pick), race_id, off(now), race.markets[market_type], MarketType(market_type), number, None,
                    Side(side), Decimal("5.00"), Decimal(1), race.ref(pick), True, None, False,  # noqa: FBT003
                )
            )  # fmt: skip
            reference += [
                ReferenceRunner(
                    race.ref(pick), race_id, captured_at, race.count_for(pick), one, None, RunnerStatus.ACTIVE,
                    Decimal(price),
                )
                for one, price in race.captured.items()
            ]  # fmt: skip
    return Snapshot(now, tuple(selections), tuple(reference), tuple(markets), tuple(live), ())


def in_postgres(database: Any, policy: PolicySet) -> list[tuple[Any, ...]]:
    database.execute(postgres_views(policy))
    return list(
        database.execute(
            "SELECT customer_strategy_ref, computed_valid, computed_rule, "
            "CASE WHEN computed_valid IS NULL THEN computed_hold_reason ELSE computed_invalidated_reason END "
            "FROM live_betting.v_valid_pending_bets ORDER BY 1"
        ).fetchall()
    )


def in_engine(policy: PolicySet, races: Iterable[Race], now: datetime) -> list[tuple[Any, ...]]:
    valid = {"keep": True, "invalidate": False, "hold": None}
    plan = evaluate(policy, snapshot_of(races, now), protections=False)
    return sorted((one.selection.selection_ref, valid[one.verdict], one.rule, one.reason) for one in plan)


WIN, PLACE = (1, "BACK", "WIN"), (1, "BACK", "PLACE")
LAY_PLACE, OTHER = (1, "LAY", "PLACE"), (2, "BACK", "PLACE")

CASES: dict[str, tuple[Race, dict[tuple[int, str, str], bool | None]]] = {
    "eight became seven": (
        Race(10, runners(8), active(range(1, 9), r8="REMOVED"), [WIN, PLACE]),
        {WIN: True, PLACE: False},
    ),
    "eight stay eight": (Race(11, runners(8), active(range(1, 9)), [PLACE]), {PLACE: True}),
    "two picks do not make fourteen": (
        Race(12, runners(8), active(range(1, 9), r8="REMOVED"), [PLACE, OTHER]),
        {PLACE: False, OTHER: False},
    ),
    "a fancied runner is out": (
        Race(13, runners(10, r9="11.99"), active(range(1, 11), r9="REMOVED"), [WIN, PLACE]),
        {WIN: False, PLACE: False},
    ),
    "twelve is not under twelve": (
        Race(14, runners(10, r9="12.00"), active(range(1, 11), r9="REMOVED"), [WIN]),
        {WIN: True},
    ),
    "a lay does not mind": (
        Race(15, runners(10, r9="3.00"), active(range(1, 11), r9="REMOVED"), [LAY_PLACE, WIN]),
        {LAY_PLACE: True, WIN: False},
    ),
    "our own runner is out": (Race(16, runners(10), active(range(1, 11), r1="REMOVED"), [WIN]), {WIN: False}),
    "nobody says what became of our own": (
        Race(17, runners(10), active(range(1, 11), r1="HIDDEN"), [WIN]),
        {WIN: None},
    ),
    "seven or eight, nobody knows": (Race(18, runners(8), active(range(1, 9), r8="HIDDEN"), [PLACE]), {PLACE: None}),
    "listed no more": (Race(19, runners(8), active(range(1, 9), r8=""), [PLACE]), {PLACE: None}),
    "a runner that was not captured is out": (
        Race(20, runners(9), active(range(1, 11), r10="REMOVED"), [WIN, LAY_PLACE]),
        {WIN: None, LAY_PLACE: True},
    ),
    "one horse, two captures": (
        Race(21, runners(8), active(range(1, 9), r8="REMOVED"), [PLACE, LAY_PLACE], recount={LAY_PLACE: 7}),
        {PLACE: False, LAY_PLACE: True},
    ),
    "no prices at all": (Race(22, runners(8), {}, [WIN]), {WIN: None}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_decided_as_written_and_as_the_engine_does(database: Any, policy: PolicySet, name: str) -> None:
    race, expected = CASES[name]
    now = fill(database, [race])
    decided = in_postgres(database, policy)
    assert {ref: valid for ref, valid, *_ in decided} == {race.ref(pick): valid for pick, valid in expected.items()}
    assert decided == in_engine(policy, [race], now)


def random_race(number: int, chance: random.Random) -> Race:
    captured = {runner: chance.choice(["11.99", "12.00", "20.00"]) for runner in range(1, chance.randint(6, 10))}
    listed = [runner for runner in range(1, 11) if chance.random() < 0.95]
    usual = chance.random() < 0.5
    statuses = ["ACTIVE"] * 9 + ["REMOVED"] + ([] if usual else ["HIDDEN", None])
    live = {runner: chance.choice(statuses) for runner in listed if runner in captured or chance.random() < 0.1}
    sides = [(side, market) for side in ("BACK", "LAY") for market in ("WIN", "PLACE")]
    picks = [(chance.choice(list(captured)), *side) for side in chance.sample(sides, chance.randint(1, 4))]
    recount = {pick: chance.randint(6, 9) for pick in picks if chance.random() < 0.3}
    return Race(number, captured, live, picks, recount=recount)


def test_made_up_races_are_decided_as_the_engine_does(database: Any, policy: PolicySet) -> None:
    chance = random.Random(20260502)  # noqa: S311 - the same races in every run
    races = [random_race(number, chance) for number in range(100, 250)]
    now = fill(database, races)
    decided = in_postgres(database, policy)
    assert decided == in_engine(policy, races, now)
    # The comparison says something only if every verdict and every reason occurs.
    reasons = Counter(reason for *_, reason in decided)
    assert {"Invalid Runner Removed", "Invalid Short Price Removed", "Invalid 8 to 7 Place", None} <= set(reasons)
    assert any(str(reason).startswith("Missing: ") for reason in reasons)


def test_views_by_race(database: Any, policy: PolicySet) -> None:
    races = [CASES[name][0] for name in ("two picks do not make fourteen", "a fancied runner is out", "listed no more")]
    fill(database, races)
    database.execute(postgres_views(policy))

    def rows(view: str) -> list[Any]:
        return list(database.execute(f"SELECT * FROM live_betting.{view} ORDER BY race_id").fetchall())  # noqa: S608

    assert rows("v_active_runner_count") == [(12, "1.121", 7, 8, 7), (13, "1.131", 9, 10, 9), (19, "1.191", 7, 8, 8)]
    assert rows("v_short_price_removals") == [(13, "1.131", True)]
    assert rows("v_eight_to_seven_races") == [(12, "1.121", 8, 7, True)]


def test_a_runner_is_out_as_soon_as_one_market_says_so(database: Any, policy: PolicySet) -> None:
    """A row of prices for each market of the race, and only one of them knows of the withdrawal."""
    fill(database, [Race(41, runners(8, r8="9.00"), active(range(1, 9)), [WIN, PLACE, LAY_PLACE])])
    database.execute(
        "INSERT INTO live_betting.updated_price_data (selection_id, created_at, race_time, status, market_id_place) "
        "SELECT selection_id, created_at, race_time, CASE selection_id WHEN 8 THEN 'REMOVED' ELSE status END, "
        "market_id_place FROM live_betting.updated_price_data WHERE status = 'ACTIVE'"
    )
    database.execute(
        "UPDATE live_betting.updated_price_data SET market_id_place = NULL WHERE market_id_win IS NOT NULL"
    )
    assert {ref: reason for ref, _, _, reason in in_postgres(database, policy)} == {
        "41-1-BACK-WIN": "Invalid Short Price Removed",
        "41-1-BACK-PLACE": "Invalid Short Price Removed",
        "41-1-LAY-PLACE": "Invalid 8 to 7 Place",
    }


def test_views_leave_out_other_days_past_races_and_stored_invalidations(database: Any, policy: PolicySet) -> None:
    races = [Race(number, runners(8), active(range(1, 9)), [WIN]) for number in (30, 31, 32, 33)]
    fill(database, races)
    database.execute("UPDATE live_betting.selections SET race_date = race_date - 1 WHERE race_id = 30")
    database.execute("UPDATE live_betting.selections SET race_time = now() AT TIME ZONE 'UTC' WHERE race_id = 31")
    database.execute("UPDATE live_betting.selections SET valid = FALSE WHERE race_id = 32")
    database.execute("UPDATE live_betting.selections SET valid = NULL WHERE race_id = 33")
    assert [row[0] for row in in_postgres(database, policy)] == ["33-1-BACK-WIN"]


def edited(project_root: Path, tmp_path: Path, *edits: tuple[str, str]) -> PolicySet:
    """The shipped policy with other words in its validation rules."""
    for path in policy_files(project_root / "rules"):
        text = path.read_text()
        if path.stem == "validation":
            for before, after in edits:
                assert before in text
                text = text.replace(before, after)
        (tmp_path / path.name).write_text(text)
    return load_files(policy_files(tmp_path), complete=True).policy_set()


def test_a_threshold_in_the_yaml_is_the_views_threshold(
    database: Any,
    policy: PolicySet,
    project_root: Path,
    tmp_path: Path,
) -> None:
    other = edited(project_root, tmp_path, ("op: lt, value: 12}", "op: lt, value: 15}"))
    race = Race(40, runners(10, r9="14.00"), active(range(1, 11), r9="REMOVED"), [WIN])
    now = fill(database, [race])
    assert [row[1] for row in in_postgres(database, policy)] == [True]
    assert (
        in_postgres(database, other)
        == in_engine(other, [race], now)
        == [("40-1-BACK-WIN", False, "short-price-removed", "Invalid Short Price Removed")]
    )


def test_every_kind_of_fact_is_decided_as_the_engine_does(
    database: Any,
    project_root: Path,
    tmp_path: Path,
) -> None:
    facts = """facts:
  cheapest_left:
    min: runner.reference_price
    where: {field: runner.status, op: eq, value: ACTIVE}
  dearest_out:
    max: runner.reference_price
    where: {field: runner.status, op: eq, value: REMOVED}
  anybody_out:
    any: runners
    where: {not: {field: runner.status, op: eq, value: ACTIVE}}
"""
    rules = """rules:
  - id: number-three-out
    title: Number three is out
    why: A test.
    applies_to: {market_type: [WIN]}
    when: {field: fact.short_priced_removed, op: contains, value: 3}
    then: {hold: Three out}
    on_missing: pass
  - id: cheap-one-left
    title: The favourite is short
    why: A test.
    when: {field: fact.cheapest_left, op: between, value: [11, 11.99]}
    applies_to: {side: [LAY]}
    then: {invalidate: Too short}
    on_missing: pass
  - id: somebody-out
    title: Somebody cheap is out
    why: A test.
    when:
      any:
        - {all: [{field: fact.anybody_out, op: is_true}, {field: fact.active_runners, op: in, value: [6, 7]}]}
        - {field: fact.dearest_out, op: is_missing}
    then: {invalidate: Somebody out}
    on_missing: pass
"""
    other = edited(project_root, tmp_path, ("facts:\n", facts), ("rules:\n", rules))
    chance = random.Random(7)  # noqa: S311 - the same races in every run
    races = [random_race(number, chance) for number in range(300, 600)]
    now = fill(database, races)
    decided = in_postgres(database, other)
    assert decided == in_engine(other, races, now)
    assert {"Too short", "Three out", "Somebody out"} <= {row[3] for row in decided}


def test_rules_that_the_tables_cannot_tell_are_named(policy: PolicySet) -> None:
    script = postgres_views(policy)
    assert "Rule market-open is not among them: the tables do not hold market.status, market.in_play." in script
    assert "removed_at" in script
    assert all(f"CREATE VIEW live_betting.{view} AS" in script for view in VIEWS)


def test_a_view_without_its_rule_is_left_out_loudly(project_root: Path, tmp_path: Path) -> None:
    other = edited(project_root, tmp_path, ("Invalid 8 to 7 Place", "Too few"))
    script = postgres_views(other)
    assert "-- v_eight_to_seven_races is left out" in script
    assert "CREATE VIEW live_betting.v_eight_to_seven_races" not in script
    assert "DROP VIEW IF EXISTS live_betting.v_eight_to_seven_races" in script
    assert "NULL::boolean AS eight_to_seven_runners" in script
