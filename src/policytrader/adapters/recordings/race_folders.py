"""Which race each market of a recording belongs to, by what the market says of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Self

import pyarrow as pa

from policytrader.adapters.recordings.parts import MarketFiles, damaged
from policytrader.adapters.recordings.tables import STATES, STATES_NEVER_MISSING, market_folders, read_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_OFFS = ("race_id", "published_at", "market_time")


class ToldRace(NamedTuple):
    """What a market's states say of its race: its name, and each off that was told, since when (microseconds)."""

    race_id: str
    at: list[int]
    offs: list[int]

    @classmethod
    def of(cls, race_id: str, at: Sequence[int], offs: Sequence[int]) -> Self:
        """Of definitions in order, most of which say the off of the one before."""
        kept = [place for place, off in enumerate(offs) if not place or off != offs[place - 1]]
        return cls(race_id, [at[place] for place in kept], [offs[place] for place in kept])


def race_folders(*recordings: Path) -> dict[str, list[Path]]:
    """Race id -> the folders of its markets. Raises ``RecordingError`` where a folder holds no imported recording."""
    told = {folder: told_race(folder) for one in recordings for folder in market_folders(one)}
    names = race_names(told)
    races: dict[str, list[Path]] = defaultdict(list)
    for folder in told:
        races[names[folder]].append(folder)
    return dict(races)


def race_names(told: Mapping[Path, ToldRace]) -> dict[Path, str]:
    """The race of each market's folder.

    A race is named by the off that its first market told first. One that appears when the race has been moved belongs
    to it all the same: as in the catalogue, markets of one event and one off are one race.
    """
    names: dict[Path, str] = {}
    of_event: dict[str, list[tuple[str, ToldRace]]] = defaultdict(list)
    for folder, one in sorted(told.items(), key=lambda item: (item[1].at[0], item[0].name)):
        known = of_event[one.race_id.rpartition("@")[0]]
        # Those of one name stay together, wherever they were moved.
        beside = [race for race, other in known if one.race_id in {race, other.race_id}]
        beside += [race for race, other in known if other.offs[bisect_right(other.at, one.at[0]) - 1] == one.offs[0]]
        names[folder] = beside[0] if beside else one.race_id
        known.append((names[folder], one))
    return names


def told_race(folder: Path) -> ToldRace:
    """Of one market. Raises ``RecordingError`` naming the damaged file."""
    path = MarketFiles(folder).only_part("states")
    table = read_part(path, STATES, STATES_NEVER_MISSING, columns=_OFFS)
    if not len(table):
        raise damaged(path, "holds no definition")
    at, offs = (table[name].cast(pa.int64()).to_pylist() for name in _OFFS[1:])
    return ToldRace.of(table["race_id"][0].as_py(), at, offs)
