"""An imported market as the events that its raw stream makes, from the tables of ``ladders``."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from policytrader.adapters.recordings.ladders import DEFINITIONS, LADDERS
from policytrader.adapters.recordings.parts import MarketFiles, reading, reading_definitions
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.adapters.recordings.playback_stream import not_played
from policytrader.adapters.recordings.tables import (
    market_id_of,
    read_part,
)
from policytrader.errors import RecordingError
from policytrader.model.times import EPOCH, MICROSECOND
from policytrader.simulation.events import Event, Quote, Redefine
from policytrader.simulation.tape import Kind, Sides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition

    Row: TypeAlias = tuple[int, int, int, int, int, int, str | None]
    Change: TypeAlias = tuple[int, int, Any]

_PARTS = {Kind.BACK: "back", Kind.LAY: "lay", Kind.TRADED: "traded"}
_PRICES = {Kind.LAST_TRADED: "last_traded", Kind.NEAR: "near", Kind.FAR: "far"}
_NEVER_MISSING = [name for name in LADDERS.names if name != "exact"]
_BATCH_ROWS = 65_536


def played_ladders(files: MarketFiles) -> Iterator[tuple[int, list[Event]]]:
    """The events of a market by instant (microseconds since 1970).

    Raises ``RecordingError`` for damage, and where the market cannot be played any further.
    """
    market_id = market_id_of(files.folder)
    definition: MarketDefinition | None = None
    for at, changes in groupby(_changes(files), key=itemgetter(0)):
        moment = EPOCH + at * MICROSECOND
        events: list[Event] = []
        for _, _, told in changes:
            if not isinstance(told, str):
                events.append(_quote(moment, market_id, told))
                continue
            try:
                with reading_definitions(files):
                    definition = play_definition(market_id, orjson.loads(told), definition)
            except UnplayableError as error:
                yield at, events
                raise RecordingError([not_played(market_id, str(files.folder), error)]) from error
            events.append(Redefine(moment, definition))
        yield at, events


def _changes(files: MarketFiles) -> Iterator[Change]:
    """When, number and content of each change in order: the rows of a quote, or the JSON of a definition."""
    definitions = _definitions(files.only_part("definitions"))
    waiting = next(definitions, None)
    for number, rows in groupby(_ladder_rows(files), key=itemgetter(1)):
        while waiting is not None and waiting[1] < number:
            yield waiting
            waiting = next(definitions, None)
        told = list(rows)
        yield told[0][0], number, told
    while waiting is not None:
        yield waiting
        waiting = next(definitions, None)


def _definitions(path: Path) -> Iterator[Change]:
    yield from zip(*_columns(path, read_part(path, DEFINITIONS, DEFINITIONS.names)), strict=True)


def _ladder_rows(files: MarketFiles) -> Iterator[Row]:
    for path in files.parts("ladders"):
        for batch in read_part(path, LADDERS, _NEVER_MISSING).to_batches(max_chunksize=_BATCH_ROWS):
            yield from zip(*_columns(path, batch), strict=True)


def _columns(path: Path, table: pa.Table | pa.RecordBatch) -> list[list[Any]]:
    with reading(path):
        times = pc.cast(table["published_at"], pa.int64()).to_pylist()
        return [times, *(table[name].to_pylist() for name in table.schema.names[1:])]


def _quote(moment: datetime, market_id: str, rows: Iterable[Row]) -> Quote:
    levels: dict[str, list[tuple[int, int]]] = {}
    told: dict[str, Any] = {}
    selection_id = 0
    for _, _, selection_id, kind, tick, pennies, exact in rows:  # noqa: B007 - the same in all rows of a quote
        if kind <= Kind.TRADED:
            levels.setdefault(_PARTS[Kind(kind)], []).append((tick, pennies))
        elif kind <= Kind.FAR:
            told[_PRICES[Kind(kind)]] = _price(pennies) if exact is None else Decimal(exact)
        elif kind == Kind.IS_REPRICED:
            told["is_repriced"] = True
        else:
            if kind == Kind.REPLACES:
                told["replaces"] = True
            if pennies & Sides.BACK:
                levels.setdefault("back", [])
            if pennies & Sides.LAY:
                levels.setdefault("lay", [])
    told |= {name: tuple(side) for name, side in levels.items()}
    return Quote(moment, market_id, selection_id, **told)


@lru_cache(maxsize=4096)
def _price(hundredths: int) -> Decimal:
    # As playback of the raw stream writes it: 4.0 for 4.
    return Decimal(str(hundredths / 100))
