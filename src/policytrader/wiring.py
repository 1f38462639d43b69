"""The one place that picks adapters: snapshot folders, recordings, policies, the simulated exchange's server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policytrader.authoring.load import load_policy
from policytrader.errors import UsageError
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from policytrader.adapters.clocks import ExchangeClock, SystemClock
    from policytrader.adapters.exchange_server.server import ExchangeServer as ExchangeServer  # noqa: PLC0414
    from policytrader.adapters.recordings.importer import FileReport as FileReport  # noqa: PLC0414 - for the command line
    from policytrader.adapters.recordings.importer import ImportReport as ImportReport  # noqa: PLC0414
    from policytrader.errors import Diagnostic
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports import Exchange, PriceFeed
    from policytrader.ports.store import Store

GIT_PREFIX = "git:"


def read_snapshot(folder: str | Path) -> Snapshot:
    """A snapshot folder. Raises ``SnapshotError`` with every problem of every file."""
    from policytrader.adapters.snapshots.reader import read_snapshot as read

    return read(folder)


def write_snapshot(snapshot: Snapshot, folder: str | Path, form: Literal["csv", "parquet", "json"] = "csv") -> None:
    """Write a snapshot folder."""
    from policytrader.adapters.snapshots.writer import write_snapshot as write

    write(snapshot, folder, form)


def snapshot_from_recording(recording: Path, at: datetime, captured_at: datetime, selections: Path) -> Snapshot:
    """The snapshot of an imported recording at a time, for the picks of a file."""
    from policytrader.adapters.recordings.as_of import snapshot_at
    from policytrader.adapters.recordings.picks import read_picks

    if not recording.is_dir():
        message = f"--recording {recording}: no such folder; `policytrader recording import FILE… --out DIR` makes one"
        raise UsageError(message)
    return snapshot_at(recording, at, captured_at, read_picks(selections))


def import_recordings(
    paths: list[Path], out: Path, progress: Callable[[Path, int, int], None] | None = None
) -> ImportReport:
    """Read recorded market files into Parquet; returns the importer's report."""
    from policytrader.adapters.recordings.importer import import_recording

    return import_recording(paths, out, progress=progress)


def serve_race_day(seed: int, races: int, *, speed: float = 0.0, port: int = 0, stream_port: int = 0) -> ExchangeServer:
    """A server, not yet started, of the race day that a seed generates. Raises ``UsageError`` for a port in use."""
    from policytrader.adapters.exchange_server.server import ExchangeServer
    from policytrader.simulation.exchange import SimulatedExchange
    from policytrader.simulation.race_day import generate_race_day

    day = generate_race_day(seed, races)
    exchange = SimulatedExchange(day.now, day.feed())
    return ExchangeServer(exchange, seed=str(seed), speed=speed, port=port, stream_port=stream_port)


def serve_recording(
    folder: Path,
    *,
    tell: Callable[[Diagnostic], None] | None = None,
    speed: float = 0.0,
    port: int = 0,
    stream_port: int = 0,
) -> ExchangeServer:
    """A server, not yet started, that plays a recording from its first event.

    ``tell`` hears of damage when it is met; the rest goes on. Raises ``RecordingError`` where nothing can be played,
    ``UsageError`` for a folder that is not there or a port in use.
    """
    from policytrader.adapters.exchange_server.server import ExchangeServer
    from policytrader.adapters.recordings.playback import first_time, read_events
    from policytrader.simulation.exchange import SimulatedExchange

    if not folder.exists():
        message = f"--recording {folder}: no such folder"
        raise UsageError(message)
    exchange = SimulatedExchange(first_time([folder]), read_events([folder], tell=tell))
    return ExchangeServer(exchange, seed="recording", speed=speed, port=port, stream_port=stream_port)


def policy_folder(project: Path, near: Path | None = None) -> Path:
    """The rules when nobody names any: the project's, else those of the project around ``near``, else the shipped."""
    around = near.resolve().parents if near is not None else ()
    for folder in (project, *around):
        if (folder / "rules" / "racing").is_dir():
            return folder / "rules"
    own = project / "rules"
    return own if own.is_dir() else resource("rules")


def is_shipped(rules: Path) -> bool:
    """Whether these are the rules that came with policytrader."""
    return rules.resolve() == resource("rules").resolve()


def policy_at(reference: str | None, project: Path) -> PolicySet:
    """A policy by folder or file, by ``git:REV`` (the project's rules at that revision), or the project's own."""
    if reference is None:
        return load_policy(policy_folder(project))
    if reference.startswith(GIT_PREFIX):
        from policytrader.adapters.git_rules import load_policy_at

        return load_policy_at(project, reference.removeprefix(GIT_PREFIX))
    if reference == "active":
        message = "--against active: no store holds an active policy yet; name a folder or git:REV"
        raise UsageError(message)
    path = Path(reference) if Path(reference).exists() or project == Path() else project / reference
    if not path.exists():
        message = f"no policy at {reference}: name a folder of rules, or git:REV"
        raise UsageError(message)
    return load_policy(path)


def store_url(given: str | None, project: Path, mode: str) -> str:
    """The URL that was given, else that of the project's own SQLite file for the mode.

    A relative ``sqlite:///FILE`` is meant from the project's folder.
    """
    prefix, name = "sqlite:///", f"policytrader-{mode}.db"
    if given is None:
        return f"{prefix}{project / name}"
    file = given.removeprefix(prefix)
    is_relative = given.startswith(prefix) and file and not file.startswith(("/", ":", "file:"))
    return f"{prefix}{project / file}" if is_relative else given


def open_store(url: str, mode: str = "paper") -> Store:
    """A store by its URL; it connects when it is first used. Raises ``UsageError`` for what is no store's URL."""
    from policytrader.adapters.sql.store import open_store as open_

    return open_(url, mode)


def export_schema(dialect: str) -> str:
    """A store's schema as SQL text, for postgresql or sqlite."""
    from policytrader.adapters.sql.schema import export_schema as export

    return export(dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """An exchange to trade on: orders, prices, the clock to go by. ``is_simulated`` where it can be controlled."""

    exchange: Exchange
    prices: PriceFeed
    clock: SystemClock | ExchangeClock
    account: str
    is_simulated: bool


@contextmanager
def open_exchange(file: Path, clock: str | None, is_stopping: Callable[[], bool] = lambda: False) -> Iterator[Trading]:
    """The exchange whose JSON line stands in a file; ``clock`` is system or exchange, None for what fits it.

    The clock of the exchange is for a simulated one alone: a real one has none. Nothing is asked yet. Raises
    ``ConfigError`` for a broken line, ``UsageError`` for a clock that it does not have.
    """
    from policytrader.adapters.betfair.endpoints import read_exchange_line
    from policytrader.adapters.betfair.exchange import BetfairExchange
    from policytrader.adapters.betfair.prices import BetfairPrices
    from policytrader.adapters.betfair.wire import Wire
    from policytrader.adapters.clocks import ExchangeClock, SystemClock

    line = read_exchange_line(file)
    wanted = clock or ("system" if line.control is None else "exchange")
    if wanted == "exchange" and line.control is None:
        message = f"--clock exchange: the exchange of {file} has no clock of its own; only a simulated one has"
        raise UsageError(message)
    chosen = ExchangeClock(line.control, is_stopping) if wanted == "exchange" and line.control else None
    used = chosen or SystemClock(is_stopping)
    try:
        with Wire(line.endpoints, line.credentials, used) as wire:
            yield Trading(
                exchange=BetfairExchange(wire),
                prices=BetfairPrices(wire),
                clock=used,
                account=line.credentials.username,
                is_simulated=line.control is not None,
            )
    finally:
        if chosen is not None:
            chosen.close()


def system_clock() -> SystemClock:
    """The machine's clock."""
    from policytrader.adapters.clocks import SystemClock

    return SystemClock()


def wall_rest(is_stopping: Callable[[], bool]) -> Callable[[float], None]:
    """Let the wall's time pass, until somebody wants to stop."""
    from policytrader.adapters.clocks import rest

    return lambda seconds: rest(seconds, is_stopping)
