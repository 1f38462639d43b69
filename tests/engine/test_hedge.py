"""The hedge: it shrinks |n|, never turns it, and never makes the worse outcome worse (``betfair.md`` section 8)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policytrader.engine.hedge import NOTHING_TO_HEDGE, outcomes_after, plan_hedge
from policytrader.model.decision import PlannedHedge
from policytrader.model.money import PENNY, floor_to_penny
from policytrader.model.position import position_of
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import Order, Side
from tests.strategies import amounts, ladder_prices, orders

results = amounts("-20000", "20000", places=6)
"""A profit or loss; averages make it finer than a penny."""


def hedge_at(if_wins: Decimal, if_loses: Decimal, price: Decimal) -> tuple[Side, Decimal]:
    """Side and size of the hedge where both best prices are this one."""
    planned = plan_hedge(if_wins, if_loses, price, price)
    assert planned.side is not None
    assert planned.size is not None
    assert planned.price == price
    return planned.side, planned.size


def signs(number: Decimal) -> int:
    return (number > 0) - (number < 0)


@given(results, results, ladder_prices)
def test_n_shrinks_and_never_turns(if_wins: Decimal, if_loses: Decimal, price: Decimal) -> None:
    n = if_wins - if_loses
    assume(n)
    side, size = hedge_at(if_wins, if_loses, price)
    assert side is (Side.LAY if n > 0 else Side.BACK)
    wins, loses = outcomes_after(if_wins, if_loses, side, price, size)
    residual = wins - loses
    assert abs(residual) <= abs(n)
    assert signs(residual) in {0, signs(n)}
    # What is left is less than one more penny would take away.
    assert abs(residual) < price * PENNY


@given(results, results, ladder_prices)
def test_locked_is_the_worse_outcome_floored(if_wins: Decimal, if_loses: Decimal, price: Decimal) -> None:
    assume(if_wins != if_loses)
    planned = plan_hedge(if_wins, if_loses, price, price)
    side, size = hedge_at(if_wins, if_loses, price)
    sign = 1 if side is Side.BACK else -1
    worse = min(if_wins + sign * size * (price - 1), if_loses - sign * size)
    assert planned.locked is not None
    assert planned.locked <= worse < planned.locked + PENNY
    assert planned.locked.as_tuple().exponent == -2


@given(results, results, ladder_prices, st.integers(0, 100), st.integers(0, 5))
def test_the_worse_outcome_never_gets_worse(
    if_wins: Decimal, if_loses: Decimal, price: Decimal, percent: int, improvement: int
) -> None:
    """However much of it is matched, at the price named or at a better one."""
    assume(if_wins != if_loses)
    side, size = hedge_at(if_wins, if_loses, price)
    ticks = TICK_OF[price] + (improvement if side is Side.BACK else -improvement)
    traded = PRICES[min(max(ticks, 0), len(PRICES) - 1)]
    matched = floor_to_penny(size * percent / 100)
    assert min(outcomes_after(if_wins, if_loses, side, traded, matched)) >= min(if_wins, if_loses)


@given(amounts("0.01", "5000"), amounts("1.01", "1000", places=8), ladder_prices)
def test_one_back_is_closed_by_stake_times_its_price_over_ours(stake: Decimal, price: Decimal, ours: Decimal) -> None:
    planned = plan_hedge(stake * (price - 1), -stake, None, ours)
    assert planned.side is Side.LAY
    assert planned.size == floor_to_penny(stake * price / ours)
    assert planned.locked is not None
    # S x (B/p - 1), less what a floored penny can be worth.
    assert stake * price / ours - stake - 2 * PENNY <= planned.locked <= stake * price / ours - stake


@given(st.lists(orders(), max_size=5), ladder_prices)
def test_every_position_that_orders_make_can_be_closed(held: list[Order], price: Decimal) -> None:
    position = position_of(held)
    planned = plan_hedge(*position, price, price)
    n = sum(
        (
            (1 if one.side is Side.BACK else -1) * one.size_matched * one.average_price_matched
            for one in held
            if one.average_price_matched is not None
        ),
        Decimal(0),
    )
    if n == 0:
        assert planned == NOTHING_TO_HEDGE
        return
    assert planned.size is not None
    assert 0 <= planned.size * price <= abs(n) < (planned.size + PENNY) * price


def hedge(
    side: Side | None, price: str | None = None, size: str | None = None, locked: str | None = None
) -> PlannedHedge:
    return PlannedHedge(side, *(None if text is None else Decimal(text) for text in (price, size, locked)))


@pytest.mark.parametrize(
    ("if_wins", "if_loses", "best_back", "best_lay", "planned"),
    [
        ("140", "-20", "4.9", "5", hedge(Side.LAY, "5", "32.00", "12.00")),
        ("35.7", "-7", "5", "5.2", hedge(Side.LAY, "5.2", "8.21", "1.21")),
        ("112.2", "-22", "4.6", "4.7", hedge(Side.LAY, "4.7", "28.55", "6.55")),
        ("20", "-10", "3.45", "3.5", hedge(Side.LAY, "3.5", "8.57", "-1.43")),
        ("-140", "20", "10", "10.5", hedge(Side.BACK, "10", "16.00", "4.00")),
        ("-7.2", "10", "1.72", "1.73", hedge(Side.BACK, "1.72", "10.00", "0.00")),
        # No price on the side that is needed, whatever the other one offers.
        ("140", "-20", "4.9", None, hedge(Side.LAY)),
        ("-140", "20", None, "10.5", hedge(Side.BACK)),
        ("5", "5", "2", "2.02", hedge(None)),
        ("0", "0", None, None, hedge(None)),
        # Less than a penny's worth: nothing to send, and nothing is made worse.
        ("0.50", "0", "900", "1000", hedge(Side.LAY, "1000", "0.00", "0.00")),
    ],
)
def test_hedges_by_example(
    if_wins: str, if_loses: str, best_back: str | None, best_lay: str | None, planned: PlannedHedge
) -> None:
    prices = (None if text is None else Decimal(text) for text in (best_back, best_lay))
    assert plan_hedge(Decimal(if_wins), Decimal(if_loses), *prices) == planned


def test_rounding_where_we_floor_would_turn_n_in_half_of_the_cases() -> None:
    """The reason for flooring (measured: 49.1 % of random positions)."""
    cases = [(Decimal(stake).scaleb(-2) * Decimal("6.1"), price) for stake in range(201, 5000, 499) for price in PRICES]
    rounded = sum((n / price).quantize(PENNY, rounding=ROUND_HALF_UP) * price > n for n, price in cases)
    assert 0.4 < rounded / len(cases) < 0.6
    assert not any(hedge_at(n, Decimal(0), price)[1] * price > n for n, price in cases)
