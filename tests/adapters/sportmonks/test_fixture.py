"""SportMonks' fixtures: the recorded shape, and a made-up match with everything in it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.adapters.sportmonks.fixture import parse_fixture
from policytrader.errors import LayoutUnknownError
from policytrader.model.fixture import (
    CardHolder,
    CardKind,
    DecidedBy,
    Fixture,
    FixtureStatus,
    Period,
    Quality,
    Stat,
    TeamSide,
)
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from pathlib import Path

HOME, AWAY = TeamSide.HOME, TeamSide.AWAY


def match(state: int = 5, **changes: Any) -> dict[str, Any]:
    """Northport 1-1 Eastmoor, and other fields in its ``data``."""
    data: dict[str, Any] = {
        "id": 555,
        "state_id": state,
        "name": "Northport vs Eastmoor",
        "starting_at": "2026-03-07 15:00:00",
        "participants": [
            {"id": 1, "name": "Northport", "meta": {"location": "home"}},
            {"id": 2, "name": "Eastmoor", "meta": {"location": "away"}},
        ],
        "scores": [
            {"description": what, "score": {"goals": goals, "participant": side}}
            for what, goals, side in (("CURRENT", 1, "home"), ("CURRENT", 1, "away"), ("1ST_HALF", 0, "away"))
        ],
        "statistics": [
            {"type_id": 42, "location": "home", "participant_id": 1, "data": {"value": 5}},
            {"type_id": 42, "location": "away", "participant_id": 2, "data": {"value": 3}},
            {"type_id": 34, "participant_id": 1, "data": {"value": 7}},
            {"type_id": 31337, "location": "home", "data": {"value": 3}},
        ],
        "lineups": [
            _man(11, 1, 11, 24, {57: 2}),
            _man(12, 1, 11, 27, {42: 5, 52: 1, 31337: 9}),
            _man(13, 1, 11, 26, {80: 30}),
            _man(14, 1, 12, 26, {}),
            _man(15, 1, 12, 26, {80: 3}),
            _man(21, 2, 11, None, {80: 20}),
            _man(22, 2, 11, 27, {42: 3}),
        ],
        "events": [
            _event(14, 1, 12, 30),
            _event(19, 1, None, 44, coach_id=77),
            _event(16, 2, 22, 60),
            _event(18, 1, 15, 70, related_player_id=13),
            _event(21, 2, 22, 80),
            _event(19, 1, 14, 85, on_bench=True),
            _event(10, 1, 12, 86),
        ],
    }
    return {"data": data | changes}


def _man(player_id: int, team: int, kind: int, position: int | None, details: dict[int, int]) -> dict[str, Any]:
    listed = [{"type_id": type_id, "data": {"value": value}} for type_id, value in details.items()]
    name = f"Man {player_id}"
    return {
        "player_id": player_id, "team_id": team, "type_id": kind, "position_id": position, "player_name": name,
        "details": listed,
    }  # fmt: skip


def _event(kind: int, team: int, player_id: int | None, minute: int, **more: Any) -> dict[str, Any]:
    return {"type_id": kind, "participant_id": team, "player_id": player_id, "minute": minute} | more


def read(document: object) -> Fixture:
    return parse_fixture(json.dumps(document).encode(), fetched_at=None)


def test_the_recorded_shape(shared_data: Path) -> None:
    file = shared_data / "fotmob" / "sportmonks_fixture.json"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    fixture = parse_fixture(file.read_bytes(), fetched_at=None)
    assert fixture.status is FixtureStatus.FINISHED
    assert [fixture.teams[side].name for side in TeamSide] == ["Tottenham Hotspur", "Manchester City"]
    # Trimmed by hand: one of the two scores is left, so that there is none.
    assert fixture.score is None
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][HOME].reason is Reason.STAT_UNAVAILABLE
    with pytest.raises(LayoutUnknownError):
        parse_fixture((file.parent / "sportmonks_fixtures.json").read_bytes(), fetched_at=None)


def test_the_match() -> None:
    fixture = read(match())
    assert (fixture.fixture_id, fixture.score) == ("555", {HOME: 1, AWAY: 1})
    assert fixture.kickoff_at is not None
    assert fixture.kickoff_at.isoformat() == "2026-03-07T15:00:00+00:00"
    assert fixture.team_stats[Period.REGULAR][Stat.SHOTS][AWAY].value == 3
    assert fixture.team_stats[Period.REGULAR][Stat.CORNERS][HOME].value == 7
    assert [fixture.team_stats[Period.FIRST_HALF][Stat.GOALS][side].value for side in TeamSide] == [1, 0]
    assert fixture.team_stats[Period.FIRST_HALF][Stat.SHOTS][HOME].reason is Reason.STAT_UNAVAILABLE
    assert [(card.kind, card.holder) for card in fixture.cards] == [
        (CardKind.YELLOW, CardHolder.STAFF),
        (CardKind.SECOND_YELLOW, CardHolder.PLAYER),
        (CardKind.YELLOW, CardHolder.OFF_PITCH),
    ]
    assert [goal.is_penalty for goal in fixture.goals] == [False, True]


def test_players() -> None:
    players = read(match()).players
    assert players["12"].stats[Stat.SHOTS].value == 5
    assert players["13"].stats[Stat.SHOTS].quality is Quality.ZERO_INFERRED
    assert players["11"].stats[Stat.SHOTS].reason is Reason.UNRECONCILED
    # Of whom nobody knows where he plays may be a keeper.
    assert players["21"].stats[Stat.SHOTS].reason is Reason.UNRECONCILED
    assert (players["15"].took_part, players["15"].on_minute, players["13"].off_minute) == (True, 70, 70)
    assert (players["14"].took_part, players["14"].started) == (False, False)
    assert players["22"].is_off
    assert players["12"].stats[Stat.CLEARANCES].reason is Reason.STAT_UNAVAILABLE


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (1, FixtureStatus.SCHEDULED),
        (2, FixtureStatus.LIVE),
        (3, FixtureStatus.HALF_TIME),
        (8, FixtureStatus.CANCELLED),
        (9, FixtureStatus.POSTPONED),
        (4, FixtureStatus.UNKNOWN),
        (12, FixtureStatus.UNKNOWN),
        (0, FixtureStatus.UNKNOWN),
    ],
)
def test_states(state: int, status: FixtureStatus) -> None:
    fixture = read(match(state))
    assert fixture.status is status
    assert fixture.finished_periods == frozenset()
    assert fixture.players["13"].stats[Stat.SHOTS].quality is Quality.UNAVAILABLE


@pytest.mark.parametrize(("state", "decided_by"), [(6, DecidedBy.EXTRA_TIME), (7, DecidedBy.PENALTIES)])
def test_extra_time_is_not_split_but_goals_are(state: int, decided_by: DecidedBy) -> None:
    document = match(state)
    document["data"]["events"].append(_event(14, 1, 12, 100))
    document["data"]["scores"][0]["score"]["goals"] = 2
    fixture = read(document)
    assert fixture.decided_by is decided_by
    assert fixture.team_stats[Period.REGULAR][Stat.SHOTS][HOME].reason is Reason.EXTRA_TIME_UNSPLIT
    assert [fixture.team_stats[Period.REGULAR][Stat.GOALS][side].value for side in TeamSide] == [1, 1]
    assert fixture.players["12"].stats[Stat.SHOTS].reason is Reason.EXTRA_TIME_UNSPLIT
    assert fixture.players["12"].stats[Stat.GOALS].value == 1


def test_goals_that_the_score_does_not_explain() -> None:
    fixture = read(match(events=[_event(14, 1, 12, 30)]))
    assert not fixture.has_events
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][HOME].reason is Reason.INCONSISTENT_VALUE
    without = read(match(events=None))
    assert without.team_stats[Period.REGULAR][Stat.GOALS][HOME].value == 1
    assert without.players["14"].took_part is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", None),
        ("id", [1]),
        ("participants", [{"id": 1, "name": "x", "meta": {"location": "home"}}]),
        ("participants", "Northport"),
        ("lineups", [{"player_id": 1, "team_id": 99}]),
        ("starting_at", "yesterday"),
        ("events", [_event(14, 99, 1, 5)]),
        ("state_id", "FT"),
    ],
)
def test_another_form_is_refused(key: str, value: Any) -> None:
    with pytest.raises(LayoutUnknownError, match="SportMonks"):
        read({"data": match()["data"] | {key: value}})


JUNK: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({}) | st.just([{}])
)


@given(data=st.data())
def test_a_broken_answer_is_a_fixture_or_refused(data: st.DataObject) -> None:
    document: Any = deepcopy(match(data.draw(st.sampled_from([2, 5, 6]))))
    holder, key = document, "data"
    for _ in range(data.draw(st.integers(0, 4))):
        child = holder[key]
        if not isinstance(child, dict | list) or not child:
            break
        keys = list(child) if isinstance(child, dict) else range(len(child))
        holder, key = child, data.draw(st.sampled_from(list(keys)))
    holder[key] = data.draw(JUNK)
    try:
        fixture = read(document)
    except LayoutUnknownError:
        return
    assert all(set(player.stats) == set(Stat) for player in fixture.players.values())
