"""A cash-out whose readings of the account lose what an earlier one had: it waits, and hedges nothing for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.simulated.prices import InMemoryPrices
from policytrader.app.cash_out import CashOut
from policytrader.engine.closing import CancelOpen, Closed, Ending, Hedge, Wait, WaitCode
from policytrader.model.orders import CancelAnswer, Fate
from policytrader.model.snapshot import Side
from tests.app.cash_out_desk import TERMS, Desk, ExchangeClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from policytrader.adapters.simulated.exchange import InMemoryExchange
    from policytrader.model.bets import Bet


class Forgetful:
    """The exchange's port; some of its readings show less of a bet, or nothing."""

    def __init__(self, port: InMemoryExchange) -> None:
        self._port = port
        self.shows_less: dict[str, Decimal | None] = {}
        """Order ref -> what is shown of its matched size, None for no bet at all."""
        self.before_cancel: Callable[[], None] = lambda: None
        self.is_deaf = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._port, name)

    def cancel(self, market_id: str, bet_ids: list[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        self.before_cancel()
        answers = self._port.cancel(market_id, bet_ids, request_ref)
        unknown = (CancelAnswer(bet_id=bet_id, fate=Fate.UNKNOWN, code="READ_TIMEOUT") for bet_id in bet_ids)
        return tuple(unknown) if self.is_deaf else answers

    def current_bets(self, **filters: object) -> tuple[Bet, ...]:
        told = []
        for bet in self._port.current_bets(**filters):  # type: ignore[arg-type]
            shown = self.shows_less.get(bet.order_ref or "", bet.size_matched)
            if shown is not None:
                told.append(replace(bet, size_matched=shown))
        return tuple(told)


def forgetful_desk() -> tuple[Desk, Forgetful, CashOut]:
    desk = Desk()
    desk.offer((("10", "50"),), (("10.5", "50"),))
    port = Forgetful(desk.port)
    cash_out = CashOut(port, InMemoryPrices(desk.world), ExchangeClock(desk.world), desk.new_ref)  # type: ignore[arg-type]
    return desk, port, cash_out


@pytest.mark.parametrize("shown", [None, Decimal(0), Decimal("5.00")])
def test_a_reading_that_has_lost_a_bet_of_others_is_not_hedged_on(shown: Decimal | None) -> None:
    """Else the hedge that closed it would be taken for a position, and be undone."""
    desk, port, cash_out = forgetful_desk()
    desk.bet(Side.BACK, "10", "20", strategy_ref="bot")
    desk.offer((("9", "50"),), (("9.4", "90"),))
    hedged = cash_out.take_round(TERMS)
    assert isinstance(hedged.step, Hedge)
    port.shows_less = {"ref-1": shown}
    waiting = cash_out.take_round(TERMS, hedged.unseen_refs, hedged.listed)
    assert waiting.step == Wait(WaitCode.ORDER_UNSEEN)
    # Nor on the next that has lost it; the one that shows it is as good as any.
    assert cash_out.take_round(TERMS, waiting.unseen_refs, waiting.listed).step == Wait(WaitCode.ORDER_UNSEEN)
    port.shows_less = {}
    assert isinstance(cash_out.take_round(TERMS, waiting.unseen_refs, waiting.listed).step, Closed)


def test_what_another_runner_or_an_unmatched_order_of_others_did_is_not_waited_for() -> None:
    desk, port, cash_out = forgetful_desk()
    desk.bet(Side.BACK, "10", "20")
    desk.bet(Side.BACK, "12", "20", strategy_ref="bot")
    first = cash_out.take_round(TERMS)
    elsewhere = [replace(bet, bet_id="9", selection_id=12) for bet in first.listed]
    port.shows_less = {"ref-2": None}
    seen = cash_out.take_round(TERMS, first.unseen_refs, (*first.listed, *elsewhere))
    assert isinstance(seen.step, Closed)


@pytest.mark.parametrize("is_deaf", [False, True])
def test_an_order_that_was_filled_while_it_was_cancelled_is_waited_for(*, is_deaf: bool) -> None:
    """Resting when it was listed, matched before the cancel was there, and left out of the list after it."""
    desk, port, cash_out = forgetful_desk()
    desk.bet(Side.BACK, "10", "20")
    desk.bet(Side.LAY, "9", "5")
    port.before_cancel = lambda: desk.offer((("8.6", "50"),), (("9", "50"),))
    port.is_deaf = is_deaf
    rounds = [cash_out.take_round(TERMS)]
    assert isinstance(rounds[0].step, CancelOpen)
    assert rounds[0].unseen_refs == {"ref-2"}
    port.shows_less = {"ref-2": None}
    assert cash_out.take_round(TERMS, rounds[0].unseen_refs, rounds[0].listed).step == Wait(WaitCode.ORDER_UNSEEN)
    port.shows_less = {}
    rounds += cash_out.rounds(TERMS, most=2, unseen_refs=rounds[0].unseen_refs, listed=rounds[0].listed)
    assert [type(one.step) for one in rounds] == [CancelOpen, Hedge, Closed]
    # 20 at 10.00 less 5 at 9.00: n = 155, and 155 / 9 is 17.22.
    assert isinstance(rounds[1].step, Hedge)
    assert rounds[1].step.size == Decimal("17.22")


def test_an_order_that_is_over_without_a_match_may_leave_the_list() -> None:
    desk, _, cash_out = forgetful_desk()
    answer = desk.bet(Side.BACK, "10.5", "5")
    assert answer.bet_id is not None
    desk.port.cancel(TERMS.market_id, [answer.bet_id], "by-hand")
    taken = cash_out.take_round(TERMS, frozenset({"ref-1"}))
    assert (taken.step, taken.unseen_refs) == (Closed(Ending.FLAT), frozenset())


def test_what_the_exchange_has_voided_since_is_not_waited_for() -> None:
    desk, _, cash_out = forgetful_desk()
    desk.bet(Side.BACK, "10", "20")
    first = cash_out.take_round(TERMS)
    more = [replace(bet, size_matched=bet.size_matched + 5) for bet in first.listed if bet.side is Side.BACK]
    voided = [replace(bet, size_voided=Decimal(5)) for bet in desk.port.current_bets() if bet.side is Side.BACK]
    desk.port.current_bets = lambda **_: tuple(voided)  # type: ignore[method-assign]
    assert isinstance(cash_out.take_round(TERMS, frozenset(), more).step, Hedge)


def test_a_run_remembers_what_was_listed_from_round_to_round() -> None:
    desk, port, cash_out = forgetful_desk()
    desk.bet(Side.BACK, "10", "20", strategy_ref="bot")
    desk.offer((("9", "50"),), (("9.4", "90"),))
    steps = []
    for taken in cash_out.rounds(TERMS, most=3):
        steps.append(type(taken.step))
        port.shows_less = {"ref-1": None}
    assert steps == [Hedge, Wait, Wait]
