"""SportMonks as a ``StatFeed``, for those who still have a token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policytrader.adapters.sportmonks.fixture import FEED, parse_fixture
from policytrader.errors import FeedError
from policytrader.model.json_nodes import layout_unknown
from policytrader.ports.stat_feed import FixtureAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic import SecretStr

    from policytrader.ports.clock import Clock
    from policytrader.ports.stat_feed import AnswerSource

SPORTMONKS = "https://api.sportmonks.com/v3/football"
_INCLUDE = "participants;scores;statistics;lineups.details;events"
_FIXTURE_ID = re.compile(r"[0-9]{1,18}")


class SportMonksFeed:
    """A ``StatFeed``. The token travels in a header: addresses end in logs."""

    def __init__(self, answers: AnswerSource, clock: Clock, token: SecretStr | None) -> None:
        """Without a token every question is refused. Whoever asks for it says that it is deprecated."""
        self._answers = answers
        self._clock = clock
        self._token = token

    def fixture(self, fixture_id: str, *, newer_than: datetime | None = None) -> FixtureAnswer:  # noqa: ARG002
        """As the port says; never cached."""
        if self._token is None:
            message = f"{FEED} needs a token, and none was given: leave it to FotMob, or pass api_token"
            raise FeedError(message)
        if not _FIXTURE_ID.fullmatch(fixture_id):
            message = f"{fixture_id!r:.40} is no fixture id of {FEED}: digits only"
            raise FeedError(message)
        raw = self._answers.get(
            f"fixtures/{fixture_id}?include={_INCLUDE}", {"Authorization": self._token.get_secret_value()}
        )
        fixture = parse_fixture(raw, fetched_at=self._clock.now())
        if fixture.fixture_id != fixture_id:
            raise layout_unknown(FEED, f"the answer for fixture {fixture_id}", f"about fixture {fixture.fixture_id}")
        return FixtureAnswer(fixture, is_cached=False)
