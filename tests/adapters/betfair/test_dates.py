"""The ``Date`` of answers against our clock: what is certain is told, and a slow answer is no doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from policytrader.adapters.betfair.dates import DateWatch
from policytrader.adapters.betfair.exchange import BetfairExchange
from policytrader.adapters.betfair.wire import Wire
from policytrader.adapters.clocks import SystemClock
from policytrader.errors import ExchangeError
from tests.adapters.betfair.scripted import Handler, Scripted, credentials, raw, result

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)
FUNDS = {"availableToBetBalance": 100.0, "exposure": 0.0, "exposureLimit": -1000.0}


class Times:
    """A wall clock and a monotonic one, moved by a test."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NOON, 100.0

    def pass_(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.monotonic += seconds

    def watch(self) -> DateWatch:
        return DateWatch(lambda: self.wall, read_monotonic=lambda: self.monotonic)


def seen(watch: DateWatch, times: Times, date: datetime, takes: float = 0.0) -> None:
    sent_at = watch.sending()
    times.pass_(takes)
    watch.saw(format_datetime(date, usegmt=True), sent_at)


@pytest.mark.parametrize(
    ("date", "takes", "ahead"),
    [
        (NOON, 0.0, 0.0),
        (NOON - timedelta(seconds=1), 0.0, 0.0),  # a date names a whole second
        (NOON - timedelta(seconds=3), 0.0, 2.0),
        (NOON + timedelta(seconds=3), 0.0, -3.0),
        (NOON, 16.0, 0.0),  # of the moment it was asked
        (NOON + timedelta(seconds=16), 16.0, 0.0),  # of the moment it came
        (NOON - timedelta(hours=1), 16.0, 3599.0),
        (NOON + timedelta(hours=1), 16.0, -3584.0),
    ],
)
def test_what_is_certain(date: datetime, takes: float, ahead: float) -> None:
    times = Times()
    watch = times.watch()
    assert watch.skew() is None
    seen(watch, times, date, takes)
    assert watch.skew() == timedelta(seconds=ahead)


def test_between_answers_time_passes_by_the_monotonic_clock() -> None:
    times = Times()
    watch = times.watch()
    seen(watch, times, NOON)
    times.pass_(120)
    assert watch.skew() == timedelta()
    times.wall += timedelta(seconds=30)
    assert watch.skew() == timedelta(seconds=29)
    seen(watch, times, times.wall)
    assert watch.skew() == timedelta()
    times.wall -= timedelta(seconds=30)
    assert watch.skew() == timedelta(seconds=-30)


@pytest.mark.parametrize(
    "header", [None, "", "yesterday", "Sat, 02 May 2026 25:00:00 GMT", "Sat, 02 May 2026 12:00:00"]
)
def test_what_is_no_date_tells_nothing(header: str | None) -> None:
    times = Times()
    watch = times.watch()
    watch.saw(header, watch.sending())
    assert watch.skew() is None
    seen(watch, times, NOON - timedelta(seconds=11))
    watch.saw(header, watch.sending())
    assert watch.skew() == timedelta(seconds=10)


# --- Over real sockets ----------------------------------------------------------------------------------------------


@pytest.fixture
def watched(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Wire, DateWatch, list[timedelta]]]:
    """A wire by the system's clock, the watch on its answers, and by how much the server's clock is wrong."""
    clock, wrong = SystemClock(), [timedelta()]

    def date(_: Handler, __: Any = None) -> str:
        return format_datetime(clock.now() + wrong[0], usegmt=True)

    monkeypatch.setattr(Handler, "date_time_string", date)
    dates = DateWatch(clock.now)
    with Wire(server.endpoints(), credentials(), clock, dates=dates) as wire:
        yield wire, dates, wrong


@pytest.mark.parametrize("seconds", [-3600, -8, 8, 3600])
def test_a_wrong_date_is_seen(seconds: int, watched: tuple[Wire, DateWatch, list[timedelta]], server: Scripted) -> None:
    wire, dates, wrong = watched
    server.script.extend([result(FUNDS), result(FUNDS), raw(503, b"later")])
    BetfairExchange(wire).funds()
    found = dates.skew()
    assert found is not None
    assert abs(found) < timedelta(seconds=3)
    wrong[0] = timedelta(seconds=seconds)
    BetfairExchange(wire).funds()
    found = dates.skew()
    assert found is not None
    # Ours is behind where theirs is ahead.
    assert abs(found + wrong[0]) < timedelta(seconds=3)
    wrong[0] = timedelta()
    with pytest.raises(ExchangeError):
        BetfairExchange(wire).funds()
    found = dates.skew()
    assert found is not None
    assert abs(found) < timedelta(seconds=3)
