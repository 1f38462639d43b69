"""A race of the exchange's catalogue and its horses, found by the names that people give them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.authoring.suggest import did_you_mean
from policytrader.errors import Diagnostic, Place
from policytrader.model.snapshot import MarketType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from policytrader.model.books import CatalogueMarket, CatalogueRunner

_CODE = "S120"


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One race of the catalogue: its WIN market, and its PLACE market where there is one."""

    win: CatalogueMarket
    place: CatalogueMarket | None

    @property
    def race_id(self) -> str:
        """The WIN market's id: it stays when the off is moved."""
        return self.win.market_id

    @property
    def markets(self) -> tuple[CatalogueMarket, ...]:
        """Those that there are, WIN first."""
        return (self.win,) if self.place is None else (self.win, self.place)

    def market(self, kind: MarketType) -> CatalogueMarket | None:
        """The market of one type."""
        return self.win if kind is MarketType.WIN else self.place


@dataclass(frozen=True, slots=True, kw_only=True)
class HorseName:
    """A horse as somebody named it: the race by a market's id, or by off and course; itself by its id, or its name.

    Where an id is given, it alone counts.
    """

    market_id: str | None
    race_time: datetime | None
    course: str | None
    selection_id: int | None
    horse: str | None


def find_race(wanted: HorseName, races: Iterable[Race], kind: MarketType | None = None) -> Race | None:
    """The race that is meant. With a ``kind``, a market's id must be that of the race's market of this kind."""
    for race in races:
        if wanted.market_id is not None:
            if wanted.market_id in _market_ids(race, kind):
                return race
        elif race.win.start == wanted.race_time and _is_same(race.win.venue, wanted.course):
            return race
    return None


def find_runner(wanted: HorseName, market: CatalogueMarket) -> CatalogueRunner | None:
    """The runner that is meant."""
    for runner in market.runners:
        if wanted.selection_id is None:
            is_meant = _is_same(without_number(runner.runner_name), without_number(wanted.horse))
        else:
            is_meant = runner.selection_id == wanted.selection_id
        if is_meant:
            return runner
    return None


def not_found(wanted: HorseName, place: Place, races: Sequence[Race], kind: MarketType | None = None) -> Diagnostic:
    """What to tell of a name that finds no race, no market of this ``kind`` or no runner: what there is instead."""
    race = find_race(wanted, races, kind)
    if race is None:
        return _no_race(wanted, place, races, kind)
    market = race.market(kind or MarketType.WIN)
    if market is None:
        message = f"the race at {wanted.course} at {_off(wanted.race_time)} has no {kind} market"
        return Diagnostic(place, _CODE, message, f"The exchange shows its WIN market alone: {race.race_id}.")
    names = [runner.runner_name for runner in market.runners]
    if wanted.selection_id is not None:
        message = f"no runner {wanted.selection_id} in {market.market_id}"
    else:
        message = f"no horse `{wanted.horse}` in {market.market_id}{did_you_mean(wanted.horse or '', names)}"
    return Diagnostic(place, _CODE, message, f"Its runners: {', '.join(names)}.")


def _no_race(wanted: HorseName, place: Place, races: Sequence[Race], kind: MarketType | None) -> Diagnostic:
    if wanted.market_id is not None:
        message = f"no race with the {f'{kind} ' if kind else ''}market {wanted.market_id} in the exchange's catalogue"
        return Diagnostic(place, _CODE, message, f"Name the race's {kind or MarketType.WIN} market.")
    there = [race for race in races if _is_same(race.win.venue, wanted.course)]
    if not there:
        courses = sorted({_key(race.win.venue): race.win.venue for race in races if race.win.venue}.values())
        near = did_you_mean(wanted.course or "", courses)
        message = f"no race at `{wanted.course}` in the exchange's catalogue{near}"
        return Diagnostic(place, _CODE, message, f"Courses: {', '.join(courses) or 'none'}.")
    message = f"no race at {wanted.course} at {_off(wanted.race_time)} in the exchange's catalogue"
    return Diagnostic(place, _CODE, message, f"Its offs: {', '.join(_off(race.win.start) for race in there)}.")


def _market_ids(race: Race, kind: MarketType | None) -> set[str]:
    markets = race.markets if kind is None else (race.market(kind),)
    return {market.market_id for market in markets if market is not None}


def _is_same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and _key(one) == _key(other)


def _key(name: str) -> str:
    return name.strip().casefold()


def without_number(name: str | None) -> str | None:
    """A name without the cloth number that some catalogues put in front: ``3. Mutinous``."""
    number, dot, rest = (name or "").partition(". ")
    return rest if dot and number.isdigit() else name


def _off(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}" if moment is not None else "no time"
