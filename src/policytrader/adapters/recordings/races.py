"""Imported recordings as races in columns (``ports/races.py``): definitions, best prices, and tapes read on demand."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from policytrader.adapters.recordings.ladders import DEFINITIONS, LADDERS
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.adapters.recordings.playback_ladders import has_ladders
from policytrader.adapters.recordings.tables import (
    DEFINITIONS_FILE,
    RUNNERS,
    RUNNERS_NEVER_MISSING,
    STATES,
    STATES_FILE,
    STATES_NEVER_MISSING,
    UNREADABLE,
    damaged,
    market_folders,
    market_id_of,
    numbered_parts,
    read_part,
)
from policytrader.model.snapshot import MarketType
from policytrader.ports.races import MISSING, BestPrices, MarketRecord, RaceRecord, RunnerRecord
from policytrader.simulation.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition
    from policytrader.simulation.tape import Whole

_BEST = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
_CHANGES = ("change_no", "kind", "tick", "pennies")
_TAPE = ("published_at", "selection_id", *_CHANGES)


def race_folders(recording: Path) -> dict[str, list[Path]]:
    """Race id -> the folders of its markets. Raises ``RecordingError`` where the folder holds no imported recording."""
    races: dict[str, list[Path]] = defaultdict(list)
    for folder in market_folders(recording):
        path = folder / STATES_FILE
        try:
            head = pq.ParquetFile(path).read_row_group(0, columns=["race_id"])
            races[head["race_id"][0].as_py()].append(folder)
        except UNREADABLE as error:
            raise damaged(path, f"cannot be read: {error}") from error
    return dict(races)


def read_race(race_id: str, folders: Iterable[Path]) -> RaceRecord:
    """The WIN and PLACE markets of one race. Raises ``RecordingError`` for damage."""
    markets = (_read_market(folder) for folder in folders)
    return RaceRecord(race_id=race_id, markets={one.market_id: one for one in markets if one is not None})


def _read_market(folder: Path) -> MarketRecord | None:
    """The market; None for one that policies do not bet on."""
    market_id = market_id_of(folder)
    definitions = _definitions(folder, market_id)
    if not definitions or definitions[0][2].market_type not in set(MarketType):
        return None
    best, until = _best_prices(folder)
    tapes = _Tapes(folder)
    listed = {one.selection_id for _, _, definition in definitions for one in definition.runners}
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
    )


def _definitions(folder: Path, market_id: str) -> list[tuple[int, int, MarketDefinition]]:
    path = folder / DEFINITIONS_FILE
    if not has_ladders(folder) and (folder / STATES_FILE).exists():
        raise damaged(folder, "was imported before whole ladders were kept")
    table = read_part(path, DEFINITIONS, DEFINITIONS.names)
    times = table["published_at"].cast(pa.int64()).to_pylist()
    found: list[tuple[int, int, MarketDefinition]] = []
    before: MarketDefinition | None = None
    try:
        for at, number, raw in zip(times, table["change_no"].to_pylist(), table["raw"].to_pylist(), strict=True):
            before = play_definition(market_id, orjson.loads(raw), before)
            found.append((at, number, before))
    except UnplayableError:
        return []
    except UNREADABLE as error:
        raise damaged(path, f"holds what is no definition: {error}") from error
    return found


def _best_prices(folder: Path) -> tuple[Mapping[int, BestPrices], int]:
    """Best prices by runner, and when the market was last published."""
    parts = [
        read_part(path, RUNNERS, RUNNERS_NEVER_MISSING, columns=("published_at", "selection_id", *_BEST))
        for path in numbered_parts(folder, "runners")
    ]
    table = pa.concat_tables(parts).combine_chunks()
    states = read_part(folder / STATES_FILE, STATES, STATES_NEVER_MISSING, columns=("recorded_until",))
    until = states["recorded_until"][-1]
    columns = [table["published_at"].cast(pa.int64()).to_numpy(), *(_whole(table[name]) for name in _BEST)]
    found = {}
    for selection_id, (at, back, back_size, lay, lay_size, last) in _by_runner(table, columns):
        is_crossed = (back != MISSING) & (lay != MISSING) & (back >= lay)
        for column in (back, back_size, lay, lay_size):
            column[is_crossed] = MISSING
        found[selection_id] = BestPrices(at, back, back_size, lay, lay_size, last)
    return found, until.cast(pa.int64()).as_py()


class _Tapes:
    """The tapes of one market: read together when the first is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tapes: dict[int, Tape] | None = None

    def read(self, selection_id: int) -> Tape:
        if self._tapes is None:
            paths = numbered_parts(self._folder, "ladders")
            table = pa.concat_tables([read_part(path, LADDERS, _TAPE, columns=_TAPE) for path in paths])
            columns = [table["published_at"].cast(pa.int64()), *(table[name] for name in _CHANGES)]
            whole = [column.to_numpy().astype(np.int64) for column in columns]
            self._tapes = {selection_id: Tape(*found) for selection_id, found in _by_runner(table, whole)}
        return self._tapes.get(selection_id, _NO_TAPE)


def _by_runner(table: pa.Table, columns: Sequence[Whole]) -> Iterator[tuple[int, list[Whole]]]:
    """The columns of each runner, in the table's order."""
    selection_ids = table["selection_id"].to_numpy()
    order = np.argsort(selection_ids, kind="stable")
    ids, starts = np.unique(selection_ids[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    sorted_columns = [column[order] for column in columns]
    for selection_id, start, end in zip(ids.tolist(), starts.tolist(), ends, strict=True):
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
