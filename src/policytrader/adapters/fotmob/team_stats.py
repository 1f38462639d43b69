"""The teams' figures by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from policytrader.adapters.fotmob.cells import read_cell
from policytrader.adapters.fotmob.detect import Layout
from policytrader.adapters.fotmob.stat_words import TEAM_KEYS, TEAM_TITLES_L1
from policytrader.engine.grading.reconcile_stats import added, agreeing, contradicts, stated, suspected, unavailable
from policytrader.model.fixture import HALVES, Period, Stat, TeamSide
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.model.fixture import Value
    from policytrader.model.json_nodes import Node

    Figures = dict[Stat, dict[TeamSide, Value]]

_BLOCKS = {"All": Period.REGULAR, "FirstHalf": Period.FIRST_HALF, "SecondHalf": Period.SECOND_HALF}


@dataclass(frozen=True, slots=True)
class TeamBlocks:
    """The blocks of the answer, ``All`` as the regular period. ``has_others``: blocks that nobody recorded."""

    figures: Mapping[Period, Figures]
    has_others: bool


class Ending(NamedTuple):
    """How a match ended, if it has."""

    is_finished: bool
    has_extra_time: bool


def read_blocks(statistics: Node, layout: Layout) -> TeamBlocks:
    """``content.stats``; no blocks where there are none."""
    if layout is Layout.L1 or not statistics.has("Periods"):
        rows = statistics["stats"]
        figures = {} if rows.is_missing else {Period.REGULAR: _figures(rows, TEAM_TITLES_L1, "title")}
        return TeamBlocks(figures, has_others=False)
    blocks = dict(statistics["Periods"].parts())
    return TeamBlocks(
        {
            period: _figures(blocks[name]["stats"], TEAM_KEYS, "key")
            for name, period in _BLOCKS.items()
            if name in blocks and not blocks[name].is_missing
        },
        has_others=bool(blocks.keys() - _BLOCKS.keys()),
    )


def _figures(groups: Node, words: Mapping[str, Stat], name: str) -> Figures:
    figures: Figures = {}
    for row in _rows(groups):
        stat = words.get(row[name].text() or "")
        if stat is None or row["type"].text() == "title":
            continue
        cells = row["stats"].items()
        if len(cells) != len(TeamSide):
            row["stats"].refuse("a figure of each team")
        for side, cell in zip(TeamSide, cells, strict=True):
            if not cell.is_missing:
                read = read_cell(cell.value)
                sides = figures.setdefault(stat, {})
                sides[side] = agreeing(sides.get(side), stated(read.count, cell.path, read.total))
    return figures


def _rows(groups: Node) -> Iterator[Node]:
    return (row for group in groups.items() for row in group["stats"].items())


def by_period(blocks: TeamBlocks, ending: Ending) -> dict[Period, Figures]:
    """A value for every statistic of both teams, of regular time and of its halves."""
    return {
        period: {stat: {side: _value(blocks, (period, stat, side), ending) for side in TeamSide} for stat in Stat}
        for period in (Period.REGULAR, *HALVES)
    }


def _value(
    blocks: TeamBlocks,
    place: tuple[Period, Stat, TeamSide],
    ending: Ending,
) -> Value:
    period, stat, side = place
    whole, first, second = (blocks.figures.get(part, {}).get(stat, {}).get(side) for part in (Period.REGULAR, *HALVES))
    if ending.has_extra_time and period is Period.REGULAR:
        if first is not None and second is not None:
            return added(first, second)
        return unavailable(Reason.EXTRA_TIME_UNSPLIT, whole.source_path) if whole else unavailable()
    value = {Period.REGULAR: whole, Period.FIRST_HALF: first, Period.SECOND_HALF: second}[period]
    if value is None:
        return added(first, second) if period is Period.REGULAR and first and second else unavailable()
    # While a match goes on, the feed may renew one block before the other.
    if ending == Ending(is_finished=True, has_extra_time=False) and whole and first and second:
        return suspected(value) if contradicts(whole, first, second) else value
    return value
