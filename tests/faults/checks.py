"""The promises, checked against the simulated exchange's own truth: never against what the trader believes.

The store is read past its faults, and only for what it has to prove: that an intent is durable before its order is
sent, that a pick is still valid, that no lever is pulled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.gate import subject_of
from policytrader.app.reconcile import STOPS, Finding, Found, each_once
from policytrader.model.journal import ControlKind, IntentState, Purpose
from policytrader.model.money import ZERO
from policytrader.model.orders import Reaction
from policytrader.model.position import risk_of
from policytrader.model.snapshot import MarketStatus, MarketType, RunnerStatus, Side
from policytrader.model.times import microseconds_between
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.app.tick import Tick
    from policytrader.model.bets import Bet
    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner
    from policytrader.model.journal import Intent, JournalEntry
    from policytrader.model.orders import OrderAnswer, OrderRequest
    from policytrader.model.position import Position
    from policytrader.model.snapshot import Selection
    from policytrader.simulation.bets import SimulatedBet
    from tests.faults.day import FaultyDay

_MINUTE = timedelta(minutes=1)
_SHORT_PRICE, _FULL_PLACES = 12, 8
_UNRESOLVED = frozenset({IntentState.RESERVED, IntentState.SENT, IntentState.UNKNOWN})


@dataclass
class View:
    """What one process was shown, and when."""

    epoch: int
    tick_at: datetime
    complete_at: datetime | None = None
    catalogue_at: datetime | None = None
    starts: dict[str, datetime] = field(default_factory=dict)
    shown: dict[str, LiveMarket] = field(default_factory=dict)
    read_for_tick: dict[str, LiveMarket] = field(default_factory=dict)
    bad: dict[tuple[str, int], tuple[LiveRunner, LiveRunner]] = field(default_factory=dict)
    bad_closing: dict[tuple[str, int], tuple[LiveRunner, LiveRunner]] = field(default_factory=dict)
    """Runners whose prices this tick cannot be: as they are, and as they were shown."""
    foreign: dict[str, Bet] = field(default_factory=dict)
    """Bets of others, as the whole readings told them last."""
    others: dict[str, Bet] = field(default_factory=dict)
    """The same, and what the cash-outs' own readings told of them since: what a hedge is judged by."""
    readings: set[str] = field(default_factory=set)
    stopped: str | None = None
    """Why this process opens nothing until a person has looked."""
    lost_lease_at: datetime | None = None
    """From when on another process leads."""


class Checks:
    """Watches one day; ``violations`` says what was broken, when and how."""

    def __init__(self, day: FaultyDay) -> None:
        self._day = day
        self.violations: list[str] = []
        self.sent: dict[str, tuple[datetime, Intent]] = {}
        self.view = View(epoch=0, tick_at=day.world.now)
        self._next_view = self.view
        self._told: dict[str, dict[str, Bet]] = {}
        """Order -> the bets of others that its sender knew of."""
        self._stopped: dict[str, str] = {}

    def broken(self, promise: str, how: str) -> None:
        """Remember a violation."""
        self._day.note(f"BROKEN {promise}: {how}")
        self.violations.append(f"{promise} in tick {self._day.ticks} at {self._day.world.now:%H:%M:%S}: {how}")

    # --- What the trader was shown --------------------------------------------------------------------------------

    def on_start(self, epoch: int) -> None:
        """A new process knows nothing."""
        if epoch <= self.view.epoch:
            self.broken("I8", f"epoch {epoch} after {self.view.epoch}")
        self.view = View(epoch=epoch, tick_at=self._day.world.now)

    def on_taken_over(self, first: View) -> None:
        """The first process goes on with its tick, and does not know yet."""
        self._next_view, self.view = self.view, first
        first.lost_lease_at = self._day.world.now

    def on_succession(self) -> None:
        """The first process has found out."""
        self.view = self._next_view

    def on_tick_begins(self) -> None:
        self.view.tick_at = self._day.world.now
        self.view.read_for_tick = {}
        self.view.bad = {}
        self.view.bad_closing = {}

    def on_catalogue(self, listed: Sequence[CatalogueMarket]) -> None:
        self.view.catalogue_at = self._day.world.now
        self.view.starts |= {market.market_id: market.start for market in listed}

    def on_books(self, shown: Sequence[LiveMarket], *, is_closing: bool) -> None:
        books = {book.market_id: book for book in shown}
        self.view.shown |= books
        if not is_closing:
            self.view.read_for_tick |= books

    def on_reading(self, *, is_closing: bool) -> None:
        """A hedge is decided on the reading just before it, and on no earlier one."""
        if is_closing:
            self.view.bad_closing = {}

    def on_bad_prices(self, market_id: str, real: LiveRunner, shown: LiveRunner, *, is_closing: bool) -> None:
        """Of this reading; an opening order is decided on the tick's, a hedge on the one just before it."""
        bad = self.view.bad_closing if is_closing else self.view.bad
        bad[market_id, real.selection_id] = real, shown

    def on_current(self, told: Iterable[Bet], *, is_whole: bool) -> None:
        view = self.view
        others = {bet.bet_id: bet for bet in each_once(told) if bet.strategy_ref != self._day.strategy}
        if is_whole:
            view.readings = {"current"}
            # What has matched counts until its market is settled, whatever a later reading lacks.
            markets = self._day.world.markets
            held = {
                bet_id: bet
                for bet_id, bet in view.foreign.items()
                if bet.size_matched and not markets[bet.market_id].is_settled
            }
            view.foreign = view.others = held | others
        else:
            # A bet that such a reading lacks, or shows less of, is no news: what was known of it holds.
            newer = (one for one in others.values() if one.size_matched >= _matched(view.others.get(one.bet_id)))
            view.others = view.others | {one.bet_id: one for one in newer}

    def on_cleared(self, status: ClearedStatus, *, is_whole: bool) -> None:
        view = self.view
        if is_whole and view.readings:
            view.readings.add(status)
            if len(view.readings) == 1 + len(ClearedStatus):
                view.complete_at = self._day.world.now

    # --- What stops until a person has looked -------------------------------------------------------------------------

    def on_stop(self, why: str) -> None:
        """This process has to stop; nobody else knows yet."""
        self.view.stopped = why

    def on_stopped(self, why: str) -> None:
        """A latch is closed: whatever process there will be, it stays so."""
        self._stopped[""] = why

    def on_resume(self) -> None:
        """A person has looked."""
        self._stopped.clear()
        self.view.stopped = None

    # --- An order leaves --------------------------------------------------------------------------------------------

    def on_send(self, order: OrderRequest) -> None:
        """The first byte is about to leave."""
        entry = self._day.store.intent(order.order_ref)
        view = self.view
        self._told[order.order_ref] = view.others
        if view.lost_lease_at is not None:
            self._check_in_flight(order, entry, view.lost_lease_at)
        elif entry is None or entry.state is not IntentState.SENT:
            self.broken("I4", f"{order.order_ref} is sent while the journal has {entry and entry.state}")
        if order.order_ref in self.sent:
            self.broken("I5", f"{order.order_ref} is sent a second time")
        shown = [books[order.market_id] for books in (view.shown, view.read_for_tick) if order.market_id in books]
        if order.market_version not in [book.version for book in shown]:
            self.broken("I3", f"{order.order_ref} names a market version that was not shown")
        if entry is None:
            return
        intent = entry.intent
        if intent.policy_hash != self._day.policy.hash:
            self.broken("I9", f"{order.order_ref} was decided by another policy than the tick's")
        if intent.purpose is Purpose.OPENING:
            self._check_amounts(intent)
        if view.lost_lease_at is None:
            self._check_reconciled(order)
            self._check_decision(intent)
        self.sent[intent.ref] = (self._day.world.now, intent)

    def _check_decision(self, intent: Intent) -> None:
        if intent.purpose is Purpose.OPENING:
            self._check_state(intent)
            self._check_prices(intent)
            self._check_counts(intent)
        elif self._day.store.control_state().kill is not None:
            self.broken("I14", f"{intent.ref} is sent while killed")
        else:
            self._check_hedge(intent)

    def _check_in_flight(self, order: OrderRequest, entry: JournalEntry | None, since: datetime) -> None:
        """What was marked as sent before the lease was lost may leave, and counts in full; nothing else."""
        if entry is None or entry.state not in {IntentState.SENT, IntentState.UNKNOWN}:
            self.broken("I4", f"{order.order_ref} is sent while the journal has {entry and entry.state}")
        elif entry.sent_at is None or entry.sent_at >= since + self._day.clock.offset:
            self.broken("I8", f"{order.order_ref} is sent after another process took the lead")

    def _check_reconciled(self, order: OrderRequest) -> None:
        if self.view.complete_at is None:
            self.broken("I7", f"{order.order_ref} before a complete reconciliation")
        elif self.view.tick_at - self.view.complete_at > _MINUTE:
            self.broken(
                "I7", f"{order.order_ref}, the last complete reconciliation was at {self.view.complete_at:%H:%M:%S}"
            )
        if self._day.exchange.missing:
            self.broken("I7", f"{order.order_ref} after a reading without {sorted(self._day.exchange.missing)}")

    def _check_state(self, intent: Intent) -> None:
        store = self._day.store
        controls = store.control_state()
        subjects = {"", intent.account, intent.market_id, subject_of(intent)}
        pulled = [latch.cause for latch in controls.latches if latch.subject in subjects]
        if controls.kill or controls.pause or pulled:
            self.broken("I14", f"{intent.ref} opens while killed, paused or latched ({pulled})")
        stopped = [why for subject, why in self._stopped.items() if subject in subjects]
        if stopped or self.view.stopped:
            stopped.append(self.view.stopped or "")
            self.broken("I14", f"{intent.ref} opens though nobody has looked: {stopped}")
        stored = next(one for one in self._day.stored_picks() if one.selection_ref == intent.selection_ref)
        if not stored.valid or stored.closed:
            self.broken("I10", f"{intent.ref} opens on a pick that is invalid or closed")
        if (reason := self._shown_invalid(stored)) is not None:
            self.broken("I10", f"{intent.ref} opens although {reason}")
        unknown = [
            one.intent.ref
            for one in store.open_intents(intent.account)
            if one.state in _UNRESOLVED and one.intent.market_id == intent.market_id and one.intent.ref != intent.ref
        ]
        if unknown:
            self.broken("I2", f"{intent.ref} opens while {unknown} in its market are of unknown fate")
        if hedges := [ref for ref in self._working(intent) if self.sent[ref][1].purpose is Purpose.HEDGE]:
            self.broken("I11", f"{intent.ref} opens while {hedges} are working")

    def _shown_invalid(self, pick: Selection) -> str | None:
        """Why the pick is invalid by the books that the tick read."""
        removed = {
            runner.selection_id
            for book in self.view.read_for_tick.values()
            for runner in book.runners
            if runner.status is RunnerStatus.REMOVED
        }
        capture = [one for one in self._day.captures if one.capture_id == pick.capture_id]
        if pick.selection_id in removed:
            return "its runner is removed"
        short = [one for one in capture if one.selection_id in removed and (one.reference_price or 99) < _SHORT_PRICE]
        if pick.side is Side.BACK and short:
            return "a short-priced runner is removed"
        left = sum(one.selection_id not in removed for one in capture)
        if pick.market_type is MarketType.PLACE and len(capture) >= _FULL_PLACES > left:
            return "eight became seven"
        return None

    def _check_prices(self, intent: Intent) -> None:
        book = self.view.read_for_tick[intent.market_id]
        runner = next(one for one in book.runners if one.selection_id == intent.selection_id)
        if book.status is not MarketStatus.OPEN or book.in_play or runner.status is RunnerStatus.REMOVED:
            self.broken("I3", f"{intent.ref} in a market or on a runner that was not shown as open")
        self._check_bad_prices(intent)
        now = self._day.clock.now()
        age = now - book.published_at
        if age > timedelta(seconds=int(self._day.limits.max_price_age_seconds or 0)):
            self.broken("I3", f"{intent.ref} on prices {age.total_seconds():.0f} s old")
        if now >= self.view.starts[intent.market_id]:
            self.broken("I3", f"{intent.ref} after the off")
        if self.view.catalogue_at is None or self.view.tick_at - self.view.catalogue_at > _MINUTE:
            self.broken("I3", f"{intent.ref} on an off that was read at {self.view.catalogue_at}")

    def _check_bad_prices(self, intent: Intent) -> None:
        """The order took a price or a size that cannot be, or one of a book whose sides are swapped."""
        shown_bad = self.view.bad if intent.purpose is Purpose.OPENING else self.view.bad_closing
        bad = shown_bad.get((intent.market_id, intent.selection_id))
        if bad is None:
            return
        real, shown = bad
        taken, true = (shown.back, real.back) if intent.side is Side.BACK else (shown.lay, real.lay)
        # By their texts: a signalling NaN refuses to be compared.
        is_crossed = bool(shown.back and shown.lay) and repr((shown.back, shown.lay)) == repr((real.lay, real.back))
        last = shown.last_traded
        is_nonsense = last is not None and (not last.is_finite() or last <= 1)
        if is_crossed or is_nonsense or repr(taken) != repr(true):
            self.broken("I13", f"{intent.ref} was decided on {taken[:1]}, last traded {last}")

    # --- Amounts ----------------------------------------------------------------------------------------------------

    def _check_amounts(self, intent: Intent) -> None:
        limits, risk = self._day.limits, intent.reservation
        pick = next(one for one in self._day.picks if one.selection_ref == intent.selection_ref)
        ladder = self._day.policy.staking.ladder_for(pick.side, pick.market_type)
        left = microseconds_between(self._day.clock.now(), self.view.starts[intent.market_id])
        step = ladder.step_at(left)
        cap = step.amount(intent.side) * pick.stake_points if step is not None else ZERO
        held = self.held(intent.market_id, intent.selection_id, intent.side)
        market, everything = self.held(intent.market_id), self.held()
        assert limits.max_order is not None
        bounds = (
            ("I1", "the step", held, cap),
            ("I1", "the order", ZERO, limits.max_order.stake if pick.side is Side.BACK else limits.max_order.liability),
            ("I2", "the market", market, limits.max_exposure_per_market),
            ("I2", "the day", everything, limits.max_exposure_per_day),
            ("I2", "the day's loss", self._lost() + self.held(is_open=True), limits.max_daily_loss),
        )
        for promise, name, before, limit in bounds:
            if limit is None or before + risk > limit:
                self.broken(promise, f"{intent.ref} brings {name} from {before} to {before + risk}, allowed {limit}")

    def held(
        self,
        market_id: str | None = None,
        selection_id: int | None = None,
        side: Side | None = None,
        *,
        is_open: bool = False,
    ) -> Decimal:
        """Matched, unmatched and on its way, ours in truth and foreign as far as it was told."""
        day = self._day
        total = ZERO
        for bet in day.world.bets.values():
            own = bet.strategy_ref == day.strategy
            told = self.view.foreign.get(bet.bet_id)
            if not own and told is None:
                continue
            if (market_id, selection_id, side) != (
                bet.market_id if market_id is not None else None,
                bet.selection_id if selection_id is not None else None,
                bet.side if side is not None else None,
            ):
                continue
            if is_open and day.world.markets[bet.market_id].is_settled:
                continue
            total += _risk(bet)
        for order in day.late_orders():
            if (market_id, selection_id, side) == (
                order.market_id if market_id is not None else None,
                order.selection_id if selection_id is not None else None,
                order.side if side is not None else None,
            ):
                total += risk_of(order.side, order.price, order.size)
        return total

    def _lost(self) -> Decimal:
        own = [bet for bet in self._day.world.bets.values() if bet.strategy_ref == self._day.strategy]
        return max(ZERO, -sum((bet.settled.profit for bet in own if bet.settled is not None), ZERO))

    def _check_counts(self, intent: Intent) -> None:
        limits, now = self._day.limits, self._day.world.now
        openings = [(at, one) for at, one in self.sent.values() if one.purpose is Purpose.OPENING]
        recent = sum(at > now - _MINUTE for at, _ in openings)
        if recent >= int(limits.max_orders_per_minute or 0):
            self.broken("I16", f"{intent.ref} is order {recent + 1} within a minute")
        same = sum(subject_of(one) == subject_of(intent) for _, one in openings)
        if same >= int(limits.max_orders_per_selection or 0):
            self.broken("I16", f"{intent.ref} is order {same + 1} on its pick")

    # --- Hedges -----------------------------------------------------------------------------------------------------

    def _working(self, intent: Intent) -> list[str]:
        """Own orders on the runner that may still match."""
        day, runner = self._day, (intent.market_id, intent.selection_id)
        bets = [
            bet.order_ref or ""
            for bet in day.world.bets.values()
            if bet.strategy_ref == day.strategy and (bet.market_id, bet.selection_id) == runner and bet.is_open
        ]
        late = [one.order_ref for one in day.late_orders() if (one.market_id, one.selection_id) == runner]
        return [ref for ref in (*bets, *late) if ref != intent.ref and ref in self.sent]

    def _check_hedge(self, intent: Intent) -> None:
        if working := self._working(intent):
            self.broken("I11", f"hedge {intent.ref} while {working} are working")

    def position(self, order: OrderRequest) -> tuple[Decimal, Decimal]:
        """Profit if the order's runner wins and if it loses: own bets in truth, others as its sender knew."""
        told = self._told.get(order.order_ref, self.view.others)
        if_wins = if_loses = ZERO
        for bet in self._day.world.bets.values():
            if (bet.market_id, bet.selection_id) != (order.market_id, order.selection_id):
                continue
            one: SimulatedBet | Bet | None = bet if bet.strategy_ref == self._day.strategy else None
            one = one or told.get(bet.bet_id)
            if one is None or not one.size_matched or one.average_price_matched is None:
                continue
            sign = 1 if one.side is Side.BACK else -1
            if_wins += sign * one.size_matched * (one.average_price_matched - 1)
            if_loses -= sign * one.size_matched
        return if_wins, if_loses

    def on_processed(self, order: OrderRequest, before: tuple[Decimal, Decimal] | Position) -> None:
        """The exchange took an order, or refused it."""
        sent = self.sent.get(order.order_ref)
        if sent is None or sent[1].purpose is not Purpose.HEDGE:
            return
        after = self.position(order)
        if min(after) < min(before):
            self.broken("I11", f"hedge {order.order_ref} lowers the worst outcome from {min(before)} to {min(after)}")
        was, now = before[0] - before[1], after[0] - after[1]
        if not self._is_improved(order) and (abs(now) > abs(was) or was * now < ZERO):
            self.broken("I11", f"hedge {order.order_ref} turns the exposure from {was} to {now}")

    def _is_improved(self, order: OrderRequest) -> bool:
        """A back at better prices than it asked for: it pays more than was reckoned with, and costs the same."""
        own = [bet for bet in self._day.world.bets.values() if bet.order_ref == order.order_ref]
        prices = [bet.average_price_matched for bet in own if bet.side is Side.BACK]
        return any(price is not None and price > order.price for price in prices)

    def on_answer(self, order: OrderRequest, answer: OrderAnswer) -> None:
        """What the trader is told of an order."""
        if Reaction.STOP in answer.reactions:
            self.on_stop(f"{answer.code} for {order.order_ref}")

    # --- After each tick ----------------------------------------------------------------------------------------------

    def on_tick(self, tick: Tick) -> None:
        for finding in tick.findings:
            if finding.found in STOPS:
                self.broken("I4", f"reconciliation found {finding.found} {finding.ref} {finding.bet_id}")
            if finding.found is Found.LOST and not self._has_been_looked_at(finding):
                self._stopped[finding.market_id] = f"bet {finding.bet_id} is lost"

    def _has_been_looked_at(self, finding: Finding) -> bool:
        """A person has resumed after a latch for the same loss: the store knows, also of a tick that failed then."""
        controls = self._day.store.controls()
        resumed = max((one.seq for one in controls if one.kind is ControlKind.RESUME), default=0)
        cause = finding.found.value, finding.market_id, finding.bet_id
        latches = [one for one in controls if one.kind is ControlKind.LATCH and one.seq < resumed]
        return any((one.cause, one.subject, one.evidence) == cause for one in latches)

    def at_rest(self) -> None:
        """Between two ticks, whatever happened in the last one."""
        day = self._day
        own = [bet for bet in day.world.bets.values() if bet.strategy_ref == day.strategy]
        refs = [bet.order_ref for bet in own]
        if len(refs) != len(set(refs)):
            self.broken("I5", "two bets for one intent")
        entries = {entry.intent.ref: entry for entry in day.entries()}
        for bet in own:
            entry = entries.get(bet.order_ref or "")
            if entry is None:
                self.broken("I4", f"bet {bet.bet_id} ({bet.order_ref}) has no intent")
            elif entry.state is IntentState.DEAD:
                self.broken("I6", f"{bet.order_ref} is dead ({entry.code}) and is bet {bet.bet_id}")
        for pick in day.picks:
            limit = day.policy.staking.ladder_for(pick.side, pick.market_type).limits.amount(pick.side)
            held = sum(
                (
                    _risk(bet)
                    for bet in own
                    if (bet.market_id, bet.selection_id, bet.side) == (pick.market_id, pick.selection_id, pick.side)
                    and bet.order_ref in self.sent
                    and self.sent[bet.order_ref][1].purpose is Purpose.OPENING
                ),
                ZERO,
            )
            if held > limit * pick.stake_points:
                self.broken("I1", f"{pick.selection_ref} holds {held}, never more than {limit * pick.stake_points}")

    def at_end(self) -> None:
        """Everything is settled and nothing was faulty for a while: the journal is what the exchange has."""
        bets = {bet.order_ref: bet for bet in self._day.world.bets.values()}
        for entry in self._day.entries():
            ref = entry.intent.ref
            if entry.state not in {IntentState.DONE, IntentState.DEAD}:
                self.broken("end", f"{ref} is still {entry.state}")
            elif entry.state is IntentState.DONE and (
                entry.sizes is None or entry.sizes.matched != bets[ref].size_matched
            ):
                self.broken("end", f"{ref} matched {bets[ref].size_matched}, the journal has {entry.sizes}")


def _matched(bet: Bet | None) -> Decimal:
    return bet.size_matched if bet is not None else ZERO


def _risk(bet: SimulatedBet) -> Decimal:
    assert bet.price is not None, "only limit orders are placed here"
    average = bet.average_price_matched
    matched = risk_of(bet.side, average, bet.size_matched) if average is not None else ZERO
    return matched + risk_of(bet.side, bet.price, bet.size_remaining)
