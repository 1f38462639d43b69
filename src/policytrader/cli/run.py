"""``policytrader run``: the daemon."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.log_lines import open_log
from policytrader.cli.rules import activate_own
from policytrader.cli.signals import StopFlag, stopped_by_signals
from policytrader.cli.trader import make_trader
from policytrader.cli.trading import access_options, json_option, profile_of, require_armed
from policytrader.cli.words import counted
from policytrader.errors import PolicytraderError
from policytrader.wiring import open_notifications, wall_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from policytrader.app.daemon import DaemonTerms, Ended
    from policytrader.app.trader import Trader
    from policytrader.cli.trading import Access
    from policytrader.ports import Say
    from policytrader.ports.store import Store
    from policytrader.wiring import Trading

RUN_SCHEMA = "policytrader/run/1"


@click.command(short_help="Trade the day's selections by the active policy; a dry run unless --live.")
@click.option("--live", is_flag=True, help="Send orders; needs --arm-file or the account's name typed.")
@click.option("--arm-file", metavar="FILE", help="Two lines: the account's user name and today's date (London).")
@click.option("--once", is_flag=True, help="One tick, then end.")
@click.option("--stay", is_flag=True, help="Go on when the day is over, into the next.")
@click.option(
    "--prices",
    type=click.Choice(["poll", "stream"]),
    help="Ask for prices at each tick, or take them from the Exchange Stream and act at once; default: the profile's.",
)
@click.option("--log-json", is_flag=True, help="Log lines as JSON.")
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    live: bool,
    arm_file: str | None,
    once: bool,
    stay: bool,
    prices: str | None,
    log_json: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Trade the day's selections until the last result is stored, by the policy that is activated.

    With --prices stream a change is acted upon at once, at most once a second; the schedule's ticks go on, and where
    the stream is not reliable prices are asked for.

    Without --live it is a dry run: everything is read and decided, nothing is sent. Where no policy is activated, the
    project's own rules are, after the same checks. One process leads an account; another one waits, and takes over.

    Exit codes: 0 the day is over or it was stopped, 1 results are missing, 4 exchange or store out of reach at the
    start, 5 not armed (with --once also: another process leads).
    """
    from policytrader.app.daemon import DaemonTerms

    profile = profile_of(context)
    mode = profile.mode if live else f"dry-{profile.mode}"
    log = open_log(mode, as_json=log_json, verbosity=context.verbosity)
    stop = StopFlag()
    streams = None if prices is None else prices == "stream"
    with (
        open_notifications(f"{mode.upper()}  profile {profile.name}", log) as notify,
        access.exchange(context, stop, sends=live, streams=streams) as trading,
        access.store(context, makes=True) as store,
    ):
        now = trading.clock.now()
        say = also_notified(log, notify, store, now)
        if live:
            require_armed(context, arm_file, trading.account, now)
            compare_clocks(trading)
        activated = activate_own(context, store, now)
        if activated is not None:
            say("info", "activated", now, policy=activated, why="nothing was activated: the project's own rules")
        terms = DaemonTerms(
            account=trading.account,
            mode=profile.mode,
            holder=f"{socket.gethostname()} process {os.getpid()}",
            is_live=live,
            minimum=profile.minimum,
            is_once=once,
            stays=stay,
        )
        ended = _trade(make_trader(context, trading, store, profile), trading, store, terms, say, stop)
    return _tell(ended, mode, as_json=as_json)


def _trade(trader: Trader, trading: Trading, store: Store, terms: DaemonTerms, say: Say, stop: StopFlag) -> Ended:
    """Until the day is over, or a signal comes."""
    from policytrader.app.daemon import Daemon
    from policytrader.app.surroundings import Surroundings

    surroundings = Surroundings(
        clock=trading.clock,
        say=say,
        rest=wall_rest(stop),
        is_stopping=stop,
        skew=trading.skew,
        feed=trading.feed,
    )
    with told_when_it_fails(say), stopped_by_signals(stop.handle):
        return Daemon(trader, store, surroundings, terms).run()


def _tell(ended: Ended, mode: str, *, as_json: bool) -> int:
    """What it came to; the exit code."""
    if as_json:
        print_json(_document(ended, mode))
    else:
        click.echo(
            f"{mode.upper()}  {ended.reason}: {counted(ended.ticks, 'tick')}, {ended.skipped} skipped, "
            f"{counted(ended.failures, 'failure')}, {counted(ended.orders, 'order')}"
        )
    if ended.without_result:
        without = counted(ended.without_result, "selection")
        click.echo(f"{without} without a result: `policytrader reconcile`, then look", err=True)
        return FINDINGS
    return FINE


def compare_clocks(trading: Trading) -> None:
    """Ask a real exchange for something small, so that its time is known before the first order.

    Raises ``ExchangeError`` where it does not answer.
    """
    if not trading.is_simulated:
        trading.exchange.funds()


def also_notified(log: Say, notify: Callable[[str], None] | None, store: Store, now: datetime) -> Say:
    """The log, and beside it what people are told of."""
    from policytrader.app.notices import Notices

    if notify is None:
        return log
    notices = Notices(notify, store, now)

    def say(level: str, event: str, at: datetime | None, **fields: Any) -> None:
        log(level, event, at, **fields)
        notices(level, event, at, **fields)

    return say


@contextmanager
def told_when_it_fails(say: Say) -> Iterator[None]:
    """A run that ends by an error does not end in silence."""
    try:
        yield
    except PolicytraderError as error:
        say("error", "failed", None, why=error.render())
        raise
    except Exception as error:
        say("error", "failed", None, why=type(error).__name__)
        raise


def _document(ended: Ended, mode: str) -> dict[str, object]:
    return {
        "schema": RUN_SCHEMA,
        "mode": mode,
        "reason": ended.reason,
        "ticks": ended.ticks,
        "skipped": ended.skipped,
        "failures": ended.failures,
        "orders": ended.orders,
        "without_result": ended.without_result,
    }
