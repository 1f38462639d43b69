"""Bets on a recorded match, from the first message to the explained result: store, feed and rules as they are."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.tracking import BetTrackingSystem
from tests.adapters.fotmob.recordings import recorded
from tests.adapters.polite_site import Answer, Site
from tests.tracked_bets import OTHER_USER, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALERT = {
    "Player": "Mohamed Salah", "Team": "Liverpool", "Market": "Player Shots On Target", "Threshold": 3.5,
    "market_direction": "over", "Odds": 2.1, "Match": "Liverpool vs Manchester United", "Date": "2023-12-17",
    "Time": "16:30",
}  # fmt: skip


@pytest.fixture
def raw(shared_data: Path) -> bytes:
    return recorded(shared_data, "L2")


@pytest.fixture
def alert(raw: bytes) -> dict[str, Any]:
    return ALERT | {"fixture_id": int(json.loads(raw)["general"]["matchId"])}


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[BetTrackingSystem]:
    with BetTrackingSystem(f"sqlite:///{tmp_path / 'bets.db'}", "unused") as found:
        yield found


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> Iterator[Site]:
    with Site(otherwise=answer) as site:
        monkeypatch.setenv("POLICYTRADER_FOTMOB_URL", site.url)
        yield site


def test_a_bet_on_a_match_that_is_over_has_its_result_at_once(
    tracker: BetTrackingSystem, alert: dict[str, Any], raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(monkeypatch, Answer(raw)) as site:
        answer = tracker.track_bet(USER, alert, 10.0, 10.0)
        second = tracker.track_bet(USER, alert | {"Threshold": 4.25}, 10.0, 10.0)
        assert len(site.asked) == 1  # one answer serves both
    assert answer["success"]
    bet = tracker.get_bet(USER, answer["bet_id"])
    assert bet is not None
    assert (bet["status"], bet["actual_value"], bet["returns"]) == ("won", 4.0, 21.0)
    result = bet["result_tracking"]
    assert (result["graded_immediately"], result["reason"], result["rule_id"]) == (True, "line", "line")
    assert (result["stat_source"], result["quality"]) == ("fotmob", "exact")
    graded = next(one for one in tracker.history(USER, answer["bet_id"]) if one["by"] == "grader")
    assert (graded["rule_id"], graded["evidence"]["snapshot_hash"]) == ("line", result["snapshot_hash"])
    assert tracker.get_bet(USER, second["bet_id"])["status"] == "half_loss"  # type: ignore[index]


def test_pending_until_the_feed_answers_and_then_settled_once(
    tracker: BetTrackingSystem, alert: dict[str, Any], raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(monkeypatch, Answer(b"<html>", status=404)) as site:
        bet_id = tracker.track_bet(USER, alert, 10.0, 10.0)["bet_id"]
        others = tracker.track_bet(OTHER_USER, alert, 10.0, 10.0)["bet_id"]
        told = tracker.auto_settle_user_bets(USER, api_token="unused")  # noqa: S106 - FotMob has none
        assert (told["settled_count"], "could not be read" in told["message"]) == (0, True)
        assert tracker.get_pending_bets(USER)[0]["result_tracking"]["reason"] == "feed_error"
        site.otherwise = Answer(raw)
        settled = tracker.auto_settle_user_bets(user_id=USER)
        assert settled["settled_count"] == 1
        assert settled["settled_bets"] == [
            {
                "bet_id": bet_id, "player_name": "Mohamed Salah", "team": "Liverpool",
                "market": "Player Shots On Target", "match": "Liverpool vs Manchester United", "result_status": "won",
                "actual_value": 4.0, "returns": 21.0, "profit_loss": 11.0, "reason": "line", "rule_id": "line",
            }
        ]  # fmt: skip
        assert tracker.auto_settle_user_bets(USER)["settled_count"] == 0
        assert tracker.get_bet(OTHER_USER, others)["status"] == "pending"  # type: ignore[index]


def test_a_person_wins_over_the_feed(
    tracker: BetTrackingSystem, alert: dict[str, Any], raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(monkeypatch, Answer(raw)):
        bet_id = tracker.track_bet(USER, alert, 10.0, 10.0)["bet_id"]
        assert tracker.update_bet_result(USER, bet_id, "lost", 3.0, manual_override=True)
        assert tracker.auto_settle_user_bets(USER)["settled_count"] == 0
        assert tracker.get_user_stats(USER)["losses"] == 1
        assert tracker.update_bet_result(USER, bet_id, "pending", manual_override=True)
        assert tracker.auto_settle_user_bets(USER)["settled_count"] == 1
        assert tracker.get_user_stats(USER)["wins"] == 1
        assert tracker.take_back(USER, bet_id, "the app shows another number")
        assert tracker.get_user_stats(USER)["pending"] == 1
        assert tracker.auto_settle_user_bets(USER)["settled_count"] == 1


def test_a_fixture_that_is_another_match_settles_nothing(
    tracker: BetTrackingSystem, alert: dict[str, Any], raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(monkeypatch, Answer(raw)):
        tracker.track_bet(USER, alert | {"Match": "Arsenal vs Chelsea", "Team": "Arsenal"}, 10.0, 10.0)
        tracker.auto_settle_user_bets(USER)
        assert tracker.get_pending_bets(USER)[0]["result_tracking"]["reason"] == "fixture_unmatched"
