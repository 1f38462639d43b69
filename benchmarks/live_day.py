"""A live tick: the trader on a generated day in memory, its store a real one; how long it takes, and where it goes.

Each store has the whole day to itself, trader, engine and exchange; the stores take turns, tick by tick.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from benchmarks.measure import WARM_UP_TICKS, Timing, frozen_heap
from benchmarks.parts import Spent
from benchmarks.postgres import empty_postgres
from benchmarks.report import Section, ms, table
from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.activate import activate, read_policy
from policytrader.app.desk import Desk
from policytrader.app.engines import Engines
from policytrader.app.morning import races_of, resolve_picks
from policytrader.app.sample_picks import sample_picks
from policytrader.app.tick import TraderTerms
from policytrader.app.trader import Trader
from policytrader.app.world import HORSE_RACING, MARKET_TYPES
from policytrader.model.books import MarketFilter
from policytrader.model.money import MINIMUM_SIZES
from policytrader.resources import resource
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from policytrader.wiring import open_store
from tests.postgres_server import NoPostgresError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from policytrader.app.morning import Pick
    from policytrader.app.race_names import Race
    from policytrader.app.tick import Tick
    from policytrader.model.books import LiveMarket
    from policytrader.model.journal import Lease
    from policytrader.ports import PriceFeed
    from policytrader.ports.store import Store

SEED, RACES, PICKS = 7, 60, 200
ACCOUNT, MODE, STRATEGY = "bench", "paper", "pt"
MINIMUM = MINIMUM_SIZES["GBP"]
TICK_SECONDS = 15
_RICH = Decimal(10**9)
_FIRST_TICK, _AFTER_LAST_OFF = timedelta(hours=1), timedelta(minutes=10)
_ROOM = {
    "max_order: {stake: 100, liability: 150}": "max_order: {stake: 1000, liability: 1500}",
    "{back_stake: 100, lay_liability: 150}": "{back_stake: 1000, lay_liability: 1500}",
    "max_exposure_per_market: 500\n": "max_exposure_per_market: 100000\n",
    "max_exposure_per_day: 2000\n": "max_exposure_per_day: 1000000\n",
    "max_daily_loss: 300 ": "max_daily_loss: 1000000 ",
    "max_orders_per_minute: 20 ": "max_orders_per_minute: 100000 ",
    "max_orders_per_selection: 12 ": "max_orders_per_selection: 1000 ",
}
"""The shipped limits are for a quieter day; what is measured is a day that trades."""

WHOLE, BEFORE = "quiet tick", "before it: policy looked up, lease renewed"
READ, EXCHANGE, EVALUATE, RECORD, REST = "read the store", "exchange", "evaluate", "record in the store", "the rest"
PARTS = (READ, EXCHANGE, EVALUATE, RECORD, REST)
STORE_READS = frozenset(
    {
        "active_policy", "activations", "captures", "contenders", "control_state", "controls", "decision",
        "events", "intent", "intents", "intents_of", "leader", "live_results", "logged_decisions", "open_intents",
        "policy", "prices", "results_history", "selections", "status", "upcoming_bets",
    }
)  # fmt: skip
"""What the store is asked; all else is recording."""

NOTE = (
    f"`Trader.tick` with {PICKS} selections in {RACES} races, four kinds of orders, on the ports in memory (so "
    "*exchange* is no network) and on a store that writes to its disk before it answers: {places}. {count} ticks, "
    f"{TICK_SECONDS} s of the day apart, in stretches from an hour after its beginning to its last race; each store "
    "has the day to itself, in turn, and their orders were the same. *The rest* is Python: the snapshot put together, "
    "journal and exchange compared, decisions written out. The parts' means sum up to the tick's. Before each tick "
    "the daemon looks up the active policy and renews its lease: the line after the parts. The garbage is collected "
    "as it comes; the heap before the first tick is frozen. The CPU time of a database's server is not in it."
)


class NotMeasuredError(Exception):
    """What was to be measured did not happen."""


# --- The day ----------------------------------------------------------------------------------------------------------


def activate_roomy(store: Store, at: datetime) -> None:
    """The shipped rules, with limits that a day of 200 picks does not meet, decide from now on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in sorted((Path(str(resource("rules"))) / "racing").glob("*.yaml")):
            text = file.read_text(encoding="utf-8")
            for old, new in _ROOM.items() if file.stem == "protection" else ():
                if text.count(old) != 1:
                    message = f"{file.name} has {old!r} {text.count(old)} times"
                    raise NotMeasuredError(message)
                text = text.replace(old, new)
            (folder / file.name).write_text(text, encoding="utf-8")
        activate(store, read_policy(folder), at, "benchmark")


def picks_of_day(
    prices: PriceFeed, *, points: Decimal = Decimal(1)
) -> tuple[tuple[Pick, ...], tuple[Race, ...], dict[str, LiveMarket]]:
    """200 picks spread over all markets, the races, and the books that they were chosen from, by market id."""
    wanted = MarketFilter(event_type_ids=(HORSE_RACING,), market_types=MARKET_TYPES)
    races = races_of(prices.catalogue(wanted))
    ids = sorted(market.market_id for race in races for market in (race.win, race.place) if market is not None)
    books = {book.market_id: book for book in prices.books(ids)}
    picks = sample_picks(races, books, seed=SEED, per_market=2, points=points)
    if len(picks) < PICKS:
        message = f"the day has {len(picks)} picks, not {PICKS}"
        raise NotMeasuredError(message)
    spread = tuple(picks[number * len(picks) // PICKS] for number in range(PICKS))
    return spread, races, books


def be_silent(level: str, event: str, at: datetime | None, **fields: Any) -> None:
    """Nobody reads a benchmark's log."""


class Tallied:
    """An object whose methods' times are added up where ``where`` says, by the method's name; None for nowhere."""

    def __init__(self, inner: Any, where: Callable[[str], Spent | None]) -> None:
        self._inner = inner
        self._where = where

    def __getattr__(self, name: str) -> Any:
        found, spent = getattr(self._inner, name), self._where(name)
        if spent is None or not callable(found):
            return found
        return lambda *arguments, **named: spent.timed(found, *arguments, **named)


class _Clock:
    """The simulated exchange's clock."""

    def __init__(self, world: SimulatedExchange) -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.now

    def wait(self, seconds: float) -> None:
        raise NotImplementedError(seconds)


class Lap(NamedTuple):
    """Wall and CPU, in milliseconds."""

    wall: float
    cpu: float


class TradedDay:
    """One day on one store, ticked from outside; what its ticks took is kept. Use ``with``."""

    def __init__(self, url: str) -> None:
        made = generate_race_day(SEED, RACES)
        self.begins, self.last_off = made.now, max(race.start for race in made.races)
        self.world = SimulatedExchange(made.now, made.feed(), balance=_RICH, exposure_limit=_RICH)
        self.world.advance(made.now)
        self.spent = {name: Spent() for name in (WHOLE, BEFORE, *PARTS)}
        self.quiet: dict[str, list[Lap]] = {name: [] for name in self.spent}
        self.sending: list[Lap] = []
        self.orders: list[Lap] = []
        self.sent: list[tuple[Any, ...]] = []
        self._clock = _Clock(self.world)
        self._store = open_store(url)
        self._engines = Engines(self._store, MINIMUM, MODE, be_silent)
        self._lease = self._open()
        self._trader = self._new_trader()

    def _open(self) -> Lease:
        now, prices = self._clock.now(), InMemoryPrices(self.world)
        self._store.migrate()
        picks, races, _ = picks_of_day(prices)
        self._store.add_selections(resolve_picks(picks, races, prices, now), now)
        activate_roomy(self._store, now)
        lease = self._store.acquire(ACCOUNT, "benchmark", now)
        if lease is None:
            message = "somebody leads the account in a store that was just made"
            raise NotMeasuredError(message)
        return lease

    def _new_trader(self) -> Trader:
        numbers, spent = count(1), self.spent
        store: Any = Tallied(self._store, lambda name: spent[READ if name in STORE_READS else RECORD])
        exchange: Any = Tallied(InMemoryExchange(self.world), lambda _: spent[EXCHANGE])
        prices: Any = Tallied(InMemoryPrices(self.world), lambda _: spent[EXCHANGE])
        return Trader(
            exchange=exchange,
            prices=prices,
            store=store,
            clock=self._clock,
            new_ref=lambda: f"bench-{next(numbers):06d}",
            terms=TraderTerms(account=ACCOUNT, mode=MODE, strategy_ref=STRATEGY, minimum=MINIMUM),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()
        self._store.close()

    def tick(self, at: datetime, orders: list[Lap], *, is_counted: bool = True) -> Tick:
        """Let the day run to ``at``, outside of the clock, and tick. ``orders`` fill up while a desk sends."""
        self.world.advance(at)
        orders.clear()
        engine = self.spent[BEFORE].timed(self._prepare)
        tick: Tick = self.spent[WHOLE].timed(self._trader.tick, engine, self._lease)
        laps = {name: Lap(*spent.take()) for name, spent in self.spent.items()}
        known = [laps[name] for name in PARTS if name != REST]
        whole = laps[WHOLE]
        laps[REST] = Lap(whole.wall - sum(one.wall for one in known), whole.cpu - sum(one.cpu for one in known))
        self.sent += [(tick.at, intent_of(done.entry.intent)) for done in tick.executed]
        if is_counted:
            self._count(tick, laps, orders)
        return tick

    def _prepare(self) -> Any:
        """What the daemon does before each tick."""
        engine = self._engines.current(self._clock.now())
        self._lease = self._store.renew(self._lease, self._clock.now())
        return Tallied(engine, lambda name: self.spent[EVALUATE] if name == "evaluate" else None)

    def _count(self, tick: Tick, laps: Mapping[str, Lap], orders: Sequence[Lap]) -> None:
        if tick.executed:
            self.sending.append(laps[WHOLE])
            self.orders += orders
        elif not (tick.cancelled or tick.closing):
            for name, lap in laps.items():
                self.quiet[name].append(lap)


def intent_of(intent: Any) -> tuple[Any, ...]:
    """What two stores must have in common: all of an order but what is drawn by chance."""
    return intent.selection_ref, str(intent.purpose), intent.market_id, str(intent.side), intent.price, intent.size


@contextmanager
def timed_orders() -> Iterator[list[Lap]]:
    """How long each order takes at the desk: gate, levers, intent, exchange, answer recorded; refused ones left out."""
    laps: list[Lap] = []
    send = Desk.send

    def timed(*arguments: Any, **named: Any) -> Any:
        spent = Spent()
        answer = spent.timed(send, *arguments, **named)
        if answer is not None:
            laps.append(Lap(*spent.take()))
        return answer

    Desk.send = timed  # type: ignore[method-assign]
    try:
        yield laps
    finally:
        Desk.send = send  # type: ignore[method-assign]


# --- The section ------------------------------------------------------------------------------------------------------


def measure_live_tick(stretch_count: int, ticks_each: int) -> Section:
    """Quiet ticks by part and ticks that send, on SQLite and, where there is one, on PostgreSQL."""
    with ExitStack() as stack:
        days, missing = _days(stack)
        for day in days.values():
            stack.enter_context(day)
        _trade(list(days.values()), stretch_count, ticks_each)
    _require_comparable(days)
    places = f"SQLite in a file ({file_system(Path(tempfile.gettempdir()))}; WAL, synchronous FULL)"
    places += ", PostgreSQL on a socket of this machine" if len(days) > 1 else ""
    note = NOTE.format(places=places, count=stretch_count * ticks_each - WARM_UP_TICKS)
    data = {name: _data(day) for name, day in days.items()}
    text = f"{_quiet_table(days)}\n\n{_sending_table(days)}"
    return Section(f"A live tick, {PICKS} selections", text, data, notes=(note, *missing))


def _days(stack: ExitStack) -> tuple[dict[str, TradedDay], tuple[str, ...]]:
    """A day on each store that there is, and what there is not."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="policytrader-bench-"))
    days = {"SQLite": TradedDay(f"sqlite:///{folder}/bench.db")}
    try:
        days["PostgreSQL"] = TradedDay(stack.enter_context(empty_postgres()))
    except NoPostgresError as error:
        return days, (f"PostgreSQL did not run: {error}.",)
    return days, ()


def _trade(days: Sequence[TradedDay], stretch_count: int, ticks_each: int) -> None:
    with timed_orders() as orders, frozen_heap():
        for number, at in enumerate(moments(days[0], stretch_count, ticks_each)):
            for day in days:
                day.tick(at, orders, is_counted=number >= WARM_UP_TICKS)


def moments(day: TradedDay, stretch_count: int, ticks_each: int) -> Iterator[datetime]:
    """When to tick: stretches as the daemon would, spread evenly over the day."""
    first = day.begins + _FIRST_TICK
    step = (day.last_off + _AFTER_LAST_OFF - first) / stretch_count
    for stretch in range(stretch_count):
        for number in range(ticks_each):
            yield first + stretch * step + timedelta(seconds=TICK_SECONDS * number)


def _require_comparable(days: Mapping[str, TradedDay]) -> None:
    first, *others = days.values()
    for other in others:
        if other.sent != first.sent:
            message = "the stores' days have other orders: their times say nothing"
            raise NotMeasuredError(message)
    kinds = {(side, market_id in _win_markets(first)) for _, (_, _, market_id, side, *_) in first.sent}
    if len(kinds) != 4 or not first.orders or not first.quiet[WHOLE]:
        message = f"the day has {len(kinds)} of four kinds of orders, and {len(first.quiet[WHOLE])} quiet ticks"
        raise NotMeasuredError(message)


def _win_markets(day: TradedDay) -> frozenset[str]:
    return frozenset(
        market_id for market_id, market in day.world.markets.items() if market.definition.market_type == "WIN"
    )


def timing_of(laps: Sequence[Lap]) -> Timing:
    """Laps as a timing."""
    return Timing(tuple(lap.wall for lap in laps), tuple(lap.cpu for lap in laps))


def mean(laps: Sequence[Lap]) -> float:
    """Of the wall."""
    return sum(lap.wall for lap in laps) / len(laps)


def _quiet_table(days: Mapping[str, TradedDay]) -> str:
    rows = []
    for store, day in days.items():
        whole = mean(day.quiet[WHOLE])
        for name in (WHOLE, *PARTS, BEFORE):
            laps = day.quiet[name]
            label = f"{store}, {len(laps)} quiet ticks" if name == WHOLE else f"  {name}"
            share = "" if name == BEFORE else f"{mean(laps) / whole:.0%}"
            rows.append([label, *_figures(laps), ms(mean(laps)), share])
    head = ["", "p50 ms", "p99 ms", "CPU p50 ms", "CPU p99 ms", "mean ms", "share"]
    return table(head, rows)


def _sending_table(days: Mapping[str, TradedDay]) -> str:
    rows = []
    for store, day in days.items():
        rows.append([f"{store}, tick that sends", str(len(day.sending)), *_figures(day.sending)])
        rows.append(["  each order, gate to answer recorded", str(len(day.orders)), *_figures(day.orders)])
    return table(["", "count", "p50 ms", "p99 ms", "CPU p50 ms", "CPU p99 ms"], rows)


def _figures(laps: Sequence[Lap]) -> list[str]:
    timing = timing_of(laps)
    return [ms(timing.p50), ms(timing.p99), ms(timing.cpu_p50), ms(timing.to_dict()["cpu_p99_ms"])]


def _data(day: TradedDay) -> dict[str, Any]:
    timed = {**day.quiet, "tick that sends": day.sending, "order": day.orders}
    return {name: timing_of(laps).to_dict() | {"mean_ms": round(mean(laps), 3)} for name, laps in timed.items()}


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on: one in memory has no disk to wait for."""
    mounts = Path("/proc/mounts")
    lines = mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else []
    found = [line.split()[1:3] for line in lines]
    around = [(len(where), kind) for where, kind in found if folder.resolve().is_relative_to(where)]
    return max(around, default=(0, "file system unknown"))[1]
