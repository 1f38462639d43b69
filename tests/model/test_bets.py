"""Bets as rows of a snapshot: what they risk there is what they risk."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from policytrader.model.bets import OrderType
from policytrader.model.position import exposure_of
from policytrader.model.snapshot import OrderStatus, Side
from tests.app.journal_rows import a_bet


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("price", [None, Decimal("8.00")])
def test_an_on_close_bet_risks_its_liability_until_the_off(side: Side, price: Decimal | None) -> None:
    waiting = replace(
        a_bet(matched="0"),
        side=side,
        order_type=OrderType.MARKET_ON_CLOSE if price is None else OrderType.LIMIT_ON_CLOSE,
        status=OrderStatus.EXECUTABLE,
        price=price,
        size=Decimal(0),
        bsp_liability=Decimal(100),
    )
    assert exposure_of(waiting.as_order(is_ours=False)) == Decimal(100)
    matched = replace(
        waiting,
        status=OrderStatus.EXECUTION_COMPLETE,
        size=Decimal(20),
        size_matched=Decimal(20),
        average_price_matched=Decimal("6.00"),
    )
    assert exposure_of(matched.as_order(is_ours=False)) == Decimal(20 if side is Side.BACK else 100)


def test_a_limit_bet_keeps_its_own_price() -> None:
    order = a_bet(matched="4", remaining="6").as_order(is_ours=True)
    assert (order.price, order.size) == (Decimal(5), Decimal(10))
    assert (order.size_matched, order.size_remaining) == (Decimal(4), Decimal(6))
    assert order.order_ref == "r1"
    assert a_bet().as_order(is_ours=False).order_ref is None
