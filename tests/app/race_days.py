"""A whole generated day in one process: the simulated exchange, its ports, a SQLite store, and a trader over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.morning import Pick, races_of, resolve_picks
from policytrader.app.tick import Tick, TraderTerms
from policytrader.app.trader import Trader
from policytrader.errors import Place
from policytrader.model.books import MarketFilter
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.snapshot import MarketType, Side
from policytrader.model.times import london_day
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from policytrader.wiring import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.engine.evaluate import Engine
    from policytrader.model.bets import Bet
    from policytrader.model.journal import Lease
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.store import Store

ACCOUNT, STRATEGY = "paper", "pt"


class SimulatedClock:
    """The simulated exchange's clock: to wait is to let its time run."""

    def __init__(self, exchange: SimulatedExchange) -> None:
        self._exchange = exchange

    def now(self) -> datetime:
        return self._exchange.now

    def wait(self, seconds: float) -> None:
        self._exchange.advance(self._exchange.now + timedelta(seconds=seconds))


@dataclass
class Day:
    """Everything there is on one race day."""

    world: SimulatedExchange
    port: Exchange
    prices: PriceFeed
    store: Store
    clock: SimulatedClock
    last_off: datetime
    ticks: list[Tick] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def generate(cls, folder: Path, seed: int, races: int) -> Day:
        made = generate_race_day(seed, races)
        world = SimulatedExchange(made.now, made.feed())
        world.advance(made.now)
        store = open_store(f"sqlite:///{folder / f'{seed}.db'}")
        store.migrate()
        last_off = max(race.start for race in made.races)
        return cls(world, InMemoryExchange(world), InMemoryPrices(world), store, SimulatedClock(world), last_off)

    def world_bets(self) -> tuple[Bet, ...]:
        """What the exchange really holds, whatever the port shows of it."""
        return InMemoryExchange(self.world).current_bets()

    def new_ref(self) -> str:
        return f"intent-{next(self.numbers):06d}"

    def trader(self) -> Trader:
        return Trader(
            exchange=self.port,
            prices=self.prices,
            store=self.store,
            clock=self.clock,
            new_ref=self.new_ref,
            terms=TraderTerms(account=ACCOUNT, mode="paper", strategy_ref=STRATEGY, minimum=MINIMUM_SIZES["GBP"]),
        )

    def lead(self) -> Lease:
        lease = self.store.acquire(ACCOUNT, "test", self.clock.now())
        assert lease is not None
        self.store.quarantine(lease, self.clock.now())
        return lease

    def pick_everywhere(self) -> None:
        """A back and a lay in every listed market without picks, at the price that stands there now."""
        races = races_of(self.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE"))))
        picked = {one.selection.market_id for one in self.store.selections(london_day(self.clock.now()))}
        picks = []
        for race in races:
            for kind in MarketType:
                market = race.market(kind)
                if market is None or market.market_id in picked:
                    continue
                (book,) = self.prices.books([market.market_id])
                for runner, side in zip(book.runners[::2], Side, strict=False):
                    offers = runner.back if side is Side.BACK else runner.lay
                    if offers:
                        picks.append(
                            Pick(
                                market_type=kind,
                                side=side,
                                price_requested=offers[0].price,
                                stake_points=Decimal(1),
                                market_id=market.market_id,
                                selection_id=runner.selection_id,
                                place=Place("picks.csv"),
                            )
                        )
        now = self.clock.now()
        self.store.add_selections(resolve_picks(picks, races, self.prices, now), now)

    def run(self, engine: Engine, lease: Lease | None, *, every_seconds: float) -> None:
        trader = self.trader()
        while self.clock.now() < self.last_off + timedelta(minutes=30):
            self.ticks.append(trader.tick(engine, lease))
            self.clock.wait(every_seconds)
