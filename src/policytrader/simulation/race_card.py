"""The card of a generated race day: meetings, races, runners and both markets of each race."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from policytrader.model.times import LONDON, london_day
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition
from policytrader.simulation.race_chance import Chance
from policytrader.simulation.race_names import (
    COURSES,
    FIRST_WORDS,
    FLAT_KINDS,
    JOCKEYS,
    JUMP_KINDS,
    SECOND_WORDS,
    TRAINERS,
    Course,
    RaceKind,
    day_name,
    distance_name,
)
from policytrader.simulation.race_plan import Plan, Withdrawals, plan_race
from policytrader.simulation.race_prices import place_chances

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIRST_DAY = date(2026, 5, 1)
_DAYS = 120  # all of them in British Summer Time, the flat season's
_RACES_PER_MEETING = 7
# Ids of given days: each has its own part of the numbers, large enough for the steps that are drawn.
_DAY_ZERO = date(2000, 1, 1)
_IDS_IN_BLOCK = 20_000
_FIRST_MARKET, _MARKETS_OF_DAY = 240_000_000, 1_200
_FIRST_EVENT, _EVENTS_OF_DAY = 34_000_000, 400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HORSE_RACING = "7"
_BASE_RATE = Decimal(5)
_RACES_FOR_WITHDRAWALS, _RACES_FOR_OUTSIDERS = 6, 12
_FEWEST, _MOST = 4, 24
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One race: its markets as they are at the start of the day, and what will happen unless somebody interferes.

    ``chances`` are the runners' chances to win at the start of the day, in the order of the card; ``plan`` counts in
    milliseconds after it.
    """

    number: int
    win: MarketDefinition
    place: MarketDefinition
    furlongs: int
    is_over_jumps: bool
    chances: tuple[float, ...]
    plan: Plan

    @property
    def course(self) -> str:
        """Where it is run."""
        return self.win.venue or self.win.event_name

    @property
    def start(self) -> datetime:
        """The off as scheduled in the morning."""
        return self.win.start


class _Slot(NamedTuple):
    """A race before it has runners."""

    start: datetime
    event_id: str
    course: Course
    open_date: datetime


class _Wish(NamedTuple):
    """What one race of the day has to show."""

    runners: tuple[int, int] | None = None
    withdrawals: Withdrawals = Withdrawals.ANY
    has_outsiders: bool = False


class Identities:
    """Names and ids that no two runners or markets of a day share; ids of given days differ from day to day too."""

    def __init__(self, chance: Chance, day: date | None = None) -> None:
        self._chance = chance
        self._names = iter(chance.shuffled(f"{first} {second}" for first in FIRST_WORDS for second in SECOND_WORDS))
        ids = chance.shuffled(chance.whole(0, _IDS_IN_BLOCK - 1) + _IDS_IN_BLOCK * block for block in range(500, 2500))
        self._market = _FIRST_MARKET + chance.whole(0, 9_000_000)
        self._version = 6_600_000_000 + chance.whole(0, 99_999_999)
        if day is not None:
            number = (day - _DAY_ZERO).days
            # One id of each block for each day; the factor, which shares no divisor with a block, spreads them.
            ids = [one - one % _IDS_IN_BLOCK + number * 7919 % _IDS_IN_BLOCK for one in ids]
            self._market = _FIRST_MARKET + _MARKETS_OF_DAY * number
        self._selection_ids = iter(ids)

    def runner(self) -> tuple[int, str]:
        """A selection id and a name."""
        return next(self._selection_ids), next(self._names)

    def market(self) -> tuple[str, int]:
        """A market id and a first version."""
        self._market += self._chance.whole(1, 9)
        self._version += self._chance.whole(2, 4000)
        return f"1.{self._market}", self._version


def day_start(chance: Chance, day: date | None = None) -> datetime:
    """The morning of the ``day``, else of some day in summer, aware UTC."""
    drawn = _FIRST_DAY + timedelta(days=chance.whole(0, _DAYS - 1))
    return _london(day or drawn, 9 * 60 + 5 * chance.whole(0, 11))


def draw_card(seed: int, races: int, now: datetime, chance: Chance, day: date | None = None) -> tuple[Race, ...]:
    """All races of the day in order of their start. Of a given ``day``, no other given day has the ids."""
    slots = sorted(_slots(chance, races, now, day))
    wishes = _wishes(chance, races)
    identities = Identities(chance, day)
    return tuple(
        _race(Chance("race card", seed, number), number, now, slot, wishes.get(number, _Wish()), identities)
        for number, slot in enumerate(slots, 1)
    )


def _london(day: date, minutes: int) -> datetime:
    from_midnight = datetime.combine(day, time(minutes // 60, minutes % 60), LONDON)
    return from_midnight.astimezone(UTC)


def _slots(chance: Chance, races: int, now: datetime, given: date | None) -> Iterator[_Slot]:
    day = london_day(now)
    meetings = -(-races // _RACES_PER_MEETING)
    courses = chance.shuffled(COURSES)
    event = _FIRST_EVENT + chance.whole(0, 900_000)
    if given is not None:
        event = _FIRST_EVENT + _EVENTS_OF_DAY * (given - _DAY_ZERO).days
    for meeting in range(meetings):
        count = races // meetings + (meeting < races % meetings)
        event += chance.whole(1, 40)
        # Every third meeting is run in the evening.
        first = (16 * 60 + 30 if meeting % 3 == 2 else 12 * 60 + 30) + 5 * chance.whole(0, 18)  # noqa: PLR2004
        gap = chance.pick((30, 35))
        starts = [_london(day, first + gap * index) for index in range(count)]
        for start in starts:
            yield _Slot(start, str(event), courses[meeting], starts[0])


def _wishes(chance: Chance, races: int) -> dict[int, _Wish]:
    """What the day promises, and the races that keep it; see ``generate_race_day``."""
    numbers = chance.shuffled(range(1, races + 1))
    wishes = {}
    if races >= _RACES_FOR_WITHDRAWALS:
        wishes[numbers[0]] = _Wish((8, 8), Withdrawals.ONE)
        wishes[numbers[1]] = _Wish((9, 12), Withdrawals.SHORT_PRICE)
    if races >= _RACES_FOR_OUTSIDERS:
        wishes[numbers[2]] = _Wish((14, 16), has_outsiders=True)
    return wishes


def _race(chance: Chance, number: int, now: datetime, slot: _Slot, wish: _Wish, identities: Identities) -> Race:
    kinds = JUMP_KINDS if slot.course.over_jumps else FLAT_KINDS
    most = max(kind.most_runners for kind in kinds)
    low, high = (min(most, size) for size in wish.runners or _field_sizes(chance))
    kind = chance.pick([kind for kind in kinds if kind.most_runners >= high])
    count = chance.whole(low, high)
    furlongs = chance.pick(kind.furlongs)
    chances = _chances(chance, count, has_outsiders=wish.has_outsiders)
    places = number_of_places(count, is_handicap=kind.is_handicap)
    draws = chance.shuffled(range(1, count + 1))
    runners = [_runner(chance, cloth, *identities.runner(), kind, draw) for cloth, draw in enumerate(draws, 1)]
    win, place = (
        MarketDefinition(
            market_id=market_id,
            event_id=slot.event_id,
            event_name=_event_name(slot),
            event_type_id=_HORSE_RACING,
            market_type=market_type,
            name=name,
            start=slot.start,
            venue=slot.course.name,
            country_code=slot.course.country,
            timezone="Europe/London",
            number_of_winners=winners,
            runners=_with_factors(runners, factors),
            version=version,
            base_rate=_BASE_RATE,
            open_date=slot.open_date,
            regulators=("MR_INT",),
            race_type=kind.race_type,
        )
        for market_type, name, winners, factors, (market_id, version) in (
            ("WIN", f"{distance_name(furlongs)} {kind.words}", 1, _win_factors(chances), identities.market()),
            ("PLACE", "To Be Placed", places, _place_factors(chance, chances, places), identities.market()),
        )
    )
    plan = plan_race(chance, (slot.start - now) // _MILLISECOND, chances, wish.withdrawals)
    return Race(
        number=number,
        win=win,
        place=place,
        furlongs=furlongs,
        is_over_jumps=slot.course.over_jumps,
        chances=chances,
        plan=plan,
    )


def number_of_places(runners: int, *, is_handicap: bool) -> int:
    """How many places a PLACE market pays, by the size of the field when it was loaded."""
    if runners >= 16 and is_handicap:  # noqa: PLR2004
        return 4
    return 3 if runners >= 8 else 2  # noqa: PLR2004


def _event_name(slot: _Slot) -> str:
    day = slot.open_date.astimezone(LONDON)
    return f"{slot.course.name} {day_name(day.day)} {_MONTHS[day.month - 1]}"


def _field_sizes(chance: Chance) -> tuple[int, int]:
    return chance.pick(((_FEWEST, 6), (5, 8), (7, 10), (8, 12), (9, 14), (10, 16), (14, 18), (16, _MOST)))


def _chances(chance: Chance, count: int, *, has_outsiders: bool) -> tuple[float, ...]:
    """Chances to win: one or two fancied, a middle, some without much hope."""
    weights = [0.04 + draw * draw for draw in (chance.draw() for _ in range(count))]
    if has_outsiders:
        total = fsum(weights)
        weights[-1], weights[-2] = 0.004 * total, 0.012 * total
    total = fsum(weights)
    return tuple(weight / total for weight in weights)


def _win_factors(chances: Sequence[float]) -> list[Decimal]:
    """In percent, in proportion to the chance to win: about 100 in all."""
    return [Decimal(int(10_000 * one + 0.5)).scaleb(-2) for one in chances]


def _place_factors(chance: Chance, chances: Sequence[float], places: int) -> list[Decimal]:
    """In percent, in proportion to the chance to be placed: 43.5 to 45.5 for each place, so 130 to 137 for three."""
    scale = chance.between(43.5, 45.5) * 1000
    return [Decimal(int(scale * one + 0.5)).scaleb(-3) for one in place_chances(chances, places)]


def _with_factors(runners: Sequence[RunnerDefinition], factors: Sequence[Decimal]) -> tuple[RunnerDefinition, ...]:
    return tuple(replace(runner, adjustment_factor=one) for runner, one in zip(runners, factors, strict=True))


def _runner(chance: Chance, cloth: int, selection_id: int, name: str, kind: RaceKind, draw: int) -> RunnerDefinition:
    over_jumps = kind.race_type != "Flat"
    facts = {
        "AGE": str(chance.whole(4, 11) if over_jumps else chance.whole(2, 8)),
        "CLOTH_NUMBER": str(cloth),
        "CLOTH_NUMBER_ALPHA": str(cloth),
        "COLOUR_TYPE": chance.pick(("b", "br", "ch", "gr")),
        "DAYS_SINCE_LAST_RUN": str(chance.whole(5, 240)),
        "FORM": "".join(chance.pick("1234567890-") for _ in range(chance.whole(2, 6))).strip("-") or "0",
        "JOCKEY_NAME": chance.pick(JOCKEYS),
        "OFFICIAL_RATING": str(chance.whole(45, 145)),
        "SEX_TYPE": chance.pick("cfghm"),
        "TRAINER_NAME": chance.pick(TRAINERS),
        "WEIGHT_UNITS": "pounds",
        "WEIGHT_VALUE": str(chance.whole(140, 166) if over_jumps else chance.whole(114, 140)),
        "runnerId": str(selection_id),
    }
    if not over_jumps:
        facts["STALL_DRAW"] = str(draw)
    return RunnerDefinition(
        selection_id=selection_id, name=name, sort_priority=cloth, metadata=tuple(sorted(facts.items()))
    )
