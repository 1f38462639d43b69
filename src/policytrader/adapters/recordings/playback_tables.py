"""An imported market as events of the simulated exchange.

Where the import kept whole ladders these are the events of the raw stream. Imports of earlier versions hold best
prices, last traded price and volume only.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from policytrader.adapters.recordings.parts import MarketFiles, reading
from policytrader.adapters.recordings.playback_definition import define, runner_status
from policytrader.adapters.recordings.playback_ladders import played_ladders
from policytrader.adapters.recordings.tables import (
    market_id_of,
    plain_rows,
    read_rows,
    read_states,
)
from policytrader.model.price import PRICES, TICK_OF
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import EPOCH, microseconds_between
from policytrader.simulation.definition import MarketDefinition, RunnerDefinition, nameless
from policytrader.simulation.events import Event, Quote, Redefine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from decimal import Decimal
    from pathlib import Path

_FACTS = ("runner_name", "status", "adjustment_factor", "removed_at", "listed")
_PRICES = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
_published = itemgetter("published_at")


def first_published(folder: Path) -> int:
    """When the market in ``folder`` was first published, in microseconds since 1970. Raises ``RecordingError``."""
    return microseconds_between(EPOCH, read_states(folder)[0]["published_at"])


def played_market(folder: Path) -> Iterator[tuple[int, list[Event]]]:
    """The events of the market in ``folder`` by instant (microseconds); raises ``RecordingError`` for damage."""
    files = MarketFiles(folder)
    if files.has_ladders:
        yield from played_ladders(files)
        return
    market = _Market(market_id_of(folder))
    rows: list[dict[str, Any]] = []
    # Definitions first, so that a runner's prices come when it is there.
    for row in merge(read_states(folder), _runner_rows(files), key=_published):
        if rows and row["published_at"] != rows[0]["published_at"]:
            yield _at(rows), market.apply(rows)
            rows = []
        rows.append(row)
    yield _at(rows), market.apply(rows)


def _at(rows: list[dict[str, Any]]) -> int:
    return microseconds_between(EPOCH, rows[0]["published_at"])


def _runner_rows(files: MarketFiles) -> Iterator[dict[str, Any]]:
    for path in files.parts("runners"):
        with reading(path):
            rows = plain_rows(
                read_rows([path], columns=("published_at", "selection_id", *_FACTS, *_PRICES, "traded_volume"))
            )
        yield from rows


class _Market:
    """The market as its rows have told it so far."""

    def __init__(self, market_id: str) -> None:
        self._market_id = market_id
        self._definition: MarketDefinition | None = None
        self._state: dict[str, Any] = {}
        self._runners: dict[int, RunnerDefinition] = {}
        self._facts: dict[int, tuple[Any, ...]] = {}
        self._prices: dict[int, tuple[Any, ...]] = {}
        self._traded: dict[int, dict[int, int]] = {}

    def apply(self, rows: list[dict[str, Any]]) -> list[Event]:
        """The events of the rows of one instant: at most one definition, then quotes."""
        at = rows[0]["published_at"]
        quotes: list[Event] = []
        for row in rows:
            if "race_id" in row:
                self._state = row
                continue
            self._name(row)
            quote = self._quote(at, row)
            if quote is not None:
                quotes.append(quote)
        definition = define(self._market_id, self._state, tuple(self._runners.values()))
        if definition == self._definition:
            return quotes
        self._definition = definition
        return [Redefine(at, definition), *quotes]

    def _name(self, row: dict[str, Any]) -> None:
        selection_id = row["selection_id"]
        facts = tuple(row[name] for name in _FACTS)
        if self._facts.get(selection_id) == facts:
            return
        self._facts[selection_id] = facts
        before = self._runners.get(selection_id) or RunnerDefinition(
            selection_id=selection_id, name=nameless(selection_id), sort_priority=len(self._runners) + 1
        )
        self._runners[selection_id] = replace(
            before,
            name=row["runner_name"] or before.name,
            status=runner_status(row["status"]) if row["listed"] else RunnerStatus.HIDDEN,
            adjustment_factor=row["adjustment_factor"],
            removed_at=row["removed_at"],
        )

    def _quote(self, at: datetime, row: dict[str, Any]) -> Quote | None:
        """The row's prices; None where they are those that the last quote told."""
        selection_id = row["selection_id"]
        prices = back, back_size, lay, lay_size, last = tuple(row[name] for name in _PRICES)
        traded = self._trade(selection_id, last, row["traded_volume"])
        if traded is None and self._prices.get(selection_id) == prices:
            return None
        self._prices[selection_id] = prices
        return Quote(
            at,
            self._market_id,
            selection_id,
            back=_level(back, back_size),
            lay=_level(lay, lay_size),
            traded=traded,
            last_traded=last,
            replaces=True,
        )

    def _trade(
        self, selection_id: int, last: Decimal | None, volume: Decimal | None
    ) -> tuple[tuple[int, int], ...] | None:
        """New volume counts at the last traded price: the tables do not say at which it was."""
        if last is None or volume is None:
            return None
        traded = self._traded.setdefault(selection_id, {})
        grown = int(volume * 100) - sum(traded.values())
        if grown <= 0:
            return None
        tick = TICK_OF.get(last)
        if tick is None:  # reduced by a removal
            tick = max(0, bisect_right(PRICES, last) - 1)
        traded[tick] = traded.get(tick, 0) + grown
        return ((tick, traded[tick]),)


def _level(price: Decimal | None, size: Decimal | None) -> tuple[tuple[int, int], ...]:
    tick = None if price is None else TICK_OF.get(price)
    return () if tick is None or size is None else ((tick, int(size * 100)),)
