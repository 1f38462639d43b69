"""A recorded day twice: traded by the daemon's trader on the simulated exchange, and replayed."""

from __future__ import annotations

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policytrader.adapters.simulated.exchange import InMemoryExchange
from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.replay.asked import AskedRows
from policytrader.app.replay.fold import DayFold
from policytrader.app.replay.picks import ReplayPick, ReplayTerms
from policytrader.app.replay.race_view import catalogue_ticks
from policytrader.app.replay.replay import DayPicks, Replayer
from policytrader.app.replay.rows import HistoryRows, RacePicks
from policytrader.app.replay.run import PickRun
from policytrader.engine.evaluate import Engine
from policytrader.engine.history import HistoryEngine
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.times import EPOCH, from_microseconds, london_day, microseconds_between
from policytrader.simulation.events import Redefine
from policytrader.simulation.exchange import SimulatedExchange
from tests.app.race_days import Day, SimulatedClock
from tests.app.replay.recorder import record_races
from tests.faults.memory_base import MemoryDatabase
from tests.faults.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.replay import Replay
    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.races import RaceRecord
    from policytrader.simulation.events import Event


class Sent(NamedTuple):
    """An order, whoever sent it."""

    at: datetime
    selection_ref: str
    purpose: str
    side: str
    price: Decimal
    size: Decimal


class Came(NamedTuple):
    """What a pick came to."""

    outcome: str
    profit: Decimal | None
    commission: Decimal | None
    size_matched: Decimal
    average_price_matched: Decimal | None


@dataclass
class Traded:
    """What somebody did with the picks of a day."""

    orders: list[Sent]
    invalid: dict[str, str | None]
    results: dict[str, Came]
    ticks: int = 0


def events_of(races: Iterable[RaceRecord]) -> list[Event]:
    """The recording as a feed of the simulated exchange."""
    found: list[tuple[int, str, int, Event]] = []
    for race in races:
        for market_id, market in race.markets.items():
            found += [
                (at, market_id, number, Redefine(from_microseconds(at), told))
                for at, number, told in market.definitions
            ]
            for selection_id, runner in market.runners.items():
                tape = runner.read_tape()
                quotes = tape.quotes(market_id, selection_id, 0, len(tape.at))
                found += [(microseconds_between(EPOCH, one.at), market_id, number, one) for number, one in quotes]
    return [event for *_, event in sorted(found, key=lambda one: one[:3])]


class RecordedDay:
    """One day of recorded races, with a back and a lay in every market."""

    def __init__(self, feed: Iterable[Event], begin: datetime, *, after_off: timedelta = timedelta(minutes=30)) -> None:
        self.races = record_races(feed)
        self.begin = begin
        world = SimulatedExchange(begin, events_of(self.races))
        store = MemoryStore(MemoryDatabase(), "paper")
        store.migrate()
        self.end = max(race.off for race in self.races) + after_off
        self.day = Day(
            world, InMemoryExchange(world), InMemoryPrices(world), store, SimulatedClock(world), self.end - after_off
        )
        first = {from_microseconds(market.times[0]) for race in self.races for market in race.markets.values()}
        self._later = sorted(at for at in first if at > begin)
        self.picks: list[Selection] = []
        self.captures: list[ReferenceRunner] = []
        self._pick()

    def trade(self, policy: PolicySet, every_seconds: float) -> Traded:
        """By the daemon's own trader. The day's exchange and store are used up."""
        day, orders = self.day, []
        trader, lease, self.ticks = day.trader(), day.lead(), []
        with Engine(policy) as engine:
            while day.clock.now() <= self.end:
                now = day.clock.now()
                self.ticks.append(microseconds_between(EPOCH, now))
                for done in trader.tick(engine, lease).executed:
                    one = done.entry.intent
                    sent = one.selection_ref, str(one.purpose), str(one.side), one.price, one.size
                    orders.append(Sent(now, *sent))
                self._wait(every_seconds)
        stored = day.store.selections(london_day(self.begin))
        results = {
            one.selection_ref: Came(
                str(one.outcome), one.profit, one.commission, one.size_matched, one.average_price_matched
            )
            for one in day.store.live_results(london_day(self.begin))
        }
        invalid = {one.selection.selection_ref: one.selection.invalidated_reason for one in stored}
        return Traded(orders, invalid, results, len(self.ticks))

    def _wait(self, seconds: float) -> None:
        """For the next tick; markets that appear meanwhile are picked in when they do."""
        day, until = self.day, self.day.clock.now() + timedelta(seconds=seconds)
        while self._later and self._later[0] <= until:
            day.clock.wait((self._later.pop(0) - day.clock.now()).total_seconds())
            self._pick()
        day.clock.wait((until - day.clock.now()).total_seconds())

    def _pick(self) -> None:
        """Pick in the markets that are new, and keep the picks as they were made."""
        self.day.pick_everywhere()
        date, known = london_day(self.begin), {one.selection_ref for one in self.picks}
        stored = (one.selection for one in self.day.store.selections(date))
        self.picks += [one for one in stored if one.selection_ref not in known]
        self.captures = list(self.day.store.captures(date))

    def replay_as_written(self, policy: PolicySet, cadence: str) -> Replay:
        """The picks as somebody wrote them down in the morning, replayed from there on."""
        chosen: dict[str, list[ReplayPick]] = defaultdict(list)
        for one in self.picks:
            chosen[one.market_id].append(
                ReplayPick(
                    selection_ref=one.selection_ref,
                    market_id=one.market_id,
                    selection_id=one.selection_id,
                    side=one.side,
                    price_requested=one.price_requested,
                    stake_points=one.stake_points,
                    race_id=one.race_id,
                )
            )
        races = [(race, tuple(pick for key in race.markets for pick in chosen[key])) for race in self.races]
        terms = ReplayTerms(cadence=cadence, capture=self.begin, minimum=MINIMUM_SIZES["GBP"], ports=in_memory)
        with Replayer(policy, terms) as replayer:
            (found,) = replayer.replay([DayPicks(london_day(self.begin), tuple(races))])
        return found

    def replay(self, policy: PolicySet) -> Traded:
        """The same picks at the same ticks, replayed."""
        ticks = np.array(self.ticks, np.int64)
        of_race = {market_id: race for race in self.races for market_id in race.markets}
        groups: dict[str, list[Selection]] = defaultdict(list)
        for pick in self.picks:
            groups[of_race[pick.market_id].race_id].append(pick)
        captures: dict[str, list[ReferenceRunner]] = defaultdict(list)
        for row in self.captures:
            captures[row.race_id].append(row)
        with HistoryEngine(policy) as history, closing(AskedRows(policy, MINIMUM_SIZES["GBP"])) as asked:
            rows = HistoryRows(policy, history.reads, history.wanted)
            for picks in groups.values():
                rows.add(
                    RacePicks(
                        race=of_race[picks[0].market_id],
                        selections=tuple(picks),
                        captures=tuple(captures[picks[0].race_id]),
                        ticks=ticks,
                        asked=catalogue_ticks(ticks),
                    )
                )
            judged = history.judge(rows.picks, rows.captures, rows.runners)
            fold = DayFold(
                history,
                asked.rows,
                [PickRun.of(one, judged) for one in rows.histories],
                {race_id: tuple(found) for race_id, found in captures.items()},
                minimum=MINIMUM_SIZES["GBP"],
                ports=in_memory,
            )
            fold.run()
        return _told(fold)


def in_memory(exchange: SimulatedExchange) -> tuple[Exchange, PriceFeed]:
    """The ports of an exchange."""
    return InMemoryExchange(exchange), InMemoryPrices(exchange)


def _told(fold: DayFold) -> Traded:
    orders = [
        Sent(
            one.intent.created_at, one.intent.selection_ref, str(one.intent.purpose), str(one.intent.side),
            one.intent.price, one.intent.size,
        )
        for one in fold.store.entries.values()
    ]  # fmt: skip
    invalid = {ref: pick.selection.invalidated_reason for ref, pick in fold.store.picks.items()}
    results = {
        ref: Came(str(one.outcome), one.profit, one.commission, one.size_matched, one.average_price_matched)
        for ref, (one, _) in fold.store.results.items()
    }
    return Traded(orders, invalid, results, fold.ticks_taken)
