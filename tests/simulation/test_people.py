"""A person acts on a market of a recording: what the recording goes on to tell does not undo it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.model.snapshot import MarketStatus, RunnerStatus, Side
from policytrader.simulation.events import Redefine, Reopen, Settle, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulationError
from tests.simulation.exchanges import (
    NOW,
    PLACE,
    WIN,
    after,
    back,
    define,
    matched,
    new_exchange,
    on_close,
    place,
    quote,
)

if TYPE_CHECKING:
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.exchange import SimulatedExchange


def recorded(*definitions: MarketDefinition) -> SimulatedExchange:
    """An exchange whose recording tells another definition every ten seconds."""
    return new_exchange([Redefine(after(10 * number), one) for number, one in enumerate(definitions, 1)])


def told(version: int = 1001, market_id: str = WIN, **facts: Any) -> MarketDefinition:
    return define(market_id, version=version, **facts)


def with_results(definition: MarketDefinition, winner: int) -> MarketDefinition:
    runners = tuple(
        replace(one, status=RunnerStatus.WINNER if one.selection_id == winner else RunnerStatus.LOSER)
        for one in definition.runners
    )
    return replace(definition, status=MarketStatus.CLOSED, runners=runners)


def test_a_market_that_a_person_settled_stays_closed() -> None:
    exchange = recorded(told(), with_results(told(1002), 12))
    bet = matched(exchange, back("5"))
    exchange.apply(Settle(exchange.now, WIN, (11,)))
    balance = exchange.account.balance
    for seconds in (10, 20):
        exchange.advance(after(seconds))
        market = exchange.markets[WIN]
        assert market.definition.status is MarketStatus.CLOSED
        assert market.runner(11) is not None
        assert [one.selection_id for one in market.definition.runners if one.status is RunnerStatus.WINNER] == [11]
        assert exchange.place(WIN, [back("5", "9999")]).error_code == "MARKET_NOT_OPEN_FOR_BETTING"
    assert exchange.account.balance == balance
    assert bet.settled is not None


def test_a_settled_market_is_not_defined_open_again() -> None:
    exchange = recorded(with_results(told(), 11), told(1002))
    matched(exchange, back("5"))
    exchange.advance(after(25))
    assert exchange.markets[WIN].definition.status is MarketStatus.CLOSED
    with pytest.raises(SimulationError, match="is settled"):
        exchange.apply(Redefine(exchange.now, told(1003)))


def test_a_recording_may_go_on_about_its_own_result() -> None:
    closed = with_results(told(), 11)
    exchange = recorded(closed, replace(closed, settled_at=after(15), version=1002))
    exchange.advance(after(30))
    assert exchange.markets[WIN].definition.version == 1002
    assert exchange.markets[WIN].is_settled


def test_a_runner_that_a_person_withdrew_stays_away() -> None:
    exchange = recorded(told(), told(market_id=PLACE), told(1100))
    gone, other = matched(exchange, back("5", selection_id=12)), matched(exchange, back("10"))
    exchange.withdraw(WIN, 12, Decimal(20))
    version = exchange.markets[WIN].definition.version
    exchange.advance(after(25))
    for market in exchange.markets.values():
        runner = market.runner(12)
        assert runner is not None
        assert (runner.status, runner.adjustment_factor, runner.removed_at) == (RunnerStatus.REMOVED, Decimal(20), NOW)
    # The recording's number is older than the removal: an order that names it has not seen the removal.
    assert exchange.markets[WIN].definition.version == version
    stale = exchange.place(WIN, [back("5")], market_version=1001)
    assert stale.results[0].error_code == "BET_TAKEN_OR_LAPSED"
    exchange.advance(after(35))
    assert exchange.markets[WIN].definition.version == 1100
    assert (gone.size_voided, other.average_price_matched) == (Decimal(10), Decimal(8))


def test_a_market_that_a_person_holds_opens_when_a_person_says_so_or_at_the_off() -> None:
    off = told(1003, in_play=True, bet_delay=1)
    exchange = recorded(told(), told(1002), off)
    exchange.apply(Suspend(exchange.now, WIN))
    exchange.advance(after(15))
    assert exchange.markets[WIN].definition.status is MarketStatus.SUSPENDED
    exchange.apply(Reopen(exchange.now, WIN))
    exchange.advance(after(25))
    assert exchange.markets[WIN].is_open
    exchange.apply(Suspend(exchange.now, WIN))
    exchange.advance(after(35))
    assert exchange.markets[WIN].is_open
    assert exchange.markets[WIN].definition.in_play


def test_an_off_that_a_person_brought_forward_stands() -> None:
    exchange = recorded(told(), told(1003, in_play=True, bet_delay=1, bsp_reconciled=True))
    bet = place(exchange, on_close(Side.BACK, "10"))
    exchange.apply(quote((("5", "10"),), near=Decimal(6)))
    exchange.apply(TurnInPlay(exchange.now, WIN))
    for seconds, delay in ((15, 5), (25, 1)):
        exchange.advance(after(seconds))
        definition = exchange.markets[WIN].definition
        assert (definition.in_play, definition.bet_delay, definition.bsp_reconciled) == (True, delay, True)
        assert definition.runners[0].starting_price == 6
    assert (bet.size_matched, bet.average_price_matched) == (Decimal(10), Decimal(6))


def test_where_nobody_acted_a_recording_is_taken_as_it_is() -> None:
    back_again = told(900)
    gone = replace(back_again.runners[1], status=RunnerStatus.REMOVED)
    removed = replace(back_again, version=1500, runners=(back_again.runners[0], gone, *back_again.runners[2:]))
    exchange = recorded(removed, back_again)
    exchange.advance(after(25))
    assert exchange.markets[WIN].definition == back_again
