"""``policytrader run``: the daemon."""

from __future__ import annotations

import os
import secrets
import signal
import socket
from typing import TYPE_CHECKING

import click

from policytrader.cli.activate import activate_own
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.log_lines import open_log
from policytrader.cli.trading import (
    STRATEGY_REF,
    exchange_options,
    json_option,
    opened_exchange,
    opened_store,
    profile_of,
    require_armed,
    store_option,
)
from policytrader.wiring import wall_rest

if TYPE_CHECKING:
    from types import FrameType

    from policytrader.app.daemon import Daemon, Ended, Say
    from policytrader.app.trader import Trader
    from policytrader.config import Profile
    from policytrader.ports.store import Store
    from policytrader.wiring import Trading

RUN_SCHEMA = "policytrader/run/1"


class StopFlag:
    """Whether somebody asked to stop; the handlers of SIGTERM and SIGINT set it."""

    def __init__(self) -> None:
        """Nobody has."""
        self.is_set = False

    def __call__(self) -> bool:
        """Whether somebody has."""
        return self.is_set

    def handle(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        """Stop after what is under way; a second signal of the kind ends at once."""
        self.is_set = True
        signal.signal(number, signal.SIG_DFL)


@click.command(short_help="Trade the day's selections by the active policy; a dry run unless --live.")
@click.option("--live", is_flag=True, help="Send orders; needs --arm-file or the account's name typed.")
@click.option("--arm-file", metavar="FILE", help="Two lines: the account's user name and today's date (London).")
@click.option("--once", is_flag=True, help="One tick, then end.")
@click.option("--log-json", is_flag=True, help="Log lines as JSON.")
@store_option
@exchange_options
@json_option
@click.pass_obj
def command(
    context: Context,
    live: bool,
    arm_file: str | None,
    once: bool,
    log_json: bool,
    url: str | None,
    exchange_file: str | None,
    clock: str | None,
    as_json: bool,
) -> int:
    """Trade the day's selections until the last result is stored, by the policy that is activated.

    Without --live it is a dry run: everything is read and decided, nothing is sent. Where no policy is activated, the
    project's own rules are, after the same checks. One process leads an account; another one waits, and takes over.

    Exit codes: 0 the day is over or it was stopped, 1 results are missing, 4 exchange or store out of reach at the
    start, 5 not armed (with --once also: another process leads).
    """
    profile = profile_of(context)
    mode = profile.mode if live else f"dry-{profile.mode}"
    say = open_log(mode, as_json=log_json, verbosity=context.verbosity)
    stop = StopFlag()
    with (
        opened_exchange(context, exchange_file, clock, stop) as trading,
        opened_store(context, url, makes=True) as store,
    ):
        now = trading.clock.now()
        if live:
            require_armed(context, arm_file, trading.account, now)
        activated = activate_own(context, store, now)
        if activated is not None:
            say("info", "activated", now, policy=activated, why="nothing was activated: the project's own rules")
        daemon = _daemon(context, trading, store, say, stop, profile, is_live=live, is_once=once)
        ended = _run(daemon, stop)
    if as_json:
        print_json(_document(ended, mode))
    else:
        click.echo(
            f"{mode.upper()}  {ended.reason}: {ended.ticks} ticks, {ended.skipped} skipped, {ended.failures} failures, "
            f"{ended.orders} orders"
        )
    if ended.without_result:
        click.echo(f"{ended.without_result} selections have no result: `policytrader reconcile`, then look", err=True)
        return FINDINGS
    return FINE


def make_trader(context: Context, trading: Trading, store: Store, profile: Profile) -> Trader:
    """A trader on this exchange and store; nothing is read yet."""
    from policytrader.app.tick import TraderTerms
    from policytrader.app.trader import Trader

    return Trader(
        exchange=trading.exchange,
        prices=trading.prices,
        store=store,
        clock=trading.clock,
        new_ref=lambda: secrets.token_hex(16),
        terms=TraderTerms(
            account=trading.account, mode=profile.mode, strategy_ref=STRATEGY_REF, minimum=profile.minimum
        ),
        kill_file=profile.kill_path(context.project),
    )


def _daemon(
    context: Context,
    trading: Trading,
    store: Store,
    say: Say,
    stop: StopFlag,
    profile: Profile,
    *,
    is_live: bool,
    is_once: bool,
) -> Daemon:
    from policytrader.app.daemon import Daemon, DaemonTerms

    return Daemon(
        trader=make_trader(context, trading, store, profile),
        store=store,
        clock=trading.clock,
        terms=DaemonTerms(
            account=trading.account,
            mode=profile.mode,
            holder=f"{socket.gethostname()} process {os.getpid()}",
            is_live=is_live,
            minimum=profile.minimum,
            is_once=is_once,
        ),
        say=say,
        rest=wall_rest(stop),
        is_stopping=stop,
    )


def _run(daemon: Daemon, stop: StopFlag) -> Ended:
    previous = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return daemon.run()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


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
