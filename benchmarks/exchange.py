"""The simulated exchange in memory: market updates and orders per CPU-second."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Stopwatch, frozen_heap
from benchmarks.recordings import real_files
from benchmarks.report import Section, table
from policytrader.adapters.recordings.playback import read_events
from policytrader.model.bets import OrderType, Persistence
from policytrader.model.snapshot import Side
from policytrader.simulation.events import Quote, Redefine
from policytrader.simulation.exchange import SimulatedExchange
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.reports import CancelInstruction, PlaceInstruction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.simulation.events import Event

SEED, RACES = 7, 6
NOTE = (
    "Events are made before the clock starts: what is measured is the exchange that applies them, in one process. "
    "*With resting orders*: a back and a lay of ours wait on every runner of each market, far from the prices, so that "
    "each update has queues to look after. *Orders*: each takes what it finds, and what is left of it is cancelled."
)


def measure_exchange(order_count: int, round_count: int, *, real: bool) -> Section:
    """A generated day, the recorded streams where they are (``real``), and orders into the generated day's books."""
    day = generate_race_day(SEED, RACES)
    events = list(day.feed())
    sources: dict[str, Sequence[Event]] = {"generated day": events}
    files = real_files() if real else []
    if files:
        sources["recorded streams"] = list(read_events(files))
    rows: list[list[str]] = []
    data: dict[str, Any] = {}
    for name, one in sources.items():
        for with_orders in (False, True):
            title = f"{name}, with resting orders" if with_orders else name
            rate = _play(one, round_count, with_orders=with_orders)
            data[title] = rate
            rows.append([title, "updates", f"{len(one):,}", f"{rate:,}"])
    rate = _place(events, order_count, round_count)
    data["orders"] = rate
    rows.append(["orders placed and cancelled", "orders", f"{order_count:,}", f"{rate:,}"])
    traces = [_trace(events) for _ in range(2)]
    data["traces"] = traces
    text = table(("", "what", "each round", "per CPU-second"), rows)
    same = "the same trace" if len(set(traces)) == 1 else "DIFFERENT TRACES"
    notes = [NOTE, f"Two runs of seed {SEED} with orders on every runner: {same}, SHA-256 {' and '.join(traces)}."]
    if real and not files:
        notes.append("The recorded files are not on this machine (they lie beside the project, not in it).")
    return Section("The simulated exchange", text, data, notes=tuple(notes))


def _trace(events: Sequence[Event]) -> str:
    """Everything that happened to every bet of a day, as one hash."""
    exchange = SimulatedExchange(events[0].at, events, balance=Decimal(10**9), exposure_limit=Decimal(10**9))
    _rest_everywhere(exchange, events)
    for market_id, market in exchange.markets.items():
        for runner in market.definition.active_runners:
            exchange.place(market_id, [_limit(runner.selection_id, Side.BACK, Decimal("1.01"), Decimal(50))])
    exchange.advance(events[-1].at + timedelta(seconds=1))
    told = [(bet.as_bet(), bet.matches, bet.adjustments, bet.settled) for bet in exchange.bets.values()]
    return hashlib.sha256(repr((told, exchange.account.balance)).encode()).hexdigest()


def _play(events: Sequence[Event], round_count: int, *, with_orders: bool) -> int:
    watch = Stopwatch()
    with frozen_heap():
        for number in range(round_count + 1):
            exchange = SimulatedExchange(events[0].at, events, balance=Decimal(10**9), exposure_limit=Decimal(10**9))
            with watch.lap():
                if with_orders:
                    _rest_everywhere(exchange, events)
                exchange.advance(events[-1].at + timedelta(seconds=1))
            if number == 0:
                watch.forget()
    return round(len(events) / watch.timing.cpu_p50 * 1000)


def _rest_everywhere(exchange: SimulatedExchange, events: Sequence[Event]) -> None:
    """Two orders on every runner, as soon as its market is there: few beside the updates that follow."""
    appear = {event.definition.market_id: event.at for event in reversed(events) if isinstance(event, Redefine)}
    for market_id, at in sorted(appear.items(), key=lambda one: one[1]):
        exchange.advance(at)
        for runner in exchange.markets[market_id].definition.active_runners:
            for side, price in ((Side.BACK, Decimal("1000.00")), (Side.LAY, Decimal("1.01"))):
                exchange.place(market_id, [_limit(runner.selection_id, side, price, Decimal(20))])


def _place(events: Sequence[Event], order_count: int, round_count: int) -> int:
    quotes = [event for event in events if isinstance(event, Quote)]
    middle = quotes[len(quotes) // 3].at
    watch = Stopwatch()
    with frozen_heap():
        for number in range(round_count + 1):
            exchange = SimulatedExchange(events[0].at, events, balance=Decimal(10**9), exposure_limit=Decimal(10**9))
            exchange.advance(middle)
            targets = [
                (market_id, runner.selection_id, book[0][0])
                for market_id, market in exchange.markets.items()
                for runner in market.definition.active_runners
                if (book := market.books[runner.selection_id].available_to_back())
            ]
            with watch.lap():
                for index in range(order_count):
                    market_id, selection_id, price = targets[index % len(targets)]
                    report = exchange.place(market_id, [_limit(selection_id, Side.BACK, price, Decimal(2))])
                    bet_id = report.results[0].bet_id
                    if bet_id is not None:
                        exchange.cancel(market_id, [CancelInstruction(bet_id)])
            if number == 0:
                watch.forget()
    return round(order_count / watch.timing.cpu_p50 * 1000)


def _limit(selection_id: int, side: Side, price: Decimal, size: Decimal) -> PlaceInstruction:
    return PlaceInstruction(selection_id, side, OrderType.LIMIT, size=size, price=price, persistence=Persistence.LAPSE)
