"""What the trading commands share: the store, the exchange, the clock, who asks and why."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from policytrader.config import load_profile
from policytrader.errors import RefusedError, UsageError
from policytrader.files import read_at_most
from policytrader.model.times import london_day
from policytrader.wiring import open_account, open_exchange, open_store, store_url, system_clock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from policytrader.cli.context import Context
    from policytrader.config import Profile
    from policytrader.ports.store import Store
    from policytrader.wiring import Trading

Command = TypeVar("Command", bound=Callable[..., Any])

STRATEGY_REF = "policytrader"
"""The strategy reference of every order of ours: what tells them from a person's on the same account."""

_MOST_BYTES = 4096
"""Of an arm file."""
_TODAY = "today, by --now, else the exchange of --exchange, else the daemon's last tick, else the machine's clock"


def store_option(command: Command) -> Command:
    """Add ``--store``."""
    text = "sqlite:///FILE or postgresql://USER@HOST/DATABASE; else the project's policytrader-MODE.db."
    return click.option("--store", "url", metavar="URL", help=text)(command)


def exchange_options(command: Command) -> Command:
    """Add ``--exchange`` and ``--clock``."""
    text = "The time: the machine's, a simulated exchange's (its default), or that one's moved on at each wait."
    command = click.option("--clock", type=click.Choice(["system", "exchange", "step"]), help=text)(command)
    text = "The exchange: a file with the JSON line that `exchange serve` prints; else the profile's account."
    return click.option("--exchange", "exchange_file", metavar="FILE", help=text)(command)


@dataclass(frozen=True, slots=True)
class Access:
    """What ``--store``, ``--exchange`` and ``--clock`` say: where a command finds store, exchange and time."""

    url: str | None = None
    exchange_file: str | None = None
    clock: str | None = None

    def store(self, context: Context, *, makes: bool = False) -> AbstractContextManager[Store]:
        """See ``opened_store``."""
        return opened_store(context, self.url, makes=makes)

    def exchange(
        self,
        context: Context,
        is_stopping: Callable[[], bool] = lambda: False,
        *,
        sends: bool = False,
        streams: bool | None = False,
    ) -> AbstractContextManager[Trading]:
        """See ``opened_exchange``."""
        return opened_exchange(context, self.exchange_file, self.clock, is_stopping, sends=sends, streams=streams)

    def moment(self, context: Context) -> datetime:
        """See ``moment``."""
        return moment(context, self.exchange_file, self.clock)

    def moment_of_day(self, context: Context, store: Store) -> datetime:
        """See ``moment_of_day``."""
        return moment_of_day(context, store, self.exchange_file, self.clock)

    def day(self, context: Context, store: Store, given: date | None) -> date:
        """The London day that a command is about: the one that was named, else that of ``moment_of_day``."""
        return given if given is not None else london_day(self.moment_of_day(context, store))


def access_options(command: Command) -> Command:
    """Add ``--store``, ``--exchange`` and ``--clock``; the command is given one ``Access``."""

    @wraps(command)
    def with_access(
        *arguments: Any, url: str | None, exchange_file: str | None, clock: str | None, **named: Any
    ) -> Any:
        return command(*arguments, access=Access(url, exchange_file, clock), **named)

    return store_option(exchange_options(cast("Command", with_access)))


def person_options(command: Command) -> Command:
    """Add ``--why`` and ``--who``."""
    text = "Whose decision this is; default: the system's user."
    command = click.option("--who", metavar="NAME", help=text)(command)
    return click.option("--why", metavar="TEXT", required=True, help="The reason; it is kept.")(command)


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="One document on stdout.")(command)


def day_option(default: str = _TODAY) -> Callable[[Command], Command]:
    """Add ``--day``; the command is given a ``date``, or None."""
    text = f"A London date such as 2026-05-02; default: {default}."
    return click.option("--day", metavar="DATE", callback=_date, help=text)


def range_options(command: Command) -> Command:
    """Add ``--from`` and ``--to``; the command is given ``since`` and ``until``, each a ``date`` or None."""
    text = "The last London day of races that is meant; default: all."
    command = click.option("--to", "until", metavar="DATE", callback=_date, help=text)(command)
    text = "The first London day of races that is meant, such as 2026-05-01; default: all."
    return click.option("--from", "since", metavar="DATE", callback=_date, help=text)(command)


def day_words(command: Command) -> Command:
    """Add ``--day``, and as ``day_argument`` the argument DAY, which says the same; see ``asked_day``."""
    argument = click.argument("day_argument", metavar="[DAY]", required=False, callback=_date)
    return argument(day_option()(command))


def _date(_: click.Context, parameter: click.Parameter, text: str | None) -> date | None:
    """A date as written on the command line. Raises ``UsageError``."""
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        name = "DAY" if isinstance(parameter, click.Argument) else parameter.opts[0]
        message = f"{name} {text}: not a date such as 2026-05-02"
        raise UsageError(message) from None


def asked_day(day_argument: date | None, day: date | None) -> date | None:
    """The day that was named, either way. Raises ``UsageError`` where both were given."""
    if day_argument is not None and day is not None:
        message = f"DAY {day_argument} and --day {day} mean the same thing: give one of them"
        raise UsageError(message)
    return day_argument or day


def profile_of(context: Context) -> Profile:
    """The deployment's settings."""
    return load_profile(context.project, context.profile)


@contextmanager
def opened_store(context: Context, url: str | None, *, makes: bool = False) -> Iterator[Store]:
    """The store of the profile's mode. ``makes``: a SQLite file that is not there yet is made."""
    mode = profile_of(context).mode
    with closing(open_store(store_url(url, context.project, mode), mode)) as store:
        if makes:
            found = store.status()
            if found.dialect == "sqlite" and found.revision is None:
                store.migrate()
        yield store


@contextmanager
def opened_exchange(
    context: Context,
    file: str | None,
    clock: str | None,
    is_stopping: Callable[[], bool] = lambda: False,
    *,
    sends: bool = False,
    streams: bool | None = False,
) -> Iterator[Trading]:
    """The exchange of ``--exchange``, else the profile's account. Without ``sends`` it can only be read.

    ``streams``: whether prices come from its stream; None as the profile says.

    Raises ``UsageError`` where there is neither, where a live profile meets a simulated exchange, or a real account
    is to go by another clock than the system's; ``RefusedError`` where a profile that is not live would send orders
    to a real exchange.
    """
    profile = profile_of(context)
    with _connected(context, profile, file, clock, is_stopping, sends=sends, streams=streams) as trading:
        if trading.is_simulated and profile.mode == "live":
            what = file if file is not None else f"the exchange of profile {profile.name}"
            message = f"profile {profile.name} is live, and {what} is a simulated exchange: use a paper profile"
            raise UsageError(message)
        if sends and not trading.is_simulated and profile.mode != "live":
            message = (
                f"profile {profile.name} says mode {profile.mode}, and this is a real exchange: "
                "orders are sent there by a profile that says `mode: live`"
            )
            raise RefusedError(message)
        yield trading


def _connected(
    context: Context,
    profile: Profile,
    file: str | None,
    clock: str | None,
    is_stopping: Callable[[], bool],
    *,
    sends: bool,
    streams: bool | None,
) -> AbstractContextManager[Trading]:
    if file is not None:
        return open_exchange(context.path(file), clock, is_stopping, sends=sends, streams=bool(streams))
    if profile.real is None:
        message = (
            "--exchange FILE is needed: the JSON line of the exchange, as `policytrader exchange serve` prints it; "
            f"or `exchange: betfair` in config/{profile.name}.yaml"
        )
        raise UsageError(message)
    if clock not in {None, "system"}:
        message = f"--clock {clock}: profile {profile.name} names an account, which has no clock but the system's"
        raise UsageError(message)
    return open_account(profile.real, is_stopping, sends=sends, streams=streams)


def moment(context: Context, file: str | None, clock: str | None) -> datetime:
    """Now: as the command line says, or by the clock that the options name."""
    if context.now is not None:
        return context.now
    if file is None:
        if clock not in {None, "system"}:
            message = f"--clock {clock} needs --exchange FILE"
            raise UsageError(message)
        return system_clock().now()
    with opened_exchange(context, file, clock) as trading:
        return trading.clock.now()


def moment_of_day(context: Context, store: Store, exchange_file: str | None, clock: str | None) -> datetime:
    """Now, on the day that a store is about.

    By ``--now`` or the clock that the options name; else by the machine's. But where the leader's last tick was on
    another London day, it is that tick: the daemon's clock may be a simulated exchange's, and we know no later time.
    """
    from policytrader.app.journal_days import last_account

    now = moment(context, exchange_file, clock)
    if context.now is not None or exchange_file is not None or clock is not None:
        return now
    real = profile_of(context).real
    account = real.account if real is not None else last_account(store)
    leader = store.leader(account) if account is not None else None
    if leader is None or london_day(leader.renewed_at) == london_day(now):
        return now
    return leader.renewed_at


def person(who: str | None) -> str:
    """Who asks: as named, else the system's user."""
    if who is not None and who.strip():
        return who.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def reason(why: str) -> str:
    """A reason that says something."""
    if not why.strip():
        message = "--why needs a reason; it is kept"
        raise UsageError(message)
    return why.strip()


def require_armed(context: Context, arm_file: str | None, account: str, now: datetime) -> None:
    """Orders are sent only for somebody who said so: a file with the account and today's date, or a typed answer.

    Raises ``RefusedError``.
    """
    today = london_day(now).isoformat()
    if arm_file is not None:
        path = context.path(arm_file)
        try:
            text = read_at_most(path, _MOST_BYTES).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"not armed: {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8 text'}"
            raise RefusedError(message) from None
        if [line.strip() for line in text.splitlines() if line.strip()] != [account, today]:
            message = f"not armed: {path} must hold two lines, the account's user name and {today}"
            raise RefusedError(message)
        return
    if sys.stdin is None or not sys.stdin.isatty():
        message = f"not armed: --live needs --arm-file FILE with two lines, the account's user name and {today}"
        raise RefusedError(message)
    typed = click.prompt(f"Orders will be sent for account {account}. Type its name to arm", err=True, default="")
    if typed.strip() != account:
        message = "not armed: that is not the account's name"
        raise RefusedError(message)
