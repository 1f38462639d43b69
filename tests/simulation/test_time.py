"""Time, feeds, people who interfere, and listeners."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.model.snapshot import MarketStatus
from policytrader.simulation.events import (
    Event,
    Quote,
    Redefine,
    Remove,
    Reopen,
    Reschedule,
    Settle,
    Suspend,
    TurnInPlay,
)
from policytrader.simulation.exchange import Change, SimulatedExchange, SimulationError
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.reports import CancelInstruction
from tests.simulation.exchanges import NOW, PLACE, WIN, after, back, lay, new_exchange, place, quote

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_what_is_due_now_has_happened_when_the_exchange_stands() -> None:
    exchange = SimulatedExchange(NOW, [Redefine(NOW, new_exchange().markets[WIN].definition), quote(at=after(1))])
    assert list(exchange.markets) == [WIN]
    assert exchange.now == NOW


def test_time_does_not_go_back_and_may_stand_still() -> None:
    exchange = new_exchange()
    exchange.advance(after(5))
    exchange.advance(after(5))
    with pytest.raises(SimulationError):
        exchange.advance(after(4))
    assert exchange.now == after(5)


def test_a_feed_is_read_no_further_than_time_needs() -> None:
    read = []

    def endless() -> Iterator[Event]:
        number = 0
        while True:
            number += 1
            read.append(number)
            yield quote(at=after(number))

    exchange = SimulatedExchange(NOW, endless())
    exchange.advance(after(10))
    assert len(read) == 11


def test_a_delay_that_ends_before_a_quote_comes_first() -> None:
    exchange = new_exchange([quote(back=(("3", "50"),), at=after(5)), quote(back=(("3", "0"),), at=after(6))])
    exchange.apply(TurnInPlay(NOW, WIN))
    bet = place(exchange, back("3", "10"))
    exchange.advance(after(60))
    assert (bet.size_matched, bet.matched_at) == (Decimal(10), after(5))


@pytest.mark.parametrize(
    "event",
    [
        Suspend(NOW, "1.9"),
        Reopen(NOW, WIN),
        Remove(NOW, WIN, 99),
        Reschedule(NOW, "1.9", NOW),
        Quote(NOW, "1.9", 11),
        Quote(NOW, WIN, 99),
        Settle(NOW, WIN, (99,)),
    ],
)
def test_what_cannot_be_is_said_to_a_person_and_skipped_in_a_feed(event: Event) -> None:
    exchange = new_exchange()
    before = exchange.markets[WIN].definition
    with pytest.raises(SimulationError) as caught:
        exchange.apply(event)
    assert len(str(caught.value)) > 10
    played = new_exchange([event])
    assert played.markets[WIN].definition == exchange.markets[WIN].definition == before


def test_what_a_person_suspends_only_a_person_or_the_off_reopens() -> None:
    exchange = new_exchange([Suspend(after(1), WIN), Reopen(after(2), WIN), TurnInPlay(after(9), PLACE)])
    for market_id in (WIN, PLACE):
        exchange.apply(Suspend(NOW, market_id))
    exchange.advance(after(20))
    assert exchange.markets[WIN].definition.status is MarketStatus.SUSPENDED
    assert exchange.markets[PLACE].is_open
    exchange.apply(Reopen(NOW, WIN))
    assert exchange.markets[WIN].is_open
    again = new_exchange([Suspend(after(1), WIN), Reopen(after(2), WIN)])
    again.advance(after(2))
    assert again.markets[WIN].is_open


def test_an_off_that_a_person_brought_forward_is_not_undone_by_the_day() -> None:
    exchange = new_exchange(
        [Suspend(after(9), WIN), TurnInPlay(after(10), WIN), quote(back=(("3", "5"),), at=after(20))]
    )
    exchange.apply(TurnInPlay(NOW, WIN))
    exchange.advance(after(10))
    assert exchange.markets[WIN].is_open
    exchange.apply(Settle(NOW, WIN, (11,)))
    exchange.advance(after(20))
    assert exchange.markets[WIN].books[11].available_to_back() == []


def test_after_the_off_the_day_suspends_and_reopens_by_itself() -> None:
    exchange = new_exchange([TurnInPlay(after(1), WIN), Suspend(after(2), WIN), Reopen(after(3), WIN)])
    exchange.apply(Suspend(NOW, WIN))
    exchange.advance(after(3))
    assert exchange.markets[WIN].is_open


def test_a_suspension_may_keep_the_version() -> None:
    exchange = new_exchange()
    versions = []
    for is_new_version in (False, True):
        exchange.apply(Suspend(NOW, WIN, is_new_version))
        versions.append(exchange.markets[WIN].definition.version)
        exchange.apply(Reopen(NOW, WIN))
    assert versions == [1000, 1002]


def test_a_day_goes_on_after_a_person_removed_a_runner_that_the_day_removes_too() -> None:
    withdrawal: list[Event] = [Suspend(after(1), WIN), Remove(after(2), WIN, 15), Reopen(after(3), WIN)]
    exchange = new_exchange([*withdrawal, quote(at=after(4), selection_id=15)])
    exchange.withdraw(WIN, 15, Decimal(30))
    exchange.apply(quote(back=(("3", "5"),)))
    exchange.advance(after(9))
    assert exchange.markets[WIN].is_open
    assert exchange.markets[WIN].books[11].available_to_back() == [(Decimal(3), Decimal(5))]


def test_quotes_of_a_removed_runner_are_not_shown() -> None:
    exchange = new_exchange([quote(back=(("3", "5"),), selection_id=15, at=after(1))])
    exchange.withdraw(WIN, 15)
    exchange.advance(after(1))
    assert exchange.markets[WIN].books[15].available_to_back() == []
    exchange.apply(Settle(NOW, PLACE, (11,)))
    for market_id, selection_id in ((WIN, 15), (PLACE, 11)):
        with pytest.raises(SimulationError):
            exchange.apply(quote(back=(("3", "5"),), selection_id=selection_id, market_id=market_id))


# --- Listeners -------------------------------------------------------------------------------------------------------


def test_listeners_hear_each_step_once_it_is_complete() -> None:
    exchange = new_exchange()
    heard: list[Change] = []
    stop = exchange.subscribe(heard.append)
    bet = place(exchange, back("3", "10"))
    exchange.apply(quote(back=(("3", "4"),)))
    exchange.apply(Suspend(NOW, WIN))
    place(exchange, lay("2", "10"), PLACE)
    exchange.cancel(PLACE, [CancelInstruction("1")])
    stop()
    exchange.apply(Reopen(NOW, WIN))
    both = frozenset({11})
    assert heard == [
        Change(NOW, WIN, both, is_definition=False, bets=(bet.bet_id,)),
        Change(NOW, WIN, both, is_definition=False, bets=(bet.bet_id,)),
        Change(NOW, WIN, frozenset(), is_definition=True, bets=()),
        Change(NOW, PLACE, both, is_definition=False, bets=("300000000002",)),
    ]


def test_a_listener_may_act_in_the_middle_of_time() -> None:
    exchange = new_exchange([quote(back=(("3", "4"),), at=after(1)), quote(back=(("3", "9"),), at=after(2))])
    placed = []

    def trade(change: Change) -> None:
        if not change.bets:
            placed.append(place(exchange, back("3", "4")))

    exchange.subscribe(trade)
    exchange.advance(after(10))
    assert [(bet.placed_at, bet.size_matched) for bet in placed] == [(after(1), Decimal(4)), (after(2), Decimal(4))]


# --- A whole day -----------------------------------------------------------------------------------------------------


def play_day(steps: tuple[int, ...]) -> tuple[list[object], SimulatedExchange]:
    """A generated race with an order on every runner now and then, in steps of so many seconds."""
    day = generate_race_day(7, races=2)
    exchange = SimulatedExchange(day.now, day.feed())
    trace: list[object] = []
    exchange.subscribe(lambda change: trace.append((change.at, change.market_id, sorted(change.selections), change)))
    off = min(market.definition.start for market in exchange.markets.values())
    exchange.advance(off - timedelta(seconds=300))
    for market_id, market in exchange.markets.items():
        for selection_id, book in market.books.items():
            if book.available_to_lay():
                exchange.place(market_id, [back(str(book.available_to_lay()[0][0]), "2", selection_id)])
    for number in range(6):
        for step in steps:
            exchange.advance(exchange.now + timedelta(seconds=step))
        for market_id, market in exchange.markets.items():
            for selection_id, book in market.books.items():
                if number > 2 and book.available_to_back():
                    exchange.place(market_id, [back(str(book.available_to_back()[0][0]), "2", selection_id)])
    exchange.advance(off + timedelta(hours=2))
    trace.append([bet.as_bet() for bet in exchange.bets.values()])
    trace.append((exchange.account.balance, exchange.account.exposure))
    return trace, exchange


def test_six_hundred_seconds_are_six_times_a_hundred() -> None:
    whole, exchange = play_day((600,))
    parts, _ = play_day((100,) * 6)
    odd, _ = play_day((1, 0, 599))
    assert whole == parts == odd
    assert len(exchange.bets) > 20
    assert sum(bool(bet.matches) for bet in exchange.bets.values()) > 10
    assert all(market.is_settled for market in exchange.markets.values())
    assert exchange.account.exposure == 0
    assert exchange.account.balance != Decimal(10000)
