"""Odds of five forms, and the lines of bets."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.alerts.numbers import LARGEST_ODDS, read_line, read_odds


@pytest.mark.parametrize(
    ("text", "odds"),
    [
        ("2.10", "2.10"),
        ("1,85", "1.85"),
        ("11/10", "2.1"),
        ("4/6", "1.6667"),
        ("+150", "2.5"),
        ("+100", "2"),
        ("-110", "1.9091"),
        ("\N{MINUS SIGN}200", "1.5"),
        ("58.2¢", "1.7182"),
        ("50 cents", "2"),
        ("evens", "2"),
        ("EVS", "2"),
        # Without a sign these are decimal longshots, not American odds.
        ("25", "25"),
        ("50", "50"),
        ("100", "100"),
        ("150", "150"),
    ],
)
def test_odds(text: str, odds: str) -> None:
    assert read_odds(text) == Decimal(odds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.00",
        "0.5",
        "-1.5",
        "+50",
        "-25",
        "+0150",
        "5/0",
        "0/5",
        "0¢",
        "1,000",
        "2,500",
        "1.2.3",
        "NaN",
        "inf",
        "1e3",
        "٢",
    ],
)
def test_what_is_no_price(text: str) -> None:
    assert read_odds(text) is None


def test_no_price_is_longer_than_the_longest() -> None:
    assert read_odds(str(LARGEST_ODDS)) == LARGEST_ODDS
    assert read_odds(f"{LARGEST_ODDS}.5") is None


@given(st.integers(101, 100_000))
def test_decimal_odds_are_read_as_written(hundredths: int) -> None:
    odds = Decimal(hundredths) / 100
    assert read_odds(str(odds)) == odds


@given(st.integers(100, 99_999))
def test_american_odds_of_both_signs_are_reciprocal(amount: int) -> None:
    """+A wins A on 100, -A wins 100 on A: the two profits multiply to one."""
    plus, minus = read_odds(f"+{amount}"), read_odds(f"-{amount}")
    assert plus is not None
    assert minus is not None
    assert abs((plus - 1) * (minus - 1) - 1) < Decimal("0.06")


@pytest.mark.parametrize(
    ("text", "line"),
    [("1.5", "1.5"), ("0", "0"), ("2.25", "2.25"), ("+0.5", "0.5"), ("-1.75", "-1.75"), ("1,5", "1.5")],
)
def test_lines(text: str, line: str) -> None:
    found = read_line(text)
    assert found == Decimal(line)
    assert not str(found).startswith("-0")


@pytest.mark.parametrize("text", ["", "1.3", "+-1", "--1", "3000", "1.5.5", "one", "NaN"])
def test_what_is_no_line(text: str) -> None:
    assert read_line(text) is None
