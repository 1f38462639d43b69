"""The source of match statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.model.fixture import Fixture


class AnswerSource(Protocol):
    """A site that is asked politely: bounded in time and size, not too often, again after a failure that may pass."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The answer's body. Raises ``FeedError``, in whose text there is nothing of ``headers``."""
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

    def fixture(self, fixture_id: str) -> FixtureAnswer:
        """The fixture as it stands now; finished ones may come from the cache."""
        ...
