"""The simulated exchange over recorded races, as far as anything of ours is there.

A market is taken up when its first order comes, a runner's book is made when somebody looks at it. From then on the
market's definitions are played in their time, since they change bets, and quotes where an order of ours rests. A book
on which nothing rests is brought up to date when it is looked at: meanwhile nobody can tell the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from policytrader.model.snapshot import MarketStatus
from policytrader.model.times import EPOCH, from_microseconds, microseconds_between
from policytrader.simulation.events import Redefine
from policytrader.simulation.exchange import SimulatedExchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policytrader.model.money import MinimumSize
    from policytrader.ports.races import MarketRecord
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.events import Event
    from policytrader.simulation.tape import Tape


@dataclass(slots=True)
class _Touched:
    """A runner whose book is the exchange's: ``row`` of its tape comes next."""

    selection_id: int
    tape: Tape
    row: int = 0
    seen_at: int = -1


@dataclass(slots=True)
class _Live:
    """A market that is taken up: the definition at ``place`` comes next."""

    record: MarketRecord
    place: int
    runners: dict[int, _Touched] = field(default_factory=dict)

    @property
    def defined_at(self) -> float:
        """When its next definition comes."""
        return self.record.times[self.place] if self.place < len(self.record.times) else inf


class ReplayWorld:
    """An exchange in which only what is looked at is there."""

    def __init__(self, begin: int, records: Mapping[str, MarketRecord], minimum: MinimumSize) -> None:
        """``begin`` in microseconds since 1970: nothing is asked of an earlier time."""
        self.exchange = SimulatedExchange(from_microseconds(begin), minimum=minimum)
        self._records = records
        self._live: dict[str, _Live] = {}

    def advance(self, to: int) -> None:
        """Let the time of what is taken up pass, up to and including ``to``."""
        due: list[tuple[int, str, int, Event]] = []
        for market_id, live in self._live.items():
            if live.defined_at <= to or self.exchange.markets[market_id].open_bets:
                due += ((at, market_id, number, event) for at, number, event in self._due(live, to))
        # By time, and within a market in its own order; markets do not touch each other.
        due.sort(key=lambda one: one[:3])
        for _, _, _, event in due:
            self.exchange.play(event)
        self.exchange.advance(from_microseconds(to))

    def is_touched(self, market_id: str, selection_id: int) -> bool:
        """Whether the runner's book is the exchange's."""
        live = self._live.get(market_id)
        return live is not None and selection_id in live.runners

    @property
    def closed_markets(self) -> frozenset[str]:
        """Of the markets that were taken up, those that are closed."""
        markets = self.exchange.markets.items()
        return frozenset(key for key, market in markets if market.definition.status is MarketStatus.CLOSED)

    def touched(self) -> Iterator[tuple[str, int]]:
        """Every runner whose book is the exchange's."""
        return ((market_id, runner) for market_id, live in self._live.items() for runner in live.runners)

    def look(self, market_id: str, selection_id: int, at: int) -> RunnerBook | None:
        """The runner's book at ``at``, which ``advance`` has come to; None where the market has no such runner."""
        live = self._live.get(market_id) or self._take_up(market_id, at)
        if live is None:
            return None
        market = self.exchange.markets[market_id]
        runner = live.runners.get(selection_id)
        if runner is not None and runner.seen_at == at:
            return market.books[selection_id]
        book = market.books.get(selection_id)
        if book is None or market.runner(selection_id) is None or selection_id not in live.record.runners:
            return book
        if runner is None:
            runner = live.runners[selection_id] = _Touched(selection_id, live.record.runners[selection_id].read_tape())
        end = runner.tape.until(at)
        if book.own_backs or book.own_lays:
            for _, quote in runner.tape.quotes(market_id, selection_id, runner.row, end):
                self.exchange.play(quote)
        else:
            heard = live.record.definitions[live.place - 1][1]
            _bring_up(book, runner, [one for one in live.record.silences(selection_id) if one[0] <= heard], end)
        runner.row, runner.seen_at = end, at
        return book

    def next_quote(self, market_id: str, selection_id: int, after: int) -> int | None:
        """When the next quote of a touched runner after a moment comes; None where there is none."""
        tape = self._live[market_id].runners[selection_id].tape
        row = tape.until(after)
        return int(tape.at[row]) if row < len(tape.at) else None

    def _take_up(self, market_id: str, at: int) -> _Live | None:
        record = self._records[market_id]
        place = record.place_at(at) + 1
        if not place:
            return None
        self.exchange.open_market(
            [(from_microseconds(told), definition) for told, _, definition in record.definitions[:place]]
        )
        live = self._live[market_id] = _Live(record, place)
        return live

    def _due(self, live: _Live, to: int) -> Iterable[tuple[int, int, Event]]:
        record, market_id = live.record, live.record.market_id
        while live.defined_at <= to:
            at, number, definition = record.definitions[live.place]
            live.place += 1
            yield at, number, Redefine(from_microseconds(at), definition)
        books = self.exchange.markets[market_id].books
        for runner in live.runners.values():
            book = books[runner.selection_id]
            if book.own_backs or book.own_lays:
                end = runner.tape.until(to)
                for number, quote in runner.tape.quotes(market_id, runner.selection_id, runner.row, end):
                    yield microseconds_between(EPOCH, quote.at), number, quote
                runner.row = end


def _bring_up(book: RunnerBook, runner: _Touched, silences: Sequence[tuple[int, int]], end: int) -> None:
    """Rows of the tape up to ``end``, which the exchange has not been told, on a book with nothing of ours.

    What was quoted in the ``silences`` that it was told of counts for nothing; when one began it cleared the ladders.
    """
    begin = runner.row
    for silent_from, silent_until in silences:
        first, last = runner.tape.row_of(silent_from), runner.tape.row_of(silent_until)
        if begin < last:
            runner.tape.bring_up(book, begin, max(begin, first), cleared=first)
            begin = last
    runner.tape.bring_up(book, begin, max(begin, end))
