"""A generated day as files of the Exchange Stream, one per market: what a recorder of the simulated exchange has.

A line is a message, as in the exchange's historical files of the ADVANCED and PRO kinds: whole ladders (``atb``,
``atl``), traded volume, last traded and projected starting prices, and definitions that name the market and its
runners, which the live stream does not.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import orjson

from policytrader.adapters.exchange_server.stream_definition import write_definition
from policytrader.adapters.exchange_server.stream_orders import milliseconds
from policytrader.model.price import PRICES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from pathlib import Path

    from policytrader.simulation.book import RunnerBook
    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.exchange import Change, SimulatedExchange
    from policytrader.simulation.market import Market

_PRICES = tuple(map(float, PRICES))
_LEVEL = 3
_PIECE_BYTES = 1 << 17
"""Packed at once: line by line, the files' tables would push each other out of the processor's cache."""


class StreamFiles:
    """Listens to an exchange from before its first event, and writes ``folder``/MARKET_ID.gz for each market.

    Nobody may bet there: what is written is what others display. The same events give the same bytes. A file is whole
    when its market is settled, or at ``close``.
    """

    def __init__(self, exchange: SimulatedExchange, folder: Path) -> None:
        self._exchange = exchange
        self._folder = folder
        self._open: dict[str, _MarketFile] = {}
        self._unsubscribe = exchange.subscribe(self._note)
        self.paths: list[Path] = []
        self.messages = 0

    def close(self) -> None:
        """Listen no more, and finish the files of markets that are not settled."""
        self._unsubscribe()
        for file in self._open.values():
            file.close()
        self._open.clear()

    def _note(self, change: Change) -> None:
        market = self._exchange.markets[change.market_id]
        file = self._open.get(change.market_id)
        if file is None:
            path = self._folder / f"{change.market_id}.gz"
            file = self._open[change.market_id] = _MarketFile(change.market_id, path)
            self.paths.append(path)
        self.messages += file.write(market, change)
        if market.is_settled:
            self._open.pop(change.market_id).close()


class _MarketFile:
    """One market's file, and what it has told so far."""

    def __init__(self, market_id: str, path: Path) -> None:
        self._market_id = market_id
        self._runners: dict[int, _RunnerTold] = {}
        self._lines = 0
        self._waiting = bytearray()
        self._raw = path.open("wb")
        # Neither name nor time: they would make equal files differ.
        self._packed = gzip.GzipFile("", "wb", _LEVEL, self._raw, mtime=0)

    def write(self, market: Market, change: Change) -> bool:
        """One message of what the change shows; false where it shows nothing."""
        told: dict[str, Any] = {"id": self._market_id}
        if change.is_definition:
            told["marketDefinition"] = _named_definition(market.definition)
        # Of a new definition all runners: a removal empties the ladders of others.
        selections = market.books if change.is_definition else sorted(change.selections)
        deltas = []
        for selection_id in selections:
            runner = self._runners.get(selection_id)
            if runner is None:
                runner = self._runners[selection_id] = _RunnerTold()
            if delta := runner.delta(market.books[selection_id]):
                delta["id"] = selection_id
                deltas.append(delta)
        if deltas:
            told["rc"] = deltas
            told["tv"] = sum(runner.volume_pennies for runner in self._runners.values()) / 100
        if len(told) == 1:
            return False
        self._lines += 1
        if self._lines == 1:
            told["img"] = True
        message = {"op": "mcm", "clk": str(self._lines), "pt": milliseconds(change.at), "mc": [told]}
        self._waiting += orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
        if len(self._waiting) >= _PIECE_BYTES:
            self._pack()
        return True

    def _pack(self) -> None:
        self._packed.write(self._waiting)
        self._waiting.clear()

    def close(self) -> None:
        self._pack()
        self._packed.close()
        self._raw.close()


class _RunnerTold:
    """What a file has told of one runner."""

    __slots__ = ("_back", "_lay", "_numbers", "_traded", "volume_pennies")

    def __init__(self) -> None:
        self._back: dict[int, int] = {}
        self._lay: dict[int, int] = {}
        self._traded: dict[int, int] = {}
        self._numbers: tuple[Decimal | None, ...] = (None, None, None)
        self.volume_pennies = 0

    def delta(self, book: RunnerBook) -> dict[str, Any]:
        """What is new, in the stream's names; it is told from now on."""
        delta: dict[str, Any] = {}
        if book.back != self._back:
            delta["atb"] = _changed(self._back, book.back)
            self._back = dict(book.back)
        if book.lay != self._lay:
            delta["atl"] = _changed(self._lay, book.lay)
            self._lay = dict(book.lay)
        if book.volume != self._traded:
            delta["trd"] = _changed(self._traded, book.volume)
            self._traded = dict(book.volume)
        if book.volume_pennies != self.volume_pennies:
            self.volume_pennies = book.volume_pennies
            delta["tv"] = book.volume_pennies / 100
        numbers = (book.last_traded, book.near, book.far)
        if numbers != self._numbers:
            for key, before, now in zip(("ltp", "spn", "spf"), self._numbers, numbers, strict=True):
                if now is not None and now != before:
                    delta[key] = float(now)
            self._numbers = numbers
        return delta


def _changed(before: Mapping[int, int], now: Mapping[int, int]) -> list[list[float]]:
    """[price, size] of each level that is new or another, and size 0 for each that is gone."""
    levels = [[_PRICES[tick], pennies / 100] for tick, pennies in now.items() if before.get(tick) != pennies]
    levels += [[_PRICES[tick], 0] for tick in before if tick not in now]
    return levels


def _named_definition(market: MarketDefinition) -> dict[str, Any]:
    """With the names that historical files have and the live stream has not."""
    raw = write_definition(market)
    names = {runner.selection_id: runner.name for runner in market.runners}
    runners = [runner | {"name": names[runner["id"]]} for runner in raw["runners"]]
    return raw | {"runners": runners, "name": market.name, "eventName": market.event_name}
