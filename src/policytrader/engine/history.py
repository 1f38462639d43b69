"""The compiled statement over many snapshots at once: a race at every tick, all picks, as if nothing were bet.

``snapshot_id`` stands for an *epoch* of a race, a stretch of time in which its definitions, and whatever else facts are
made of, stay the same; each pick has a row in it for every tick. So the facts are worked out once an epoch, and a tick
costs what its picks cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from policytrader.engine.compile import compile_policy
from policytrader.engine.connection import ConnectionOwner
from policytrader.engine.tables import (
    ORDERS,
    PICKS,
    REFERENCE,
    SELECTIONS,
    TABLES,
    SnapshotSource,
    Table,
    picks_table,
    reference_table,
)
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.fields import SELECTION_FIELDS, FieldType
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytrader.model.snapshot import ReferenceRunner, Selection
    from policytrader.policy.conditions import Condition
    from policytrader.policy.policy_set import PolicySet

KEPT = np.int32(-(2**31))
"""``judgement`` of a row that no rule has anything against."""

_MOVING = ("race_time",)
"""Columns of the picks that move after all: the off as it is listed at the tick."""
_SAID = ("market_status", "in_play", "number_of_winners", "course", "adjustment_factor")
"""Columns that a definition says: they stay the same for many ticks."""
_POSITION = "position."
_OWN_PRICES = frozenset(
    f"runner.{name}" for name in ("best_back", "best_back_size", "best_lay", "best_lay_size", "last_traded")
)
_PRICES_OF_OTHERS = frozenset({"runners.best_back", "runners.last_traded"})


def _coded(field: pa.Field) -> pa.Field:
    """The column as it is here: what stays the same for many ticks is written once, and its place at each."""
    stays = field.name in PICKS.schema.names and field.name not in ("snapshot_id", "row_no", *_MOVING)
    return field.with_type(pa.dictionary(pa.int32(), field.type)) if stays or field.name in _SAID else field


_SELECTIONS = Table(SELECTIONS.name, pa.schema([_coded(field) for field in SELECTIONS.schema]))


class PickRows(NamedTuple):
    """Picks at their ticks: all rows of the first, then all of the second.

    ``lengths`` tells how many rows each has; ``epoch`` (of each row) numbers the races' epochs over everything that is
    evaluated together. ``columns`` of ``selections`` that move, each over all rows; what is left out is missing
    everywhere.
    """

    selections: Sequence[Selection]
    lengths: Sequence[int]
    epoch: Any
    columns: Mapping[str, pa.Array]


class Captured(NamedTuple):
    """A race's captures, and its epochs: from ``first`` to before ``end``."""

    rows: Sequence[ReferenceRunner]
    first: int
    end: int


class Judged(NamedTuple):
    """The statement's answers, row by row in the order given."""

    judgement: Any
    meets: Any


@dataclass(frozen=True)
class Reads:
    """What of the world a policy's rules read, as far as a replay saves work by knowing it.

    ``durations`` are microseconds by field at which a condition on time may turn over; None where a rule compares two
    times, so that any tick may differ from the one before.
    """

    position: bool
    prices_of_others: bool
    own_prices: bool
    """Whether a validation rule reads prices of the pick's own runner."""
    durations: Mapping[str, tuple[int, ...]] | None


class HistoryEngine(ConnectionOwner):
    """One policy, compiled and prepared once, for histories of any length. Close it, or use it in ``with``."""

    def __init__(self, policy: PolicySet) -> None:
        """Compile and prepare."""
        self.policy = policy
        self.statement = compile_policy(policy)
        self.reads = reads_of(policy, self.statement.wanted)
        self.wanted = self.statement.wanted
        tables = {table.name: table for table in (*TABLES, _SELECTIONS)}
        self._sources = {name: SnapshotSource(table) for name, table in tables.items()}
        super().__init__(self._sources)
        # What else the statement selects is left out by the planner.
        self._connection.execute(
            f'PREPARE judge AS SELECT "row_no", "judgement", "meets" FROM ({self.statement.sql}) AS decided'
        )

    def judge(self, picks: PickRows, captures: Sequence[Captured], runners: pa.Table) -> Judged:
        """Judge every row; ``runners`` are the live ones of each epoch, a table of ``engine.tables.RUNNERS``."""
        count = sum(picks.lengths)
        self._sources["selections"].table = _selections(picks, [row for race in captures for row in race.rows])
        self._sources["reference"].table = _reference(captures)
        self._sources["runners"].table = runners
        self._sources["orders"].table = ORDERS.schema.empty_table()
        answers = self._connection.sql("EXECUTE judge").to_arrow_table()
        # One row each is what the tables' keys promise; anything else must not become orders.
        places = answers["row_no"].to_numpy()
        is_answered = np.zeros(count, np.bool_)
        is_answered[places] = True
        if len(places) != count or not is_answered.all():
            message = f"{len(places)} answers for {count} rows"
            raise AssertionError(message)
        judgement, meets = np.empty(count, np.int32), np.empty(count, np.bool_)
        judgement[places] = answers["judgement"].cast(pa.int32()).fill_null(KEPT.item()).to_numpy()
        meets[places] = answers["meets"].fill_null(False).to_numpy()  # noqa: FBT003
        return Judged(judgement, meets)


def reads_of(policy: PolicySet, wanted: frozenset[str]) -> Reads:
    """What the rules of a policy read."""
    validation: list[Condition] = [rule.when for rule in policy.validation.rules]
    rules = [*validation, *(rule.when for rule in policy.entry.rules)]
    leaves = [leaf for rule in rules for _, leaf in walk(rule) if isinstance(leaf, Leaf)]
    names = {name for leaf in leaves for name in (leaf.field, leaf.other) if name is not None}
    own = {leaf.field for rule in validation for _, leaf in walk(rule) if isinstance(leaf, Leaf)}
    own |= {leaf.other for rule in validation for _, leaf in walk(rule) if isinstance(leaf, Leaf) and leaf.other}
    durations: dict[str, set[int]] = {}
    compares_times = False
    triggers = [leaf for one in policy.cash_out.triggers for _, leaf in walk(one.when) if isinstance(leaf, Leaf)]
    for leaf in (*leaves, *triggers):
        field = SELECTION_FIELDS.get(leaf.field)
        if field is None or field.type is not FieldType.DURATION:
            continue
        compares_times |= leaf.other is not None
        if leaf.value is not None:
            values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
            durations.setdefault(leaf.field, set()).update(duration_microseconds(str(value)) for value in values)
    steps = (step.microseconds for ladder in policy.staking.ladders for step in ladder.steps)
    durations.setdefault("selection.time_to_off", set()).update({0, *(one for one in steps if one is not None)})
    return Reads(
        position=any(name.startswith(_POSITION) for name in names),
        own_prices=bool(own & _OWN_PRICES),
        prices_of_others=bool(wanted & _PRICES_OF_OTHERS),
        durations=None if compares_times else {name: tuple(sorted(found)) for name, found in durations.items()},
    )


def _selections(picks: PickRows, captures: Sequence[ReferenceRunner]) -> pa.Table:
    count = sum(picks.lengths)
    which = pa.array(np.repeat(np.arange(len(picks.selections), dtype=np.int32), picks.lengths))
    still = picks_table(picks.selections, captures)
    arrays = {
        name: pa.DictionaryArray.from_arrays(which, still[name].combine_chunks())
        for name in PICKS.schema.names
        if name not in _MOVING
    }
    arrays |= {
        "snapshot_id": pa.array(picks.epoch, pa.int32()),
        "row_no": pa.array(np.arange(count, dtype=np.int32)),
        **picks.columns,
    }
    columns = [
        arrays[field.name].cast(field.type) if field.name in arrays else pa.nulls(count, field.type)
        for field in _SELECTIONS.schema
    ]
    return pa.Table.from_arrays(columns, schema=_SELECTIONS.schema)


def _reference(captures: Sequence[Captured]) -> pa.Table:
    """The captures' rows, once for each epoch of their race."""
    table = reference_table([row for race in captures for row in race.rows])
    places, epochs, begin = [], [], 0
    for race in captures:
        end = begin + len(race.rows)
        places.append(np.tile(np.arange(begin, end), race.end - race.first))
        epochs.append(np.repeat(np.arange(race.first, race.end), len(race.rows)))
        begin = end
    rows = table.take(pa.array(np.concatenate(places)))
    return rows.set_column(0, REFERENCE.schema.field(0), pa.array(np.concatenate(epochs), pa.int32()))
