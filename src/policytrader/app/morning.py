"""The morning: picks become selections, and the race's state at that moment is captured beside them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.app.capture import capture_of
from policytrader.app.checked_prices import checked
from policytrader.app.race_names import HorseName, Race, find_race, find_runner, not_found
from policytrader.app.world import HORSE_RACING, MARKET_TYPES
from policytrader.errors import UsageError
from policytrader.model.books import MarketFilter
from policytrader.model.records import NewSelection, unique_id_of
from policytrader.model.snapshot import MarketType, RunnerStatus, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.errors import Place
    from policytrader.model.books import CatalogueMarket, CatalogueRunner, LiveMarket, LiveRunner
    from policytrader.model.snapshot import ReferenceRunner, Side
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

    @property
    def name(self) -> HorseName:
        """What is looked up in the catalogue."""
        return HorseName(
            market_id=self.market_id,
            race_time=self.race_time,
            course=self.course,
            selection_id=self.selection_id,
            horse=self.horse,
        )


def listed_races(prices: PriceFeed) -> tuple[Race, ...]:
    """The horse races that the exchange lists, by start and id. Raises ``ExchangeError``."""
    return races_of(prices.catalogue(MarketFilter(event_type_ids=(HORSE_RACING,), market_types=MARKET_TYPES)))


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
    stands, the last traded price; else missing. Raises ``UsageError`` with every pick that is not in the catalogue,
    and what is there instead.
    """
    found, problems = [], []
    for pick in picks:
        race = find_race(pick.name, races, pick.market_type)
        market = race.market(pick.market_type) if race is not None else None
        runner = find_runner(pick.name, market) if market is not None else None
        if race is None or market is None or runner is None:
            problems.append(not_found(pick.name, pick.place, races, pick.market_type))
        else:
            found.append((pick, race, market, runner))
    if problems:
        raise UsageError("\n".join(problem.render() for problem in problems))
    wanted = sorted({race.win.market_id for _, race, _, _ in found})
    books = {book.market_id: book for book in prices.books(wanted)}
    if gone := [market_id for market_id in wanted if market_id not in books]:
        message = f"the exchange shows no prices for {', '.join(gone)}: nothing to judge the picks by later"
        raise UsageError(message)
    captures = {race.race_id: _capture(race, books[race.win.market_id], at) for _, race, _, _ in found}
    return tuple(_selection(pick, race, market, runner, captures[race.race_id]) for pick, race, market, runner in found)


def _capture(race: Race, book: LiveMarket, at: datetime) -> tuple[ReferenceRunner, ...]:
    """The runners that take part, as the WIN market shows them now."""
    runners = {runner.selection_id: checked(runner) for runner in book.runners}
    return capture_of(
        race.race_id,
        at,
        (
            (one.selection_id, one.runner_name, _reference_price(runners[one.selection_id]))
            for one in race.win.runners
            if _is_active(runners.get(one.selection_id))
        ),
    )


def _is_active(runner: LiveRunner | None) -> bool:
    return runner is not None and runner.status is RunnerStatus.ACTIVE


def _reference_price(runner: LiveRunner) -> Decimal | None:
    return runner.back[0].price if runner.back else runner.last_traded


def _selection(
    pick: Pick, race: Race, market: CatalogueMarket, runner: CatalogueRunner, capture: tuple[ReferenceRunner, ...]
) -> NewSelection:
    course = market.venue or pick.course or ""
    ref = pick.selection_ref or f"{market.market_id}-{runner.selection_id}-{pick.side}".lower()
    selection = Selection(
        ref,
        race.race_id,
        market.start,
        market.market_id,
        pick.market_type,
        runner.selection_id,
        runner.runner_name,
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
        unique_id=unique_id_of(market.start, course, runner.runner_name, runner.selection_id),
        course=course,
        capture=capture,
        market_id_win=race.win.market_id,
        market_id_place=race.place.market_id if race.place is not None else None,
    )
