"""A dry run's connection: it reads, and nothing that is asked of it sends an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.reads import ReadingExchange
from policytrader.adapters.betfair.wire import Wire
from tests.adapters.betfair.scripted import Scripted, SteppedClock, credentials, result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.model.orders import OrderRequest


@pytest.fixture
def reading(server: Scripted) -> Iterator[Wire]:
    with Wire(server.endpoints(), credentials(), SteppedClock(), only_reads=True) as wire:
        yield wire


def test_it_reads(reading: Wire, server: Scripted) -> None:
    server.script.extend(
        [
            result({"availableToBetBalance": 100.0, "exposure": 0.0, "exposureLimit": -1000.0}),
            result({"currentOrders": [], "moreAvailable": False}),
        ]
    )
    exchange = ReadingExchange(reading)
    assert exchange.funds().available == 100
    assert exchange.current_bets() == ()
    assert [asked.operation for asked in server.asked] == ["getAccountFunds", "listCurrentOrders"]


def test_to_ask_for_an_order_is_a_defect(reading: Wire, server: Scripted, order: OrderRequest) -> None:
    exchange = ReadingExchange(reading)
    assert not isinstance(exchange, BetfairExchange)
    with pytest.raises(RuntimeError, match="a dry run was asked to place order o-1; nothing was sent"):
        exchange.place(order)
    with pytest.raises(RuntimeError, match=r"a dry run was asked to cancel in market 1\.5; nothing was sent"):
        exchange.cancel("1.5", ["7"], "r-1")
    assert server.asked == []


def test_nor_does_its_wire_send_one(reading: Wire, server: Scripted, order: OrderRequest) -> None:
    """The second wall: even the adapter that places orders cannot on this connection."""
    with pytest.raises(RuntimeError, match="placeOrders was asked of a connection that only reads"):
        BetfairExchange(reading).place(order)
    with pytest.raises(RuntimeError, match="cancelOrders was asked of a connection that only reads"):
        BetfairExchange(reading).cancel("1.5", ["7"], "r-1")
    assert server.asked == []
