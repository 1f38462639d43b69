"""``policytrader exchange``: the simulated exchange on loopback, for bots and tests, and sample picks for its day."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import click

from policytrader.app.sample_picks import draw, picks_csv
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.race_day import DEFAULT_RACES, MAX_SEED, MOST_RACES
from policytrader.cli.signals import stopped_by_signals
from policytrader.cli.trading import opened_exchange
from policytrader.cli.words import counted
from policytrader.cli.written import write_text
from policytrader.errors import UsageError
from policytrader.wiring import serve_race_day, serve_recording

if TYPE_CHECKING:
    from policytrader.wiring import ExchangeServer

DEFAULT_SEED = 1
MAX_SPEED = 10_000.0
MAX_PORT = 65_535
DEFAULT_PER_MARKET, MOST_PER_MARKET = 2, 20


@click.group(short_help="Serve the simulated exchange: Betfair's protocols on loopback.")
def command() -> None:
    """The simulated exchange: Betfair's rules and protocols, paper money, no network but this machine's own."""


@command.command("serve", short_help="Serve until stopped.")
@click.option(
    "--race-day",
    "seed",
    type=click.IntRange(0, MAX_SEED),
    metavar="SEED",
    help=f"Generate the race day of this seed. Default: {DEFAULT_SEED}, unless --recording is given.",
)
@click.option(
    "--races",
    type=click.IntRange(1, MOST_RACES),
    metavar="N",
    help=f"Races of the generated day, 1 to {MOST_RACES}, a WIN and a PLACE market each. Default: {DEFAULT_RACES}.",
)
@click.option(
    "--recording",
    metavar="DIR",
    help="Play this instead: a folder of raw stream files, or one that `recording import` wrote.",
)
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="Simulated seconds for each second; 0 stands still until told.",
)
@click.option(
    "--port",
    type=click.IntRange(0, MAX_PORT),
    default=0,
    show_default=True,
    metavar="P",
    help="Port of login, API and control; 0 picks a free one.",
)
@click.option(
    "--stream-port",
    type=click.IntRange(0, MAX_PORT),
    default=0,
    show_default=True,
    metavar="P",
    help="Port of the Exchange Stream; 0 picks a free one.",
)
@click.pass_obj
def serve(
    context: Context,
    seed: int | None,
    races: int | None,
    recording: str | None,
    speed: float,
    port: int,
    stream_port: int,
) -> int:
    """Serve the simulated exchange on this machine's loopback until it is interrupted.

    The first line on stdout is one JSON object: where login, API, stream and control are, what logs in, and the time at
    which the simulation starts. All of it but the ports is fixed by the seed.
    """
    if recording is not None and (seed is not None or races is not None):
        message = "--recording plays what was recorded: --race-day and --races do not go with it"
        raise UsageError(message)
    if not (math.isfinite(speed) and 0 <= speed <= MAX_SPEED):
        message = f"--speed {speed}: give 0 (stand still until told) up to {MAX_SPEED:.0f}"
        raise UsageError(message)
    if recording is not None:
        server = serve_recording(
            context.path(recording),
            speed=speed,
            port=port,
            stream_port=stream_port,
            tell=lambda damage: click.echo(damage.render(), err=True),
        )
        what = f"the recording {recording}"
    else:
        chosen, number = DEFAULT_SEED if seed is None else seed, races or DEFAULT_RACES
        server = serve_race_day(chosen, number, speed=speed, port=port, stream_port=stream_port)
        what = f"race day {chosen} with {counted(number, 'race')}"
    _run(context, server, f"{what}, {_pace(speed)}")
    return FINE


@command.command(short_help="Write sample picks for the day that is served.")
@click.option("--exchange", "exchange_file", metavar="FILE", required=True, help="The JSON line that `serve` printed.")
@click.option("--out", metavar="FILE", help="Write the picks here; default: stdout.")
@click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), metavar="N", default=DEFAULT_SEED, show_default=True,
    help="Other seeds choose other runners and prices.",
)  # fmt: skip
@click.option(
    "--per-market", type=click.IntRange(1, MOST_PER_MARKET), metavar="K", default=DEFAULT_PER_MARKET, show_default=True,
    help="Runners in each market, backed and laid in turn.",
)  # fmt: skip
@click.pass_obj
def picks(context: Context, exchange_file: str, out: str | None, seed: int, per_market: int) -> int:
    """Write sample picks for the races that an exchange shows: backs and lays, to win and to be placed.

    For newcomers and tests: chosen by lot, at prices near what is offered now, with small stakes. They are no tips.
    `policytrader select import` reads the file.
    """
    with opened_exchange(context, exchange_file, None) as trading:
        chosen = draw(trading.prices, seed=seed, per_market=per_market)
    if not chosen:
        message = "no market is open and has prices: the day that is served is over; serve one anew"
        raise UsageError(message)
    text = picks_csv(chosen)
    if out is None:
        click.echo(text, nl=False)
        return FINE
    path = context.path(out)
    write_text("--out", path, text)
    context.note(f"wrote {counted(len(chosen), 'pick')} to {path}")
    return FINE


def _run(context: Context, server: ExchangeServer, what: str) -> None:
    """Serve until SIGINT or SIGTERM; both end it in the same clean way."""
    stopped = threading.Event()
    with stopped_by_signals(lambda *_: stopped.set()):
        server.start()
        try:
            print_json(server.announcement)
            context.note(f"Simulated exchange: {what}. Paper money. Ctrl-C ends it.")
            stopped.wait()
        finally:
            server.stop()
    context.note("Stopped.")


def _pace(speed: float) -> str:
    if not speed:
        return "time stands still until told"
    return "at the pace of the wall clock" if speed == 1 else f"{speed:g} simulated seconds per second"
