"""The loop: one tick after the other, on time, by the active policy, for as long as this process leads.

Whatever cannot be done is not done: without exchange or store there are no orders, and when they are back everything is
read before the next one (``docs/promises.md``).
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.clock_watch import ClockWatch
from policytrader.app.engines import Engines
from policytrader.app.pace import Pace, pause_seconds
from policytrader.errors import ExchangeError, RefusedError, StaleEpochError, StoreError
from policytrader.model.journal import ControlState, EventKind, JournalEvent
from policytrader.model.snapshot import MarketStatus
from policytrader.model.times import format_utc, london_day

if TYPE_CHECKING:
    from datetime import date, datetime

    from policytrader.app.surroundings import Surroundings
    from policytrader.app.tick import Tick
    from policytrader.app.trader import Trader
    from policytrader.model.journal import Lease
    from policytrader.model.money import MinimumSize
    from policytrader.ports.store import Store

STANDBY_SECONDS = 0.5
FIRST_ATTEMPTS = 3
"""So often an exchange may fail before the first tick worked; then it is out of reach."""
_AFTER_LAST_OFF = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonTerms:
    """Who trades and how. A dry run (``is_live`` False) neither leads nor sends; ``stays`` when the day is over."""

    account: str
    mode: str
    holder: str
    is_live: bool
    minimum: MinimumSize
    is_once: bool = False
    stays: bool = False


@dataclass(slots=True, kw_only=True)
class Ended:
    """What a run came to. ``reason``: day_over, stopped or once; ``without_result`` counts picks of the day."""

    reason: str = "stopped"
    ticks: int = 0
    skipped: int = 0
    failures: int = 0
    orders: int = 0
    without_result: int = 0


class Daemon:
    """Runs a trader until the day is over or somebody stops it."""

    def __init__(self, trader: Trader, store: Store, surroundings: Surroundings, terms: DaemonTerms) -> None:
        """Nothing is read before ``run``."""
        self._trader = trader
        self._store = store
        self._clock = surroundings.clock
        self._terms = terms
        self._say = surroundings.say
        self._rest = surroundings.rest
        self._watch = surroundings.watch
        self._clock_watch = ClockWatch(surroundings.clock.take_jump, surroundings.skew)
        self._is_stopping = surroundings.is_stopping
        self._engines = Engines(store, terms.minimum, terms.mode, surroundings.say)
        self._pace = Pace(surroundings)
        self._lease: Lease | None = None
        self._has_worked = False
        self._has_stored = False
        self._is_standby = False
        self._failed_in_a_row = 0
        self._day: date | None = None
        self._levers = ControlState()
        self._ended = Ended()

    def run(self) -> Ended:
        """Trade.

        Raises ``StoreError`` or ``ExchangeError`` where one is out of reach from the start, ``PolicyError`` where the
        activated policy cannot be used, ``UsageError`` where none is activated, and, with ``is_once``,
        ``RefusedError`` where another process leads.
        """
        try:
            self._loop()
        finally:
            self._end()
        return self._ended

    def _loop(self) -> None:
        due = self._clock.now()
        while not self._is_stopping():
            if not self._may_tick():
                if self._standby():
                    return
                due = self._now() or due
                continue
            tick = self._tick()
            if self._terms.is_once:
                self._ended.reason = "once"
                return
            if tick is not None and self._is_over(tick):
                self._ended.reason = "day_over"
                return
            due = self._wait(due)

    # --- Leading ------------------------------------------------------------------------------------------------------

    def _may_tick(self) -> bool:
        return not self._terms.is_live or self._lease is not None or self._lead()

    def _lead(self) -> bool:
        """Try to lead. Afterwards nothing is known until everything is read."""
        try:
            now = self._clock.now()
            lease = self._store.acquire(self._terms.account, self._terms.holder, now)
            if lease is None:
                self._has_stored, self._has_worked, self._failed_in_a_row = True, True, 0
                return False
            self._lease = lease
            left = self._store.quarantine(lease, now)
            self._store.append_events(
                [JournalEvent(at=now, kind=EventKind.LEAD, code=lease.account, detail=lease.holder, epoch=lease.epoch)]
            )
        except (ExchangeError, StoreError) as error:
            self._failed(error)
            self._lose()
            return False
        self._trader.require_reconciliation()
        self._has_stored, self._is_standby = True, False
        self._say("info", "leads", now, account=lease.account, epoch=lease.epoch, quarantined=len(left))
        return True

    def _standby(self) -> bool:
        """Wait for the lease. True where there is nothing more to wait for."""
        if self._terms.is_once:
            message = f"another process leads account {self._terms.account}; nothing was sent"
            raise RefusedError(message)
        if not (self._is_standby or self._failed_in_a_row):
            self._is_standby = True
            self._say("warning", "standby", self._now(), account=self._terms.account)
        seconds = pause_seconds(self._failed_in_a_row) if self._failed_in_a_row else STANDBY_SECONDS
        self._rest(seconds)
        try:
            is_over = not self._terms.stays and self._is_settled(self._clock.now())
        except (ExchangeError, StoreError):
            return False
        if is_over:
            self._ended.reason = "day_over"
        return is_over

    def _lose(self) -> None:
        """Lead no more; what another process holds is left alone."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(StoreError):
                self._store.release(lease, self._now() or lease.renewed_at)

    # --- One tick -----------------------------------------------------------------------------------------------------

    def _tick(self) -> Tick | None:
        try:
            now = self._clock.now()
            self._watch_clock(now)
            engine = self._engines.current(now)
            if self._lease is not None:
                self._lease = self._store.renew(self._lease, now)
            tick = self._trader.tick(engine, self._lease)
            self._watch(tick)
            self._engines.follow_shadow(tick)
        except StaleEpochError as error:
            if self._terms.is_once:
                raise RefusedError(error.render()) from None
            self._tell_acts(self._trader.acted)
            self._say("error", "lease_lost", self._now(), why=error.render())
            self._lose()
            return None
        except (ExchangeError, StoreError) as error:
            self._tell_acts(self._trader.acted)
            self._failed(error)
            return None
        if self._failed_in_a_row:
            self._say("info", "recovered", now, failures=self._failed_in_a_row)
        self._has_stored, self._has_worked, self._failed_in_a_row = True, True, 0
        self._tell(tick)
        return tick

    def _failed(self, error: ExchangeError | StoreError) -> None:
        """No orders, and a complete reconciliation before the next; raise where nothing ever worked."""
        self._ended.failures += 1
        self._failed_in_a_row += 1
        self._trader.require_reconciliation()
        if isinstance(error, StoreError):
            is_hopeless = not self._has_stored
        else:
            is_hopeless = not self._has_worked and self._failed_in_a_row >= FIRST_ATTEMPTS
        if self._terms.is_once or is_hopeless:
            raise error
        what = "store" if isinstance(error, StoreError) else "exchange"
        self._say("error", "no_orders", self._now(), because=what, code=error.code, why=error.render())

    def _watch_clock(self, now: datetime) -> None:
        for problem in self._clock_watch.look():
            if self._terms.is_live:
                self._trader.latch(problem.cause, format_utc(now), problem.why)
            self._trader.require_reconciliation()
            if problem.is_news:
                self._say("error", problem.cause, now, why=problem.why)

    # --- Time ---------------------------------------------------------------------------------------------------------

    def _wait(self, due: datetime) -> datetime:
        """Until the next tick, or, after a failure, for a while that grows. Returns when the last scheduled was due."""
        try:
            schedule = self._engines.schedule
            if self._failed_in_a_row or schedule is None or (self._terms.is_live and self._lease is None):
                self._clock.wait(pause_seconds(self._failed_in_a_row) if self._failed_in_a_row else 0)
                return self._clock.now()
            due, skipped = self._pace.until_next(schedule, due)
        except ExchangeError as error:
            # The exchange's own clock: it is gone with the exchange, and the wall's has to do.
            self._failed(error)
            self._rest(pause_seconds(self._failed_in_a_row))
            return due
        self._ended.skipped += skipped
        return due

    def _now(self) -> datetime | None:
        try:
            return self._clock.now()
        except ExchangeError:
            return None

    # --- The end ------------------------------------------------------------------------------------------------------

    def _is_over(self, tick: Tick) -> bool:
        """All races of the day's picks are over, and every result is stored; or the day itself is over."""
        schedule = self._engines.schedule
        if self._terms.stays or schedule is None or schedule.stop == "never":
            return False
        today = london_day(tick.at)
        if self._day is not None and self._day != today:
            self._ended.without_result = len(self._store_bets(self._day))
            return True
        if not tick.plan.snapshot.selections:
            return False
        self._day = today
        return self._has_settled(tick) if self._terms.is_live else _has_run(tick)

    def _has_settled(self, tick: Tick) -> bool:
        try:
            has_begun = all(pick.race_time <= tick.at for pick in tick.plan.snapshot.selections)
            return has_begun and self._is_settled(tick.at)
        except StoreError as error:
            self._failed(error)
            return False

    def _is_settled(self, now: datetime) -> bool:
        day = london_day(now)
        picks = self._store.selections(day)
        has_run = bool(picks) and all(pick.selection.race_time <= now for pick in picks)
        return has_run and not self._store.upcoming_bets(day) and not self._store.open_intents(self._terms.account)

    def _store_bets(self, day: date) -> tuple[object, ...]:
        try:
            return self._store.upcoming_bets(day)
        except StoreError:
            return ()

    def _end(self) -> None:
        now = self._now()
        self._lose()
        self._engines.close()
        ended = self._ended
        self._say(
            "info", "ended", now, reason=ended.reason, ticks=ended.ticks, skipped=ended.skipped,
            failures=ended.failures, orders=ended.orders, without_result=ended.without_result,
        )  # fmt: skip

    # --- Telling ------------------------------------------------------------------------------------------------------

    def _tell_acts(self, tick: Tick | None) -> None:
        """Also of a tick that failed afterwards: what was sent was sent."""
        if tick is None:
            return
        self._ended.orders += len(tick.executed)
        for ref, reason in tick.invalidated:
            self._say("warning", "invalidated", tick.at, selection=ref, why=reason)
        for done in tick.executed:
            intent = done.entry.intent
            self._say(
                "info", "order", tick.at, ref=intent.ref, selection=intent.selection_ref, purpose=str(intent.purpose),
                side=str(intent.side), price=str(intent.price), size=str(intent.size), fate=str(done.answer.fate),
                code=done.answer.code,
            )  # fmt: skip

    def _tell_levers(self, tick: Tick) -> None:
        """Once, when something was pulled, closed or lifted: why the ticks from now on send what they send."""
        levers = tick.levers
        if levers == self._levers:
            return
        self._levers = levers
        pulled = {name: f"{one.who}: {one.why}" for name in ("kill", "pause") if (one := getattr(levers, name))}
        latches = "; ".join(f"{one.cause} {one.subject}".strip() for one in levers.latches)
        level = "info" if levers.may_open else "warning"
        if latches:
            pulled["latches"] = latches
        self._say(level, "levers", tick.at, may_open=levers.may_open, **pulled)

    def _tell(self, tick: Tick) -> None:
        self._ended.ticks += 1
        self._tell_levers(tick)
        self._tell_acts(self._trader.acted)
        for found in tick.findings:
            self._say("debug", "found", tick.at, what=str(found.found), ref=found.ref, bet=found.bet_id)
        counts = Counter(str(decision.action) for decision in tick.plan.decisions)
        refused = Counter(code for _, code in tick.refused)
        by = ", ".join(f"{count} {code}" for code, count in refused.items())
        self._say(
            "info", "tick", tick.at, policy=self._engines.short_hash, orders=len(tick.executed),
            refused=len(tick.refused), **({"refused_by": by} if by else {}), cancelled=len(tick.cancelled),
            settled=len(tick.settled), read="everything" if tick.is_complete else "what is open", **counts,
        )  # fmt: skip


def _has_run(tick: Tick) -> bool:
    """A dry run stores no result: the markets tell, or the time."""
    picks, books = tick.plan.snapshot.selections, tick.plan.snapshot.markets_by_id
    known = [books[pick.market_id] for pick in picks if pick.market_id in books]
    is_closed = len(known) == len(picks) and all(book.status is MarketStatus.CLOSED for book in known)
    return is_closed or tick.at > max(pick.race_time for pick in picks) + _AFTER_LAST_OFF
