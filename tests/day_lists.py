"""A day's list as FotMob writes it, of made-up matches."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from policytrader.model.listed_fixture import DayList, ListedFixture, ListedTeam

DAY = date(2026, 3, 7)
KICK_OFF = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)


def match(fixture_id: int, home: str, away: str, at: datetime = KICK_OFF, **more: Any) -> dict[str, Any]:
    """One match; ids of its teams follow from its own."""
    return {
        "id": fixture_id,
        "leagueId": 47,
        "time": f"{at + timedelta(hours=1):%d.%m.%Y %H:%M}",
        "home": {"id": fixture_id * 10, "score": 0, "name": home},
        "away": {"id": fixture_id * 10 + 1, "score": 0, "name": away},
        "statusId": 1,
        "tournamentStage": "2",
        "status": {"finished": False, "started": False, "cancelled": False},
        "timeTS": round(at.timestamp() * 1000),
        "tv": None,
    } | more


def league(*matches: dict[str, Any], name: str = "Test League", **more: Any) -> dict[str, Any]:
    return {"ccode": "ENG", "id": 47, "primaryId": 47, "name": name, "matches": list(matches)} | more


def document(*leagues: dict[str, Any], day: date = DAY) -> dict[str, Any]:
    return {"leagues": list(leagues), "userSettings": None, "date": f"{day:%Y%m%d}"}


def as_bytes(listed: dict[str, Any]) -> bytes:
    return json.dumps(listed).encode()


def listed(
    fixture_id: str, home: str, away: str, *, at: datetime = KICK_OFF, competition: str = "Test League"
) -> ListedFixture:
    """A match as the parser gives it."""
    teams = [ListedTeam(team_id=f"{fixture_id}{side}", names=(name,)) for side, name in enumerate((home, away))]
    return ListedFixture(fixture_id=fixture_id, home=teams[0], away=teams[1], kickoff_at=at, competition=competition)


def day_list(*fixtures: ListedFixture, day: date = DAY) -> DayList:
    return DayList(feed="fotmob", day=day, fixtures=fixtures, hash="d" * 64)
