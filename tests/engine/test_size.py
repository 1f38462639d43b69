"""Sizes: the most that fits into what remains and into the depth, never a penny more."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.engine.size import size_of
from policytrader.model.money import PENNY
from policytrader.model.position import risk_of
from policytrader.model.snapshot import Side
from tests.strategies import amounts, ladder_prices, sides

depths = st.none() | amounts("0", "5000", places=4)


@given(amounts("0.0001", "5000", places=4), sides, ladder_prices, depths)
def test_a_size_is_the_most_that_fits(remaining: Decimal, side: Side, price: Decimal, depth: Decimal | None) -> None:
    size = size_of(remaining, side, price, depth)
    room = depth or Decimal(0)
    assert size.as_tuple().exponent == -2
    assert 0 <= size <= room
    assert risk_of(side, price, size) <= remaining
    one_more = size + PENNY
    assert one_more > room or risk_of(side, price, one_more) > remaining


@given(amounts("-5000", "0", places=4), sides, ladder_prices, depths)
def test_nothing_remains_nothing_is_bet(remaining: Decimal, side: Side, price: Decimal, depth: Decimal | None) -> None:
    assert size_of(remaining, side, price, depth) <= 0


@pytest.mark.parametrize(
    ("remaining", "side", "price", "depth", "size"),
    [
        ("14", Side.BACK, "8.2", "112", "14.00"),
        ("14", Side.BACK, "8.2", "10.999", "10.99"),
        ("14.019", Side.BACK, "8.2", "112", "14.01"),
        ("14", Side.BACK, "8.2", None, "0.00"),
        ("14", Side.BACK, "8.2", "0", "0.00"),
        ("5", Side.LAY, "3.85", "100", "1.75"),
        ("75", Side.LAY, "1000", "100", "0.07"),
        ("75", Side.LAY, "1.01", "100", "100.00"),
        ("75", Side.LAY, "1.01", "9000", "7500.00"),
        ("16", Side.LAY, "2.5", "100", "10.66"),
    ],
)
def test_sizes_by_example(remaining: str, side: Side, price: str, depth: str | None, size: str) -> None:
    room = None if depth is None else Decimal(depth)
    assert str(size_of(Decimal(remaining), side, Decimal(price), room)) == size
