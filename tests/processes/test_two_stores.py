"""The same day on SQLite and on PostgreSQL: the daemon as a process, equal orders, equal results, every promise kept.

The exchange stands still while a tick runs (``--clock step``), so that nothing depends on how fast a store is.
``POLICYTRADER_SHOW=1`` prints the table; ``POLICYTRADER_BIG_DAY=1`` takes a day of 60 races and 200 picks.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections import Counter, defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.model.journal import Purpose
from policytrader.model.position import risk_of
from policytrader.model.times import LONDON
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.race_plan import LaterStart
from tests.cli.served_days import served_day
from tests.postgres import empty_database
from tests.processes.daemons import Daemon, Daemons, edit_rules, started_daemons, wait_until
from tests.processes.promises import Counted, balance_of, count_promises, step_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from policytrader.model.journal import JournalEntry
    from policytrader.model.records import StoredSelection

pytestmark = pytest.mark.slow

STEPPED = ("run", "--live", "--arm-file", "arm", "--clock", "step", "--log-json", "--json")
BY_CHANCE = ("ref", "customer_order_ref", "bet_id", "epoch", "decision_id", "snapshot_hash")
"""What two runs of one day may not share: references are drawn, and snapshots and decisions name them."""


@dataclass(frozen=True)
class Size:
    """Which day, and how large; ``points`` None leaves the sample's stakes, and the shipped limits."""

    seed: int
    races: int
    picks: int
    points: str | None
    patience_seconds: float


SMALL, BIG = Size(5, 6, 24, None, 600), Size(7, 60, 200, "1", 5400)
"""In both, offs are put back."""
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
            traded(one, process, balance, took, size)
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
    with served_day(folder, races=size.races, seed=size.seed) as day, started_daemons(day, store) as daemons:
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


def traded(daemons: Daemons, process: Daemon, balance: Decimal, seconds: float, size: Size) -> Traded:
    code, out = process.finish()
    assert code == 0, process.told()
    day = daemons.day.server.host.now().astimezone(LONDON).date()
    orders = [
        {name: value for name, value in order.items() if name not in BY_CHANCE}
        for order in daemons.ask("orders")["orders"]
    ]
    counted = count_promises(daemons, balance)
    with daemons.opened() as store:
        counted.over_cap = over_step(store.intents(day), store.selections(day), daemons.day.folder, size)
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
        counted=counted,
        picks=picks,
    )


def over_step(
    intents: Iterable[JournalEntry], stored: Iterable[StoredSelection], folder: Path, size: Size
) -> list[str]:
    """Orders that took a pick over its step or its cap, by the off as the exchange listed it at that moment.

    The pick's own off is the last one: of a race that was put back it says less than was allowed then.
    """
    offs = Offs.of(size.seed, size.races)
    picks = {pick.selection.selection_ref: pick.selection for pick in stored}
    staking = load_policy(folder / "rules").staking
    held: dict[str, Decimal] = defaultdict(Decimal)
    found = []
    for entry in sorted(intents, key=lambda one: one.intent.created_at):
        intent = entry.intent
        if intent.purpose is not Purpose.OPENING:
            continue
        pick = picks[intent.selection_ref]
        ladder = staking.ladder_for(intent.side, pick.market_type)
        left = offs.listed(intent.market_id, intent.created_at) - intent.created_at
        most = min(step_amount(ladder, intent.side, left), ladder.limits.amount(intent.side)) * pick.stake_points
        before = held[intent.selection_ref]
        if before + risk_of(intent.side, intent.price, intent.size) > most:
            found.append(f"{intent.ref} on {intent.selection_ref}: {before} and this, of {most}")
        if entry.sizes is not None and entry.sizes.matched:
            average = entry.sizes.average_price_matched or intent.price
            held[intent.selection_ref] += risk_of(intent.side, average, entry.sizes.matched)
    return found


@dataclass(frozen=True)
class Offs:
    """Each market's off in the morning, and what it was put back to, and when."""

    first: dict[str, datetime]
    later: dict[str, list[tuple[datetime, datetime]]]

    @classmethod
    def of(cls, seed: int, races: int) -> Offs:
        day = generate_race_day(seed, races)
        first, later = {}, {}
        for race in day.races:
            for market in (race.win, race.place):
                first[market.market_id] = race.start
                later[market.market_id] = [
                    (day.now + timedelta(milliseconds=act.at), day.now + timedelta(milliseconds=act.start))
                    for act in race.plan.acts
                    if isinstance(act, LaterStart)
                ]
        return cls(first, later)

    def listed(self, market_id: str, at: datetime) -> datetime:
        moved = [off for since, off in self.later[market_id] if since <= at]
        return moved[-1] if moved else self.first[market_id]


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
        ("failures / ticks skipped", stumbles(sqlite), stumbles(postgres)),
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


def stumbles(day: Traded) -> str:
    return f"{day.ended['failures']} / {day.ended['skipped']}"
