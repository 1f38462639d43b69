"""Shots one by one, of regular time: what numbers of shots are held against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.engine.grading.reconcile_stats import stated
from policytrader.model.fixture import Stat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.model.fixture import Value
    from policytrader.model.json_nodes import Node

_REGULAR = frozenset({"FirstHalf", "SecondHalf"})


@dataclass(frozen=True, slots=True)
class ShotMap:
    """How many shots each player had, by his id; no counts where the map cannot be used."""

    source_path: str
    is_usable: bool
    counts: Mapping[tuple[str, Stat], int]

    def recount(self, player_id: str) -> dict[Stat, Value]:
        """A player's shots and shots on target; he who is not in the map had none."""
        if not self.is_usable:
            return {}
        return {
            stat: stated(self.counts.get((player_id, stat), 0), self.source_path)
            for stat in (Stat.SHOTS, Stat.SHOTS_ON_TARGET)
        }


def read_shot_map(node: Node, *, has_extra_time: bool) -> ShotMap:
    """``content.shotmap``. A shot of an unknown period spoils the map, unless there was extra time to be it of."""
    shots = node["shots"].items()
    counts: Counter[tuple[str, Stat]] = Counter()
    is_usable = bool(shots)
    for shot in shots:
        period, player_id = shot["period"].text(), shot["playerId"].identifier()
        if period in _REGULAR and player_id is not None:
            if not shot["isOwnGoal"].flag():
                counts[player_id, Stat.SHOTS] += 1
                counts[player_id, Stat.SHOTS_ON_TARGET] += _is_on_target(shot)
        elif period is None or not has_extra_time:
            is_usable = False
    return ShotMap(node["shots"].path, is_usable, counts)


def _is_on_target(shot: Node) -> bool:
    """The feed's own flag is also set for shots that were blocked on their way."""
    return shot["isOnTarget"].flag() is True and not shot["isBlocked"].flag()
