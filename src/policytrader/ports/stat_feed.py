"""The source of match statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from policytrader.model.fixture import Fixture
    from policytrader.model.listed_fixture import DayList


class AnswerSource(Protocol):
    """A site that is asked politely: bounded in time and size, not too often, again after a failure that may pass."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The answer's body. Raises ``FeedError``, in whose text there is nothing of ``headers``."""
        ...


@dataclass(frozen=True, slots=True)
class FixtureAnswer:
    """A fixture, and what a person may want to see of the answer that it was read from."""

    fixture: Fixture
    is_cached: bool


class StatFeed(Protocol):
    """Fixtures by the feed's id.

    Raises:
    * ``FeedError``: no answer, or a refusal, after the retries; ``retry_after_seconds`` where the feed asked to wait.
    * ``LayoutUnknownError``: an answer that is no fixture as far as is known (another layout, HTML, cut off).
    """

    def fixture(self, fixture_id: str) -> FixtureAnswer:
        """The fixture as it stands now; finished ones may come from the cache."""
        ...


class FixtureLists(Protocol):
    """The matches of a day. Raises as ``StatFeed`` does."""

    def fixtures_on(self, day: date) -> DayList:
        """Every match with a kick-off on this day in UTC; a list from a moment ago, or of a day long over, is kept."""
        ...


class MatchFeed(StatFeed, FixtureLists, Protocol):
    """A feed that lists matches, and tells of each."""
