"""FotMob's lists of days, each fetched no more often than it can have changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from policytrader.adapters.fotmob.day_list import day_word, parse_day
from policytrader.errors import LayoutUnknownError

if TYPE_CHECKING:
    from datetime import date

    from policytrader.adapters.fotmob.kept import KeptAnswers
    from policytrader.model.listed_fixture import DayList
    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import AnswerSource

LISTS = "api/data/matches?timezone=UTC&date="
FRESH = timedelta(minutes=10)
"""A younger list is not asked for again."""
_FINAL_AFTER = timedelta(days=1, hours=6)
"""So long after a day began, all its matches have, and none is moved onto it or away from it any more."""
_MOST_IN_MEMORY = 16


class DayLists:
    """Lists by their day, in memory and, where answers are kept, on disk."""

    def __init__(self, answers: AnswerSource, clock: Clock, kept: KeptAnswers | None) -> None:
        """Asks nothing yet."""
        self._answers = answers
        self._clock = clock
        self._kept = kept
        self._known: dict[date, tuple[datetime, DayList]] = {}

    def on(self, day: date) -> DayList:
        """The list of a day. Raises ``FeedError``; ``LayoutUnknownError`` for an answer that is no such list."""
        known = self._known.get(day) or self._on_disk(day)
        if known is None or not self._is_still_good(day, known[0]):
            raw = self._answers.get(f"{LISTS}{day_word(day)}")
            fetched_at = self._clock.now()
            known = fetched_at, parse_day(raw, day)
            if self._kept is not None:
                self._kept.keep(raw)
                self._kept.note_day(day_word(day), known[1].hash, fetched_at)
        self._known.pop(day, None)
        self._known[day] = known
        while len(self._known) > _MOST_IN_MEMORY:
            del self._known[next(iter(self._known))]
        return known[1]

    def _on_disk(self, day: date) -> tuple[datetime, DayList] | None:
        noted = self._kept.noted_day(day_word(day)) if self._kept is not None else None
        raw = self._kept.raw(noted.digest) if self._kept is not None and noted is not None else None
        if noted is None or raw is None:
            return None
        try:
            return noted.fetched_at, parse_day(raw, day)
        except LayoutUnknownError:
            return None

    def _is_still_good(self, day: date, fetched_at: datetime) -> bool:
        is_final = fetched_at >= datetime(day.year, day.month, day.day, tzinfo=UTC) + _FINAL_AFTER
        # A clock that went back makes no list fresh.
        return is_final or timedelta() <= self._clock.now() - fetched_at < FRESH
