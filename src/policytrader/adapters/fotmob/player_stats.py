"""What the answer states of each player: numbers whose key is there, and minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policytrader.adapters.fotmob.cells import Cell, read_cell
from policytrader.adapters.fotmob.detect import Layout
from policytrader.adapters.fotmob.squads import name_of
from policytrader.adapters.fotmob.stat_words import (
    KEYS_OF_LABELS,
    MINUTES,
    MINUTES_L1,
    PLAYER_KEYS,
    PLAYER_LABELS_L1,
    Use,
)
from policytrader.engine.grading.reconcile_stats import agreeing, stated, unavailable
from policytrader.model.json_nodes import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.adapters.fotmob.squads import Listing
    from policytrader.model.fixture import Stat, Value

_INTEGER = "integer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One player's numbers. ``name``, ``team_id`` and ``is_keeper`` where the table of players has them."""

    stats: Mapping[Stat, Value]
    minutes: int | None
    name: str = ""
    team_id: str | None = None
    is_keeper: bool | None = None


def sheets_of_table(table: Node) -> dict[str, Sheet]:
    """``content.playerStats`` of L3 and L4, by the player's id."""
    return {_key(table, key): _sheet_of_entry(key, entry) for key, entry in table.parts()}


def _key(table: Node, key: str) -> str:
    player_id = Node(key, f"a name in {table.path}", table.feed).identifier()
    assert player_id is not None
    return player_id


def _sheet_of_entry(key: str, entry: Node) -> Sheet:
    own_id = entry["id"].identifier()
    if own_id is not None and own_id != key:
        entry["id"].refuse(f"the player {key} under whom it stands")
    stats, minutes = _numbers(_labelled_cells(entry["stats"]))
    return Sheet(
        stats=stats,
        minutes=minutes,
        name=name_of(entry["name"]),
        team_id=entry["teamId"].identifier(),
        is_keeper=entry["isGoalkeeper"].flag(),
    )


def sheet_of_listing(listing: Listing, layout: Layout) -> Sheet:
    """The numbers in a line-up's entry, as L1 and L2 have them."""
    stats = listing.node["stats"]
    if layout is Layout.L1:
        return _sheet_l1(stats)
    counts, minutes = _numbers(_labelled_cells(stats))
    own = listing.node["minutesPlayed"]
    return Sheet(stats=counts, minutes=minutes if own.is_missing else read_cell(own.value).count)


def _sheet_l1(groups: Node) -> Sheet:
    """Each cell under its label. Who did not come on has "-" for minutes, and zeros that mean nothing."""
    stats: dict[Stat, Value] = {}
    minutes: int | None = None
    for _, group in groups.parts():
        for label, node in group.parts():
            if label == MINUTES_L1:
                minutes = read_cell(node.value).count
            elif (stat := PLAYER_LABELS_L1.get(label)) is not None:
                stats[stat] = agreeing(stats.get(stat), stated(read_cell(node.value).count, node.path))
    return Sheet(stats=stats, minutes=minutes)


class _Stated(NamedTuple):
    """A cell under its key, and where its count and its total stand."""

    key: str
    cell: Cell
    path: str
    total_path: str


def _labelled_cells(groups: Node) -> Iterator[_Stated]:
    """L2 has the cell in ``value``, the later layouts in ``stat`` with its total beside it."""
    for group in groups.items():
        for label, entry in group["stats"].parts():
            key = entry["key"].text() or KEYS_OF_LABELS.get(label)
            if key is not None and (key == MINUTES or key in PLAYER_KEYS):
                yield _stated(key, entry["stat"] if entry.has("stat") else entry)


def _stated(key: str, holder: Node) -> _Stated:
    value, total = holder["value"], holder["total"]
    # Later layouts leave the value of a whole number out where it is zero; a null is recorded nowhere.
    if not holder.has("value") and holder["type"].text() == _INTEGER:
        return _Stated(key, Cell(0), holder.path, holder.path)
    cell = read_cell(value.value, total.value)
    return _Stated(key, cell, value.path, value.path if total.is_missing else total.path)


def _numbers(cells: Iterator[_Stated]) -> tuple[dict[Stat, Value], int | None]:
    stats: dict[Stat, Value] = {}
    minutes: int | None = None
    for one in cells:
        if one.key == MINUTES:
            minutes = one.cell.count
            continue
        for stat, use in PLAYER_KEYS[one.key]:
            stats[stat] = agreeing(stats.get(stat), _value(one, use))
    return stats, minutes


def _value(one: _Stated, use: Use) -> Value:
    cell = one.cell
    if use is Use.COUNT:
        return stated(cell.count, one.path, cell.total)
    # "0" alone is recorded where there was no attempt either; beside "0/1 (0%)" where there was one.
    total = 0 if cell.count == 0 and cell.total is None else cell.total
    if use is Use.ATTEMPTS_ONLY:
        return unavailable(source_path=one.path, attempts=total)
    return stated(None if stated(cell.count, one.path, total).value is None else total, one.total_path)
