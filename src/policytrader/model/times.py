"""Times: aware ``datetime`` in UTC inside, ISO 8601 with ``Z`` in files, Europe/London on screens."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date

LONDON = ZoneInfo("Europe/London")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
# A day inside of the calendar's ends: every zone can show what lies between.
_FIRST, _LAST = (
    datetime.min.replace(tzinfo=UTC) + timedelta(days=1),
    datetime.max.replace(tzinfo=UTC) - timedelta(days=1),
)

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


def parse_utc(text: str) -> datetime:
    """An ISO 8601 time with ``Z`` or an offset, in UTC. Raises ``ValueError``: a time without a zone is a guess."""
    if not _ISO.fullmatch(text):
        message = "not an ISO 8601 time with a zone, such as 2026-05-02T13:42:15Z"
        raise ValueError(message)
    moment = datetime.fromisoformat(text)
    if not _FIRST <= moment <= _LAST:
        message = "outside of the calendar"
        raise ValueError(message)
    return moment.astimezone(UTC)


def format_utc(moment: datetime) -> str:
    """``2026-05-02T13:42:15Z``; a fraction of a second is kept where there is one.

    Raises ``ValueError`` for a time without a zone: which moment it means would be a guess.
    """
    if moment.tzinfo is None:
        message = f"{moment} has no zone"
        raise ValueError(message)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def london_day(moment: datetime) -> date:
    """The date in London: the day of a race as a newspaper has it, and of what is traded. ``moment`` has a zone."""
    return moment.astimezone(LONDON).date()


def microseconds_between(start: datetime, end: datetime) -> int:
    """Whole microseconds from ``start`` to ``end``; negative when ``end`` comes first."""
    return (end - start) // MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Microseconds since 1970 as an aware UTC time."""
    return EPOCH + value * MICROSECOND
