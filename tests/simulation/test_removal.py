"""A runner is removed: the acceptance values of ``betfair.md`` 11.2 and what was recorded (6.3)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.model.bets import Persistence
from policytrader.model.money import ZERO
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side
from policytrader.simulation.codes import BetOutcome
from policytrader.simulation.events import Redefine, Remove, Settle, Suspend
from policytrader.simulation.exchange import Change, SimulatedExchange, SimulationError
from policytrader.simulation.removal import reduced_price
from tests.simulation.exchanges import (
    NOW,
    PLACE,
    WIN,
    after,
    back,
    define,
    lay,
    matched,
    new_exchange,
    on_close,
    place,
    quote,
    sums_up,
)

if TYPE_CHECKING:
    from policytrader.simulation.definition import MarketDefinition


@pytest.mark.parametrize(
    ("market_type", "price", "factors", "expected"),
    [
        ("WIN", "10", ["30.01"], ["7.00"]),
        ("WIN", "8", ["25"], ["6.00"]),
        ("PLACE", "8", ["25"], ["6.25"]),
        ("PLACE", "10", ["27.58", "8.37", "2.41"], ["7.52", "6.97", "6.83"]),
        ("WIN", "10", ["2.41"], ["10"]),
        ("WIN", "10", ["2.49", "2.5"], ["10", "9.75"]),
        ("PLACE", "10", ["2.41"], ["9.78"]),
        ("OTHER_PLACE", "10", ["1"], ["9.91"]),
        ("WIN", "1.2", ["30"], ["1.01"]),
    ],
)
def test_a_price_is_reduced(market_type: str, price: str, factors: list[str], expected: list[str]) -> None:
    now, seen = Decimal(price), []
    for factor in factors:
        now = reduced_price(now, Decimal(factor), market_type)
        seen.append(str(now))
    assert seen == expected


def test_recorded_removals_reduce_a_matched_place_bet_one_after_the_other() -> None:
    exchange = new_exchange(runners=8)
    bet = matched(exchange, back("10", "2"), PLACE)
    for selection_id, factor, price in ((16, "27.58", "7.52"), (17, "8.37", "6.97"), (18, "2.41", "6.83")):
        exchange.withdraw(PLACE, selection_id, Decimal(factor))
        assert bet.average_price_matched == Decimal(price)
    assert [(str(one.old_price), str(one.new_price), one.selection_id) for one in bet.adjustments] == [
        ("10.00", "7.52", 16),
        ("7.52", "6.97", 17),
        ("6.97", "6.83", 18),
    ]
    assert bet.matches[0].price == Decimal(10)
    assert bet.size_matched == Decimal(2)
    exchange.apply(Settle(NOW, PLACE, (11, 12, 13)))
    assert bet.settled is not None
    assert (bet.settled.profit, bet.settled.price_reduced) == (Decimal("11.66"), True)


def test_bets_on_the_removed_runner_are_void_and_open_ones_lapse() -> None:
    exchange = new_exchange()
    bet = matched(exchange, back("10", "2"))
    half = place(exchange, back("10", "2"))
    closing = place(exchange, on_close(Side.BACK, "5"))
    exchange.withdraw(WIN, 11, Decimal(30))
    assert (bet.size_voided, bet.size_matched, bet.average_price_matched) == (Decimal(2), ZERO, None)
    assert (half.size_lapsed, half.size_remaining) == (Decimal(2), ZERO)
    assert closing.status is OrderStatus.EXECUTION_COMPLETE
    assert all(sums_up(one) for one in (bet, half))
    assert exchange.account.exposure == 0
    assert [match.size for match in bet.matches] == [Decimal(2)]
    assert exchange.profit_and_loss(WIN)[12].market_if_win == 0
    exchange.apply(Settle(NOW, WIN, (12,)))
    assert bet.settled is not None
    assert (bet.settled.profit, bet.settled.outcome) == (ZERO, BetOutcome.VOID)
    assert half.settled is None
    assert exchange.account.balance == Decimal(10000)


@pytest.mark.parametrize(
    ("market_id", "factor", "is_cancelled"),
    [
        (WIN, "30.01", True),
        (WIN, "2.5", True),
        (WIN, "2.49", False),
        (PLACE, "8.37", True),
        (PLACE, "4", True),
        (PLACE, "3.99", False),
        (PLACE, "2.41", False),
    ],
)
def test_open_lays_on_other_runners_go_and_open_backs_stay(
    market_id: str,
    factor: str,
    is_cancelled: bool,  # noqa: FBT001
) -> None:
    exchange = new_exchange()
    exchange.apply(quote(back=(("2", "50"),), lay=(("20", "50"),), market_id=market_id, selection_id=12))
    lays = [place(exchange, lay("3", "5", persistence=kept), market_id) for kept in Persistence]
    own_back = place(exchange, back("9", "5"), market_id)
    exchange.withdraw(market_id, 15, Decimal(factor))
    assert [bet.size_cancelled for bet in lays] == [Decimal(5) if is_cancelled else 0] * 3
    assert (own_back.size_remaining, own_back.price) == (Decimal(5), Decimal(9))
    book = exchange.markets[market_id].books[12]
    assert bool(book.available_to_back()) is not is_cancelled
    assert book.available_to_lay() == [(Decimal(20), Decimal(50))]


def test_both_markets_of_the_race_go_through_the_recorded_sequence() -> None:
    exchange = new_exchange(
        [Redefine(NOW, define("1.201", event_id="32")), Redefine(NOW, define("1.202", start=after(7)))]
    )
    exchange.apply(quote(back=(("2", "50"),), lay=(("3", "50"),), selection_id=15))
    steps: list[tuple[str, MarketStatus, RunnerStatus, int, int]] = []

    def note(change: Change) -> None:
        market = exchange.markets[change.market_id]
        book = market.books[15]
        definition = market.definition
        runner = market.runner(15)
        assert runner is not None
        steps.append((change.market_id, definition.status, runner.status, definition.version, len(book.back)))

    exchange.subscribe(note)
    exchange.withdraw(WIN, 15, Decimal(20))
    active, removed = RunnerStatus.ACTIVE, RunnerStatus.REMOVED
    assert steps[:4] == [
        (WIN, MarketStatus.SUSPENDED, active, 1001, 1),
        (WIN, MarketStatus.SUSPENDED, active, 1001, 0),
        (WIN, MarketStatus.SUSPENDED, removed, 1001, 0),
        (WIN, MarketStatus.OPEN, removed, 1002, 0),
    ]
    assert {step[0] for step in steps} == {WIN, PLACE}
    runner = exchange.markets[PLACE].runner(15)
    assert runner is not None
    assert (runner.status, runner.removed_at, runner.adjustment_factor) == (removed, NOW, Decimal(20))


def test_without_a_factor_the_one_that_the_runner_carries_counts() -> None:
    exchange = new_exchange()
    win, placed = matched(exchange, back("10", "2")), matched(exchange, back("10", "2"), PLACE)
    exchange.withdraw(WIN, 15)
    assert (win.average_price_matched, placed.average_price_matched) == (Decimal(8), Decimal("4.60"))


def test_the_factors_of_those_left_keep_their_sum() -> None:
    exchange = new_exchange()
    exchange.withdraw(WIN, 15)
    factors = [runner.adjustment_factor for runner in exchange.markets[WIN].definition.active_runners]
    assert factors == [Decimal(25)] * 4


def test_a_removal_is_dated_in_full_seconds() -> None:
    exchange = new_exchange()
    exchange.advance(after(1.75))
    exchange.withdraw(WIN, 15)
    runner = exchange.markets[WIN].runner(15)
    assert runner is not None
    assert runner.removed_at == after(1)


def test_a_second_removal_of_a_runner_and_an_unknown_one_are_refused() -> None:
    exchange = new_exchange()
    exchange.withdraw(WIN, 15)
    before = exchange.markets[WIN].definition
    for market_id, selection_id, factor in (
        (WIN, 15, None),
        (WIN, 99, None),
        ("1.9", 11, None),
        (WIN, 11, Decimal(100)),
    ):
        with pytest.raises(SimulationError):
            exchange.withdraw(market_id, selection_id, factor)
    assert exchange.markets[WIN].definition is before


def test_a_suspended_market_stays_suspended() -> None:
    exchange = new_exchange()
    exchange.apply(Suspend(NOW, WIN))
    exchange.withdraw(WIN, 15)
    assert exchange.markets[WIN].definition.status is MarketStatus.SUSPENDED
    assert exchange.markets[PLACE].definition.status is MarketStatus.OPEN


def test_the_last_price_is_reduced_too() -> None:
    exchange = new_exchange()
    exchange.apply(quote(last_traded=Decimal(10)))
    exchange.withdraw(WIN, 15, Decimal("30.01"))
    assert exchange.markets[WIN].books[11].last_traded == Decimal("7.00")


# --- As a recording tells it -----------------------------------------------------------------------------------------


def with_runner(definition: MarketDefinition, selection_id: int, **facts: object) -> MarketDefinition:
    runners = tuple(
        replace(runner, **facts) if runner.selection_id == selection_id else runner  # type: ignore[arg-type]
        for runner in definition.runners
    )
    return replace(definition, runners=runners)


def redefine(exchange: SimulatedExchange, definition: MarketDefinition) -> None:
    exchange.apply(Redefine(exchange.now, definition))


def test_a_recorded_removal_has_the_same_effect_and_leaves_the_prices_to_the_feed() -> None:
    exchange = new_exchange()
    for selection_id in (12, 15):
        exchange.apply(quote(back=(("2", "50"),), selection_id=selection_id))
    bet, own = matched(exchange, back("10", "2")), place(exchange, lay("3", "5"))
    gone = with_runner(
        exchange.markets[WIN].definition, 15, status=RunnerStatus.REMOVED, adjustment_factor=Decimal("30.01")
    )
    redefine(exchange, gone)
    redefine(exchange, replace(gone, name="seen again"))
    assert (bet.average_price_matched, own.size_cancelled) == (Decimal("7.00"), Decimal(5))
    assert len(bet.adjustments) == 1
    assert exchange.markets[WIN].books[12].available_to_back() == [(Decimal(2), Decimal(50))]
    assert exchange.markets[WIN].books[15].available_to_back() == []


def test_a_removal_without_a_factor_reduces_nothing() -> None:
    exchange = new_exchange()
    bet, own = matched(exchange, back("10", "2")), place(exchange, lay("3", "5"))
    void = matched(exchange, back("10", "2", selection_id=15))
    gone = with_runner(exchange.markets[WIN].definition, 15, status=RunnerStatus.REMOVED, adjustment_factor=None)
    redefine(exchange, gone)
    assert (bet.average_price_matched, own.size_remaining) == (Decimal(10), Decimal(5))
    assert void.size_voided == Decimal(2)


def test_a_runner_that_comes_back_is_active_and_nothing_is_undone() -> None:
    exchange = new_exchange()
    old, void = matched(exchange, back("10", "2")), matched(exchange, back("5", "2", selection_id=15))
    definition = exchange.markets[WIN].definition
    gone = with_runner(definition, 15, status=RunnerStatus.REMOVED, adjustment_factor=Decimal(20))
    redefine(exchange, gone)
    exchange.advance(after(10))
    redefine(exchange, definition)
    assert (old.average_price_matched, void.size_voided) == (Decimal(8), Decimal(2))
    new, again = matched(exchange, back("10", "2")), matched(exchange, back("5", "2", selection_id=15))
    exchange.advance(after(20))
    redefine(exchange, gone)
    # What was reduced for it once is not reduced for it twice.
    assert (old.average_price_matched, new.average_price_matched) == (Decimal(8), Decimal(8))
    assert again.size_voided == Decimal(2)


def test_a_removal_in_one_market_leaves_the_other_market_alone() -> None:
    exchange = new_exchange()
    win, placed = matched(exchange, back("10", "2")), matched(exchange, back("10", "2"), PLACE)
    exchange.apply(Remove(NOW, WIN, 15, Decimal(30)))
    assert (win.average_price_matched, placed.average_price_matched) == (Decimal(7), Decimal(10))
    exchange.apply(Remove(NOW, PLACE, 15, Decimal(30)))
    assert placed.average_price_matched == Decimal("7.30")


def test_a_reduced_lay_can_lose_less() -> None:
    exchange = new_exchange()
    matched(exchange, lay("10", "2"))
    assert exchange.account.exposure == Decimal(-18)
    exchange.withdraw(WIN, 15, Decimal(30))
    assert exchange.account.exposure == Decimal(-12)
