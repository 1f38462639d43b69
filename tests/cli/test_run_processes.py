"""The daemon as processes, against an exchange whose time runs: two at once, killed in mid-day, on both stores."""

from __future__ import annotations

import signal
from collections import defaultdict
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.adapters.clocks import rest
from policytrader.model.snapshot import MarketType, Side
from policytrader.wiring import open_store
from tests.cli.served_days import ServedDay, served_day
from tests.postgres import empty_database

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

SPEED, SLOW = 300.0, 60.0
"""Simulated seconds a second: slow while a test waits for orders, so that a busy machine misses none of them."""
KILLS = 3
PATIENCE_SECONDS = 180
LIVE = ("run", "--live", "--arm-file", "arm")


@pytest.fixture
def day(tmp_path: Path) -> Iterator[ServedDay]:
    with served_day(tmp_path, after=timedelta(hours=1)) as made:
        yield made


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out


def check_promises(day: ServedDay, orders: list[dict[str, Any]], selections: list[dict[str, Any]]) -> None:
    """No order without an intent, no intent twice, nothing over its cap, each order's fate known."""
    by_ref = {order["ref"]: order for order in orders}
    at_exchange = [one["customerOrderRef"] for one in day.orders()]
    assert len(at_exchange) == len(set(at_exchange)) > 0
    assert set(at_exchange) <= set(by_ref)
    assert {order["state"] for order in orders} <= {"done", "dead"}
    picks = {pick["selection_ref"]: pick for pick in selections}
    policy = load_policy(day.folder / "rules")
    held: dict[str, Decimal] = defaultdict(Decimal)
    for one in day.orders():
        order = by_ref[one["customerOrderRef"]]
        if order["purpose"] == "opening":
            price = Decimal(str(one["averagePriceMatched"]))
            size = Decimal(str(one["sizeMatched"]))
            held[order["selection_ref"]] += size if order["side"] == "BACK" else size * max(Decimal(0), price - 1)
    for ref, amount in held.items():
        side, kind = Side(picks[ref]["side"]), MarketType(picks[ref]["market_type"])
        limit = policy.staking.ladder_for(side, kind).limits.amount(side)
        assert amount <= limit * Decimal(picks[ref]["stake_points"])


def wait_for_orders(day: ServedDay, more_than: int, rounds: int = 400) -> None:
    for _ in range(rounds):
        if len(day.orders()) > more_than:
            return
        rest(0.05)


def test_of_two_daemons_one_trades(day: ServedDay) -> None:
    day.ask("select", "import", "picks.csv")
    day.ask("activate")
    day.let_run(SLOW)
    both = [day.start(*LIVE) for _ in range(2)]
    wait_for_orders(day, 0)
    day.let_run(SPEED)
    ends = [finish(process) for process in both]
    assert [code for code, _ in ends] == [0, 0]
    orders = day.ask("orders")["orders"]
    check_promises(day, orders, day.ask("select", "list")["selections"])
    assert len({order["epoch"] for order in orders}) == 1
    assert sorted("0 orders" in out for _, out in ends) == [False, True]


def test_a_daemon_that_is_told_to_stop_leaves_nothing_open(day: ServedDay) -> None:
    day.ask("select", "import", "picks.csv")
    day.let_run(SLOW)
    process = day.start(*LIVE)
    wait_for_orders(day, 0)
    process.send_signal(signal.SIGTERM)
    code, out = finish(process)
    assert (code, out.startswith("PAPER  stopped")) == (0, True)
    assert {order["state"] for order in day.ask("orders")["orders"]} <= {"seen", "done", "dead"}


def killed_all_day(day: ServedDay, store: str | None) -> None:
    """Killed at moments that no test chose, again and again, soon after an order; the last one runs to the end."""
    day.ask("select", "import", "picks.csv", store=store)
    day.ask("activate", store=store)
    day.let_run(SLOW)
    for number in range(KILLS):
        process = day.start(*LIVE, store=store)
        wait_for_orders(day, len(day.orders()), rounds=400 if number == 0 else 80)
        rest(0.03 * number)
        process.kill()
        finish(process)
    day.let_run(SPEED)
    code, _ = finish(day.start(*LIVE, store=store))
    assert code == 0
    orders = day.ask("orders", store=store)["orders"]
    check_promises(day, orders, day.ask("select", "list", store=store)["selections"])
    assert day.ask("status", store=store)["leader"]["epoch"] > 1


def test_killed_in_mid_day_on_sqlite(day: ServedDay) -> None:
    killed_all_day(day, None)


def test_killed_in_mid_day_on_postgresql(day: ServedDay) -> None:
    with empty_database() as connection:
        info = connection.info
        place = f"postgresql://{info.user}@/{info.dbname}?host={info.host}"
        with closing(open_store(place)) as store:
            store.migrate()
        killed_all_day(day, place)
