"""Tracked bets: one user's statistics over 100,000 bets, a list of them, results written; on SQLite and on MongoDB."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import pymongo
from sqlalchemy import create_engine, insert

from benchmarks.measure import Timing
from benchmarks.report import Goal, Section, ms, table
from policytrader.adapters.mongo.documents import bet_document
from policytrader.adapters.mongo.schema import BETS
from policytrader.adapters.mongo.store import open_mongo_bets
from policytrader.adapters.sql.bet_rows import bet_row
from policytrader.adapters.sql.bet_store import open_sqlite_bets
from policytrader.adapters.sql.bet_tables import bets as bets_table
from policytrader.app.tracking.user_stats import user_stats
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType, By, HistoryEntry, TrackedBet
from policytrader.ports.bet_store import Owner
from tests.mongo_server import NoMongoError, empty_database, mongo_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policytrader.ports.bet_store import BetStore

OWNER = Owner(user_id=1, bot_type=BotType.PLAYER)
BETS_WANTED, WANTED_MS = 100_000, 200.0
_START = datetime(2026, 1, 1, tzinfo=UTC)
_FIXTURES, _RESULTS, _PAGE, _LESS = 200, 200, 2_000, 20
_STATUSES = tuple(Outcome)


def measure_bet_store(count: int = BETS_WANTED, times: int = 7) -> Section:
    """Each store gets ``count`` bets of one user, put there at once, and is then asked through its port."""
    rows, data, goals = [], {}, []
    notes: list[str] = []
    for name, fill, size in _stores(count, notes):
        with ExitStack() as stack:
            store = fill(stack, size)
            found = _measured(store, times)
            store.close()
        data[name] = {"bets": size} | {what: timing.to_dict() for what, timing in found.items()}
        rows.append([f"{name}, {size:,} bets", *(ms(timing.p50) for timing in found.values())])
        if name == "SQLite":
            for what, timing in (("", found["statistics"]), (", as get_user_stats()", found["plain_call"])):
                goals.append(
                    Goal(f"statistics over {count:,} bets of one user, {name}{what}", timing.p50, WANTED_MS, "ms")
                )
    head = ["p50 in ms", "statistics", "get_user_stats()", "and its bets", "newest 100", f"{_RESULTS} results"]
    return Section("Tracked bets of one user", table(head, rows), data, tuple(goals), tuple(notes))


def _stores(count: int, notes: list[str]) -> Iterator[tuple[str, Callable[[ExitStack, int], BetStore], int]]:
    yield "SQLite", _filled_sqlite, count
    with ExitStack() as stack:
        try:
            address, name = stack.enter_context(mongo_address())
        except NoMongoError as error:
            notes.append(f"MongoDB was not measured: {error}.")
            return
        if "secantus" in name:
            count //= _LESS
            notes.append("SecantusDB is MongoDB's protocol in Python: fewer bets here, and no figures of a mongod.")
        yield name, lambda inner, size: _filled_mongo(inner, size, address), count


def _filled_sqlite(stack: ExitStack, count: int) -> BetStore:
    file = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "bets.db"
    store = open_sqlite_bets(file)
    assert store.owners() == ()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        for page in _pages(count):
            connection.execute(insert(bets_table), [bet_row(bet) for bet in page])
    engine.dispose()
    return store


def _filled_mongo(stack: ExitStack, count: int, address: str) -> BetStore:
    database = stack.enter_context(empty_database(address))
    store = open_mongo_bets(address, database)
    assert store.owners() == ()
    with pymongo.MongoClient[Any](address) as client:
        for page in _pages(count):
            client[database][BETS].insert_many([bet_document(bet) for bet in page], ordered=False)
    return store


def _measured(store: BetStore, times: int) -> dict[str, Timing]:
    assert sum(one.count for one in store.totals(OWNER)) > 0
    return {
        "statistics": _timed(lambda: store.totals(OWNER), times),
        "plain_call": _timed(lambda: user_stats(store, OWNER), times),
        "all": _timed(lambda: user_stats(store, OWNER)["bets"], 1),
        "newest": _timed(lambda: list(store.bets(OWNER, limit=100)), times),
        "results": _timed(lambda: _settle(store), min(times, 3)),
    }


def _settle(store: BetStore) -> None:
    """What the grading of a round writes."""
    steps = []
    for bet in islice(store.pending(OWNER), _RESULTS):
        changed = replace(bet, version=bet.version + 1, status=Outcome.WON, returns=Decimal("21.00"))
        steps.append((changed, _told(changed)))
    assert all(store.replace_all(steps))


def _timed(work: Callable[[], object], times: int) -> Timing:
    wall, cpu = [], []
    for _ in range(times):
        began, began_cpu = perf_counter(), process_time()
        work()
        wall.append((perf_counter() - began) * 1000)
        cpu.append((process_time() - began_cpu) * 1000)
    return Timing(tuple(wall), tuple(cpu))


def _pages(count: int) -> Iterator[list[TrackedBet]]:
    for start in range(0, count, _PAGE):
        yield [_bet(number) for number in range(start, min(start + _PAGE, count))]


def _bet(number: int) -> TrackedBet:
    return TrackedBet(
        bet_id=f"b{number:07}",
        user_id=OWNER.user_id,
        bot_type=OWNER.bot_type,
        tracked_at=_START + timedelta(minutes=number),
        market="Player Shots On Target",
        odds=Decimal("2.10"),
        actual_stake=Decimal("10.50"),
        unit_size=Decimal(3),
        player_name="Mohamed Salah",
        match="Liverpool vs Man City",
        kickoff_at=_START + timedelta(days=1),
        threshold=Decimal("1.5"),
        market_direction="over",
        bookmaker="Bet365",
        status=_STATUSES[number % len(_STATUSES)],
        returns=Decimal("12.34"),
        fixture_id=str(number % _FIXTURES),
        dedup_key=str(number),
    )


def _told(bet: TrackedBet) -> HistoryEntry:
    return HistoryEntry(
        bet_id=bet.bet_id,
        user_id=bet.user_id,
        version=bet.version,
        at=_START,
        by=By.GRADER,
        reason=Reason.LINE,
        from_status=Outcome.PENDING,
        to_status=bet.status,
    )


if __name__ == "__main__":
    print(measure_bet_store().render())
