"""FotMob's list of a day: read, refused, and fetched no more often than needed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.adapters.fotmob.day_list import parse_day
from policytrader.adapters.fotmob.day_lists import DayLists
from policytrader.adapters.fotmob.kept import KeptAnswers
from policytrader.errors import FeedError, LayoutUnknownError
from tests.adapters.fotmob.test_fuzz import BROKEN_BYTES, broken
from tests.adapters.polite_site import Answer, Clock, Site
from tests.day_lists import DAY, KICK_OFF, as_bytes, document, league, match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from policytrader.model.listed_fixture import DayList

RECORDED_DAY = date(2020, 9, 20)
LISTED = document(
    league(match(1, "Northport", "Eastmoor"), match(2, "Ayr", "Oban", KICK_OFF + timedelta(hours=2))),
    league(match(3, "Lyme", "Bude (W)"), name="Cup", parentLeagueName="Women's Cup", groupName="Grp. A"),
)
PATH = "/api/data/matches?timezone=UTC&date=20260307"


def test_a_list_is_read_with_its_leagues() -> None:
    found = parse_day(as_bytes(LISTED), DAY)
    assert [(one.fixture_id, one.name, one.kickoff_at) for one in found.fixtures] == [
        ("1", "Northport vs Eastmoor", KICK_OFF),
        ("2", "Ayr vs Oban", KICK_OFF + timedelta(hours=2)),
        ("3", "Lyme vs Bude (W)", KICK_OFF),
    ]
    assert (found.fixtures[0].home.team_id, found.fixtures[0].away.team_id) == ("10", "11")
    assert found.fixtures[2].competition == "Cup Women's Cup Grp. A"
    assert (found.day, found.feed, len(found.hash)) == (DAY, "fotmob", 64)


def test_what_later_lists_have_more_is_read() -> None:
    one = match(1, "Wolves", "Eastmoor")
    one["home"]["longName"] = "Wolverhampton Wanderers"
    one["status"]["utcTime"] = "2026-03-07T15:00:00.000Z"
    del one["timeTS"]
    (found,) = parse_day(as_bytes(document(league(one))), DAY).fixtures
    assert (found.home.names, found.kickoff_at) == (("Wolves", "Wolverhampton Wanderers"), KICK_OFF)


def test_a_match_in_two_groups_is_one_match() -> None:
    twice = document(league(match(1, "Northport", "Eastmoor")), league(match(1, "Northport", "Eastmoor"), name="B"))
    assert len(parse_day(as_bytes(twice), DAY).fixtures) == 1


def _changed(change: Callable[[dict[str, Any]], None]) -> bytes:
    copy = json.loads(json.dumps(LISTED))
    change(copy)
    return as_bytes(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.pop("leagues"),
        lambda one: one.update(leagues=None),
        lambda one: one.update(leagues={}),
        lambda one: one.update(date="20260308"),
        lambda one: one["leagues"][0].pop("matches"),
        lambda one: one["leagues"].append("x"),
        lambda one: one["leagues"][0]["matches"][0].pop("id"),
        lambda one: one["leagues"][0]["matches"][0].pop("home"),
        lambda one: one["leagues"][0]["matches"][0]["home"].update(name=""),
        lambda one: one["leagues"][0]["matches"][0]["away"].pop("id"),
        lambda one: one["leagues"][0]["matches"][0].pop("timeTS"),
        lambda one: one["leagues"][0]["matches"][0].update(timeTS=1772895600),
        lambda one: one["leagues"][0]["matches"][0].update(timeTS="1772895600000"),
        lambda one: one["leagues"][0]["matches"][0]["status"].update(utcTime="2026-03-07T16:00:00Z"),
        lambda one: one["leagues"][0]["matches"][1].update(id=1),
    ],
)
def test_what_is_no_list_of_the_day_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(LayoutUnknownError):
        parse_day(_changed(change), DAY)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{}", b'{"leagues": [', *BROKEN_BYTES])
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(LayoutUnknownError):
        parse_day(raw, DAY)


def _read(raw: bytes, day: date) -> None:
    try:
        found = parse_day(raw, day)
    except LayoutUnknownError:
        return
    assert len({one.fixture_id for one in found.fixtures}) == len(found.fixtures)
    for one in found.fixtures:
        assert one.name.encode()
        assert abs(one.kickoff_at - datetime(day.year, day.month, day.day, 12, tzinfo=UTC)) <= timedelta(hours=26)


@settings(max_examples=200)
@given(data=st.data())
def test_a_broken_list_is_read_or_refused(data: st.DataObject) -> None:
    _read(json.dumps(broken(LISTED, data)).encode(), DAY)


@settings(max_examples=100)
@given(data=st.data())
def test_a_list_cut_off_is_refused(data: st.DataObject) -> None:
    raw = as_bytes(LISTED)
    with pytest.raises(LayoutUnknownError):
        parse_day(raw[: data.draw(st.integers(0, len(raw) - 1))], DAY)


# --- the recorded day -------------------------------------------------------------------------------------------------


def recorded_list(shared_data: Path) -> bytes:
    file = shared_data / "fotmob" / "matches-by-date_2020-09-20.json"
    if not file.is_file():
        pytest.skip(f"no recorded list of a day: {file} is not there")
    return file.read_bytes()


def test_the_recorded_list_is_read_whole(shared_data: Path) -> None:
    found = parse_day(recorded_list(shared_data), RECORDED_DAY)
    assert len(found.fixtures) == 271
    (one,) = [one for one in found.fixtures if one.fixture_id == "3411367"]
    assert one.name == "Southampton vs Tottenham Hotspur"
    assert one.kickoff_at == datetime(2020, 9, 20, 11, 0, tzinfo=UTC)  # printed as 13:00 of another zone
    assert {one.kickoff_at.date() for one in found.fixtures} == {RECORDED_DAY}
    with pytest.raises(LayoutUnknownError):
        parse_day(recorded_list(shared_data), date(2020, 9, 21))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_broken_recorded_list_is_read_or_refused(data: st.DataObject, shared_data: Path) -> None:
    whole = json.loads(recorded_list(shared_data))
    whole["leagues"] = whole["leagues"][:5]
    _read(json.dumps(broken(whole, data)).encode(), RECORDED_DAY)


# --- how often it is asked for ----------------------------------------------------------------------------------------


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(otherwise=Answer(as_bytes(LISTED))) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["on disk", "in memory"])
def make(request: pytest.FixtureRequest, site: Site, clock: Clock, tmp_path: Path) -> Callable[[], DayLists]:
    """On disk each list is asked of a new reader, as of another process."""
    if request.param == "on disk":
        return lambda: DayLists(site.client(clock), clock, KeptAnswers(tmp_path / "kept"))
    one = DayLists(site.client(clock), clock, None)
    return lambda: one


def _ask(make: Callable[[], DayLists]) -> DayList:
    return make().on(DAY)


def test_a_list_is_asked_for_again_after_a_while(make: Callable[[], DayLists], site: Site, clock: Clock) -> None:
    first = _ask(make)
    clock.moment += timedelta(minutes=8)
    assert _ask(make) == first
    assert [path for path, _ in site.asked] == [PATH]
    site.otherwise = Answer(as_bytes(document(league(match(9, "Lyme", "Bude")))))
    clock.moment += timedelta(minutes=3)
    assert [one.fixture_id for one in _ask(make).fixtures] == ["9"]
    assert len(site.asked) == 2


def test_a_day_long_over_is_asked_for_once(make: Callable[[], DayLists], site: Site, clock: Clock) -> None:
    clock.moment = datetime(2026, 3, 8, 5, 59, tzinfo=UTC)
    _ask(make)
    clock.moment = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
    _ask(make)
    assert len(site.asked) == 2
    clock.moment += timedelta(days=400)
    assert _ask(make).fixtures
    assert len(site.asked) == 2


def test_another_day_is_another_list(make: Callable[[], DayLists], site: Site) -> None:
    _ask(make)
    site.otherwise = Answer(as_bytes(document(day=date(2026, 3, 8))))
    assert make().on(date(2026, 3, 8)).fixtures == ()
    assert len(site.asked) == 2


def test_what_is_no_list_is_neither_kept_nor_remembered(
    make: Callable[[], DayLists], site: Site, tmp_path: Path
) -> None:
    site.otherwise = Answer(b"<html>just a moment</html>")
    with pytest.raises(LayoutUnknownError):
        _ask(make)
    assert not list(tmp_path.rglob("*.gz"))
    site.otherwise = Answer(b"no", 403)
    with pytest.raises(FeedError):
        _ask(make)
    site.otherwise = Answer(as_bytes(LISTED))
    assert len(_ask(make).fixtures) == 3


def test_a_damaged_file_is_as_if_it_were_not_there(site: Site, clock: Clock, tmp_path: Path) -> None:
    clock.moment += timedelta(days=10)
    for damage in ("raw", "note"):
        DayLists(site.client(clock), clock, KeptAnswers(tmp_path)).on(DAY)
        pattern = "*.gz" if damage == "raw" else "20260307.json"
        (file,) = tmp_path.rglob(pattern)
        file.write_bytes(file.read_bytes()[:-5])
        assert len(DayLists(site.client(clock), clock, KeptAnswers(tmp_path)).on(DAY).fixtures) == 3
    assert len(site.asked) == 3
