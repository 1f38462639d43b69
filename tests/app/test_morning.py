"""The capture of a morning: prices that cannot be are none there either."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.morning import Pick, races_of, resolve_picks
from policytrader.errors import Place
from policytrader.model.books import MarketFilter
from policytrader.model.snapshot import MarketType, Side
from policytrader.simulation.events import Quote, Redefine
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day


@pytest.mark.parametrize(
    ("shown", "price"),
    [
        pytest.param({"last_traded": Decimal("3.14")}, Decimal("3.14"), id="a reduced price"),
        pytest.param({"last_traded": Decimal("3.14159")}, None, id="more than two decimals"),
        pytest.param(
            {"back": ((100, 500),), "lay": ((99, 500),), "last_traded": Decimal("3.15")}, Decimal("3.15"), id="crossed"
        ),
    ],
)
def test_the_reference_price(shown: dict[str, Any], price: Decimal | None) -> None:
    made = generate_race_day(4, 1)
    win = made.races[0].win
    number = win.runners[0].selection_id
    world = SimulatedExchange(
        made.now, [Redefine(made.now, win), Quote(made.now, win.market_id, number, replaces=True, **shown)]
    )
    prices = InMemoryPrices(world)
    pick = Pick(
        market_type=MarketType.WIN,
        side=Side.BACK,
        price_requested=Decimal(3),
        stake_points=Decimal(1),
        market_id=win.market_id,
        selection_id=number,
        place=Place("picks.csv"),
    )
    (made_of,) = resolve_picks([pick], races_of(prices.catalogue(MarketFilter())), prices, made.now)
    assert {row.selection_id: row.reference_price for row in made_of.capture}[number] == price
