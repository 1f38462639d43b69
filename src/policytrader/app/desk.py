"""The desk of one live tick: withdraws and closes first, opens then; every order through the gate and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from policytrader.app.cash_out import CashOut
from policytrader.app.gate import Gate
from policytrader.engine.closing import Closed, ClosingTerms, Ending, Wait
from policytrader.model.decision import Action, Verdict
from policytrader.model.journal import EventKind, Intent, JournalEvent, Purpose
from policytrader.model.money import ZERO
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest, Reaction
from policytrader.model.records import PositionUpdate
from policytrader.model.snapshot import OrderStatus
from policytrader.policy.values import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from policytrader.app.assemble import AccountView
    from policytrader.app.bookkeeper import Bookkeeper, Books
    from policytrader.app.execute import Executor
    from policytrader.app.tick import Means, Tick
    from policytrader.engine.plan import Decision, Plan
    from policytrader.model.bets import Bet
    from policytrader.model.journal import Lease
    from policytrader.model.orders import CancelAnswer
    from policytrader.model.snapshot import Selection
    from policytrader.ports import Exchange

_CASH_OUT_ROUNDS = 4
_SKIPS_MARKET = frozenset({Reaction.SKIP_MARKET, Reaction.REREAD_MARKET, Reaction.RECONCILE})
_ENDS_TICK = frozenset({Reaction.BACK_OFF, Reaction.LOG_IN, Reaction.STOP})


class ReasonLog(Protocol):
    """Keeps the reasons of orders, and knows their names."""

    def append_acted_on(self, decision: Decision, plan: Plan) -> None:
        """An order follows from this decision."""
        ...

    def names(self, decision: Decision, plan: Plan) -> tuple[str, str]:
        """The decision's name, and the hash of its inputs."""
        ...


class Desk:
    """Acts on one plan, once. What it did stands in the tick."""

    def __init__(
        self,
        means: Means,
        bookkeeper: Bookkeeper,
        executor: Executor,
        books: Books,
        tick: Tick,
        lease: Lease,
        log: ReasonLog,
    ) -> None:
        """``books`` are what was read for this tick, after the prices of its plan; ``log`` knows the plan's changes."""
        self._log = log
        self._means = means
        self._terms = means.terms
        self._bookkeeper = bookkeeper
        self._executor = executor
        self._account = books.account
        self._tick = tick
        self._lease = lease
        self._limits = tick.plan.policy.protection.protections
        self._gate = Gate(self._limits, books.ledger)
        self._skipped: set[str] = set()
        self._closed: set[tuple[str, int]] = set()
        self._is_over = False

    def act(self) -> None:
        """Withdraw and close before anything new is opened.

        Raises ``StaleEpochError`` where another process leads, ``ExchangeError`` or ``StoreError`` where one of them
        fails: nothing more is sent in this tick.
        """
        self._invalidate()
        if self._gate.cancels_open:
            self._cancel_all()
        for decision in self._tick.plan.decisions:
            if decision.action is Action.CANCEL:
                self._cancel(decision)
            elif decision.action is Action.CASH_OUT and not (self._gate.is_killed or self._is_over):
                self._close(decision)
        for decision in self._tick.plan.decisions:
            if self._is_over:
                return
            if decision.action is Action.PLACE and decision.selection.market_id not in self._skipped:
                self._open(decision)

    # --- Withdrawing --------------------------------------------------------------------------------------------------

    def _invalidate(self) -> None:
        tick = self._tick
        for decision in tick.plan.decisions:
            selection, reason = decision.selection, decision.reason or ""
            if decision.verdict is not Verdict.INVALIDATE or not selection.valid:
                continue
            if self._means.store.invalidate(selection.selection_ref, tick.at, reason):
                tick.invalidated.append((selection.selection_ref, reason))

    def _cancel(self, decision: Decision) -> None:
        """Cancel what rests of the pick; for a rest that stood too long, only that."""
        selection, tick = decision.selection, self._tick
        resting = [bet for bet in self._account.bets if _rests_for(bet, selection, self._terms.strategy_ref)]
        if decision.code == "rested":
            limit = duration(tick.plan.policy.entry.order.cancel_unmatched_after)
            resting = [bet for bet in resting if tick.at - bet.placed_at >= limit]
        if resting:
            self.cancel(selection.market_id, [bet.bet_id for bet in resting], self._means.new_ref())

    def _cancel_all(self) -> None:
        """Everything of ours that rests, by market and bet; never the bare call for all."""
        resting: dict[str, list[str]] = {}
        for bet in self._account.bets:
            if bet.strategy_ref == self._terms.strategy_ref and bet.status is OrderStatus.EXECUTABLE:
                resting.setdefault(bet.market_id, []).append(bet.bet_id)
        for market_id, bet_ids in resting.items():
            self.cancel(market_id, bet_ids, self._means.new_ref())

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Cancel what is unmatched of these bets: it risks nothing, so nothing forbids it."""
        answers = self._means.exchange.cancel(market_id, bet_ids, request_ref)
        self._tick.cancelled += answers
        return answers

    # --- Opening ------------------------------------------------------------------------------------------------------

    def _open(self, decision: Decision) -> None:
        order, selection = decision.order, decision.selection
        assert order is not None, "a decision to place has an order"
        book = self._tick.plan.snapshot.markets_by_id[selection.market_id]
        assert book.version is not None, "an open market has a version"
        request = OrderRequest.on(
            selection,
            order,
            ref=self._means.new_ref(),
            strategy_ref=self._terms.strategy_ref,
            market_version=book.version,
        )
        self.send(decision, Purpose.OPENING, request, decision.stake.target)

    def send(
        self, decision: Decision, purpose: Purpose, order: OrderRequest, most: Decimal | None
    ) -> OrderAnswer | None:
        """Through the gate, into the journal, to the exchange, once; None where the gate says no.

        ``most`` is what the pick may come to with this order, as the ladder says; a hedge has no such cap. An answer
        that says stop closes a latch; what it says of the market or of everything holds for this tick.
        """
        intent = self._intent_of(decision, purpose, order)
        refused = self._gate.refuse(intent, most) or self._refuse_now(purpose)
        if refused is not None:
            self._tick.refused.append((intent.selection_ref, refused))
            return None
        self._log.append_acted_on(decision, self._tick.plan)
        self._gate.count_in(intent)
        done = self._executor.execute(intent, self._lease, self._gate.latest(purpose))
        self._gate.learn(done.entry)
        self._tick.executed.append(done)
        reactions = done.answer.reactions
        self._bookkeeper.close_latches()
        if reactions & _SKIPS_MARKET:
            self._skipped.add(order.market_id)
        self._is_over = self._is_over or bool(reactions & _ENDS_TICK)
        return done.answer

    def _refuse_now(self, purpose: Purpose) -> str | None:
        """The levers once more, as they stand at this moment: a tick may send many orders."""
        controls = self._bookkeeper.controls(self._limits)
        if controls.kill is not None:
            return "kill"
        return "pause" if controls.pause is not None and purpose is Purpose.OPENING else None

    def _intent_of(self, decision: Decision, purpose: Purpose, order: OrderRequest) -> Intent:
        """The intent behind an order: what it is for, and what it was decided on."""
        plan = self._tick.plan
        decision_id, snapshot_hash = self._log.names(decision, plan)
        return Intent(
            ref=order.order_ref,
            account=self._terms.account,
            selection_ref=decision.selection.selection_ref,
            purpose=purpose,
            market_id=order.market_id,
            selection_id=order.selection_id,
            side=order.side,
            price=order.price,
            size=order.size,
            market_version=order.market_version,
            strategy_ref=order.strategy_ref,
            decision_id=decision_id,
            policy_hash=plan.policy.hash,
            snapshot_hash=snapshot_hash,
            created_at=self._means.clock.now(),
            payout=order.payout,
        )

    # --- Closing ------------------------------------------------------------------------------------------------------

    def _close(self, decision: Decision) -> None:
        """At most once in a tick for each runner: its position is that of all picks on it."""
        selection, policy = decision.selection, self._tick.plan.policy
        runner = selection.market_id, selection.selection_id
        if runner in self._closed:
            return
        self._closed.add(runner)
        terms = ClosingTerms(
            market_id=selection.market_id,
            selection_id=selection.selection_id,
            strategy_ref=self._terms.strategy_ref,
            max_slippage_ticks=int(decision.trigger.then.max_slippage_ticks),
            minimum=self._terms.minimum,
            collar=policy.protection.protections.price_collar,
        )
        means = self._means
        hedges = _Hedges(self, means.exchange, decision)
        cash_out = CashOut(hedges, means.prices, means.clock, means.new_ref)
        unseen = _open_refs(self._account, selection)
        rounds = self._tick.closing.setdefault(selection.selection_ref, [])
        listed = self._account.bets
        for taken in cash_out.rounds(terms, most=_CASH_OUT_ROUNDS, unseen_refs=unseen, listed=listed):
            rounds.append(taken)
            if isinstance(taken.step, Closed):
                self._ended(selection, taken.step.ending)
            if hedges.is_refused or isinstance(taken.step, Wait):
                return

    def _ended(self, selection: Selection, ending: Ending) -> None:
        at = self._tick.at
        if ending in {Ending.FLAT, Ending.RESIDUAL}:
            update = PositionUpdate(
                selection_ref=selection.selection_ref,
                size_matched=ZERO,
                average_price_matched=None,
                fully_matched=False,
                closed=True,
            )
            self._means.store.update_positions((update,), at)
        self._means.store.append_events(
            [JournalEvent(at=at, kind=EventKind.CASH_OUT, code=ending, detail=selection.selection_ref)]
        )


class _Hedges:
    """As much of the exchange as one cash-out needs; what it places is an order as any other."""

    def __init__(self, desk: Desk, exchange: Exchange, decision: Decision) -> None:
        self._desk = desk
        self._exchange = exchange
        self._decision = decision
        self.is_refused = False

    def place(self, order: OrderRequest) -> OrderAnswer:
        """One hedge; dead where the gate says no."""
        answer = self._desk.send(self._decision, Purpose.HEDGE, order, None)
        self.is_refused = answer is None
        return answer or OrderAnswer(fate=Fate.DEAD, code="gate")

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Straight through."""
        return self._desk.cancel(market_id, bet_ids, request_ref)

    def current_bets(self, *, market_ids: Iterable[str] = ()) -> tuple[Bet, ...]:
        """Straight through."""
        return self._exchange.current_bets(market_ids=market_ids)


def _rests_for(bet: Bet, selection: Selection, strategy_ref: str) -> bool:
    return (
        bet.strategy_ref == strategy_ref
        and bet.status is OrderStatus.EXECUTABLE
        and (bet.market_id, bet.selection_id, bet.side) == (selection.market_id, selection.selection_id, selection.side)
    )


def _open_refs(account: AccountView, selection: Selection) -> frozenset[str]:
    """Orders on the runner that may live: the cash-out's own reading must list each before it hedges on the sum."""
    return frozenset(
        entry.intent.ref
        for entry in account.entries
        if entry.is_open
        and (entry.intent.market_id, entry.intent.selection_id) == (selection.market_id, selection.selection_id)
    )
