"""What a replayed tick shows: recorded prices, and the simulated exchange's where orders of ours are among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.assemble import RaceMarket, assemble_snapshot
from policytrader.app.checked_prices import checked
from policytrader.engine.entry import OwnPrices
from policytrader.model.books import LiveMarket, LiveRunner, PriceSize
from policytrader.model.snapshot import RunnerStatus
from policytrader.ports.races import MISSING, moment
from policytrader.simulation.units import from_pennies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from decimal import Decimal

    from policytrader.app.assemble import AccountView
    from policytrader.app.replay.run import PickRun
    from policytrader.app.replay.world import ReplayWorld
    from policytrader.model.records import StoredSelection
    from policytrader.model.snapshot import ReferenceRunner, Selection, Snapshot
    from policytrader.ports import PriceFeed
    from policytrader.ports.races import MarketRecord
    from policytrader.simulation.definition import RunnerDefinition

_Shown = tuple[PriceSize | None, PriceSize | None, "Decimal | None"]


class Views:
    """Markets of one day as they are shown at a tick."""

    def __init__(
        self,
        world: ReplayWorld,
        records: Mapping[str, MarketRecord],
        captures: Mapping[str, tuple[ReferenceRunner, ...]],
        prices: PriceFeed,
    ) -> None:
        """``records`` by market id, ``captures`` by the picks' race id, ``prices`` the world's."""
        self._world = world
        self._records = records
        self._captures = captures
        self._prices = prices

    def as_listed(self, selection: Selection, run: PickRun, at: int) -> Selection:
        """The pick with the off that the catalogue lists."""
        return selection._replace(race_time=moment(int(run.history.race_time[run.row_at(at)])))

    def is_changed(self, market_id: str, selection_id: int, at: int) -> bool:
        """Whether what is shown of a runner is not what was recorded, because of orders of ours.

        A touched runner's book must have been brought up to ``at``.
        """
        if not self._world.is_touched(market_id, selection_id):
            return False
        market = self._world.exchange.markets[market_id]
        definition = market.runner(selection_id)
        return definition is None or self._live(market_id, definition) != self._recorded(market_id, definition, at)

    def own_prices(self, market_id: str, selection_id: int) -> OwnPrices:
        """What is shown of a touched runner."""
        definition = self._world.exchange.markets[market_id].runner(selection_id)
        back, lay, last = (None, None, None) if definition is None else self._live(market_id, definition)
        return OwnPrices(
            back.price if back else None, back.size if back else None,
            lay.price if lay else None, lay.size if lay else None, last,
        )  # fmt: skip

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
        for race_id, (selection, run) in races.items():
            for market_id, record in run.history.race.markets.items():
                book = self._book(record, at, None if race_id in asked else picked)
                if book is None:
                    continue
                definition = record.definition_at(at)
                assert definition is not None, "a book has one"
                starts = {one.market_id: one.race_time for one, _ in due}
                race_markets[market_id] = RaceMarket(
                    race_id=selection.race_id,
                    market_type=record.market_type,
                    start=starts.get(market_id, definition.start),
                    course=definition.venue,
                    names={one.selection_id: one.name for one in definition.runners},
                )
                books.append(book)
        captures = [row for selection, _ in races.values() for row in self._captures.get(selection.race_id, ())]
        picks: list[StoredSelection] = [_Listed(selection) for selection, _ in due]  # type: ignore[misc]
        return assemble_snapshot(moment(at), picks, captures, race_markets, books, account)

    def _book(self, record: MarketRecord, at: int, wanted: Collection[int] | None) -> LiveMarket | None:
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
            published_at=moment(at),
        )

    def _runners(
        self, record: MarketRecord, runners: Iterable[RunnerDefinition], at: int, wanted: Collection[int] | None
    ) -> Iterable[LiveRunner]:
        for runner in runners:
            if wanted is not None and runner.selection_id not in wanted:
                continue
            is_touched = self._world.is_touched(record.market_id, runner.selection_id)
            if is_touched:
                self._world.look(record.market_id, runner.selection_id, at)
            shown = self._live(record.market_id, runner) if is_touched else self._recorded(record.market_id, runner, at)
            back, lay, last = shown
            yield LiveRunner(
                selection_id=runner.selection_id,
                status=runner.status,
                back=(back,) if back else (),
                lay=(lay,) if lay else (),
                last_traded=last,
                adjustment_factor=runner.adjustment_factor,
                removed_at=runner.removed_at,
            )

    def _live(self, market_id: str, runner: RunnerDefinition) -> _Shown:
        """What the simulated exchange shows."""
        book = self._world.exchange.markets[market_id].books[runner.selection_id]
        if runner.status is RunnerStatus.HIDDEN:
            return None, None, None
        shown = checked(
            LiveRunner(
                selection_id=runner.selection_id,
                status=runner.status,
                back=tuple(PriceSize(*level) for level in book.available_to_back()[:3]),
                lay=tuple(PriceSize(*level) for level in book.available_to_lay()[:3]),
                last_traded=book.last_traded,
                adjustment_factor=None,
                removed_at=None,
            )
        )
        return shown.back[0] if shown.back else None, shown.lay[0] if shown.lay else None, shown.last_traded

    def _recorded(self, market_id: str, runner: RunnerDefinition, at: int) -> _Shown:
        record = self._records[market_id].runners.get(runner.selection_id)
        if record is None or runner.status is RunnerStatus.HIDDEN:
            return None, None, None
        best = record.best
        row = best.row_at(at)
        if row < 0:
            return None, None, None
        return (
            _level(int(best.back[row]), int(best.back_size[row])),
            _level(int(best.lay[row]), int(best.lay_size[row])),
            None if best.last_traded[row] == MISSING else from_pennies(int(best.last_traded[row])),
        )


class _Listed:
    """As much of a stored pick as a snapshot is made of."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection


def _level(price: int, size: int) -> PriceSize | None:
    return None if price == MISSING else PriceSize(from_pennies(price), from_pennies(size))
