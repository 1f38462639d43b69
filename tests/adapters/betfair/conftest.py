"""What the adapter's tests share: a scripted server, a clock that stands, an order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.model.orders import OrderRequest
from policytrader.model.snapshot import Side
from tests.adapters.betfair.scripted import Scripted, SteppedClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.betfair.wire import Wire


@pytest.fixture
def server() -> Iterator[Scripted]:
    with Scripted() as scripted:
        yield scripted


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def wire(server: Scripted, clock: SteppedClock) -> Iterator[Wire]:
    with server.wire(clock) as connected:
        yield connected


@pytest.fixture
def exchange(wire: Wire) -> BetfairExchange:
    return BetfairExchange(wire)


@pytest.fixture
def order() -> OrderRequest:
    return OrderRequest(
        market_id="1.234567890",
        selection_id=47972,
        side=Side.BACK,
        price=Decimal("3.05"),
        size=Decimal("2.10"),
        order_ref="o-1",
        request_ref="r-1",
        strategy_ref="pt",
        market_version=5210433,
    )
