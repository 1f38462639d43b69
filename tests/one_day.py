"""The day that tests of stores and reports are about: its account, its morning, its first race."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

ACCOUNT = "trader"
DAY = date(2026, 5, 2)
AT = datetime(2026, 5, 2, 8, 2, 11, tzinfo=UTC)
OFF = datetime(2026, 5, 2, 14, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
