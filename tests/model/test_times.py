"""Times: UTC inside, a zone always, and every text that is let in comes out as it went in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.model.times import EPOCH, LONDON, format_utc, london_day, microseconds_between, parse_utc
from tests.strategies import moments

offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_a_time_written_and_read_is_the_same(moment: datetime) -> None:
    text = format_utc(moment)
    assert text.endswith("Z")
    assert parse_utc(text) == moment
    assert parse_utc(text).tzinfo is UTC


@given(moments, offsets)
def test_an_offset_is_the_same_moment(moment: datetime, zone: timezone) -> None:
    there = moment.astimezone(zone)
    assert parse_utc(there.isoformat()) == moment
    assert format_utc(there) == format_utc(moment)


@given(moments)
def test_a_time_without_a_zone_is_refused(moment: datetime) -> None:
    naive = moment.replace(tzinfo=None)
    with pytest.raises(ValueError, match="with a zone"):
        parse_utc(naive.isoformat())
    with pytest.raises(ValueError, match="has no zone"):
        format_utc(naive)


@given(moments, st.integers(-(10**12), 10**12))
def test_microseconds_are_counted_from_start_to_end(start: datetime, count: int) -> None:
    try:
        end = start + timedelta(microseconds=count)
    except OverflowError:
        return
    assert microseconds_between(start, end) == count


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-05-02T13:42:15Z", "2026-05-02T13:42:15Z"),
        ("2026-05-02T14:42:15+01:00", "2026-05-02T13:42:15Z"),
        ("2026-05-02T13:42Z", "2026-05-02T13:42:00Z"),
        ("2026-05-02T13:42:15.5Z", "2026-05-02T13:42:15.500000Z"),
        ("2026-05-02T13:42:15.000001Z", "2026-05-02T13:42:15.000001Z"),
        ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
    ],
)
def test_times_by_example(text: str, written: str) -> None:
    assert format_utc(parse_utc(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-05-02",
        "2026-05-02T13:42:15",
        "2026-05-02 13:42:15Z",
        "2026-05-02T13:42:15z",
        "20260502T134215Z",
        "2026-05-02T13Z",
        "2026-05-02T13:42:15.1234567Z",
        "2026-05-02T13:42:15+0100",
        "2026-05-02T13:42:15 Z",
        "2026-05-02T13:42:15Z\n",
        " 2026-05-02T13:42:15Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-05-02T24:00:01Z",
        "2026-05-02T13:60:00Z",
        "2026-05-02T13:42:60Z",
        "2026-05-02T13:42:15+99:99",
        "٢٠٢٦-05-02T13:42:15Z",
        "now",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_utc(text)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"]
)
def test_a_time_that_some_zone_could_not_show_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        parse_utc(text)


def test_london_is_an_hour_ahead_in_summer() -> None:
    assert parse_utc("2026-07-01T12:00:00Z").astimezone(LONDON).hour == 13
    assert parse_utc("2026-01-01T12:00:00Z").astimezone(LONDON).hour == 12
    assert microseconds_between(EPOCH, parse_utc("1970-01-01T00:00:01Z")) == 1_000_000


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-05-02T22:59:59Z", "2026-05-02"),
        ("2026-05-02T23:00:00Z", "2026-05-03"),  # summer: an hour ahead of UTC
        ("2026-12-02T23:59:59Z", "2026-12-02"),
        ("2026-12-03T00:00:00Z", "2026-12-03"),
    ],
)
def test_the_day_in_london(moment: str, day: str) -> None:
    assert london_day(parse_utc(moment)).isoformat() == day
    assert london_day(parse_utc(moment).astimezone(timezone(timedelta(hours=-9)))).isoformat() == day
