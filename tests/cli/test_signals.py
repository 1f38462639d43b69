"""SIGINT and SIGTERM while a command works."""

from __future__ import annotations

import signal

import pytest

from policytrader.cli.signals import STOPPING, StopFlag, stopped_by_signals


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    before = {one: signal.getsignal(one) for one in STOPPING}
    stop = StopFlag()
    with stopped_by_signals(stop.handle):
        assert not stop()
        signal.raise_signal(number)
        assert stop()
        # A second one of the kind ends at once; the other kind still asks.
        assert [signal.getsignal(one) == signal.SIG_DFL for one in STOPPING] == [one == number for one in STOPPING]
    assert {one: signal.getsignal(one) for one in STOPPING} == before


def test_handlers_come_back_after_an_error() -> None:
    before = {one: signal.getsignal(one) for one in STOPPING}
    with pytest.raises(ZeroDivisionError), stopped_by_signals(lambda *_: None):
        _ = 1 // 0
    assert {one: signal.getsignal(one) for one in STOPPING} == before
