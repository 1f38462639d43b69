"""What no rule can lift: asked of one pick that would be bet, with one thing wrong at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader import PolicySet, Snapshot, SnapshotError, evaluate, load_policy
from policytrader.app.made_up_race import first_snapshot
from policytrader.model.snapshot import MarketStatus, Order, OrderStatus, RunnerStatus, Side
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.engine

PICK = "blue-moon-win"


@pytest.fixture(scope="module")
def policy() -> PolicySet:
    """The shipped policy with a single validation rule, which never holds: nothing but protections can stop a bet."""
    shipped = load_policy(resource("rules"))
    (rule,) = (rule for rule in shipped.validation.rules if rule.id == "eight-to-seven-place")
    return replace(shipped, validation=shipped.validation.model_copy(update={"rules": (rule,)}))


@pytest.fixture
def snapshot() -> Snapshot:
    return first_snapshot()


def code(policy: PolicySet, snapshot: Snapshot) -> str:
    return evaluate(policy, snapshot)[PICK].code


def runner_with(snapshot: Snapshot, market_id: str, **changes: object) -> Snapshot:
    changed = (
        one._replace(**changes) if (one.market_id, one.selection_id) == (market_id, 11) else one  # type: ignore[arg-type]
        for one in snapshot.runners
    )
    return replace(snapshot, runners=tuple(changed))


def market_with(snapshot: Snapshot, **changes: object) -> Snapshot:
    markets = tuple(one._replace(**changes) for one in snapshot.markets)  # type: ignore[arg-type]
    return replace(snapshot, markets=markets)


def test_nothing_wrong(policy: PolicySet, snapshot: Snapshot) -> None:
    assert code(policy, snapshot) == "ladder"


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda one: market_with(one, status=MarketStatus.CLOSED), "market_open"),
        (lambda one: market_with(one, status=None), "market_open"),
        (lambda one: market_with(one, in_play=True), "market_open"),
        (lambda one: runner_with(one, "1.101", status=RunnerStatus.LOSER), "ladder"),
        (lambda one: runner_with(runner_with(one, "1.101", status=None), "1.102", status=None), "runner_active"),
        (lambda one: runner_with(one, "1.102", status=RunnerStatus.REMOVED), "runner_active"),
        (lambda one: runner_with(one, "1.101", best_back=Decimal("9.00")), "max_spread_ticks"),
        (lambda one: market_with(one, published_at=one.now + timedelta(seconds=6)), "max_price_age_seconds"),
        (lambda one: market_with(one, published_at=one.now + timedelta(seconds=5)), "ladder"),
        (
            lambda one: replace(
                one, reference=tuple(row._replace(captured_at=one.now + timedelta(hours=1)) for row in one.reference)
            ),
            "max_snapshot_age_hours",
        ),
    ],
)
def test_one_thing_wrong(
    policy: PolicySet, snapshot: Snapshot, spoil: Callable[[Snapshot], Snapshot], expected: str
) -> None:
    assert code(policy, spoil(snapshot)) == expected


@pytest.mark.parametrize(("count", "expected"), [(19, "ladder"), (20, "max_orders_per_minute")])
def test_an_order_without_a_time_has_just_been_sent(
    policy: PolicySet, snapshot: Snapshot, count: int, expected: str
) -> None:
    size = Decimal(1)
    orders = tuple(
        Order(ref, "1.101", 17, Side.BACK, Decimal(13), size, Decimal(0), None, size, OrderStatus.EXECUTABLE, None)
        for ref in (f"o{number}" for number in range(count))
    )
    assert code(policy, replace(snapshot, orders=orders)) == expected


def test_two_picks_on_one_runner_and_side_are_refused(policy: PolicySet, snapshot: Snapshot) -> None:
    twice = (*snapshot.selections, snapshot.selections[0]._replace(selection_ref="again"))
    with pytest.raises(SnapshotError, match="same market, runner and side"):
        evaluate(policy, replace(snapshot, selections=twice))


def test_a_fact_may_be_called_end_and_counts_in_the_hash() -> None:
    shipped = load_policy(resource("rules"))
    fact = shipped.validation.facts["active_runners"]
    other = shipped.validation.facts["short_priced_removed"]

    def named_end(value: object) -> str:
        return replace(shipped, validation=shipped.validation.model_copy(update={"facts": {"end": value}})).hash

    assert named_end(fact) != named_end(other)
