"""Alerts searched through pymongo, over the wire."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bson.decimal128 import Decimal128

from policytrader.errors import StoreError
from policytrader.tracking.alert_reconstruction import AlertReconstructionService
from policytrader.wiring import open_alerts
from tests.app.alerts.messages import PLAYER
from tests.app.alerts.stored import ALERT, ALERT_ID, TEAM_ALERT, TEAM_ALERT_ID
from tests.mongo_server import MongoServer, NoMongoError, own_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SENT = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[MongoServer]:
    try:
        with own_server(is_alone=True) as one:
            yield one
    except NoMongoError as error:
        pytest.skip(str(error))


@contextmanager
def collections(server: MongoServer, **options: Any) -> Iterator[tuple[Any, Any]]:
    with pymongo.MongoClient[Any](server.address, **options) as client:
        yield client.alerts.player_alerts, client.alerts.team_alerts


@pytest.fixture(scope="module")
def filled(server: MongoServer) -> MongoServer:
    with collections(server) as (players, teams):
        decimals = {"Odds": Decimal128("2.40"), "Threshold": Decimal128("1.50")}
        players.insert_many(
            [
                {**ALERT, **decimals, "created_at": SENT, "fixture_id": "67890"},
                {**ALERT, "Odds": 1.1, "created_at": SENT.replace(hour=11)},
                {**ALERT, "Odds": 1.2, "Match": "Eastmoor vs Northport", "fixture_id": 1},
            ]
        )
        teams.insert_one(dict(TEAM_ALERT))
    return server


def test_every_search(filled: MongoServer) -> None:
    with collections(filled) as (players, teams):
        alerts = AlertReconstructionService(player_alerts_collection=players, team_alerts_collection=teams)
        found = [
            alerts.reconstruct_from_alert_id(ALERT_ID),
            alerts.reconstruct_from_alert_id(f"{ALERT_ID}|over|1.5"),
            alerts.search_alert_in_db(67890, 12345, "Player SOT"),
            alerts.search_alert_by_names("Northport vs Eastmoor", "Marin", "Shots On Target"),
            alerts.search_alert_by_names("Nórthport - EASTMOOR", "José Marín", "Player Shots On Target"),
            alerts.reconstruct_alert(message_text=PLAYER),
        ]
        for alert in found:
            assert alert is not None
            assert {key: alert[key] for key in ALERT} == ALERT
            assert alert["created_at"] == SENT
        assert [(alert or {})["reconstruction"]["method"] for alert in found] == ["ids"] * 3 + ["names"] * 3
        assert alerts.reconstruct_from_alert_id(f"{ALERT_ID}|under|1.5") is None
        team = alerts.reconstruct_alert(TEAM_ALERT_ID, bot_type="team")
        assert team is not None
        assert team["Team"] == "Eastmoor"


@pytest.mark.parametrize("text", ["$where", "a.b", "{'$gt': ''}", ".*", "\x01", "ß" * 400, "9" * 30])
def test_nothing_in_a_text_is_an_operator(filled: MongoServer, text: str) -> None:
    with collections(filled) as (players, teams):
        alerts = AlertReconstructionService(player_alerts_collection=players, team_alerts_collection=teams)
        assert alerts.reconstruct_alert(f"12345|67890|{text}|x|y") is None
        assert alerts.search_alert_by_names(f"{text} vs {text}", text, text) is None
        assert alerts.search_alert_in_db(text, text, text) is None  # type: ignore[arg-type]


def test_collections_by_their_address(filled: MongoServer) -> None:
    """As the command line names them."""
    with open_alerts(Path(), filled.address.replace("/?", "/alerts?")) as stored:
        alerts = AlertReconstructionService(None, stored["player"], stored["team"])
        assert (alerts.reconstruct_alert(ALERT_ID) or {})["Odds"] == 2.4
        assert (alerts.reconstruct_alert(TEAM_ALERT_ID, bot_type="team") or {})["Odds"] == 2.2


def test_a_killed_server_raises_ours(filled: MongoServer) -> None:
    """The last one here: the server does not come back."""
    with collections(filled, serverSelectionTimeoutMS=300) as (players, teams):
        alerts = AlertReconstructionService(player_alerts_collection=players, team_alerts_collection=teams)
        assert alerts.reconstruct_alert(ALERT_ID) is not None
        filled.kill()
        with pytest.raises(StoreError, match="the collection cannot be read"):
            alerts.reconstruct_alert(ALERT_ID)
        with pytest.raises(StoreError, match="the collection cannot be read"):
            alerts.search_alert_by_names("Northport vs Eastmoor", "José Marín", "Player Shots On Target")
