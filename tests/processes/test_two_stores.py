"""The same day on SQLite and on PostgreSQL: the daemon as a process, equal orders, equal results, every promise kept.

The exchange stands still while a tick runs (``--clock step``), so that nothing depends on how fast a store is.
``POLICYTRADER_SHOW=1`` prints the table; ``POLICYTRADER_BIG_DAY=1`` takes a day of 60 races and 200 picks.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.times import LONDON
from tests.cli.served_days import served_day
from tests.postgres import empty_database
from tests.processes.daemons import Daemon, Daemons, edit_rules, started_daemons, wait_until
from tests.processes.promises import Counted, balance_of, count_promises

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SEED = 7
STEPPED = ("run", "--live", "--arm-file", "arm", "--clock", "step", "--log-json", "--json")
BY_CHANCE = ("ref", "customer_order_ref", "bet_id", "epoch", "decision_id", "snapshot_hash")
"""What two runs of one day may not share: references are drawn, and snapshots and decisions name them."""


@dataclass(frozen=True)
class Size:
    """How large a day is; ``points`` None leaves the sample's stakes, and the shipped limits."""

    races: int
    picks: int
    points: str | None
    patience_seconds: float


SMALL, BIG = Size(6, 24, None, 600), Size(60, 200, "1", 3600)
PACE = (('{from: "10:00", every: 2m}', '{from: "10:00", every: 4m}'),)
ROOM = (
    ("max_exposure_per_market: 500\n", "max_exposure_per_market: 5000\n"),
    ("max_exposure_per_day: 2000\n", "max_exposure_per_day: 100000\n"),
    ("max_daily_loss: 300 ", "max_daily_loss: 100000 "),
    ("max_orders_per_minute: 20 ", "max_orders_per_minute: 1000 "),
)
"""200 picks of a whole point each: the shipped limits are for a quieter day."""


@dataclass
class Traded:
    """One day on one store, when it is over."""

    ended: dict[str, Any]
    seconds: float
    orders: list[dict[str, Any]]
    results: list[tuple[Any, ...]]
    decisions: list[tuple[Any, ...]]
    counted: Counted
    picks: list[dict[str, str]]


def test_the_same_day_on_two_stores(tmp_path: Path) -> None:
    size = BIG if os.environ.get("POLICYTRADER_BIG_DAY") else SMALL
    with ExitStack() as stack:
        url = stack.enter_context(postgresql())
        both = [
            stack.enter_context(morning(tmp_path / name, size, store))
            for name, store in (("sqlite", None), ("postgresql", url))
        ]
        before = [balance_of(one) for one in both]
        begun = time.perf_counter()
        running = [one.start(*STEPPED) for one in both]
        seconds = ended_after(running, begun, size.patience_seconds)
        sqlite, postgres = (
            traded(one, process, balance, took)
            for one, process, balance, took in zip(both, running, before, seconds, strict=True)
        )
    show(size, sqlite, postgres)
    for day in (sqlite, postgres):
        assert day.counted.broken == {}
        assert day.counted.profit == day.counted.account
        assert day.counted.states == {"done": len(day.orders)}
        assert (day.ended["reason"], day.ended["failures"], day.ended["without_result"]) == ("day_over", 0, 0)
        assert len(day.results) == size.picks
        assert day.counted.hedges > 0, "a day without a cash-out shows too little"
        assert {kind for kind, matched in kinds(day).items() if matched} == {
            "BACK WIN", "BACK PLACE", "LAY WIN", "LAY PLACE",
        }  # fmt: skip
    assert sqlite.picks == postgres.picks
    assert sqlite.orders == postgres.orders
    assert sqlite.results == postgres.results
    assert sqlite.decisions == postgres.decisions
    assert sqlite.ended == postgres.ended


@contextmanager
def postgresql() -> Iterator[str]:
    with empty_database() as connection:
        info = connection.info
        yield f"postgresql://{info.user}@/{info.dbname}?host={info.host}"


@contextmanager
def morning(folder: Path, size: Size, store: str | None) -> Iterator[Daemons]:
    """A day of its own whose picks and rules are in the store."""
    folder.mkdir()
    with served_day(folder, races=size.races, seed=SEED) as day, started_daemons(day, store) as daemons:
        done = daemons.day.start("exchange", "picks", "--out", "picks.csv")
        assert done.wait(timeout=60) == 0
        assert done.stdout is not None
        done.stdout.close()
        shape_picks(folder / "picks.csv", size)
        edit_rules(folder, "schedule", *PACE)
        if size.points is not None:
            edit_rules(folder, "protection", *ROOM)
        daemons.open_day()
        yield daemons


def shape_picks(path: Path, size: Size) -> None:
    """As many as the day asks for, spread over all its markets, and with its stakes."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [
        row
        for number, row in enumerate(rows)
        if number * size.picks // len(rows) != (number - 1) * size.picks // len(rows)
    ]
    assert len(kept) == size.picks
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row | ({} if size.points is None else {"stake_points": size.points}) for row in kept)


def ended_after(running: list[Daemon], begun: float, patience_seconds: float) -> list[float]:
    """When each had ended, in seconds after the beginning."""
    took: dict[int, float] = {}

    def are_over() -> bool:
        for number, daemon in enumerate(running):
            if number not in took and not daemon.is_running:
                took[number] = time.perf_counter() - begun
        return len(took) == len(running)

    assert wait_until(are_over, patience_seconds), "\n".join(daemon.told() for daemon in running)
    return [took[number] for number in range(len(running))]


def traded(daemons: Daemons, process: Daemon, balance: Decimal, seconds: float) -> Traded:
    code, out = process.finish()
    assert code == 0, process.told()
    day = daemons.day.server.host.now().astimezone(LONDON).date()
    orders = [
        {name: value for name, value in order.items() if name not in BY_CHANCE}
        for order in daemons.ask("orders")["orders"]
    ]
    with daemons.opened() as store:
        results = [astuple(one) for one in store.live_results(day)]
        decisions = [(one.at, one.selection_ref, one.action, one.code) for one in store.logged_decisions(day=day)]
    with (daemons.day.folder / "picks.csv").open(encoding="utf-8", newline="") as file:
        picks = list(csv.DictReader(file))
    return Traded(
        ended=json.loads(out),
        seconds=seconds,
        orders=sorted(orders, key=lambda one: [str(value) for value in one.values()]),
        results=sorted(results, key=str),
        decisions=sorted(decisions, key=str),
        counted=count_promises(daemons, balance),
        picks=picks,
    )


def kinds(day: Traded) -> Counter[str]:
    """Opening orders of which something was matched, by what they bet on."""
    types = {(row["market_id"], row["selection_id"], row["side"]): row["market_type"] for row in day.picks}
    return Counter(
        f"{one['side']} {types[one['market_id'], str(one['selection_id']), one['side']]}"
        for one in day.orders
        if one["purpose"] == "opening" and Decimal(one["size_matched"])
    )


def show(size: Size, sqlite: Traded, postgres: Traded) -> None:
    if not os.environ.get("POLICYTRADER_SHOW"):
        return
    print(f"\nThe same day, two stores: {size.races} races, {2 * size.races} markets, {size.picks} picks")  # noqa: T201
    rows: list[tuple[str, object, object]] = [("", "SQLite", "PostgreSQL")]
    rows += [
        (name, one, other)
        for (name, one), (_, other) in zip(sqlite.counted.rows(), postgres.counted.rows(), strict=True)
    ]
    rows += [(kind, kinds(sqlite)[kind], kinds(postgres)[kind]) for kind in sorted(kinds(sqlite))]
    rows += [
        ("ticks", sqlite.ended["ticks"], postgres.ended["ticks"]),
        ("decisions in the log", len(sqlite.decisions), len(postgres.decisions)),
        ("seconds, both at once", f"{sqlite.seconds:.0f}", f"{postgres.seconds:.0f}"),
        (
            "orders that the other store has too",
            common(sqlite.orders, postgres.orders),
            common(postgres.orders, sqlite.orders),
        ),
        (
            "results that the other store has too",
            common(sqlite.results, postgres.results),
            common(postgres.results, sqlite.results),
        ),
        (
            "decisions that the other store has too",
            common(sqlite.decisions, postgres.decisions),
            common(postgres.decisions, sqlite.decisions),
        ),
    ]
    for name, one, other in rows:
        print(f"{name:<46} {one!s:>34} {other!s:>34}")  # noqa: T201


def common(own: list[Any], others: list[Any]) -> str:
    return f"{sum((Counter(map(str, own)) & Counter(map(str, others))).values())} of {len(own)}"
