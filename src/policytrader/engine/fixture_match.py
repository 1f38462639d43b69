"""Which match of a day's list a bet means, by its two teams and its day: one, or a reason why not. Never a guess.

Both teams must agree, in their order. Two matches that both fit, however well one of them does, decide nothing unless
one has both names exactly and the other has not. A match the other way round is told and refused: a bet on the home
team would be graded on the away team's numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from policytrader.engine.name_forms import normalise
from policytrader.engine.player_names import Likeness, MatchedBy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policytrader.engine.player_names import NameMatcher
    from policytrader.model.listed_fixture import ListedFixture, ListedTeam
    from policytrader.policy.grading.names import Acceptance

CANDIDATE_COUNT: Final = 3
NEAR_MIDNIGHT: Final = timedelta(hours=3)
"""A kick-off as near to the end of a day in UTC is looked for in both days: alerts print other zones' times."""
_HALF_A_DAY: Final = timedelta(hours=12)
_DAY: Final = timedelta(days=1)
_NO_TIME: Final = "00:00"
"""What alerts print that know the day alone; some matches do begin then, and are found by the day as well."""
_WORTH_SHOWING: Final = 60.0
_OTHER_SIDES: Final = re.compile(
    r"\b(?:u ?(?:1[4-9]|2[0-4])|under (?:1[4-9]|2[0-4])|sub ?(?:1[4-9]|2[0-4])|womens?|ladies|girls?|frauen|"
    r"dam(?:er|all\w*)?|kvin[dn]\w*|femin\w*|femen\w*|femm\w*|vrouwen|n?wsl|wpsl|youth|juniors?|juvenil|primavera|"
    r"reserves?|academy)\b"
)
"""In a competition's name: its teams are not the first teams of men, even where their names do not say so."""

_RANK: Final = {MatchedBy.EXACT: 3, MatchedBy.ALIAS: 2, MatchedBy.ALIKE: 1, None: 0}
_CERTAIN: Final = (MatchedBy.EXACT, MatchedBy.ALIAS)
_NOTHING: Final = Likeness(None, 0.0, 0.0)


class NoFixture(StrEnum):
    """Why a bet has no match."""

    AMBIGUOUS = "fixture_ambiguous"
    NOT_FOUND = "fixture_not_found"
    NO_TEAMS = "match_unreadable"
    NO_DAY = "day_unknown"


@dataclass(frozen=True, slots=True)
class Window:
    """When a bet's match kicks off, from ``earliest`` to ``latest``, and the days in UTC whose lists may have it."""

    earliest: datetime
    latest: datetime
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A match that came near; ``score`` of the worse of its names, one decimal."""

    fixture_id: str
    name: str
    score: float
    is_swapped: bool = False


@dataclass(frozen=True, slots=True)
class FixtureMatch:
    """The match, and by what its names were told; or a reason, with those who came nearest."""

    fixture: ListedFixture | None
    matched_by: MatchedBy | None = None
    reason: NoFixture | None = None
    candidates: tuple[Candidate, ...] = ()


def window_of(kickoff_at: datetime | None, day: str | None, time: str | None) -> Window | None:
    """When a bet says that its match is: half a day around its kick-off, or its day; None where it says neither.

    ``day`` is ``YYYY-MM-DD``, of whatever zone the alert was written in.
    """
    begins = kickoff_at if day is None else _begin(day)
    try:
        if kickoff_at is not None and time != _NO_TIME:
            days = _days(kickoff_at - NEAR_MIDNIGHT, kickoff_at + NEAR_MIDNIGHT)
            return Window(kickoff_at - _HALF_A_DAY, kickoff_at + _HALF_A_DAY, days)
        if begins is None:
            return None
        earliest, latest = begins - NEAR_MIDNIGHT, begins + _DAY + NEAR_MIDNIGHT
        return Window(earliest, latest, _days(earliest, latest))
    except OverflowError:  # the years 1 and 9999: no match is there
        return None


def _days(first: datetime, last: datetime) -> tuple[date, ...]:
    start, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    return tuple(start + number * _DAY for number in range((end - start).days + 1))


def _begin(day: str) -> datetime | None:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return None
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


class FixtureMatcher:
    """The rules of a names policy, asked about pairs of teams."""

    def __init__(self, names: NameMatcher, accept: Acceptance) -> None:
        self._names = names
        self._least_score = float(accept.score)
        self._least_lead = float(accept.ahead_by)

    def find(self, home: str, away: str, window: Window, listed: Iterable[ListedFixture]) -> FixtureMatch:
        """The match of these two teams in the window."""
        near = [one for one in listed if window.earliest <= one.kickoff_at <= window.latest]
        pairs = [pair for one in near if (pair := self._pair(home, away, one)) is not None]
        for least in (MatchedBy.EXACT, MatchedBy.ALIAS):
            found = [pair for pair in pairs if pair.is_by(least)]
            if len(found) > 1:
                return FixtureMatch(None, None, NoFixture.AMBIGUOUS, _nearest(found))
            if found:
                return self._checked(home, away, found[0], least)
        ordered = sorted(pairs, key=lambda pair: (pair.agreed, pair.alike), reverse=True)
        if ordered and ordered[0].agreed >= self._least_score:
            second = max((pair.alike for pair in ordered[1:]), default=0.0)
            if ordered[0].agreed - second < self._least_lead:
                return FixtureMatch(None, None, NoFixture.AMBIGUOUS, _nearest(ordered))
            return self._checked(home, away, ordered[0], MatchedBy.ALIKE)
        swapped = [pair for one in near if (pair := self._pair(away, home, one, is_swapped=True)) is not None]
        return FixtureMatch(None, None, NoFixture.NOT_FOUND, _nearest([*ordered, *swapped]))

    def _checked(self, home: str, away: str, pair: _Pair, matched_by: MatchedBy) -> FixtureMatch:
        """The match, unless a name fits its opponent as well: then who is meant is open."""
        listed = pair.listed
        if self._is_clear(home, listed.home, listed.away) and self._is_clear(away, listed.away, listed.home):
            return FixtureMatch(listed, matched_by)
        return FixtureMatch(None, None, NoFixture.AMBIGUOUS, _nearest([pair]))

    def _is_clear(self, name: str, own: ListedTeam, opponent: ListedTeam) -> bool:
        meant, other = self._likeness(name, own), self._likeness(name, opponent)
        if meant.matched_by in _CERTAIN:
            return _RANK[meant.matched_by] > _RANK[other.matched_by]
        return meant.agreed - other.alike >= self._least_lead

    def _pair(self, home: str, away: str, one: ListedFixture, *, is_swapped: bool = False) -> _Pair | None:
        """How both names compare; None for a match of other teams of these clubs."""
        if _OTHER_SIDES.search(normalise(one.competition)) and not (
            self._names.sides_named(home) and self._names.sides_named(away)
        ):
            return None
        return _Pair(one, self._likeness(home, one.home), self._likeness(away, one.away), is_swapped)

    def _likeness(self, name: str, team: ListedTeam) -> Likeness:
        """The best of the team's spellings; a spelling that names another team of the club speaks for all of them."""
        if any(self._names.sides_named(name) != self._names.sides_named(spelling) for spelling in team.names):
            return _NOTHING
        found = [self._names.compare_teams(name, spelling) for spelling in team.names]
        return max(found, key=lambda one: (_RANK[one.matched_by], one.agreed, one.alike))


@dataclass(frozen=True, slots=True)
class _Pair:
    """A listed match, and how a bet's two names compare with its two."""

    listed: ListedFixture
    home: Likeness
    away: Likeness
    is_swapped: bool

    def is_by(self, least: MatchedBy) -> bool:
        """Whether both names are told by no less than this."""
        return min(_RANK[self.home.matched_by], _RANK[self.away.matched_by]) >= _RANK[least]

    @property
    def agreed(self) -> float:
        return min(self.home.agreed, self.away.agreed)

    @property
    def alike(self) -> float:
        return min(self.home.alike, self.away.alike)

    @property
    def nearness(self) -> float:
        return self.home.alike + self.away.alike


def _nearest(pairs: Sequence[_Pair]) -> tuple[Candidate, ...]:
    """Those of which one name at least is near: what a person may want to see."""
    shown = [pair for pair in pairs if max(pair.home.alike, pair.away.alike) >= _WORTH_SHOWING]
    shown.sort(key=lambda pair: (-pair.nearness, pair.listed.fixture_id))
    return tuple(
        Candidate(pair.listed.fixture_id, pair.listed.name, round(pair.alike, 1), pair.is_swapped)
        for pair in shown[:CANDIDATE_COUNT]
    )
