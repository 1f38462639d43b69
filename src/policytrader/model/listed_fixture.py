"""The matches of a day as a feed lists them: enough to tell which match a bet means, and nothing to grade on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTeam:
    """One of the two teams; ``names`` are the feed's own spellings, the usual one first."""

    team_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFixture:
    """A match in a list. ``competition`` holds all that the feed calls the league, its group and its parent."""

    fixture_id: str
    home: ListedTeam
    away: ListedTeam
    kickoff_at: datetime
    competition: str = ""

    @property
    def name(self) -> str:
        """``Home vs Away``."""
        return f"{self.home.names[0]} vs {self.away.names[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayList:
    """All matches that a feed has on a day in UTC. ``hash`` is the SHA-256 of its raw answer, kept under that name."""

    feed: str
    day: date
    fixtures: tuple[ListedFixture, ...]
    hash: str
