"""Which of the four layouts an answer has. What is none of them is refused, never read as the nearest one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policytrader.model.json_nodes import Node

FEED = "FotMob"


class Layout(StrEnum):
    """By the year of the recording: 2020, 2023, 2024, 2025."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"

    @property
    def has_own_player_table(self) -> bool:
        """Whether players' numbers stand in a table of their own, not in the line-up."""
        return self in {Layout.L3, Layout.L4}


def detect_layout(root: Node, *, is_finished: bool) -> Layout:
    """The layout. Raises ``LayoutUnknownError``, also for a finished match of which no statistics are mentioned."""
    content = root["content"]
    if content.is_missing:
        content.refuse("an object")
    players, statistics = content["playerStats"], content["stats"]
    has_periods = statistics.has("Periods")
    if list(players.parts()):
        return _with_player_table(players)
    if not statistics.is_missing and not has_periods and not statistics.has("stats"):
        statistics.refuse("an object with `Periods` or `stats`")
    if statistics.is_missing and is_finished and not content.has("stats"):
        statistics.refuse("there, and the match is finished")
    return _by_frame(root, has_periods=has_periods)


def _with_player_table(players: Node) -> Layout:
    has_team = [entry.has("teamId") for _, entry in players.parts()]
    if any(has_team) and not all(has_team):
        players.refuse("of one form: some entries have a `teamId` and some have none")
    return Layout.L3 if has_team[0] else Layout.L4


def _by_frame(root: Node, *, has_periods: bool) -> Layout:
    """Without players' numbers (not started, postponed, little coverage) what stands around them tells."""
    content = root["content"]
    if content.has("playerStats") or content["lineup"].has("homeTeam") or root["header"]["status"].has("halfs"):
        return Layout.L4
    if has_periods or root.has("general"):
        return Layout.L2
    return Layout.L1
