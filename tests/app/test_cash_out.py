"""Cash-out against the simulated exchange, its prices moving: the worst outcome grows with each hedge, and never falls.

``POLICYTRADER_SHOW=1`` prints each round.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.cash_out import CashOut, Round
from policytrader.engine.closing import CancelOpen, Closed, Ending, Hedge, Wait, WaitCode
from policytrader.model.money import money_text
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer, OrderRequest
from policytrader.model.position import Position
from policytrader.model.price import PRICES
from policytrader.model.snapshot import Side
from policytrader.simulation.events import Suspend
from tests.app.cash_out_desk import TERMS, Desk, ExchangeClock
from tests.simulation.exchanges import WIN, Levels, after

if TYPE_CHECKING:
    from policytrader.adapters.simulated.exchange import InMemoryExchange


def show(rounds: list[Round]) -> None:
    if os.environ.get("POLICYTRADER_SHOW"):
        for one in rounds:
            wins, loses, worst = (money_text(part) for part in (*one.position, min(one.position)))
            sys.stdout.write(f"\nif it wins {wins:>8}  loses {loses:>8}  worst {worst:>8}  {one.step}")


def close(desk: Desk, moves: list[tuple[Levels, Levels]]) -> list[Round]:
    """Take rounds; before each the market moves on."""
    unseen: frozenset[str] = frozenset()
    rounds = []
    for back, lay in [*moves, *[moves[-1]] * 12]:
        desk.offer(back, lay)
        rounds.append(desk.cash_out.take_round(TERMS, unseen))
        unseen = rounds[-1].unseen_refs
        if rounds[-1].is_over:
            break
    show(rounds)
    return rounds


def test_a_back_is_closed_against_moving_prices() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    assert desk.bet(Side.BACK, "10", "20").size_matched == Decimal(20)
    assert desk.bet(Side.BACK, "10.5", "5").size_matched == 0
    rounds = close(
        desk,
        [
            ((("9", "5"),), (("9.4", "6"), ("9.6", "3"))),
            ((("9", "5"),), (("9.4", "6"), ("9.6", "3"))),
            ((("9", "5"),), (("9.8", "4"),)),
            ((("9", "5"),), (("9.2", "90"),)),
        ],
    )
    assert [type(one.step) for one in rounds] == [CancelOpen, Hedge, Hedge, Hedge, Closed]
    worsts = [min(one.position) for one in rounds]
    assert worsts == sorted(worsts)
    assert worsts[0] == Decimal(-20)
    assert rounds[-1].step == Closed(Ending.RESIDUAL)
    assert rounds[-1].position.if_loses > 0


def test_a_lay_is_closed_against_moving_prices() -> None:
    desk = Desk()
    desk.offer((("6", "50"),), (("6.2", "50"),))
    assert desk.bet(Side.LAY, "6.2", "30").size_matched == Decimal(30)
    rounds = close(
        desk,
        [
            ((("7", "10"), ("6.8", "5")), (("7.4", "6"),)),
            ((("6.6", "4"),), (("7.4", "6"),)),
            ((("6.4", "90"),), (("7.4", "6"),)),
        ],
    )
    assert [type(one.step) for one in rounds] == [Hedge, Hedge, Hedge, Closed]
    worsts = [min(one.position) for one in rounds]
    assert worsts == sorted(worsts)
    assert rounds[-1].step == Closed(Ending.RESIDUAL)


def test_a_hedge_that_is_left_standing_is_cancelled_before_the_next() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    hedge = desk.bet(Side.LAY, "9", "5")
    rounds = close(desk, [((("9.4", "5"),), (("9.6", "90"),))])
    assert [type(one.step) for one in rounds] == [CancelOpen, Hedge, Closed]
    assert rounds[0].cancelled[0].bet_id == hedge.bet_id
    assert rounds[0].cancelled[0].size_cancelled == Decimal(5)


def test_a_suspended_market_is_waited_for() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    desk.world.apply(Suspend(desk.world.now, WIN))
    assert desk.cash_out.take_round(TERMS).step == Wait(WaitCode.MARKET_NOT_OPEN)


def test_an_own_runner_that_is_removed_is_void() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    desk.world.withdraw(WIN, 11, None)
    taken = desk.cash_out.take_round(TERMS)
    assert taken.step == Closed(Ending.VOID)
    assert taken.position == Position(Decimal(0), Decimal(0))


def test_another_runners_removal_cuts_the_position_before_the_hedge() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    desk.world.withdraw(WIN, 12, Decimal("30.01"))
    desk.offer((("6.8", "50"),), (("7", "50"),))
    taken = desk.cash_out.take_round(TERMS)
    # 20 at 7.00 now: n = 140, and 140 / 7 is 20.
    assert taken.step == Hedge(Side.LAY, Decimal("7.00"), Decimal("20.00"), desk.world.markets[WIN].definition.version)
    assert desk.cash_out.take_round(TERMS, taken.unseen_refs).step == Closed(Ending.FLAT)


class Late:
    """The exchange's port, a bet not listed before ``listed`` is set; what ``place`` answers may get lost too."""

    def __init__(self, port: InMemoryExchange, *, loses_answers: bool) -> None:
        self._port, self._loses_answers = port, loses_answers
        self.is_listed = False
        self.placed: list[OrderRequest] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)

    def place(self, order: OrderRequest) -> OrderAnswer:
        self.placed.append(order)
        answer = self._port.place(order)
        if not self._loses_answers:
            return answer
        return OrderAnswer(fate=Fate.UNKNOWN, code="READ_TIMEOUT")

    def current_bets(self, **filters: object) -> tuple[object, ...]:
        hidden = set() if self.is_listed else {order.order_ref for order in self.placed}
        return tuple(bet for bet in self._port.current_bets(**filters) if bet.order_ref not in hidden)  # type: ignore[arg-type]


class Deaf:
    """The exchange's port, no answer to a cancel."""

    def __init__(self, port: InMemoryExchange) -> None:
        self._port = port
        self.cancels = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)

    def cancel(self, market_id: str, bet_ids: list[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        assert (market_id, request_ref[:4]) == (WIN, "ref-")
        self.cancels += 1
        return tuple(CancelAnswer(bet_id=bet_id, fate=Fate.UNKNOWN, code="READ_TIMEOUT") for bet_id in bet_ids)


def test_a_cancel_without_an_answer_is_asked_for_once_a_round() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10.5", "5")
    deaf = Deaf(desk.port)
    cash_out = CashOut(deaf, InMemoryPrices(desk.world), ExchangeClock(desk.world), desk.new_ref)  # type: ignore[arg-type]
    assert [deaf.cancels for _ in cash_out.rounds(TERMS, most=4)] == [1, 2, 3, 4]
    assert desk.world.now == after(0), "whoever takes the rounds waits, not they"


@pytest.mark.parametrize("loses_answers", [False, True])
def test_a_hedge_that_is_not_listed_yet_is_not_sent_again(*, loses_answers: bool) -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    late = Late(desk.port, loses_answers=loses_answers)
    cash_out = CashOut(late, InMemoryPrices(desk.world), ExchangeClock(desk.world), desk.new_ref)  # type: ignore[arg-type]
    rounds = list(cash_out.rounds(TERMS, most=4))
    assert [type(one.step) for one in rounds] == [Hedge, Wait, Wait, Wait]
    assert rounds[-1].step == Wait(WaitCode.ORDER_UNSEEN)
    assert len(late.placed) == 1
    late.is_listed = True
    assert cash_out.take_round(replace(TERMS), rounds[-1].unseen_refs).is_over


def test_a_list_that_has_lost_a_hedge_again_sends_no_other() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    desk.offer((("9", "50"),), (("9.4", "6"),))
    late = Late(desk.port, loses_answers=False)
    late.is_listed = True
    cash_out = CashOut(late, InMemoryPrices(desk.world), ExchangeClock(desk.world), desk.new_ref)  # type: ignore[arg-type]
    first = cash_out.take_round(TERMS)
    assert isinstance(first.step, Hedge)
    desk.offer((("9", "50"),), None)
    seen = cash_out.take_round(TERMS, first.unseen_refs)
    assert seen.step == Wait(WaitCode.NO_PRICE)
    desk.offer((("9", "50"),), (("9.4", "90"),))
    late.is_listed = False  # an answer from a server that lags behind
    assert cash_out.take_round(TERMS, seen.unseen_refs).step == Wait(WaitCode.ORDER_UNSEEN)
    late.is_listed = True
    assert isinstance(cash_out.take_round(TERMS, seen.unseen_refs).step, Hedge)


def test_a_hedge_that_never_matched_may_leave_the_list() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    resting = desk.bet(Side.LAY, "5", "5")
    ref = next(bet.order_ref for bet in desk.port.current_bets() if bet.bet_id == resting.bet_id)
    assert ref is not None
    taken = desk.cash_out.take_round(TERMS, frozenset({ref}))
    assert isinstance(taken.step, CancelOpen)
    assert taken.unseen_refs == frozenset()


def test_a_run_goes_on_from_what_is_unseen() -> None:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    desk.bet(Side.BACK, "10", "20")
    rounds = list(desk.cash_out.rounds(TERMS, most=2, unseen_refs=frozenset({"ref-of-before"})))
    assert [one.step for one in rounds] == [Wait(WaitCode.ORDER_UNSEEN)] * 2


sizes = st.integers(100, 20_000).map(lambda amount: str(Decimal(amount) / 100))
ticks = st.integers(0, 340)


@given(
    side=st.sampled_from(Side),
    opened=ticks,
    size=sizes,
    moves=st.lists(st.tuples(ticks, st.integers(1, 8), sizes, sizes), min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_the_worst_outcome_never_gets_worse(
    side: Side, opened: int, size: str, moves: list[tuple[int, int, str, str]]
) -> None:
    desk = Desk()
    price = str(PRICES[opened])
    standing = ((price, size),)
    desk.offer(*((standing, None) if side is Side.BACK else (None, standing)))
    answer = desk.bet(side, price, size)
    if answer.fate is not Fate.SEEN:
        return  # more than the account has
    books = [(((str(PRICES[low]), one),), ((str(PRICES[low + spread]), other),)) for low, spread, one, other in moves]
    worsts = [min(one.position) for one in close(desk, books)]  # type: ignore[arg-type]
    assert all(earlier <= later for earlier, later in pairwise(worsts))
