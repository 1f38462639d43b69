"""Grading a bet when it is tracked: only where its match should be over, and never at the price of a long wait."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.app.grading.settle import FixtureLook
from policytrader.errors import ConfigError, FeedError
from policytrader.model.fixture import FixtureStatus
from policytrader.ports.stat_feed import FixtureAnswer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from policytrader.app.tracking.auto_settle import Settler
    from policytrader.model.fixture import Fixture
    from policytrader.model.tracked import TrackedBet
    from policytrader.ports.bet_store import Owner
    from policytrader.ports.stat_feed import StatFeed

REST = timedelta(minutes=5)
"""For so long after a failure no bet that is tracked waits for the feed; whoever asks to settle still does."""
FRESH = timedelta(minutes=1)


class AtOnce:
    """Looks at the fixture of a bet that was just tracked."""

    def __init__(
        self, settler: Callable[[], Settler], now: Callable[[], datetime], *, after_kickoff: timedelta
    ) -> None:
        """As ``OpenedBets`` has ``settler``; a match is over ``after_kickoff``, it is assumed."""
        self._settler = settler
        self._now = now
        self._after_kickoff = after_kickoff
        self._not_before: datetime | None = None

    def grade(self, owner: Owner, bet: TrackedBet) -> bool:
        """True where the bet got its result. A feed that fails fails nobody's bet: it stays pending."""
        now = self._now()
        is_over = bet.kickoff_at is not None and bet.kickoff_at + self._after_kickoff <= now
        if not is_over or (self._not_before is not None and now < self._not_before):
            return False
        look = self._look(owner, bet)
        if look is None or look.failure:
            self._not_before = now + REST
            return False
        return any(one.bet.bet_id == bet.bet_id for one in look.settled)

    def _look(self, owner: Owner, bet: TrackedBet) -> FixtureLook | None:
        """What the bet's fixture came to; None where the feed cannot be asked."""
        try:
            settler = self._settler()
        except (ConfigError, FeedError):
            return None
        fixture_id = bet.fixture_id
        if fixture_id is None:
            finding = settler.find_fixture(bet)
            if finding.failures:
                return None
            if not finding.found:
                return FixtureLook(fixture_id="")
            fixture_id = finding.found[0].fixture.fixture_id
        return settler.look_at(fixture_id, owner)


class RecentFixtures:
    """A ``StatFeed`` that does not ask again for a finished match that it was given a moment ago.

    Who tracks ten bets on yesterday's match needs one answer.
    """

    def __init__(self, feed: StatFeed, now: Callable[[], datetime]) -> None:
        """``feed`` is asked for everything else."""
        self._feed = feed
        self._now = now
        self._known: dict[str, tuple[datetime, Fixture]] = {}

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:
        """As the port says."""
        now = self._now()
        self._known = {name: one for name, one in self._known.items() if now - one[0] < FRESH}
        fetched_at, known = self._known.get(fixture_id, (now, None))
        if known is not None and (newer_than is None or fetched_at > newer_than):
            return FixtureAnswer(known, is_cached=True)
        answer = self._feed.fixture(fixture_id, newer_than=newer_than)
        if answer.fixture.status is FixtureStatus.FINISHED:
            self._known[fixture_id] = (now, answer.fixture)
        return answer
