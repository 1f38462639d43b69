"""A generated race day: markets, prices, withdrawals, results, all from one seed, byte for byte the same everywhere.

It is made to look like what was recorded, and simpler: races go off late and never early, there are no dead heats, and
a runner's price follows the race's opinion and nothing that an account does.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.simulation.events import Event, Redefine
from policytrader.simulation.race_card import Race, day_start, draw_card
from policytrader.simulation.race_chance import Chance
from policytrader.simulation.race_timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

MOST_RACES = 60


@dataclass(frozen=True, slots=True)
class RaceDay:
    """One day. ``now`` is its start in the morning, aware UTC; ``races`` stand in the order of their scheduled off."""

    seed: int
    now: datetime
    races: tuple[Race, ...]

    def feed(self) -> Iterator[Event]:
        """All events in order of time, made as they are asked for; each call begins the day anew.

        First every market appears, WIN before PLACE, then a quote of each runner, all of it at ``now``.
        """
        for race in self.races:
            yield Redefine(self.now, race.win)
            yield Redefine(self.now, race.place)
        timelines = (Timeline(self.seed, race, self.now).events() for race in self.races)
        yield from heapq.merge(*timelines, key=_time_of)


def generate_race_day(seed: int, races: int = 6, day: date | None = None) -> RaceDay:
    """The race day of a seed, with 1 to 60 races of 4 to 24 runners; raises ``ValueError`` for another number of races.

    It is run on ``day``, else on some day in summer. The markets, events and runners of two given days have ids of
    their own.

    A day of 6 races or more has a race that goes from 8 runners to 7 and one that loses a runner at a short price. One
    of 12 races or more also has runners with a PLACE factor under 4.0 and a WIN factor under 2.5.
    """
    if not 1 <= races <= MOST_RACES:
        message = f"a race day has 1 to {MOST_RACES} races, not {races}"
        raise ValueError(message)
    chance = Chance("race day", seed, races)
    now = day_start(chance, day)
    return RaceDay(seed, now, draw_card(seed, races, now, chance, day))


def _time_of(event: Event) -> datetime:
    return event.at
