"""``policytrader record``: live prices into files that ``recording import`` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.signals import StopFlag, stopped_by_signals
from policytrader.cli.trading import access_options, json_option
from policytrader.cli.words import counted
from policytrader.errors import ExchangeError, UsageError

if TYPE_CHECKING:
    from policytrader.cli.trading import Access
    from policytrader.wiring import ImportReport, LiveRecorder, Trading

RECORD_SCHEMA = "policytrader/record/1"
_SYNC_EVERY_SECONDS = 1.0
_STOPPED = "stopped"


@click.command(short_help="Record live prices: the Exchange Stream, market by market.")
@click.option("--out", required=True, metavar="DIR", help="Where the stream's messages go, a file for each market.")
@click.option("--market", "markets", multiple=True, metavar="ID", help="A market; else all WIN and PLACE races listed.")
@click.option("--import", "import_dir", metavar="DIR", help="At the end, import what was recorded into DIR.")
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    out: str,
    markets: tuple[str, ...],
    import_dir: str | None,
    access: Access,
    as_json: bool,
) -> int:
    """Record whole ladders, trades and definitions until the markets are closed, or until it is stopped (Ctrl-C).

    It only reads prices: no order, and nothing of the account. Every second what came is on the disk. Started again
    with the same DIR it goes on in the same files.
    """
    from policytrader.wiring import import_recordings, live_recorder

    stop = StopFlag()
    with stopped_by_signals(stop.handle), access.exchange(context, stop, streams=True) as trading:
        wanted = markets or _listed(trading)
        with live_recorder(context.path(out)) as recorder:
            _follow(context, trading, wanted, recorder, stop)
    report = import_recordings(recorder.paths, context.path(import_dir)) if import_dir else None
    if as_json:
        print_json(_document(recorder, report))
    else:
        updates = counted(sum(recorder.changes.values()), "update")
        click.echo(f"{counted(len(recorder.changes), 'market')}, {updates}, {len(recorder.over)} closed")
        for error in report.errors if report else ():
            click.echo(error.render(), err=True)
    return FINDINGS if report and report.errors else FINE


def _listed(trading: Trading) -> tuple[str, ...]:
    from policytrader.app.morning import listed_races

    races = listed_races(trading.prices)
    found = tuple(one.market_id for race in races for one in (race.win, race.place) if one is not None)
    if not found:
        message = "the exchange lists no WIN or PLACE market of horse racing; name one with --market"
        raise UsageError(message)
    return found


def _follow(
    context: Context, trading: Trading, wanted: tuple[str, ...], recorder: LiveRecorder, stop: StopFlag
) -> None:
    context.note(f"recording {counted(len(wanted), 'market')}")
    seen, told = 0, ""
    with trading.follow(wanted, recorder.take) as feed:
        while not stop() and not recorder.over.issuperset(wanted):
            seen = feed.wait_for_change(seen, _SYNC_EVERY_SECONDS)
            recorder.sync()
            health = feed.health()
            if health.state != told:
                told = health.state
                context.note(f"stream {health.state}" + (f": {health.reason}" if health.reason else ""))
            if health.state == _STOPPED:
                message = f"the stream is over: {health.reason}"
                raise ExchangeError(message, "STREAM_STOPPED", health.reactions)
    recorder.sync()


def _document(recorder: LiveRecorder, report: ImportReport | None) -> dict[str, Any]:
    return {
        "schema": RECORD_SCHEMA,
        "markets": [
            {"id": market_id, "updates": count, "closed": market_id in recorder.over}
            for market_id, count in sorted(recorder.changes.items())
        ],
        "files": [str(path) for path in recorder.paths],
        "imported": list(report.markets) if report else None,
    }
