"""What a tick leaves in the store beside orders: positions, prices, and races whose off was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.model.decision import Action
from policytrader.model.money import average
from policytrader.model.records import MarketPrices, PositionUpdate, RunnerPrices
from policytrader.model.snapshot import MarketStatus, MarketType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.app.world import Traded
    from policytrader.engine.plan import Plan
    from policytrader.model.books import LiveMarket, LiveRunner
    from policytrader.ports.store import SelectionStore


class Recorder:
    """Writes what is not what the store has; remembers which prices it wrote."""

    def __init__(self, store: SelectionStore) -> None:
        """Nothing was written yet."""
        self._store = store
        self._prices: dict[tuple[str, int], RunnerPrices] = {}

    def record(self, traded: Traded, plan: Plan) -> None:
        """All of it. Raises ``StoreError``."""
        self._store_positions(traded, plan)
        self._move_races(traded)
        self._store_prices(traded)

    def _store_positions(self, traded: Traded, plan: Plan) -> None:
        stored = {pick.selection.selection_ref: pick for pick in traded.picks}
        updates = []
        for decision in plan.decisions:
            pick, (size, value) = stored[decision.selection.selection_ref], decision.matched
            price = average(value, size)
            is_full = decision.action is Action.DONE
            if size and (size, price, is_full) != (pick.size_matched, pick.average_price_matched, pick.fully_matched):
                updates.append(
                    PositionUpdate(
                        selection_ref=decision.selection.selection_ref,
                        size_matched=size,
                        average_price_matched=price,
                        fully_matched=is_full,
                        closed=decision.selection.closed,
                    )
                )
        if updates:
            self._store.update_positions(updates, traded.now)

    def _move_races(self, traded: Traded) -> None:
        """By the market of the race's own id, the WIN market: it stays when the off is moved."""
        stored = {pick.selection.race_id: pick.selection.race_time for pick in traded.picks}
        for race_id, race_time in stored.items():
            race = traded.races.get(race_id)
            if race is not None and race.start != race_time:
                self._store.move_race(race_id, race.start, traded.now)

    def _store_prices(self, traded: Traded) -> None:
        rows = {(row.race_id, row.selection_id): row for row in price_rows(traded)}
        news = [row for key, row in rows.items() if self._prices.get(key) != row]
        if news:
            self._store.store_prices(news)
            self._prices |= rows


def price_rows(traded: Traded) -> Iterable[RunnerPrices]:
    """One row for each runner of each race, from its WIN and its PLACE market; a race that is over has none."""
    found: dict[tuple[str, int], dict[MarketType, tuple[LiveMarket, LiveRunner]]] = {}
    known = [(book, traded.races[book.market_id]) for book in traded.books if book.market_id in traded.races]
    over = {race.race_id for book, race in known if book.status is MarketStatus.CLOSED}
    for book, race in known:
        if race.race_id in over:
            continue
        for runner in book.runners:
            found.setdefault((race.race_id, runner.selection_id), {})[race.market_type] = (book, runner)
    for (race_id, selection_id), by_type in found.items():
        book, runner = by_type.get(MarketType.WIN) or by_type[MarketType.PLACE]
        race = traded.races[book.market_id]
        yield RunnerPrices(
            race_id=race_id,
            race_time=race.start,
            course=race.course,
            selection_id=selection_id,
            runner_name=race.names.get(selection_id),
            status=runner.status,
            win=_prices(by_type.get(MarketType.WIN)),
            place=_prices(by_type.get(MarketType.PLACE)),
            published_at=max(one.published_at for one, _ in by_type.values()),
        )


def _prices(shown: tuple[LiveMarket, LiveRunner] | None) -> MarketPrices | None:
    if shown is None:
        return None
    book, runner = shown
    back, lay = runner.back, runner.lay
    return MarketPrices(
        market_id=book.market_id,
        last_traded=runner.last_traded,
        back_price=back[0].price if back else None,
        back_size=back[0].size if back else None,
        back_price_2=back[1].price if len(back) > 1 else None,
        lay_price=lay[0].price if lay else None,
        lay_size=lay[0].size if lay else None,
    )
