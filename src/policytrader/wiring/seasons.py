"""A generated season, made as recordings: day by day, each by whoever works on it, in the memory of one day."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from policytrader.errors import RecordingError, UsageError
from policytrader.ports.workers import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from policytrader.app.morning import Pick
    from policytrader.ports.workers import Progress, Workers
    from policytrader.simulation.race_day import RaceDay
    from policytrader.simulation.season import Season

RAW_FOLDER, SELECTIONS_FILE = "raw", "selections.csv"
_UNFINISHED = ".making-"
_BEGUN = f".{SELECTIONS_FILE}"
_A_MOMENT = timedelta(milliseconds=1)
_OVER = timedelta(days=2)


class SeasonForm(StrEnum):
    """What is kept of a season: imported recordings, raw stream files, or both."""

    IMPORTED = "imported"
    RAW = "raw"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class SeasonReport:
    """What was made. ``updates`` counts the messages of the raw files; ``raw_bytes`` are packed."""

    races: int = 0
    markets: int = 0
    updates: int = 0
    picks: int = 0
    raw_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _DayWork:
    season: Season
    day: date
    out: Path
    form: SeasonForm
    per_market: int


@dataclass(frozen=True, slots=True)
class _DayMade:
    report: SeasonReport
    selections: str


def generate_season(
    season: Season,
    out: Path,
    workers: Workers,
    *,
    form: SeasonForm = SeasonForm.IMPORTED,
    per_market: int = 2,
    progress: Progress | None = None,
) -> SeasonReport:
    """Write a season into ``out``, with ``selections.csv``: ``per_market`` picks in each market, made in the morning.

    The same season gives the same files, whoever makes which day. Raises ``UsageError`` for a folder that holds
    something: two seasons in one folder would be one. What a season left that was stopped is made anew.
    """
    if out.exists() and not (out.is_dir() and _is_left(list(out.iterdir()))):
        message = f"--out {out}: there is something already; name a new folder"
        raise UsageError(message)
    out.mkdir(parents=True, exist_ok=True)
    units = [Unit(day.isoformat(), _DayWork(season, day, out, form, per_market)) for day in season.dates]
    total = SeasonReport()
    with _begun(out) as file, closing(workers.run(make_day, units, progress)) as days:
        if form is not SeasonForm.IMPORTED:
            (out / RAW_FOLDER).mkdir()
        for made in days:
            header, _, rows = made.selections.partition("\n")
            if not total.markets:
                file.write(f"{header}\n")
            file.write(rows)
            total = _sum(total, made.report)
    (out / _BEGUN).rename(out / SELECTIONS_FILE)
    for left in out.glob(f"{_UNFINISHED}*"):  # of workers that were lost
        shutil.rmtree(left)
    return total


def _is_left(paths: list[Path]) -> bool:
    """Whether this is all that a season leaves that was stopped: its selections are there, and not finished."""
    names = {path.name for path in paths}
    ours = (_BEGUN, RAW_FOLDER)
    return not names or (
        _BEGUN in names and all(name in ours or name.startswith((_UNFINISHED, "day=")) for name in names)
    )


@contextmanager
def _begun(out: Path) -> Iterator[TextIO]:
    """The selections of a season on its way, locked; what an earlier one left is taken away.

    Raises ``UsageError`` where that one is still at work.
    """
    with (out / _BEGUN).open("a", encoding="utf-8", newline="") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"--out {out}: another `recording generate` writes there; name a new folder"
            raise UsageError(message) from None
        for left in out.iterdir():
            if left.name != _BEGUN:
                shutil.rmtree(left)
        file.truncate(0)
        yield file


def make_day(work: _DayWork) -> _DayMade:
    """One day of a season into its folder."""
    from policytrader.app.sample_picks import selections_csv

    day = work.season.race_day(work.day)
    with _raw_folder(work) as folder:
        paths, updates, picks = _play(day, folder, work.per_market)
        if work.form is not SeasonForm.RAW:
            _import(paths, work.out)
        size = sum(path.stat().st_size for path in paths)
    return _DayMade(SeasonReport(len(day.races), len(paths), updates, len(picks), size), selections_csv(picks))


def _import(paths: list[Path], out: Path) -> None:
    """Import a day aside and move it into place: other days are imported at the same time."""
    from policytrader.adapters.recordings.importer import import_recording

    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=out) as name:
        report = import_recording(paths, Path(name))
        if report.errors:
            raise RecordingError(report.errors)
        for day in sorted(Path(name).glob("day=*")):
            target = out / day.name
            if target.exists():  # an earlier attempt at this day ended too soon
                shutil.rmtree(target)
            day.rename(target)


def _play(day: RaceDay, folder: Path, per_market: int) -> tuple[list[Path], int, tuple[Pick, ...]]:
    """Play a day to its end: the files of its markets, their messages, and the picks of its morning."""
    from policytrader.adapters.exchange_server.stream_files import StreamFiles
    from policytrader.adapters.simulated.prices import InMemoryPrices
    from policytrader.app.sample_picks import draw
    from policytrader.simulation.exchange import SimulatedExchange

    # From before the first event, so that whoever listens hears of it.
    exchange = SimulatedExchange(day.now - _A_MOMENT, day.feed())
    files = StreamFiles(exchange, folder)
    exchange.advance(day.now)
    picks = draw(InMemoryPrices(exchange), seed=day.seed, per_market=per_market)
    exchange.advance(day.now + _OVER)
    files.close()
    return files.paths, files.messages, picks


@contextmanager
def _raw_folder(work: _DayWork) -> Iterator[Path]:
    """Where raw files are written: to stay, or until they are imported."""
    if work.form is not SeasonForm.IMPORTED:
        yield work.out / RAW_FOLDER
        return
    with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=work.out) as folder:
        yield Path(folder)


def _sum(one: SeasonReport, other: SeasonReport) -> SeasonReport:
    return SeasonReport(
        one.races + other.races,
        one.markets + other.markets,
        one.updates + other.updates,
        one.picks + other.picks,
        one.raw_bytes + other.raw_bytes,
    )
