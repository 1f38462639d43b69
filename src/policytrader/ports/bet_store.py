"""The store of tracked bets and of their history.

Each method happens wholly or not at all. No clock inside: times are aware UTC, of the caller's clock. All may raise

* ``StoreError``: the store is out of reach, read-only, full or of another schema; nothing happened, as far as is known.
* ``StoreUnknownError``: the answer to a write was lost: read the bet by its id before anything else.

Every read and write of a user's bet names the user and the bot: another user's bet is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from policytrader.model.times import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.outcomes import Outcome, Reason
    from policytrader.model.tracked import BotType, HistoryEntry, TrackedBet


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose bets are meant."""

    user_id: int
    bot_type: BotType


@dataclass(frozen=True, slots=True, kw_only=True)
class BetFilter:
    """Which of an owner's bets; None asks for no such thing. ``tags`` must all be there; dates are of kick-off."""

    statuses: tuple[Outcome, ...] | None = None
    tags: tuple[str, ...] = ()
    market: str | None = None
    bookmaker: str | None = None
    match: str | None = None
    kickoff_from: datetime | None = None
    kickoff_to: datetime | None = None
    with_deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over an owner's bets with one status: what the statistics are made of, in units (exact at 1e-10)."""

    status: Outcome
    count: int
    staked_units: Decimal
    returns_units: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingFixture:
    """A fixture with pending bets: ``last_checked_at`` the oldest of theirs, None for never; ``kickoff_at`` the newest.

    Dates are the users' own: one of them may be wrong, and must not make the fixture old for all.
    """

    fixture_id: str
    bet_count: int
    kickoff_at: datetime | None
    last_checked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerChoice:
    """Whom an owner meant by a name, as they said of a bet: the feed's ids of the player, and of the team then."""

    bet_id: str
    player_name: str
    player_id: str
    team_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledFixture:
    """A fixture with ``bet_count`` settled bets that are due for another look.

    ``last_checked_at`` is the oldest of theirs; of a bet that was settled unlooked at, when that was.
    """

    fixture_id: str
    bet_count: int
    last_checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Which settled bets to look at again: settled since, not checked since, and for none of the ``final`` reasons."""

    settled_since: datetime
    checked_before: datetime
    final: frozenset[Reason] = frozenset()


_Rotating = TypeVar("_Rotating", PendingFixture, SettledFixture)


def in_rotation(found: Iterable[_Rotating]) -> tuple[_Rotating, ...]:
    """Never looked at first, then the longest unchecked; by id where that is the same."""
    return tuple(sorted(found, key=_place))


def _place(one: PendingFixture | SettledFixture) -> tuple[bool, datetime, str]:
    looked_at = one.last_checked_at
    return (looked_at is not None, looked_at or EPOCH, one.fixture_id)


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a bet that was to be added: stored, or refused because ``existing`` has the same key."""

    is_stored: bool
    existing: TrackedBet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A look at a pending bet: why it stays pending, and what a live fixture showed first, and when."""

    bet_id: str
    reason: Reason
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None


class BetStore(Protocol):
    """Bets with their history."""

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> Added:
        """Store a new bet with its first history entry.

        Refused where the owner has a bet with this ``dedup_key`` (a tombstone counts) and the new one names no
        ``duplicate_of``; also where ``bet_id`` is there already with equal content (then ``is_stored`` is True: the
        same step again). ``StoreConflictError`` for the same id with other content.
        """
        ...

    def bet(self, owner: Owner, bet_id: str) -> TrackedBet | None:
        """The bet, also a deleted one; None for an unknown id or another owner's."""
        ...

    def bets(self, owner: Owner, wanted: BetFilter | None = None, *, limit: int | None = None) -> Iterator[TrackedBet]:
        """The owner's bets, newest first (``tracked_at``, then ``bet_id``)."""
        ...

    def pending(self, owner: Owner) -> Iterator[TrackedBet]:
        """The owner's pending bets, oldest kick-off first; without a kick-off last."""
        ...

    def totals(self, owner: Owner) -> tuple[Totals, ...]:
        """Counts and sums by status, deleted bets left out, in no particular order; computed by the store."""
        ...

    def replace(self, changed: TrackedBet, entry: HistoryEntry) -> bool:
        """Put ``changed`` in place of the version before it (``changed.version - 1``), with its history entry.

        False where the stored version is another one: somebody else was first, read again. True also where exactly
        this step was done before (the same version with equal content).
        """
        ...

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        """``replace`` for many bets at once (a fixture's), in as few round trips as the store can; an answer each."""
        ...

    def history(self, owner: Owner, bet_id: str) -> tuple[HistoryEntry, ...]:
        """Everything that happened to a bet, oldest first."""
        ...

    def pending_fixtures(self, before: datetime, owner: Owner | None = None) -> tuple[PendingFixture, ...]:
        """Fixtures with pending bets and a kick-off before ``before`` (or none), longest unchecked first.

        Over all owners, or one. Bets whose grade a person made are not pending.
        """
        ...

    def fixture_bets(self, fixture_id: str, owner: Owner | None = None) -> tuple[TrackedBet, ...]:
        """Every bet on a fixture that is not deleted, settled ones too (a corrected number grades them again)."""
        ...

    def without_fixture(
        self, before: datetime, since: datetime | None = None, owner: Owner | None = None
    ) -> tuple[TrackedBet, ...]:
        """Pending bets that name no fixture, with a kick-off before ``before`` (or none), longest unchecked first.

        Those with a kick-off before ``since`` only where nobody looked at them yet. Over all owners, or one. Bets
        whose grade a person made are not pending.
        """
        ...

    def choices(self, owner: Owner) -> tuple[PlayerChoice, ...]:
        """Whom the owner chose by hand (``matched_by``), in the order of bet ids; deleted bets say nothing."""
        ...

    def stamp(self, checks: Sequence[Check], at: datetime) -> None:
        """Note that pending bets were looked at ``at``: no history, no new version, for it changes no result.

        Bets that are no longer pending, or not there, keep what they have.
        """
        ...

    def settled_fixtures(
        self, wanted: Recheck, owner: Owner | None = None, *, limit: int | None = None
    ) -> tuple[SettledFixture, ...]:
        """Fixtures with settled bets that are due for another look, longest unchecked first, at most ``limit``.

        Over all owners, or one. A grade that a person made is not looked at again, nor a deleted bet. What is settled
        at ``settled_since`` is due, what was checked at ``checked_before`` is not.
        """
        ...

    def stamp_settled(self, fixture_id: str, at: datetime, owner: Owner | None = None) -> None:
        """Note that the settled bets on a fixture were looked at ``at``: nothing else of them changes.

        No history, no new version. Bets that are pending, deleted or graded by a person keep what they have.
        """
        ...

    def owners(self) -> tuple[Owner, ...]:
        """Everybody who has bets."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
