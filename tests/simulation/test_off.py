"""The off: persistence, starting prices, bet delay."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from policytrader.model.bets import Persistence
from policytrader.model.money import ZERO
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side
from policytrader.simulation.codes import InstructionCode, LapseCode
from policytrader.simulation.events import Redefine, Remove, Reopen, Suspend, TurnInPlay
from policytrader.simulation.exchange import SimulatedExchange, SimulationError
from policytrader.simulation.reports import CancelInstruction
from tests.simulation.exchanges import (
    NOW,
    WIN,
    after,
    back,
    codes,
    define,
    lay,
    new_exchange,
    on_close,
    place,
    quote,
    sums_up,
)


def off_at(exchange: SimulatedExchange, price: str) -> None:
    """The off, with this starting price of runner 11."""
    exchange.apply(quote(near=Decimal(price)))
    exchange.apply(TurnInPlay(exchange.now, WIN))


def test_the_off_lapses_keeps_and_takes_the_starting_price() -> None:
    exchange = new_exchange()
    lapsed = place(exchange, back("9", "10"))
    kept = place(exchange, back("9", "10", persistence=Persistence.PERSIST))
    taken = place(exchange, back("9", "10", persistence=Persistence.MARKET_ON_CLOSE))
    off_at(exchange, "6.25")
    definition = exchange.markets[WIN].definition
    assert (definition.status, definition.in_play, definition.bet_delay) == (MarketStatus.OPEN, True, 5)
    assert (definition.bsp_reconciled, definition.version) == (True, 1002)
    assert definition.runners[0].starting_price == Decimal("6.25")
    assert (lapsed.size_lapsed, lapsed.status, lapsed.lapse_code) == (Decimal(10), OrderStatus.EXECUTION_COMPLETE, None)
    assert (kept.size_remaining, kept.status) == (Decimal(10), OrderStatus.EXECUTABLE)
    assert (taken.size_matched, taken.average_price_matched) == (Decimal(10), Decimal("6.25"))
    assert taken.matches[0].tick is None
    assert exchange.markets[WIN].books[11].available_to_lay() == [(Decimal(9), Decimal(10))]


def test_a_lay_that_takes_the_starting_price_keeps_its_liability() -> None:
    exchange = new_exchange()
    bet = place(exchange, lay("5", "10", persistence=Persistence.MARKET_ON_CLOSE))
    exposure = exchange.account.exposure
    off_at(exchange, "9")
    assert (bet.size_matched, bet.average_price_matched) == (Decimal(5), Decimal(9))
    assert exchange.account.exposure == exposure == Decimal(-40)
    assert sums_up(bet)


def test_a_rest_too_small_for_the_starting_price_lapses() -> None:
    exchange = new_exchange()
    bet = place(exchange, lay("1.5", "10", persistence=Persistence.MARKET_ON_CLOSE))
    off_at(exchange, "9")
    assert (bet.size_lapsed, bet.size_matched) == (Decimal(10), ZERO)


@pytest.mark.parametrize(
    ("side", "liability", "limit", "size"),
    [
        (Side.BACK, "10", None, "10"),
        (Side.BACK, "10", "6", "10"),
        (Side.BACK, "10", "6.2", "10"),
        (Side.BACK, "10", "6.4", "0"),
        (Side.LAY, "20", None, "3.80"),  # 20 / 5.25, floored
        (Side.LAY, "20", "6.4", "3.80"),
        (Side.LAY, "20", "6.2", "0"),
    ],
)
def test_orders_at_the_starting_price(side: Side, liability: str, limit: str | None, size: str) -> None:
    exchange = new_exchange()
    bet = place(exchange, on_close(side, liability, limit))
    assert (bet.bsp_liability, bet.size, bet.status) == (Decimal(liability), ZERO, OrderStatus.EXECUTABLE)
    assert exchange.account.exposure == -Decimal(liability)
    off_at(exchange, "6.25")
    assert (bet.size_matched, bet.status) == (Decimal(size), OrderStatus.EXECUTION_COMPLETE)
    assert sums_up(bet)
    assert exchange.account.exposure >= -Decimal(liability)
    late = exchange.place(WIN, [on_close(side, "20", limit)])
    assert codes(late)[1] == [InstructionCode.MARKET_NOT_OPEN_FOR_BSP_BETTING]


@pytest.mark.parametrize("side", list(Side))
def test_a_starting_price_at_the_limit_is_good_enough(side: Side) -> None:
    exchange = new_exchange()
    bet = place(exchange, on_close(side, "26", "6.2"))
    off_at(exchange, "6.2")
    assert bet.size_matched == Decimal(26 if side is Side.BACK else 5)


def test_the_starting_price_comes_from_the_book_where_nothing_projects_it() -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("4", "9"),), lay=(("4.4", "9"),)))
    exchange.apply(quote(last_traded=Decimal("7.2"), selection_id=12))
    exchange.apply(TurnInPlay(NOW, WIN))
    prices = [runner.starting_price for runner in exchange.markets[WIN].definition.runners]
    assert prices == [Decimal("4.20"), Decimal("7.20"), None, None, None]


def test_without_any_price_there_is_no_starting_price_and_the_order_lapses() -> None:
    exchange = new_exchange()
    bet = place(exchange, on_close(Side.BACK, "10"))
    exchange.apply(TurnInPlay(NOW, WIN))
    assert (bet.status, bet.size_matched) == (OrderStatus.EXECUTION_COMPLETE, ZERO)
    assert exchange.account.exposure == 0


def test_a_recorded_starting_price_counts_once_and_to_the_penny() -> None:
    exchange = new_exchange()
    bet = place(exchange, on_close(Side.BACK, "10"))
    definition = exchange.markets[WIN].definition
    runners = (replace(definition.runners[0], starting_price=Decimal("9.9089325297506")), *definition.runners[1:])
    reconciled = replace(definition, status=MarketStatus.SUSPENDED, bsp_reconciled=True, runners=runners)
    exchange.apply(Redefine(NOW, reconciled))
    assert [match.price for match in bet.matches] == [Decimal("9.91")]
    exchange.apply(Redefine(NOW, replace(reconciled, in_play=True, status=MarketStatus.OPEN, bet_delay=1)))
    assert len(bet.matches) == 1


def test_a_bet_delay_of_its_own_is_kept() -> None:
    exchange = new_exchange([Redefine(NOW, define("1.9", bet_delay=1))])
    exchange.apply(TurnInPlay(NOW, "1.9"))
    assert exchange.markets["1.9"].definition.bet_delay == 1


def test_what_cannot_turn_in_play_says_so() -> None:
    exchange = new_exchange([Redefine(NOW, define("1.9", turns_in_play=False))])
    exchange.apply(TurnInPlay(NOW, WIN))
    for market_id in (WIN, "1.9", "1.8"):
        with pytest.raises(SimulationError):
            exchange.apply(TurnInPlay(NOW, market_id))


# --- Bet delay -------------------------------------------------------------------------------------------------------


def in_play() -> SimulatedExchange:
    exchange = new_exchange()
    exchange.apply(TurnInPlay(NOW, WIN))
    exchange.apply(quote(back=(("3", "50"),), replaces=True))
    return exchange


def test_an_order_in_play_is_answered_at_once_and_matches_when_the_delay_has_passed() -> None:
    exchange = in_play()
    bet = place(exchange, back("3", "10"))
    assert (bet.status, bet.size_matched, bet.delayed_until) == (OrderStatus.EXECUTABLE, ZERO, after(5))
    assert exchange.account.exposure == Decimal(-10)
    assert exchange.markets[WIN].books[11].available_to_lay() == []
    exchange.advance(after(4.999))
    assert bet.size_matched == 0
    exchange.advance(after(5))
    assert (bet.size_matched, bet.matched_at, bet.delayed_until) == (Decimal(10), after(5), None)


def test_a_delayed_order_meets_the_prices_of_its_moment() -> None:
    exchange = in_play()
    bet = place(exchange, back("3", "10"))
    exchange.apply(quote(back=(("2", "50"),), replaces=True))
    exchange.advance(after(5))
    assert (bet.size_matched, bet.size_remaining) == (ZERO, Decimal(10))
    assert exchange.markets[WIN].books[11].available_to_lay() == [(Decimal(3), Decimal(10))]


def test_a_delayed_order_cannot_be_cancelled_and_blocks_its_opposite() -> None:
    exchange = in_play()
    bet = place(exchange, back("3.5", "10"))
    result = exchange.cancel(WIN, [CancelInstruction(bet.bet_id)]).results[0]
    assert result.error_code is InstructionCode.BET_IN_PROGRESS
    assert codes(exchange.place(WIN, [lay("3.5", "10")]))[1] == [InstructionCode.INVALID_BACK_LAY_COMBINATION]
    exchange.advance(after(5))
    assert exchange.cancel(WIN, [CancelInstruction(bet.bet_id)]).results[0].error_code is None


def test_a_delayed_order_lapses_in_a_suspended_or_changed_market() -> None:
    exchange = in_play()
    version = exchange.markets[WIN].definition.version
    stale = exchange.bets[exchange.place(WIN, [back("3", "10")], market_version=version).results[0].bet_id or ""]
    gone = place(exchange, back("3", "10", selection_id=12))
    exchange.apply(Remove(NOW, WIN, 12))
    exchange.advance(after(5))
    assert (stale.size_lapsed, stale.lapse_code) == (Decimal(10), LapseCode.MKT_VERSION)
    assert (gone.size_lapsed, gone.lapse_code) == (Decimal(10), None)
    suspended = place(exchange, back("3", "10"))
    exchange.apply(Suspend(NOW, WIN))
    exchange.advance(after(20))
    assert (suspended.size_lapsed, suspended.lapse_code) == (Decimal(10), LapseCode.MKT_SUSPENDED)
    exchange.apply(Reopen(NOW, WIN))
    assert exchange.account.exposure == 0


def test_a_delayed_order_on_a_runner_that_is_hidden_lapses() -> None:
    exchange = in_play()
    bet = place(exchange, back("3", "10"))
    definition = exchange.markets[WIN].definition
    hidden = (replace(definition.runners[0], status=RunnerStatus.HIDDEN), *definition.runners[1:])
    exchange.apply(Redefine(NOW, replace(definition, runners=hidden)))
    exchange.advance(after(5))
    assert bet.lapse_code is LapseCode.RNR_UNKNOWN
    assert codes(exchange.place(WIN, [back("3", "10")]))[1] == [InstructionCode.INVALID_RUNNER]
