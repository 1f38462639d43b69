"""One look at the fixtures with pending bets: each fetched once, its bets graded together, results stored one by one.

What a crash leaves is picked up by the next look: a result is stored with its history in one step, or not at all, and
grading the same evidence again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.grading.feed_ids import as_chosen, kept_open, with_ids
from policytrader.app.grading.find_fixtures import Finding
from policytrader.app.grading.steps import bet_to_grade, check, is_news, may_be_corrected, settled
from policytrader.errors import FeedError, LayoutUnknownError
from policytrader.model.grades import FixtureBets
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By
from policytrader.policy.values import duration
from policytrader.ports.bet_store import Check, Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from policytrader.app.grading.find_fixtures import FixtureFinder
    from policytrader.app.grading.same_fixture import SameFixture
    from policytrader.engine.grading.evaluate import GradingEngine
    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade, Grade
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import BetStore, PendingFixture, PlayerChoice
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import StatFeed

_ATTEMPTS = 3
"""How often a bet that somebody else changed meanwhile is read and graded again."""


@dataclass(frozen=True, slots=True)
class SettledBet:
    """A bet that got a result in this look, with the grade that gave it."""

    bet: TrackedBet
    grade: Grade


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureLook:
    """What one fixture came to. ``failure`` is the sentence of an answer that could not be used.

    ``retry_after_seconds``: how long the feed asked to be left alone. ``pending`` counts bets left, by reason.
    """

    fixture_id: str
    settled: tuple[SettledBet, ...] = ()
    pending: tuple[tuple[Reason, int], ...] = ()
    failure: str = ""
    retry_after_seconds: float | None = None


@dataclass(kw_only=True)
class Round:
    """One look at everything that is due. ``given_up``: fixtures that nobody answered for too long to ask again.

    ``finding`` is what became of the bets that named no match.
    """

    looks: list[FixtureLook] = field(default_factory=list)
    given_up: list[PendingFixture] = field(default_factory=list)
    finding: Finding = field(default_factory=Finding)

    @property
    def settled(self) -> list[SettledBet]:
        """Every bet that got a result."""
        return [one for look in self.looks for one in look.settled]

    @property
    def pending_count(self) -> int:
        """Bets that were looked at and stay pending."""
        return sum(self.pending_by_reason().values())

    def pending_by_reason(self) -> Counter[Reason]:
        """The same, counted by the reason."""
        counts = self.finding.pending
        for look in self.looks:
            counts.update(dict(look.pending))
        return counts

    @property
    def failures(self) -> list[FixtureLook]:
        """Fixtures without a usable answer."""
        return [look for look in self.looks if look.failure]

    @property
    def has_failed(self) -> bool:
        """Whether the feed gave no usable answer to some question."""
        return bool(self.failures or self.finding.failures)

    @property
    def is_unanswered(self) -> bool:
        """Whether it gave none to any."""
        has_found = self.finding.found or self.finding.unmatched
        return self.has_failed and not has_found and len(self.failures) == len(self.looks)

    @property
    def retry_after_seconds(self) -> float | None:
        """The longest time that the feed asked for."""
        asked = [self.finding.retry_after_seconds, *(look.retry_after_seconds for look in self.looks)]
        return max((seconds for seconds in asked if seconds is not None), default=None)


class Settler:
    """Looks, grades, stores."""

    def __init__(
        self,
        store: BetStore,
        feed: StatFeed,
        engine: GradingEngine,
        clock: Clock,
        same_fixture: SameFixture,
        finder: FixtureFinder | None = None,
    ) -> None:
        """``same_fixture`` says whether a fixture is the one that a bet names: feeds number matches differently.

        ``finder`` looks for the matches of bets that have no number; None leaves them as they are.
        """
        self._store = store
        self._feed = feed
        self._engine = engine
        self._clock = clock
        self._is_same = same_fixture
        self._finder = finder

    def find_fixtures(
        self, owner: Owner | None = None, *, is_asked: bool = False, is_stopping: Callable[[], bool] = lambda: False
    ) -> Finding:
        """Look for the matches of bets that name none; see ``FixtureFinder.find``."""
        if self._finder is None:
            return Finding()
        return self._finder.find(owner, is_asked=is_asked, is_stopping=is_stopping)

    def find_fixture(self, bet: TrackedBet) -> Finding:
        """Look for one bet's match, now."""
        return Finding() if self._finder is None else self._finder.find_one(bet)

    def fixture_of(self, bet: TrackedBet) -> Fixture | None:
        """The match that a bet is on; None where the bet names none, or another one. Raises ``FeedError``."""
        if bet.fixture_id is None:
            return None
        fixture = self._feed.fixture(bet.fixture_id).fixture
        return fixture if self._is_same(bet, fixture) else None

    def due(self, owner: Owner | None = None) -> tuple[list[PendingFixture], list[PendingFixture]]:
        """The fixtures to ask for now, longest unchecked first; and those that are given up."""
        now, schedule = self._clock.now(), self._engine.policy.grading.schedule
        wait = timedelta() if schedule.live else duration(schedule.first_look)
        oldest = now - duration(schedule.give_up_after)
        ask: list[PendingFixture] = []
        given_up: list[PendingFixture] = []
        for one in self._store.pending_fixtures(now - wait, owner):
            is_old = one.kickoff_at is not None and one.kickoff_at < oldest
            # Nobody is given up unasked.
            (given_up if is_old and one.last_checked_at is not None else ask).append(one)
        return ask, given_up

    def look(
        self,
        owner: Owner | None = None,
        progress: Callable[[FixtureLook, int, int], None] = lambda *_: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> Round:
        """Everything that is due, once; over all users or one. ``progress`` gets each look, its number, how many."""
        finding = self.find_fixtures(owner, is_stopping=is_stopping)
        due, given_up = self.due(owner)
        found = Round(given_up=given_up, finding=finding)
        if finding.retry_after_seconds is not None:
            return found
        for number, fixture in enumerate(due, start=1):
            if is_stopping():
                break
            look = self.look_at(fixture.fixture_id, owner)
            found.looks.append(look)
            progress(look, number, len(due))
            if look.retry_after_seconds is not None:
                break  # the feed asked to be left alone: the others keep their place in the rotation
        return found

    def look_at(self, fixture_id: str, owner: Owner | None = None) -> FixtureLook:
        """One fixture: fetch it, grade its bets, store what is new. A fixture that cannot be read stops nothing."""
        try:
            fixture = self._feed.fixture(fixture_id).fixture
        except FeedError as error:
            reason = Reason.LAYOUT_UNKNOWN if isinstance(error, LayoutUnknownError) else Reason.FEED_ERROR
            count = self._note_failure(fixture_id, owner, reason)
            return FixtureLook(
                fixture_id=fixture_id,
                pending=((reason, count),) if count else (),
                failure=str(error),
                retry_after_seconds=error.retry_after_seconds,
            )
        return self._grade(fixture_id, fixture, owner)

    def _note_failure(self, fixture_id: str, owner: Owner | None, reason: Reason) -> int:
        waiting = [bet for bet in self._store.fixture_bets(fixture_id, owner) if _is_waiting(bet)]
        # What a live fixture showed first is kept: an answer that failed takes no evidence away.
        checks = [
            Check(
                bet_id=bet.bet_id,
                reason=reason,
                first_seen_value=bet.result.first_seen_value,
                first_seen_at=bet.result.first_seen_at,
            )
            for bet in waiting
        ]
        self._store.stamp(checks, self._clock.now())
        return len(waiting)

    def _grade(self, fixture_id: str, fixture: Fixture, owner: Owner | None) -> FixtureLook:
        done: list[SettledBet] = []
        waiting: dict[str, tuple[TrackedBet, Grade]] = {}
        again: frozenset[str] | None = None
        for _ in range(_ATTEMPTS):
            bets = [bet for bet in self._open_bets(fixture_id, owner) if again is None or bet.bet_id in again]
            grades = self._grades(fixture, bets)
            waiting |= {bet.bet_id: (bet, grade) for bet, grade in zip(bets, grades, strict=True) if _is_waiting(bet)}
            stored, again = self._store_results(fixture, bets, grades)
            done += stored
            if not again:
                break
        results = {one.bet.bet_id for one in done}
        left = [(bet, grade) for key, (bet, grade) in waiting.items() if key not in results]
        now = self._clock.now()
        kept = (with_ids(bet, grade, fixture, now) for bet, grade in left)
        # Who changed a bet meanwhile is matched by the next look.
        self._store.replace_all([step for step in kept if step is not None])
        self._store.stamp([check(bet, grade) for bet, grade in left], now)
        return FixtureLook(fixture_id=fixture_id, settled=tuple(done), pending=_counted(grade for _, grade in left))

    def _open_bets(self, fixture_id: str, owner: Owner | None) -> list[TrackedBet]:
        """Bets that wait for a result, and automatic results young enough to be corrected."""
        window = duration(self._engine.policy.grading.settings.regrade_window)
        oldest = self._clock.now() - window
        return [
            bet
            for bet in self._store.fixture_bets(fixture_id, owner)
            if _is_waiting(bet) or (bet.settled_at is not None and bet.settled_at >= oldest and may_be_corrected(bet))
        ]

    def _grades(self, fixture: Fixture, bets: Sequence[TrackedBet]) -> list[Grade]:
        """In the order of the bets. A bet that names other teams has no fixture here."""
        own: list[BetToGrade] = []
        others: list[BetToGrade] = []
        choices: dict[Owner, tuple[PlayerChoice, ...]] = {}
        for bet in bets:
            if not self._is_same(bet, fixture):
                others.append(bet_to_grade(bet))
                continue
            owner = Owner(user_id=bet.user_id, bot_type=bet.bot_type)
            if owner not in choices:
                choices[owner] = self._store.choices(owner)
            own.append(as_chosen(bet_to_grade(bet), choices[owner], fixture))
        chosen = {bet.key for bet in own if bet.matched_by is By.PERSON}
        batches = [FixtureBets(fixture, tuple(own)), FixtureBets(None, tuple(others))]
        # Explained: what a rule saw, and where it was read, is kept beside the result.
        graded = {grade.key: grade for grade in self._engine.grade(batches, self._clock.now(), explain=True)}
        return [kept_open(graded[bet.bet_id]) if bet.bet_id in chosen else graded[bet.bet_id] for bet in bets]

    def _store_results(
        self, fixture: Fixture, bets: Sequence[TrackedBet], grades: Sequence[Grade]
    ) -> tuple[list[SettledBet], frozenset[str]]:
        """What was stored, and the bets that somebody else had changed meanwhile."""
        news = [(bet, grade) for bet, grade in zip(bets, grades, strict=True) if is_news(bet, grade)]
        now, policy_hash = self._clock.now(), self._engine.policy.hash
        steps = [settled(bet, grade, fixture, policy_hash, now) for bet, grade in news]
        answers = self._store.replace_all(steps)
        stored, again = [], set()
        for (changed, _), (_, grade), is_stored in zip(steps, news, answers, strict=True):
            if is_stored:
                stored.append(SettledBet(changed, grade))
            else:
                again.add(changed.bet_id)
        return stored, frozenset(again)


def _is_waiting(bet: TrackedBet) -> bool:
    return bet.status is Outcome.PENDING and not bet.manual_override


def _counted(grades: Iterable[Grade]) -> tuple[tuple[Reason, int], ...]:
    counts = Counter(grade.reason for grade in grades)
    return tuple(sorted(counts.items()))
