"""FotMob's words for statistics, by layout.

What stands in none of these tables is not graded: shares, ratings, and words that mean something else where they stand
(a player's ``player_throws`` are the keeper's throws, L1's "Chances created" are not key passes).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from policytrader.model.fixture import Stat

if TYPE_CHECKING:
    from collections.abc import Mapping


class Use(Enum):
    """Which number of a cell is the statistic."""

    COUNT = auto()
    TOTAL = auto()
    ATTEMPTS_ONLY = auto()
    """Neither: the total is kept beside it, for policies that take it for the count."""


MINUTES = "minutes_played"

PLAYER_KEYS: Mapping[str, tuple[tuple[Stat, Use], ...]] = {
    "goals": ((Stat.GOALS, Use.COUNT),),
    "assists": ((Stat.ASSISTS, Use.COUNT),),
    "total_shots": ((Stat.SHOTS, Use.COUNT),),
    "ShotsOnTarget": ((Stat.SHOTS_ON_TARGET, Use.COUNT),),
    "shot_accuracy": ((Stat.SHOTS_ON_TARGET, Use.COUNT),),
    "accurate_passes": ((Stat.ACCURATE_PASSES, Use.COUNT), (Stat.PASSES, Use.TOTAL)),
    "chances_created": ((Stat.KEY_PASSES, Use.COUNT),),
    "accurate_crosses": ((Stat.CROSSES, Use.TOTAL),),
    "matchstats.headers.tackles": ((Stat.TACKLES, Use.COUNT),),
    "tackles_succeeded": ((Stat.TACKLES_WON, Use.COUNT), (Stat.TACKLES, Use.ATTEMPTS_ONLY)),
    "interceptions": ((Stat.INTERCEPTIONS, Use.COUNT),),
    "clearances": ((Stat.CLEARANCES, Use.COUNT),),
    "shot_blocks": ((Stat.BLOCKS, Use.COUNT),),
    "fouls": ((Stat.FOULS, Use.COUNT),),
    "was_fouled": ((Stat.FOULS_DRAWN, Use.COUNT),),
    "Offsides": ((Stat.OFFSIDES, Use.COUNT),),
    "saves": ((Stat.SAVES, Use.COUNT),),
    "dribbles_succeeded": ((Stat.DRIBBLES, Use.COUNT),),
    "touches_opp_box": ((Stat.TOUCHES_BOX, Use.COUNT),),
    "corners": ((Stat.CORNERS, Use.COUNT),),
}
"""L2 to L4."""

KEYS_OF_LABELS: Mapping[str, str] = {
    "Goals": "goals",
    "Assists": "assists",
    "Total shots": "total_shots",
    "Shots on target": "ShotsOnTarget",
    "Shot accuracy": "shot_accuracy",
    "Accurate passes": "accurate_passes",
    "Chances created": "chances_created",
    "Accurate crosses": "accurate_crosses",
    "Tackles": "matchstats.headers.tackles",
    "Tackles won": "tackles_succeeded",
    "Interceptions": "interceptions",
    "Clearances": "clearances",
    "Blocks": "shot_blocks",
    "Fouls committed": "fouls",
    "Was fouled": "was_fouled",
    "Offsides": "Offsides",
    "Saves": "saves",
    "Successful dribbles": "dribbles_succeeded",
    "Touches in opposition box": "touches_opp_box",
    "Corners": "corners",
    "Minutes played": MINUTES,
}
"""L2 to L4, for cells that carry no key of their own."""

PLAYER_LABELS_L1: Mapping[str, Stat] = {
    "Goals": Stat.GOALS,
    "Assists": Stat.ASSISTS,
    "Total shots": Stat.SHOTS,
    "Shot on target": Stat.SHOTS_ON_TARGET,
    "Passes": Stat.PASSES,
    "Accurate passes": Stat.ACCURATE_PASSES,
    "Crosses": Stat.CROSSES,
    "Tackles attempted": Stat.TACKLES,
    "Tackles succeeded": Stat.TACKLES_WON,
    "Interceptions": Stat.INTERCEPTIONS,
    "Clearances": Stat.CLEARANCES,
    "Fouls": Stat.FOULS,
    "Was fouled": Stat.FOULS_DRAWN,
    "Saves": Stat.SAVES,
    "Dribbles succeeded": Stat.DRIBBLES,
}
MINUTES_L1 = "Minutes played"

TEAM_KEYS: Mapping[str, Stat] = {
    "total_shots": Stat.SHOTS,
    "ShotsOnTarget": Stat.SHOTS_ON_TARGET,
    "passes": Stat.PASSES,
    "accurate_passes": Stat.ACCURATE_PASSES,
    "matchstats.headers.tackles": Stat.TACKLES,
    "tackles_succeeded": Stat.TACKLES_WON,
    "interceptions": Stat.INTERCEPTIONS,
    "clearances": Stat.CLEARANCES,
    "shot_blocks": Stat.BLOCKS,
    "fouls": Stat.FOULS,
    "Offsides": Stat.OFFSIDES,
    "keeper_saves": Stat.SAVES,
    "dribbles_succeeded": Stat.DRIBBLES,
    "touches_opp_box": Stat.TOUCHES_BOX,
    "corners": Stat.CORNERS,
    "player_throws": Stat.THROW_INS,
}
"""L2 to L4. Crosses are missing: the cell holds the accurate ones and a rounded share."""

TEAM_TITLES_L1: Mapping[str, Stat] = {
    "Total shots": Stat.SHOTS,
    "Shots on target": Stat.SHOTS_ON_TARGET,
    "Passes": Stat.PASSES,
    "Accurate passes": Stat.ACCURATE_PASSES,
    "Crosses": Stat.CROSSES,
    "Tackles attempted": Stat.TACKLES,
    "Tackled succeeded": Stat.TACKLES_WON,  # the feed's own spelling
    "Interceptions": Stat.INTERCEPTIONS,
    "Fouls": Stat.FOULS,
    "Offsides": Stat.OFFSIDES,
    "Saves": Stat.SAVES,
    "Dribbles succeeded": Stat.DRIBBLES,
    "Corners": Stat.CORNERS,
}

RECORDED_L1 = frozenset(PLAYER_LABELS_L1.values())
RECORDED = frozenset(stat for uses in PLAYER_KEYS.values() for stat, _ in uses)
