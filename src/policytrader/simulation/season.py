"""A generated season: a race day on each of a number of consecutive days, all from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from policytrader.simulation.race_chance import Chance
from policytrader.simulation.race_day import MOST_RACES, RaceDay, generate_race_day

MOST_DAYS = 5_000
FIRST_DAY = date(2026, 5, 1)
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Season:
    """``races`` a day from ``first_day`` on. No market, event or runner of two days has the same id."""

    seed: int
    days: int
    races: int
    first_day: date = FIRST_DAY

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a season that cannot be."""
        if not 1 <= self.days <= MOST_DAYS:
            message = f"a season has 1 to {MOST_DAYS:,} days, not {self.days}"
            raise ValueError(message)
        if not 1 <= self.races <= MOST_RACES:
            message = f"a race day has 1 to {MOST_RACES} races, not {self.races}"
            raise ValueError(message)
        if not _EARLIEST <= self.first_day <= _LATEST - timedelta(days=self.days - 1):
            message = f"a season lies between {_EARLIEST} and {_LATEST}"
            raise ValueError(message)

    @property
    def dates(self) -> tuple[date, ...]:
        """Its days in order."""
        return tuple(self.first_day + timedelta(days=number) for number in range(self.days))

    def race_day(self, day: date) -> RaceDay:
        """One day, the same whichever others are made, and however long the season is."""
        seed = Chance("season", self.seed, day.isoformat()).whole(0, 2**53 - 1)
        return generate_race_day(seed, self.races, day)
