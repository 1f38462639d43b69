"""The source of match statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from policytrader.model.fixture import Fixture
    from policytrader.model.listed_fixture import DayList


@dataclass(frozen=True, slots=True)
class Tagged:
    """An answer's body with the site's mark of this state of it; None for a site that gives none."""

    body: bytes
    etag: str | None = None


class AnswerSource(Protocol):
    """A site that is asked politely: bounded in time and size, not too often, again after a failure that may pass."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The answer's body. Raises ``FeedError``, in whose text there is nothing of ``headers``."""
        ...

    def get_changed(self, path: str, etag: str | None) -> Tagged | None:
        """The same with its mark; None where the site says that it is still in the state ``etag``."""
        ...


@dataclass(frozen=True, slots=True)
class FixtureAnswer:
    """A fixture; ``is_cached`` where the answer was one that was kept, and nobody was asked."""

    fixture: Fixture
    is_cached: bool


class StatFeed(Protocol):
    """Fixtures by the feed's id.

    Raises:
    * ``FeedError``: no answer, or a refusal, after the retries; ``retry_after_seconds`` where the feed asked to wait.
    * ``LayoutUnknownError``: an answer that is no fixture as far as is known (another layout, HTML, cut off).
    """

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:
        """The fixture as it stands now; finished ones may come from the cache.

        ``newer_than``: an answer that was fetched by then will not do, final or not.
        """
        ...


class FixtureLists(Protocol):
    """The matches of a day. Raises as ``StatFeed`` does."""

    def fixtures_on(self, day: date) -> DayList:
        """Every match with a kick-off on this day in UTC; a list from a moment ago, or of a day long over, is kept."""
        ...


class MatchFeed(StatFeed, FixtureLists, Protocol):
    """A feed that lists matches, and tells of each."""
