"""One tick of trading: read, reconcile, decide, act. A dry run is an early return on the same path."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.app.assemble import AccountView
from policytrader.app.cash_out import CashOut
from policytrader.app.decision_log import DecisionLog, decision_id_of
from policytrader.app.execute import Executor
from policytrader.app.gate import Gate, Ledger, latches_due
from policytrader.app.kill_switch import read_kill_file
from policytrader.app.reconcile import STOPS, Finding, Found, judge
from policytrader.app.settle import Settler
from policytrader.app.world import Traded, WorldReader
from policytrader.engine.closing import Closed, ClosingTerms, Ending, Wait
from policytrader.errors import StoreConflictError
from policytrader.model.decision import Action, Verdict
from policytrader.model.journal import (
    BetSizes,
    Control,
    ControlKind,
    Evidence,
    Intent,
    IntentState,
    JournalEvent,
    Purpose,
)
from policytrader.model.money import AVERAGE_UNIT, ZERO, divide, half_up
from policytrader.model.orders import Fate, OrderAnswer, OrderRequest, Reaction
from policytrader.model.records import DecisionRecord, PositionUpdate
from policytrader.model.snapshot import OrderStatus
from policytrader.model.times import LONDON
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.app.cash_out import Round
    from policytrader.app.execute import Executed
    from policytrader.engine.evaluate import Engine
    from policytrader.engine.plan import Decision, Plan
    from policytrader.model.bets import Bet
    from policytrader.model.journal import ControlState, JournalEntry, Lease
    from policytrader.model.money import MinimumSize
    from policytrader.model.orders import CancelAnswer
    from policytrader.model.snapshot import Selection
    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.protection import Protections
    from policytrader.ports import Clock, Exchange, PriceFeed
    from policytrader.ports.store import RuleStore, Store

PROGRAM = "policytrader"
"""Who pulls a latch that no person pulled."""

_CASH_OUT_ROUNDS = 4
_SKIPS_MARKET = frozenset({Reaction.SKIP_MARKET, Reaction.REREAD_MARKET, Reaction.RECONCILE})
_ENDS_TICK = frozenset({Reaction.BACK_OFF, Reaction.LOG_IN, Reaction.STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class TraderTerms:
    """Whose orders these are. ``strategy_ref`` (at most 15 characters) tells them from all others on the account."""

    account: str
    mode: str
    strategy_ref: str
    minimum: MinimumSize


@dataclass(slots=True, kw_only=True)
class Tick:
    """What one tick saw and did."""

    at: datetime
    plan: Plan
    findings: tuple[Finding, ...] = ()
    is_live: bool = False
    executed: list[Executed] = field(default_factory=list)
    cancelled: list[CancelAnswer] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Selection ref and the code of what the last gate said."""
    invalidated: list[tuple[str, str]] = field(default_factory=list)
    settled: tuple[str, ...] = ()
    """Selection refs whose results are new, or not what they were."""


class Trader:
    """Trades the picks of a day on one account."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        prices: PriceFeed,
        store: Store,
        clock: Clock,
        new_ref: Callable[[], str],
        terms: TraderTerms,
        kill_file: Path | None = None,
    ) -> None:
        """Nothing is read before the first tick. ``kill_file`` is the deployment's; a policy may name one more."""
        self.exchange = exchange
        self._prices = prices
        self._store = store
        self._clock = clock
        self._new_ref = new_ref
        self._terms = terms
        self._kill_file = kill_file
        self._world = WorldReader(exchange, prices, store, clock)
        self._executor = Executor(exchange, store, clock)
        self._settler = Settler(exchange, store)
        self._log = DecisionLog(terms.mode)
        self._complete_at: datetime | None = None

    def tick(self, engine: Engine, lease: Lease | None) -> Tick:
        """One tick. Without a lease it is a dry run: everything is read and decided, nothing is sent or withdrawn.

        Raises ``ExchangeError`` or ``StoreError``: no data, and nothing more in this tick. ``StaleEpochError``: another
        process leads.
        """
        traded = self._world.read_markets()
        account, findings, ledger = self._reconcile(engine.policy, traded)
        plan = engine.evaluate(traded.snapshot(account))
        log_decisions(self._store, self._log.changed(plan))
        tick = Tick(at=traded.now, plan=plan, findings=findings, is_live=lease is not None)
        if lease is None:
            return tick
        self._act(tick, account, Gate(engine.policy.protection.protections, ledger), lease)
        self._store_positions(plan)
        is_complete = self._complete_at == traded.now
        tick.settled = self._settler.settle(traded, self._entries(traded.now), is_complete=is_complete)
        return tick

    def require_reconciliation(self) -> None:
        """The next tick reads everything: something happened that may have hidden something else."""
        self._complete_at = None

    def reconcile(self, policy: PolicySet) -> tuple[Finding, ...]:
        """A complete reconciliation and nothing else: what was found is recorded. Raises as ``tick`` does."""
        self.require_reconciliation()
        return self._reconcile(policy, self._world.read_markets())[1]

    def stop(self, cause: str, evidence: str, why: str) -> None:
        """Close a latch over everything: nothing is opened until a person resumes."""
        self._latch(cause, "", evidence, why)

    # --- Reconciliation -----------------------------------------------------------------------------------------------

    def _reconcile(self, policy: PolicySet, traded: Traded) -> tuple[AccountView, tuple[Finding, ...], Ledger]:
        limits = policy.protection.protections
        every = timedelta(seconds=int(limits.reconcile_every_seconds or 0))
        is_complete = self._complete_at is None or abs(traded.now - self._complete_at) >= every
        entries = self._entries(traded.now)
        reading = self._world.read_account(traded, entries, is_complete=is_complete)
        findings = judge(entries, reading, self._terms.strategy_ref)
        for finding in findings:
            self._record(finding)
        if is_complete:
            self._complete_at = traded.now
        entries = self._entries(traded.now)
        lost = self._lost_today(traded.now)
        for cause in latches_due(limits, entries, lost):
            self._latch(cause.protection, cause.subject, cause.evidence, cause.why)
        account = AccountView(bets=reading.current, entries=entries, strategy_ref=self._terms.strategy_ref)
        ledger = Ledger(
            now=traded.now,
            entries=entries,
            foreign=account.foreign_bets(),
            controls=self._controls(limits),
            lost_today=lost,
        )
        return account, findings, ledger

    def _controls(self, limits: Protections) -> ControlState:
        """The levers in the store, and the kill files beside it."""
        state, now = self._store.control_state(), self._clock.now()
        named = limits.kill_switch_file
        files = (self._kill_file, Path(named) if named is not None else None)
        kills = [state.kill, *(read_kill_file(file, now) for file in files if file is not None)]
        found = [kill for kill in kills if kill is not None]
        if not found:
            return state
        return replace(state, kill=next((kill for kill in found if kill.cancels_open), found[0]))

    def _entries(self, now: datetime) -> tuple[JournalEntry, ...]:
        """The day's intents, and whatever is open from before, oldest first."""
        day = self._store.intents(now.astimezone(LONDON).date(), self._terms.account)
        known = {entry.intent.ref for entry in day}
        before = (entry for entry in self._store.open_intents(self._terms.account) if entry.intent.ref not in known)
        return (*before, *day)

    def _record(self, finding: Finding) -> None:
        now, ref = self._clock.now(), finding.ref
        match finding.found:
            case Found.SEEN if ref is not None:
                evidence = Evidence(
                    state=IntentState.SEEN, code=finding.code, bet_id=finding.bet_id, sizes=finding.sizes
                )
                self._store.resolve(ref, evidence, now)
            case Found.SIZES if ref is not None:
                self._store.update_sizes(ref, finding.sizes or BetSizes(), now)
            case Found.FINISHED if ref is not None:
                self._store.finish(ref, finding.sizes or BetSizes(), now, finding.code)
            case Found.DEAD if ref is not None:
                self._store.resolve(ref, Evidence(state=IntentState.DEAD, code=finding.code), now)
            case found:
                subject = "" if found in STOPS else finding.market_id
                why = f"{found}: bet {finding.bet_id} in {finding.market_id}, intent {ref}"
                self._latch(found.value, subject, finding.bet_id or ref or "", why)

    def _latch(self, cause: str, subject: str, evidence: str, why: str) -> None:
        control = Control(
            kind=ControlKind.LATCH,
            at=self._clock.now(),
            who=PROGRAM,
            why=why,
            cause=cause,
            subject=subject,
            evidence=evidence,
        )
        if self._store.pull(control):
            self._store.append_events([JournalEvent(at=control.at, kind="latch", code=cause, detail=why)])

    def _lost_today(self, now: datetime) -> Decimal:
        day = self._store.live_results(now.astimezone(LONDON).date())
        net = sum(((bet.profit or ZERO) - (bet.commission or ZERO) for bet in day), ZERO)
        return max(ZERO, -net)

    # --- Acting -------------------------------------------------------------------------------------------------------

    def _act(self, tick: Tick, account: AccountView, gate: Gate, lease: Lease) -> None:
        """Withdraw and close before anything new is opened."""
        self._invalidate(tick)
        if gate.cancels_open:
            self._cancel_all(tick, account)
        for decision in tick.plan.decisions:
            if decision.action is Action.CANCEL:
                self._cancel(tick, decision, account)
            elif decision.action is Action.CASH_OUT and not gate.is_killed:
                self._close(tick, decision, account, gate, lease)
        skipped: set[str] = set()
        for decision in tick.plan.decisions:
            if decision.action is Action.PLACE and decision.selection.market_id not in skipped:
                reactions = self._open(tick, decision, gate, lease)
                if reactions & _SKIPS_MARKET:
                    skipped.add(decision.selection.market_id)
                if reactions & _ENDS_TICK:
                    return

    def _invalidate(self, tick: Tick) -> None:
        for decision in tick.plan.decisions:
            selection, reason = decision.selection, decision.reason or ""
            if decision.verdict is not Verdict.INVALIDATE or not selection.valid:
                continue
            if self._store.invalidate(selection.selection_ref, tick.at, reason):
                tick.invalidated.append((selection.selection_ref, reason))

    def _cancel(self, tick: Tick, decision: Decision, account: AccountView) -> None:
        """Cancel what rests of the pick; for a rest that stood too long, only that."""
        selection = decision.selection
        resting = [bet for bet in account.bets if _rests_for(bet, selection, self._terms.strategy_ref)]
        if decision.code == "rested":
            limit = timedelta(microseconds=duration_microseconds(tick.plan.policy.entry.order.cancel_unmatched_after))
            resting = [bet for bet in resting if tick.at - bet.placed_at >= limit]
        if resting:
            bet_ids = [bet.bet_id for bet in resting]
            tick.cancelled += self.exchange.cancel(selection.market_id, bet_ids, self._new_ref())

    def _cancel_all(self, tick: Tick, account: AccountView) -> None:
        """Everything of ours that rests, by market and bet; never the bare call for all."""
        resting: dict[str, list[str]] = {}
        for bet in account.bets:
            if bet.strategy_ref == self._terms.strategy_ref and bet.status is OrderStatus.EXECUTABLE:
                resting.setdefault(bet.market_id, []).append(bet.bet_id)
        for market_id, bet_ids in resting.items():
            tick.cancelled += self.exchange.cancel(market_id, bet_ids, self._new_ref())

    def _open(self, tick: Tick, decision: Decision, gate: Gate, lease: Lease) -> frozenset[Reaction]:
        order, selection = decision.order, decision.selection
        assert order is not None, "a decision to place has an order"
        book = tick.plan.snapshot.markets_by_id[selection.market_id]
        assert book.version is not None, "an open market has a version"
        ref = self._new_ref()
        request = OrderRequest(
            market_id=selection.market_id,
            selection_id=selection.selection_id,
            side=order.side,
            price=order.price,
            size=order.size,
            order_ref=ref,
            request_ref=ref,
            strategy_ref=self._terms.strategy_ref,
            market_version=book.version,
        )
        intent = self.intent_of(tick, decision, Purpose.OPENING, request)
        refused = gate.refuse(intent, decision.stake.target) or self._refuse_now(tick.plan.policy)
        if refused is not None:
            tick.refused.append((selection.selection_ref, refused))
            return frozenset()
        gate.count_in(intent)
        return self.execute(tick, intent, lease).answer.reactions

    def _refuse_now(self, policy: PolicySet) -> str | None:
        """The levers once more, as they stand at this moment: a tick may send many orders."""
        controls = self._controls(policy.protection.protections)
        return "kill" if controls.kill is not None else "pause" if controls.pause is not None else None

    def _close(self, tick: Tick, decision: Decision, account: AccountView, gate: Gate, lease: Lease) -> None:
        selection, policy = decision.selection, tick.plan.policy
        terms = ClosingTerms(
            market_id=selection.market_id,
            selection_id=selection.selection_id,
            strategy_ref=self._terms.strategy_ref,
            max_slippage_ticks=int(policy.cash_out.triggers[0].then.max_slippage_ticks),
            minimum=self._terms.minimum,
            collar=policy.protection.protections.price_collar,
        )
        desk = _HedgeDesk(self, tick, decision, gate, lease)
        cash_out = CashOut(desk, self._prices, self._clock, self._new_ref)
        unseen = _open_refs(account, selection)
        for _ in range(_CASH_OUT_ROUNDS):
            taken = cash_out.take_round(terms, unseen)
            tick.rounds.append(taken)
            if isinstance(taken.step, Closed):
                self._ended(selection, taken.step.ending, tick.at)
                return
            if desk.is_refused or isinstance(taken.step, Wait):
                return
            unseen = taken.unseen_refs

    def _ended(self, selection: Selection, ending: Ending, at: datetime) -> None:
        if ending in {Ending.FLAT, Ending.RESIDUAL}:
            update = PositionUpdate(
                selection_ref=selection.selection_ref,
                size_matched=ZERO,
                average_price_matched=None,
                fully_matched=False,
                closed=True,
            )
            self._store.update_positions((update,), at)
        self._store.append_events([JournalEvent(at=at, kind="cash_out", code=ending, detail=selection.selection_ref)])

    def intent_of(self, tick: Tick, decision: Decision, purpose: Purpose, order: OrderRequest) -> Intent:
        """The intent behind an order: what it is for, and what it was decided on."""
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
            decision_id=decision_id_of(decision, tick.plan),
            policy_hash=tick.plan.policy.hash,
            snapshot_hash=tick.plan.snapshot.hash,
            created_at=self._clock.now(),
        )

    def execute(self, tick: Tick, intent: Intent, lease: Lease) -> Executed:
        """Reserve, send once, record; an answer that says stop closes a latch."""
        done = self._executor.execute(intent, lease)
        tick.executed.append(done)
        if Reaction.STOP in done.answer.reactions:
            self._latch("exchange", "", intent.ref, f"the exchange answered {done.answer.code} to {intent.ref}")
        return done

    def _store_positions(self, plan: Plan) -> None:
        """What is matched for each pick now, where it is not what the store has."""
        updates = []
        for decision in plan.decisions:
            size, value = decision.matched
            if size == ZERO:
                continue
            updates.append(
                PositionUpdate(
                    selection_ref=decision.selection.selection_ref,
                    size_matched=size,
                    average_price_matched=half_up(divide(value, size), AVERAGE_UNIT),
                    fully_matched=decision.action is Action.DONE,
                    closed=decision.selection.closed,
                )
            )
        if updates:
            self._store.update_positions(updates, plan.snapshot.now)


def log_decisions(store: RuleStore, records: Sequence[DecisionRecord]) -> None:
    """Append what is not in the log: a restart may decide on the very inputs of a tick before it."""
    try:
        store.append_decisions(records)
    except StoreConflictError:
        missing = [record for record in records if store.decision(record.decision_id) is None]
        if missing:
            store.append_decisions(missing)


class _HedgeDesk:
    """The Exchange port for one cash-out: what it places goes through the gate and the journal first."""

    def __init__(self, trader: Trader, tick: Tick, decision: Decision, gate: Gate, lease: Lease) -> None:
        self._trader = trader
        self._tick = tick
        self._decision = decision
        self._gate = gate
        self._lease = lease
        self.is_refused = False

    def place(self, order: OrderRequest) -> OrderAnswer:
        """One hedge intent, through the gate and the journal as any order."""
        trader, tick = self._trader, self._tick
        intent = trader.intent_of(tick, self._decision, Purpose.HEDGE, order)
        refused = self._gate.refuse(intent, None)
        if refused is not None:
            tick.refused.append((intent.selection_ref, refused))
            self.is_refused = True
            return OrderAnswer(fate=Fate.DEAD, code=refused)
        self._gate.count_in(intent)
        return trader.execute(tick, intent, self._lease).answer

    def cancel(self, market_id: str, bet_ids: Sequence[str], request_ref: str) -> tuple[CancelAnswer, ...]:
        """Straight through: a cancel risks nothing."""
        return self._trader.exchange.cancel(market_id, bet_ids, request_ref)

    def current_bets(self, *, market_ids: Iterable[str] = ()) -> tuple[Bet, ...]:
        """Straight through."""
        return self._trader.exchange.current_bets(market_ids=market_ids)


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
