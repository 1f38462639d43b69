"""Prices that cannot be are no prices; those that can be stay as they are."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from policytrader.app.checked_prices import checked
from policytrader.model.books import LiveRunner, PriceSize
from policytrader.model.snapshot import RunnerStatus


def levels(*told: str) -> tuple[PriceSize, ...]:
    pairs = (one.split("/") for one in told)
    return tuple(PriceSize(Decimal(price), Decimal(size)) for price, size in pairs)


RUNNER = LiveRunner(
    selection_id=11,
    status=RunnerStatus.ACTIVE,
    back=levels("8.00/12.50", "7.80/3"),
    lay=levels("8.20/40", "8.40/0.01"),
    last_traded=Decimal("7.63"),
)


@pytest.mark.parametrize(
    "changes", [{}, {"back": ()}, {"lay": ()}, {"last_traded": None}, {"last_traded": Decimal("1.01")}]
)
def test_what_can_be_stays(changes: dict[str, Any]) -> None:
    runner = replace(RUNNER, **changes)
    assert checked(runner) is runner


@pytest.mark.parametrize(
    "level",
    [f"{price}/5" for price in ("NaN", "sNaN", "Infinity", "-1", "0", "1", "1e308", "8.23", "1001", "8.0000001")]
    + [f"8.00/{size}" for size in ("0", "-5", "NaN", "sNaN", "Infinity", "1e308", "5.001")],
)
@pytest.mark.parametrize("side", ["back", "lay"])
def test_a_side_with_a_level_that_cannot_be_is_empty(side: str, level: str) -> None:
    changes: dict[str, Any] = {side: (*getattr(RUNNER, side), *levels(level))}
    empty: dict[str, Any] = {side: ()}
    assert checked(replace(RUNNER, **changes)) == replace(RUNNER, **empty)


@pytest.mark.parametrize("lay", ["8.00/5", "7.80/5"])
def test_a_crossed_book_has_no_prices(lay: str) -> None:
    assert checked(replace(RUNNER, lay=levels(lay))) == replace(RUNNER, back=(), lay=())


@pytest.mark.parametrize("last", ["NaN", "sNaN", "Infinity", "-1", "0", "1", "1e308", "1000.01", "4.3000001"])
def test_a_last_traded_price_that_cannot_be_is_none(last: str) -> None:
    assert checked(replace(RUNNER, last_traded=Decimal(last))) == replace(RUNNER, last_traded=None)
