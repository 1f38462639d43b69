"""Clocks: jumps of the wall are seen, and an exchange's time is its own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from policytrader.adapters.clocks import ExchangeClock, SystemClock
from policytrader.errors import ExchangeError, UsageError
from policytrader.waiting import rest
from policytrader.wiring import serve_race_day

NOON = datetime(2026, 5, 2, 12, 0, tzinfo=UTC)


class Times:
    """Two sources of time, moved by a test."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NOON, 100.0

    def clock(self) -> SystemClock:
        return SystemClock(read_wall=lambda: self.wall, read_monotonic=lambda: self.monotonic)


@pytest.mark.parametrize("hours", [1, -1])
def test_a_jump_is_told_once(hours: int) -> None:
    times = Times()
    clock = times.clock()
    times.wall += timedelta(seconds=15)
    times.monotonic += 15
    assert clock.take_jump() == timedelta()
    times.wall += timedelta(hours=hours, seconds=15)
    times.monotonic += 15
    assert clock.take_jump() == timedelta(hours=hours)
    assert clock.take_jump() == timedelta()
    assert clock.now() == times.wall


def test_a_wait_ends_when_somebody_wants_to_stop() -> None:
    before = SystemClock().now()
    SystemClock(lambda: True).wait(3600)
    assert SystemClock().now() - before < timedelta(seconds=60)


def test_the_time_of_an_exchange() -> None:
    server = serve_race_day(3, 1)
    server.start()
    try:
        clock = ExchangeClock(server.announcement["control"])
        before = clock.now()
        assert before == clock.now()
        waiting = threading.Thread(target=clock.wait, args=(60,))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        server.host.advance(timedelta(seconds=60))
        waiting.join(20)
        assert not waiting.is_alive()
        assert clock.now() == before + timedelta(seconds=60)
        assert clock.take_jump() == timedelta()
        clock.close()
    finally:
        server.stop()
    with pytest.raises(ExchangeError, match="does not answer"):
        clock.now()


def test_an_exchange_whose_time_we_move() -> None:
    server = serve_race_day(3, 1)
    server.start()
    try:
        clock, other = (ExchangeClock(server.announcement["control"], moves=moves) for moves in (True, False))
        before = clock.now()
        clock.wait(0.5)
        clock.wait(90)
        assert clock.now() == other.now() == server.host.now() == before + timedelta(seconds=90.5)
        # What somebody else does to the time is seen too, a moment later.
        server.host.advance(timedelta(seconds=7))
        rest(0.3)
        assert clock.now() == before + timedelta(seconds=97.5)
        with pytest.raises(ExchangeError, match="cannot be moved on \\(HTTP 400\\)"):
            clock.wait(-1)
    finally:
        server.stop()
    with pytest.raises(ExchangeError, match="cannot be moved on"):
        clock.wait(1)


def test_a_clock_elsewhere_is_refused() -> None:
    for address in ("https://api.betfair.com/control/", "control", "http://[/"):
        with pytest.raises(UsageError, match="not on this machine"):
            ExchangeClock(address)
