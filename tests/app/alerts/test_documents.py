"""Alerts as they are given out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from policytrader.app.alerts.documents import KEYS, alert_of
from tests.app.alerts.stored import ALERT, TEAM_ALERT


class Decimal128:
    """As BSON's."""

    def __init__(self, text: str) -> None:
        self.text = text

    def to_decimal(self) -> Decimal:
        return Decimal(self.text)


def test_a_whole_alert() -> None:
    assert alert_of(ALERT, "ids", "player") == {
        **ALERT,
        "reconstruction": {"method": "ids", "confidence": 1.0, "missing": []},
    }


def test_what_is_not_known_is_none_and_named() -> None:
    alert = alert_of({"Market": "Player Goals", "Odds": None}, "message", "player")
    assert tuple(alert) == ("Market", "Odds", *(key for key in KEYS if key not in {"Market", "Odds"}), "reconstruction")
    assert {key for key in KEYS if alert[key] is not None} == {"Market"}
    told = alert["reconstruction"]
    assert told["missing"] == [key for key in KEYS if key != "Market"]
    assert told["confidence"] == 0.08


def test_a_team_alert_misses_no_player() -> None:
    alert = alert_of(TEAM_ALERT, "ids", "team")
    assert (alert["Player"], alert["player_id"]) == (None, None)
    assert alert["reconstruction"] == {"method": "ids", "confidence": 1.0, "missing": []}


@pytest.mark.parametrize(
    ("stored", "given"),
    [
        ({"Odds": "2.40"}, {"Odds": 2.4}),
        ({"Odds": 1.909090909090909}, {"Odds": 1.909090909090909}),
        ({"Odds": Decimal("2.40"), "Threshold": Decimal128("1.50")}, {"Odds": 2.4, "Threshold": 1.5}),
        ({"Odds": 3}, {"Odds": 3.0}),
        ({"Odds": "two", "Threshold": True}, {"Odds": None, "Threshold": None}),
        ({"Odds": Decimal("sNaN"), "Threshold": Decimal128("Infinity")}, {"Odds": None, "Threshold": None}),
        ({"Odds": "9" * 5000, "Threshold": float("nan")}, {"Odds": None, "Threshold": None}),
        ({"fixture_id": "67890", "player_id": 12345.0}, {"fixture_id": 67890, "player_id": 12345}),
        ({"fixture_id": "no number"}, {"fixture_id": None}),
        ({"created_at": datetime(2026, 3, 6)}, {"created_at": datetime(2026, 3, 6, tzinfo=UTC)}),  # noqa: DTZ001
        (
            {"result_tracking": {"actual_value": Decimal128("2"), "values": [Decimal("1.5")]}},
            {"result_tracking": {"actual_value": 2.0, "values": [1.5]}},
        ),
    ],
)
def test_values_are_plain(stored: dict[str, Any], given: dict[str, Any]) -> None:
    alert = alert_of({**ALERT, **stored}, "ids", "player")
    assert {key: alert[key] for key in given} == given
    assert all(type(alert[key]) in {float, type(None)} for key in ("Odds", "Threshold"))
