"""Many lines of a stream at once, as flat arrays: what most messages hold, read by DuckDB instead of line by line.

A block holds whole lines. Whatever in it is not as the exchange writes it makes the block, or one of its lines, odd:
odd ones are for ``stream`` and ``playback_stream``, which read message by message and know every exception.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import numpy as np
import orjson
import pyarrow.compute as pc

from policytrader.adapters.recordings.messages import LATEST_PUBLISHED, MARKET_ID
from policytrader.adapters.recordings.tick_arrays import ticks_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policytrader.adapters.recordings.tick_arrays import Bools, Floats, Ints

LADDERS = ("atb", "atl", "trd")
NUMBERS = ("ltp", "tv", "spn", "spf")
_BLOCK_BYTES = 4 * 1024 * 1024
_MOST_EXACT_ID = 2**53
_MOST_SIZE = 1e15
"""The pennies of a larger size need more than 64 bits."""
_MOST_DOCUMENT_BYTES = 64 * 1024 * 1024
_DELTA = ", ".join(["id DOUBLE", *(f"{key} DOUBLE[][]" for key in LADDERS), *(f"{key} DOUBLE" for key in NUMBERS)])
_CHANGE = f"STRUCT(id JSON, img BOOLEAN, marketDefinition JSON, rc STRUCT({_DELTA})[])"
_QUERY = (
    f"select * from read_json(?, format='newline_delimited', maximum_object_size={_MOST_DOCUMENT_BYTES}, "  # noqa: S608
    f"columns={{op: 'VARCHAR', pt: 'DOUBLE', ct: 'VARCHAR', mc: '{_CHANGE}[]'}})"
)
_USUAL = re.compile(rb'"(?:clk|initialClk|con|img)": ?(?:null|true|false)')
"""Where words stand and mean the same to DuckDB as to us."""
_USUAL_END = re.compile(rb'"(?:clk|con|img)": ?(?:null|true|false)$')
_CONTEXT_BYTES = 12
_UNUSUAL = re.compile(rb"[:,\[]\s*-?[A-Za-z]")
_NEW_LINE, _SPACE, _COMMA, _CLOSING, _FIRST_LETTER = b"\n ,}a"
_CASE = 0x20
"""Set in small letters, and in both closing brackets then."""
_LETTER_COUNT = 26
_CACHED_BYTES = 65_536


class OddBlockError(Exception):
    """A block that cannot be read at once."""


class LineReader:
    """The lines of a file: many at once, or one by one where it must be."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        """``pieces`` are unpacked bytes, cut anywhere."""
        self._pieces = pieces
        self._rest: list[bytes] = []
        self._waiting: list[bytes] = []
        self._damage: Exception | None = None
        self.number = 0

    def block(self) -> bytes:
        """Some whole lines, each with its end; empty after the last. What its bytes raise is raised after them."""
        if self._waiting:
            lines, self._waiting = self._waiting[::-1], []
            self.number += len(lines)
            return b"\n".join(lines) + b"\n"
        parts, self._rest = self._rest, []
        size = sum(map(len, parts))
        while self._damage is None:
            try:
                piece = next(self._pieces, None)
            except Exception as error:  # noqa: BLE001 - raised when what came before it is read
                self._damage = error
                break
            if piece is None:
                if any(parts):
                    parts.append(b"\n" * (not parts[-1].endswith(b"\n")))
                break
            parts.append(piece)
            size += len(piece)
            if size > _MOST_DOCUMENT_BYTES or (size >= _BLOCK_BYTES and b"\n" in piece):
                break
        data = b"".join(parts)
        end = data.rfind(b"\n") + 1
        if end < len(data) and self._damage is None:
            self._rest = [data[end:]]
        if not end:
            if self._damage is not None:
                raise self._damage
            return self.block() if data else b""
        whole = data[:end]
        self.number += whole.count(b"\n")
        return whole

    def lines(self, block: bytes) -> Iterator[bytes]:
        """The lines of the block taken last, without their ends, and then those that follow it."""
        while block:
            lines = block.split(b"\n")[:-1]
            self.number -= len(lines)
            self._waiting = lines[::-1]
            while self._waiting:
                self.number += 1
                yield self._waiting.pop()
            block = self.block()


class Entries(NamedTuple):
    """[price, size] entries of some deltas: of the how-manieth delta each is, in order, and what it says."""

    delta: Ints
    prices: Floats
    sizes: Floats
    ticks: Ints

    def pennies(self) -> Ints:
        """The sizes in whole hundredths."""
        found: Ints = (self.sizes * 100 + 0.5).astype(np.int64) * (self.sizes > 0)
        return found


@dataclass(frozen=True)
class Levels:
    """[price, size] entries in order: how many each delta has, and all of them."""

    told: Bools
    """Whether the delta has the ladder at all."""
    counts: Ints
    prices: Floats
    sizes: Floats
    """0 for what deletes the level."""
    ticks: Ints
    """-1 for a price that is not on the ladder."""

    @cached_property
    def _starts(self) -> Ints:
        return np.cumsum(self.counts) - self.counts

    def entries(self, deltas: Ints) -> Entries:
        """The entries of some deltas."""
        counts = self.counts[deltas]
        ends = np.cumsum(counts)
        index = np.repeat(self._starts[deltas] - ends + counts, counts) + np.arange(ends[-1] if len(ends) else 0)
        delta = np.repeat(np.arange(len(deltas)), counts)
        return Entries(delta, self.prices[index], self.sizes[index], self.ticks[index])


@dataclass(frozen=True)
class Block:
    """Lines, the market changes in them, and the runner changes (deltas) in those; each array in the order of lines."""

    data: bytes
    ends: Ints
    """Where each line ends in ``data``."""
    published: Ints
    """Milliseconds of each line; 0 where it is no market change message."""
    has_changes: Bools
    odd: Bools
    """Lines that must be read one by one."""
    change_line: Ints
    change_market: Ints
    """Index into ``markets``."""
    change_defines: Bools
    markets: list[str]
    delta_change: Ints
    selection_id: Ints
    levels: dict[str, Levels]
    told: dict[str, Bools]
    """Whether a delta has the number at all."""
    numbers: dict[str, Floats]
    """NaN where the stream says that there is none."""

    def line(self, index: int) -> bytes:
        """The bytes of a line, without its end."""
        return self.data[self.ends[index - 1] + 1 if index else 0 : self.ends[index]]


class BlockParser:
    """DuckDB at work on blocks, for as many files as one likes; to be closed."""

    def __init__(self, scratch: Path) -> None:
        """``scratch`` is a file to write blocks into, for DuckDB to read."""
        self._scratch = scratch
        self._connection: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Leave nothing behind."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._scratch.unlink(missing_ok=True)

    def parse(self, data: bytes) -> Block:
        """Read whole lines. Raises ``OddBlockError``."""
        if self._connection is None:
            self._connection = duckdb.connect(config={"threads": 1})
        self._scratch.write_bytes(data)
        try:
            table = self._connection.sql(_QUERY, params=[str(self._scratch)]).to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            raise OddBlockError from error
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEW_LINE)
        if len(table) != len(ends) or not len(table):
            raise OddBlockError
        return _flattened(data, ends, *(_only_chunk(column) for column in table.columns))


def _only_chunk(column: Any) -> Any:
    chunks = column.chunks
    if len(chunks) != 1:
        raise OddBlockError
    return chunks[0]


def _flattened(data: bytes, ends: Ints, op: Any, pt: Any, ct: Any, mc: Any) -> Block:
    is_change = _bools(pc.equal(op, "mcm"))
    change_counts = _counts(mc)
    has_changes = is_change & (change_counts > 0)
    published = _floats(pt)
    fine = (published >= 0) & (published <= LATEST_PUBLISHED) & (np.floor(published) == published)
    odd = ~_bools(op.is_valid()) | (has_changes & ~fine) | _bools(pc.equal(ct, "SUB_IMAGE"))
    changes = mc.flatten()
    change_line = np.repeat(np.arange(len(ends)), change_counts)
    ids = changes.field("id").dictionary_encode()
    markets = [_text(raw) for raw in ids.dictionary.to_pylist()]
    deltas = changes.field("rc").flatten()
    delta_counts = _counts(changes.field("rc"))
    delta_change = np.repeat(np.arange(len(changes)), delta_counts)
    defines = _bools(changes.field("marketDefinition").is_valid())
    strange = ~_bools(changes.is_valid()) | ~_bools(ids.is_valid()) | _bools(changes.field("img"))
    odd[change_line[strange]] = True
    odd |= np.bincount(change_line[defines], minlength=len(odd)) > 1
    selection_ids = _floats(deltas.field("id"))
    levels = {key: _levels(deltas.field(key)) for key in LADDERS}
    told = {key: _bools(deltas.field(key).is_valid()) for key in NUMBERS}
    numbers = {key: _floats(deltas.field(key)) for key in NUMBERS}
    odd[change_line[delta_change[_odd_deltas(selection_ids, levels, told["tv"])]]] = True
    infinite = np.stack([np.isinf(values) for values in numbers.values()]).sum(axis=0)
    for values in numbers.values():
        values[np.isinf(values)] = np.nan
    block = Block(
        data=data,
        ends=ends,
        published=np.where(has_changes & fine, published, 0).astype(np.int64),
        has_changes=has_changes,
        odd=odd,
        change_line=change_line,
        change_market=ids.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64),
        change_defines=defines,
        markets=markets,
        delta_change=delta_change,
        selection_id=np.where(np.abs(selection_ids) < _MOST_EXACT_ID, selection_ids, 0).astype(np.int64),
        levels=levels,
        told=told,
        numbers=numbers,
    )
    _mark_words(block)
    _mark_overflows(block, infinite)
    return block


def _odd_deltas(selection_ids: Floats, levels: dict[str, Levels], has_volume: Bools) -> Bools:
    whole = (np.floor(selection_ids) == selection_ids) & (selection_ids >= 0) & (selection_ids < _MOST_EXACT_ID)
    # Volume and its prices come together; whoever sends one alone is read one by one.
    has_trades = levels["trd"].counts > 0
    odd: Bools = ~whole | (has_volume != has_trades) | (levels["trd"].told != has_trades)
    for key, ladder in levels.items():
        # Prices that volume was reduced to are on no ladder.
        strange = (ladder.ticks < 0) if key != "trd" else ~((ladder.prices > 0) & np.isfinite(ladder.prices))
        strange |= ladder.sizes > _MOST_SIZE
        odd[np.repeat(np.arange(len(odd)), ladder.counts)[strange]] = True
    return odd


def _mark_words(block: Block) -> None:
    """Lines that hold what DuckDB reads as a number or as absent, and we do not, are odd."""
    data = block.data
    characters = np.frombuffer(data, np.uint8)
    places = np.concatenate([_letters_at_ends(characters, start) for start in range(0, len(data), _CACHED_BYTES)])
    places = places[places >= _CONTEXT_BYTES]
    if not len(places):
        return
    # Most stand where they mean the same: few contexts, each many times.
    windows = np.lib.stride_tricks.sliding_window_view(characters, _CONTEXT_BYTES)[places - _CONTEXT_BYTES]
    contexts = windows.copy().view(f"V{_CONTEXT_BYTES}").ravel().tolist()
    strange = {context for context in set(contexts) if not _USUAL_END.search(context)}
    if not strange:
        return
    seen = {int(place) for place, context in zip(places, contexts, strict=True) if context in strange}
    defining = set(block.change_line[block.change_defines].tolist())
    delta_counts = np.bincount(block.change_line[block.delta_change], minlength=len(block.odd))
    for index in set(np.searchsorted(block.ends, sorted(seen)).tolist()):
        if block.odd[index] or (index in defining and not delta_counts[index]):
            continue
        line = _without_definitions(block.line(index)) if index in defining else block.line(index)
        block.odd[index] = line is None or _UNUSUAL.search(_USUAL.sub(b"", line)) is not None


def _without_definitions(line: bytes) -> bytes | None:
    """What DuckDB reads numbers of; None where the line is not as the stream is."""
    try:
        message = orjson.loads(line)
        for change in message["mc"]:
            change.pop("marketDefinition", None)
        return orjson.dumps(message)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _mark_overflows(block: Block, infinite: Ints) -> None:
    """Lines with numbers too large to be any, ``infinite`` of each delta, are odd; "Infinity" is a word for none."""
    lines = np.bincount(block.change_line[block.delta_change], infinite, minlength=len(block.odd))
    for index in np.flatnonzero(lines).tolist():
        block.odd[index] |= block.line(index).count(b'Infinity"') != lines[index]


def _letters_at_ends(characters: Any, start: int) -> Ints:
    """Where a value ends with a letter: that of a word, or inside of a text. Of so many bytes as a cache holds."""
    part = characters[start : start + _CACHED_BYTES + 1]
    folded = part | _CASE
    ends_value = (folded[1:] == _CLOSING) | (part[1:] == _COMMA) | (part[1:] <= _SPACE)
    ends_value &= (folded[:-1] - _FIRST_LETTER) < _LETTER_COUNT
    return np.flatnonzero(ends_value) + start + 1


def _text(raw: str) -> str:
    if not (raw.startswith('"') and MARKET_ID.fullmatch(raw[1:-1])):
        raise OddBlockError
    return raw[1:-1]


def _counts(lists: Any) -> Ints:
    found: Ints = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _bools(values: Any) -> Bools:
    found: Bools = pc.fill_null(values, False).to_numpy(zero_copy_only=False).copy()  # noqa: FBT003
    return found


def _floats(values: Any) -> Floats:
    """Numbers, NaN where there is none."""
    found: Floats = values.to_numpy(zero_copy_only=False).astype(np.float64)
    return found


def _levels(lists: Any) -> Levels:
    entries = lists.flatten()
    if len(entries) and (entries.null_count or pc.any(pc.not_equal(pc.list_value_length(entries), 2)).as_py()):
        raise OddBlockError
    numbers = _floats(entries.flatten())
    prices, sizes = numbers[0::2], numbers[1::2].copy()
    sizes[~(sizes > 0)] = 0
    return Levels(_bools(lists.is_valid()), _counts(lists), prices, sizes, ticks_of(prices))
