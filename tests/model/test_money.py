"""Money: what is sent is floored, what is shown is rounded half up, and no lay risks more than it may."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.money import (
    MINIMUM_SIZES,
    PENNY,
    MinimumSize,
    average,
    divide,
    floor_to_penny,
    half_up,
    liability,
    size_for_liability,
)
from policytrader.model.price import PRICES
from tests.strategies import amounts, ladder_prices

GBP = MINIMUM_SIZES["GBP"]
any_amounts = amounts("-1000000", "1000000", places=10)


@given(any_amounts)
def test_floor_is_the_nearest_penny_at_or_below(amount: Decimal) -> None:
    floored = floor_to_penny(amount)
    assert floored <= amount < floored + PENNY
    assert floored.as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("amount", "floored"),
    [("0.009", "0.00"), ("-0.001", "-0.01"), ("8.57142857", "8.57"), ("32", "32.00"), ("1.999999", "1.99")],
)
def test_floor_by_example(amount: str, floored: str) -> None:
    assert str(floor_to_penny(Decimal(amount))) == floored


@given(any_amounts, st.sampled_from(["1", "0.1", "0.01", "0.0001"]).map(Decimal))
def test_half_up_is_never_further_than_half_a_unit(amount: Decimal, unit: Decimal) -> None:
    rounded = half_up(amount, unit)
    assert abs(rounded - amount) * 2 <= unit
    assert rounded % unit == 0
    assert rounded.as_tuple().exponent == unit.as_tuple().exponent


@given(st.integers(-(10**9), 10**9))
def test_half_up_takes_a_half_away_from_zero(pennies: int) -> None:
    half = (2 * pennies + 1) * Decimal("0.005")
    away = pennies + (1 if half > 0 else 0)
    assert half_up(half) == away * PENNY


@given(any_amounts, amounts("0.0001", "1000", places=4))
def test_a_quotient_is_right_far_beyond_the_penny(amount: Decimal, by: Decimal) -> None:
    assert abs(divide(amount, by) * by - amount) < Decimal("1e-18")


@given(amounts(places=4), ladder_prices)
def test_a_lay_never_risks_more_than_the_liability_and_not_a_penny_less_than_it_could(
    amount: Decimal, price: Decimal
) -> None:
    size = size_for_liability(amount, price)
    assert size.as_tuple().exponent == -2
    assert liability(size, price) <= amount < liability(size + PENNY, price)


@given(amounts("0", "100000", places=4), ladder_prices)
def test_liability_is_what_the_winner_is_paid_beyond_the_stake(size: Decimal, price: Decimal) -> None:
    assert liability(size, price) == size * price - size


def test_rounding_where_we_floor_would_break_the_limit() -> None:
    """The reason for flooring; a test that no longer sees the difference tests nothing."""
    rounded = (Decimal(16) / Decimal("1.5")).quantize(PENNY, rounding=ROUND_HALF_EVEN)
    assert liability(rounded, Decimal("2.5")) > 16
    assert size_for_liability(Decimal(16), Decimal("2.5")) == Decimal("10.66")


def test_the_first_lay_step_is_below_every_minimum_at_160_of_350_prices() -> None:
    small = [price for price in PRICES if not GBP.allows(size_for_liability(Decimal(5), price), price)]
    assert (len(small), small[0], small[-1]) == (160, Decimal("6.20"), Decimal("1000.00"))
    assert small == [price for price in PRICES if price >= Decimal("6.2")]


@pytest.mark.parametrize(
    ("currency", "size", "price", "allowed"),
    [
        ("GBP", "1.00", "1.01", True),
        ("GBP", "0.99", "1.01", False),
        ("GBP", "0.50", "20", True),
        ("GBP", "0.49", "20", False),
        ("GBP", "0.01", "1000", True),
        ("GBP", "0.00", "1000", False),
        ("EUR", "0.99", "20", False),
        ("EUR", "0.99", "21", True),
        ("USD", "1.00", "1.01", True),
        ("USD", "0.10", "200", True),
        ("AUD", "4.99", "6", False),
        ("AUD", "4.99", "6.2", True),
        ("AUD", "5.00", "1.01", True),
    ],
)
def test_minimum_by_example(currency: str, size: str, price: str, allowed: bool) -> None:  # noqa: FBT001 - a column
    assert MINIMUM_SIZES[currency].allows(Decimal(size), Decimal(price)) is allowed


def test_currencies_are_keyed_by_their_own_name() -> None:
    assert {key: minimum.currency for key, minimum in MINIMUM_SIZES.items()} == {
        "GBP": "GBP",
        "EUR": "EUR",
        "USD": "USD",
        "AUD": "AUD",
    }


@pytest.mark.parametrize(
    ("value", "size", "price"),
    [
        ("0", "0", None),
        ("7.5", "3", "2.50000000"),
        ("20", "3", "6.66666667"),
        ("0.000000005", "1", "0.00000001"),
        ("0.0000000049", "1", "0.00000000"),
    ],
)
def test_an_average_has_eight_decimals(value: str, size: str, price: str | None) -> None:
    """Half up; and there is none of nothing."""
    found = average(Decimal(value), Decimal(size))
    assert (format(found, "f") if found is not None else None) == price


@given(st.sampled_from(list(MINIMUM_SIZES.values())), amounts("0", "50"), amounts("0", "50"), ladder_prices)
def test_whoever_may_bet_a_size_may_bet_more(
    minimum: MinimumSize, size: Decimal, more: Decimal, price: Decimal
) -> None:
    if minimum.allows(size, price):
        assert minimum.allows(size + more, price)
    assert not minimum.allows(-size, price)
