"""What a replayed tick shows: recorded prices, and the simulated exchange's where orders of ours are among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policytrader.app.assemble import AccountView, RaceMarket, assemble_snapshot
from policytrader.app.checked_prices import checked_last
from policytrader.app.replay.world import ReplayWorld
from policytrader.engine.size import OwnPrices
from policytrader.model.books import LiveMarket, LiveRunner, PriceSize
from policytrader.model.money import MINIMUM_SIZES
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import EPOCH, from_microseconds, microseconds_between
from policytrader.ports.races import MISSING, runner_of
from policytrader.simulation.units import HUNDREDTHS, from_pennies, to_pennies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from policytrader.app.replay.run import PickRun
    from policytrader.model.records import StoredSelection
    from policytrader.model.snapshot import Order, ReferenceRunner, Selection, Snapshot
    from policytrader.ports.races import MarketRecord, RaceRecord
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import RunnerDefinition

Shown = tuple[int, int, int, int, int]
"""Best back, its size, best lay, its size, last traded price: hundredths and pennies, ``MISSING`` for none."""
_NOTHING: Shown = (MISSING,) * 5


class Views:
    """Markets of one day as they are shown at a tick."""

    def __init__(
        self,
        world: ReplayWorld,
        records: Mapping[str, MarketRecord],
        captures: Mapping[str, tuple[ReferenceRunner, ...]],
    ) -> None:
        """``records`` by market id, ``captures`` by the picks' race id."""
        self._world = world
        self._records = records
        self._captures = captures

    def as_listed(self, selection: Selection, run: PickRun, at: int) -> Selection:
        """The pick with the off that the catalogue lists."""
        return selection._replace(race_time=from_microseconds(int(run.history.race_time[run.row_at(at)])))

    def is_changed(self, market_id: str, selection_id: int, at: int) -> bool:
        """Whether what is shown of a runner is not, or may soon not be, what was recorded, because of orders of ours.

        What we took may stand behind a better price now.
        """
        if not self._world.is_touched(market_id, selection_id):
            return False
        book = self._world.look(market_id, selection_id, at)
        definition = self._world.exchange.markets[market_id].runner(selection_id)
        if book is None or book.taken_back or book.taken_lay or book.own_backs or book.own_lays:
            return True
        return definition is None or self._live(market_id, definition) != self._recorded(market_id, definition, at)

    def prices_at(self, market_id: str, selection_id: int, at: int) -> OwnPrices:
        """What is shown of a runner at ``at``."""
        definition = self._records[market_id].definition_at(at)
        runner = None if definition is None else runner_of(definition, selection_id)
        return OwnPrices(*map(_amount, _NOTHING if runner is None else self._shown(market_id, runner, at)))

    def snapshot(
        self, at: int, due: Sequence[tuple[Selection, PickRun]], doubtful: Collection[str], account: AccountView
    ) -> Snapshot:
        """Everything that the decisions on these picks depend on.

        Of a race that the statement is asked about every runner is there, of others the picked ones.
        """
        races = {run.history.race.race_id: (selection, run) for selection, run in due}
        asked = {run.history.race.race_id for selection, run in due if selection.selection_ref in doubtful}
        picked = {selection.selection_id for selection, _ in due}
        race_markets: dict[str, RaceMarket] = {}
        books: list[LiveMarket] = []
        starts = {one.market_id: one.race_time for one, _ in due}
        for race_id, (selection, run) in races.items():
            for market_id, record in run.history.race.markets.items():
                book = self.book(record, at, None if race_id in asked else picked)
                if book is not None:
                    race_markets[market_id] = _race_market(record, selection.race_id, starts, at)
                    books.append(book)
        captures = [row for selection, _ in races.values() for row in self._captures.get(selection.race_id, ())]
        picks: list[StoredSelection] = [_Listed(selection) for selection, _ in due]  # type: ignore[misc]
        return assemble_snapshot(from_microseconds(at), picks, captures, race_markets, books, account)

    def book(self, record: MarketRecord, at: int, wanted: Collection[int] | None = None) -> LiveMarket | None:
        """A market at ``at``, with the wanted runners or all; None before its first definition."""
        definition = record.definition_at(at)
        if definition is None:
            return None
        return LiveMarket(
            market_id=record.market_id,
            status=definition.status,
            in_play=definition.in_play,
            bet_delay=definition.bet_delay,
            version=definition.version,
            number_of_winners=definition.number_of_winners,
            runners=tuple(self._runners(record, definition.runners, at, wanted)),
            published_at=from_microseconds(at),
        )

    def _runners(
        self, record: MarketRecord, runners: Iterable[RunnerDefinition], at: int, wanted: Collection[int] | None
    ) -> Iterable[LiveRunner]:
        for runner in runners:
            if wanted is not None and runner.selection_id not in wanted:
                continue
            back, back_size, lay, lay_size, last = map(_amount, self._shown(record.market_id, runner, at))
            yield LiveRunner(
                selection_id=runner.selection_id,
                status=runner.status,
                back=() if back is None or back_size is None else (PriceSize(back, back_size),),
                lay=() if lay is None or lay_size is None else (PriceSize(lay, lay_size),),
                last_traded=last,
                adjustment_factor=runner.adjustment_factor,
                removed_at=runner.removed_at,
            )

    def _shown(self, market_id: str, runner: RunnerDefinition, at: int) -> Shown:
        if not self._world.is_touched(market_id, runner.selection_id):
            return self._recorded(market_id, runner, at)
        self._world.look(market_id, runner.selection_id, at)
        return self._live(market_id, runner)

    def _live(self, market_id: str, runner: RunnerDefinition) -> Shown:
        """What the simulated exchange shows."""
        if runner.status is RunnerStatus.HIDDEN:
            return _NOTHING
        return shown_of(self._world.exchange.markets[market_id].books[runner.selection_id])

    def _recorded(self, market_id: str, runner: RunnerDefinition, at: int) -> Shown:
        record = self._records[market_id].runners.get(runner.selection_id)
        if record is None or runner.status is RunnerStatus.HIDDEN:
            return _NOTHING
        best = record.best
        row = best.row_at(at)
        if row < 0:
            return _NOTHING
        return (
            int(best.back[row]), int(best.back_size[row]), int(best.lay[row]), int(best.lay_size[row]),
            int(best.last_traded[row]),
        )  # fmt: skip


def shown_of(book: RunnerBook) -> Shown:
    """What a book shows, as ``CheckedPrices`` would pass it on: of a crossed one neither side."""
    back, lay = book.best_back(), book.best_lay()
    if back is not None and lay is not None and back[0] >= lay[0]:
        back = lay = None
    last = checked_last(book.last_traded)
    return (
        *((HUNDREDTHS[back[0]], back[1]) if back else (MISSING, MISSING)),
        *((HUNDREDTHS[lay[0]], lay[1]) if lay else (MISSING, MISSING)),
        MISSING if last is None else to_pennies(last),
    )


def recorded_snapshot(
    race: RaceRecord,
    selections: Sequence[Selection],
    captures: Sequence[ReferenceRunner],
    orders: Sequence[Order],
    at: datetime,
) -> Snapshot:
    """A race as it was recorded, with these picks and orders."""
    moment_us = microseconds_between(EPOCH, at)
    nobody = AccountView(bets=(), entries=(), strategy_ref="")
    views = Views(ReplayWorld(moment_us, race.markets, MINIMUM_SIZES["GBP"]), race.markets, {})
    starts = {one.market_id: one.race_time for one in selections}
    race_id = selections[0].race_id
    found = [(market, views.book(market, moment_us)) for market in race.markets.values()]
    races = {market.market_id: _race_market(market, race_id, starts, moment_us) for market, book in found if book}
    books = [book for _, book in found if book is not None]
    picks: list[StoredSelection] = [_Listed(one) for one in selections]  # type: ignore[misc]
    return replace(assemble_snapshot(at, picks, captures, races, books, nobody), orders=tuple(orders))


def _race_market(record: MarketRecord, race_id: str, starts: Mapping[str, datetime], at: int) -> RaceMarket:
    definition = record.definition_at(at)
    assert definition is not None, "a book has one"
    return RaceMarket(
        race_id=race_id,
        market_type=record.market_type,
        start=starts.get(record.market_id, definition.start),
        course=definition.venue,
        names={one.selection_id: one.name for one in definition.runners},
    )


class _Listed:
    """As much of a stored pick as a snapshot is made of."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection


def _amount(whole: int) -> Decimal | None:
    """Pennies or hundredths as an amount."""
    return None if whole == MISSING else from_pennies(whole)
