"""One market at speed: its changes of a block as arrays, in and out of the books that ``stream`` and playback keep.

What is made here is what ``MarketCache`` and ``StreamPlayback`` make, for the changes that nearly all messages hold:
full ladders of known runners at prices on the ladder. Everything else those two do, between the blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from policytrader.adapters.recordings.book import NO_BACK, NO_LAY
from policytrader.adapters.recordings.definition import REMOVED
from policytrader.adapters.recordings.ladder_columns import Quotes, ladder_columns
from policytrader.adapters.recordings.playback_stream import tick_below, trades
from policytrader.adapters.recordings.runner_columns import RunnerColumns
from policytrader.adapters.recordings.tick_arrays import FLOATS, by_runner
from policytrader.model.price import PRICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.adapters.recordings.blocks import Block, Entries
    from policytrader.adapters.recordings.book import RunnerBook
    from policytrader.adapters.recordings.ladders import MarketEvents
    from policytrader.adapters.recordings.playback_stream import PlayedMarket
    from policytrader.adapters.recordings.stream import MarketCache
    from policytrader.adapters.recordings.tick_arrays import Bools, Floats, Ints

_TICKS = {float(price): tick for tick, price in enumerate(PRICES)}
_PRICE_OF = [*FLOATS.tolist(), float("nan")]
_KEYS = len(_PRICE_OF)
_TOP = len(FLOATS) - 1
_NONE = -1
_SIDES = (("atb", False), ("atl", True))


class NotALaneError(Exception):
    """A market that must be read change by change."""


class Side:
    """One side of one runner's book: size by tick, and the best tick. To lay, ticks count from the top.

    ``sizes`` has one more entry, which stays empty: it is what stands at the best tick where there is none, -1.
    """

    __slots__ = ("best", "sizes")

    def __init__(self, ladder: dict[float, float], *, is_lay: bool) -> None:
        """Raises ``KeyError`` where a price is not on the ladder."""
        self.sizes = [0.0] * (_TOP + 2)
        self.best = _NONE
        for price, size in ladder.items():
            tick = _TOP - _TICKS[price] if is_lay else _TICKS[price]
            self.sizes[tick] = float(size)
            self.best = max(self.best, tick)

    def follow(self, places: range, ticks: list[int], sizes: list[float], moves: Moves) -> None:
        """Apply levels, and tell at which of their places the best tick or its size may have moved."""
        ladder, best = self.sizes, self.best
        for place, tick, size in zip(places, ticks, sizes, strict=True):
            ladder[tick] = size
            if tick < best:
                continue
            if size:
                best = tick
            elif tick == best:
                best -= 1
                while best >= 0 and not ladder[best]:
                    best -= 1
            moves.place.append(place)
            moves.best.append(best)
            moves.size.append(ladder[best])
        self.best = best

    def ladder(self, *, is_lay: bool) -> dict[float, float]:
        """Price -> size."""
        return {
            float(FLOATS[_TOP - tick if is_lay else tick]): size for tick, size in enumerate(self.sizes[:-1]) if size
        }


class Moves(NamedTuple):
    """At which places of a list of levels the best tick or its size moved, and what they are since."""

    place: list[int]
    best: list[int]
    size: list[float]


class Defined(NamedTuple):
    """What a definition did, as the ``change``-th change of its market.

    ``facts`` are those of each runner since; ``raw`` is what playback tells, None where that is nothing new.
    """

    change: int
    facts: list[int]
    raw: str | None


@dataclass(frozen=True)
class Changes:
    """A market's changes in some lines of a block."""

    published: Ints
    """Of each change, in milliseconds and in order."""
    at: Ints
    """Of each change, when playback tells it, in microseconds."""
    change: Ints
    """Of each delta, which change it belongs to."""
    deltas: Ints
    """Of each delta, its index in the block."""
    facts: list[int]
    """Of each runner, its facts before."""
    defined: list[Defined]


class Lane:
    """A market whose books lie here until ``leave``."""

    def __init__(self, cache: MarketCache, played: PlayedMarket, events: MarketEvents) -> None:
        """Take over the books. Raises ``NotALaneError`` for a market that is not as nearly all are."""
        self._cache, self._played, self._events = cache, played, events
        if not (cache.is_full and played.is_full and played.is_playable and played.definition):
            raise NotALaneError
        self._books: list[RunnerBook] = sorted(cache.distinct_books(), key=lambda book: book.selection_id)
        runners = {runner.selection_id: runner for runner in played.distinct_runners()}
        if runners.keys() != {book.selection_id for book in self._books if book.facts >= 0}:
            raise NotALaneError
        if not self._books or len(runners) != len(self._books):
            raise NotALaneError
        self._runners = [runners[book.selection_id] for book in self._books]
        self._ids = np.array([book.selection_id for book in self._books], np.int64)
        try:
            self._sides = [
                [Side(book.lay if is_lay else book.back, is_lay=is_lay) for book in self._books] for _, is_lay in _SIDES
            ]
        except KeyError as error:
            raise NotALaneError from error

    @property
    def facts(self) -> list[int]:
        """The facts of each runner now, in the order that ``Defined`` tells them."""
        return [book.facts for book in self._books]

    @property
    def selection_ids(self) -> set[int]:
        """The runners."""
        return {book.selection_id for book in self._books}

    def leave(self) -> None:
        """Give the books back."""
        for book, back, lay in zip(self._books, *self._sides, strict=True):
            book.back, book.lay = back.ladder(is_lay=False), lay.ladder(is_lay=True)
            book.best_back = NO_BACK if back.best < 0 else float(FLOATS[back.best])
            book.best_lay = NO_LAY if lay.best < 0 else float(FLOATS[_TOP - lay.best])
            book.written = book.state()

    def runners_of(self, selection_ids: Ints) -> Ints:
        """Place of each runner; -1 for one that is not known."""
        found = np.minimum(np.searchsorted(self._ids, selection_ids), len(self._ids) - 1)
        found[self._ids[found] != selection_ids] = _NONE
        return found

    def apply(self, block: Block, changes: Changes) -> None:
        """Apply changes, none of which the block marks as odd, of known runners."""
        runner = self.runners_of(block.selection_id[changes.deltas])
        levels = {key: levels.entries(changes.deltas) for key, levels in block.levels.items()}
        self._tell(block, changes, runner, levels)
        self._cache.rows.append_columns(self._rows(block, changes, runner, levels))
        self._cache.pass_over(changes.published)
        self._played.published = max(self._played.published, self._cache.published)

    # --- The rows of the runners' table ---------------------------------------------------------------------------

    def _rows(self, block: Block, changes: Changes, runner: Ints, levels: dict[str, Entries]) -> RunnerColumns:
        """What ``MarketCache.write`` makes after each change, of all runners.

        A table is laid out with a row of what each runner was before, one of each runner for each definition, and one
        for each delta; sorted by runner, each column is carried forward; where the last row of a change differs from
        that of the change before, the change has made a row.
        """
        count, defined = len(self._books), changes.defined
        who = np.concatenate([np.tile(np.arange(count), 1 + len(defined)), runner])
        change = np.concatenate(
            [np.full(count, _NONE), np.repeat([one.change for one in defined], count), changes.change]
        ).astype(np.int64)
        order = np.argsort(change, kind="stable")
        order = order[by_runner(who[order])]
        told_facts = np.concatenate([changes.facts, *(one.facts for one in defined)]).astype(np.int64)
        silent = count * len(defined)
        place = np.arange(len(order))

        def carried(told: Bools, *columns: tuple[Sequence[float], Floats]) -> list[Floats]:
            is_told = np.concatenate([np.ones(count, bool), np.zeros(silent, bool), told])[order]
            source = order[np.maximum.accumulate(np.where(is_told, place, 0))]
            return [np.concatenate([first, np.zeros(silent), values])[source] for first, values in columns]

        columns = []
        for (key, is_lay), sides in zip(_SIDES, self._sides, strict=True):
            first_best, first_size = [side.best for side in sides], [side.sizes[side.best] for side in sides]
            told, best, size = self._followed(levels[key], runner, is_lay=is_lay)
            columns += carried(told, (first_best, best), (first_size, size))
        books, deltas = self._books, changes.deltas
        first_last, first_volume = [_nan(one.last_traded) for one in books], [_nan(one.volume) for one in books]
        columns += carried(block.told["ltp"][deltas], (first_last, block.numbers["ltp"][deltas]))
        (volume,) = carried(block.told["tv"][deltas], (first_volume, block.numbers["tv"][deltas]))
        is_defined = (np.arange(len(order)) < len(told_facts))[order]
        facts = told_facts[order[np.maximum.accumulate(np.where(is_defined, place, 0))]]
        self._keep(who, columns[4], volume)
        return self._differing(changes, who, change[order], order, columns, volume, facts)

    def _followed(self, levels: Entries, runner: Ints, *, is_lay: bool) -> tuple[Bools, Floats, Floats]:
        """Which deltas move the best tick of a side or its size, and both after each of those."""
        whose = runner[levels.delta]
        order = by_runner(whose)
        ticks = _TOP - levels.ticks[order] if is_lay else levels.ticks[order]
        all_ticks, all_sizes = ticks.tolist(), levels.sizes[order].tolist()
        moves = Moves([], [], [])
        ends = np.cumsum(np.bincount(whose, minlength=len(self._books))).tolist()
        start = 0
        for side, end in zip(self._sides[is_lay], ends, strict=True):
            side.follow(range(start, end), all_ticks[start:end], all_sizes[start:end], moves)
            start = end
        moved = levels.delta[order[np.array(moves.place, np.int64)]]
        told = np.zeros(len(runner), bool)
        found = np.zeros((2, len(runner)))
        # Of several moves in a delta the last one counts.
        told[moved], found[0, moved], found[1, moved] = True, moves.best, moves.size
        return told, found[0], found[1]

    def _keep(self, who: Ints, last_traded: Floats, volume: Floats) -> None:
        """Keep what stands after the last row of each runner."""
        ends = np.searchsorted(np.sort(who), np.arange(len(self._books)), side="right") - 1
        for book, last, traded in zip(self._books, last_traded[ends].tolist(), volume[ends].tolist(), strict=True):
            book.last_traded = None if last != last else last  # noqa: PLR0124 - NaN is not itself
            book.volume = None if traded != traded else traded  # noqa: PLR0124

    def _differing(
        self, changes: Changes, who: Ints, change: Ints, order: Ints, columns: list[Floats], volume: Floats, facts: Ints
    ) -> RunnerColumns:
        who = who[order]
        is_last = np.ones(len(who), bool)
        is_last[:-1] = (who[1:] != who[:-1]) | (change[1:] != change[:-1])
        last = np.flatnonzero(is_last)
        first = np.concatenate([[0], last[:-1] + 1])
        facts = facts[last]
        out = np.array([one.status in REMOVED or not one.listed for one in self._cache.facts])[facts]
        back, back_size, lay, lay_size, traded = (column[last] for column in columns)
        for best, size in ((back, back_size), (lay, lay_size)):
            best[out] = _NONE
            size[best == _NONE] = np.nan
        differs = np.zeros(len(last), bool)
        for column in (back, back_size, lay, lay_size, traded, facts):
            comparable = np.where(np.isnan(column), _NONE, column)
            differs[1:] |= comparable[1:] != comparable[:-1]
        made = np.flatnonzero(differs & (change[last] != _NONE))
        # In the order of changes, and in each as its deltas first name the runners.
        made = made[np.lexsort((order[first[made]], change[last[made]]))]
        return RunnerColumns(
            published=changes.published[change[last[made]]],
            selection_id=self._ids[who[last[made]]],
            volume=volume[last[made]],
            best_back=_prices(back[made]),
            best_back_size=back_size[made],
            best_lay=_prices(np.where(lay[made] < 0, lay[made], _TOP - lay[made])),
            best_lay_size=lay_size[made],
            last_traded=traded[made],
            facts=facts[made],
        )

    # --- The rows of the ladders' table ---------------------------------------------------------------------------

    def _tell(self, block: Block, changes: Changes, runner: Ints, levels: dict[str, Entries]) -> None:
        first = self._events.change_no
        told = [one for one in changes.defined if one.raw is not None]
        # A definition comes before the deltas of its own change.
        before = np.searchsorted(np.array([one.change for one in told], np.int64), changes.change, side="right")
        for place, one in enumerate(told):
            number = first + place + int(np.searchsorted(changes.change, one.change))
            self._events.definitions.append((int(changes.at[one.change]), number, one.raw or ""))
        quotes = Quotes(
            at=changes.at[changes.change],
            change_no=first + np.arange(len(runner)) + before,
            selection_id=self._ids[runner],
        )
        traded, repriced = self._traded(levels["trd"], runner)
        self._keep_last(block, changes, runner)
        self._events.append_columns(ladder_columns(block, changes.deltas, levels, quotes, traded, repriced))
        self._events.change_no = first + len(runner) + len(told)

    def _traded(self, levels: Entries, runner: Ints) -> tuple[Ints, Ints]:
        """(delta, tick, pennies) of what was traded, as the rows of an array; deltas that only re-price it."""
        delta, ticks, pennies = levels.delta, levels.ticks, levels.pennies()
        whose = runner[delta]
        key = whose * _KEYS + ticks  # -1 is a key of its own: the last of the runner in front
        order = np.argsort(key, kind="stable")
        is_alone = delta >= self._alone_since(levels, runner, pennies, order, key[order])[whose]
        order = order[~is_alone[order]]
        key = key[order]
        again = key[1:] == key[:-1]
        before = np.zeros(len(order), np.int64)
        before[1:][again] = pennies[order][:-1][again]
        opening = np.flatnonzero(~np.concatenate([[False], again])) if len(order) else np.empty(0, np.int64)
        volumes = [one.volumes for one in self._runners]
        before[opening] = [volumes[one // _KEYS].get(_PRICE_OF[one % _KEYS], 0) for one in key[opening].tolist()]
        repriced = delta[order][pennies[order] < before]
        closing = np.concatenate([opening[1:], [len(order)]])[: len(opening)] - 1
        for one, traded in zip(key[closing].tolist(), pennies[order[closing]].tolist(), strict=True):
            mine, price = volumes[one // _KEYS], _PRICE_OF[one % _KEYS]
            if traded:
                mine[price] = traded
            else:
                mine.pop(price, None)
        rows = np.stack([delta, ticks, pennies])[:, ~is_alone]
        if is_alone.any():
            more, also = self._traded_alone(levels, is_alone, runner)
            rows = np.concatenate([rows, more], axis=1)
            rows = rows[:, np.argsort(rows[0], kind="stable")]
            repriced = np.concatenate([repriced, also])
        return rows, np.unique(repriced)

    def _alone_since(self, levels: Entries, runner: Ints, pennies: Ints, order: Ints, key: Ints) -> Ints:
        """The first delta of each runner from which on its trades are taken one delta after the other.

        Such deltas trade between the ladder's prices, name a price twice or say that nothing was traded.
        """
        delta, count = levels.delta, len(runner)
        twice = order[1:][(key[1:] == key[:-1]) & (delta[order][1:] == delta[order][:-1])]
        nothing = np.bincount(delta, pennies, minlength=count)[delta] == 0
        strange = np.concatenate([delta[(levels.ticks < 0) | nothing], delta[twice]])
        since = np.where([one.stands_between for one in self._runners], 0, count)
        np.minimum.at(since, runner[strange], strange)
        return since

    def _traded_alone(self, levels: Entries, wanted: Bools, runner: Ints) -> tuple[Ints, Ints]:
        """As ``_traded``, of the wanted entries, one delta after the other."""
        rows: list[tuple[int, int, int]] = []
        repriced: list[int] = []
        entries = zip(*(part[wanted].tolist() for part in (levels.delta, levels.prices, levels.sizes)), strict=True)
        for which, group in groupby(entries, key=itemgetter(0)):
            told, is_repriced = trades(self._runners[int(runner[which])], [entry[1:] for entry in group])
            rows += [(which, tick, pennies) for tick, pennies in told or ()]
            if is_repriced:
                repriced.append(which)
        return np.array(rows, np.int64).reshape(-1, 3).T, np.array(repriced, np.int64)

    def _keep_last(self, block: Block, changes: Changes, runner: Ints) -> None:
        told = np.flatnonzero(block.told["ltp"][changes.deltas])
        last = dict(zip(runner[told].tolist(), block.numbers["ltp"][changes.deltas[told]].tolist(), strict=True))
        for whose, price in last.items():
            self._runners[whose].last = tick_below(price) if price >= FLOATS[0] else None


def _prices(ticks: Floats) -> Floats:
    found: Floats = np.where(ticks < 0, np.nan, FLOATS[ticks.astype(np.int64)])
    return found


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value
