"""The result: dead heats, commission, and markets that are never settled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from policytrader.model.money import ZERO
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus
from policytrader.simulation.codes import BetOutcome
from policytrader.simulation.events import Redefine, Settle
from policytrader.simulation.exchange import SimulatedExchange, SimulationError
from policytrader.simulation.settlement import commission_of, shares_of_finishers
from tests.simulation.exchanges import (
    NOW,
    PLACE,
    WIN,
    after,
    back,
    lay,
    matched,
    new_exchange,
    place,
    quote,
    sums_up,
)


def profit_of(exchange: SimulatedExchange, bet_id: str) -> Decimal:
    settled = exchange.bets[bet_id].settled
    assert settled is not None
    return settled.profit


def test_a_winner_pays_and_commission_is_taken_of_the_net() -> None:
    exchange = new_exchange()
    won, lost = matched(exchange, back("3", "10")), matched(exchange, back("5", "4", selection_id=12))
    laid = matched(exchange, lay("3", "4", selection_id=13))
    idle = place(exchange, back("900", "2"))
    exchange.apply(quote((("2", "9"),), selection_id=12))
    exchange.apply(Settle(NOW, WIN, (11,)))
    assert [profit_of(exchange, bet.bet_id) for bet in (won, lost, laid)] == [Decimal(20), Decimal(-4), Decimal(4)]
    market = exchange.markets[WIN]
    assert (market.net, market.commission) == (Decimal(20), Decimal(1))
    assert exchange.account.balance == Decimal(10019)
    assert (exchange.account.commission, exchange.account.exposure) == (Decimal(1), ZERO)
    assert market.books[12].available_to_back() == market.books[11].available_to_lay() == []
    assert (idle.size_lapsed, idle.settled, idle.status) == (Decimal(2), None, OrderStatus.EXECUTION_COMPLETE)
    assert won.settled is not None
    assert (won.settled.outcome, won.settled.at, won.settled.price_reduced) == (BetOutcome.WON, NOW, False)
    assert laid.settled is not None
    assert laid.settled.outcome is BetOutcome.WON
    assert lost.settled is not None
    assert lost.settled.outcome is BetOutcome.LOST


def test_a_market_with_a_loss_pays_no_commission() -> None:
    exchange = new_exchange()
    matched(exchange, back("3", "10"))
    exchange.apply(Settle(NOW, WIN, (12,)))
    assert (exchange.account.balance, exchange.markets[WIN].commission) == (Decimal(9990), ZERO)


@pytest.mark.parametrize(
    ("net", "expected"), [("20", "1.00"), ("0.09", "0.00"), ("0.10", "0.01"), ("0", "0"), ("-20", "0")]
)
def test_commission_is_rounded_half_up(net: str, expected: str) -> None:
    assert commission_of(Decimal(net), Decimal(5)) == Decimal(expected)


def test_a_dead_heat_of_two_for_one_place_halves_the_stake() -> None:
    exchange = new_exchange()
    bet, other = matched(exchange, back("3", "10")), matched(exchange, lay("3", "10", selection_id=12))
    exchange.apply(Settle(NOW, WIN, (11, 12)))
    # betfair.md 11.2: 5 x 2.0 - 5
    assert profit_of(exchange, bet.bet_id) == Decimal(5)
    assert profit_of(exchange, other.bet_id) == Decimal(-5)
    statuses = [runner.status for runner in exchange.markets[WIN].definition.runners]
    assert statuses[:3] == [RunnerStatus.WINNER, RunnerStatus.WINNER, RunnerStatus.LOSER]


@pytest.mark.parametrize(
    ("finishers", "places", "shares"),
    [
        ((1,), 1, {1: "1"}),
        ((1, 2, 3), 3, {1: "1", 2: "1", 3: "1"}),
        ((1, 2, 3, 4), 3, {1: "1", 2: "1", 3: "1/2", 4: "1/2"}),
        ((1, 2, 3, 4, 5), 3, {1: "1", 2: "1", 3: "1/3", 4: "1/3", 5: "1/3"}),
        ((1, 2), 1, {1: "1/2", 2: "1/2"}),
        ((1, 2), 3, {1: "1", 2: "1"}),
    ],
)
def test_ties_share_the_places_left(finishers: tuple[int, ...], places: int, shares: dict[int, str]) -> None:
    found = shares_of_finishers(finishers, places)
    assert found == {selection_id: Fraction(share) for selection_id, share in shares.items()}


def test_a_dead_heat_for_the_last_place_in_a_place_market() -> None:
    exchange = new_exchange()
    bets = [matched(exchange, back("3", "10", selection_id=runner), PLACE) for runner in (11, 13, 14, 15)]
    exchange.apply(Settle(NOW, PLACE, (11, 12, 13, 14)))
    assert [profit_of(exchange, bet.bet_id) for bet in bets] == [Decimal(20), Decimal(5), Decimal(5), Decimal(-10)]


def test_a_fraction_of_a_penny_is_rounded_half_away_from_zero_on_both_sides() -> None:
    exchange = new_exchange()
    one, other = matched(exchange, back("3.05", "1")), matched(exchange, lay("3.05", "1", selection_id=12))
    exchange.apply(Settle(NOW, WIN, (11, 12)))
    # half of 1.00 at 3.05 pays 1.525, less 1.00
    assert (profit_of(exchange, one.bet_id), profit_of(exchange, other.bet_id)) == (Decimal("0.53"), Decimal("-0.53"))


@pytest.mark.parametrize("winners", [(), (99,), (15,), (11, 11)])
def test_a_result_that_cannot_be_is_refused(winners: tuple[int, ...]) -> None:
    exchange = new_exchange()
    exchange.withdraw(WIN, 15)
    with pytest.raises(SimulationError):
        exchange.apply(Settle(NOW, WIN, winners))
    assert exchange.markets[WIN].is_open


def test_a_market_is_settled_once() -> None:
    exchange = new_exchange()
    matched(exchange, back("3", "10"))
    exchange.apply(Settle(NOW, WIN, (11,)))
    with pytest.raises(SimulationError):
        exchange.apply(Settle(NOW, WIN, (11,)))
    closed = exchange.markets[WIN].definition
    nobody = tuple(replace(runner, status=RunnerStatus.LOSER) for runner in closed.runners)
    exchange.apply(Redefine(NOW, replace(closed, runners=nobody)))
    assert (exchange.account.balance, exchange.markets[WIN].net) == (Decimal(10019), Decimal(20))


# --- Results of a feed -----------------------------------------------------------------------------------------------


def test_a_feed_tells_the_whole_field_in_its_order_and_those_left_are_placed() -> None:
    order = (15, 14, 13, 12, 11)
    exchange = new_exchange([Settle(after(9), PLACE, order), Settle(after(9), WIN, order)])
    exchange.withdraw(WIN, 14)
    exchange.advance(after(9))
    winners = {
        market_id: [
            runner.selection_id
            for runner in exchange.markets[market_id].definition.runners
            if runner.status is RunnerStatus.WINNER
        ]
        for market_id in (WIN, PLACE)
    }
    assert winners == {WIN: [15], PLACE: [12, 13, 15]}


def test_a_feed_may_tell_a_dead_heat() -> None:
    exchange = new_exchange([Settle(after(9), WIN, (11, 12))])
    bet = matched(exchange, back("3", "10"))
    exchange.advance(after(9))
    assert profit_of(exchange, bet.bet_id) == Decimal(5)


@pytest.mark.parametrize(("winners", "profit"), [(3, "20"), (4, "12.50")])
def test_recorded_winners_share_all_places(winners: int, profit: str) -> None:
    exchange = new_exchange()
    bet = matched(exchange, back("3", "10"), PLACE)
    definition = exchange.markets[PLACE].definition
    runners = tuple(
        replace(runner, status=RunnerStatus.WINNER if number < winners else RunnerStatus.LOSER)
        for number, runner in enumerate(definition.runners)
    )
    exchange.apply(Redefine(NOW, replace(definition, status=MarketStatus.CLOSED, runners=runners)))
    assert profit_of(exchange, bet.bet_id) == Decimal(profit)


def test_a_recording_without_a_result_closes_without_settling() -> None:
    exchange = new_exchange()
    bet, idle = matched(exchange, back("3", "10")), place(exchange, back("9", "10"))
    definition = replace(exchange.markets[WIN].definition, status=MarketStatus.CLOSED)
    exchange.apply(Redefine(NOW, definition))
    assert (bet.settled, idle.size_lapsed, exchange.markets[WIN].net) == (None, Decimal(10), None)
    assert exchange.account.exposure == Decimal(-10)
    assert sums_up(idle)
    # A part of the result is none; all of it comes later.
    partly = (replace(definition.runners[0], status=RunnerStatus.WINNER), *definition.runners[1:])
    exchange.apply(Redefine(NOW, replace(definition, runners=partly)))
    assert exchange.markets[WIN].net is None
    runners = tuple(
        replace(runner, status=RunnerStatus.WINNER if runner.selection_id == 11 else RunnerStatus.LOSER)
        for runner in definition.runners
    )
    exchange.apply(Redefine(NOW, replace(definition, runners=runners)))
    assert exchange.account.balance == Decimal(10019)
