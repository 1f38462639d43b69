"""One race day in one process, with faults: the real trader and store, the simulated exchange, one source of chance."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from policytrader import load_policy
from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.morning import Pick, races_of, resolve_picks
from policytrader.app.tick import TraderTerms
from policytrader.app.trader import Trader
from policytrader.errors import ExchangeError, Place, StaleEpochError, StoreConflictError, StoreError
from policytrader.model.books import MarketFilter
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.price import PRICES
from policytrader.model.snapshot import MarketStatus, MarketType, Side
from policytrader.model.times import LONDON, format_utc
from policytrader.resources import resource
from policytrader.simulation.events import Reopen
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from policytrader.wiring import open_store
from tests.faults.checks import Checks
from tests.faults.faulty_exchange import FaultyExchange
from tests.faults.faulty_prices import NAMES, FaultyPrices
from tests.faults.faulty_store import FaultyStore
from tests.faults.happenings import Happenings
from tests.faults.injected import RATES, Crash, Fault, Injector
from tests.faults.memory_base import MemoryDatabase
from tests.faults.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from policytrader.app.race_names import Race
    from policytrader.engine.evaluate import Engine
    from policytrader.model.books import CatalogueMarket
    from policytrader.model.journal import JournalEntry, Lease
    from policytrader.model.orders import OrderRequest
    from policytrader.model.records import NewSelection
    from policytrader.model.snapshot import Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.race_day import RaceDay

ACCOUNT, STRATEGY, MODE = "paper", "pt", "paper"
_BEGIN_MINUTES = (127, 95, 63, 34)
_GAPS_SECONDS = (1, 3, 8, 15, 15, 15, 30)
_GENEROUS_TICKS = 8
TICKS = 300
"""So many ticks with faults, in the runs that everybody makes."""
_BEFORE_MIDNIGHT = timedelta(minutes=2)
_ODD_DAYS = (
    datetime(2026, 3, 29, 1, 20, tzinfo=UTC),  # the clocks went forward at 01:00 UTC
    datetime(2026, 10, 25, 1, 20, tzinfo=UTC),  # and back
    datetime(2026, 10, 25, 0, 40, tzinfo=UTC),
    datetime(2028, 2, 29, 14, 10, tzinfo=UTC),
)
"""When the race is off on a day that is none like the others."""


def tight_policy() -> PolicySet:
    """The shipped policy with limits that a small day reaches."""
    shipped = load_policy(resource("rules"))
    limits = shipped.protection.protections.model_copy(
        update={
            "max_exposure_per_market": Decimal(150),
            "max_exposure_per_day": Decimal(400),
            "max_daily_loss": Decimal(380),
            "max_orders_per_minute": Decimal(3),
            "max_orders_per_selection": Decimal(8),
        }
    )
    return replace(shipped, protection=shipped.protection.model_copy(update={"protections": limits}))


POLICY = tight_policy()


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a mutant, or another test, replaces."""

    exchange: type[FaultyExchange] = FaultyExchange
    rates: Mapping[Fault, float] = field(default_factory=lambda: RATES)
    faults: Injector | None = None
    is_mutant: bool = False
    """The run ends with the first violation."""
    races: int = 2
    picks_per_market: int = 3


class SkewedClock:
    """The trader's clock: the exchange's, and off at times."""

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
    """What one seed came to. ``ended_at`` is the tick of the first violation, else the last."""

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
        return hashlib.sha256("\n".join(self.trace).encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(kw_only=True)
class Process:
    """One process of the program: its way to the store, its lease and its trader."""

    store: Store
    lease: Lease
    trader: Trader


class FaultyDay:
    """Everything there is on one day; ``run`` plays it."""

    strategy, account = STRATEGY, ACCOUNT

    def __init__(self, seed: int, engine: Engine, parts: Parts | None = None, folder: Path | None = None) -> None:
        """``folder`` is for a store in an SQLite file; without one it is in memory."""
        self.seed = seed
        self.engine = engine
        self.policy = engine.policy
        self.limits = engine.policy.protection.protections
        self._parts = parts or Parts()
        self.faults = self._parts.faults or Injector(seed, self._parts.rates)
        self.trace: list[str] = []
        self.crashes = self.ticks = self._ref_count = 0
        made = generate_race_day(seed, self._parts.races)
        if self.faults.hits(Fault.FOLD_DAY):
            made = _moved(made, self.faults.chance.pick(_ODD_DAYS) - made.races[0].start)
        self.world = SimulatedExchange(made.now, made.feed())
        self.port, self.prices = InMemoryExchange(self.world), InMemoryPrices(self.world)
        self.races = tuple((race.win.market_id, race.place.market_id) for race in made.races)
        self.clock = SkewedClock(self.world)
        self._late: list[tuple[datetime, OrderRequest]] = []
        self._file = folder / f"{seed}.db" if folder is not None else None
        self._memory = MemoryDatabase()
        self.store = self._open()
        """The checks' own way to the store: no fault is in it."""
        self.store.migrate()
        off = made.races[0].start
        self._day = off.astimezone(LONDON).date()
        self.has_odd_names = self.faults.hits(Fault.SQL_IN_NAMES)
        self.checks = Checks(self)
        self.picks = self._pick()
        self.captures = self.store.captures(self._day)
        begin = off - timedelta(minutes=self.faults.chance.pick(_BEGIN_MINUTES))
        midnight = datetime.combine(self._day, time(), LONDON).astimezone(UTC)
        self.world.advance(max(self.world.now, begin, midnight - _BEFORE_MIDNIGHT))
        self.happenings = Happenings(self)
        self.exchange = self._parts.exchange(self)
        self.feed = FaultyPrices(self)
        self.banned_until = self.world.now
        self.has_jumped = False
        self._process: Process | None = None
        self._successor: Process | None = None
        self._process = self._start()

    # --- For the ports and the checks ---------------------------------------------------------------------------------

    def note(self, line: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.world.now:%H:%M:%S.%f} {line}")

    def let_pass(self, seconds: float) -> None:
        """Time passes; orders that were on their way arrive."""
        to = self.world.now + timedelta(seconds=round(seconds, 3))
        while due := [one for one in self._late if one[0] <= to]:
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

    def listed(self, wanted: MarketFilter) -> tuple[CatalogueMarket, ...]:
        """The catalogue; on some days with names that nobody should give a horse."""
        found = self.prices.catalogue(wanted)
        return tuple(map(_with_odd_names, found)) if self.has_odd_names else found

    # --- The program --------------------------------------------------------------------------------------------------

    def _open(self) -> Store:
        if self._file is None:
            return cast("Store", MemoryStore(self._memory, MODE))
        return open_store(f"sqlite:///{self._file}")

    def _start(self) -> Process:
        """A process starts: it takes the lease and puts what it does not know in quarantine."""
        store = self._open()
        lease = store.acquire(ACCOUNT, "fault run", self.clock.now())
        assert lease is not None, "the process before has ended"
        store.quarantine(lease, self.clock.now())
        self.checks.on_start(lease.epoch)
        trader = Trader(
            exchange=self.exchange,
            prices=self.feed,
            store=cast("Store", FaultyStore(store, self)),
            clock=self.clock,
            new_ref=self.new_ref,
            terms=TraderTerms(account=ACCOUNT, mode=MODE, strategy_ref=STRATEGY, minimum=MINIMUM_SIZES["GBP"]),
        )
        return Process(store=store, lease=lease, trader=trader)

    def _restart(self, process: Process) -> Process:
        """The process is gone and a new one starts, a while later."""
        self.crashes += 1
        process.store.close()
        if self.faults.is_on:
            self.let_pass(self.faults.chance.between(0, 60))
        return self._start()

    @property
    def can_be_taken_over(self) -> bool:
        """Only the process that leads can lose the lease, and only within a tick."""
        return self._successor is None and self._is_ticking

    _is_ticking = False

    def take_over(self, where: str) -> None:
        """The tick stands still; another process takes the lease and makes a tick of its own; then this one goes on."""
        self.note(f"taken over at {where}")
        assert self._process is not None
        first = self.checks.view
        self._is_ticking = False
        self.let_pass(self.faults.chance.between(1, 90))
        self._lose_the_lock()
        second = self._tick(self._start())
        self._successor = second
        self.checks.on_taken_over(first)
        self.note("the first goes on")

    def _lose_the_lock(self) -> None:
        """As when the connection that holds it ends, or somebody deletes its file."""
        self._memory.holders.clear()
        if self._file is not None:
            for lock in self._file.parent.glob(f"{self._file.name}-*.lock"):
                lock.unlink()

    def tick(self) -> None:
        """One tick, and whoever leads afterwards."""
        assert self._process is not None
        self.ticks += 1
        self._is_ticking = True
        process = self._tick(self._process)
        self._is_ticking = False
        if self._successor is not None:
            process.store.close()
            process, self._successor = self._successor, None
            self.checks.on_succession()
        self._process = process
        self.checks.at_rest()

    def _tick(self, process: Process) -> Process:
        """One tick of a process, and what a daemon does about its end. Returns the process that goes on."""
        self.checks.on_tick_begins()
        try:
            self._attempt(process)
        except Crash:
            return process if self._successor is not None else self._restart(process)
        except StaleEpochError as error:
            self.note(f"tick ended: {error.code}")
            if self._successor is None:
                self.checks.broken("I8", error.render())
        except StoreConflictError as error:
            self.checks.broken("store", error.render())
        except (StoreError, ExchangeError) as error:
            self.note(f"tick ended: {error.code}")
            process.trader.require_reconciliation()  # as the daemon does
            is_store = isinstance(error, StoreError)
            if is_store and self._successor is None and self.faults.chance.happens(0.3):
                return self._restart(process)
        return process

    def _attempt(self, process: Process) -> None:
        trader = process.trader
        process.lease = process.store.renew(process.lease, self.clock.now())
        if self.has_jumped:
            # As the daemon: the clock tells a jump once.
            self.has_jumped = False
            self.checks.on_stop("the clock jumped")
            trader.latch("clock_jump", format_utc(self.clock.now()), "the clock jumped")
            trader.require_reconciliation()
            self.checks.on_stopped("the clock jumped")
        tick = trader.tick(self.engine, process.lease)
        self.checks.on_tick(tick)
        for decision in tick.plan.decisions:
            self.note(f"{decision.selection.selection_ref} {decision.action} {decision.code}")
        for subject, code in tick.refused:
            self.note(f"{subject} refused {code}")

    def run(self, ticks: int) -> Outcome:
        """So many ticks with faults, then the rest of the day without."""
        for _ in range(ticks):
            self.tick()
            if self.checks.violations and self._parts.is_mutant:
                break
            self.happenings.happen()
            self.let_pass(self.faults.chance.pick(_GAPS_SECONDS))
        if not self.checks.violations:
            self.finish()
        return self.outcome()

    def outcome(self) -> Outcome:
        """What it came to. Nothing can be done with the day afterwards."""
        assert self._process is not None
        self._process.store.close()
        self.store.close()
        refs = [bet.order_ref for bet in self.world.bets.values() if bet.order_ref in self.checks.sent]
        return Outcome(
            seed=self.seed,
            ticks=self.ticks,
            crashes=self.crashes,
            bets=len(refs),
            hedges=sum(self.checks.sent[ref or ""][1].purpose == "hedge" for ref in refs),
            violations=tuple(self.checks.violations),
            faults=self.faults.counts,
            trace=tuple(self.trace),
        )

    def finish(self) -> None:
        """Nothing goes wrong any more: the day ends, and the journal is what the exchange has."""
        self.faults.is_on = False
        self.clock.offset = timedelta(0)
        self.exchange.visible_at.clear()
        self.let_pass(130)
        for market in self.world.markets.values():
            self.happenings.act(Reopen(self.world.now, market.definition.market_id))
        while any(market.definition.status is not MarketStatus.CLOSED for market in self.world.markets.values()):
            self.let_pass(600)
        for _ in range(3):
            self.tick()
            self.let_pass(61)
        self.checks.at_end()

    # --- The morning --------------------------------------------------------------------------------------------------

    def _pick(self) -> tuple[Selection, ...]:
        """Backs and lays on the shortest prices of both markets, asked for generously."""
        races = races_of(self.listed(MarketFilter(market_types=("WIN", "PLACE"))))
        picks = [pick for race in races for kind in MarketType for pick in self._picks_in(race, kind)]
        resolved = resolve_picks(picks, races, self.prices, self.world.now)
        self.store.add_selections(resolved, self.world.now)
        if self.faults.hits(Fault.DUPLICATE_PICK):
            self._pick_again(resolved)
        return tuple(one.selection for one in resolved)

    def _picks_in(self, race: Race, kind: MarketType) -> Iterator[Pick]:
        market = race.market(kind)
        assert market is not None
        (book,) = self.prices.books([market.market_id])
        runners = sorted((one for one in book.runners if one.back and one.lay), key=lambda one: one.back[0].price)
        for number, runner in enumerate(runners[: self._parts.picks_per_market]):
            side = Side.LAY if number % 2 else Side.BACK
            at = PRICES.index(runner.lay[0].price if side is Side.LAY else runner.back[0].price)
            asked = at + _GENEROUS_TICKS if side is Side.LAY else at - _GENEROUS_TICKS
            yield Pick(
                market_type=kind,
                side=side,
                price_requested=PRICES[max(0, min(len(PRICES) - 1, asked))],
                stake_points=Decimal(1),
                market_id=market.market_id,
                selection_id=runner.selection_id,
                place=Place("picks.csv"),
            )

    def _pick_again(self, stored: tuple[NewSelection, ...]) -> None:
        """The same market, runner and side under other names, or a WIN market's id in a PLACE pick."""
        chance = self.faults.chance
        one = chance.pick(stored)
        ref, name = one.selection.selection_ref, one.selection.runner_name or ""
        other_kind = MarketType.PLACE if one.selection.market_type is MarketType.WIN else MarketType.WIN
        changes: dict[str, Any] = chance.pick(
            (
                {},
                {"selection_ref": f"{ref} again"},
                {"selection_ref": ref.upper() + " ", "runner_name": f"  {name.upper()} "},
                {"selection_ref": "another", "market_type": other_kind},
            )
        )
        twin = replace(one, selection=one.selection._replace(**changes))
        with suppress(StoreConflictError):
            self.store.add_selections((twin,), self.world.now)
            self.checks.broken("duplicates", f"{twin.selection.selection_ref!r} is stored beside {ref!r}")


def _moved(day: RaceDay, by: timedelta) -> RaceDay:
    """The same day at another time."""

    def market(definition: MarketDefinition) -> MarketDefinition:
        opens = definition.open_date
        return replace(definition, start=definition.start + by, open_date=None if opens is None else opens + by)

    races = tuple(replace(race, win=market(race.win), place=market(race.place)) for race in day.races)
    return replace(day, now=day.now + by, races=races)


def _with_odd_names(market: CatalogueMarket) -> CatalogueMarket:
    runners = tuple(
        runner._replace(runner_name=f"{NAMES[number % len(NAMES)]} {number}")
        for number, runner in enumerate(market.runners)
    )
    return replace(market, runners=runners, venue=f"{market.venue}'; --")
