"""A match that nobody played: Northport 2-1 Eastmoor.

A header (12'), a penalty (55'), a goal by a substitute (80'); the home coach is booked at 45+2, a man already off at
88', an away player is sent off for a second yellow (85'). The home side's numbers add up to the team's; of the away
side's interceptions one is missing, as where a keeper's are hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MATCH_ID = "7000001"
HOME_ID, AWAY_ID = 101, 102
HOME, AWAY = "Northport", "Eastmoor"
KICKOFF = "2026-03-07T15:00:00.000Z"
LAYOUTS = ("L1", "L2", "L3", "L4")


@dataclass(frozen=True)
class Sheet:
    player_id: int
    name: str
    place: str  # starters, subs, unavailable
    minutes: int = 0
    is_home: bool = True
    is_keeper: bool = False
    on: int | None = None
    off: int | None = None
    cells: Mapping[str, int | tuple[int, int]] = field(default_factory=dict)


KEEPER, MARIN, VALE, OLSEN, UNUSED, INJURED = 1001, 1002, 1003, 1004, 1005, 1006
AWAY_KEEPER, DANE, FERRO, LUND, AWAY_UNUSED = 2001, 2002, 2003, 2004, 2005
COACH = 9001

SHEETS = (
    Sheet(KEEPER, "Ivo Brandt", "starters", 90, is_keeper=True, cells={"saves": 0, "accurate_passes": (9, 12)}),
    Sheet(
        MARIN,
        "José Marín",
        "starters",
        90,
        cells={
            "goals": 1, "assists": 0, "total_shots": 3, "on_target": (2, 3), "accurate_passes": (20, 25),
            "tackles_won": (1, 2), "fouls": 1, "was_fouled": 2, "interceptions": 1,
        },
    ),
    Sheet(
        VALE,
        "Tom Vale",
        "starters",
        70,
        off=70,
        cells={
            "goals": 0, "assists": 1, "total_shots": 1, "accurate_passes": (11, 20), "tackles_won": 0, "fouls": 0,
            "was_fouled": 1,
        },
    ),
    Sheet(
        OLSEN,
        "Rafe Olsen",
        "subs",
        20,
        on=70,
        cells={
            "goals": 1, "assists": 0, "total_shots": 1, "on_target": (1, 1), "accurate_passes": (2, 4),
            "tackles_won": (1, 1), "fouls": 0, "was_fouled": 0,
        },
    ),
    Sheet(UNUSED, "Kit Amory", "subs"),
    Sheet(INJURED, "Dai Pugh", "unavailable"),
    Sheet(
        AWAY_KEEPER,
        "Leo Hart",
        "starters",
        90,
        is_home=False,
        is_keeper=True,
        cells={"saves": 1, "accurate_passes": (5, 15)},
    ),
    Sheet(
        DANE,
        "Olu Dane",
        "starters",
        60,
        is_home=False,
        off=60,
        cells={
            "goals": 1, "assists": 0, "total_shots": 2, "on_target": (1, 2), "accurate_passes": (14, 18),
            "tackles_won": (0, 1), "fouls": 2, "was_fouled": 0, "interceptions": 2,
        },
    ),
    Sheet(
        FERRO,
        "Max Ferro",
        "starters",
        84,
        is_home=False,
        cells={
            "goals": 0, "assists": 0, "total_shots": 0, "accurate_passes": (30, 31), "tackles_won": (3, 4), "fouls": 1,
            "was_fouled": 1,
        },
    ),
    Sheet(
        LUND,
        "Per Lund",
        "subs",
        30,
        is_home=False,
        on=60,
        cells={
            "goals": 0, "assists": 0, "total_shots": 1, "on_target": (0, 1), "accurate_passes": (3, 6),
            "tackles_won": 0, "fouls": 0, "was_fouled": 0,
        },
    ),
    Sheet(AWAY_UNUSED, "Jan Roth", "subs", is_home=False),
)  # fmt: skip

# First half and second half of each team.
TEAM_HALVES: Mapping[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "total_shots": ((3, 1), (2, 2)),
    "ShotsOnTarget": ((2, 0), (1, 1)),
    "passes": ((30, 40), (31, 30)),
    "accurate_passes": ((20, 30), (22, 22)),
    "fouls": ((1, 2), (0, 1)),
    "corners": ((3, 0), (1, 2)),
    "interceptions": ((1, 1), (0, 2)),
    "Offsides": ((0, 0), (0, 0)),
    "keeper_saves": ((0, 1), (0, 0)),
    "player_throws": ((9, 8), (7, 6)),
}
TACKLES = ((2, 3), (1, 2))
TACKLES_WON = ((1, 2), (1, 1))

TEAM_TITLES_L1 = {
    "total_shots": "Total shots",
    "ShotsOnTarget": "Shots on target",
    "passes": "Passes",
    "accurate_passes": "Accurate passes",
    "fouls": "Fouls",
    "corners": "Corners",
    "interceptions": "Interceptions",
    "Offsides": "Offsides",
    "keeper_saves": "Saves",
}
# The table's word: key and label of L3 and L4, of L2, and the labels of L1 (count, then total).
WORDS: Mapping[str, tuple[tuple[str, str], tuple[str, str], tuple[str, ...]]] = {
    "goals": (("goals", "Goals"), ("goals", "Goals"), ("Goals",)),
    "assists": (("assists", "Assists"), ("assists", "Assists"), ("Assists",)),
    "total_shots": (("total_shots", "Total shots"), ("total_shots", "Total shots"), ("Total shots",)),
    "on_target": (("ShotsOnTarget", "Shots on target"), ("shot_accuracy", "Shot accuracy"), ("Shot on target",)),
    "accurate_passes": (
        ("accurate_passes", "Accurate passes"),
        ("accurate_passes", "Accurate passes"),
        ("Accurate passes", "Passes"),
    ),
    "tackles_won": (
        ("tackles_succeeded", "Tackles won"),
        ("tackles_succeeded", "Tackles won"),
        ("Tackles succeeded", "Tackles attempted"),
    ),
    "fouls": (("fouls", "Fouls committed"), ("fouls", "Fouls committed"), ("Fouls",)),
    "was_fouled": (("was_fouled", "Was fouled"), ("was_fouled", "Was fouled"), ("Was fouled",)),
    "interceptions": (("interceptions", "Interceptions"), ("interceptions", "Interceptions"), ("Interceptions",)),
    "saves": (("saves", "Saves"), ("saves", "Saves"), ("Saves",)),
}
