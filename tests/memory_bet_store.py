"""A store of bets in memory: the port's contract without a database, and a place to plant trouble."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from policytrader.errors import StoreConflictError
from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome
from policytrader.model.tracked import By
from policytrader.model.tracked_checks import is_done, kept_step, kept_time, units_of
from policytrader.ports.bet_store import (
    Added,
    BetFilter,
    Check,
    Owner,
    PendingFixture,
    PlayerChoice,
    Recheck,
    SettledFixture,
    Totals,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from policytrader.model.tracked import HistoryEntry, TrackedBet

_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class MemoryBetStore:
    """``policytrader.ports.bet_store.BetStore``. ``before_write`` is called before each write, with the bet's id."""

    def __init__(self) -> None:
        self._bets: dict[str, TrackedBet] = {}
        self._entries: dict[str, dict[int, HistoryEntry]] = defaultdict(dict)
        self.before_write: Callable[[str], None] = lambda _: None
        self.is_closed = False

    def add(self, bet: TrackedBet, entry: HistoryEntry) -> Added:
        bet, entry = kept_step(bet, entry)
        self.before_write(bet.bet_id)
        if (there := self._bets.get(bet.bet_id)) is not None:
            if is_done(there, self._entries[bet.bet_id].get(entry.version), bet, entry):
                return Added(is_stored=True)
            message = f"bet {bet.bet_id} is there already, with other content; nothing was stored"
            raise StoreConflictError(message)
        if (holder := self._holder(bet)) is not None:
            return Added(is_stored=False, existing=holder)
        self._put(bet, entry)
        return Added(is_stored=True)

    def bet(self, owner: Owner, bet_id: str) -> TrackedBet | None:
        found = self._bets.get(bet_id)
        return found if found is not None and _owner(found) == owner else None

    def bets(self, owner: Owner, wanted: BetFilter | None = None, *, limit: int | None = None) -> Iterator[TrackedBet]:
        found = [bet for bet in self._of(owner) if _fits(bet, wanted or BetFilter())]
        found.sort(key=lambda bet: (bet.tracked_at, bet.bet_id), reverse=True)
        return iter(found[:limit])

    def pending(self, owner: Owner) -> Iterator[TrackedBet]:
        found = [bet for bet in self._of(owner) if _fits(bet, BetFilter(statuses=(Outcome.PENDING,)))]
        return iter(sorted(found, key=lambda bet: (bet.kickoff_at or _FAR, bet.bet_id)))

    def totals(self, owner: Owner) -> tuple[Totals, ...]:
        found: dict[Outcome, Totals] = {}
        for bet in self._of(owner):
            if bet.deleted_at is None:
                so_far = found.get(bet.status) or Totals(
                    status=bet.status, count=0, staked_units=ZERO, returns_units=ZERO
                )
                found[bet.status] = Totals(
                    status=bet.status,
                    count=so_far.count + 1,
                    staked_units=so_far.staked_units + units_of(bet, bet.actual_stake),
                    returns_units=so_far.returns_units + units_of(bet, bet.returns),
                )
        return tuple(found.values())

    def replace(self, changed: TrackedBet, entry: HistoryEntry) -> bool:
        changed, entry = kept_step(changed, entry)
        self.before_write(changed.bet_id)
        there = self.bet(_owner(changed), changed.bet_id)
        if there is None:
            return False
        if there.version == changed.version - 1:
            if self._holder(changed) is not None:
                message = f"bet {changed.bet_id}: another bet has its key; nothing was changed"
                raise StoreConflictError(message)
            self._put(changed, entry)
            return True
        return is_done(there, self._entries[changed.bet_id].get(entry.version), changed, entry)

    def replace_all(self, steps: Sequence[tuple[TrackedBet, HistoryEntry]]) -> tuple[bool, ...]:
        checked = [kept_step(changed, entry) for changed, entry in steps]
        return tuple(self.replace(changed, entry) for changed, entry in checked)

    def history(self, owner: Owner, bet_id: str) -> tuple[HistoryEntry, ...]:
        if self.bet(owner, bet_id) is None:
            return ()
        return tuple(entry for _, entry in sorted(self._entries[bet_id].items()))

    def pending_fixtures(self, before: datetime, owner: Owner | None = None) -> tuple[PendingFixture, ...]:
        groups: dict[str, list[TrackedBet]] = defaultdict(list)
        for bet in self._bets.values():
            is_due = bet.kickoff_at is None or bet.kickoff_at < before
            if _is_waiting(bet) and bet.fixture_id is not None and is_due and owner in {None, _owner(bet)}:
                groups[bet.fixture_id].append(bet)
        found = [_pending_fixture(fixture_id, bets) for fixture_id, bets in groups.items()]
        return tuple(sorted(found, key=lambda one: (one.last_checked_at or _LONG_AGO, one.fixture_id)))

    def settled_fixtures(
        self, wanted: Recheck, owner: Owner | None = None, *, limit: int | None = None
    ) -> tuple[SettledFixture, ...]:
        groups: dict[str, list[TrackedBet]] = defaultdict(list)
        for bet in self._bets.values():
            is_due = _last_look(bet) < kept_time(wanted.checked_before)
            is_young = bet.settled_at is not None and bet.settled_at >= kept_time(wanted.settled_since)
            is_open = bet.result.reason not in wanted.final and owner in {None, _owner(bet)}
            if _is_graded(bet) and is_young and is_due and is_open and bet.fixture_id is not None:
                groups[bet.fixture_id].append(bet)
        found = [
            SettledFixture(fixture_id=fixture_id, bet_count=len(bets), last_checked_at=min(map(_last_look, bets)))
            for fixture_id, bets in groups.items()
        ]
        found.sort(key=lambda one: (one.last_checked_at, one.fixture_id))
        return tuple(found[:limit])

    def stamp_settled(self, fixture_id: str, at: datetime, owner: Owner | None = None) -> None:
        for bet in self.fixture_bets(fixture_id, owner):
            if _is_graded(bet):
                self._bets[bet.bet_id] = replace(bet, result=replace(bet.result, last_checked_at=kept_time(at)))

    def fixture_bets(self, fixture_id: str, owner: Owner | None = None) -> tuple[TrackedBet, ...]:
        found = (
            bet
            for bet in self._bets.values()
            if bet.fixture_id == fixture_id and bet.deleted_at is None and owner in {None, _owner(bet)}
        )
        return tuple(sorted(found, key=lambda bet: bet.bet_id))

    def without_fixture(
        self, before: datetime, since: datetime | None = None, owner: Owner | None = None
    ) -> tuple[TrackedBet, ...]:
        found = [
            bet
            for bet in self._bets.values()
            if _is_waiting(bet) and bet.fixture_id is None and owner in {None, _owner(bet)}
            if bet.kickoff_at is None or bet.kickoff_at < before
            if since is None or bet.result.last_checked_at is None or bet.kickoff_at is None or bet.kickoff_at >= since
        ]
        return tuple(sorted(found, key=lambda bet: (bet.result.last_checked_at or _LONG_AGO, bet.bet_id)))

    def choices(self, owner: Owner) -> tuple[PlayerChoice, ...]:
        return tuple(
            PlayerChoice(bet_id=bet.bet_id, player_name=bet.player_name, player_id=bet.player_id, team_id=bet.team_id)
            for bet in sorted(self._of(owner), key=lambda bet: bet.bet_id)
            if bet.matched_by is By.PERSON and bet.deleted_at is None
            if bet.player_name is not None and bet.player_id is not None
        )

    def stamp(self, checks: Sequence[Check], at: datetime) -> None:
        for check in checks:
            bet = self._bets.get(check.bet_id)
            if bet is not None and _is_waiting(bet):
                result = replace(
                    bet.result,
                    last_checked_at=kept_time(at),
                    reason=check.reason,
                    first_seen_value=check.first_seen_value,
                    first_seen_at=None if check.first_seen_at is None else kept_time(check.first_seen_at),
                )
                self._bets[check.bet_id] = replace(bet, result=result)

    def owners(self) -> tuple[Owner, ...]:
        return tuple(sorted({_owner(bet) for bet in self._bets.values()}, key=lambda one: (one.user_id, one.bot_type)))

    def close(self) -> None:
        self.is_closed = True

    def _holder(self, bet: TrackedBet) -> TrackedBet | None:
        """Another bet that has its key."""
        if not bet.dedup_key or bet.duplicate_of is not None:
            return None
        others = (one for one in self._of(_owner(bet)) if one.duplicate_of is None and one.bet_id != bet.bet_id)
        return next((one for one in others if one.dedup_key == bet.dedup_key), None)

    def _of(self, owner: Owner) -> list[TrackedBet]:
        return [bet for bet in self._bets.values() if _owner(bet) == owner]

    def _put(self, bet: TrackedBet, entry: HistoryEntry) -> None:
        self._bets[bet.bet_id] = bet
        self._entries[bet.bet_id][entry.version] = entry


def _owner(bet: TrackedBet) -> Owner:
    return Owner(user_id=bet.user_id, bot_type=bet.bot_type)


def _is_waiting(bet: TrackedBet) -> bool:
    return bet.status is Outcome.PENDING and not bet.manual_override and bet.deleted_at is None


def _is_graded(bet: TrackedBet) -> bool:
    return bet.status.is_settled and not bet.manual_override and bet.deleted_at is None


def _last_look(bet: TrackedBet) -> datetime:
    return bet.result.last_checked_at or bet.settled_at or _LONG_AGO


def _pending_fixture(fixture_id: str, bets: Sequence[TrackedBet]) -> PendingFixture:
    looks = [bet.result.last_checked_at for bet in bets]
    kickoffs = [bet.kickoff_at for bet in bets if bet.kickoff_at is not None]
    return PendingFixture(
        fixture_id=fixture_id,
        bet_count=len(bets),
        kickoff_at=max(kickoffs, default=None),
        last_checked_at=None if None in looks else min(look for look in looks if look is not None),
    )


def _fits(bet: TrackedBet, wanted: BetFilter) -> bool:
    return (
        (wanted.with_deleted or bet.deleted_at is None)
        and (wanted.statuses is None or bet.status in wanted.statuses)
        and set(wanted.tags) <= set(bet.tags)
        and all(getattr(wanted, name) in {None, getattr(bet, name)} for name in ("market", "bookmaker", "match"))
        and (wanted.kickoff_from is None or (bet.kickoff_at is not None and bet.kickoff_at >= wanted.kickoff_from))
        and (wanted.kickoff_to is None or (bet.kickoff_at is not None and bet.kickoff_at < wanted.kickoff_to))
    )
