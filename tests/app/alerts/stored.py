"""Stored alerts of tests, and collections that behave badly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.adapters.alert_file import AlertDocuments

if TYPE_CHECKING:
    from collections.abc import Mapping

ALERT: dict[str, Any] = {
    "Player": "José Marín",
    "Team": "Northport",
    "Market": "Player Shots On Target",
    "Threshold": 1.5,
    "Odds": 2.4,
    "Match": "Northport vs Eastmoor",
    "Date": "2026-03-07",
    "Time": "15:00",
    "market_direction": "over",
    "fixture_id": 67890,
    "player_id": 12345,
    "team_id": 55,
    "bookmaker": "Bet365",
}
ALERT_ID = "12345|67890|Player Shots On Target|last5|Bet365"

TEAM_ALERT: dict[str, Any] = {
    "Team": "Eastmoor",
    "Market": "Team Corners",
    "Threshold": 4.5,
    "Odds": 2.2,
    "Match": "Northport vs Eastmoor",
    "Date": "2026-03-07",
    "Time": "15:00",
    "market_direction": "under",
    "fixture_id": 67890,
    "team_id": 56,
    "bookmaker": "Bet365",
}
TEAM_ALERT_ID = "56|67890|Team Corners|last5|Bet365"


def stored(*changes: Mapping[str, Any], base: Mapping[str, Any] = ALERT) -> AlertDocuments:
    """A collection with one alert for each of the changes; a value of ``...`` takes the key away."""
    documents = [{**base, **change} for change in changes]
    return AlertDocuments([{key: value for key, value in one.items() if value is not ...} for one in documents])


class Careless:
    """Gives all it has, whatever was asked for."""

    def __init__(self, *documents: Any) -> None:
        self.documents = documents
        self.asked: list[Any] = []

    def find(self, *args: Any, **_: Any) -> list[Any]:
        self.asked.append(args)
        return list(self.documents)

    def find_one(self, *_: Any, **__: Any) -> Any:
        return self.documents[0] if self.documents else None

    def aggregate(self, *args: Any, **_: Any) -> list[Any]:
        self.asked.append(args)
        return list(self.documents)


class Lost:
    """A collection whose database went away."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def find(self, *_: Any, **__: Any) -> Any:
        raise self.error

    find_one = aggregate = find
