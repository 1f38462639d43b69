"""One race day in one process, with faults: the real trader and store, the simulated exchange, one source of chance."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from policytrader import load_policy
from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.morning import Pick, races_of, resolve_picks
from policytrader.app.tick import TraderTerms
from policytrader.app.trader import Trader
from policytrader.errors import ExchangeError, Place, StaleEpochError, StoreConflictError, StoreError
from policytrader.model.bets import OrderType, Persistence
from policytrader.model.books import MarketFilter
from policytrader.model.journal import Control, ControlKind, Evidence, IntentState
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.price import PRICES
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Side
from policytrader.model.times import LONDON, format_utc
from policytrader.resources import resource
from policytrader.simulation.events import Quote, Reopen, Reschedule, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulatedExchange, SimulationError
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.reports import PlaceInstruction
from policytrader.wiring import open_store
from tests.faults.checks import Checks
from tests.faults.faulty_exchange import FaultyExchange, FaultyPrices
from tests.faults.faulty_store import FaultyStore
from tests.faults.injected import RATES, Crash, Fault, Injector

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from policytrader.engine.evaluate import Engine
    from policytrader.model.journal import JournalEntry, Lease
    from policytrader.model.orders import OrderRequest
    from policytrader.model.snapshot import Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store

ACCOUNT, STRATEGY = "paper", "pt"
_BEGIN_MINUTES = (127, 63, 34)
_GAPS_SECONDS = (1, 3, 8, 15, 15, 15, 30)
_PICKS_PER_MARKET, _GENEROUS_TICKS = 4, 8
_HOUR = timedelta(hours=1)


def tight_policy() -> PolicySet:
    """The shipped policy with limits that a small day reaches."""
    shipped = load_policy(resource("rules"))
    limits = shipped.protection.protections.model_copy(
        update={
            "max_exposure_per_market": Decimal(150),
            "max_exposure_per_day": Decimal(260),
            "max_daily_loss": Decimal(240),
            "max_orders_per_minute": Decimal(3),
            "max_orders_per_selection": Decimal(6),
        }
    )
    return replace(shipped, protection=shipped.protection.model_copy(update={"protections": limits}))


POLICY = tight_policy()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a mutant replaces."""

    exchange: type[FaultyExchange] = FaultyExchange
    rates: Mapping[Fault, float] = field(default_factory=lambda: RATES)
    is_mutant: bool = False
    """The run ends with the first violation."""


class SkewedClock:
    """The trader's clock: the exchange's, and an hour off at times."""

    def __init__(self, world: SimulatedExchange) -> None:
        self._world = world
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return self._world.now + self.offset

    def wait(self, seconds: float) -> None:
        message = f"a tick does not wait, and it waited {seconds} s"
        raise AssertionError(message)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one seed came to."""

    seed: int
    ticks: int
    crashes: int
    bets: int
    hedges: int
    violations: tuple[str, ...]
    faults: Counter[Fault]
    trace: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the trace."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class FaultyDay:
    """Everything there is on one day; ``run`` plays it."""

    strategy = STRATEGY

    def __init__(self, seed: int, engine: Engine, parts: Parts | None = None, folder: Path | None = None) -> None:
        """``folder`` is for a store in a file, which is opened anew after each crash; without one it is in memory."""
        self.seed = seed
        self.engine = engine
        self.policy = engine.policy
        self.limits = engine.policy.protection.protections
        self._parts = parts or Parts()
        self.faults = Injector(seed, self._parts.rates)
        self.trace: list[str] = []
        self.crashes = self._ref_count = self._foreign_count = 0
        made = generate_race_day(seed, 1)
        self.world = SimulatedExchange(made.now, made.feed())
        self.port, self.prices = InMemoryExchange(self.world), InMemoryPrices(self.world)
        self.clock = SkewedClock(self.world)
        self._late: list[tuple[datetime, OrderRequest]] = []
        self._url = "sqlite://" if folder is None else f"sqlite:///{folder / f'{seed}.db'}"
        self.store: Store = open_store(self._url)
        self.store.migrate()
        self.picks = self._pick()
        day = made.now.astimezone(LONDON).date()
        self._day = day
        self.captures = self.store.captures(day)
        off = made.races[0].start
        begin = off - timedelta(minutes=self.faults.chance.pick(_BEGIN_MINUTES))
        self.world.advance(max(self.world.now, begin))
        self.checks = Checks(self)
        self.exchange = self._parts.exchange(self)
        self.lease: Lease | None = None
        self._has_jumped = False
        self.trader = self._start()

    # --- For the ports and the checks ---------------------------------------------------------------------------------

    def note(self, line: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.world.now:%H:%M:%S.%f} {line}")

    def let_pass(self, seconds: float) -> None:
        """Time passes; orders that were on their way arrive."""
        to = self.world.now + timedelta(seconds=round(seconds, 3))
        while True:
            due = [one for one in self._late if one[0] <= to]
            if not due:
                break
            at, order = min(due, key=lambda one: (one[0], one[1].order_ref))
            self._late.remove((at, order))
            self.world.advance(max(at, self.world.now))
            answer = self.exchange.process(order)
            self.note(f"{order.order_ref} arrives: {answer.code}")
        self.world.advance(max(to, self.world.now))

    def send_later(self, order: OrderRequest, seconds: float) -> None:
        """An order that the exchange said TIMEOUT to, and will process."""
        self._late.append((self.world.now + timedelta(seconds=round(seconds, 3)), order))

    def late_orders(self) -> tuple[OrderRequest, ...]:
        """Orders on their way."""
        return tuple(order for _, order in self._late)

    def stored_picks(self) -> tuple[Selection, ...]:
        return tuple(one.selection for one in self.store.selections(self._day))

    def entries(self) -> tuple[JournalEntry, ...]:
        return self.store.intents(self._day, ACCOUNT)

    def new_ref(self) -> str:
        self._ref_count += 1
        return f"i{self.seed}-{self._ref_count:05d}"

    # --- The program --------------------------------------------------------------------------------------------------

    def _start(self) -> Trader:
        """A process starts: it takes the lease and puts what it does not know in quarantine."""
        self.lease = self.store.acquire(ACCOUNT, "fault run", self.clock.now())
        assert self.lease is not None, "the process before has ended"
        self.store.quarantine(self.lease, self.clock.now())
        self.checks.on_start()
        return Trader(
            exchange=self.exchange,
            prices=FaultyPrices(self),
            store=cast("Store", FaultyStore(self.store, self.faults, self.note)),
            clock=self.clock,
            new_ref=self.new_ref,
            terms=TraderTerms(account=ACCOUNT, mode="paper", strategy_ref=STRATEGY, minimum=MINIMUM_SIZES["GBP"]),
        )

    def restart(self) -> None:
        """The process is gone and a new one starts, a while later."""
        self.crashes += 1
        if self._url == "sqlite://":
            assert self.lease is not None
            self.store.release(self.lease, self.clock.now())
        else:
            self.store.close()
            self.store = open_store(self._url)
        if self.faults.is_on:
            self.let_pass(self.faults.chance.between(0, 60))
        self.trader = self._start()

    def tick(self) -> None:
        """One tick of the trader, and what a daemon does about its end."""
        self.checks.on_tick_begins()
        try:
            if self._has_jumped:
                self._has_jumped = False
                self.trader.stop("clock_jump", format_utc(self.clock.now()), "the clock jumped")  # as the daemon does
            tick = self.trader.tick(self.engine, self.lease)
        except Crash:
            self.restart()
        except (StaleEpochError, StoreConflictError) as error:
            self.checks.broken("store", error.render())
        except StoreError as error:
            self.note(f"tick ended: store {error.code}")
            self.trader.require_reconciliation()  # as the daemon does
            if self.faults.chance.happens(0.3):
                self.restart()
        except ExchangeError as error:
            self.note(f"tick ended: exchange {error.code}")
            self.trader.require_reconciliation()
        else:
            self.checks.on_tick(tick)
            for decision in tick.plan.decisions:
                self.note(f"{decision.selection.selection_ref} {decision.action} {decision.code}")
            for subject, code in tick.refused:
                self.note(f"{subject} refused {code}")
        self.checks.at_rest()

    def run(self, ticks: int) -> Outcome:
        """So many ticks with faults, then the rest of the day without."""
        for _ in range(ticks):
            self.tick()
            self._happen()
            self.let_pass(self.faults.chance.pick(_GAPS_SECONDS))
            if self.checks.violations and self._parts.is_mutant:
                break
        if not self.checks.violations:
            self._finish()
        self.store.close()
        refs = [bet.order_ref for bet in self.world.bets.values() if bet.order_ref in self.checks.sent]
        return Outcome(
            seed=self.seed,
            ticks=ticks,
            crashes=self.crashes,
            bets=len(refs),
            hedges=sum(self.checks.sent[ref or ""][1].purpose == "hedge" for ref in refs),
            violations=tuple(self.checks.violations),
            faults=self.faults.counts,
            trace=tuple(self.trace),
        )

    def _finish(self) -> None:
        """Nothing goes wrong any more: the day ends, and the journal is what the exchange has."""
        self.faults.is_on = False
        self.clock.offset = timedelta(0)
        self.exchange.visible_at.clear()
        self.let_pass(130)
        for market in self.world.markets.values():
            self._act(Reopen(self.world.now, market.definition.market_id))
        while any(market.definition.status is not MarketStatus.CLOSED for market in self.world.markets.values()):
            self.let_pass(600)
        for _ in range(3):
            self.tick()
            self.let_pass(61)
        self.checks.at_end()

    # --- The world ----------------------------------------------------------------------------------------------------

    def _pick(self) -> tuple[Selection, ...]:
        """Backs and lays on the shortest prices of both markets, asked for generously."""
        races = races_of(self.prices.catalogue(MarketFilter(market_types=("WIN", "PLACE"))))
        picks = []
        for kind in MarketType:
            market = races[0].market(kind)
            assert market is not None
            (book,) = self.prices.books([market.market_id])
            runners = sorted((one for one in book.runners if one.back and one.lay), key=lambda one: one.back[0].price)
            for number, runner in enumerate(runners[:_PICKS_PER_MARKET]):
                side = Side.LAY if number % 2 else Side.BACK
                at = PRICES.index(runner.lay[0].price if side is Side.LAY else runner.back[0].price)
                asked = at + _GENEROUS_TICKS if side is Side.LAY else at - _GENEROUS_TICKS
                picks.append(
                    Pick(
                        market_type=kind,
                        side=side,
                        price_requested=PRICES[max(0, min(len(PRICES) - 1, asked))],
                        stake_points=Decimal(1),
                        market_id=market.market_id,
                        selection_id=runner.selection_id,
                        place=Place("picks.csv"),
                    )
                )
        resolved = resolve_picks(picks, races, self.prices, self.world.now)
        self.store.add_selections(resolved, self.world.now)
        return tuple(one.selection for one in resolved)

    def _act(self, event: Any) -> None:
        with suppress(SimulationError):
            self.world.apply(event)
            self.note(f"world: {type(event).__name__}")

    def _some_market(self) -> str:
        return self.faults.chance.pick(sorted(self.world.markets))

    def interfere(self, order: OrderRequest) -> None:
        """What happens between the reading and the order."""
        faults = self.faults
        if faults.hits(Fault.PRICE_MOVES):
            self._move_price(order)
        if faults.hits(Fault.VERSION_CHANGES):
            self._act(Suspend(self.world.now, order.market_id))
            self._act(Reopen(self.world.now, order.market_id))
        if faults.hits(Fault.WITHDRAWN_BEFORE_ORDER):
            self._withdraw(order.market_id)

    def _move_price(self, order: OrderRequest) -> None:
        """The price goes away from the order, or little is left at it: some of the order rests."""
        tick = PRICES.index(order.price)
        away = 0 if self.faults.chance.happens(0.5) else 3
        pennies = self.faults.chance.whole(100, 900)
        low, high = max(0, tick - away), min(len(PRICES) - 1, tick + away)
        if order.side is Side.BACK:
            back, lay = low, min(len(PRICES) - 1, tick + 2)
        else:
            back, lay = max(0, tick - 2), high
        self._act(
            Quote(
                self.world.now,
                order.market_id,
                order.selection_id,
                back=((back, pennies),),
                lay=((lay, pennies),),
                replaces=True,
            )
        )

    def _withdraw(self, market_id: str) -> None:
        runners = self.world.markets[market_id].definition.runners
        left = [one.selection_id for one in runners if one.status is RunnerStatus.ACTIVE]
        picked = {pick.selection_id for pick in self.picks}
        short = {one.selection_id for one in self.captures if (one.reference_price or 99) < 12}
        telling = [one for one in left if one in short and one not in picked]
        if len(left) > 3:
            chance = self.faults.chance
            gone = chance.pick(telling if telling and chance.happens(0.6) else left)
            with suppress(SimulationError):
                self.world.withdraw(market_id, gone)
                self.note(f"world: {gone} withdrawn")

    def _happen(self) -> None:
        """Between two ticks."""
        faults, chance, now = self.faults, self.faults.chance, self.world.now
        if faults.hits(Fault.WITHDRAWAL):
            self._withdraw(self._some_market())
        for market_id, market in sorted(self.world.markets.items()):
            if market.definition.status is MarketStatus.SUSPENDED and chance.happens(0.4):
                self._act(Reopen(now, market_id))
        if faults.hits(Fault.SUSPENSION):
            self._act(Suspend(now, self._some_market()))
        if faults.hits(Fault.IN_PLAY_EARLY):
            for market_id in sorted(self.world.markets):
                self._act(TurnInPlay(now, market_id))
        if faults.hits(Fault.RACE_MOVED):
            minutes = chance.pick((-5, -2, 3, 10, 20))
            for market_id, market in sorted(self.world.markets.items()):
                self._act(Reschedule(now, market_id, market.definition.start + timedelta(minutes=minutes)))
        if faults.hits(Fault.FOREIGN_BET):
            self._bet_by_hand()
        self._pass_or_jump()
        self._a_person_looks()

    def _pass_or_jump(self) -> None:
        faults, chance = self.faults, self.faults.chance
        if self.clock.offset and chance.happens(0.5):
            self.clock.offset, self._has_jumped = timedelta(0), True
        elif not self.clock.offset and faults.hits(Fault.CLOCK_JUMP):
            self.clock.offset, self._has_jumped = chance.pick((_HOUR, -_HOUR)), True
        if faults.hits(Fault.TIME_PASSES):
            self.let_pass(chance.between(120, 600))

    def _bet_by_hand(self) -> None:
        pick = self.faults.chance.pick(self.picks)
        self._foreign_count += 1
        runner = self.world.markets[pick.market_id].books[pick.selection_id]
        offers = runner.available_to_back() if pick.side is Side.BACK else runner.available_to_lay()
        if not offers:
            return
        price = Decimal(offers[0][0])
        size = Decimal(self.faults.chance.whole(2, 9))
        order = PlaceInstruction(
            pick.selection_id, pick.side, OrderType.LIMIT, size=size, price=price, persistence=Persistence.LAPSE
        )
        report = self.world.place(pick.market_id, [order], customer_ref=f"hand{self._foreign_count}")
        self.note(f"by hand: {pick.side} {size} @ {price} {report.status}")

    def _a_person_looks(self) -> None:
        """Levers, and the intents that a person knows the truth of."""
        chance, store, now = self.faults.chance, self.store, self.clock.now()
        controls = store.control_state()
        if not controls.may_open and chance.happens(0.3):
            store.pull(Control(kind=ControlKind.RESUME, at=now, who="a person", why="looked"))
        elif self.faults.hits(Fault.LEVER):
            kind = chance.pick((ControlKind.KILL, ControlKind.PAUSE))
            store.pull(Control(kind=kind, at=now, who="a person", why="to see"))
        living = {bet.order_ref for bet in self.world.bets.values()} | {one.order_ref for one in self.late_orders()}
        for entry in store.open_intents(ACCOUNT):
            is_lost = entry.state in {IntentState.SENT, IntentState.UNKNOWN} and entry.intent.ref not in living
            if is_lost and chance.happens(0.15):
                evidence = Evidence(state=IntentState.DEAD, code="PERSON", detail="not at the exchange", who="a person")
                store.resolve(entry.intent.ref, evidence, now)
