"""Rows of the runners' table as arrays, until they are written: some made one by one, most of them many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from policytrader.adapters.recordings.blocks import Floats, Ints
    from policytrader.adapters.recordings.book import RunnerRow


class RunnerColumns(NamedTuple):
    """``RunnerRow`` in columns; NaN for missing, also for prices that stand for "no price"."""

    published: Ints
    selection_id: Ints
    volume: Floats
    best_back: Floats
    best_back_size: Floats
    best_lay: Floats
    best_lay_size: Floats
    last_traded: Floats
    facts: Ints

    def taken(self, which: Any) -> RunnerColumns:
        """Some of the rows."""
        return RunnerColumns(*(column[which] for column in self))


_WHOLE = {"published", "selection_id", "facts"}


class RunnerRows:
    """The rows of a market since they were last taken, in order; several of an instant and runner count as the last."""

    def __init__(self) -> None:
        """No rows."""
        self._chunks: list[RunnerColumns] = []
        self._rows: list[RunnerRow] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count + len(self._rows)

    def append(self, row: RunnerRow) -> None:
        """Add one row."""
        self._rows.append(row)

    def append_columns(self, columns: RunnerColumns) -> None:
        """Add many rows."""
        self._pack()
        if len(columns.published):
            self._chunks.append(columns)
            self._count += len(columns.published)

    def take(self, before: int | None) -> RunnerColumns:
        """Hand over the rows, with ``before`` those published before it."""
        self._pack()
        if not self._chunks:
            return _columns([])
        columns = RunnerColumns(*(np.concatenate(parts) for parts in zip(*self._chunks, strict=True)))
        split = len(columns.published) if before is None else int(np.searchsorted(columns.published, before))
        rest = columns.taken(slice(split, None))
        self._chunks, self._count = [rest] if len(rest.published) else [], len(rest.published)
        return _last_of_instants(columns.taken(slice(split)))

    def _pack(self) -> None:
        if self._rows:
            self._chunks.append(_columns(self._rows))
            self._count += len(self._rows)
            self._rows = []


def _columns(rows: list[RunnerRow]) -> RunnerColumns:
    flat = [(published, selection_id, volume, *state) for published, selection_id, volume, state in rows]
    columns: Any = zip(*flat, strict=True) if flat else [()] * len(RunnerColumns._fields)
    made: list[Any] = [
        np.array(column, np.int64 if name in _WHOLE else np.float64)
        for name, column in zip(RunnerColumns._fields, columns, strict=True)
    ]
    return RunnerColumns(*made)


def _last_of_instants(columns: RunnerColumns) -> RunnerColumns:
    """One row for a runner and an instant: the last one, in the place of the first."""
    order = np.lexsort((columns.selection_id, columns.published))  # stable: what came later stays behind
    published, selection_id = columns.published[order], columns.selection_id[order]
    is_last = np.ones(len(order), bool)
    is_last[:-1] = (published[1:] != published[:-1]) | (selection_id[1:] != selection_id[:-1])
    if is_last.all():
        return columns
    last = np.flatnonzero(is_last)
    first = np.concatenate([[0], last[:-1] + 1])
    return columns.taken(order[last][np.argsort(order[first])])
