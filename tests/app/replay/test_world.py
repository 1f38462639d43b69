"""The simulated exchange of a replay, which is told of a runner when somebody looks at it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from policytrader.app.replay.world import ReplayWorld
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.snapshot import MarketStatus, RunnerStatus
from policytrader.simulation.race_day import generate_race_day
from policytrader.simulation.tape import Kind, Tape
from tests.app.replay.recorder import record_races

SECOND = 1_000_000


@pytest.mark.parametrize("how", ["removed", "closed"])
@pytest.mark.parametrize("looks", [(3, 5), (1, 3, 5), (5,), (3, 9)])
def test_a_runner_that_is_out_shows_nothing(how: str, looks: tuple[int, ...]) -> None:
    """Whenever it was looked at before: what was quoted since is told together with its end, and only its price stays.

    It is quoted 1, 2 and 4 s after the first definition and, which nobody hears, after the second, at 5 s.
    """
    made = generate_race_day(4, 1)
    market_id, gone = made.races[0].win.market_id, made.races[0].win.runners[0].selection_id
    (race,) = record_races(made.feed())
    (begin, _, first), *_ = race.markets[market_id].definitions
    if how == "removed":
        runners = [replace(one, status=RunnerStatus.REMOVED) for one in first.runners if one.selection_id == gone]
        second = replace(first, runners=(*runners, *(one for one in first.runners if one.selection_id != gone)))
    else:
        second = replace(first, status=MarketStatus.CLOSED)
    tape = Tape(
        at=np.array([begin + seconds * SECOND for seconds in (1, 2, 4, 4, 7)], np.int64),
        number=np.array([1, 2, 3, 3, 5], np.int64),
        kind=np.array([Kind.BACK, Kind.LAY, Kind.BACK, Kind.LAST_TRADED, Kind.BACK], np.int64),
        tick=np.array([10, 40, 11, -1, 12], np.int64),
        pennies=np.array([500, 600, 700, 123, 800], np.int64),
    )
    record = race.markets[market_id]
    record = replace(
        record,
        definitions=[(begin, 0, first), (begin + 5 * SECOND, 4, second)],
        runners={gone: replace(record.runners[gone], read_tape=lambda: tape)},
    )
    world = ReplayWorld(begin, {market_id: record}, MINIMUM_SIZES["GBP"])
    shown = []
    for seconds in looks:
        at = begin + seconds * SECOND
        world.advance(at)
        book = world.look(market_id, gone, at)
        assert book is not None
        assert bool(book.back) == (seconds < 5)
        shown.append((dict(book.back), dict(book.lay), book.last_traded))
    assert shown[-1] == ({}, {}, Decimal("1.23"))
