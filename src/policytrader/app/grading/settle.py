"""One look at fixtures with bets on them: each fetched once, its bets graded together, results stored one by one.

What a crash leaves is picked up by the next look: a result is stored with its history in one step, or not at all, and
grading the same evidence again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.grading.again import MOST_AT_ONCE, Share, in_turn, is_open, wanted_again
from policytrader.app.grading.feed_ids import as_chosen, kept_open, with_ids
from policytrader.app.grading.find_fixtures import Finding
from policytrader.app.grading.steps import bet_to_grade, check, is_news, settled, signed
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
    from policytrader.policy.grading.rules import Settings
    from policytrader.ports.bet_store import BetStore, PendingFixture, PlayerChoice, SettledFixture
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import StatFeed

_ATTEMPTS = 3
"""How often a bet that somebody else changed meanwhile is read and graded again."""


@dataclass(frozen=True, slots=True)
class SettledBet:
    """A bet that got a result in this look, with the grade that gave it, and the status that it had ``before``."""

    bet: TrackedBet
    grade: Grade
    before: Outcome = Outcome.PENDING

    @property
    def is_corrected(self) -> bool:
        """Whether it had a result, which a corrected number changed."""
        return self.before.is_settled


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureLook:
    """What one fixture came to. ``failure`` is the sentence of an answer that could not be used.

    ``retry_after_seconds``: how long the feed asked to be left alone. ``pending`` counts bets left, by reason;
    ``again`` counts bets that had a result before, and were held against the feed's numbers again. ``is_cached``: the
    answer was one that was kept, and nobody was asked.
    """

    fixture_id: str
    settled: tuple[SettledBet, ...] = ()
    pending: tuple[tuple[Reason, int], ...] = ()
    again: int = 0
    failure: str = ""
    retry_after_seconds: float | None = None
    is_cached: bool = False


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
        """Every bet that got a result, corrected ones too."""
        return [one for look in self.looks for one in look.settled]

    @property
    def corrected(self) -> list[SettledBet]:
        """Those of them that had another result before."""
        return [one for one in self.settled if one.is_corrected]

    @property
    def again_count(self) -> int:
        """Bets with a result that were looked at again, whether it changed or not."""
        return sum(look.again for look in self.looks)

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
        *,
        grader: str = "",
    ) -> None:
        """``same_fixture`` says whether a fixture is the one that a bet names: feeds number matches differently.

        ``finder`` looks for the matches of bets that have no number; None leaves them as they are. ``grader`` is a name
        that no other settler has. It stands in the evidence, so that of two which come to the same result at the same
        moment one alone wrote it, and reports it.
        """
        self._store = store
        self._feed = feed
        self._engine = engine
        self._clock = clock
        self._is_same = same_fixture
        self._finder = finder
        self._grader = grader

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

    def due_again(self, owner: Owner | None = None, *, limit: int = MOST_AT_ONCE) -> tuple[SettledFixture, ...]:
        """Fixtures with results that a corrected number may change, and that nobody looked at for a while."""
        return self._store.settled_fixtures(wanted_again(self._settings, self._clock.now()), owner, limit=limit)

    def look(
        self,
        owner: Owner | None = None,
        progress: Callable[[FixtureLook, int, int], None] = lambda *_: None,
        is_stopping: Callable[[], bool] = lambda: False,
        again_seconds: float | None = None,
    ) -> Round:
        """Everything that is due, once; over all users or one. ``progress`` gets each look, its number, how many.

        ``again_seconds`` is what looks at fixtures with results alone may take of it; None for what they need.
        """
        finding = self.find_fixtures(owner, is_stopping=is_stopping)
        due, given_up = self.due(owner)
        found, share = Round(given_up=given_up, finding=finding), Share(again_seconds)
        if finding.retry_after_seconds is not None:
            return found
        turns = in_turn(due, self.due_again(owner), self._settings)
        for number, turn in enumerate(turns, start=1):
            if is_stopping():
                break
            if not share.has_room_for(turn):
                continue
            began = self._clock.now()
            look = self.look_at(turn.fixture_id, owner, is_again=turn.is_again)
            share.note(turn, self._clock.now() - began, has_failed=bool(look.failure))
            found.looks.append(look)
            progress(look, number, len(turns))
            if look.retry_after_seconds is not None:
                break  # the feed asked to be left alone: the others keep their place in the rotation
        return found

    def look_at(self, fixture_id: str, owner: Owner | None = None, *, is_again: bool = False) -> FixtureLook:
        """One fixture: fetch it, grade its bets, store what is new. A fixture that cannot be read stops nothing.

        ``is_again``: results on it are due, so that what the feed remembers from before will not do.
        """
        newer_than = self._clock.now() - duration(self._settings.regrade_every) if is_again else None
        try:
            answer = self._feed.fixture(fixture_id, newer_than=newer_than)
        except FeedError as error:
            reason = Reason.LAYOUT_UNKNOWN if isinstance(error, LayoutUnknownError) else Reason.FEED_ERROR
            count = self._note_failure(fixture_id, owner, reason)
            if is_again:
                # Results stand as they are, and their turn is over: nobody asks for this fixture at once again.
                self._store.stamp_settled(fixture_id, self._clock.now(), owner)
            return FixtureLook(
                fixture_id=fixture_id,
                pending=((reason, count),) if count else (),
                failure=str(error),
                retry_after_seconds=error.retry_after_seconds,
            )
        look = replace(self._grade(fixture_id, answer.fixture, owner), is_cached=answer.is_cached)
        # What the feed remembers from before is no new look.
        if is_again or (look.again and not answer.is_cached):
            self._store.stamp_settled(fixture_id, self._clock.now(), owner)
        return look

    @property
    def _settings(self) -> Settings:
        return self._engine.policy.grading.settings

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
        had_results: set[str] = set()
        contested: frozenset[str] | None = None
        for _ in range(_ATTEMPTS):
            bets = [bet for bet in self._open_bets(fixture_id, owner) if contested is None or bet.bet_id in contested]
            grades = self._grades(fixture, bets)
            # Who was settled by somebody else meanwhile waits no more.
            waiting = {key: one for key, one in waiting.items() if contested is None or key not in contested}
            waiting |= {bet.bet_id: (bet, grade) for bet, grade in zip(bets, grades, strict=True) if _is_waiting(bet)}
            had_results |= {bet.bet_id for bet in bets if bet.status.is_settled}
            stored, contested = self._store_results(fixture, bets, grades)
            done += stored
            if not contested:
                break
        results = {one.bet.bet_id for one in done}
        left = [(bet, grade) for key, (bet, grade) in waiting.items() if key not in results]
        now = self._clock.now()
        kept = (with_ids(bet, grade, fixture, now) for bet, grade in left)
        # Who changed a bet meanwhile is matched by the next look.
        self._store.replace_all([step for step in kept if step is not None])
        self._store.stamp([check(bet, grade) for bet, grade in left], now)
        return FixtureLook(
            fixture_id=fixture_id,
            settled=tuple(done),
            pending=_counted(grade for _, grade in left),
            again=len(had_results),
        )

    def _open_bets(self, fixture_id: str, owner: Owner | None) -> list[TrackedBet]:
        """Bets that wait for a result, and automatic results young enough to be corrected."""
        now = self._clock.now()
        return [
            bet
            for bet in self._store.fixture_bets(fixture_id, owner)
            if _is_waiting(bet) or is_open(bet, self._settings, now)
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
        asked = {bet.bet_id: bet for bet in bets}
        # Explained: what a rule saw, and where it was read, is kept beside the result that it came to.
        grades = self._engine.grade(batches, self._clock.now(), explain=lambda grade: is_news(asked[grade.key], grade))
        graded = {grade.key: grade for grade in grades}
        return [kept_open(graded[bet.bet_id]) if bet.bet_id in chosen else graded[bet.bet_id] for bet in bets]

    def _store_results(
        self, fixture: Fixture, bets: Sequence[TrackedBet], grades: Sequence[Grade]
    ) -> tuple[list[SettledBet], frozenset[str]]:
        """What was stored, and the bets that somebody else had changed meanwhile."""
        news = [(bet, grade) for bet, grade in zip(bets, grades, strict=True) if is_news(bet, grade)]
        now, policy_hash = self._clock.now(), self._engine.policy.hash
        steps = [signed(settled(bet, grade, fixture, policy_hash, now), self._grader) for bet, grade in news]
        answers = self._store.replace_all(steps)
        stored, again = [], set()
        for (changed, _), (bet, grade), is_stored in zip(steps, news, answers, strict=True):
            if is_stored:
                stored.append(SettledBet(changed, grade, bet.status))
            else:
                again.add(changed.bet_id)
        return stored, frozenset(again)


def _is_waiting(bet: TrackedBet) -> bool:
    return bet.status is Outcome.PENDING and not bet.manual_override


def _counted(grades: Iterable[Grade]) -> tuple[tuple[Reason, int], ...]:
    counts = Counter(grade.reason for grade in grades)
    return tuple(sorted(counts.items()))
