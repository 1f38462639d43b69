"""Imported recordings as races in columns (``ports/races.py``): definitions, best prices, and tapes read on demand."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.adapters.recordings.tables import damaged, numbered_parts, read_rows
from policytrader.errors import Diagnostic, Place, RecordingError
from policytrader.model.snapshot import MarketType
from policytrader.ports.races import MISSING, BestPrices, MarketRecord, RaceRecord, RunnerRecord
from policytrader.simulation.tape import Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from policytrader.simulation.definition import MarketDefinition

_UNREADABLE = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError)
_DEFINITIONS = "definitions-0.parquet"
_BEST = ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
_TAPE = ("published_at", "change_no", "selection_id", "kind", "tick", "pennies")
_WHOLE = pa.decimal128(18, 0)


def race_folders(recording: Path) -> dict[str, list[Path]]:
    """Race id -> the folders of its markets. Raises ``RecordingError`` where the folder holds no imported recording."""
    folders = sorted(recording.glob("day=*/market=*"))
    if not folders:
        help_text = "Give the folder that `policytrader recording import` wrote."
        raise RecordingError(
            [Diagnostic(Place(str(recording)), codes.NOT_A_RECORDING, "holds no imported recording", help_text)]
        )
    races: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        path = folder / "states-0.parquet"
        try:
            head = pq.ParquetFile(path).read_row_group(0, columns=["race_id"])
            races[head["race_id"][0].as_py()].append(folder)
        except _UNREADABLE as error:
            raise damaged(path, f"cannot be read: {error}") from error
    return dict(races)


def read_race(race_id: str, folders: Iterable[Path]) -> RaceRecord:
    """The WIN and PLACE markets of one race. Raises ``RecordingError`` for damage."""
    markets = (_read_market(folder) for folder in folders)
    return RaceRecord(race_id=race_id, markets={one.market_id: one for one in markets if one is not None})


def _read_market(folder: Path) -> MarketRecord | None:
    """The market; None for one that policies do not bet on."""
    market_id = folder.name.removeprefix("market=")
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
    path = folder / _DEFINITIONS
    if not path.exists() and (folder / "states-0.parquet").exists():
        raise damaged(folder, "was imported before whole ladders were kept")
    table = _read(path, ("published_at", "change_no", "raw"))
    times = table["published_at"].cast(pa.int64()).to_pylist()
    found: list[tuple[int, int, MarketDefinition]] = []
    before: MarketDefinition | None = None
    try:
        for at, number, raw in zip(times, table["change_no"].to_pylist(), table["raw"].to_pylist(), strict=True):
            before = play_definition(market_id, orjson.loads(raw), before)
            found.append((at, number, before))
    except UnplayableError:
        return []
    except _UNREADABLE as error:
        raise damaged(path, f"holds what is no definition: {error}") from error
    return found


def _best_prices(folder: Path) -> tuple[Mapping[int, BestPrices], int]:
    """Best prices by runner, and when the market was last published."""
    parts = [_read(path, ("published_at", "selection_id", *_BEST)) for path in numbered_parts(folder, "runners")]
    table = pa.concat_tables(parts).combine_chunks()
    until = _read(folder / "states-0.parquet", ("recorded_until",))["recorded_until"][-1]
    selection_ids = table["selection_id"].to_numpy()
    columns = [table["published_at"].cast(pa.int64()).to_numpy(), *(_whole(table[name]) for name in _BEST)]
    order = np.argsort(selection_ids, kind="stable")
    ids, starts = np.unique(selection_ids[order], return_index=True)
    ends = [*starts[1:].tolist(), len(order)]
    found = {}
    for selection_id, start, end in zip(ids.tolist(), starts.tolist(), ends, strict=True):
        at, back, back_size, lay, lay_size, last = (column[order[start:end]] for column in columns)
        is_crossed = (back != MISSING) & (lay != MISSING) & (back >= lay)
        for column in (back, back_size, lay, lay_size):
            column[is_crossed] = MISSING
        found[selection_id] = BestPrices(at, back, back_size, lay, lay_size, last)
    return found, until.cast(pa.int64()).as_py()


class _Tapes:
    """The tapes of one market: read together when the first is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table: pa.Table | None = None

    def read(self, selection_id: int) -> Tape:
        if self._table is None:
            paths = numbered_parts(self._folder, "ladders")
            self._table = pa.concat_tables([_read(path, _TAPE) for path in paths]).combine_chunks()
        rows = self._table.filter(pc.equal(self._table["selection_id"], selection_id))
        return Tape(
            at=rows["published_at"].cast(pa.int64()).to_numpy(),
            number=rows["change_no"].to_numpy().astype(np.int64),
            kind=rows["kind"].to_numpy().astype(np.int64),
            tick=rows["tick"].to_numpy().astype(np.int64),
            pennies=rows["pennies"].to_numpy(),
        )


def _whole(column: pa.ChunkedArray) -> Any:
    """Decimals of two places as whole hundredths; what is missing is ``MISSING``."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    scaled = pa.Array.from_buffers(
        pa.decimal128(array.type.precision, 0), len(array), array.buffers(), offset=array.offset
    )
    return scaled.cast(pa.int64()).fill_null(MISSING).to_numpy().copy()


def _read(path: Path, columns: tuple[str, ...]) -> pa.Table:
    try:
        return read_rows([path], columns=columns)
    except _UNREADABLE as error:
        raise damaged(path, f"cannot be read: {error}") from error


_EMPTY = np.array([], np.int64)
_NOTHING = BestPrices(_EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY, _EMPTY)
