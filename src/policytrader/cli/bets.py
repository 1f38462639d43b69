"""``policytrader bets``: a user's tracked bets, what became of them, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.tracking.curve import bankroll_curve, closing_line
from policytrader.app.tracking.documents import bet_document, curve_document
from policytrader.app.tracking.records import SCHEMA, nested_record
from policytrader.app.tracking.statistics import Statistics
from policytrader.cli import bet_changes, bet_files
from policytrader.cli.bet_options import filter_options, found_bet, opened_bets
from policytrader.cli.bet_text import bet_line, curve_lines, explained, history_json, history_lines
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.tracker import tracker_options
from policytrader.cli.trading import json_option
from policytrader.cli.words import counted
from policytrader.errors import printable
from policytrader.model.money import money_text
from policytrader.model.times import format_utc
from policytrader.tracking.messages import RECENT, stats_message

if TYPE_CHECKING:
    from policytrader.cli.tracker import TrackerPlace
    from policytrader.ports.bet_store import BetFilter

BET_SCHEMA = "policytrader/bet/1"
HISTORY_SCHEMA = "policytrader/bet-history/1"
STATS_SCHEMA = "policytrader/bet-stats/1"
CURVE_SCHEMA = "policytrader/bankroll/1"


@click.group(short_help="Track bets: list, correct, settle by hand, import, export, statistics.")
def command() -> None:
    """The bets of one user of a football alert bot (--user), in a file or a MongoDB (--store)."""


@command.command("list", short_help="Show bets, newest first.")
@filter_options
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@tracker_options
@json_option
@click.pass_obj
def list_(context: Context, wanted: BetFilter | None, limit: int | None, place: TrackerPlace, as_json: bool) -> int:
    """Show bets, newest first: id, kick-off, what was bet, status, profit."""
    with opened_bets(context, place) as opened:
        bets = list(opened.book.store.bets(place.owner, wanted, limit=limit))
    if as_json:
        print_json({"schema": SCHEMA, "bets": [nested_record(bet) for bet in bets]})
        return FINE
    for bet in bets:
        click.echo(printable(bet_line(bet, context.zone)))
    click.echo(counted(len(bets), "bet"))
    return FINE


@command.command(short_help="Show every field of a bet.")
@click.argument("bet_id")
@tracker_options
@json_option
@click.pass_obj
def show(context: Context, bet_id: str, place: TrackerPlace, as_json: bool) -> int:
    """Show every field of a bet."""
    with opened_bets(context, place) as opened:
        bet = found_bet(opened, place, bet_id)
    document = nested_record(bet)
    if as_json:
        print_json({"schema": BET_SCHEMA, "bet": document})
        return FINE
    result = document.pop("result_tracking")
    for name, value in [*document.items(), *(("result_tracking." + name, value) for name, value in result.items())]:
        click.echo(printable(f"{name:<34}{'-' if value is None or value == [] else value}"))
    return FINE


@command.command(short_help="Show why a bet has its result.")
@click.argument("bet_id")
@tracker_options
@json_option
@click.pass_obj
def explain(context: Context, bet_id: str, place: TrackerPlace, as_json: bool) -> int:
    """Show why a bet has its result: rule, reason, value and where it was read, policy, and every step to it.

    `policytrader grade --fixture FILE --bets FILE --explain` shows every rule of the policy on a match's answer.
    """
    with opened_bets(context, place) as opened:
        bet = found_bet(opened, place, bet_id)
        entries = opened.book.history(place.owner, bet_id)
    if as_json:
        history = [history_json(entry) for entry in entries]
        print_json({"schema": BET_SCHEMA, "bet": nested_record(bet), "history": history})
        return FINE
    click.echo("\n".join(map(printable, explained(bet, entries, context.zone))))
    return FINE


@command.command(short_help="Show everything that happened to a bet.")
@click.argument("bet_id")
@tracker_options
@json_option
@click.pass_obj
def history(context: Context, bet_id: str, place: TrackerPlace, as_json: bool) -> int:
    """Show everything that happened to a bet, oldest first: when, by whom, from what to what, why."""
    with opened_bets(context, place) as opened:
        found_bet(opened, place, bet_id)
        entries = opened.book.history(place.owner, bet_id)
    if as_json:
        print_json({"schema": HISTORY_SCHEMA, "history": [history_json(entry) for entry in entries]})
        return FINE
    click.echo("\n".join(map(printable, history_lines(entries, context.zone))))
    return FINE


@command.command(short_help="Show wins, stakes, profit.")
@filter_options
@tracker_options
@json_option
@click.pass_obj
def stats(context: Context, wanted: BetFilter | None, place: TrackerPlace, as_json: bool) -> int:
    """Show wins, stakes and profit in units, as the bot's message does; filters leave bets out of the sums."""
    with opened_bets(context, place) as opened:
        store, owner = opened.book.store, place.owner
        newest = list(store.bets(owner, wanted, limit=RECENT))
        totals = Statistics.of(store.totals(owner)) if wanted is None else Statistics.of_bets(store.bets(owner, wanted))
    if as_json:
        rate = money_text(totals.win_rate_percent)
        print_json({"schema": STATS_SCHEMA, **totals.document(), "win_rate_percentage": rate})
        return FINE
    shown = [bet_document(bet) for bet in newest]
    click.echo(stats_message(totals.document(), str(owner.user_id), shown, "plain"))
    return FINE


@command.command(short_help="Show how the bankroll went.")
@filter_options
@tracker_options
@json_option
@click.pass_obj
def curve(context: Context, wanted: BetFilter | None, place: TrackerPlace, as_json: bool) -> int:
    """Show the profit after each settled bet, the worst fall, the yield, and how the closing prices compare."""
    with opened_bets(context, place) as opened:
        bets = list(opened.book.store.bets(place.owner, wanted))
    way, line = bankroll_curve(bets), closing_line(bets)
    if as_json:
        document = curve_document(way, line)
        points = [point | {"at": format_utc(point["at"])} for point in document["points"]]
        print_json({"schema": CURVE_SCHEMA, **document, "points": points})
        return FINE
    click.echo("\n".join(map(printable, curve_lines(way, line, context.zone))))
    return FINE


for _one in (*bet_changes.COMMANDS, *bet_files.COMMANDS):
    command.add_command(_one)
