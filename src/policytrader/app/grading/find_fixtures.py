"""Finding the matches of pending bets that name none: by both teams and the day, in the feed's list of that day.

A match that was found is stored with the bet, once, with the list that it was found in; then the bet is graded as any
other. What is ambiguous or absent leaves the bet pending, ``fixture_unmatched``, and is looked for less and less often.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.alerts.matches import match_sides
from policytrader.engine.fixture_match import NoFixture, window_of
from policytrader.errors import FeedError, LayoutUnknownError
from policytrader.model.outcomes import Reason
from policytrader.model.tracked import By, Change, entry_of
from policytrader.policy.values import duration
from policytrader.ports.bet_store import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from policytrader.engine.fixture_match import Candidate, FixtureMatch, FixtureMatcher, Window
    from policytrader.model.listed_fixture import DayList, ListedFixture
    from policytrader.model.tracked import HistoryEntry, TrackedBet
    from policytrader.policy.grading.rules import GradingSchedule
    from policytrader.ports.bet_store import BetStore, Owner
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import FixtureLists

MOST_DAYS = 20
"""So many lists are asked for in one round: after an import of old bets the others wait for the next."""
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class FoundFixture:
    """A bet that has a match now."""

    bet: TrackedBet
    fixture: ListedFixture


@dataclass(frozen=True, slots=True)
class UnmatchedBet:
    """A bet whose match was not found: why, and which came near. ``is_given_up``: it is not looked for again."""

    bet: TrackedBet
    why: NoFixture
    candidates: tuple[Candidate, ...] = ()
    is_given_up: bool = False


@dataclass(kw_only=True)
class Finding:
    """What one look for matches came to. ``failures``: days without a usable list, with the sentence that says why."""

    found: list[FoundFixture] = field(default_factory=list)
    unmatched: list[UnmatchedBet] = field(default_factory=list)
    failures: dict[date, str] = field(default_factory=dict)
    failed_bets: dict[Reason, int] = field(default_factory=dict)
    retry_after_seconds: float | None = None

    @property
    def pending(self) -> Counter[Reason]:
        """Bets that were looked for and stay pending, by the reason."""
        counts = Counter(self.failed_bets)
        if self.unmatched:
            counts[Reason.FIXTURE_UNMATCHED] += len(self.unmatched)
        return counts


class FixtureFinder:
    """Looks for matches in lists of days."""

    def __init__(
        self, store: BetStore, lists: FixtureLists, matcher: FixtureMatcher, clock: Clock, schedule: GradingSchedule
    ) -> None:
        """``schedule`` says when a match should be over, and how long it is looked for."""
        self._store = store
        self._lists = lists
        self._matcher = matcher
        self._clock = clock
        self._wait = timedelta() if schedule.live else duration(schedule.first_look)
        self._give_up_after = duration(schedule.give_up_after)

    def find(
        self, owner: Owner | None = None, *, is_asked: bool = False, is_stopping: Callable[[], bool] = lambda: False
    ) -> Finding:
        """Every bet that is due, of all users or one; ``is_asked`` by a person: also those that rest or are given up.

        Each day's list is asked for once. A list that cannot be read stops no other, unless the feed asks to be left
        alone: then the other bets keep their place.
        """
        now = self._clock.now()
        since = None if is_asked else now - self._give_up_after
        bets = self._store.without_fixture(now - self._wait, since, owner)
        return self._look([bet for bet in bets if self._is_due(bet, now, is_asked=is_asked)], is_stopping)

    def find_one(self, bet: TrackedBet) -> Finding:
        """One bet, now."""
        return self._look([bet], lambda: False)

    def _is_due(self, bet: TrackedBet, now: datetime, *, is_asked: bool) -> bool:
        expected = self._expected_end(bet)
        last = bet.result.last_checked_at
        if expected > now:
            return False
        if is_asked or last is None or bet.result.reason is not Reason.FIXTURE_UNMATCHED:
            return True
        # As long again as it was looked for so far: twice as long each time.
        return now - last >= min(max(last - expected, _SHORTEST_WAIT), _LONGEST_WAIT)

    def _expected_end(self, bet: TrackedBet) -> datetime:
        window = _window(bet)
        if bet.kickoff_at is not None:
            return bet.kickoff_at + self._wait
        return bet.tracked_at if window is None else window.latest

    def _look(self, bets: Sequence[TrackedBet], is_stopping: Callable[[], bool]) -> Finding:
        finding = Finding()
        lists = _Lists(self._lists)
        steps: list[tuple[TrackedBet, FoundFixture, HistoryEntry]] = []
        checks: list[Check] = []
        known: dict[tuple[tuple[str, str], Window], FixtureMatch] = {}
        for bet in bets:
            if is_stopping() or finding.retry_after_seconds is not None:
                break
            window, sides = _window(bet), match_sides(bet.match)
            if window is None or sides is None:
                why = NoFixture.NO_TEAMS if sides is None else NoFixture.NO_DAY
                checks.append(self._unmatched(finding, bet, why))
                continue
            try:
                days = lists.on(window.days)
            except FeedError as error:
                finding.failures |= lists.failures
                finding.retry_after_seconds = error.retry_after_seconds
                reason = Reason.LAYOUT_UNKNOWN if isinstance(error, LayoutUnknownError) else Reason.FEED_ERROR
                finding.failed_bets[reason] = finding.failed_bets.get(reason, 0) + 1
                checks.append(Check(bet_id=bet.bet_id, reason=reason))
                continue
            if days is None:
                continue
            if (match := known.get((sides, window))) is None:
                match = known[sides, window] = self._match(sides, window, days)
            if match.fixture is None:
                assert match.reason is not None, "without a fixture there is a reason"
                checks.append(self._unmatched(finding, bet, match.reason, match.candidates))
            else:
                steps.append(_with_fixture(bet, match, days, self._clock.now()))
        self._keep(finding, steps, checks)
        return finding

    def _match(self, sides: tuple[str, str], window: Window, days: Sequence[DayList]) -> FixtureMatch:
        listed = {one.fixture_id: one for day in days for one in day.fixtures}
        return self._matcher.find(*sides, window, listed.values())

    def _unmatched(
        self, finding: Finding, bet: TrackedBet, why: NoFixture, candidates: tuple[Candidate, ...] = ()
    ) -> Check:
        oldest = self._clock.now() - self._give_up_after
        is_given_up = bet.kickoff_at is not None and bet.kickoff_at < oldest
        finding.unmatched.append(UnmatchedBet(bet, why, candidates, is_given_up))
        return Check(bet_id=bet.bet_id, reason=Reason.FIXTURE_UNMATCHED)

    def _keep(
        self,
        finding: Finding,
        steps: Sequence[tuple[TrackedBet, FoundFixture, HistoryEntry]],
        checks: Sequence[Check],
    ) -> None:
        """Store what was found; who changed a bet meanwhile is asked again in the next round."""
        answers = self._store.replace_all([(changed, entry) for changed, _, entry in steps])
        finding.found += [found for (_, found, _), is_stored in zip(steps, answers, strict=True) if is_stored]
        self._store.stamp(checks, self._clock.now())


class _Lists:
    """The lists of one round: each day is asked for once, whether it answered or not."""

    def __init__(self, lists: FixtureLists) -> None:
        self._lists = lists
        self._known: dict[date, DayList | FeedError] = {}

    @property
    def failures(self) -> dict[date, str]:
        return {day: str(one) for day, one in self._known.items() if isinstance(one, FeedError)}

    def on(self, days: Sequence[date]) -> list[DayList] | None:
        """The lists of these days; None where the round has asked for enough. Raises the ``FeedError`` of a day."""
        if len(set(days).union(self._known)) > MOST_DAYS:
            return None
        return [self._one(day) for day in days]

    def _one(self, day: date) -> DayList:
        known = self._known.get(day)
        if known is None:
            try:
                known = self._lists.fixtures_on(day)
            except FeedError as error:
                known = error
            self._known[day] = known
        if isinstance(known, FeedError):
            raise known
        return known


def _window(bet: TrackedBet) -> Window | None:
    return window_of(bet.kickoff_at, bet.date, bet.time)


def _with_fixture(
    bet: TrackedBet, match: FixtureMatch, days: Sequence[DayList], at: datetime
) -> tuple[TrackedBet, FoundFixture, HistoryEntry]:
    """The bet's next version with its match, and the history entry that tells how it was found."""
    fixture = match.fixture
    assert fixture is not None, "it was found"
    # Never looked at as a bet on this match: its turn comes at once.
    result = replace(bet.result, reason=None, last_checked_at=None)
    changed = replace(bet, fixture_id=fixture.fixture_id, version=bet.version + 1, result=result)
    entry = entry_of(
        bet,
        changed,
        By.GRADER,
        Change.FIXTURE_FOUND,
        at,
        before={"fixture_id": None},
        after={"fixture_id": fixture.fixture_id},
        evidence={
            "feed": days[0].feed,
            "snapshot_hash": next(day.hash for day in days if fixture in day.fixtures),
            "match": fixture.name,
            "kickoff_at": fixture.kickoff_at.isoformat(),
            "matched_by": str(match.matched_by),
        },
    )
    return changed, FoundFixture(changed, fixture), entry
