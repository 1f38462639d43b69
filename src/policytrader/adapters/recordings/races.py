"""Imported recordings as races in columns (``ports/races.py``): definitions, best prices, and tapes read on demand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from policytrader.adapters.recordings.ladders import DEFINITIONS, LADDERS
from policytrader.adapters.recordings.parts import (
    MarketFiles,
    damaged,
    reading,
    reading_definitions,
)
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.adapters.recordings.tables import (
    RUNNERS,
    RUNNERS_NEVER_MISSING,
    STATES,
    STATES_NEVER_MISSING,
    market_id_of,
    read_part,
)
from policytrader.model.snapshot import MarketType
from policytrader.ports.races import MISSING, BestPrices, MarketRecord, RaceRecord, RunnerRecord
from policytrader.simulation.tape import Kind, Tape
from policytrader.simulation.units import HUNDREDTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.tape import Whole

_BEST = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
_CHANGES = ("change_no", "kind", "tick", "pennies")
_TAPE = ("published_at", "selection_id", *_CHANGES)
_TRADES = ("published_at", "selection_id", "kind", "exact")
_HIGHEST = HUNDREDTHS[-1]
_IS_PRICE = np.zeros(_HIGHEST + 3, np.bool_)
"""By hundredths; the place before the last is for what is above the ladder, the last one for ``MISSING``."""
_IS_PRICE[[*HUNDREDTHS, MISSING]] = True


def read_race(race_id: str, folders: Iterable[Path]) -> RaceRecord:
    """The WIN and PLACE markets of one race. Raises ``RecordingError`` for damage."""
    markets = (_read_market(folder) for folder in folders)
    return RaceRecord(race_id=race_id, markets={one.market_id: one for one in markets if one is not None})


def _read_market(folder: Path) -> MarketRecord | None:
    """The market; None for one that policies do not bet on."""
    files, market_id = MarketFiles(folder), market_id_of(folder)
    try:
        definitions = read_definitions(files)
    except UnplayableError:
        return None
    if not definitions or definitions[0][2].market_type not in set(MarketType):
        return None
    best, until = read_best_prices(files)
    listed = {one.selection_id for _, _, definition in definitions for one in definition.runners}
    if listed and not best:
        raise damaged(files.parts("runners")[0], "holds no rows")
    _forget_odd_prices(files, best)
    tapes = _Tapes(files)
    return MarketRecord(
        market_id=market_id,
        market_type=MarketType(definitions[0][2].market_type),
        definitions=definitions,
        runners={
            selection_id: RunnerRecord(
                selection_id=selection_id,
                best=best.get(selection_id, _NOTHING),
                read_tape=partial(tapes.read, selection_id),
            )
            for selection_id in sorted(listed)
        },
        until=max(until, definitions[-1][0]),
        off_ladder=[one for one in sorted(listed & best.keys()) if not _is_on_ladder(best[one])],
    )


def definitions_table(files: MarketFiles) -> pa.Table:
    """The definitions of a market, as they were told."""
    if not files.has_ladders:
        raise damaged(files.folder, "was imported before whole ladders were kept")
    return read_part(files.only_part("definitions"), DEFINITIONS, DEFINITIONS.names)


def read_definitions(files: MarketFiles) -> list[tuple[int, int, MarketDefinition]]:
    """What ``MarketRecord`` has of a market. Raises ``UnplayableError`` where there are no rules for it."""
    market_id, table = market_id_of(files.folder), definitions_table(files)
    times = table["published_at"].cast(pa.int64()).to_pylist()
    found: list[tuple[int, int, MarketDefinition]] = []
    before: MarketDefinition | None = None
    told: list[Any] = []
    with reading_definitions(files):
        for at, number, text in zip(times, table["change_no"].to_pylist(), table["raw"].to_pylist(), strict=True):
            raw = orjson.loads(text)
            before = play_definition(market_id, raw, before, told=told)
            told = raw["runners"]
            found.append((at, number, before))
    return found


def read_best_prices(files: MarketFiles) -> tuple[Mapping[int, BestPrices], int]:
    """Best prices by runner, and when the market was last published."""
    parts = [
        read_part(path, RUNNERS, RUNNERS_NEVER_MISSING, columns=("published_at", "selection_id", *_BEST))
        for path in files.parts("runners")
    ]
    table = pa.concat_tables(parts).combine_chunks()
    states = read_part(files.only_part("states"), STATES, STATES_NEVER_MISSING, columns=("recorded_until",))
    until = states["recorded_until"][-1]
    columns = [table["published_at"].cast(pa.int64()).to_numpy(), *(_whole(table[name]) for name in _BEST)]
    found = {}
    for selection_id, (at, back, back_size, lay, lay_size, last) in _by_runner(table, columns):
        is_crossed = (back != MISSING) & (lay != MISSING) & (back >= lay)
        for column in (back, back_size, lay, lay_size):
            column[is_crossed] = MISSING
        found[selection_id] = BestPrices(at, back, back_size, lay, lay_size, last)
    return found, until.cast(pa.int64()).as_py()


def _is_on_ladder(best: BestPrices) -> bool:
    """Whether every price on offer is one of the exchange's."""
    return all(bool(_IS_PRICE[np.minimum(prices, _HIGHEST + 1)].all()) for prices in (best.back, best.lay))


def _forget_odd_prices(files: MarketFiles, best: Mapping[int, BestPrices]) -> None:
    """Take out last traded prices that are none to the daemon: ``CheckedPrices`` leaves out what the table rounded."""
    for one in best.values():
        one.last_traded[one.last_traded > _HIGHEST] = MISSING
    paths = files.parts("ladders")
    if not any(map(_may_be_exact, paths)):
        return
    table = pa.concat_tables([read_part(path, LADDERS, _TAPE, columns=_TRADES) for path in paths])
    table = table.filter(pc.equal(table["kind"], int(Kind.LAST_TRADED)))
    columns = [table["published_at"].cast(pa.int64()).to_numpy(), pc.is_valid(table["exact"]).to_numpy()]
    for selection_id, (at, is_odd) in _by_runner(table, columns):
        if is_odd.any() and (rows := best.get(selection_id)) is not None:
            place = np.searchsorted(at, rows.at, "right") - 1
            rows.last_traded[(place >= 0) & is_odd[place]] = MISSING


def _may_be_exact(path: Path) -> bool:
    """Whether a part of the ladders may hold prices of more than two decimals: its head tells it, if it is not old."""
    with reading(path):
        head = pq.ParquetFile(path).metadata
        column = head.schema.names.index("exact")
        told = [head.row_group(place).column(column).statistics for place in range(head.num_row_groups)]
    return any(one is None or one.num_values for one in told)


class _Tapes:
    """The tapes of one market: read together when the first is asked for."""

    def __init__(self, files: MarketFiles) -> None:
        self._files = files
        self._tapes: dict[int, Tape] | None = None

    def read(self, selection_id: int) -> Tape:
        if self._tapes is None:
            paths = self._files.parts("ladders")
            table = pa.concat_tables([read_part(path, LADDERS, _TAPE, columns=(*_TAPE, "exact")) for path in paths])
            columns = [table["published_at"].cast(pa.int64()), *(table[name] for name in _CHANGES)]
            whole = [column.to_numpy() for column in columns]
            self._tapes = {runner: Tape(*found) for runner, found in _by_runner(table, whole)}
            exact = _exact_prices(table["exact"])
            for runner, (rows,) in _by_runner(table, [np.arange(len(table))]) if exact else ():
                own = {place: exact[row] for place, row in enumerate(rows.tolist()) if row in exact}
                self._tapes[runner] = replace(self._tapes[runner], exact=own)
        return self._tapes.get(selection_id, _NO_TAPE)


def _exact_prices(column: pa.ChunkedArray) -> dict[int, Decimal]:
    """The prices that hundredths do not hold, by row."""
    rows = np.flatnonzero(pc.is_valid(column).to_numpy()).tolist()
    return {row: Decimal(text) for row, text in zip(rows, column.drop_null().to_pylist(), strict=True)}


def _by_runner(table: pa.Table, columns: Sequence[Whole]) -> Iterator[tuple[int, list[Whole]]]:
    """The columns of each runner, in the table's order."""
    runners = table["selection_id"].combine_chunks().dictionary_encode()
    # Few enough for the narrow numbers that numpy sorts by counting.
    places = runners.indices.to_numpy().astype(np.uint16)
    order = np.argsort(places, kind="stable")
    counts = np.bincount(places, minlength=len(runners.dictionary))
    ends = np.cumsum(counts)
    sorted_columns = [column[order] for column in columns]
    for selection_id, start, end in zip(runners.dictionary.to_pylist(), ends - counts, ends, strict=True):
        yield selection_id, [column[start:end] for column in sorted_columns]


def _whole(column: pa.ChunkedArray) -> Any:
    """Decimals of two places as whole hundredths; what is missing is ``MISSING``."""
    array = column.combine_chunks()
    scaled = pa.Array.from_buffers(
        pa.decimal128(array.type.precision, 0), len(array), array.buffers(), offset=array.offset
    )
    return scaled.cast(pa.int64()).fill_null(MISSING).to_numpy().copy()


_EMPTY = np.array([], np.int64)
_NO_TAPE = Tape(_EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
_NOTHING = BestPrices(_EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
