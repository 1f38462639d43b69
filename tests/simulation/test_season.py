"""A generated season: consecutive days, ids of their own, the same day whichever others are made."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from policytrader.model.times import london_day
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.season import Season

if TYPE_CHECKING:
    from policytrader.simulation.race_day import RaceDay


def digest(day: RaceDay) -> str:
    return hashlib.sha256(repr(list(islice(day.feed(), 500))).encode()).hexdigest()


def test_the_days_are_consecutive_and_each_is_run_on_its_date() -> None:
    season = Season(3, 3, 4, date(2026, 12, 30))
    assert season.dates == (date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1))
    for one in season.dates:
        day = season.race_day(one)
        assert london_day(day.now) == one
        assert {london_day(race.start) for race in day.races} == {one}
        assert len(day.races) == 4
        assert all(race.win.open_date is not None and london_day(race.win.open_date) == one for race in day.races)


def test_a_day_in_winter_has_its_own_month_and_london_time() -> None:
    day = Season(3, 1, 6, date(2026, 1, 5)).race_day(date(2026, 1, 5))
    assert {race.win.event_name.rpartition(" ")[2] for race in day.races} == {"Jan"}
    assert datetime(2026, 1, 5, 9, tzinfo=UTC) <= day.now < datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_no_two_days_share_a_market_an_event_or_a_runner() -> None:
    season = Season(7, 20, 60, date(2027, 10, 20))
    days = [season.race_day(one) for one in season.dates]
    for name, sets in (
        ("market", [{one.market_id for race in day.races for one in (race.win, race.place)} for day in days]),
        ("event", [{race.win.event_id for race in day.races} for day in days]),
        ("runner", [{one.selection_id for race in day.races for one in race.win.runners} for day in days]),
    ):
        assert len({one for ids in sets for one in ids}) == sum(map(len, sets)), name
    most = max(len(race.win.runners) for day in days for race in day.races)
    assert most > 20


@pytest.mark.parametrize("other", [date(2000, 1, 1), date(2026, 5, 2), date(2099, 12, 31)])
def test_parts_of_the_numbers_are_large_enough_for_the_longest_day(other: date) -> None:
    """The market and event numbers of a day of 60 races stay below the first of the day that follows."""
    day = generate_race_day(5, 60, other)
    markets = [int(one.market_id[2:]) for race in day.races for one in (race.win, race.place)]
    events = [int(race.win.event_id) for race in day.races]
    assert (max(markets) - 240_000_000) // 1_200 == (min(markets) - 240_000_000) // 1_200
    assert (max(events) - 34_000_000) // 400 == (min(events) - 34_000_000) // 400
    assert 2 * 60 * 9 < 1_200 and 9 * 40 < 400  # noqa: PT018 - the largest steps that are drawn


def test_a_day_is_the_same_in_any_season_of_the_seed_and_another_in_another() -> None:
    day = date(2026, 5, 9)
    short, long = Season(1, 1, 2, day), Season(1, 40, 2)
    assert digest(short.race_day(day)) == digest(long.race_day(day))
    assert digest(Season(2, 40, 2).race_day(day)) != digest(long.race_day(day))
    other = long.race_day(date(2026, 5, 10)).races[0]
    assert other.chances != long.race_day(day).races[0].chances


@pytest.mark.parametrize(
    ("days", "races", "first", "said"),
    [
        (0, 6, date(2026, 5, 1), "1 to 5,000 days, not 0"),
        (1, 61, date(2026, 5, 1), "1 to 60 races, not 61"),
        (2, 6, date(2099, 12, 31), "between 2000-01-01 and 2099-12-31"),
        (1, 6, date(1999, 12, 31), "between 2000-01-01 and 2099-12-31"),
    ],
)
def test_a_season_that_cannot_be(days: int, races: int, first: date, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Season(1, days, races, first)
