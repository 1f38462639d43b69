"""Matches made of others, made-up or recorded: live, put off, broken off, longer than 90 minutes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.match import parse_match
from policytrader.model.fixture import DecidedBy, FixtureStatus, Listed, Period, Quality, Stat, TeamSide
from policytrader.model.outcomes import Reason
from tests.adapters.fotmob.recordings import LAYOUTS as RECORDED
from tests.adapters.fotmob.recordings import recorded
from tests.fotmob_fixtures import (
    LAYOUTS,
    Document,
    as_bytes,
    card,
    derived_abandoned,
    derived_awarded,
    derived_cancelled,
    derived_corrected,
    derived_extra_time,
    derived_half_time,
    derived_live,
    derived_not_started,
    derived_postponed,
    derived_shoot_out,
    derived_unknown_word,
    derived_var_pending,
    events_of,
    mini,
    with_events,
    with_status,
)
from tests.fotmob_match import DANE, FERRO, LUND, MARIN, OLSEN, UNUSED, VALE

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.fixture import Fixture

SOURCES = (*LAYOUTS, *(f"recorded {layout}" for layout in RECORDED))
HALVES = (Period.FIRST_HALF, Period.SECOND_HALF)


def read(document: Document) -> Fixture:
    return parse_match(as_bytes(document), fetched_at=None)


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Document:
    """A made-up match, or a recorded one."""
    name = str(request.param)
    if name in LAYOUTS:
        return mini(name)
    folder: Path = request.getfixturevalue("shared_data")
    document: Document = json.loads(recorded(folder, name.removeprefix("recorded ")))
    return document


# --- Where it stands -------------------------------------------------------------------------------------------------


def test_a_running_match_is_live_and_only_its_first_half_may_be_over(source: Document) -> None:
    early, late = read(derived_live(source, 30)), read(derived_live(source, 65))
    assert early.status is late.status is FixtureStatus.LIVE
    assert early.finished_periods == frozenset()
    has_marker = any(event["type"] == "Half" for event in events_of(source))
    assert late.finished_periods == (frozenset({Period.FIRST_HALF}) if has_marker else frozenset())
    assert late.decided_by is DecidedBy.REGULAR


def test_times_left_over_from_the_end_of_a_running_match_prove_nothing() -> None:
    document = derived_live(mini("L3"), 30)
    document["header"]["status"]["halfs"] = mini("L3")["header"]["status"]["halfs"]
    assert read(document).finished_periods == frozenset()
    document["header"]["status"]["halfs"]["gameEnded"] = ""
    assert read(document).finished_periods == frozenset({Period.FIRST_HALF})


def test_the_minute_alone_ends_no_half() -> None:
    document = derived_live(mini("L2"), 65)
    events_of(document)[:] = [event for event in events_of(document) if event["type"] != "Half"]
    assert read(document).finished_periods == frozenset()


def test_half_time(source: Document) -> None:
    fixture = read(derived_half_time(source))
    if any(event["type"] == "Half" for event in events_of(source)):
        assert fixture.status is FixtureStatus.HALF_TIME
        assert fixture.finished_periods == frozenset({Period.FIRST_HALF})
        assert fixture.available_periods >= {Period.FIRST_HALF}
        assert fixture.team_stats[Period.SECOND_HALF][Stat.CORNERS][TeamSide.HOME].value is None
    else:
        assert fixture.status is FixtureStatus.LIVE


def test_a_decision_that_is_looked_at_again(source: Document) -> None:
    assert read(derived_var_pending(source)).is_var_pending
    running = derived_live(source, 60)
    assert read(running).is_var_pending is (False if "hasPendingVAR" in running else None)
    running.pop("hasPendingVAR", None)
    assert read(running).is_var_pending is None


def test_a_match_that_has_not_begun_has_nothing_to_grade(source: Document) -> None:
    fixture = read(derived_not_started(source))
    assert fixture.status is FixtureStatus.SCHEDULED
    assert fixture.score is None
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][TeamSide.HOME].reason is Reason.STAT_UNAVAILABLE
    assert not fixture.completeness.has_team_stats
    assert not fixture.completeness.has_player_stats


@pytest.mark.parametrize("is_cancelled", [True, False])
def test_a_match_put_off(source: Document, *, is_cancelled: bool) -> None:
    fixture = read(derived_postponed(source, is_cancelled=is_cancelled))
    assert fixture.status is FixtureStatus.POSTPONED
    assert fixture.finished_periods == frozenset()


def test_a_match_called_off_needs_word_and_flag(source: Document) -> None:
    cancelled = derived_cancelled(source)
    assert read(cancelled).status is FixtureStatus.CANCELLED
    assert read(with_status(cancelled, cancelled=False)).status is FixtureStatus.UNKNOWN
    assert read(with_status(cancelled, reason=None)).status is FixtureStatus.UNKNOWN


@pytest.mark.parametrize("is_finished", [True, False])
def test_a_match_broken_off(source: Document, *, is_finished: bool) -> None:
    fixture = read(derived_abandoned(source, 60, is_finished=is_finished))
    assert fixture.status is FixtureStatus.ABANDONED
    assert Period.REGULAR not in fixture.finished_periods
    assert all(
        value.quality is not Quality.ZERO_INFERRED for one in fixture.players.values() for value in one.stats.values()
    )


def test_a_match_decided_at_a_desk(source: Document) -> None:
    assert read(derived_awarded(source)).status is FixtureStatus.AWARDED


@pytest.mark.parametrize("word", ["XYZ", "AET", "ft", "Susp", "TBD"])
def test_a_word_that_nobody_recorded_is_not_the_end(source: Document, word: str) -> None:
    fixture = read(derived_unknown_word(source, word))
    assert (fixture.status, fixture.status_word) == (FixtureStatus.UNKNOWN, word)
    assert Period.REGULAR not in fixture.finished_periods


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": None},
        {"finished": False},
        {"started": False},
        {"cancelled": True},
        {"reason": {"short": "FT", "shortKey": "postponed_short"}},
        {"reason": {"shortKey": "fulltime_short"}},
    ],
)
def test_a_finish_that_something_contradicts_is_unknown(changes: dict[str, object]) -> None:
    fixture = read(with_status(mini("L3"), **changes))
    expected = FixtureStatus.UNKNOWN
    assert fixture.status is expected


@pytest.mark.parametrize("place", ["general", "ongoing"])
def test_a_finish_that_another_place_denies_is_unknown(place: str) -> None:
    document = mini("L3")
    if place == "general":
        document["general"]["finished"] = False
    else:
        document["ongoing"] = True
    assert read(document).status is FixtureStatus.UNKNOWN


# --- Players of a running match --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_on_the_bench_nothing_is_decided_until_the_end(layout: str) -> None:
    players = read(derived_live(mini(layout), 65)).players
    assert players[str(UNUSED)].took_part is None
    assert players[str(UNUSED)].started is False
    assert players[str(MARIN)].took_part is True
    assert players[str(LUND)].took_part is True
    assert players[str(VALE)].is_off is False
    before = read(with_status(derived_live(mini(layout), 0), started=False)).players
    assert {one.took_part for one in before.values()} == {None}
    assert {one.started for one in before.values()} == {None}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_running_match_counts_what_is_stated_and_nothing_else(layout: str) -> None:
    players = read(derived_live(mini(layout), 65)).players
    assert players[str(MARIN)].stats[Stat.SHOTS].value == 3
    missing = players[str(VALE)].stats[Stat.OFFSIDES]
    assert (missing.value, missing.reason) == (None, Reason.STAT_UNAVAILABLE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_goals_so_far(layout: str) -> None:
    fixture = read(derived_live(mini(layout), 60))
    assert [fixture.team_stats[Period.REGULAR][Stat.GOALS][side].value for side in TeamSide] == [1, 1]
    assert [fixture.team_stats[Period.FIRST_HALF][Stat.GOALS][side].value for side in TeamSide] == [1, 0]


# --- Beyond 90 minutes -----------------------------------------------------------------------------------------------


def test_extra_time_is_left_out_of_the_teams_figures(source: Document) -> None:
    whole, longer = read(source), read(derived_extra_time(source))
    assert longer.status is FixtureStatus.FINISHED
    assert longer.decided_by is DecidedBy.EXTRA_TIME
    assert longer.goals[-1].period is Period.EXTRA_TIME
    has_halves = whole.completeness.layout != "L1"
    for stat in (Stat.SHOTS, Stat.CORNERS, Stat.FOULS):
        for side in TeamSide:
            value = longer.team_stats[Period.REGULAR][stat][side]
            if has_halves:
                assert value.value == whole.team_stats[Period.REGULAR][stat][side].value
                assert " + " in value.source_path
            else:
                assert value.reason is Reason.EXTRA_TIME_UNSPLIT
    for period in (Period.REGULAR, *HALVES):
        for side in TeamSide:
            goals = longer.team_stats[period][Stat.GOALS][side]
            assert goals.value == whole.team_stats[period][Stat.GOALS][side].value


def test_extra_time_leaves_players_what_can_be_recounted(source: Document) -> None:
    whole, longer = read(source), read(derived_extra_time(source))
    for one in longer.players.values():
        if not one.took_part:
            continue
        known = whole.players[one.player_id].stats
        for stat in (Stat.SHOTS, Stat.SHOTS_ON_TARGET):
            if whole.completeness.has_shots:
                assert one.stats[stat].value == known[stat].value or one.is_keeper
            else:
                assert one.stats[stat].reason is Reason.EXTRA_TIME_UNSPLIT
        assert one.stats[Stat.PASSES].reason is Reason.EXTRA_TIME_UNSPLIT
        assert one.stats[Stat.GOALS].value == (known[Stat.GOALS].value or 0)


def test_a_shot_map_that_does_not_hold_all_shots_of_the_halves_gives_none() -> None:
    document = derived_extra_time(mini("L3"))
    document["content"]["shotmap"]["shots"].pop(0)
    stats = read(document).players[str(MARIN)].stats
    assert stats[Stat.SHOTS].reason is Reason.EXTRA_TIME_UNSPLIT
    assert stats[Stat.GOALS].value == 1


def test_shots_of_extra_time_are_not_counted() -> None:
    document = derived_extra_time(mini("L3"))
    shots = document["content"]["shotmap"]["shots"]
    shots.append({**shots[0], "min": 101, "period": "SomeExtraHalf"})
    assert read(document).players[str(MARIN)].stats[Stat.SHOTS].value == 3


def test_a_shot_of_an_unknown_period_spoils_the_map_of_an_ordinary_match() -> None:
    document = mini("L3")
    document["content"]["shotmap"]["shots"][0]["period"] = "SomeHalf"
    assert not read(document).completeness.has_shots


def test_blocks_of_other_periods_mean_extra_time() -> None:
    document = mini("L4")
    document["content"]["stats"]["Periods"]["FirstHalfExtra"] = {"stats": []}
    assert read(document).decided_by is DecidedBy.EXTRA_TIME


@pytest.mark.parametrize("layout", LAYOUTS)
def test_who_came_on_in_extra_time_took_no_part_in_the_match(layout: str) -> None:
    document = derived_extra_time(mini(layout))
    swap = next(event for event in events_of(document) if event["type"] == "Substitution")
    swap = {**swap, "time": 95, "isHome": True, "swap": [dict(one) for one in swap["swap"]]}
    swap["swap"][0] |= {"id": str(UNUSED), "profileUrl": f"/players/{UNUSED}/x"}
    swap["swap"][1] |= {"id": str(MARIN), "profileUrl": f"/players/{MARIN}/x"}
    players = read(with_events(document, swap)).players
    assert players[str(UNUSED)].took_part is False
    assert players[str(OLSEN)].took_part is True


def test_a_shoot_out_counts_for_nothing(source: Document) -> None:
    whole, longer = read(source), read(derived_shoot_out(source))
    assert longer.decided_by is DecidedBy.PENALTIES
    assert longer.status is FixtureStatus.FINISHED
    assert len(longer.goals) == len(whole.goals)
    for side in TeamSide:
        regular = longer.team_stats[Period.REGULAR][Stat.GOALS][side]
        assert regular.value == whole.team_stats[Period.REGULAR][Stat.GOALS][side].value


def test_a_card_in_extra_time_has_its_own_period() -> None:
    document = with_events(derived_extra_time(mini("L3")), card("L3", 110, LUND, "Yellow", isHome=False))
    (shown,) = [one for one in read(document).cards if one.player_id == str(LUND)]
    assert shown.period is Period.EXTRA_TIME


def test_goals_that_the_score_does_not_explain_are_not_split() -> None:
    document = derived_extra_time(mini("L3"))
    document["header"]["teams"][0]["score"] = 6
    fixture = read(document)
    assert not fixture.has_events
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][TeamSide.HOME].reason is Reason.INCONSISTENT_VALUE
    assert fixture.players[str(MARIN)].stats[Stat.GOALS].reason is Reason.EXTRA_TIME_UNSPLIT


# --- Corrections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_corrected_number_is_the_new_one(layout: str) -> None:
    first = mini(layout)
    value = read(first).players[str(DANE)].stats[Stat.FOULS]
    second = derived_corrected(first, {value.source_path: 5})
    assert read(second).players[str(DANE)].stats[Stat.FOULS].value == 5
    assert read(first).players[str(DANE)].stats[Stat.FOULS].value == 2
    assert read(first).source.hash != read(second).source.hash


def test_the_bench_is_listed_before_the_match_and_keeps_its_place() -> None:
    fixture = read(mini("L3"))
    assert fixture.players[str(UNUSED)].listed is Listed.BENCH
    assert fixture.players[str(FERRO)].side is TeamSide.AWAY
