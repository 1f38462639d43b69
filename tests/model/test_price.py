"""The ladder of 350 prices, against a second derivation in whole pennies."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.price import MAX_PRICE, MIN_PRICE, PRICES, TICK_OF, is_on_ladder, ticks_between
from tests.strategies import ladder_prices

# (first, end, step) in hundredths, written off the exchange's table.
BANDS = (
    (101, 200, 1),
    (200, 300, 2),
    (300, 400, 5),
    (400, 600, 10),
    (600, 1000, 20),
    (1000, 2000, 50),
    (2000, 3000, 100),
    (3000, 5000, 200),
    (5000, 10000, 500),
    (10000, 100000, 1000),
)
HUNDREDTHS = [number for first, end, step in BANDS for number in range(first, end, step)] + [100000]


def test_the_ladder_has_350_prices_and_each_is_the_exchanges() -> None:
    assert len(PRICES) == 350
    assert [str(price) for price in PRICES] == [f"{number // 100}.{number % 100:02}" for number in HUNDREDTHS]


def test_the_ladder_by_literals() -> None:
    """The seams between the bands, as the exchange prints them."""
    texts = [str(price) for price in PRICES]
    assert texts[:3] == ["1.01", "1.02", "1.03"]
    for seam in (
        "1.98 1.99 2.00 2.02 2.04",
        "2.96 2.98 3.00 3.05 3.10",
        "3.90 3.95 4.00 4.10 4.20",
        "5.80 5.90 6.00 6.20 6.40",
        "9.60 9.80 10.00 10.50 11.00",
        "19.00 19.50 20.00 21.00 22.00",
        "28.00 29.00 30.00 32.00 34.00",
        "46.00 48.00 50.00 55.00 60.00",
        "90.00 95.00 100.00 110.00 120.00",
    ):
        low, *_ = prices = seam.split()
        start = texts.index(low)
        assert texts[start : start + 5] == prices
    assert texts[-2:] == ["990.00", "1000.00"]
    assert [str(MIN_PRICE), str(MAX_PRICE)] == ["1.01", "1000.00"]


def test_an_index_finds_its_price() -> None:
    assert list(TICK_OF.items()) == [(price, tick) for tick, price in enumerate(PRICES)]


@given(st.integers(0, 110000))
def test_a_price_is_on_the_ladder_when_its_hundredths_are(number: int) -> None:
    assert is_on_ladder(Decimal(number).scaleb(-2)) is (number in HUNDREDTHS)


@given(st.sampled_from(HUNDREDTHS), st.integers(1, 9))
def test_a_thousandth_beside_a_price_is_off_the_ladder(number: int, thousandths: int) -> None:
    assert not is_on_ladder(Decimal(number * 10 + thousandths).scaleb(-3))


@given(ladder_prices, ladder_prices)
def test_ticks_are_the_steps_from_one_price_to_the_other(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    steps = sum(low < Decimal(number).scaleb(-2) <= high for number in HUNDREDTHS)
    assert ticks_between(one, other) == ticks_between(other, one) == steps


@given(ladder_prices)
def test_how_a_price_is_written_does_not_matter(price: Decimal) -> None:
    assert is_on_ladder(price.normalize())
    assert ticks_between(price, price.normalize()) == 0


@given(st.integers(1010, 1000000), st.integers(1010, 1000000))
def test_a_price_between_two_of_the_ladder_counts_as_the_farther(one: int, other: int) -> None:
    """In thousandths: from the last ladder price at or below the lower to the first at or above the higher."""
    low, high = sorted((one, other))
    below = max(index for index, number in enumerate(HUNDREDTHS) if number * 10 <= low)
    above = min(index for index, number in enumerate(HUNDREDTHS) if number * 10 >= high)
    expected = above - below if one != other else 0
    assert ticks_between(Decimal(one).scaleb(-3), Decimal(other).scaleb(-3)) == expected


@pytest.mark.parametrize(
    ("one", "other", "ticks"),
    [
        ("2", "2", 0),
        ("2", "2.02", 1),
        ("2", "2.01", 1),
        ("2.01", "2.02", 1),
        ("1.99", "2.01", 2),
        ("9.8", "10.5", 2),
        ("1.01", "1000", 349),
    ],
)
def test_ticks_by_example(one: str, other: str, ticks: int) -> None:
    assert ticks_between(Decimal(one), Decimal(other)) == ticks


@pytest.mark.parametrize("price", ["1.00", "2.01", "1010", "0", "-2", "3.01"])
def test_other_prices_are_off_the_ladder(price: str) -> None:
    assert not is_on_ladder(Decimal(price))
