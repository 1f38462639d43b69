"""The next step of a cash-out: what it may never do, and each reason to wait or to end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.engine.closing import (
    CancelOpen,
    Closed,
    ClosingTerms,
    Ending,
    Hedge,
    Wait,
    WaitCode,
    next_step,
    position_on,
)
from policytrader.engine.hedge import outcomes_after
from policytrader.model.bets import Bet, OrderType, Persistence
from policytrader.model.books import LiveMarket, LiveRunner, PriceSize
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.price import PRICES, ticks_between
from policytrader.model.snapshot import MarketStatus, OrderStatus, RunnerStatus, Side
from policytrader.policy.protection import PriceCollar

AT = datetime(2026, 5, 2, 13, 42, tzinfo=UTC)
TERMS = ClosingTerms(
    market_id="1.1", selection_id=11, strategy_ref="pt", max_slippage_ticks=5, minimum=MINIMUM_SIZES["GBP"]
)


def levels(*pairs: tuple[str, str]) -> tuple[PriceSize, ...]:
    return tuple(PriceSize(Decimal(price), Decimal(size)) for price, size in pairs)


RUNNER = LiveRunner(
    selection_id=11,
    status=RunnerStatus.ACTIVE,
    back=levels(("7.80", "40"), ("7.60", "90")),
    lay=levels(("8.00", "3.00"), ("8.20", "50"), ("9.60", "500")),
    last_traded=Decimal("8.00"),
)
MARKET = LiveMarket(
    market_id="1.1",
    status=MarketStatus.OPEN,
    in_play=False,
    bet_delay=0,
    version=7,
    number_of_winners=1,
    runners=(RUNNER,),
    published_at=AT,
)


def bet(side: Side, price: str, matched: str, remaining: str = "0", **changed: object) -> Bet:
    made = Bet(
        bet_id="1",
        market_id="1.1",
        selection_id=11,
        side=side,
        order_type=OrderType.LIMIT,
        persistence=Persistence.LAPSE,
        price=Decimal(price),
        size=Decimal(matched) + Decimal(remaining),
        status=OrderStatus.EXECUTABLE if Decimal(remaining) else OrderStatus.EXECUTION_COMPLETE,
        placed_at=AT,
        average_price_matched=Decimal(price),
        size_matched=Decimal(matched),
        size_remaining=Decimal(remaining),
        order_ref="r1",
        strategy_ref="pt",
    )
    return replace(made, **changed)  # type: ignore[arg-type]


BACKED = bet(Side.BACK, "10.00", "5.00")


def with_runner(**changed: object) -> LiveMarket:
    return replace(MARKET, runners=(replace(RUNNER, **changed),))  # type: ignore[arg-type]


def test_a_back_is_laid_level_by_level() -> None:
    # n = 50: 3.00 at 8.00 are not enough; if all of it came at 8.20, 6.09 would be.
    assert next_step(TERMS, MARKET, [BACKED], ()) == Hedge(Side.LAY, Decimal("8.20"), Decimal("6.09"), 7)


def test_a_longer_limit_that_hedges_less_is_not_taken() -> None:
    # 6.20 stand at 8.00, and 50 / 8.20 is less than that.
    market = with_runner(lay=levels(("8.00", "6.20"), ("8.20", "50")))
    assert next_step(TERMS, market, [BACKED], ()) == Hedge(Side.LAY, Decimal("8.00"), Decimal("6.20"), 7)


def test_a_lay_is_backed_level_by_level() -> None:
    laid = bet(Side.LAY, "60.00", "10.00")
    # n = -600: 40 at 7.80 use 312, the 288 that are left are 37.89 at 7.60.
    assert next_step(TERMS, MARKET, [laid], ()) == Hedge(Side.BACK, Decimal("7.60"), Decimal("77.89"), 7)


def test_a_lay_is_backed() -> None:
    laid = bet(Side.LAY, "6.00", "10.00")
    assert next_step(TERMS, MARKET, [laid], ()) == Hedge(Side.BACK, Decimal("7.80"), Decimal("7.69"), 7)


def test_own_open_orders_go_first_and_foreign_ones_stay() -> None:
    own, foreign = bet(Side.LAY, "2.00", "0", "3.00", bet_id="2"), bet(Side.LAY, "2.00", "0", "3.00", strategy_ref=None)
    assert next_step(TERMS, MARKET, [BACKED, own, foreign], ()) == CancelOpen(("2",))
    assert isinstance(next_step(TERMS, MARKET, [BACKED, foreign], ()), Hedge)


def test_both_sides_and_foreign_bets_are_in_the_position() -> None:
    laid = bet(Side.LAY, "8.00", "6.25", strategy_ref=None)
    assert next_step(TERMS, MARKET, [BACKED, laid], ()) == Closed(Ending.FLAT)


def test_another_runner_and_market_are_not() -> None:
    others = [replace(BACKED, selection_id=12), replace(BACKED, market_id="1.2")]
    assert next_step(TERMS, MARKET, others, ()) == Closed(Ending.FLAT)


@pytest.mark.parametrize(
    ("market", "unseen", "expected"),
    [
        (MARKET, {"r9"}, Wait(WaitCode.ORDER_UNSEEN)),
        (replace(MARKET, status=MarketStatus.SUSPENDED), (), Wait(WaitCode.MARKET_NOT_OPEN)),
        (replace(MARKET, status=MarketStatus.INACTIVE), (), Wait(WaitCode.MARKET_NOT_OPEN)),
        (replace(MARKET, in_play=True), (), Wait(WaitCode.IN_PLAY)),
        (replace(MARKET, bet_delay=1), (), Wait(WaitCode.IN_PLAY)),
        (replace(MARKET, is_delayed=True), (), Wait(WaitCode.DELAYED)),
        (replace(MARKET, runners=()), (), Wait(WaitCode.RUNNER_UNKNOWN)),
        (with_runner(status=RunnerStatus.HIDDEN), (), Wait(WaitCode.RUNNER_UNKNOWN)),
        (with_runner(status=None), (), Wait(WaitCode.RUNNER_UNKNOWN)),
        (with_runner(lay=()), (), Wait(WaitCode.NO_PRICE)),
        (with_runner(lay=levels(("8.00", "0.40"))), (), Wait(WaitCode.NO_DEPTH)),
        (with_runner(status=RunnerStatus.REMOVED), {"r9"}, Closed(Ending.VOID)),
        (replace(MARKET, status=MarketStatus.CLOSED), {"r9"}, Closed(Ending.MARKET_CLOSED)),
        (None, (), Wait(WaitCode.MARKET_NOT_OPEN)),
    ],
)
def test_waits_and_ends(market: LiveMarket | None, unseen: set[str], expected: Wait | Closed) -> None:
    assert next_step(TERMS, market, [BACKED], unseen) == expected


def test_a_residual_is_reported() -> None:
    # n = 8: 1.00 at 8.00 would do, 7.90 is less than a pound and pays less than ten.
    assert isinstance(next_step(TERMS, MARKET, [bet(Side.BACK, "8.00", "1.00")], ()), Hedge)
    assert next_step(TERMS, MARKET, [bet(Side.BACK, "7.90", "1.00")], ()) == Closed(Ending.RESIDUAL)


def test_a_level_off_the_ladder_is_not_taken() -> None:
    market = with_runner(lay=levels(("8.00", "3.00"), ("8.10", "50")))
    assert next_step(TERMS, market, [BACKED], ()) == Hedge(Side.LAY, Decimal("8.00"), Decimal("3.00"), 7)


def test_a_market_that_is_not_listed_is_over_once_its_bets_are_gone() -> None:
    assert next_step(TERMS, None, [], {"r9"}) == Closed(Ending.MARKET_CLOSED)
    assert next_step(TERMS, None, [replace(BACKED, selection_id=12)], ()) == Closed(Ending.MARKET_CLOSED)


def test_an_own_bet_of_unknown_fate_is_waited_for() -> None:
    pending = bet(Side.LAY, "8.00", "0", status=OrderStatus.UNKNOWN, bet_id="2")
    assert next_step(TERMS, MARKET, [BACKED, pending], ()) == Wait(WaitCode.ORDER_UNSEEN)
    assert isinstance(next_step(TERMS, MARKET, [BACKED, replace(pending, strategy_ref=None)], ()), Hedge)


def test_a_price_that_may_not_be_taken_makes_no_residual() -> None:
    collared = replace(TERMS, collar=PriceCollar(max_ticks=Decimal(10), max_percent=Decimal(20)))
    held = [bet(Side.BACK, "4.00", "2.00")]
    stub = with_runner(lay=levels(("1000.00", "5.00")), last_traded=Decimal("4.00"))
    # n = 8 is nothing at 1000, where only a fool stands, and 2.00 at 4.00.
    assert next_step(collared, stub, held, ()) == Wait(WaitCode.PRICE_COLLAR)
    assert next_step(collared, stub, [bet(Side.BACK, "1.50", "0.60")], ()) == Closed(Ending.RESIDUAL)


def test_the_collar_binds_hedges_too() -> None:
    collared = replace(TERMS, collar=PriceCollar(max_ticks=Decimal(10), max_percent=Decimal(1)))
    # 8.20 is 2.5 % away from 8.00: only the first level may be taken.
    assert next_step(collared, MARKET, [BACKED], ()) == Hedge(Side.LAY, Decimal("8.00"), Decimal("3.00"), 7)
    assert next_step(collared, with_runner(last_traded=None), [BACKED], ()) == Wait(WaitCode.PRICE_COLLAR)
    assert next_step(collared, with_runner(last_traded=Decimal("12.00")), [BACKED], ()) == Wait(WaitCode.PRICE_COLLAR)


pennies = st.integers(1, 200_000).map(lambda amount: Decimal(amount) / 100)
ladder = st.lists(st.tuples(st.sampled_from(PRICES), pennies), max_size=6, unique_by=lambda level: level[0])
bets = st.lists(st.tuples(st.sampled_from(Side), st.sampled_from(PRICES), pennies), max_size=4)


@given(held=bets, offered=ladder, slippage=st.integers(0, 10))
def test_a_hedge_never_turns_the_position_and_never_costs_more_than_shown(
    held: list[tuple[Side, Decimal, Decimal]], offered: list[tuple[Decimal, Decimal]], slippage: int
) -> None:
    rows = [bet(side, str(price), str(size)) for side, price, size in held]
    terms = replace(TERMS, max_slippage_ticks=slippage)
    rising = sorted(PriceSize(*level) for level in offered)
    market = with_runner(lay=tuple(rising), back=tuple(reversed(rising)))
    step = next_step(terms, market, rows, ())
    if not isinstance(step, Hedge):
        return
    before = position_on(rows, terms)
    offers = market.runners[0].lay if step.side is Side.LAY else market.runners[0].back
    after: tuple[Decimal, Decimal] = (before.if_wins, before.if_loses)
    left = step.size
    for level in offers:
        taken = min(level.size, left)
        after, left = outcomes_after(after[0], after[1], step.side, level.price, taken), left - taken
        assert taken == 0 or ticks_between(level.price, offers[0].price) <= slippage
    assert left == 0, "only what stands there is asked for"
    exposure, rest = before.if_wins - before.if_loses, after[0] - after[1]
    assert abs(rest) < abs(exposure)
    assert rest * exposure >= 0
    assert min(after) > min(before)
    # The whole of it at the limit: the exchange may do no worse than that.
    at_limit = outcomes_after(before.if_wins, before.if_loses, step.side, step.price, step.size)
    assert min(at_limit) > min(before)
    assert (at_limit[0] - at_limit[1]) * exposure >= 0


def test_what_rests_is_cancelled_also_where_another_order_is_unseen() -> None:
    resting = bet(Side.BACK, "8.00", "0", status=OrderStatus.EXECUTABLE, bet_id="2")
    assert next_step(TERMS, MARKET, [BACKED, resting], {"r9"}) == CancelOpen(("2",))
