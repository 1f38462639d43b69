"""The two Parquet tables that decisions ask of an imported market, and how rows of the cache become their columns.

::

    DIR/day=2022-11-07/market=1.206064380/states-0.parquet     one row per change of the definition
                                         /runners-0.parquet    one row per change of a runner; runners-1, ... follow

Beside them stand the tables of ``ladders``, which playback asks.
``day`` is the UTC day of the market's first known start. In each file rows stand in the order of publishing, with at
most one row per instant (and runner). A row holds until the next of the same market (and runner). ``recorded_until`` is
when the last message of the market was published: until then, silence means that nothing changed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from policytrader.adapters.recordings import codes
from policytrader.adapters.recordings.definition import MarketState, RunnerFacts
from policytrader.adapters.recordings.parts import MarketFiles, damaged, reading
from policytrader.errors import Diagnostic, Place, RecordingError
from policytrader.model.times import from_microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from policytrader.adapters.recordings.runner_columns import RunnerColumns
    from policytrader.adapters.recordings.stream import MarketCache

TIME = pa.timestamp("us", tz="UTC")
PRICE = pa.decimal128(8, 2)
SIZE = pa.decimal128(14, 2)
FACTOR = pa.decimal128(9, 5)

STATES = pa.schema(
    [
        ("published_at", TIME),
        ("recorded_until", TIME),
        ("market_id", pa.string()),
        ("race_id", pa.string()),
        ("market_type", pa.string()),
        ("status", pa.string()),
        ("in_play", pa.bool_()),
        ("version", pa.int64()),
        ("number_of_winners", pa.int32()),
        ("number_of_active_runners", pa.int32()),
        ("market_time", TIME),
        ("course", pa.string()),
        ("event_id", pa.string()),
        ("event_name", pa.string()),
        ("country_code", pa.string()),
        ("event_type_id", pa.string()),
        ("market_name", pa.string()),
        ("betting_type", pa.string()),
        ("price_ladder", pa.string()),
        ("bet_delay", pa.int32()),
        ("market_base_rate", FACTOR),
        ("each_way_divisor", FACTOR),
        ("bsp_market", pa.bool_()),
        ("settled_at", TIME),
    ]
)
"""One row per change of a market's definition."""

RUNNERS = pa.schema(
    [
        ("published_at", TIME),
        ("market_id", pa.string()),
        ("selection_id", pa.int64()),
        ("runner_name", pa.string()),
        ("status", pa.string()),
        ("best_back", PRICE),
        ("best_back_size", SIZE),
        ("best_lay", PRICE),
        ("best_lay_size", SIZE),
        ("last_traded", PRICE),
        ("adjustment_factor", FACTOR),
        ("removed_at", TIME),
        ("traded_volume", SIZE),
        ("listed", pa.bool_()),
    ]
)
"""One row per change of a runner, ``listed`` false from when a definition leaves the runner out."""

STATES_NEVER_MISSING = ("published_at", "recorded_until", "market_id", "race_id", "in_play", "market_time")
RUNNERS_NEVER_MISSING = ("published_at", "market_id", "selection_id", "listed")

# The exchange's lowest price is 1.01; hidden runners show 1.0, which is no price.
_PRICES = (1.01, 999_999.0)
_SIZES = (0.0, 1e11)
_FACTORS = (0.0, 1000.0)


def states_table(market: MarketCache) -> pa.Table:
    """All definitions of a market."""
    published = [row[0] for row in market.states]
    count = len(published)
    columns: dict[str, Sequence[Any]] = {
        "market_id": [market.market_id] * count,
        "race_id": [market.race_id] * count,
        **dict(zip(MarketState._fields, zip(*(row[1] for row in market.states), strict=True), strict=True)),
    }
    arrays: dict[str, Any] = {
        "published_at": _milliseconds(published),
        "recorded_until": _milliseconds([market.published] * count),
    }
    for field in STATES:
        if field.name in columns:
            values = columns[field.name]
            arrays[field.name] = _decimals(values, FACTOR, _FACTORS) if field.type == FACTOR else _array(values, field)
    return pa.table([arrays[field.name] for field in STATES], schema=STATES)


def runners_table(market_id: str, columns: RunnerColumns, facts: Sequence[RunnerFacts]) -> pa.Table:
    """Runner rows of one market."""
    if not len(columns.published):
        return RUNNERS.empty_table()
    used = pa.array(columns.facts, pa.int32())
    named = dict(zip(RunnerFacts._fields, zip(*facts, strict=True), strict=True))
    arrays: dict[str, Any] = {
        "published_at": _milliseconds(columns.published),
        "market_id": pa.repeat(pa.scalar(market_id, pa.string()), len(used)),
        "selection_id": pa.array(columns.selection_id, pa.int64()),
        "adjustment_factor": _decimals(named["adjustment_factor"], FACTOR, _FACTORS).take(used),
    }
    for name in ("runner_name", "status", "removed_at", "listed"):
        arrays[name] = _array(named[name], RUNNERS.field(name)).take(used)
    for name in ("best_back", "best_lay", "last_traded"):
        arrays[name] = _decimals(getattr(columns, name), PRICE, _PRICES)
    for name in ("best_back_size", "best_lay_size"):
        arrays[name] = _decimals(getattr(columns, name), SIZE, _SIZES)
    arrays["traded_volume"] = _decimals(columns.volume, SIZE, _SIZES)
    return pa.table([arrays[field.name] for field in RUNNERS], schema=RUNNERS)


def write_table(table: pa.Table, path: Path) -> None:
    """One Parquet file, compressed."""
    text = [field.name for field in table.schema if field.type == pa.string()]
    pq.write_table(
        table,
        path,
        compression="zstd",
        use_dictionary=text,
        write_statistics=["published_at", "exact"],
        store_decimal_as_integer=True,  # read in two thirds of the time
    )


def read_rows(paths: Sequence[Path], until: datetime | None = None, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a market's files in order; with ``until``, those published by then."""
    names = None if columns is None else list(columns)
    if until is None:
        return pa.concat_tables([_read_file(path, names) for path in paths])
    limit = [("published_at", "<=", pa.scalar(until, TIME))]
    return pa.concat_tables([pq.read_table(path, columns=names, filters=limit) for path in paths])


def _read_file(path: Path, columns: Sequence[str] | None) -> pa.Table:
    """One file, by this thread: files are small, and pyarrow's datasets and pools of threads cost more than reading."""
    with pq.ParquetFile(path) as file:
        table = file.read(columns=columns, use_threads=False)
    return table if columns is None else table.select([name for name in columns if name in table.schema.names])


def read_part(
    path: Path,
    schema: pa.Schema,
    never_missing: Iterable[str],
    *,
    until: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """The rows of one file of a table with this schema; all its columns, or these.

    Raises ``RecordingError`` naming the file where it cannot be read, is of another schema, or misses a value in a
    column that is never missing.
    """
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    with reading(path):
        table = read_rows([path], until, columns)
    if missing := [field.name for field in wanted if field.name not in table.schema.names]:
        raise damaged(path, f"cannot be read: it has no column {', '.join(missing)}")
    if not table.schema.equals(wanted):
        raise damaged(path, "cannot be read: its columns are not those of a recording")
    if empty := [name for name in never_missing if name in wanted.names and table[name].null_count]:
        raise damaged(path, f"cannot be read: {', '.join(empty)} is missing in some rows")
    return table


def count_rows(files: MarketFiles, name: str) -> int:
    """The rows of one table of a market, by what its files tell of themselves.

    Raises ``RecordingError`` naming the damaged file.
    """
    count = 0
    for path in files.parts(name):
        with reading(path):
            count += pq.read_metadata(path).num_rows
    return count


def read_states(folder: Path) -> list[dict[str, Any]]:
    """The definitions of the market in ``folder``, at least one. Raises ``RecordingError`` naming the damaged file."""
    path = MarketFiles(folder).only_part("states")
    states = _plain(path, read_part(path, STATES, STATES_NEVER_MISSING))
    if not states:
        raise damaged(path, "holds no rows")
    market_id, race_id = market_id_of(folder), states[0]["race_id"]
    if any((state["market_id"], state["race_id"]) != (market_id, race_id) for state in states):
        raise damaged(path, f"holds rows of another market than {market_id}")
    if folder.parent.name != f"day={race_id.rpartition('@')[2][:10]}":
        raise damaged(path, f"is of race {race_id}, which was not on the day of its folder")
    return states


def read_newest_runners(folder: Path, until: datetime, *, some_expected: bool) -> list[dict[str, Any]]:
    """The newest row of each runner of the market in ``folder`` that was published by then.

    Raises ``RecordingError`` naming the damaged file; where ``some_expected``, a table without any row is one.
    """
    paths = MarketFiles(folder).parts("runners")
    first = paths[0]
    parts = [read_part(path, RUNNERS, RUNNERS_NEVER_MISSING, until=until) for path in paths]
    table = pa.concat_tables(parts)
    if (
        some_expected
        and not len(table)
        and not any(len(read_part(path, RUNNERS, RUNNERS_NEVER_MISSING)) for path in paths)
    ):
        raise damaged(first, "holds no rows")
    last = (
        pa.table({"selection_id": table["selection_id"], "row": pa.array(range(len(table)), pa.int64())})
        .group_by("selection_id")
        .aggregate([("row", "max")])
    )
    indices = last["row_max"].combine_chunks()
    return _plain(first, table.take(indices.take(pc.array_sort_indices(indices))))


def market_folders(recording: Path) -> list[Path]:
    """The folders of the markets in an imported recording, in order. Raises ``RecordingError`` where there is none."""
    folders = sorted(recording.glob("day=*/market=*"))
    if not folders:
        help_text = "Give the folder that `policytrader recording import` wrote."
        message = "holds no imported recording"
        raise RecordingError([Diagnostic(Place(str(recording)), codes.NOT_A_RECORDING, message, help_text)])
    return folders


def _plain(path: Path, table: Any) -> list[dict[str, Any]]:
    with reading(path):
        return plain_rows(table)


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as dictionaries: ``Decimal``, aware UTC ``datetime``, ``None`` for missing."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name, value in row.items():
            if isinstance(value, datetime):
                row[name] = value.astimezone(UTC)
    return rows


def market_id_of(folder: Path) -> str:
    """The market in ``folder``: its name tells it."""
    return folder.name.removeprefix("market=")


def day_of(market: MarketCache) -> str:
    """The UTC day of a market's first known start."""
    return from_microseconds(market.first_market_time).date().isoformat()


def _milliseconds(values: Any) -> Any:
    return pa.array(values, pa.timestamp("ms", tz="UTC")).cast(TIME)


def _array(values: Sequence[Any], field: Any) -> Any:
    return pa.array(values, field.type)


def _decimals(values: Any, kind: Any, within: tuple[float, float]) -> Any:
    """Exact decimals from the nearest doubles: what had at most the type's decimals in the file has them again.

    Further decimals are artefacts of the sender's arithmetic and rounded off. Out of bounds is missing.
    """
    numbers = np.array(values, np.float64)
    is_valid = (numbers >= within[0]) & (numbers <= within[1])
    units = 10.0**kind.scale
    whole = np.rint(np.where(is_valid, numbers, 0) * units)
    if not (whole[is_valid] / units == numbers[is_valid]).all():
        return pa.array(numbers, mask=~is_valid).cast(kind)
    words = np.zeros((len(whole), 2), np.int64)  # a decimal has 128 bits; none of these needs the upper half
    words[:, 0] = whole
    return pa.Array.from_buffers(kind, len(whole), [pa.array(is_valid).buffers()[1], pa.py_buffer(words)])
