"""The store: everything that has to outlive the process.

Each method is one transaction: it happened wholly, or not at all. No clock inside: ``at`` is aware UTC, of the caller's
clock. All may raise

* ``StoreError``: the store is out of reach, read-only, full, busy or of another schema; nothing happened.
* ``StoreUnknownError``: the answer to a commit was lost; read the row by its key before anything else.
* ``StoreConflictError``: what was asked contradicts what is stored; nothing happened.
* ``StaleEpochError``: another process leads; nothing happened, and nothing may be sent.

and ``ValueError`` for a value that cannot be stored exactly (three decimals of a penny amount, a time without a zone):
a defect of the caller. One store object is used by one thread at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.model.journal import (
        BetSizes,
        Control,
        ControlState,
        Evidence,
        Intent,
        JournalEntry,
        JournalEvent,
        Lease,
    )
    from policytrader.model.records import (
        Activation,
        Contender,
        DecisionRecord,
        LoggedDecision,
        NewSelection,
        PolicyRecord,
        PositionUpdate,
        Result,
        ResultEvent,
        RunnerPrices,
        StoredBet,
        StoredSelection,
        StoreStatus,
    )
    from policytrader.model.snapshot import ReferenceRunner


class SelectionStore(Protocol):
    """Picks, the captures they were made on, prices, results."""

    def add_selections(self, picks: Sequence[NewSelection], at: datetime) -> None:
        """Store picks, their captures and their rows among the upcoming bets; all of them or none.

        ``StoreConflictError`` names every pick whose ``selection_ref``, or market, runner and side, is there already.
        """
        ...

    def selections(self, day: date) -> tuple[StoredSelection, ...]:
        """The picks for the races of a London day, by race_time, market, runner, side."""
        ...

    def captures(self, day: date) -> tuple[ReferenceRunner, ...]:
        """The rows of those picks' captures, each once, by capture and runner."""
        ...

    def invalidate(self, selection_ref: str, at: datetime, reason: str) -> bool:
        """Mark a pick invalid. The first reason and time stay: False where it was invalid already."""
        ...

    def revalidate(self, selection_ref: str, at: datetime, who: str, why: str) -> bool:
        """A person takes an invalidation back; kept as an event. False where the pick is valid."""
        ...

    def update_positions(self, positions: Sequence[PositionUpdate], at: datetime) -> None:
        """What is matched for these picks now; ``closed`` once true stays."""
        ...

    def move_race(self, race_id: str, race_time: datetime, at: datetime) -> int:
        """The exchange lists another off: change it for the race's picks; how many changed."""
        ...

    def store_prices(self, rows: Sequence[RunnerPrices]) -> None:
        """The latest prices, one row per race and runner; a row published earlier than the stored one is left out."""
        ...

    def prices(self, race_ids: Iterable[str]) -> tuple[RunnerPrices, ...]:
        """The stored rows of these races, by race and runner."""
        ...

    def upcoming_bets(self, day: date) -> tuple[StoredBet, ...]:
        """The picks of a day that are not settled."""
        ...

    def live_results(self, day: date) -> tuple[StoredBet, ...]:
        """The picks of a day that are settled."""
        ...

    def settle(self, results: Sequence[Result], at: datetime) -> tuple[str, ...]:
        """Move picks from the upcoming bets to the results, or correct results; each change is kept in the history.

        Settling again with the same result changes nothing. Returns the refs that changed.
        """
        ...

    def results_history(self, selection_ref: str) -> tuple[ResultEvent, ...]:
        """Every settlement of a pick, oldest first."""
        ...

    def mark_contenders(self, rows: Sequence[Contender], at: datetime) -> None:
        """Mark horses as contender or not; a later mark replaces an earlier one."""
        ...

    def contenders(self, day: date) -> tuple[Contender, ...]:
        """The marked horses of a day, by race_time and runner."""
        ...


class JournalStore(Protocol):
    """Intents, what became of them, and what else happened."""

    def reserve(self, intents: Sequence[Intent], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """Make intents durable, all or none, while the lease's epoch is the account's current one.

        When this returns, a crash of program or machine cannot lose them. After ``StoreUnknownError`` look with
        ``intent``; what is not there may still be on its way, and reserving the same again settles it: it waits for
        the lost transaction, and then is a conflict or the first.
        """
        ...

    def mark_sent(self, refs: Sequence[str], lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """Before the first byte: reserved -> sent, all or none, under the same condition. Each intent once."""
        ...

    def quarantine(self, lease: Lease, at: datetime) -> tuple[JournalEntry, ...]:
        """After a start: what earlier epochs left reserved or sent is unknown. Returns what changed."""
        ...

    def resolve(self, ref: str, evidence: Evidence, at: datetime) -> JournalEntry:
        """Record what became known. The same again changes nothing, and neither does "unknown" where more is known.

        ``StoreConflictError`` where it contradicts: another bet for the same intent, the same bet for another intent,
        a bet for a dead intent, death of a seen one.
        """
        ...

    def update_sizes(self, ref: str, sizes: BetSizes, read_at: datetime) -> JournalEntry:
        """The bet's sizes as read at that time; an earlier reading than the stored one changes nothing."""
        ...

    def finish(self, ref: str, sizes: BetSizes, at: datetime, code: str) -> JournalEntry:
        """A seen intent whose bet is over -> done, with its last sizes. The same again changes nothing."""
        ...

    def intent(self, ref: str) -> JournalEntry | None:
        """One entry by its ref."""
        ...

    def open_intents(self, account: str) -> tuple[JournalEntry, ...]:
        """Whatever is reserved, sent, unknown or seen, of any day, oldest first."""
        ...

    def intents(self, day: date, account: str | None = None) -> tuple[JournalEntry, ...]:
        """Everything decided on a London day, oldest first; of all accounts where none is named."""
        ...

    def intents_of(self, selection_ref: str) -> tuple[JournalEntry, ...]:
        """Everything for one pick, oldest first."""
        ...

    def append_events(self, events: Sequence[JournalEvent]) -> None:
        """Append what happened beside the intents' own steps, which append theirs themselves."""
        ...

    def events(
        self, *, ref: str | None = None, since: datetime | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[JournalEvent, ...]:
        """Events, oldest first: of one intent, from a time on, after a ``seq``."""
        ...


class RuleStore(Protocol):
    """Decisions and the policies that made them."""

    def append_decisions(self, decisions: Sequence[DecisionRecord]) -> None:
        """Append decisions with their inputs; the same again changes nothing, another of the same id is a conflict."""
        ...

    def decision(self, decision_id: str) -> DecisionRecord | None:
        """One decision by its id, or by a beginning of it that no other has."""
        ...

    def logged_decisions(
        self, *, day: date | None = None, selection_ref: str | None = None
    ) -> tuple[LoggedDecision, ...]:
        """Decisions without their inputs, oldest first: on the picks for the races of a London day, on one pick."""
        ...

    def store_policy(self, policy_hash: str, content: bytes, at: datetime) -> None:
        """Keep a policy; the same again changes nothing, other content under the same hash is a conflict."""
        ...

    def policy(self, policy_hash: str) -> PolicyRecord | None:
        """A stored policy."""
        ...

    def activate(self, policy_hash: str | None, at: datetime, who: str, *, shadow: bool = False) -> None:
        """From now on this stored policy decides, or is the shadow; None ends the shadow."""
        ...

    def active_policy(self, *, shadow: bool = False) -> PolicyRecord | None:
        """The policy activated last, or the shadow."""
        ...

    def activations(self) -> tuple[Activation, ...]:
        """Every activation, oldest first."""
        ...


class ControlStore(Protocol):
    """Who leads, and what people have ordered."""

    def acquire(self, account: str, holder: str, at: datetime) -> Lease | None:
        """Become the leader of an account, with an epoch higher than any before; None while another process leads.

        ``holder`` says who, for people. The lease ends with ``release``, ``close``, the process, or the connection.
        """
        ...

    def renew(self, lease: Lease, at: datetime) -> Lease:
        """Say that the leader is alive. ``StaleEpochError`` where the lease is lost: send nothing more."""
        ...

    def release(self, lease: Lease, at: datetime) -> None:
        """Let another process lead. A lease that is lost already is left alone."""
        ...

    def leader(self, account: str) -> Lease | None:
        """The account's newest lease; ``released_at`` tells whether it ended in order."""
        ...

    def pull(self, control: Control) -> bool:
        """Kill, pause, resume or latch, durably.

        False, and nothing stored, for a latch that is closed already, or that was lifted and has no other evidence.
        """
        ...

    def control_state(self) -> ControlState:
        """The levers as they stand. Whoever cannot read it treats it as killed."""
        ...

    def controls(self, since: datetime | None = None) -> tuple[Control, ...]:
        """Every pull, oldest first."""
        ...


class Store(SelectionStore, JournalStore, RuleStore, ControlStore, Protocol):
    """All of it, and its upkeep. One store serves one mode, paper or live."""

    def migrate(self) -> tuple[str, ...]:
        """Bring the schema up to date; the revisions that were applied. Nothing to do: none."""
        ...

    def status(self) -> StoreStatus:
        """What it is, and whether this program can use it. Makes nothing, changes nothing."""
        ...

    def close(self) -> None:
        """Give back leases and connections."""
        ...
