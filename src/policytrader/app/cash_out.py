"""Cash-out over the ports: cancel, confirm, re-read, hedge, re-read, until the position is closed or has to wait.

One round reads the market, then the account's bets, and takes one step (``engine/closing.py``). Whoever drives it, a
tick of the daemon or a loop, may stop between any two rounds and go on later, in another process too: only the
references of orders that were sent and may live, and the bets that were listed, have to be handed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from policytrader.app.reconcile import each_once, lost_since
from policytrader.engine.closing import (
    CancelOpen,
    Closed,
    ClosingTerms,
    Hedge,
    Step,
    Wait,
    bets_on,
    next_step,
    position_on,
)
from policytrader.model.orders import CancelAnswer, Fate, OrderAnswer, OrderRequest
from policytrader.model.snapshot import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from policytrader.model.bets import Bet
    from policytrader.model.position import Position
    from policytrader.ports import Clock, PriceFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: the position as it was read, the step taken on it, and what the exchange answered.

    ``unseen_refs`` and ``listed`` are to be handed to the next round: orders that it must see before it hedges, and the
    bets on the runner of which it must see as much as was seen before. ``order`` is what was sent for a hedge.
    """

    at: datetime
    position: Position
    step: Step
    order: OrderRequest | None = None
    placed: OrderAnswer | None = None
    cancelled: tuple[CancelAnswer, ...] = ()
    unseen_refs: frozenset[str] = frozenset()
    listed: tuple[Bet, ...] = ()

    @property
    def is_over(self) -> bool:
        """Nothing is left to do."""
        return isinstance(self.step, Closed)


class HedgeDesk(Protocol):
    """As much of the ``Exchange`` port as a cash-out uses; the daemon's goes through its journal."""

    def place(self, order: OrderRequest) -> OrderAnswer:
        """Send one order, once."""
        ...

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Cancel what is unmatched of these bets."""
        ...

    def current_bets(self, *, market_ids: Iterable[str] = ()) -> tuple[Bet, ...]:
        """The account's bets in these markets."""
        ...


class CashOut:
    """Closes positions on single runners."""

    def __init__(self, exchange: HedgeDesk, prices: PriceFeed, clock: Clock, new_ref: Callable[[], str]) -> None:
        """``new_ref`` gives a fresh reference of at most 32 characters, never the same one twice."""
        self._exchange = exchange
        self._prices = prices
        self._clock = clock
        self._new_ref = new_ref

    def take_round(
        self, terms: ClosingTerms, unseen_refs: frozenset[str] = frozenset(), listed: Sequence[Bet] = ()
    ) -> Round:
        """Read, and take one step.

        Raises ``ExchangeError`` where the market or the bets cannot be read: then nothing was done.
        """
        markets = self._prices.books((terms.market_id,))
        bets = bets_on(each_once(self._exchange.current_bets(market_ids=(terms.market_id,))), terms)
        # Seen at last: what the bet did is in the position now.
        missing = unseen_refs - {bet.order_ref for bet in bets}
        # A hedge computed without what these matched would undo the one before.
        lost = lost_since(bets_on(listed, terms), bets)
        step = next_step(terms, markets[0] if markets else None, bets, {*missing, *(bet.bet_id for bet in lost)})
        unseen = missing | _to_be_seen_again(bets, unseen_refs)
        taken = Round(
            at=self._clock.now(),
            position=position_on(bets, terms),
            step=step,
            unseen_refs=unseen,
            listed=tuple({bet.bet_id: bet for bet in (*bets, *lost)}.values()),
        )
        match step:
            case CancelOpen(bet_ids):
                answers = self._exchange.cancel(terms.market_id, bet_ids, self._new_ref())
                unseen = (unseen | _refs(bets, bet_ids)) - _refs(bets, _withdrawn(bets, answers))
                return replace(taken, cancelled=answers, unseen_refs=unseen)
            case Hedge():
                order = OrderRequest.on(
                    terms,
                    step,
                    ref=self._new_ref(),
                    strategy_ref=terms.strategy_ref,
                    market_version=step.market_version,
                )
                answer = self._exchange.place(order)
                if answer.fate is not Fate.DEAD:
                    # Also where the exchange has said yes: a bet may be listed late, and a second hedge be sent for it.
                    unseen |= {order.order_ref}
                return replace(taken, order=order, placed=answer, unseen_refs=unseen)
            case Wait() | Closed():
                return taken

    def rounds(
        self,
        terms: ClosingTerms,
        *,
        most: int,
        unseen_refs: frozenset[str] = frozenset(),
        listed: Sequence[Bet] = (),
    ) -> Iterator[Round]:
        """Take rounds until it is over, at most so many; whoever takes them may pause between two, or stop.

        Raises ``ExchangeError`` where nothing can be read; to go on later, hand it what the last round says.
        """
        for _ in range(most):
            taken = self.take_round(terms, unseen_refs, listed)
            yield taken
            if taken.is_over:
                return
            unseen_refs, listed = taken.unseen_refs, taken.listed


def _to_be_seen_again(bets: Iterable[Bet], refs: frozenset[str]) -> set[str]:
    """Of these orders those that a later reading has to show: only what is over without a match may leave the list."""
    kept = [bet.bet_id for bet in bets if bet.size_matched or bet.status is not OrderStatus.EXECUTION_COMPLETE]
    return _refs(bets, kept) & refs


def _withdrawn(bets: Iterable[Bet], answers: Iterable[CancelAnswer]) -> set[str]:
    """The bets that are gone without a match, because the exchange says that all of each was cancelled."""
    sizes = {bet.bet_id: bet.size for bet in bets}
    return {one.bet_id for one in answers if one.fate is Fate.SEEN and one.size_cancelled == sizes.get(one.bet_id)}


def _refs(bets: Iterable[Bet], bet_ids: Collection[str]) -> set[str]:
    return {bet.order_ref for bet in bets if bet.order_ref is not None and bet.bet_id in bet_ids}
