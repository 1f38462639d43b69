"""Markets on the stream: what was last seen of each, and the images and deltas that a subscription is sent of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from policytrader.adapters.exchange_server.stream_cells import Cells
from policytrader.adapters.exchange_server.stream_definition import is_closed, write_definition
from policytrader.adapters.exchange_server.stream_filters import DEEPEST_LEVEL, Field
from policytrader.model.price import PRICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from policytrader.adapters.exchange_server.stream_filters import MarketDataFilter
    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.exchange import Change
    from policytrader.simulation.market import Market

Number: TypeAlias = float | str
Level: TypeAlias = tuple[int, int]
"""Tick on the ladder, size in pennies: whole numbers until they are sent."""

_PRICES = tuple(map(float, PRICES))


class RunnerCells:
    """One runner: ladders by price, best prices by level, and single numbers by their name in the stream."""

    __slots__ = ("back", "best_back", "best_lay", "last_traded", "lay", "projected", "traded", "volume")

    def __init__(self) -> None:
        self.back: Cells[int, int] = Cells()
        self.lay: Cells[int, int] = Cells()
        self.traded: Cells[int, int] = Cells()
        self.best_back: Cells[int, Level] = Cells()
        self.best_lay: Cells[int, Level] = Cells()
        self.last_traded: Cells[str, Number] = Cells()
        self.volume: Cells[str, Number] = Cells()
        self.projected: Cells[str, Number] = Cells()

    def update(self, book: RunnerBook, step: int) -> bool:
        """Take the runner's prices as displayed now."""
        back, lay = book.back_levels(), book.lay_levels()
        if is_back_changed := self.back.update(dict(back), step):
            self.best_back.update(_best(back), step)
        if is_lay_changed := self.lay.update(dict(lay), step):
            self.best_lay.update(_best(lay), step)
        changes = (
            is_back_changed,
            is_lay_changed,
            self.traded.update(dict(book.traded_levels()), step),
            self.last_traded.update(_present(ltp=book.last_traded), step),
            self.volume.update({"tv": book.volume_pennies / 100}, step),
            self.projected.update(_present(spn=book.near, spf=book.far), step),
        )
        return any(changes)

    def since(self, step: int, wanted: MarketDataFilter) -> dict[str, Any]:
        """What changed after ``step`` of what is wanted, in the stream's names; empty when nothing did."""
        delta: dict[str, Any] = {}
        fields = wanted.fields
        if Field.EX_ALL_OFFERS in fields:
            _put_ladder(delta, "atb", self.back, step)
            _put_ladder(delta, "atl", self.lay, step)
        for field, back, lay in (
            (Field.EX_BEST_OFFERS, "batb", "batl"),
            (Field.EX_BEST_OFFERS_DISP, "bdatb", "bdatl"),
        ):
            if field in fields:
                _put_levels(delta, back, self.back, self.best_back, step, wanted.levels)
                _put_levels(delta, lay, self.lay, self.best_lay, step, wanted.levels)
        if Field.EX_TRADED in fields:
            _put_ladder(delta, "trd", self.traded, step)
        for field, cells in (
            (Field.EX_LTP, self.last_traded),
            (Field.EX_TRADED_VOL, self.volume),
            (Field.SP_PROJECTED, self.projected),
        ):
            if field in fields and cells.changed_at > step:
                delta |= {key: value for key, value in cells.since(step) if value is not None}
        return delta


class MarketCells:
    """One market as last seen. ``created_at`` is the step at which it was seen first."""

    def __init__(self, created_at: int) -> None:
        self.created_at = created_at
        self.defined_at = 0
        self.definition: dict[str, Any] = {}
        self.volume: Cells[str, Number] = Cells()
        self.runners: dict[int, RunnerCells] = {}
        self.handicaps: dict[int, float] = {}
        self._source: MarketDefinition | None = None

    def update(self, market: Market, selections: Iterable[int], step: int) -> bool:
        """Take the definition and those runners' prices as they are now; of a new definition, all runners'."""
        is_changed = False
        if market.definition is not self._source:
            self._source = market.definition
            selections = market.books
            definition = write_definition(market.definition)
            if definition != self.definition:
                self.definition, self.defined_at, is_changed = definition, step, True
                self.handicaps = {one["id"]: one["hc"] for one in definition["runners"] if "hc" in one}
        for selection_id in selections:
            book = market.books.get(selection_id)
            if book is not None:
                is_changed |= self.runners.setdefault(selection_id, RunnerCells()).update(book, step)
        volume_pennies = sum(book.volume_pennies for book in market.books.values())
        return self.volume.update({"tv": volume_pennies / 100}, step) or is_changed

    def change_since(self, market_id: str, step: int, wanted: MarketDataFilter) -> dict[str, Any] | None:
        """The market's part of a message: what changed after ``step``; None when nothing did."""
        change: dict[str, Any] = {"id": market_id}
        if Field.EX_MARKET_DEF in wanted.fields and self.defined_at > step:
            change["marketDefinition"] = self.definition
        runners = []
        for selection_id, cells in self.runners.items():
            delta = cells.since(step, wanted)
            if delta:
                delta["id"] = selection_id
                if selection_id in self.handicaps:
                    delta["hc"] = self.handicaps[selection_id]
                runners.append(delta)
        if runners:
            change["rc"] = runners
        if Field.EX_TRADED_VOL in wanted.fields and self.volume.changed_at > step:
            change["tv"] = self.volume.values.get("tv", 0.0)
        return change if len(change) > 1 else None

    def image(self, market_id: str, wanted: MarketDataFilter) -> dict[str, Any]:
        """The whole market, replacing whatever a client holds of it."""
        change = self.change_since(market_id, -1, wanted) or {"id": market_id}
        for runner in change.get("rc", ()):
            for key, levels in runner.items():
                if isinstance(levels, list):
                    runner[key] = [level for level in levels if level[-1]]  # what is gone is no news to an image
        return {**change, "img": True}


class MarketJournal:
    """All markets that anybody asked for, as last seen. Used under the host's lock only."""

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self.step = 0
        self._markets = markets
        self._cells: dict[str, MarketCells] = {}
        self._stale: dict[str, set[int]] = {}

    def definition(self, market_id: str) -> MarketDefinition:
        """The market's definition of now."""
        return self._markets[market_id].definition

    def definitions(self) -> list[MarketDefinition]:
        """The definitions of all markets there are."""
        return [market.definition for market in self._markets.values()]

    def is_closed(self, market_id: str) -> bool:
        """Whether the market is settled."""
        return is_closed(self.definition(market_id))

    def note(self, change: Change) -> None:
        """Remember what may have changed, to be looked at when somebody wants to know."""
        if change.market_id in self._cells:
            self._stale.setdefault(change.market_id, set()).update(change.selections)

    def refresh(self, market_id: str) -> MarketCells:
        """The market as it is now."""
        market = self._markets[market_id]
        cells = self._cells.get(market_id)
        if cells is None:
            cells = self._cells[market_id] = MarketCells(self.step + 1)
            stale = list(market.books)
        elif market_id in self._stale:
            stale = sorted(self._stale.pop(market_id))
        else:
            return cells
        if cells.update(market, stale, self.step + 1):
            self.step += 1
        return cells


def _best(levels: list[Level]) -> dict[int, Level]:
    return dict(enumerate(levels[:DEEPEST_LEVEL]))


def _present(**numbers: Decimal | None) -> dict[str, Number]:
    """What is there. A number that is none is told as text, as the exchange does."""
    return {
        key: float(value) if value.is_finite() else str(value) for key, value in numbers.items() if value is not None
    }


def _put_ladder(delta: dict[str, Any], key: str, ladder: Cells[int, int], step: int) -> None:
    if ladder.changed_at > step and (levels := ladder.since(step)):
        delta[key] = [[_PRICES[tick], pennies / 100 if pennies else 0] for tick, pennies in levels]


def _put_levels(
    delta: dict[str, Any], key: str, ladder: Cells[int, int], best: Cells[int, Level], step: int, depth: int
) -> None:
    """Best prices by level. A change below the levels asked for makes an empty list, as on the exchange."""
    if ladder.changed_at > step and ladder.changed_at:
        changed = [(level, found) for level, found in best.since(step) if level < depth]
        delta[key] = [
            [level, _PRICES[found[0]], found[1] / 100] if found else [level, 0, 0] for level, found in changed
        ]
