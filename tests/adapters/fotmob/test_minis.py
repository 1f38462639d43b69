"""The made-up match says the same in all four layouts, except where a layout does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.match import parse_match
from policytrader.errors import LayoutUnknownError
from policytrader.model.fixture import CardHolder, CardKind, Listed, Period, Quality, Stat, TeamSide
from policytrader.model.outcomes import Reason
from tests.fotmob_fixtures import (
    AWAY_ID,
    HOME_ID,
    LAYOUTS,
    MATCH_ID,
    Document,
    as_bytes,
    card,
    events_of,
    goal,
    mini,
    put,
    with_events,
)
from tests.fotmob_match import AWAY_KEEPER, COACH, DANE, FERRO, INJURED, LUND, MARIN, OLSEN, UNUSED, VALE

if TYPE_CHECKING:
    from policytrader.model.fixture import Fixture, Value

WITH_HALVES = ("L2", "L3", "L4")


def read(document: Document) -> Fixture:
    return parse_match(as_bytes(document), fetched_at=None)


def stat(fixture: Fixture, player_id: int, which: Stat) -> Value:
    return fixture.players[str(player_id)].stats[which]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_frame(layout: str) -> None:
    fixture = read(mini(layout))
    assert fixture.fixture_id == MATCH_ID
    assert [fixture.teams[side].team_id for side in TeamSide] == [str(HOME_ID), str(AWAY_ID)]
    assert fixture.score == {TeamSide.HOME: 2, TeamSide.AWAY: 1}
    assert fixture.completeness.layout == layout
    assert (fixture.kickoff_at is None) == (layout == "L1")
    assert fixture.completeness.has_shots == (layout in {"L2", "L3"})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_players_and_how_they_took_part(layout: str) -> None:
    players = read(mini(layout)).players
    assert (players[str(MARIN)].took_part, players[str(MARIN)].started) == (True, True)
    substitute = players[str(OLSEN)]
    assert (substitute.took_part, substitute.started, substitute.on_minute) == (True, False, 70)
    replaced = players[str(VALE)]
    assert (replaced.off_minute, replaced.is_off) == (70, True)
    assert (players[str(UNUSED)].listed, players[str(UNUSED)].took_part) == (Listed.BENCH, False)
    assert players[str(FERRO)].is_off
    assert not players[str(MARIN)].is_off
    if layout != "L1":
        assert (players[str(INJURED)].listed, players[str(INJURED)].took_part) == (Listed.UNAVAILABLE, False)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_goals_and_cards(layout: str) -> None:
    fixture = read(mini(layout))
    assert [(one.player_id, one.minute, one.period, one.is_penalty) for one in fixture.goals] == [
        (str(MARIN), 12, Period.FIRST_HALF, False),
        (str(DANE), 55, Period.SECOND_HALF, True),
        (str(OLSEN), 80, Period.SECOND_HALF, False),
    ]
    assert fixture.goals[0].is_header is (True if layout in {"L3", "L4"} else None)
    assert [(one.player_id, one.kind, one.holder, one.period) for one in fixture.cards] == [
        (str(DANE), CardKind.YELLOW, CardHolder.PLAYER, Period.FIRST_HALF),
        (str(FERRO), CardKind.YELLOW, CardHolder.PLAYER, Period.FIRST_HALF),
        (str(COACH), CardKind.YELLOW, CardHolder.STAFF, Period.FIRST_HALF),
        (str(FERRO), CardKind.SECOND_YELLOW, CardHolder.PLAYER, Period.SECOND_HALF),
        (str(VALE), CardKind.YELLOW, CardHolder.OFF_PITCH, Period.SECOND_HALF),
    ]
    assert not any(one.is_after_whistle for one in fixture.cards)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_numbers(layout: str) -> None:
    fixture = read(mini(layout))
    assert stat(fixture, MARIN, Stat.SHOTS_ON_TARGET).value == 2
    assert [stat(fixture, MARIN, one).value for one in (Stat.ACCURATE_PASSES, Stat.PASSES)] == [20, 25]
    assert stat(fixture, VALE, Stat.ASSISTS).value == 1
    assert stat(fixture, AWAY_KEEPER, Stat.SAVES).value == 1
    won = stat(fixture, FERRO, Stat.TACKLES_WON)
    all_tackles = stat(fixture, FERRO, Stat.TACKLES)
    assert won.value == (None if layout == "L3" else 3)
    assert all_tackles.value == (4 if layout in {"L1", "L3"} else None)
    if layout in {"L2", "L4"}:
        assert (all_tackles.reason, all_tackles.attempts) == (Reason.STAT_UNAVAILABLE, 4)


@pytest.mark.parametrize("layout", WITH_HALVES)
def test_a_missing_number_is_zero_only_where_nothing_is_left_for_it(layout: str) -> None:
    fixture = read(mini(layout))
    assert stat(fixture, VALE, Stat.INTERCEPTIONS).quality is Quality.ZERO_INFERRED
    assert stat(fixture, VALE, Stat.INTERCEPTIONS).source_path.startswith("content.stats.Periods.All.")
    assert stat(fixture, VALE, Stat.SHOTS_ON_TARGET).value == 0
    # The away side's three interceptions are not all given out.
    assert stat(fixture, FERRO, Stat.INTERCEPTIONS).reason is Reason.UNRECONCILED
    assert stat(fixture, DANE, Stat.INTERCEPTIONS).quality is Quality.EXACT
    assert stat(fixture, AWAY_KEEPER, Stat.FOULS).reason is Reason.UNRECONCILED
    assert stat(fixture, MARIN, Stat.CROSSES).reason is Reason.STAT_UNAVAILABLE
    assert stat(fixture, UNUSED, Stat.SHOTS).reason is Reason.STAT_UNAVAILABLE


def test_a_number_is_left_for_nobody_where_others_have_the_key_and_the_team_has_no_figure() -> None:
    document = mini("L3")
    marin = document["content"]["playerStats"][str(MARIN)]["stats"][0]["stats"]
    marin["Chances created"] = {"key": "chances_created", "stat": {"value": 2, "type": "integer"}}
    fixture = read(document)
    assert stat(fixture, MARIN, Stat.KEY_PASSES).value == 2
    assert stat(fixture, VALE, Stat.KEY_PASSES).reason is Reason.UNRECONCILED


def test_a_starter_of_whom_the_feed_says_nothing_has_no_zeros() -> None:
    document = mini("L4")
    document["content"]["playerStats"].pop(str(LUND))
    fixture = read(document)
    assert fixture.players[str(LUND)].took_part is True
    assert stat(fixture, LUND, Stat.OFFSIDES).reason is Reason.UNRECONCILED
    assert stat(fixture, FERRO, Stat.OFFSIDES).quality is Quality.ZERO_INFERRED


@pytest.mark.parametrize("layout", WITH_HALVES)
def test_halves_that_are_not_the_match_are_suspect(layout: str) -> None:
    document = mini(layout)
    corners = read(document).team_stats[Period.REGULAR][Stat.CORNERS][TeamSide.HOME]
    put(document, corners.source_path, 9)
    fixture = read(document)
    for period in (Period.REGULAR, Period.FIRST_HALF, Period.SECOND_HALF):
        assert fixture.team_stats[period][Stat.CORNERS][TeamSide.HOME].reason is Reason.INCONSISTENT_VALUE
        assert fixture.team_stats[period][Stat.CORNERS][TeamSide.AWAY].value is not None


def test_two_cells_that_disagree_are_suspect() -> None:
    document = mini("L3")
    rows = document["content"]["stats"]["Periods"]["All"]["stats"][0]["stats"]
    rows.append({"key": "fouls", "stats": [1, 4], "type": "text"})
    fouls = read(document).team_stats[Period.REGULAR][Stat.FOULS]
    assert fouls[TeamSide.HOME].value == 1
    assert fouls[TeamSide.AWAY].reason is Reason.INCONSISTENT_VALUE


@pytest.mark.parametrize("cell", [-1, 1.5, True, "many", "3/", 10**30, [3]])
def test_a_number_that_nobody_can_read_is_suspect(cell: object) -> None:
    document = mini("L3")
    put(document, stat(read(document), MARIN, Stat.SHOTS).source_path, cell)
    fixture = read(document)
    assert stat(fixture, MARIN, Stat.SHOTS).reason is Reason.INCONSISTENT_VALUE
    assert fixture.completeness.reconciled[Stat.SHOTS] == {TeamSide.HOME: False, TeamSide.AWAY: True}


@pytest.mark.parametrize("layout", WITH_HALVES)
def test_team_figures(layout: str) -> None:
    stats = read(mini(layout)).team_stats
    assert [stats[Period.FIRST_HALF][Stat.CORNERS][side].value for side in TeamSide] == [3, 0]
    assert [stats[Period.REGULAR][Stat.ACCURATE_PASSES][side].value for side in TeamSide] == [42, 52]
    assert [stats[Period.REGULAR][Stat.THROW_INS][side].value for side in TeamSide] == [16, 14]
    assert stats[Period.REGULAR][Stat.CROSSES][TeamSide.HOME].reason is Reason.STAT_UNAVAILABLE
    tackles = stats[Period.REGULAR][Stat.TACKLES][TeamSide.HOME]
    assert tackles.value == (3 if layout == "L3" else None)


def test_the_first_layout_has_goals_by_half_and_no_other_halves() -> None:
    fixture = read(mini("L1"))
    assert [fixture.team_stats[Period.FIRST_HALF][Stat.GOALS][side].value for side in TeamSide] == [1, 0]
    assert [fixture.team_stats[Period.SECOND_HALF][Stat.GOALS][side].value for side in TeamSide] == [1, 1]
    assert fixture.team_stats[Period.FIRST_HALF][Stat.SHOTS][TeamSide.HOME].reason is Reason.STAT_UNAVAILABLE


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_own_goal_counts_for_the_team_that_gained_it(layout: str) -> None:
    document = mini(layout)
    # The feed's flag may name the side of the man or the side that gains: the score tells.
    for is_home in (True, False):
        derived = with_events(document, goal(layout, 89, FERRO, (3, 1), isHome=is_home, ownGoal=True))
        derived["header"]["teams"][0]["score"], derived["header"]["teams"][1]["score"] = 3, 1
        fixture = read(derived)
        assert (fixture.goals[-1].side, fixture.goals[-1].is_own) == (TeamSide.HOME, True)
        assert fixture.has_events
        assert stat(fixture, FERRO, Stat.GOALS).value == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_events_that_do_not_explain_the_score_are_not_believed(layout: str) -> None:
    document = mini(layout)
    events_of(document).remove(next(event for event in events_of(document) if event["type"] == "Goal"))
    fixture = read(document)
    assert not fixture.has_events
    for period in (Period.REGULAR, Period.FIRST_HALF):
        assert fixture.team_stats[period][Stat.GOALS][TeamSide.HOME].reason is Reason.INCONSISTENT_VALUE


def test_a_score_without_events_counts_for_the_match_alone() -> None:
    document = mini("L4")
    events_of(document).clear()
    fixture = read(document)
    assert not fixture.has_events
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][TeamSide.HOME].value == 2
    assert fixture.team_stats[Period.FIRST_HALF][Stat.GOALS][TeamSide.HOME].reason is Reason.STAT_UNAVAILABLE


@pytest.mark.parametrize("layout", WITH_HALVES)
def test_a_card_at_the_interval_belongs_to_the_first_half_and_one_behind_the_whistle_is_marked(layout: str) -> None:
    document = mini(layout)
    events = events_of(document)
    interval = next(index for index, event in enumerate(events) if event["type"] == "Half")
    events.insert(interval + 1, card(layout, 45, MARIN, "Yellow", isHome=True, overloadTime=4))
    events.append(card(layout, 90, OLSEN, "Red", isHome=True, overloadTime=6))
    events.append(card(layout, 77, LUND, "Yellow", isHome=False))
    cards = {one.player_id: one for one in read(document).cards if one.player_id in {str(MARIN), str(OLSEN), str(LUND)}}
    assert cards[str(MARIN)].period is Period.FIRST_HALF
    assert not cards[str(MARIN)].is_after_whistle
    assert cards[str(OLSEN)].is_after_whistle
    assert not cards[str(LUND)].is_after_whistle


@pytest.mark.parametrize("layout", ["L1", "L2"])
@pytest.mark.parametrize(
    ("player_id", "minute", "holder"),
    [
        (VALE, 70, CardHolder.PLAYER),
        (VALE, 71, CardHolder.OFF_PITCH),
        (OLSEN, 69, CardHolder.OFF_PITCH),
        (OLSEN, 70, CardHolder.PLAYER),
        (UNUSED, 50, CardHolder.OFF_PITCH),
        (4711, 50, CardHolder.STAFF),
    ],
)
def test_without_a_word_the_line_up_tells_who_was_booked(
    layout: str, player_id: int, minute: int, holder: CardHolder
) -> None:
    document = with_events(mini(layout), card(layout, minute, player_id, "Yellow", isHome=True))
    (shown,) = [one for one in read(document).cards if (one.player_id, one.minute) == (str(player_id), minute)]
    assert shown.holder is holder


BREAKAGES: dict[str, tuple[str, object]] = {
    "another match inside": ("content.matchFacts.matchId", 1),
    "no id": ("content.matchFacts.matchId", None),
    "one team": ("header.teams", [{"id": 1, "name": "x", "score": 0}]),
    "a team twice": ("header.teams[1]", {"id": HOME_ID, "name": "x", "score": 1, "pageUrl": "/teams/101/x"}),
    "events of another form": ("content.matchFacts.events.events", {"Goal": 1}),
    "a minute of another form": ("content.matchFacts.events.events[0].time", "12'"),
    "a side of another form": ("content.matchFacts.events.events[0].isHome", None),
    "a card of an unknown colour": ("content.matchFacts.events.events[1].card", "Green"),
    "an event without a kind": ("content.matchFacts.events.events[1].type", None),
    "an event with an empty kind": ("content.matchFacts.events.events[1].type", ""),
    "an event with a blank kind": ("content.matchFacts.events.events[1].type", " "),
    "an event whose kind is a number": ("content.matchFacts.events.events[1].type", 3),
    "an event that is null": ("content.matchFacts.events.events[1]", None),
    "an event that is empty": ("content.matchFacts.events.events[1]", {}),
    "finished is a word": ("header.status.finished", "yes"),
    "no status": ("header.status", None),
    "statistics of a fifth form": ("content.stats", {"blocks": []}),
    "no content": ("content", None),
    "a line-up of another team": ("content.lineup.homeTeam.id", 999),
}


@pytest.mark.parametrize("case", BREAKAGES)
def test_an_answer_of_another_form_is_refused_with_its_place(case: str) -> None:
    path, value = BREAKAGES[case]
    document = mini("L3")
    if case == "no id":
        document["general"]["matchId"] = None
    put(document, path, value)
    if case == "statistics of a fifth form":
        document["content"].pop("playerStats")
    with pytest.raises(LayoutUnknownError) as caught:
        read(document)
    text = caught.value.render()
    assert text.startswith("FotMob: ")
    assert path.split(".")[-1].partition("[")[0] in text
    assert "by hand" in text


@pytest.mark.parametrize(
    ("layout", "kind"),
    [
        (layout, kind)
        for layout in LAYOUTS
        for kind in ("Goal", "Card", "Substitution", "Half")
        if (layout, kind) != ("L1", "Half")
    ],
)
def test_an_event_of_a_known_kind_under_another_word_is_refused(layout: str, kind: str) -> None:
    document = mini(layout)
    changed = [event for event in events_of(document) if event["type"] == kind]
    for event in changed:
        event["type"] = kind.upper()
    assert changed
    with pytest.raises(LayoutUnknownError, match=f"'{kind.upper()}', not a kind of event that is known"):
        read(document)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_event_of_a_kind_that_nobody_bets_on_is_passed_over(layout: str) -> None:
    document = mini(layout)
    before = read(document)
    events_of(document).insert(1, {"type": "DrinksBreak", "time": "half past"})
    after = read(document)
    assert [one.player_id for one in after.cards] == [one.player_id for one in before.cards]
    assert after.has_events


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><title>Just a moment", "HTML"),
        (as_bytes(mini("L3"))[:-100], "cut off"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[]", "not an object"),
        (b"\xff\xfe{", "not JSON"),
        (b'{"a":' * 100_000, "deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"general": {}}', "header.status.finished"),
    ],
)
def test_what_is_no_answer_at_all_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(LayoutUnknownError, match=why):
        parse_match(raw, fetched_at=None)


def test_half_a_character_in_a_name_is_a_name() -> None:
    raw = as_bytes(mini("L4")).replace("José Marín".encode(), rb"Jos\ud800")
    name = parse_match(raw, fetched_at=None).players[str(MARIN)].name
    assert name.encode().startswith(b"Jos")


@pytest.mark.parametrize("form", ["mixed", "neither"])
def test_players_in_two_forms_are_refused(form: str) -> None:
    document = mini("L3")
    entries = document["content"]["playerStats"]
    entries[str(MARIN)].pop("teamId")
    if form == "mixed":
        with pytest.raises(LayoutUnknownError, match="teamId"):
            read(document)
        return
    for entry in entries.values():
        entry.pop("teamId", None)
    assert read(document).completeness.layout == "L4"


def test_without_a_line_up_teams_come_from_the_table_or_not_at_all() -> None:
    third, fourth = mini("L3"), mini("L4")
    for document in (third, fourth):
        document["content"]["lineup"] = None
    players = read(third).players
    assert (players[str(MARIN)].side, players[str(MARIN)].listed, players[str(MARIN)].took_part) == (
        TeamSide.HOME,
        None,
        True,
    )
    assert players[str(UNUSED)].took_part is False
    assert not read(fourth).players


def test_a_finished_match_that_does_not_mention_statistics_is_refused() -> None:
    document = mini("L3")
    del document["content"]["playerStats"], document["content"]["stats"]
    with pytest.raises(LayoutUnknownError, match=r"content\.stats is"):
        read(document)
    document["content"]["stats"] = None
    fixture = read(document)
    assert fixture.team_stats[Period.REGULAR][Stat.GOALS][TeamSide.HOME].value == 2
    assert fixture.team_stats[Period.REGULAR][Stat.CORNERS][TeamSide.HOME].reason is Reason.STAT_UNAVAILABLE
    assert not fixture.completeness.has_player_stats
