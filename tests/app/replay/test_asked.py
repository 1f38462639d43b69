"""The statement is asked again only where its answer may be another one; whoever remembers says what it would say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from policytrader import load_policy
from policytrader.app.replay.asked import AskedRows
from policytrader.engine.compile import FIXED_COLUMNS, Outcome
from policytrader.engine.evaluate import Engine
from policytrader.model.money import MINIMUM_SIZES, floor_to_penny
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.resources import resource
from policytrader.wiring import read_snapshot
from tests.oracle.policies import random_policy
from tests.oracle.snapshots import STORED_REASONS, random_snapshot
from tests.oracle.written import policy_files, write

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.snapshot import Selection, Snapshot
    from policytrader.policy.policy_set import PolicySet
    from tests.policy_edits import Edited

pytestmark = pytest.mark.engine

POLICIES, STEPS = 12, 30
READ = [FIXED_COLUMNS.index(name) for name in ("judgement", "outcome", "exposure", "matched", "value", "trigger")]
"""What a decision on a pick that is not valid any more reads of its row."""
OUTCOME = FIXED_COLUMNS.index("outcome")


class Watched(AskedRows):
    """Counts what DuckDB is asked for."""

    asked = 0

    def _opened(self) -> Engine:
        self.asked += 1
        return super()._opened()


def watched(policy: PolicySet) -> Watched:
    return Watched(policy, MINIMUM_SIZES["GBP"])


def refs_of(snapshot: Snapshot) -> list[str]:
    return [one.selection_ref for one in snapshot.selections]


def read(row: Sequence[Any]) -> list[Any]:
    return [row[place] for place in READ]


def over(rng: Random, snapshot: Snapshot) -> Snapshot:
    """All picks are stored as invalid."""
    picks = (one._replace(valid=False, invalidated_reason=rng.choice(STORED_REASONS)) for one in snapshot.selections)
    return replace(snapshot, selections=tuple(picks))


def changed(rng: Random, snapshot: Snapshot) -> Snapshot:
    """One thing is another one: a price, mostly, as in a market."""
    tables = ["runners"] * 6 + [name for name in ("markets", "orders", "selections") if getattr(snapshot, name)]
    name = rng.choice(tables if snapshot.runners else tables[6:] or ["selections"])
    rows = list(getattr(snapshot, name))
    place = rng.randrange(len(rows))
    one = rows[place]
    match name:
        case "runners" if rng.random() < 0.9:
            rows[place] = one._replace(
                best_back=rng.choice((None, Decimal(3), Decimal("4.2"))), last_traded=rng.choice((None, Decimal(3)))
            )
        case "runners":
            rows[place] = one._replace(status=rng.choice(list(RunnerStatus)))
        case "markets":
            rows[place] = one._replace(status=rng.choice(list(MarketStatus)), in_play=rng.random() < 0.3)
        case "orders" if rng.random() < 0.3:
            del rows[place]
        case "orders":
            matched = rng.choice((Decimal(0), floor_to_penny(one.size / 2), one.size))
            rows[place] = one._replace(
                size_matched=matched, average_price_matched=one.price, size_remaining=one.size - matched
            )
        case _:
            rows[place] = one._replace(
                invalidated_reason=rng.choice(STORED_REASONS),
                closed=rng.random() < 0.2,
                stake_points=rng.choice((Decimal(1), Decimal("0.5"))),
            )
    parts: dict[str, Any] = {"now": snapshot.now + timedelta(seconds=15), name: tuple(rows)}
    return replace(snapshot, **parts)


def policies(folder: Path) -> list[PolicySet]:
    made = [load_policy(resource("rules"))]
    for number in range(POLICIES):
        rng = Random(f"asked-{number}")  # noqa: S311 - repeatable, not secret
        made.append(load_policy(write(policy_files(random_policy(rng, is_calm=True)), folder / "policy")))
    return made


def test_what_is_remembered_is_what_would_be_answered(tmp_path: Path) -> None:
    asked = steps = 0
    for number, policy in enumerate(policies(tmp_path)):
        rng = Random(f"steps-{number}")  # noqa: S311 - repeatable, not secret
        snapshot = over(rng, random_snapshot(rng, is_calm=True))
        rows = watched(policy)
        with Engine(policy, protections=False) as engine:
            for _ in range(STEPS):
                found = rows.rows(snapshot, refs_of(snapshot))
                for pick, row in engine.rows(snapshot):
                    assert read(found[pick.selection_ref]) == read(row), (number, pick)
                snapshot = changed(rng, snapshot)
        asked, steps = asked + rows.asked, steps + STEPS
        rows.close()
    assert steps / 10 < asked < steps * 0.9


Change = Callable[[Any], Any]


@pytest.mark.parametrize(
    ("table", "change", "outcome"),
    [
        ("markets", lambda one: one._replace(status=MarketStatus.SUSPENDED), Outcome.CASH_OUT_WAITS),
        ("markets", lambda one: one._replace(in_play=True), Outcome.CASH_OUT_WAITS),
        ("runners", lambda one: one._replace(status=RunnerStatus.HIDDEN), Outcome.CASH_OUT_WAITS),
        ("runners", lambda one: one._replace(status=RunnerStatus.REMOVED), Outcome.INVALID),
        ("orders", lambda one: one._replace(size_matched=Decimal(0), average_price_matched=None), Outcome.INVALID),
        ("selections", lambda one: one._replace(invalidated_reason="Invalid Runner Removed"), Outcome.INVALID),
        ("selections", lambda one: one._replace(closed=True), Outcome.CLOSED),
    ],
)
def test_whatever_else_changes_is_asked_about(
    table: str, change: Change, outcome: Outcome, project_root: Path, edited: Edited
) -> None:
    """A backed runner whose favourite is gone, and whose bet waits to be closed."""
    before = read_snapshot(project_root / "golden/racing/25-cash-out-of-a-back")
    (gone,) = (one for one in before.selections if one.selection_ref == "loss")
    gone = gone._replace(valid=False, invalidated_reason="Invalid Short Price Removed")
    before = replace(before, selections=(gone,))
    parts: dict[str, Any] = {table: tuple(map(change, getattr(before, table)))}
    rows = watched(edited())
    found = [rows.rows(one, ["loss"])["loss"][OUTCOME] for one in (before, replace(before, **parts), before)]
    assert found == [Outcome.CASH_OUT, outcome, Outcome.CASH_OUT]


def prices_of(snapshot: Snapshot, price: str) -> Snapshot:
    rows = tuple(one._replace(best_back=Decimal(price), last_traded=Decimal(price)) for one in snapshot.runners)
    return replace(snapshot, now=snapshot.now + timedelta(seconds=15), runners=rows)


@pytest.fixture
def snapshot() -> Snapshot:
    rng = Random(1)  # noqa: S311 - repeatable, not secret
    return over(rng, random_snapshot(rng, is_calm=True))


def test_other_prices_are_not_asked_about(snapshot: Snapshot, edited: Edited) -> None:
    rows = watched(edited())
    for price in ("3", "4", "5"):
        rows.rows(prices_of(snapshot, price), refs_of(snapshot))
    assert rows.asked == 1
    rows.forget()
    rows.rows(snapshot, refs_of(snapshot))
    assert rows.asked == 2


def test_a_valid_pick_is_asked_about_each_time(snapshot: Snapshot, edited: Edited) -> None:
    valid: tuple[Selection, ...] = tuple(
        one._replace(valid=True, invalidated_reason=None) for one in snapshot.selections
    )
    rows = watched(edited())
    for price in ("3", "4"):
        rows.rows(replace(prices_of(snapshot, price), selections=valid), refs_of(snapshot))
    assert rows.asked == 2


@pytest.mark.parametrize(
    "leaf",
    [
        "{field: runner.best_lay, op: lt, value: 20}",
        "{field: selection.time_to_off, op: gt, value: 1m}",
        "{field: runner.best_back, op: gt, other: selection.price_requested}",
    ],
)
def test_a_trigger_that_reads_prices_or_time_is_asked_each_time(leaf: str, snapshot: Snapshot, edited: Edited) -> None:
    closed = "        - {field: position.closed, op: is_false}\n"
    rows = watched(edited(("cash_out", closed, f"{closed}        - {leaf}\n")))
    for price in ("3", "4"):
        rows.rows(prices_of(snapshot, price), refs_of(snapshot))
    assert rows.asked == 2
