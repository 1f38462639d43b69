"""One tick of trading: read, reconcile, decide, act. A dry run is an early return on the same path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.bookkeeper import Bookkeeper
from policytrader.app.checked_prices import CheckedPrices
from policytrader.app.decision_log import DecisionLog
from policytrader.app.desk import Desk
from policytrader.app.execute import Executor
from policytrader.app.record import Recorder
from policytrader.app.settle import Settler
from policytrader.app.tick import Means, Tick, TraderTerms
from policytrader.app.world import WorldReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from policytrader.app.reconcile import Finding
    from policytrader.engine.evaluate import Engine
    from policytrader.model.journal import Lease
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports import Clock, Exchange, PriceFeed
    from policytrader.ports.store import Store


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
        prices = CheckedPrices(prices)
        means = Means(exchange=exchange, prices=prices, store=store, clock=clock, new_ref=new_ref, terms=terms)
        self._means = means
        self._world = WorldReader(exchange, prices, store, clock)
        self._bookkeeper = Bookkeeper(means, self._world, kill_file)
        self._executor = Executor(exchange, store, clock, self._bookkeeper.heed)
        self._settler = Settler(exchange, prices, store)
        self._recorder = Recorder(store)
        self._log = DecisionLog(store, terms.mode)
        self.acted: Tick | None = None
        """What the last tick did so far, also where it failed in the middle; None where it did not come to acting."""

    def tick(self, engine: Engine, lease: Lease | None) -> Tick:
        """One tick. Without a lease it is a dry run: everything is read and decided, nothing is sent or withdrawn.

        Raises ``ExchangeError`` or ``StoreError``: no data, and nothing more in this tick. ``StaleEpochError``: another
        process leads.
        """
        self.acted = None
        traded = self._world.read_markets()
        books = self._bookkeeper.reconcile(engine.policy.protection.protections, traded, records=lease is not None)
        plan = engine.evaluate(traded.snapshot(books.account))
        self._log.append_changed(plan)
        tick = Tick(
            at=traded.now,
            plan=plan,
            findings=books.findings,
            is_complete=books.is_complete,
            levers=books.ledger.controls,
        )
        if lease is None:
            return tick
        self.acted = tick
        Desk(self._means, self._bookkeeper, self._executor, books, tick, lease, self._log).act()
        self._recorder.record(traded, plan)
        tick.settled = self._settler.settle(traded, books.account.entries, is_complete=books.is_complete)
        return tick

    def require_reconciliation(self) -> None:
        """The next tick reads everything: something happened that may have hidden something else."""
        self._bookkeeper.require_complete()

    def reconcile(self, policy: PolicySet) -> tuple[Finding, ...]:
        """A complete reconciliation and nothing else: what was found is recorded. Raises as ``tick`` does."""
        self.require_reconciliation()
        return self._bookkeeper.reconcile(policy.protection.protections, self._world.read_markets()).findings

    def latch(self, cause: str, evidence: str, why: str) -> None:
        """Close a latch over everything: nothing is opened until a person resumes."""
        self._bookkeeper.latch(cause, "", evidence, why)
