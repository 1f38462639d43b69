"""Mutants: the mistakes that others made, planted one at a time. Each names the promise that it breaks.

A mistake that a second guard would stop is planted together with the loss of that guard; the title says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from policytrader.app import bookkeeper, cash_out, desk, trader
from policytrader.app.assemble import AccountView
from policytrader.app.bookkeeper import Bookkeeper, Books
from policytrader.app.execute import Executed, Executor, request_of
from policytrader.app.gate import Gate
from policytrader.engine import plan, protect
from policytrader.engine.closing import next_step
from policytrader.engine.evaluate import Engine
from policytrader.model.journal import Control, ControlKind, Evidence, IntentState, JournalEntry
from policytrader.model.money import ZERO, half_up
from policytrader.model.orders import Fate
from policytrader.model.snapshot import OrderStatus, Side
from tests.faults.day import ACCOUNT, POLICY, Parts
from tests.faults.faulty_exchange import FaultyExchange
from tests.faults.injected import RATES, Fault
from tests.faults.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    import pytest

    from policytrader.model.bets import Bet
    from policytrader.model.journal import ControlState, Intent, Lease
    from policytrader.model.orders import OrderRequest
    from policytrader.model.snapshot import Order

_ENDLESS = Decimal("Infinity")
_ORDERS = AccountView.orders


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """``plant`` puts the mistake in, ``rates`` make its occasions frequent, ``breaks`` is what a seed must report."""

    title: str
    breaks: tuple[str, ...]
    plant: Callable[[pytest.MonkeyPatch], None] = lambda _: None
    exchange: type[FaultyExchange] = FaultyExchange
    rates: dict[Fault, float] = field(default_factory=dict)
    engine: Callable[[Engine], Engine] = lambda engine: engine

    @property
    def parts(self) -> Parts:
        """For a day. The clock stays: a jump stops everything, and nothing else is to be learnt from it there."""
        rates = {**RATES, Fault.CLOCK_JUMP: 0.0, Fault.CLOCK_BACK: 0.0, **self.rates}
        return Parts(exchange=self.exchange, rates=rates, is_mutant=True)


# --- Positions --------------------------------------------------------------------------------------------------------


def _matched_only(patch: pytest.MonkeyPatch) -> None:
    def exposure(entry: JournalEntry) -> Decimal:
        return entry._matched if entry.state in {IntentState.SEEN, IntentState.DONE} else ZERO

    def orders(view: AccountView) -> tuple[Order, ...]:
        return tuple(
            one._replace(size_remaining=ZERO) for one in _ORDERS(view) if one.status is not OrderStatus.UNKNOWN
        )

    patch.setattr(JournalEntry, "exposure", property(exposure))
    patch.setattr(AccountView, "orders", orders)


def _drop_foreign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AccountView, "unexplained_bets", lambda _: ())
    patch.setattr(AccountView, "orders", lambda view: tuple(one for one in _ORDERS(view) if one.order_ref is not None))


def _round_sizes(patch: pytest.MonkeyPatch) -> None:
    def size_of(remaining: Decimal, side: Side, price: Decimal, depth: Decimal | None) -> Decimal:
        wanted = half_up(remaining if side is Side.BACK else remaining / (price - 1))
        return min(wanted, half_up(depth if depth is not None else ZERO))

    class NoCap(Gate):
        def _refuse_amount(self, intent: Intent, cap: Decimal | None) -> str | None:
            return super()._refuse_amount(intent, None if cap is None else _ENDLESS)

    patch.setattr(plan, "size_of", size_of)
    patch.setattr(desk, "Gate", NoCap)


class _FirstPage(FaultyExchange):
    def pages(self, listed: tuple[Bet, ...]) -> tuple[Bet, ...]:
        return listed[:2]


# --- Sending ----------------------------------------------------------------------------------------------------------


class _Retrying(Executor):
    def execute(self, intent: Intent, lease: Lease, latest: datetime | None = None) -> Executed:
        done = super().execute(intent, lease, latest)
        again = replace(intent, ref=f"{intent.ref}-again")
        return super().execute(again, lease, latest) if done.answer.fate is Fate.UNKNOWN else done


class _Resending(Executor):
    def execute(self, intent: Intent, lease: Lease, latest: datetime | None = None) -> Executed:
        done = super().execute(intent, lease, latest)
        if done.answer.fate is Fate.UNKNOWN:
            self._exchange.place(request_of(intent))
        return done


class _SendingFirst(Executor):
    def execute(self, intent: Intent, lease: Lease, latest: datetime | None = None) -> Executed:
        del latest
        answer = self._exchange.place(request_of(intent))
        self._reserve(intent, lease)
        self._mark_sent(intent, lease)
        state = {Fate.SEEN: IntentState.SEEN, Fate.DEAD: IntentState.DEAD}.get(answer.fate, IntentState.UNKNOWN)
        evidence = Evidence(state=state, code=answer.code, bet_id=answer.bet_id)
        return Executed(entry=self._journal.resolve(intent.ref, evidence, self._clock.now()), answer=answer)


def _executor(kind: type[Executor]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(trader, "Executor", kind)


def _bookkeeper(kind: type[Bookkeeper]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(trader, "Bookkeeper", kind)


class _NoVersion(FaultyExchange):
    """What the exchange does with an order that names no version: it takes it on any."""

    def as_received(self, order: OrderRequest) -> OrderRequest:
        return replace(order, market_version=self._day.world.markets[order.market_id].definition.version)


class _Grace(Bookkeeper):
    def reconcile(self, limits: Any, traded: Any, **how: Any) -> Books:
        listed = {bet.order_ref for bet in self._world._exchange.current_bets()}
        for entry in self._store.open_intents(ACCOUNT):
            is_absent = entry.intent.ref not in listed and entry.state in {IntentState.SENT, IntentState.UNKNOWN}
            if is_absent and traded.now - entry.intent.created_at > timedelta(seconds=5):
                self._store.resolve(entry.intent.ref, Evidence(state=IntentState.DEAD, code="GRACE"), traded.now)
        return super().reconcile(limits, traded, **how)


class _Hasty(Bookkeeper):
    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self._complete_at = self._clock.now()


class _Latchless(Bookkeeper):
    """Latches are kept where the process keeps everything else."""

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self._own: tuple[Control, ...] = ()

    def latch(self, cause: str, subject: str, evidence: str, why: str) -> None:
        at = self._clock.now()
        kind = ControlKind.LATCH
        self._own += (Control(kind=kind, at=at, who="me", why=why, cause=cause, subject=subject, evidence=evidence),)

    def controls(self, limits: Any) -> ControlState:
        state = super().controls(limits)
        return replace(state, latches=(*state.latches, *self._own))


class _Forgetting(Bookkeeper):
    def reconcile(self, limits: Any, traded: Any, **how: Any) -> Books:
        self._due.clear()
        return super().reconcile(limits, traded, **how)


def _without_epoch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MemoryStore, "_require", lambda store, _: store._use())


# --- Hedges, counters, policies ---------------------------------------------------------------------------------------


def _hedge_at_once(patch: pytest.MonkeyPatch) -> None:
    def step(terms: Any, market: Any, bets: Sequence[Bet], unseen: Any) -> Any:
        told = [replace(bet, status=OrderStatus.EXECUTION_COMPLETE) for bet in bets]
        return next_step(terms, market, told, unseen)

    patch.setattr(cash_out, "next_step", step)


class _Forgetful(Bookkeeper):
    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        _ForgetfulGate.since = self._clock.now()


class _ForgetfulGate(Gate):
    since: datetime

    def __init__(self, *facts: Any) -> None:
        super().__init__(*facts)
        self._sent = [intent for intent in self._sent if intent.created_at >= self.since]


def _forget_counts(patch: pytest.MonkeyPatch) -> None:
    counts = {"max_orders_per_minute", "max_orders_per_selection"}
    patch.setattr(trader, "Bookkeeper", _Forgetful)
    patch.setattr(desk, "Gate", _ForgetfulGate)
    patch.setattr(bookkeeper, "latches_due", lambda *_: ())
    patch.setattr(protect, "CHECKS", tuple(one for one in protect.CHECKS if one[0] not in counts))


def _swapping(engine: Engine) -> Engine:
    """Reconciles by one policy and decides by another, as a swap between the two would."""
    other = Engine(replace(POLICY, entry=POLICY.entry.model_copy(update={"version": POLICY.entry.version + 1})))
    return cast("Engine", SimpleNamespace(policy=engine.policy, evaluate=other.evaluate))


MUTANTS = (
    Mutant(
        title="position from what is matched only (plan and gate)",
        breaks=("I1", "I2"),
        plant=_matched_only,
        rates={Fault.PRICE_MOVES: 0.8},
    ),
    Mutant(
        title="retry with a fresh ref",
        breaks=("I1", "I2"),
        plant=_executor(_Retrying),
        rates={Fault.ANSWER_LOST_AFTER: 0.3},
    ),
    Mutant(
        title="the same intent sent again",
        breaks=("I5",),
        plant=_executor(_Resending),
        rates={Fault.TIMEOUT_NEVER: 0.3},
    ),
    Mutant(title="intent after the send", breaks=("I4",), plant=_executor(_SendingFirst)),
    Mutant(
        title="grace of 5 s instead of quarantine",
        breaks=("I6",),
        plant=_bookkeeper(_Grace),
        rates={Fault.TIMEOUT_LATE: 0.4},
    ),
    Mutant(title="no market version", breaks=("I3",), exchange=_NoVersion, rates={Fault.VERSION_CHANGES: 0.4}),
    Mutant(title="sizes rounded, and no cap at the gate", breaks=("I1",), plant=_round_sizes),
    Mutant(title="first page only", breaks=("I7",), exchange=_FirstPage, rates={Fault.FOREIGN_BET: 0.3}),
    Mutant(
        title="foreign orders dropped (plan and gate)",
        breaks=("I1", "I2"),
        plant=_drop_foreign,
        rates={Fault.FOREIGN_BET: 0.4},
    ),
    Mutant(
        title="hedge without cancel",
        breaks=("I11",),
        plant=_hedge_at_once,
        rates={Fault.PRICE_MOVES: 0.7, Fault.WITHDRAWAL: 0.08, Fault.FOREIGN_BET: 0.0},
    ),
    Mutant(
        title="hedge on a list that has lost a bet",
        breaks=("I11",),
        plant=lambda patch: patch.setattr(cash_out, "lost_since", lambda *_: []),
        rates={
            Fault.VIEW_LOSES_BET_CLOSING: 0.4,
            Fault.FOREIGN_BET: 0.3,
            Fault.WITHDRAWAL: 0.1,
            Fault.PRICE_MOVES: 0.4,
        },
    ),
    Mutant(
        title="a bet of others that a list has lost counts no more",
        breaks=("I1", "I2"),
        plant=lambda patch: patch.setattr(bookkeeper, "lost_since", lambda *_: []),
        rates={Fault.VIEW_LOSES_BET: 0.4, Fault.FOREIGN_BET: 0.3, Fault.FOREIGN_BOT: 0.2},
    ),
    Mutant(
        title="counters reset on restart (gate, plan and latches)",
        breaks=("I16",),
        plant=_forget_counts,
        rates={Fault.CRASH_ORDER: 0.2, Fault.PRICE_MOVES: 0.8},
    ),
    Mutant(title="another policy decides in mid-tick", breaks=("I9",), engine=_swapping),
    Mutant(
        title="reserve without the fencing epoch (and without the lock)",
        breaks=("I8",),
        plant=_without_epoch,
        rates={Fault.TAKEN_OVER: 0.1},
    ),
    Mutant(
        title="latches not durable",
        breaks=("I14",),
        plant=_bookkeeper(_Latchless),
        rates={Fault.CLOCK_JUMP: 0.02, Fault.CRASH_EXCHANGE: 0.01},
    ),
    Mutant(
        title="a latch that the store did not take is forgotten",
        breaks=("I14",),
        plant=_bookkeeper(_Forgetting),
        rates={Fault.SERVICE_CODE: 0.3, Fault.STORE_BUSY: 0.04, Fault.CLOCK_BACK: 0.05},
    ),
    Mutant(
        title="no last look at the clock before the send",
        breaks=("I3",),
        plant=lambda patch: patch.setattr(Gate, "latest", lambda *_: None),
        rates={Fault.PAUSED: 0.1},
    ),
    Mutant(
        title="intents of other days are not looked up",
        breaks=("I4",),
        plant=lambda patch: patch.setattr(Bookkeeper, "_of_other_days", lambda *_: ()),
        rates={Fault.CLOCK_JUMP: 0.04, Fault.FOLD_DAY: 1.0},
    ),
    Mutant(title="orders before the reconciliation after a start", breaks=("I7",), plant=_bookkeeper(_Hasty)),
)
