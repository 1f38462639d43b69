"""The one place that picks adapters: snapshot folders, recordings, policies, the simulated exchange's server."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policytrader.authoring.load import load_policy
from policytrader.errors import ConfigError, UsageError
from policytrader.ports.alert_collection import BOT_TYPES
from policytrader.resources import resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, timedelta

    from policytrader.adapters.betfair.endpoints import Credentials, Endpoints
    from policytrader.adapters.clocks import ExchangeClock, SystemClock
    from policytrader.adapters.exchange_server.server import ExchangeServer as ExchangeServer  # noqa: PLC0414
    from policytrader.adapters.recordings.importer import FileReport as FileReport  # noqa: PLC0414 - for the command line
    from policytrader.adapters.recordings.importer import ImportReport as ImportReport  # noqa: PLC0414
    from policytrader.config import RealAccount
    from policytrader.errors import Diagnostic
    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports import Exchange, LiveFeed, PriceFeed, Say
    from policytrader.ports.alert_collection import AlertCollection
    from policytrader.ports.store import Store

GIT_PREFIX = "git:"
ACTIVE = "active"
"""The name of the policy that decides, where a policy is named."""
DEFAULT_MODE = "paper"


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


def policy_at(reference: str | None, project: Path, *, store: str | None = None, mode: str = DEFAULT_MODE) -> PolicySet:
    """A policy by folder or file, by ``git:REV`` (the project's rules at that revision), or the project's own.

    ``active`` is the policy that decides in the mode's store, of which ``store`` is the URL where it is not the
    project's own.
    """
    if reference is None:
        return load_policy(policy_folder(project))
    if reference.startswith(GIT_PREFIX):
        from policytrader.adapters.git_rules import load_policy_at

        return load_policy_at(project, reference.removeprefix(GIT_PREFIX))
    if reference == ACTIVE:
        return _active_policy(store, project, mode)
    path = Path(reference) if Path(reference).exists() or project == Path() else project / reference
    if not path.exists():
        message = f"no policy at {reference}: name a folder of rules, or git:REV"
        raise UsageError(message)
    return load_policy(path)


def _active_policy(url: str | None, project: Path, mode: str) -> PolicySet:
    from policytrader.app.activate import policy_of

    with closing(open_store(store_url(url, project, mode), mode)) as store:
        # A file that is not there yet is no error of the store's: nothing was activated.
        is_empty = url is None and store.status().revision is None
        record = None if is_empty else store.active_policy()
    if record is None:
        message = (
            "active: no store holds an active policy yet; `policytrader activate` stores one, --store URL names "
            "another store; or name a folder or git:REV"
        )
        raise UsageError(message)
    return policy_of(record)


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

    store = open_(url, mode)
    _keep_password_out_of_logs(url)
    return store


def _keep_password_out_of_logs(url: str) -> None:
    from sqlalchemy import make_url

    from policytrader.config.redaction import keep_out_for_good

    made = make_url(url)
    for secret in (made.password, made.query.get("password"), os.environ.get("PGPASSWORD")):
        if isinstance(secret, str):
            keep_out_for_good(secret)


def export_schema(dialect: str) -> str:
    """A store's schema as SQL text, for postgresql or sqlite."""
    from policytrader.adapters.sql.schema import export_schema as export

    return export(dialect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """An exchange to trade on: orders, prices, the clock to go by.

    ``is_simulated``: it is on this machine, and no real money. ``feed`` is its stream, where prices come from that.
    ``skew`` tells how far the clock is ahead of the exchange's (behind it: negative), at least, by the last answer;
    None before the first one, and always where the clock is the exchange's own. Where ``sends`` is False, ``exchange``
    can only read: to ask it for an order is a defect.
    """

    exchange: Exchange
    prices: PriceFeed
    clock: SystemClock | ExchangeClock
    account: str
    is_simulated: bool
    feed: LiveFeed | None = None
    skew: Callable[[], timedelta | None] = lambda: None


@contextmanager
def open_exchange(
    file: Path,
    clock: str | None,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    sends: bool = False,
    streams: bool = False,
) -> Iterator[Trading]:
    """The exchange whose JSON line stands in a file; ``clock`` is system, exchange or step, None for what fits.

    ``step`` is the exchange's clock too, and whoever waits moves it on: nothing happens there meanwhile. The clock of
    the exchange is for a simulated one alone: a real one has none. Nothing is asked yet. Without
    ``sends`` it can only be read. Raises ``ConfigError`` for a broken line, ``UsageError`` for a clock that it does
    not have.
    """
    from policytrader.adapters.betfair.endpoints import read_exchange_line, with_stream_certificate
    from policytrader.adapters.clocks import ExchangeClock, SystemClock

    line = read_exchange_line(file)
    if streams:
        line = with_stream_certificate(line)
    wanted = clock or ("system" if line.control is None else "exchange")
    if wanted != "system" and line.control is None:
        message = f"--clock {wanted}: the exchange of {file} has no clock of its own; only a simulated one has"
        raise UsageError(message)
    chosen = None
    if wanted != "system" and line.control is not None:
        chosen = ExchangeClock(line.control, is_stopping, moves=wanted == "step")
    try:
        used = chosen or SystemClock(is_stopping)
        with _connected(line.endpoints, line.credentials, used, sends=sends, streams=streams) as trading:
            yield replace(trading, is_simulated=trading.is_simulated or line.control is not None)
    finally:
        if chosen is not None:
            chosen.close()


@contextmanager
def open_account(
    real: RealAccount,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    sends: bool = False,
    streams: bool | None = False,
) -> Iterator[Trading]:
    """A profile's account, by the machine's clock, with secrets from the environment. Nothing is asked yet.

    ``streams``: prices come from the Exchange Stream; None as the profile says.

    Raises ``ConfigError`` for secrets that are missing, that others may read, or an address that is not allowed.
    """
    from policytrader.adapters.clocks import SystemClock

    endpoints, credentials = _account_access(real)
    wanted = real.wants_stream if streams is None else streams
    with _connected(endpoints, credentials, SystemClock(is_stopping), sends=sends, streams=wanted) as trading:
        yield trading


def check_account(real: RealAccount) -> str:
    """How the account's login would go, in words; asks nobody. Raises ``ConfigError`` as ``open_account`` does."""
    _, credentials = _account_access(real)
    credentials.check_files()
    return "login by certificate" if credentials.certificate is not None else "interactive login, without certificate"


def _account_access(real: RealAccount) -> tuple[Endpoints, Credentials]:
    from policytrader.adapters.betfair import endpoints as places
    from policytrader.config import EXAMPLE_ACCOUNT
    from policytrader.config.secret_values import account_secrets

    if real.account == EXAMPLE_ACCOUNT:
        message = f"the profile's account is still the example's, {EXAMPLE_ACCOUNT}: put the account's user name there"
        raise ConfigError(message)
    secrets = account_secrets(os.environ, real.account)
    credentials = places.Credentials(
        username=real.account,
        password=secrets.password,
        app_key=secrets.app_key,
        certificate=secrets.certificate,
        certificate_key=secrets.certificate_key,
    )
    if real.addresses is not None:
        return places.local_endpoints(real.addresses), credentials
    return places.betfair_endpoints(real.country), credentials


def verifies_servers() -> bool:
    """Whether requests and the stream refuse a server whose certificate or name is wrong."""
    import ssl

    from policytrader.adapters.betfair.http import OneShotSession
    from policytrader.adapters.betfair.tls_stream import tls_context

    stream = tls_context(None)
    with OneShotSession() as http:
        is_verified = http.verify is True and not http.trust_env
    return is_verified and stream.verify_mode is ssl.CERT_REQUIRED and stream.check_hostname


@contextmanager
def _connected(
    endpoints: Endpoints, credentials: Credentials, clock: SystemClock | ExchangeClock, *, sends: bool, streams: bool
) -> Iterator[Trading]:
    from policytrader.adapters.betfair.dates import DateWatch
    from policytrader.adapters.betfair.exchange import BetfairExchange
    from policytrader.adapters.betfair.prices import BetfairPrices
    from policytrader.adapters.betfair.reads import ReadingExchange
    from policytrader.adapters.betfair.streamed_prices import StreamedPrices
    from policytrader.adapters.betfair.wire import Wire
    from policytrader.adapters.clocks import SystemClock

    # Only a clock of our own can be wrong against the exchange's.
    dates = DateWatch(clock.now) if isinstance(clock, SystemClock) else None
    with ExitStack() as stack:
        wire = stack.enter_context(Wire(endpoints, credentials, clock, only_reads=not sends, dates=dates))
        prices = BetfairPrices(wire)
        feed = stack.enter_context(StreamedPrices(wire, prices)) if streams else None
        yield Trading(
            exchange=BetfairExchange(wire) if sends else ReadingExchange(wire),
            prices=feed or prices,
            feed=feed,
            clock=clock,
            account=credentials.username,
            is_simulated=endpoints.is_on_this_machine,
            skew=dates.skew if dates is not None else lambda: None,
        )


@contextmanager
def open_notifications(header: str, tell: Say) -> Iterator[Callable[[str], None] | None]:
    """Where lines for people go, as the environment says; None where it names nothing. The end sends what waits.

    ``header`` is each message's first line; ``tell`` hears of what could not be sent. Raises ``ConfigError``.
    """
    from policytrader.config.secret_values import telegram_secrets

    secrets = telegram_secrets(os.environ)
    if secrets is None:
        yield None
        return
    from policytrader.adapters.telegram import Telegram

    telegram = Telegram(secrets, header, tell)
    try:
        yield telegram.send
    finally:
        telegram.close()


@contextmanager
def open_alerts(project: Path, place: str | None) -> Iterator[Mapping[str, AlertCollection]]:
    """Stored alerts by bot type: of a MongoDB database, of a file for both bots; None for none at all."""
    if place is not None and place.startswith("mongodb"):
        from policytrader.adapters.mongo.alerts import open_alert_collections

        with open_alert_collections(place) as collections:
            yield collections
        return
    from policytrader.adapters.alert_file import AlertDocuments, read_alert_file

    alerts = read_alert_file(project / place) if place is not None else AlertDocuments(())
    yield dict.fromkeys(BOT_TYPES, alerts)


def system_clock() -> SystemClock:
    """The machine's clock."""
    from policytrader.adapters.clocks import SystemClock

    return SystemClock()


def wall_rest(is_stopping: Callable[[], bool]) -> Callable[[float], None]:
    """Let the wall's time pass, until somebody wants to stop."""
    from policytrader.adapters.clocks import rest

    return lambda seconds: rest(seconds, is_stopping)
