"""What an imported recording holds: each market as it was last told, and what its runners came to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import orjson

from policytrader.adapters.recordings.definition import first_start, read_definition
from policytrader.adapters.recordings.parts import MarketFiles, damaged, reading, reading_definitions
from policytrader.adapters.recordings.playback_definition import (
    UnplayableError,
    define,
    play_definition,
    runner_status,
)
from policytrader.adapters.recordings.races import (
    definitions_table,
    read_best_prices,
    read_definitions,
)
from policytrader.adapters.recordings.tables import (
    RUNNERS,
    STATES,
    STATES_NEVER_MISSING,
    count_rows,
    market_folders,
    market_id_of,
    read_part,
)
from policytrader.model.snapshot import MarketStatus, MarketType
from policytrader.model.times import london_day
from policytrader.ports.races import MISSING
from policytrader.simulation.definition import RunnerDefinition, nameless
from policytrader.simulation.tape import price_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from decimal import Decimal
    from pathlib import Path

    from policytrader.model.snapshot import RunnerStatus
    from policytrader.ports.races import BestPrices
    from policytrader.simulation.definition import MarketDefinition

_STATES = ("published_at", "recorded_until", "race_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRunner:
    """One runner at the end of the recording, and the best prices that it showed.

    ``first`` when it first showed both sides, ``last`` when it last did before its market turned in play or closed: to
    back and to lay.
    """

    selection_id: int
    name: str
    status: RunnerStatus
    starting_price: Decimal | None
    first: tuple[Decimal, Decimal] | None = None
    last: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMarket:
    """One imported market. ``definition`` is the last that was told; ``day`` the London day on which it is traded.

    ``rows`` as the import counts them. ``why_not`` says why no policy can bet on it; ``runners`` are empty where nobody
    asked for them.
    """

    recording: Path
    race_id: str
    day: date
    definition: MarketDefinition
    recorded_from: datetime
    recorded_until: datetime
    rows: int
    why_not: str | None
    runners: tuple[ListedRunner, ...] = ()


def listed_folders(recording: Path, day: date | None) -> list[Path]:
    """The folders of the markets that may be of a London day, or of all; no file is opened.

    Raises ``RecordingError`` where there is no recording.
    """
    folders = market_folders(recording)
    if day is None:
        return folders
    # Folders go by days of UTC, which London is never behind.
    names = {f"day={one.isoformat()}" for one in (day, day - timedelta(days=1))}
    return [folder for folder in folders if folder.parent.name in names]


def days_of(recording: Path) -> set[str]:
    """The days (of UTC) that a recording has a folder for."""
    return {folder.name.removeprefix("day=") for folder in recording.glob("day=*")}


def in_race(market: ListedMarket, race_id: str) -> ListedMarket:
    """The market under the name of its race, which may have been moved before the market appeared."""
    return replace(market, race_id=race_id, day=london_day(first_start(race_id)))


def list_market(folder: Path, *, with_runners: bool) -> ListedMarket:
    """The market in ``folder``. Without runners only the last definition is read, and of prices nothing.

    Raises ``RecordingError`` naming the damaged file.
    """
    files = MarketFiles(folder)
    path = files.only_part("states")
    states = read_part(path, STATES, STATES_NEVER_MISSING, columns=_STATES)
    if not len(states):
        raise damaged(path, "holds no rows")
    with reading(path):
        race_id, begun, until = (
            states["race_id"][0].as_py(),
            states["published_at"][0].as_py(),
            states["recorded_until"][-1].as_py(),
        )
        day = london_day(first_start(race_id))
    rows = len(states) + count_rows(files, "runners")
    count_rows(files, "ladders")  # that they can be opened: orders are matched against them
    definition, why_not, runners = _told(files, with_runners=with_runners)
    return ListedMarket(
        recording=folder.parents[1],
        race_id=race_id,
        day=day,
        definition=definition,
        recorded_from=begun,
        recorded_until=until,
        rows=rows,
        why_not=why_not or _why_not(files, definition.market_type),
        runners=runners,
    )


def _told(files: MarketFiles, *, with_runners: bool) -> tuple[MarketDefinition, str | None, tuple[ListedRunner, ...]]:
    """The last definition, why it cannot be played, and the runners where they are wanted."""
    try:
        if not with_runners:
            return _last(files), None, ()
        definitions = read_definitions(files)
        if not definitions:
            raise damaged(files.only_part("definitions"), "holds what is no definition: there are no rows")
    except UnplayableError as error:
        last = _unplayed(files)
        return last, str(error), _runners(last, {}, 0) if with_runners else ()
    best, _ = read_best_prices(files)
    over = (at for at, _, one in definitions if one.in_play or one.status is MarketStatus.CLOSED)
    last = definitions[-1][2]
    return last, None, _runners(last, best, next(over, None))


def _last(files: MarketFiles) -> MarketDefinition:
    with reading_definitions(files):
        return play_definition(market_id_of(files.folder), _last_raw(files), None)


def _unplayed(files: MarketFiles) -> MarketDefinition:
    """The last definition of a market that the simulated exchange has no rules for."""
    with reading_definitions(files):
        market, facts = read_definition(_last_raw(files))
    runners = [
        RunnerDefinition(
            selection_id=selection_id,
            name=fact.runner_name or nameless(selection_id),
            sort_priority=place,
            status=runner_status(fact.status),
        )
        for place, (selection_id, fact) in enumerate(facts.items(), 1)
    ]
    return define(market_id_of(files.folder), market._asdict(), tuple(runners))


def _last_raw(files: MarketFiles) -> object:
    return orjson.loads(definitions_table(files)["raw"][-1].as_py())


def _why_not(files: MarketFiles, market_type: str) -> str | None:
    if market_type not in set(MarketType):
        return f"its type is {market_type}: only WIN and PLACE can be bet on"
    for name in ("best_back", "best_lay"):
        for path in files.parts("runners"):
            column = read_part(path, RUNNERS, (), columns=(name,))[name]
            if column.null_count < len(column):
                return None
    return "no price to back or to lay was recorded"


def _runners(
    definition: MarketDefinition, best: Mapping[int, BestPrices], over: int | None
) -> tuple[ListedRunner, ...]:
    return tuple(
        ListedRunner(
            selection_id=one.selection_id,
            name=one.name,
            status=one.status,
            starting_price=one.starting_price,
            first=first,
            last=last,
        )
        for one in sorted(definition.runners, key=lambda one: (one.sort_priority, one.selection_id))
        for first, last in [_first_and_last(best.get(one.selection_id), over)]
    )


def _first_and_last(best: BestPrices | None, over: int | None) -> Sequence[tuple[Decimal, Decimal] | None]:
    if best is None:
        return (None, None)
    count = len(best.at) if over is None else int(np.searchsorted(best.at, over, "left"))
    rows = np.flatnonzero((best.back[:count] != MISSING) & (best.lay[:count] != MISSING))
    if not len(rows):
        return (None, None)
    return [(price_of(int(best.back[row])), price_of(int(best.lay[row]))) for row in (rows[0], rows[-1])]
