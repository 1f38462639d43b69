"""Contenders: the horses of a race that a trader thinks can win it, and what value their prices are.

The price ("SP") is the one that stands now in the race's WIN market: the exchange's starting price once it is known,
else the best back price, else the last traded one; an in-play price is none. Where none of these can be had it is the
price that was kept when the horse was marked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from policytrader.app.race_names import HorseName, find_race, find_runner, not_found
from policytrader.errors import Diagnostic, Place, UsageError
from policytrader.model.money import ONE, ZERO, divide
from policytrader.model.records import Contender
from policytrader.model.snapshot import MarketStatus, RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from policytrader.app.race_names import Race
    from policytrader.model.books import CatalogueRunner, LiveMarket, LiveRunner
    from policytrader.model.records import RunnerPrices
    from policytrader.ports import PriceFeed

STARTING, BACK, TRADED, MARKED = "starting price", "best back", "last traded", "as marked"
"""Where a price comes from."""

_HAS_RUN = frozenset({RunnerStatus.WINNER, RunnerStatus.LOSER, RunnerStatus.PLACED})
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a trader said of one horse: by course and name, or by the exchange's ids. ``place`` is where it stands."""

    is_contender: bool
    race_time: datetime | None = None
    course: str | None = None
    race_id: str | None = None
    horse: str | None = None
    selection_id: int | None = None
    place: Place

    @property
    def name(self) -> HorseName:
        """What is looked up in the catalogue."""
        return HorseName(
            market_id=self.race_id,
            race_time=self.race_time,
            course=self.course,
            selection_id=self.selection_id,
            horse=self.horse,
        )


class PriceNow(NamedTuple):
    """One horse's price and where it comes from; ``is_out`` for a horse that was withdrawn."""

    price: Decimal | None = None
    source: str | None = None
    is_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One line of the value table: probabilities and odds to more than twenty digits, to be rounded when shown."""

    equal: Decimal
    normalised: Decimal
    adjusted: Decimal
    adjusted_odds: Decimal
    value_percent: Decimal


class Valued(NamedTuple):
    """A marked horse with its price, and its value where it is a contender of a race that can be valued."""

    contender: Contender
    now: PriceNow
    value: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceValue:
    """The marked horses of one race, contenders by value first. ``problem`` says why there are no values."""

    race_id: str
    race_time: datetime
    course: str
    horses: tuple[Valued, ...]
    problem: str = ""


def value_of(price: Decimal, sum_of_inverses: Decimal, count: int) -> Value:
    """One contender of ``count``; ``sum_of_inverses`` is the sum of 1/price over all of them."""
    equal = divide(ONE, Decimal(count))
    normalised = divide(divide(ONE, price), sum_of_inverses)
    adjusted = divide(equal + normalised, Decimal(2))
    adjusted_odds = divide(ONE, adjusted)
    percent = divide((price - adjusted_odds) * _HUNDRED, adjusted_odds)
    return Value(
        equal=equal, normalised=normalised, adjusted=adjusted, adjusted_odds=adjusted_odds, value_percent=percent
    )


def value_race(race_id: str, course: str, marked: Sequence[Contender], prices: Mapping[int, PriceNow]) -> RaceValue:
    """The value table of one race. A withdrawn horse is no contender any more; without a price there is no table."""
    now = {one.selection_id: _price(one, prices) for one in marked}
    runs = [one for one in marked if one.is_contender and not now[one.selection_id].is_out]
    priced = {one.selection_id: price for one in runs if (price := now[one.selection_id].price)}
    values: dict[int, Value] = {}
    problem = ""
    if without := [one.runner_name for one in runs if one.selection_id not in priced]:
        problem = f"no price for {', '.join(without)}: the others cannot be valued either"
    elif not runs:
        problem = "no contender"
    else:
        total = sum((divide(ONE, price) for price in priced.values()), ZERO)
        values = {selection_id: value_of(price, total, len(runs)) for selection_id, price in priced.items()}
    horses = [Valued(one, now[one.selection_id], values.get(one.selection_id)) for one in marked]
    return RaceValue(
        race_id=race_id,
        race_time=marked[0].race_time,
        course=course,
        horses=tuple(sorted(horses, key=_by_value)),
        problem=problem,
    )


def value_races(
    marked: Iterable[Contender],
    stored: Iterable[RunnerPrices],
    live: LivePrices,
    courses: Mapping[str, str],
) -> tuple[RaceValue, ...]:
    """The value tables of races, by off. What is ``live`` goes before the ``stored`` prices."""
    prices: dict[str, dict[int, PriceNow]] = defaultdict(dict)
    courses = dict(courses)
    for row in stored:
        prices[row.race_id][row.selection_id] = stored_price(row)
        if row.course:
            courses.setdefault(row.race_id, row.course)
    by_race: dict[str, list[Contender]] = defaultdict(list)
    for one in marked:
        by_race[one.race_id].append(one)
    for book in live.books:
        prices[book.market_id] = {runner.selection_id: live.price(book, runner) for runner in book.runners}
    return tuple(
        value_race(race_id, courses.get(race_id, ""), some, prices[race_id])
        for race_id, some in sorted(by_race.items(), key=lambda item: (item[1][0].race_time, item[0]))
    )


def live_price(book: LiveMarket, runner: LiveRunner, starting: Decimal | None = None) -> PriceNow:
    """A runner's price as the exchange shows it; ``starting`` is the starting price, where it is known."""
    if runner.status is RunnerStatus.REMOVED:
        return PriceNow(is_out=True)
    if starting is not None:
        return PriceNow(starting, STARTING)
    if book.in_play or book.status is MarketStatus.CLOSED:
        return PriceNow()
    if runner.back:
        return PriceNow(runner.back[0].price, BACK)
    # Between the off and the turn in play the market is suspended: what was traded last still is from before.
    return PriceNow(runner.last_traded, TRADED) if runner.last_traded else PriceNow()


def stored_price(row: RunnerPrices) -> PriceNow:
    """A runner's price as it was stored last; one of after the off is none."""
    if row.status is RunnerStatus.REMOVED:
        return PriceNow(is_out=True)
    market = row.win
    if market is None:
        return PriceNow()
    if row.status in _HAS_RUN or row.published_at >= row.race_time:
        return PriceNow()
    if market.back_price:
        return PriceNow(market.back_price, BACK)
    return PriceNow(market.last_traded, TRADED) if market.last_traded else PriceNow()


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePrices:
    """The WIN markets of races as the exchange shows them, and the starting prices that it tells by then."""

    books: tuple[LiveMarket, ...] = ()
    starting: Mapping[tuple[str, int], Decimal] = field(default_factory=dict)

    @classmethod
    def read(cls, prices: PriceFeed, race_ids: Iterable[str]) -> LivePrices:
        """Starting prices are asked for where there can be any. Raises ``ExchangeError``."""
        books = prices.books(sorted(set(race_ids)))
        run = [book.market_id for book in books if book.in_play or book.status is MarketStatus.CLOSED]
        return cls(books=books, starting=prices.starting_prices(run) if run else {})

    def price(self, book: LiveMarket, runner: LiveRunner) -> PriceNow:
        """A runner's price now."""
        return live_price(book, runner, self.starting.get((book.market_id, runner.selection_id)))

    def price_of(self, race_id: str, selection_id: int) -> Decimal | None:
        """The same by its ids; None where there is none."""
        found = ((book, one) for book in self.books if book.market_id == race_id for one in book.runners)
        return next((self.price(book, one).price for book, one in found if one.selection_id == selection_id), None)


def resolve_marks(
    marks: Sequence[Mark], races: Sequence[Race], prices: PriceFeed
) -> tuple[tuple[Contender, ...], dict[str, str], LivePrices]:
    """Each mark with its race and runner and the price of this moment; the races' courses, and all of their prices.

    Raises ``UsageError`` with every mark that is not in the catalogue, and the nearest name that is.
    """
    found: list[tuple[Race, CatalogueRunner, Mark]] = []
    problems: list[Diagnostic] = []
    seen: dict[tuple[str, int], Mark] = {}
    for mark in marks:
        race = find_race(mark.name, races)
        runner = find_runner(mark.name, race.win) if race is not None else None
        if race is None or runner is None:
            problems.append(not_found(mark.name, mark.place, races))
        elif (race.race_id, runner.selection_id) in seen:
            problems.append(
                Diagnostic(mark.place, "S109", f"{runner.runner_name} is marked twice", "Keep one of them.")
            )
        else:
            seen[race.race_id, runner.selection_id] = mark
            found.append((race, runner, mark))
    if problems:
        raise UsageError("\n".join(problem.render() for problem in problems))
    live = LivePrices.read(prices, (race.race_id for race, _, _ in found))
    contenders = tuple(
        Contender(
            race.race_id,
            race.win.start,
            runner.selection_id,
            runner.runner_name,
            mark.is_contender,
            live.price_of(race.race_id, runner.selection_id),
        )
        for race, runner, mark in found
    )
    return contenders, {race.race_id: race.win.venue or race.win.event_name for race, _, _ in found}, live


def _price(marked: Contender, prices: Mapping[int, PriceNow]) -> PriceNow:
    now = prices.get(marked.selection_id, PriceNow())
    if now.price is None and not now.is_out and marked.starting_price is not None:
        return PriceNow(marked.starting_price, MARKED)
    return now


def _by_value(one: Valued) -> tuple[bool, bool, Decimal, str]:
    percent = one.value.value_percent if one.value is not None else ZERO
    return not one.contender.is_contender, one.value is None, -percent, one.contender.runner_name
