"""Kick-offs as alerts write them: ``Sat, 24 May 2025 18:45``, ``03 Dec 20:15``, ``today 20:00``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DAY = timedelta(days=1)
# 29 February comes again after four years, or after eight around a century's end.
_YEARS_AHEAD = 8

_TIME = r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
_WRITTEN = re.compile(
    rf"(?<![0-9.,/])(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?\s+(?P<month>{_MONTH})\b\.?,?"
    rf"(?:\s+(?P<year>[0-9]{{4}})\b,?)?(?:\s+(?:at\s+)?{_TIME}(?![0-9:]))?",
    re.ASCII | re.IGNORECASE,
)
_ISO = re.compile(
    rf"\b(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[T\s]+{_TIME}(?![0-9]))?", re.ASCII
)
_NEAR = re.compile(r"\b(?P<word>today|tonight|tomorrow)\b", re.IGNORECASE)
_ONLY_TIME = re.compile(rf"(?<![0-9:.]){_TIME}(?![0-9:])", re.ASCII)


@dataclass(frozen=True, slots=True)
class KickOff:
    """A day and a time of day, in the zone of whoever wrote it; None for what was not said or cannot be known."""

    day: date | None = None
    at: time | None = None


def read_kick_off(text: str, message_day: date | None) -> KickOff | None:
    """The kick-off in a text, or None where there is none.

    A day without a year is the next such day on or after the day before the message's; without a message's day it
    stays unknown, as today and tomorrow do.
    """
    if found := _ISO.search(text):
        return KickOff(_calendar_day(int(found["year"]), int(found["month"]), int(found["day"])), _time(found))
    if found := _WRITTEN.search(text):
        month, day = _MONTHS.index(found["month"][:3].casefold()) + 1, int(found["day"])
        if found["year"] is not None:
            return KickOff(_calendar_day(int(found["year"]), month, day), _time(found))
        return KickOff(_next_day(month, day, message_day), _time(found))
    at = _ONLY_TIME.search(text)
    if found := _NEAR.search(text):
        return KickOff(_near_day(found["word"], message_day), _time(at))
    return KickOff(None, _time(at)) if at is not None else None


def without_kick_off(text: str) -> str:
    """The text without what ``read_kick_off`` reads in it."""
    for pattern in (_ISO, _WRITTEN, _NEAR, _ONLY_TIME):
        text = pattern.sub(" ", text)
    return text


def message_day(sent: Any) -> date | None:
    """The day of a message's time; None for what is no time."""
    if isinstance(sent, datetime):
        return sent.date()
    return sent if isinstance(sent, date) else None


def _next_day(month: int, day: int, sent: date | None) -> date | None:
    if sent is None:
        return None
    # Whoever reads late in the evening may be a day ahead of the sender.
    first = sent - _DAY if sent > date.min else sent
    days = (_calendar_day(sent.year + ahead, month, day) for ahead in range(-1, _YEARS_AHEAD + 1))
    return next((one for one in days if one is not None and one >= first), None)


def _near_day(word: str, sent: date | None) -> date | None:
    if sent is None or word.casefold() != "tomorrow":
        return sent
    return sent + _DAY if sent < date.max else None


def _calendar_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _time(found: re.Match[str] | None) -> time | None:
    return time(int(found["hour"]), int(found["minute"])) if found is not None and found["hour"] is not None else None
