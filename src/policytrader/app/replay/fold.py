"""One day folded: only the ticks at which something can happen, each as the daemon takes it.

The statement has judged every pick at every tick as if nothing were bet. What bets change is worked out here: a pick
waits until its row says that an order may be due, that its reason is gone, or that something of its own has changed. At
such a tick the daemon's own reconciliation, gate and desk act on the simulated exchange. Where a row may not hold,
because orders of ours are part of what it is made of, the statement is asked again with them. To be asked at a tick at
which nothing is due does no harm; so whatever is not certain is due.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from policytrader.app.checked_prices import CheckedPrices
from policytrader.app.desk import Desk
from policytrader.app.execute import Executor
from policytrader.app.replay.agenda import Agenda
from policytrader.app.replay.refusals import Refusals
from policytrader.app.replay.rows import AMOUNT_PLACES
from policytrader.app.replay.scales import Scales
from policytrader.app.replay.stand_ins import NoLog, ReplayAccount, ReplayBookkeeper, ReplayClock, nothing_read
from policytrader.app.replay.store import MODE, ReplayStore, stored_pick
from policytrader.app.replay.views import Views
from policytrader.app.replay.world import ReplayWorld
from policytrader.app.settle import Settler
from policytrader.app.tick import Means, Tick, TraderTerms
from policytrader.app.world import Traded
from policytrader.engine.compile import Outcome
from policytrader.engine.entry import EntryRules
from policytrader.engine.evaluate import BELOW_MINIMUM, Decider, decision_order
from policytrader.engine.plan import Plan
from policytrader.engine.protect import Guard
from policytrader.engine.size import offered, size_of
from policytrader.model.decision import Action, Verdict
from policytrader.model.journal import Lease
from policytrader.model.position import risk_of
from policytrader.model.times import EPOCH, from_microseconds, microseconds_between
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from policytrader.app.bookkeeper import Books
    from policytrader.app.replay.asked import Row
    from policytrader.app.replay.run import PickRun
    from policytrader.engine.history import HistoryEngine
    from policytrader.engine.plan import Decision
    from policytrader.model.journal import JournalEntry
    from policytrader.model.money import MinimumSize
    from policytrader.model.snapshot import ReferenceRunner, Snapshot
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.simulation.exchange import SimulatedExchange

    Ports = Callable[[SimulatedExchange], tuple[Exchange, PriceFeed]]

ACCOUNT = STRATEGY = "replay"
_ACTS = frozenset({None, Outcome.CANDIDATE, Outcome.INVALID, Outcome.CANCEL_INVALID, Outcome.CANCEL_RESTED})
"""Outcomes from which something follows, or that have to be asked for."""
_BY_TIME = frozenset({"max_orders_per_minute"})
"""What may be over at the next tick though nothing has changed."""


class DayFold:
    """One London day of picks."""

    def __init__(
        self,
        history: HistoryEngine,
        ask: Callable[[Snapshot, Collection[str]], Mapping[str, Row]],
        runs: Sequence[PickRun],
        captures: Mapping[str, tuple[ReferenceRunner, ...]],
        *,
        minimum: MinimumSize,
        ports: Ports,
    ) -> None:
        """``history`` has judged the runs, ``ask`` asks its statement once more; ``captures`` by the picks' race id."""
        self._policy, self._reads, self._statement = history.policy, history.reads, history.statement
        self._ask, self._minimum = ask, minimum
        self._entry = EntryRules.of(self._policy)
        self._must_ask = self._reads.position or self._reads.own_prices or self._reads.prices_of_others
        self._cancel_after = duration_microseconds(self._policy.entry.order.cancel_unmatched_after)
        self.runs = {run.selection.selection_ref: run for run in runs}
        records = {key: market for run in runs for key, market in run.history.race.markets.items()}
        begin = min(int(run.history.ticks[0]) for run in runs)
        self._records = records
        self.world = ReplayWorld(begin, records, minimum)
        self._scales = Scales(self.world.exchange)
        exchange, prices = ports(self.world.exchange)
        prices = CheckedPrices(prices)
        self._views = Views(self.world, records, captures)
        self.store = ReplayStore(stored_pick(run.selection, from_microseconds(begin)) for run in runs)
        store, clock = cast("Any", self.store), cast("Any", ReplayClock(self.world))
        numbers = count(1)
        self._means = Means(
            exchange=exchange,
            prices=prices,
            store=store,
            clock=clock,
            new_ref=lambda: f"replay-{next(numbers):08d}",
            terms=TraderTerms(account=ACCOUNT, mode=MODE, strategy_ref=STRATEGY, minimum=minimum),
        )
        self._bookkeeper = ReplayBookkeeper(self._means, cast("Any", ReplayAccount(exchange, self.world)), None)
        self._executor = Executor(exchange, store, clock, self._bookkeeper.heed)
        self._settler = Settler(exchange, prices, store)
        started = from_microseconds(begin)
        self._lease = Lease(account=ACCOUNT, holder=ACCOUNT, epoch=1, acquired_at=started, renewed_at=started)
        self._agenda = Agenda()
        self._waiting: set[str] = set()
        """Picks whose order was refused, or too small, for a reason that lasts as long as their row and the bets do."""
        self._refusals = Refusals(self._policy.protection.protections)
        self._closing: dict[str, int] = {}
        """Market id -> the tick at which its result is read."""
        self.ticks_taken = 0

    def run(self) -> None:
        """Fold the day to its end, and read every result."""
        for ref, run in self.runs.items():
            before = int(run.history.ticks[0]) - 1
            self._agenda.push(ref, run.next_of(run.with_price(run.wanted()), before))
            self._agenda.push(ref, run.next_turn(before))
        while (at := self._agenda.next_at) is not None:
            due = []
            while self._agenda.next_at == at:
                # News come before picks, which they may make due at this very tick.
                name = self._agenda.take()
                if name.startswith(_NEWS):
                    self._hear(name.removeprefix(_NEWS), at)
                else:
                    due.append(name)
            if due:
                self._tick(at, due)
        self._end()

    # --- A tick -------------------------------------------------------------------------------------------------------

    def _tick(self, at: int, refs: list[str]) -> None:
        self.world.advance(at)
        runs = [self.runs[ref] for ref in refs if ref in self.runs]
        outlooks = self._outlooks(runs, at)
        idle = {
            ref: why for ref, outlook in outlooks.items()
            if outlook is Outcome.CANDIDATE and (why := self._why_idle(self.runs[ref], at)) is not None
        }  # fmt: skip
        acts = any(outlook in _ACTS for ref, outlook in outlooks.items() if ref not in idle)
        if acts or min(self._closing.values(), default=at + 1) <= at:
            stuck = [self.runs[ref] for ref in self._refusals.refs if ref not in outlooks] if acts else []
            self._act(at, [*runs, *stuck], outlooks | self._outlooks(stuck, at))
            return
        for run in runs:
            why = idle.get(run.selection.selection_ref)
            if why is not None:
                is_small = why == BELOW_MINIMUM
                run.actions[Action.WAIT if is_small else Action.PLACE] += 1
                if not is_small:
                    run.refuse(why, at)
                    self._refusals.note(run.selection.selection_ref, is_refused=True, is_sum=True)
            self._plan_next(run, at, code=why)

    def _outlooks(self, runs: Sequence[PickRun], at: int) -> dict[str, Outcome | None]:
        """What the statement says of each pick at ``at``."""
        for run in runs:
            if run.has_orders:
                self._scales.weigh(run)
        return {run.selection.selection_ref: self._outlook(run, at) for run in runs}

    def _touched_by(self, runs: Iterable[PickRun]) -> list[tuple[str, int]]:
        """The touched runners that decisions on these picks read."""
        if not self._reads.prices_of_others:
            return [run.key for run in runs if self.world.is_touched(*run.key)]
        markets = {market_id for run in runs for market_id in run.history.race.markets}
        return [key for key in self.world.touched() if key[0] in markets]

    def _outlook(self, run: PickRun, at: int) -> Outcome | None:
        """What the statement says of the pick; None where orders of ours may have changed it: then it is asked."""
        selection = self.store.selection(run.selection.selection_ref)
        row = run.row_at(at)
        if not selection.valid or selection.closed or (self._reads.position and run.has_orders):
            return None
        if run.is_matched and run.is_gone(row):
            return None
        if (self._entry is None or self._must_ask) and self._is_uncertain(run, at):
            return None
        outcome = run.outcome_at(row, at, self._cancel_after)
        if outcome is not Outcome.CANDIDATE:
            return outcome
        meets = run.meets[row]
        if self._entry is not None and self._is_uncertain(run, at):
            meets = self._entry.meets(selection, self._views.prices_at(*run.key, at))
        return outcome if meets else Outcome.NO_PRICE

    def _why_idle(self, run: PickRun, at: int) -> str | None:
        """Why no order follows from a candidate whatever else happens at this tick; None where one may.

        What may be bet is less than the smallest order; or more than the last gate lets through beside all that is
        known to count against its limits.
        """
        side = run.selection.side
        price, depth = offered(side, self._views.prices_at(*run.key, at))
        if price is None:
            return None
        remaining = Decimal(int(run.history.target[run.row_at(at)]) - run.exposure).scaleb(-AMOUNT_PLACES)
        size = size_of(remaining, side, price, depth)
        if not self._minimum.allows(size, price):
            return BELOW_MINIMUM
        return self._refusals.why(run.key[0], risk_of(side, price, size))

    def _act(self, at: int, runs: Sequence[PickRun], outlooks: Mapping[str, Outcome | None]) -> None:
        """The daemon's tick, for the picks that are due."""
        self.ticks_taken += 1
        now = from_microseconds(at)
        books = self._bookkeeper.reconcile(self._policy.protection.protections, nothing_read(now))
        self._refusals.learn(books.ledger.exposures)
        tick = Tick(at=now, plan=self._plan(runs, at, books, outlooks), levers=books.ledger.controls)
        for decision in tick.plan.decisions:
            if decision.action in {Action.PLACE, Action.CASH_OUT}:
                self.world.look(decision.selection.market_id, decision.selection.selection_id, at)
        Desk(self._means, self._bookkeeper, self._executor, books, tick, self._lease, NoLog()).act()
        is_settled = self._settle(at, books)
        self._account_for(at, tick, is_settled=is_settled)

    def _plan(self, runs: Iterable[PickRun], at: int, books: Books, outlooks: Mapping[str, Outcome | None]) -> Plan:
        """The decisions on the picks that are due, in the order of decision."""
        due = [(self._views.as_listed(self.store.selection(run.selection.selection_ref), run, at), run) for run in runs]
        due.sort(key=lambda one: decision_order(one[0]))
        asked = {ref for ref, outlook in outlooks.items() if outlook is None}
        snapshot = self._views.snapshot(at, due, asked, books.account)
        rows = self._ask(snapshot, asked)
        guard = Guard(self._policy.protection.protections, snapshot)
        decider = Decider(self._policy, snapshot, guard, self._minimum)
        decisions = tuple(
            decider.decide(
                selection,
                rows.get(selection.selection_ref) or _row_of(run, at, outlooks[selection.selection_ref]),
            )
            for selection, run in due
        )
        return Plan(self._policy, snapshot, decisions, self._statement)

    # --- After it -----------------------------------------------------------------------------------------------------

    def _account_for(self, at: int, tick: Tick, *, is_settled: bool) -> None:
        """What the tick did to the picks, and when each is due again."""
        refused = dict(tick.refused)
        acted = {done.entry.intent.selection_ref for done in tick.executed} | set(tick.closing)
        acted |= {one.selection.selection_ref for one in tick.plan.decisions if one.action is Action.CANCEL}
        alone = Guard(self._policy.protection.protections, tick.plan.snapshot)
        for decision in tick.plan.decisions:
            ref = decision.selection.selection_ref
            run = self.runs[ref]
            run.actions[decision.action] += 1
            is_blocked = decision.action is Action.BLOCKED
            code = refused.get(ref) or (decision.code if is_blocked else None)
            if code is not None:
                run.refuse(code, at)
            sum_passed = self._sum_passed(decision)
            is_refused = sum_passed is not None or (decision.action is Action.PLACE and ref in refused)
            self._refusals.note(ref, is_refused=is_refused, is_sum=sum_passed is not None)
            if decision.verdict is Verdict.INVALIDATE and run.rule is None:
                run.rule = decision.rule
            if ref in acted or run.has_orders:
                self._scales.weigh(run)
            is_small = decision.action is Action.WAIT and decision.code == BELOW_MINIMUM
            lasting = sum_passed or code or (BELOW_MINIMUM if is_small else None)
            is_passing = is_blocked and sum_passed is None and self._is_passing(decision, alone)
            self._plan_next(run, at, code=lasting, has_acted=ref in acted, is_passing=is_passing)
        self._wake(at, tick, acted, is_settled=is_settled)
        for done in tick.executed:
            self._await_result(done.entry)

    def _sum_passed(self, decision: Decision) -> str | None:
        """The limit over all orders for which the gate refuses the decision's order; None also where there is none.

        Of a blocked one too, by the number of orders say: planned at a later tick, the gate refuses it.
        """
        if decision.action not in {Action.PLACE, Action.BLOCKED}:
            return None
        return self._refusals.why(decision.selection.market_id, risk_of(*decision.candidate(decision.stake)))

    def _is_passing(self, decision: Decision, alone: Guard) -> bool:
        """Whether what blocked the order was planned in the same tick, or the time: at the next it may be gone."""
        code = alone.refuse(decision.selection, decision.candidate(decision.stake))
        return code is None or code in _BY_TIME

    def _wake(self, at: int, tick: Tick, acted: set[str], *, is_settled: bool) -> None:
        """Picks on a runner that was bet on, and those that wait for anything to be bet, look again."""
        touched = {(done.entry.intent.market_id, done.entry.intent.selection_id) for done in tick.executed}
        for ref, run in self.runs.items() if touched else ():
            if run.key in touched and ref not in acted:
                self._scales.weigh(run)
                self._agenda.push(ref, run.tick_after(at))
        if tick.cancelled or is_settled:
            self._refusals.forget()
        if tick.executed or tick.cancelled or is_settled:
            # An amount that was too much is too much beside one more order.
            self._rouse({ref for ref in self._waiting if not self._refusals.lasts(ref)}, at)

    def _rouse(self, refs: set[str], at: int) -> None:
        """Picks that wait look again at their next tick after ``at``."""
        self._waiting -= refs
        for ref in refs:
            self._agenda.push(ref, self.runs[ref].tick_after(at))

    def _plan_next(
        self, run: PickRun, at: int, *, code: str | None = None, has_acted: bool = False, is_passing: bool = False
    ) -> None:
        """When the pick may have to act again, after the tick ``at``; ``code`` is what refused its order."""
        ref = run.selection.selection_ref
        selection = self.store.selection(ref)
        if selection.closed:
            return
        following = run.tick_after(at)
        if run.is_resting or is_passing or code in _BY_TIME:
            self._agenda.push(ref, following)
            return
        if not selection.valid:
            if run.is_matched:
                self._agenda.push(ref, following if has_acted else self._next_change(run, at))
            return
        self._agenda.push(ref, run.next_turn(at))
        if code is not None:
            # The same again until its row, or what has been bet, is another one.
            self._waiting.add(ref)
        wanted = run.wanted()
        # What its rows say was judged without orders: where rules read of them, only the statement knows.
        candidate = following if self._must_ask else run.next_of(wanted, at)
        if candidate is None:
            return
        if has_acted or self._is_uncertain(run, at):
            change = following if has_acted else self._next_change(run, at)
            self._agenda.push(ref, None if change is None else max(candidate, change))
            return
        shown = run.with_price(wanted)
        self._agenda.push(ref, run.next_of(shown if code is None else shown[shown != run.row_at(at)], at))

    def _is_uncertain(self, run: PickRun, at: int) -> bool:
        """Whether the pick's rows may not be what the daemon sees, because of orders of ours."""
        if self._reads.position and run.has_orders:
            return True
        return any(self._views.is_changed(*key, at) for key in self._touched_by([run]))

    def _next_change(self, run: PickRun, at: int) -> int | None:
        """The next tick at which the pick's rows, or its runner's ladder, are others."""
        change = run.next_change(at)
        quotes = (self.world.next_quote(*key, at) for key in self._touched_by([run]))
        ticks = [run.tick_after(max(quoted - 1, at)) for quoted in quotes if quoted is not None]
        return min((one for one in (change, *ticks) if one is not None), default=None)

    def _hear(self, market_id: str, at: int) -> None:
        """A market with bets has another definition: where less is at risk now, everybody who waits for that looks."""
        self.world.advance(at)
        if self._scales.weigh_market(market_id):
            self._refusals.forget()
            self._rouse(set(self._waiting), at - 1)
        self._await_news(market_id, at)

    def _await_news(self, market_id: str, at: int) -> None:
        record = self._records[market_id]
        place = record.place_at(at) + 1
        if place < len(record.times):
            self._agenda.push(f"{_NEWS}{market_id}", record.times[place])

    # --- Results ------------------------------------------------------------------------------------------------------

    def _await_result(self, entry: JournalEntry) -> None:
        """The tick at which the market is seen to be closed reads its result."""
        market_id = entry.intent.market_id
        run = self.runs[entry.intent.selection_ref]
        self._scales.weigh_market(market_id)
        self._await_news(market_id, microseconds_between(EPOCH, entry.intent.created_at))
        closed_at = run.history.race.markets[market_id].closed_at
        if market_id in self._closing or closed_at is None:
            return
        at = run.tick_after(closed_at - 1)
        if at is not None:
            self._closing[market_id] = at
            self._agenda.push(f"{_RESULT}{market_id}", at)

    def _settle(self, at: int, books: Books) -> bool:
        due = [market_id for market_id, closing in self._closing.items() if closing <= at]
        for market_id in due:
            del self._closing[market_id]
        return bool(due) and bool(self._read_results(due, from_microseconds(at), books.account.entries))

    def _read_results(
        self, market_ids: Sequence[str], now: datetime, entries: Sequence[JournalEntry]
    ) -> tuple[str, ...]:
        picks = [pick for pick in self.store.picks.values() if pick.selection.market_id in set(market_ids)]
        books = self._means.prices.books(market_ids)
        traded = Traded(now=now, picks=tuple(picks), captures=(), races={}, books=books)
        return self._settler.settle(traded, entries, is_complete=True)

    def _end(self) -> None:
        """After the last tick: the rest of every market, and every result that the recording has."""
        markets = {run.key[0]: run.history.race.markets[run.key[0]] for run in self.runs.values()}
        last = max([market.until for market in markets.values()] + [int(self._at())])
        for market_id, market in markets.items():
            if market_id not in self.world.exchange.markets:
                self.world.look(market_id, 0, max(market.until, market.times[-1]))
        self.world.advance(last)
        books = self._bookkeeper.reconcile(self._policy.protection.protections, nothing_read(from_microseconds(last)))
        self._read_results(sorted(markets), from_microseconds(last), books.account.entries)

    def _at(self) -> int:
        return microseconds_between(EPOCH, self.world.exchange.now)


_RESULT, _NEWS = "\0", "\1"
"""Begin what stands in the queue for a market, its result or its next definition: no pick is named so."""


def _row_of(run: PickRun, at: int, outlook: Outcome | None) -> tuple[Any, ...]:
    """The statement's row, as far as a decision reads it: sums of orders are left to be made from them."""
    assert outlook is not None, "what is not known was asked"
    judgement = run.judgement_at(run.row_at(at))
    return (0, 0, judgement, outlook.value, outlook is Outcome.CANDIDATE, None, None, None, 0)
