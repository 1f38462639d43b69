"""FotMob as a ``MatchFeed``: asked by match id or by day, from disk once nothing about the answer changes any more."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.adapters.fotmob.day_lists import DayLists
from policytrader.adapters.fotmob.detect import FEED
from policytrader.adapters.fotmob.match import parse_match
from policytrader.errors import FeedError, LayoutUnknownError
from policytrader.model.fixture import FixtureStatus
from policytrader.model.json_nodes import layout_unknown
from policytrader.ports.stat_feed import FixtureAnswer

if TYPE_CHECKING:
    from datetime import date, datetime

    from policytrader.adapters.fotmob.kept import KeptAnswers, Noted
    from policytrader.model.fixture import Fixture
    from policytrader.model.listed_fixture import DayList
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import AnswerSource

FOTMOB = "https://www.fotmob.com"
DETAILS = "api/data/matchDetails?matchId="
_MATCH_ID = re.compile(r"[0-9]{1,18}")
_LONGEST_MATCH = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class _Known:
    """A kept answer; final where it was fetched after the last day on which numbers are corrected, as a rule."""

    noted: Noted
    fixture: Fixture
    is_final: bool

    def confirmed(self, at: datetime) -> Fixture:
        """The match of an answer that the site says is the same at this moment."""
        return replace(self.fixture, source=replace(self.fixture.source, fetched_at=at))


class FotMobFeed:
    """A ``MatchFeed``. ``answers`` speaks to FotMob's address or to one that answers in its place."""

    def __init__(
        self, answers: AnswerSource, clock: Clock, kept: KeptAnswers | None, *, regrade_window: timedelta
    ) -> None:
        """A finished match is asked for again until ``regrade_window`` after its end: numbers are corrected so long."""
        self._answers = answers
        self._clock = clock
        self._kept = kept
        self._regrade_window = regrade_window
        self._days = DayLists(answers, clock, kept)

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:
        """As the port says. An answer about another match is a ``LayoutUnknownError``."""
        if not _MATCH_ID.fullmatch(fixture_id):
            message = f"{fixture_id!r:.40} is no match id of {FEED}: digits only; look it up in the match's address"
            raise FeedError(message)
        known = self._known(fixture_id)
        if known is not None and known.is_final and (newer_than is None or known.noted.fetched_at > newer_than):
            return FixtureAnswer(known.fixture, is_cached=True)
        answer = self._answers.get_changed(f"{DETAILS}{fixture_id}", None if known is None else known.noted.etag)
        fetched_at = self._clock.now()
        if answer is None:
            # Only who knows an answer asks whether there is another.
            assert known is not None
            fixture, etag = known.confirmed(fetched_at), known.noted.etag
        else:
            fixture, etag = parse_match(answer.body, fetched_at=fetched_at), answer.etag
            if fixture.fixture_id != fixture_id:
                raise layout_unknown(FEED, f"the answer for match {fixture_id}", f"about match {fixture.fixture_id}")
            if self._kept is not None:
                self._kept.keep(answer.body)
        if self._kept is not None and fixture.status is FixtureStatus.FINISHED:
            self._kept.note(fixture_id, fixture.source.hash, fetched_at, etag)
        return FixtureAnswer(fixture, is_cached=False)

    def fixtures_on(self, day: date) -> DayList:
        """As the port says."""
        return self._days.on(day)

    def _known(self, fixture_id: str) -> _Known | None:
        """The newest answer that is kept of a finished match."""
        noted = self._kept.noted(fixture_id) if self._kept is not None else None
        raw = self._kept.raw(noted.digest) if self._kept is not None and noted is not None else None
        if noted is None or raw is None:
            return None
        try:
            fixture = parse_match(raw, fetched_at=noted.fetched_at)
        except LayoutUnknownError:
            return None
        if fixture.fixture_id != fixture_id or fixture.status is not FixtureStatus.FINISHED:
            return None
        return _Known(noted, fixture, is_final=noted.fetched_at >= self._final_from(fixture, noted))

    def _final_from(self, fixture: Fixture, noted: Noted) -> datetime:
        ended_at = noted.first_at if fixture.kickoff_at is None else fixture.kickoff_at + _LONGEST_MATCH
        return ended_at + self._regrade_window
