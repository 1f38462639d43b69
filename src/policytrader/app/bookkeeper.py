"""The books: journal and exchange compared, what was found recorded, and what counts against the limits now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from policytrader.app.assemble import AccountView
from policytrader.app.gate import Ledger, latches_due
from policytrader.app.kill_switch import read_kill_file
from policytrader.app.reconcile import STOPS, Finding, Found, judge, lost_since
from policytrader.model.journal import BetSizes, Control, ControlKind, EventKind, Evidence, IntentState, JournalEvent
from policytrader.model.orders import Reaction
from policytrader.model.times import london_day
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.app.reconcile import Reading
    from policytrader.app.tick import Means
    from policytrader.app.world import Traded, WorldReader
    from policytrader.model.bets import Bet
    from policytrader.model.journal import ControlState, Intent, JournalEntry
    from policytrader.model.orders import OrderAnswer
    from policytrader.policy.protection import Protections

PROGRAM = "policytrader"
"""Who pulls a latch that no person pulled."""

_ENDS_MATCHED = frozenset({ClearedStatus.SETTLED, ClearedStatus.VOIDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The account and the journal after a reconciliation; ``is_complete`` where every cleared bet was read too."""

    account: AccountView
    ledger: Ledger
    findings: tuple[Finding, ...]
    is_complete: bool


class Bookkeeper:
    """Keeps the journal true to the exchange, and knows the levers and latches."""

    def __init__(self, means: Means, world: WorldReader, kill_file: Path | None) -> None:
        """Nothing is read yet. ``kill_file`` is the deployment's; a policy may name one more."""
        self._world = world
        self._store = means.store
        self._clock = means.clock
        self._terms = means.terms
        self._kill_file = kill_file
        self._complete_at: datetime | None = None
        self._due: list[Control] = []
        self._others: dict[str, Bet] = {}
        """Bets of others that have matched, as they were listed last; of ours the journal knows."""

    def require_complete(self) -> None:
        """The next reconciliation reads everything: something happened that may have hidden something else."""
        self._complete_at = None

    def reconcile(self, limits: Protections, traded: Traded, *, records: bool = True) -> Books:
        """Read the account, record every difference, close the latches that are due; without ``records`` only look.

        Raises ``ExchangeError`` or ``StoreError``: what was found before that is recorded.
        """
        if records:
            self.close_latches()
        is_complete = self._is_complete_due(limits, traded.now)
        entries = self._entries(traded.now)
        reading = self._world.read_account(traded, entries, is_complete=is_complete)
        known = (*self._of_other_days(entries, reading), *entries)
        findings = judge(known, reading, self._terms.strategy_ref)
        if records:
            entries = _brought_up(entries, map(self._record, findings), london_day(traded.now))
        if is_complete:
            self._complete_at = traded.now
        results = self._store.live_results(london_day(traded.now))
        account = AccountView(bets=self._with_lost(reading), entries=entries, strategy_ref=self._terms.strategy_ref)
        ledger = Ledger.of(traded.now, entries, results, foreign=account.unexplained_bets())
        for cause in latches_due(limits, entries, ledger.lost_today) if records else ():
            self.latch(cause.protection, cause.subject, cause.evidence, cause.why)
        # Read after the latches: what was just closed counts.
        ledger = replace(ledger, controls=self.controls(limits))
        return Books(account=account, ledger=ledger, findings=findings, is_complete=is_complete)

    def _with_lost(self, reading: Reading) -> tuple[Bet, ...]:
        """What is listed, and what others have matched and this list has lost: it counts until it is over."""
        # A part that was cancelled or lapsed is cleared at once, and says nothing of what has matched.
        over = {one.bet_id for one in reading.cleared if one.status in _ENDS_MATCHED}
        bets = {bet.bet_id: bet for bet in reading.current}
        for bet in lost_since(self._others.values(), reading.current):
            if bet.bet_id not in over and bet.market_id not in reading.closed_markets:
                bets[bet.bet_id] = bet
        ours = self._terms.strategy_ref
        self._others = {bet.bet_id: bet for bet in bets.values() if bet.size_matched and bet.strategy_ref != ours}
        return tuple(bets.values())

    def controls(self, limits: Protections) -> ControlState:
        """The levers as they stand at this moment: in the store, and the kill files beside it."""
        state, now = self._store.control_state(), self._clock.now()
        named = limits.kill_switch_file
        files = (self._kill_file, Path(named) if named is not None else None)
        kills = [state.kill, *(read_kill_file(file, now) for file in files if file is not None)]
        found = [kill for kill in kills if kill is not None]
        if not found:
            return state
        return replace(state, kill=next((kill for kill in found if kill.cancels_open), found[0]))

    def latch(self, cause: str, subject: str, evidence: str, why: str) -> None:
        """Close a latch over a market, a pick, or everything (no subject), until a person resumes.

        Raises ``StoreError`` where it cannot be stored; it is closed before the next reconciliation then.
        """
        self._note_latch(cause, subject, evidence, why)
        self.close_latches()

    def heed(self, intent: Intent, answer: OrderAnswer) -> None:
        """An answer that says stop: remembered, whatever happens to the store before ``close_latches``."""
        if Reaction.STOP in answer.reactions:
            self._note_latch("exchange", "", intent.ref, f"the exchange answered {answer.code} to {intent.ref}")

    def close_latches(self) -> None:
        """Store the latches that are due. What causes one may be seen only once, so it is kept until that worked."""
        while self._due:
            control = self._due[0]
            if self._store.pull(control):
                event = JournalEvent(at=control.at, kind=EventKind.LATCH, code=control.cause, detail=control.why)
                self._store.append_events([event])
            self._due.pop(0)

    def _note_latch(self, cause: str, subject: str, evidence: str, why: str) -> None:
        self._due.append(
            Control(
                kind=ControlKind.LATCH,
                at=self._clock.now(),
                who=PROGRAM,
                why=why,
                cause=cause,
                subject=subject,
                evidence=evidence,
            )
        )

    def _is_complete_due(self, limits: Protections, now: datetime) -> bool:
        every = timedelta(seconds=int(limits.reconcile_every_seconds or 0))
        return self._complete_at is None or abs(now - self._complete_at) >= every

    def _entries(self, now: datetime) -> tuple[JournalEntry, ...]:
        """The day's intents, and whatever is open from before, oldest first."""
        day = self._store.intents(london_day(now), self._terms.account)
        known = {entry.intent.ref for entry in day}
        before = (entry for entry in self._store.open_intents(self._terms.account) if entry.intent.ref not in known)
        return (*before, *day)

    def _of_other_days(self, entries: Sequence[JournalEntry], reading: Reading) -> Iterable[JournalEntry]:
        """Intents behind bets that are listed and not among the day's: midnight has passed, or the clock was put back.

        They are over, so they count no more; but a bet of theirs is no orphan.
        """
        known = {entry.intent.ref for entry in entries}
        listed = [(bet.order_ref, bet.strategy_ref) for bet in reading.current]
        listed += [(bet.order_ref, bet.strategy_ref) for bet in reading.cleared]
        for ref in dict.fromkeys(ref for ref, strategy in listed if strategy == self._terms.strategy_ref):
            if ref is not None and ref not in known and (entry := self._store.intent(ref)) is not None:
                yield entry

    def _record(self, finding: Finding) -> JournalEntry | None:
        """The entry as it stands then; None where a latch is all that follows."""
        now, ref = self._clock.now(), finding.ref
        match finding.found:
            case Found.SEEN if ref is not None:
                evidence = Evidence(
                    state=IntentState.SEEN, code=finding.code, bet_id=finding.bet_id, sizes=finding.sizes
                )
                return self._store.resolve(ref, evidence, now)
            case Found.SIZES if ref is not None:
                return self._store.update_sizes(ref, finding.sizes or BetSizes(), now)
            case Found.FINISHED if ref is not None:
                return self._store.finish(ref, finding.sizes or BetSizes(), now, finding.code)
            case Found.DEAD if ref is not None:
                return self._store.resolve(ref, Evidence(state=IntentState.DEAD, code=finding.code), now)
            case found:
                subject = "" if found in STOPS else finding.market_id
                why = f"{found}: bet {finding.bet_id} in {finding.market_id}, intent {ref}"
                self.latch(found.value, subject, finding.bet_id or ref or "", why)
                return None


def _brought_up(
    entries: Iterable[JournalEntry], changed: Iterable[JournalEntry | None], today: date
) -> tuple[JournalEntry, ...]:
    """The entries as reading them again would show them: what is over and of another day counts no more."""
    newest = {entry.intent.ref: entry for entry in changed if entry is not None}
    now = (newest.get(entry.intent.ref, entry) for entry in entries)
    return tuple(entry for entry in now if entry.is_open or entry.intent.day == today)
