"""Kick-offs with a year, without one, and by today and tomorrow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policytrader.app.alerts.kickoff import KickOff, message_day, read_kick_off, without_kick_off

SENT = date(2026, 3, 6)


@pytest.mark.parametrize(
    ("text", "day", "at"),
    [
        ("Sat, 24 May 2025 18:45", date(2025, 5, 24), time(18, 45)),
        ("24 May 2025, 18:45", date(2025, 5, 24), time(18, 45)),
        ("24th September 2025 at 08:05", date(2025, 9, 24), time(8, 5)),
        ("2025-05-24 18:45", date(2025, 5, 24), time(18, 45)),
        ("2025-05-24T18:45:00Z", date(2025, 5, 24), time(18, 45)),
        ("24 May 2025", date(2025, 5, 24), None),
        ("03 Dec 20:15", date(2026, 12, 3), time(20, 15)),
        ("07 Mar 15:00", date(2026, 3, 7), time(15, 0)),
        ("today 20:00", SENT, time(20, 0)),
        ("tonight", SENT, None),
        ("Tomorrow, 20:00", date(2026, 3, 7), time(20, 0)),
        ("20:00", None, time(20, 0)),
        ("31 Feb 2025 18:45", None, time(18, 45)),
    ],
)
def test_read(text: str, day: date | None, at: time | None) -> None:
    assert read_kick_off(text, SENT) == KickOff(day, at)


@pytest.mark.parametrize(
    "text", ["", "soon", "24/05/2025", "Over 1.5 Marked shots", "over 1.5 may happen", "99:99", "1.5 Dec"]
)
def test_what_is_no_kick_off(text: str) -> None:
    assert read_kick_off(text, SENT) is None


@pytest.mark.parametrize(
    ("text", "sent", "day"),
    [
        # The message's day less one is the first that counts: it may be yesterday where the reader is.
        ("06 Mar", date(2026, 3, 6), date(2026, 3, 6)),
        ("05 Mar", date(2026, 3, 6), date(2026, 3, 5)),
        ("04 Mar", date(2026, 3, 6), date(2027, 3, 4)),
        ("02 Jan", date(2025, 12, 30), date(2026, 1, 2)),
        ("31 Dec", date(2026, 1, 1), date(2025, 12, 31)),
        ("29 Feb", date(2026, 3, 6), date(2028, 2, 29)),
        ("29 Feb", date(2096, 3, 6), date(2104, 2, 29)),
        ("30 Feb", date(2026, 3, 6), None),
        ("03 Dec", None, None),
        ("today", None, None),
        ("tomorrow", None, None),
        ("01 Jan", date.max, None),
        ("tomorrow", date.max, None),
        ("01 Jan", date.min, date.min),
    ],
)
def test_the_year_comes_from_the_message(text: str, sent: date | None, day: date | None) -> None:
    assert read_kick_off(f"{text} 20:15", sent) == KickOff(day, time(20, 15))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-1, 360))
def test_a_day_without_a_year_comes_within_a_year(sent: date, ahead: int) -> None:
    day = sent + timedelta(days=ahead)
    found = read_kick_off(f"{day:%d %b} 15:00", sent)
    assert found == KickOff(day, time(15, 0))


def test_the_rest_of_a_line() -> None:
    assert without_kick_off("Marín O 1.5 Shots tomorrow 20:00").split() == ["Marín", "O", "1.5", "Shots"]


def test_the_day_of_a_message() -> None:
    assert message_day(datetime(2026, 3, 6, 23, 30, tzinfo=UTC)) == SENT
    assert message_day(SENT) == SENT
    assert message_day("2026-03-06") is None
    assert message_day(None) is None
