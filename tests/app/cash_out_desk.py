"""One account on one simulated market, and a cash-out that works on it: for tests."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.cash_out import CashOut
from policytrader.engine.closing import ClosingTerms
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.orders import OrderAnswer, OrderRequest
from tests.simulation.exchanges import WIN, Levels, after, new_exchange, quote

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.model.snapshot import Side
    from policytrader.simulation.exchange import SimulatedExchange

TERMS = ClosingTerms(
    market_id=WIN, selection_id=11, strategy_ref="pt", max_slippage_ticks=5, minimum=MINIMUM_SIZES["GBP"]
)


class ExchangeClock:
    """The simulated exchange's clock: to wait is to let its time run."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange

    def now(self) -> datetime:
        return self._exchange.now

    def wait(self, seconds: float) -> None:
        self._exchange.advance(after((self._exchange.now - after(0)).total_seconds() + seconds))


class Desk:
    """One account on one simulated market, and the cash-out that works on it."""

    def __init__(self, *feed: object) -> None:
        self.world = new_exchange(feed)  # type: ignore[arg-type]
        self.world.advance(after(0))
        self.port = InMemoryExchange(self.world)
        self._numbers = count(1)
        self.cash_out = CashOut(self.port, InMemoryPrices(self.world), ExchangeClock(self.world), self.new_ref)

    def new_ref(self) -> str:
        return f"ref-{next(self._numbers)}"

    def offer(self, back: Levels | None = None, lay: Levels | None = None) -> None:
        self.world.apply(quote(back=back, lay=lay, replaces=True, at=self.world.now))

    def bet(self, side: Side, price: str, size: str, strategy_ref: str = "pt") -> OrderAnswer:
        ref = self.new_ref()
        return self.port.place(
            OrderRequest(
                market_id=WIN,
                selection_id=11,
                side=side,
                price=Decimal(price),
                size=Decimal(size),
                order_ref=ref,
                request_ref=ref,
                strategy_ref=strategy_ref,
                market_version=self.world.markets[WIN].definition.version,
            )
        )
