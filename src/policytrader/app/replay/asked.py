"""The statement asked about one tick: by DuckDB only where its answer may be another one than before.

A position that is to be closed and cannot be, at the prices that are there, is looked at again whenever they change.
What the statement says of its pick does not hang on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from policytrader.engine.evaluate import Engine
from policytrader.policy.conditions import InvalidatedBy, walk

if TYPE_CHECKING:
    from collections.abc import Collection

    from policytrader.model.money import MinimumSize
    from policytrader.model.snapshot import Selection, Snapshot
    from policytrader.policy.policy_set import PolicySet

Row: TypeAlias = tuple[Any, ...]
"""Begins with the statement's ``FIXED_COLUMNS``."""

_STAYS = frozenset(
    {
        "selection.side", "selection.market_type", "selection.price_requested", "selection.stake_points",
        "market.status", "market.in_play", "runner.own_status",
        "position.size_matched", "position.size_unmatched", "position.exposure", "position.closed",
    }
)  # fmt: skip
"""Fields that are others only where the pick, its market's status or its runner's, or an order is another one."""


class AskedRows:
    """One policy's statement over one snapshot after the other. Close it."""

    def __init__(self, policy: PolicySet, minimum: MinimumSize) -> None:
        """Many a replay never asks, and opening a database takes its time: it is opened for the first question."""
        self._policy, self._minimum = policy, minimum
        self._engine: Engine | None = None
        leaves = [leaf for trigger in policy.cash_out.triggers for _, leaf in walk(trigger.when)]
        self._remembers = all(
            isinstance(leaf, InvalidatedBy) or {leaf.field, leaf.other or leaf.field} <= _STAYS for leaf in leaves
        )
        self._last: dict[str, tuple[object, Row]] = {}

    def close(self) -> None:
        """Release DuckDB's memory."""
        if self._engine is not None:
            self._engine.close()

    def forget(self) -> None:
        """Another day begins: its picks are others."""
        self._last.clear()

    def rows(self, snapshot: Snapshot, refs: Collection[str]) -> dict[str, Row]:
        """The rows of some of the snapshot's picks, by reference."""
        picks = [one for one in snapshot.selections if one.selection_ref in refs]
        keys = {one.selection_ref: _what_it_hangs_on(one, snapshot) for one in picks if self._may_remember(one)}
        found = {
            ref: self._last[ref][1] for ref, key in keys.items() if ref in self._last and self._last[ref][0] == key
        }
        asked = tuple(one for one in picks if one.selection_ref not in found)
        if asked:
            for one, row in self._opened().rows(replace(snapshot, selections=asked)):
                found[one.selection_ref] = row
                if one.selection_ref in keys:
                    self._last[one.selection_ref] = keys[one.selection_ref], row
        return found

    def _may_remember(self, pick: Selection) -> bool:
        """A valid pick may stop being valid at any price."""
        return self._remembers and not pick.valid

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = Engine(self._policy, protections=False, minimum=self._minimum)
        return self._engine


def _what_it_hangs_on(pick: Selection, snapshot: Snapshot) -> object:
    """What the statement reads for a pick that is not valid any more, except prices."""
    markets = [(one.market_id, one.status, one.in_play) for one in snapshot.markets if one.race_id == pick.race_id]
    statuses = [
        (one.market_id, one.status)
        for market_id, *_ in markets
        if (one := snapshot.runners_by_id.get((market_id, pick.selection_id))) is not None
    ]
    return pick, markets, statuses, snapshot.orders_by_runner.get((pick.market_id, pick.selection_id), [])
