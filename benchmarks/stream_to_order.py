"""From a price that changes at the exchange to an order there: the served exchange, the real client, stream and store.

The exchange is a process of its own and stands still until told. One command makes one pick's price meet what was asked
for; the trader, woken by the stream, has to send exactly one order for it.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import cycle
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any, Self, cast

from benchmarks.live_day import (
    MINIMUM,
    MODE,
    PICKS,
    RACES,
    SEED,
    STORE_READS,
    STRATEGY,
    Lap,
    NotMeasuredError,
    Tallied,
    activate_roomy,
    be_silent,
    mean,
    picks_of_day,
    timing_of,
)
from benchmarks.measure import frozen_heap
from benchmarks.parts import Spent
from benchmarks.report import Section, ms, table
from benchmarks.served import PATIENCE_SECONDS, Control, served_exchange
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.prices import BetfairPrices
from policytrader.adapters.betfair.streamed_prices import StreamedPrices
from policytrader.adapters.betfair.wire import Wire
from policytrader.app.engines import Engines
from policytrader.app.morning import resolve_picks
from policytrader.app.tick import TraderTerms
from policytrader.app.trader import Trader
from policytrader.model.orders import Fate
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import Side
from policytrader.wiring import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from policytrader.adapters.betfair.endpoints import ExchangeLine
    from policytrader.app.morning import Pick
    from policytrader.app.tick import Tick
    from policytrader.engine.evaluate import Engine
    from policytrader.model.books import LiveMarket
    from policytrader.model.orders import OrderAnswer, OrderRequest

WARM_UP_SAMPLES = 5
QUIET_SECONDS = 0.05
"""So long nothing new from the stream: what the order before changed has arrived."""
MOST_TICKS = 3
_POINTS = Decimal(20)
_SIZE = 2
_HARDER, _SPREAD = 4, 2
"""Steps of the price ladder: by which each pick asks for more than is offered, and between back and lay then."""

WHOLE = "command sent to order answered"
ARRIVED, BEGAN = "update arrived", "tick begins: policy looked up, lease renewed"
DECIDED, LOGGED = "read and decided", "decision in the log"
LEAVES, ANSWERED = "order leaves: gate, intent in the journal", "order answered"
PARTS = (ARRIVED, BEGAN, DECIDED, LOGGED, LEAVES, ANSWERED)
STORE, BOOKS, BETS, EVALUATE, REST = "store", "books of the stream", "bets asked for", "evaluate", "the rest"
READINGS = (STORE, BOOKS, BETS, EVALUATE, REST)
"""Of *read and decided*."""

NOTE = (
    f"`policytrader exchange serve --speed 0` as a process of its own, {PICKS} selections in {RACES} races; here the "
    "real betfairlightweight, the Exchange Stream, `Trader` and SQLite in a file. A `book` command makes the price of "
    "one pick meet what was asked for. The time runs from just before the command leaves until the exchange's answer "
    "to the order is here: an upper bound of *order at the exchange*. {count} samples, each exactly one order "
    "({again} of them needed a tick more); the exchange's ledger has the same number, and no book was asked for "
    "beside the stream. Both processes share this machine; CPU is this one's. The means of the parts sum up."
)
NOT_IN_IT = (
    "Not in it: the daemon's least gap of 1 s between ticks that the stream asks for; network; a clock that is asked "
    "over HTTP (a real account's is not, and here it stands still); the complete reconciliation and the catalogue, "
    "which fall due once a minute; a database over a network."
)


class _Still:
    """The time at which the exchange stands."""

    def __init__(self, line: ExchangeLine) -> None:
        self._now = line.now

    def now(self) -> datetime:
        return self._now

    def wait(self, seconds: float) -> None:
        raise NotImplementedError(seconds)


class _Poll(BetfairPrices):
    """Counts the questions for books: where the stream has them all, there are none."""

    asked = 0

    def books(self, market_ids: Sequence[str]) -> tuple[LiveMarket, ...]:
        self.asked += 1
        return super().books(market_ids)


def mark() -> Lap:
    """This moment: milliseconds by the wall, and of this process's CPU."""
    return Lap(perf_counter() * 1000, process_time() * 1000)


class _MarkedExchange(BetfairExchange):
    """Remembers when the last order left, and when its answer was here."""

    left = answered = Lap(0, 0)

    def place(self, order: OrderRequest) -> OrderAnswer:
        self.left = mark()
        answer = super().place(order)
        self.answered = mark()
        return answer


class _MarkedStore(Tallied):
    """A store that remembers when decisions were last in its log."""

    logged = Lap(0, 0)

    def append_decisions(self, records: Any) -> None:
        self._inner.append_decisions(records)
        self.logged = mark()


class _MarkedEngine:
    """An engine that remembers when it had decided, and what had been spent on readings until then."""

    def __init__(self, engine: Any, spent: Mapping[str, Spent]) -> None:
        self._engine = engine
        self._spent = spent
        self.decided = Lap(0, 0)
        self.readings: dict[str, Lap] = {}

    @property
    def policy(self) -> Any:
        return self._engine.policy

    def evaluate(self, snapshot: Any) -> Any:
        plan = self._spent[EVALUATE].timed(self._engine.evaluate, snapshot)
        self.decided = mark()
        self.readings = {name: Lap(*spent.take()) for name, spent in self._spent.items()}
        return plan


@dataclass(frozen=True, slots=True)
class Sample:
    """When each thing had happened, in the order of ``PARTS``, after ``began``; ``ticks`` until the order."""

    began: Lap
    marks: tuple[Lap, ...]
    readings: Mapping[str, Lap]
    ticks: int

    def parts(self) -> dict[str, Lap]:
        """The whole, each part, and what *read and decided* consists of."""
        steps = zip((self.began, *self.marks), self.marks, strict=False)
        found = {name: _between(*step) for name, step in zip(PARTS, steps, strict=True)}
        known = self.readings.values()
        rest = Lap(
            found[DECIDED].wall - sum(one.wall for one in known), found[DECIDED].cpu - sum(one.cpu for one in known)
        )
        return {WHOLE: _between(self.began, self.marks[-1]), **found, **self.readings, REST: rest}


def _between(start: Lap, end: Lap) -> Lap:
    return Lap(end.wall - start.wall, end.cpu - start.cpu)


class StreamedDay:
    """A trader on the served exchange, woken by its stream. Use ``with``."""

    def __init__(self) -> None:
        with ExitStack() as stack:
            line = stack.enter_context(served_exchange(SEED, RACES))
            assert line.control is not None, "a simulated exchange has a control"
            self.control = Control(line.control)
            stack.callback(self.control.close)
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="policytrader-bench-"))
            self._spent = {name: Spent() for name in READINGS if name != REST}
            self._marked = _MarkedStore(open_store(f"sqlite:///{folder}/bench.db"), self._where_store)
            self._store: Any = self._marked
            stack.callback(self._store.close)
            self._clock = _Still(line)
            wire = stack.enter_context(Wire(line.endpoints, line.credentials, self._clock))
            self._poll, self._exchange = _Poll(wire), _MarkedExchange(wire)
            self._prices = stack.enter_context(StreamedPrices(wire, self._poll))
            self._engines = Engines(self._store, MINIMUM, MODE, be_silent)
            stack.callback(self._engines.close)
            self._account = line.credentials.username
            self._trader = self._new_trader()
            self.picks = self._open()
            self._turns = cycle(self.picks.items())
            self._close = stack.pop_all()

    def _where_store(self, name: str) -> Spent | None:
        return self._spent[STORE] if name in STORE_READS else None

    def _new_trader(self) -> Trader:
        exchange: Any = Tallied(self._exchange, lambda name: self._spent[BETS] if name == "current_bets" else None)
        prices: Any = Tallied(self._prices, lambda name: self._spent[BOOKS] if name == "books" else None)
        return Trader(
            exchange=exchange,
            prices=prices,
            store=self._store,
            clock=self._clock,
            new_ref=lambda: secrets.token_hex(16),
            terms=TraderTerms(account=self._account, mode=MODE, strategy_ref=STRATEGY, minimum=MINIMUM),
        )

    def _open(self) -> dict[str, Pick]:
        """Picks, each asking for more than is offered, by their refs in the store; and the lead."""
        now = self._clock.now()
        self._store.migrate()
        chosen, races, books = picks_of_day(self._poll, points=_POINTS)
        harder = [ask_for_more(pick, books) for pick in chosen]
        stored = resolve_picks(harder, races, self._poll, now)
        self._store.add_selections(stored, now)
        activate_roomy(self._store, now)
        lease = self._store.acquire(self._account, "benchmark", now)
        if lease is None:
            message = "somebody leads the account in a store that was just made"
            raise NotMeasuredError(message)
        self._lease = lease
        return {one.selection.selection_ref: pick for one, pick in zip(stored, harder, strict=True)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close.close()

    def wake_up(self) -> None:
        """Tick until the stream has every book; nothing may be sent yet."""
        end = perf_counter() + PATIENCE_SECONDS
        while True:
            asked = self._poll.asked
            self._tick_quietly()
            if self._poll.asked == asked and self._prices.describe() == "healthy":
                self._poll.asked = 0
                return
            if perf_counter() > end:
                message = f"the stream never had every book: {self._prices.describe()}"
                raise NotMeasuredError(message)
            self._prices.wait_for_change(1)

    def take_sample(self) -> Sample:
        """One command, one order. Raises ``NotMeasuredError`` for anything else."""
        ref, pick = next(self._turns)
        began = mark()
        self.control.send(command_for(pick))
        for number in range(1, MOST_TICKS + 1):
            if not self._prices.wait_for_change(PATIENCE_SECONDS):
                break
            arrived = mark()
            engine, ready = self._prepare()
            tick: Tick = self._trader.tick(cast("Engine", engine), self._lease)
            if tick.executed:
                self._require_one(tick, ref)
                self.control.answered()
                sent = (self._marked.logged, self._exchange.left, self._exchange.answered)
                return Sample(began, (arrived, ready, engine.decided, *sent), engine.readings, number)
        self.control.answered()
        message = f"a price that met what {ref} asked for brought no order"
        raise NotMeasuredError(message)

    def settle_down(self) -> None:
        """What the order changed arrives, and is taken in by a tick that sends nothing."""
        if not self._prices.wait_for_change(PATIENCE_SECONDS):
            message = "the stream did not tell what an order changed"
            raise NotMeasuredError(message)
        while self._prices.wait_for_change(QUIET_SECONDS):
            pass
        self._tick_quietly()

    def require_nothing_else(self, order_count: int) -> None:
        """The exchange has these orders and no other, and every book came by the stream."""
        held = self.control.order_count()
        if held != order_count or self._poll.asked:
            message = (
                f"{order_count} samples: the exchange has {held} orders; books were asked for {self._poll.asked} x"
            )
            raise NotMeasuredError(message)

    def _prepare(self) -> tuple[_MarkedEngine, Lap]:
        """What the daemon does before each tick, and when it was done."""
        engine = _MarkedEngine(self._engines.current(self._clock.now()), self._spent)
        self._lease = self._store.renew(self._lease, self._clock.now())
        for spent in self._spent.values():
            spent.take()
        return engine, mark()

    def _tick_quietly(self) -> None:
        engine, _ = self._prepare()
        tick: Tick = self._trader.tick(cast("Engine", engine), self._lease)
        if tick.executed:
            message = f"{len(tick.executed)} orders were sent without a command"
            raise NotMeasuredError(message)

    @staticmethod
    def _require_one(tick: Tick, ref: str) -> None:
        sent = [(done.entry.intent.selection_ref, done.answer.fate) for done in tick.executed]
        if sent != [(ref, Fate.SEEN)]:
            message = f"one order for {ref} was wanted; sent: {', '.join(f'{one} ({fate})' for one, fate in sent)}"
            raise NotMeasuredError(message)


def ask_for_more(pick: Pick, books: Mapping[str, LiveMarket]) -> Pick:
    """The pick at a price that nobody offers yet."""
    assert pick.market_id is not None, "sample picks name their markets"
    (runner,) = (one for one in books[pick.market_id].runners if one.selection_id == pick.selection_id)
    is_back = pick.side is Side.BACK
    offered = TICK_OF[(runner.back if is_back else runner.lay)[0].price]
    tick = offered + _HARDER if is_back else offered - _HARDER
    return replace(pick, price_requested=PRICES[min(max(tick, _SPREAD), len(PRICES) - 1 - _SPREAD)])


def command_for(pick: Pick) -> dict[str, Any]:
    """The command after which a little is offered at the price that the pick asks for."""
    asked = TICK_OF[pick.price_requested]
    is_back = pick.side is Side.BACK
    back, lay = (asked, asked + _SPREAD) if is_back else (asked - _SPREAD, asked)
    levels = {name: [[float(PRICES[tick]), _SIZE]] for name, tick in (("back", back), ("lay", lay))}
    traded = [[float(pick.price_requested), 1000]]
    return {"book": {"market": pick.market_id, "selection": pick.selection_id, **levels, "traded": traded}}


def measure_stream_to_order(sample_count: int) -> Section:
    """So many samples, whole and by part."""
    samples = []
    with StreamedDay() as day, frozen_heap():
        day.wake_up()
        for number in range(-WARM_UP_SAMPLES, sample_count):
            sample = day.take_sample()
            day.settle_down()
            if number >= 0:
                samples.append(sample)
        day.require_nothing_else(WARM_UP_SAMPLES + sample_count)
    again = sum(sample.ticks > 1 for sample in samples)
    found = [sample.parts() for sample in samples]
    laps = {name: [one[name] for one in found] for name in found[0]}
    data = {name: timing_of(of).to_dict() | {"mean_ms": round(mean(of), 3)} for name, of in laps.items()}
    text = _table(laps)
    notes = (NOTE.format(count=sample_count, again=again or "none"), NOT_IN_IT)
    return Section("Stream update to order", text, {"count": sample_count, "ticks_more": again, **data}, notes=notes)


def _table(laps: Mapping[str, Sequence[Lap]]) -> str:
    order = [(WHOLE, WHOLE)]
    for part in PARTS:
        order.append((f"  {part}", part))
        order += [(f"    {one}", one) for one in READINGS if part == DECIDED]
    rows = []
    for label, name in order:
        timing = timing_of(laps[name])
        rows.append([label, *map(ms, (timing.p50, timing.p99, max(timing.wall), timing.cpu_p50, mean(laps[name])))])
    return table(["", "p50 ms", "p99 ms", "longest ms", "CPU p50 ms", "mean ms"], rows)
