"""The morning: picks become selections, and the race's state at that moment is captured beside them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.errors import Diagnostic, Place, UsageError
from policytrader.model.records import NewSelection, unique_id_of
from policytrader.model.snapshot import MarketType, ReferenceRunner, RunnerStatus, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.books import CatalogueMarket, LiveMarket, LiveRunner
    from policytrader.model.snapshot import Side
    from policytrader.ports import PriceFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What a trader wrote down: a horse by course and name, or by the exchange's ids. ``place`` is where it stands."""

    market_type: MarketType
    side: Side
    price_requested: Decimal
    stake_points: Decimal
    race_time: datetime | None = None
    course: str | None = None
    horse: str | None = None
    market_id: str | None = None
    selection_id: int | None = None
    selection_ref: str | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """One race of the catalogue: its WIN market, and its PLACE market where there is one."""

    win: CatalogueMarket
    place: CatalogueMarket | None

    @property
    def race_id(self) -> str:
        """The WIN market's id: it stays when the off is moved."""
        return self.win.market_id

    def market(self, kind: MarketType) -> CatalogueMarket | None:
        """The market of one type."""
        return self.win if kind is MarketType.WIN else self.place


def races_of(catalogue: Iterable[CatalogueMarket]) -> tuple[Race, ...]:
    """The catalogue's races, by start and id: a WIN market, and the PLACE market of the same event and start.

    Each-way markets and other ladders are left out: what they pay is not what this program counts.
    """
    groups: dict[tuple[str, datetime], dict[str, CatalogueMarket]] = defaultdict(dict)
    for market in catalogue:
        if not market.is_each_way and market.ladder in {None, "CLASSIC"}:
            groups[market.event_id, market.start].setdefault(market.market_type, market)
    races = (
        Race(win=markets["WIN"], place=markets.get("PLACE"))
        for _, markets in sorted(groups.items())
        if "WIN" in markets
    )
    return tuple(sorted(races, key=lambda race: (race.win.start, race.race_id)))


def resolve_picks(
    picks: Sequence[Pick], races: Sequence[Race], prices: PriceFeed, at: datetime
) -> tuple[NewSelection, ...]:
    """Each pick with its market and runner, and the capture of its race.

    One capture for each race, read now: the reference price is the best back price in the WIN market; where none
    stands, the last traded price; else missing. Raises ``UsageError`` with every pick that is not in the catalogue.
    """
    found, problems = [], []
    for pick in picks:
        race = _race_of(pick, races)
        market = race.market(pick.market_type) if race is not None else None
        runner_id = _runner_of(pick, market) if market is not None else None
        if race is None or market is None or runner_id is None:
            problems.append(_not_found(pick, race, market))
        else:
            found.append((pick, race, market, runner_id))
    if problems:
        raise UsageError("\n".join(problem.render() for problem in problems))
    wanted = sorted({race.win.market_id for _, race, _, _ in found})
    books = {book.market_id: book for book in prices.books(wanted)}
    if gone := [market_id for market_id in wanted if market_id not in books]:
        message = f"the exchange shows no prices for {', '.join(gone)}: nothing to judge the picks by later"
        raise UsageError(message)
    captures = {race.race_id: _capture(race, books[race.win.market_id], at) for _, race, _, _ in found}
    return tuple(_selection(pick, race, market, runner, captures[race.race_id]) for pick, race, market, runner in found)


def _race_of(pick: Pick, races: Iterable[Race]) -> Race | None:
    for race in races:
        market = race.market(pick.market_type)
        if pick.market_id is not None:
            if market is not None and market.market_id == pick.market_id:
                return race
        elif race.win.start == pick.race_time and _same(race.win.venue, pick.course):
            return race
    return None


def _runner_of(pick: Pick, market: CatalogueMarket) -> int | None:
    for runner in market.runners:
        is_named = pick.selection_id is None and _same(_horse(runner.runner_name), _horse(pick.horse))
        if runner.selection_id == pick.selection_id or is_named:
            return runner.selection_id
    return None


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one.strip().casefold() == other.strip().casefold()


def _horse(name: str | None) -> str | None:
    """A name without the cloth number that some catalogues put in front: ``3. Mutinous``."""
    if name is None:
        return None
    number, dot, rest = name.partition(". ")
    return rest if dot and number.isdigit() else name


def _not_found(pick: Pick, race: Race | None, market: CatalogueMarket | None) -> Diagnostic:
    what = pick.market_id or f"{pick.course} {pick.race_time}"
    if race is None:
        message = f"no race in the exchange's catalogue for {what}"
    elif market is None:
        message = f"the race {what} has no {pick.market_type} market"
    else:
        message = f"no runner {pick.selection_id or pick.horse!r} in {market.market_id}"
    return Diagnostic(
        pick.place, "S120", message, "Times are UTC or carry their offset; names as the exchange writes them."
    )


def _capture(race: Race, book: LiveMarket, at: datetime) -> tuple[ReferenceRunner, ...]:
    """The runners that take part, as the WIN market shows them now."""
    runners = {runner.selection_id: runner for runner in book.runners}
    capture_id = f"{race.race_id}@{at:%Y%m%dT%H%M%S%fZ}"
    active = [one for one in race.win.runners if _is_active(runners.get(one.selection_id))]
    return tuple(
        ReferenceRunner(
            capture_id,
            race.race_id,
            at,
            len(active),
            listed.selection_id,
            listed.runner_name,
            RunnerStatus.ACTIVE,
            _reference_price(runners[listed.selection_id]),
        )
        for listed in active
    )


def _is_active(runner: LiveRunner | None) -> bool:
    return runner is not None and runner.status is RunnerStatus.ACTIVE


def _reference_price(runner: LiveRunner) -> Decimal | None:
    return runner.back[0].price if runner.back else runner.last_traded


def _selection(
    pick: Pick, race: Race, market: CatalogueMarket, selection_id: int, capture: tuple[ReferenceRunner, ...]
) -> NewSelection:
    name = next(runner.runner_name for runner in market.runners if runner.selection_id == selection_id)
    course = market.venue or pick.course or ""
    ref = pick.selection_ref or f"{market.market_id}-{selection_id}-{pick.side}".lower()
    selection = Selection(
        ref,
        race.race_id,
        market.start,
        market.market_id,
        pick.market_type,
        selection_id,
        name,
        pick.side,
        pick.price_requested,
        pick.stake_points,
        capture[0].capture_id,
        valid=True,
        invalidated_reason=None,
        closed=False,
    )
    return NewSelection(
        selection=selection,
        unique_id=unique_id_of(market.start, course, name, selection_id),
        course=course,
        capture=capture,
        market_id_win=race.win.market_id,
        market_id_place=race.place.market_id if race.place is not None else None,
    )
