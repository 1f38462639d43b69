"""One recorded file on its way through the books: whole blocks where they are usual, single messages where not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from policytrader.adapters.recordings.blocks import LineReader, OddBlockError
from policytrader.adapters.recordings.definition import read_definition
from policytrader.adapters.recordings.files import DamageError, Member
from policytrader.adapters.recordings.ladders import EventCache
from policytrader.adapters.recordings.lanes import Changes, Defined, Lane, NotALaneError
from policytrader.adapters.recordings.messages import LATE_TOLERANCE_MILLISECONDS
from policytrader.adapters.recordings.playback_definition import UnplayableError, play_definition
from policytrader.adapters.recordings.playback_stream import StreamPlayback, publish_time
from policytrader.adapters.recordings.stream import StreamCache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policytrader.adapters.recordings.blocks import Block, BlockParser
    from policytrader.adapters.recordings.tick_arrays import Bools, Ints

WRONG_SHAPE = (ValueError, TypeError, KeyError, AttributeError, IndexError)
_MOST_AT_ONCE = 256
"""Lines read one by one before the rest of a block is looked at again."""


@dataclass
class _Part:
    """A market's changes in some lines of a block."""

    lane: Lane
    which: Ints
    published: Ints
    """In order."""
    late: Bools
    facts: list[int]
    defined: list[Defined]


class StreamReader:
    """A file's markets, as decisions ask for them (``cache``) and as playback tells them (``events``)."""

    def __init__(self, member: Member, parser: BlockParser) -> None:
        """``parser`` reads blocks for as many readers as one likes."""
        self.cache = StreamCache()
        self.events = EventCache()
        self.line = 0
        """The line up to which everything is applied."""
        self._member = member
        self._parser = parser
        self._defined: list[tuple[str, Any]] = []
        # What cannot be played is told by whoever plays it.
        self._playback = StreamPlayback(lambda _: None, lambda *defined: self._defined.append(defined))
        self._at = 0
        self._lanes: dict[str, Lane] = {}

    def read(self) -> Iterator[None]:
        """Read to the end, in steps; raises ``RecordingError`` at the first damage, and what ``WRONG_SHAPE`` names."""
        lines = LineReader(self._member.pieces)
        while True:
            first = lines.number
            data = self._next(lines)
            if not data:
                break
            last = lines.number
            try:
                block = self._parser.parse(data)
            except OddBlockError:
                for line, document in self._member.documents(lines.lines(data), first):
                    self._apply_document(line, document)
                    if lines.number >= last:
                        break
                self.line = max(self.line, lines.number)
            else:
                self._apply_block(block, first)
            yield
        self.leave_lanes()

    def leave_lanes(self) -> None:
        """Give all books back."""
        for lane in self._lanes.values():
            lane.leave()
        self._lanes.clear()

    def _next(self, lines: LineReader) -> bytes:
        try:
            return lines.block()
        except DamageError as damage:
            raise self._member.error(lines.number + 1, str(damage)) from damage
        except OSError as error:
            told = f"cannot be read any further: {error.strerror or error}"
            raise self._member.error(lines.number + 1, told) from error

    # --- One by one -----------------------------------------------------------------------------------------------

    def _apply_document(self, line: int, document: Any) -> None:
        self.line = line - 1
        for message in document if document.__class__ is list else (document,):
            self._apply(message)
        self.line = line

    def _apply(self, message: Any) -> None:
        if message["op"] != "mcm" or not message.get("mc"):
            return
        message["pt"] = publish_time(message["pt"])
        for change in message["mc"]:
            lane = self._lanes.pop(change["id"], None)
            if lane is not None:
                lane.leave()
        # A message may be a little late; it is then dated like the one before it.
        self._at = max(self._at, message["pt"] * 1000)
        events = self._playback.apply(message, self._at)
        self.cache.apply(message)
        self.events.add(events, self._defined, self._at)
        self._defined.clear()

    # --- Many at once ---------------------------------------------------------------------------------------------

    def _apply_block(self, block: Block, first: int) -> None:
        position, count, burst = 0, len(block.odd), 1
        while position < count:
            odd = self._odd_lines(block, position)
            stop = _first(odd, position)
            if stop > position:
                reached = self._apply_lines(block, position, stop)
                burst = 1
                if reached < stop:
                    odd[reached] = True
                position = reached
            for _ in range(burst):
                if position == count or not odd[position]:
                    break
                number = first + position
                for line, document in self._member.documents(iter([block.line(position)]), number):
                    self._apply_document(line, document)
                position += 1
            burst = min(2 * burst, _MOST_AT_ONCE)
            self.line = first + position

    def _odd_lines(self, block: Block, position: int) -> Bools:
        """The lines that must be read one by one as the books are now: looked at from ``position`` to the first odd."""
        odd = block.odd.copy()
        begin, end = np.searchsorted(block.change_line, [position, _first(odd, position)])
        first, last = np.searchsorted(block.delta_change, [begin, end])
        lines, markets = block.change_line[begin:end], block.change_market[begin:end]
        published = block.published[lines]
        delta_change, selection_ids = block.delta_change[first:last], block.selection_id[first:last]
        delta_line, delta_market = block.change_line[delta_change], block.change_market[delta_change]
        is_alone = len(block.markets) == 1
        for code in np.unique(markets).tolist():
            market_id = block.markets[code]
            mine = slice(None) if is_alone else markets == code
            lane = self._lane(market_id)
            if lane is None:
                odd[lines[mine]] = True
                continue
            latest = np.maximum(self.cache.markets[market_id].published, np.maximum.accumulate(published[mine]))
            odd[lines[mine][latest - published[mine] > LATE_TOLERANCE_MILLISECONDS]] = True
            mine = slice(None) if is_alone else delta_market == code
            odd[delta_line[mine][lane.runners_of(selection_ids[mine]) < 0]] = True
        return odd

    def _lane(self, market_id: str) -> Lane | None:
        if market_id not in self._lanes:
            cache, played = self.cache.markets.get(market_id), self._playback.markets.get(market_id)
            if cache is None or played is None:
                return None
            try:
                self._lanes[market_id] = Lane(cache, played, self.events.market(market_id))
            except NotALaneError:
                return None
        return self._lanes[market_id]

    def _apply_lines(self, block: Block, start: int, stop: int) -> int:
        """Apply lines that are not odd. Returns where a definition stands that must be read by itself, or the end."""
        parts, stop = self._defined_parts(block, start, stop)
        counted = block.published[start:stop] * 1000
        at = np.maximum(np.maximum.accumulate(counted), self._at) if stop > start else counted
        for market_id, part in parts.items():
            count = int(np.searchsorted(block.change_line[part.which], stop))
            if not count:
                continue
            which = part.which[:count]
            place_of = np.full(which[-1] - which[0] + 1, -1)
            place_of[which - which[0]] = np.arange(count)
            begin, end = np.searchsorted(block.delta_change, [which[0], which[-1] + 1])
            places = place_of[block.delta_change[begin:end] - which[0]]
            deltas = begin + np.flatnonzero(places >= 0)
            self.cache.markets[market_id].late += int(part.late[:count].sum())
            changes = Changes(
                published=part.published[:count],
                at=at[block.change_line[which] - start],
                change=places[places >= 0],
                deltas=deltas,
                facts=part.facts,
                defined=part.defined,
            )
            part.lane.apply(block, changes)
        if stop > start:
            self._at = int(at[-1])
        return stop

    def _defined_parts(self, block: Block, start: int, stop: int) -> tuple[dict[str, _Part], int]:
        """The changes of each market, and their definitions taken; up to the first that cannot be taken so."""
        begin, end = (int(one) for one in np.searchsorted(block.change_line, [start, stop]))
        parts: dict[str, _Part] = {}
        for code in np.unique(block.change_market[begin:end]).tolist():
            market_id = block.markets[code]
            which = begin + np.flatnonzero(block.change_market[begin:end] == code)
            published = block.published[block.change_line[which]]
            before = self.cache.markets[market_id].published
            ordered = np.maximum(np.maximum.accumulate(published), before)
            lane = self._lanes[market_id]
            parts[market_id] = _Part(lane, which, ordered, published < ordered, lane.facts, [])
        for change in (begin + np.flatnonzero(block.change_defines[begin:end])).tolist():
            line = int(block.change_line[change])
            market_id = block.markets[int(block.change_market[change])]
            place = change - int(np.searchsorted(block.change_line, line))
            try:
                self._define(parts[market_id], market_id, change, orjson.loads(block.line(line))["mc"][place])
            except (*WRONG_SHAPE, UnplayableError, NotALaneError):
                return parts, line
        return parts, stop

    def _define(self, part: _Part, market_id: str, change: int, told: Any) -> None:
        raw = told["marketDefinition"]
        played = self._playback.markets[market_id]
        definition = read_definition(raw)
        if not part.lane.selection_ids.issuperset(definition.runners):
            raise NotALaneError
        new = play_definition(market_id, raw, played.definition, definition)
        index = int(np.searchsorted(part.which, change))
        self.cache.markets[market_id].define(definition, int(part.published[index]))
        is_news = new != played.definition
        if is_news:
            played.define(new)
        part.defined.append(Defined(index, part.lane.facts, orjson.dumps(raw).decode() if is_news else None))


def _first(odd: Bools, position: int) -> int:
    """The first odd line from ``position`` on, or the end."""
    found = np.flatnonzero(odd[position:])
    return position + int(found[0]) if len(found) else len(odd)
