"""``policytrader bets …``: the commands that change a bet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.tracking.book import Answer
from policytrader.app.tracking.choosing import take_player_back
from policytrader.app.tracking.new_bet import Request
from policytrader.app.tracking.values import Refusal
from policytrader.cli.bet_options import opened_bets
from policytrader.cli.context import FINDINGS, FINE, Context
from policytrader.cli.tracker import tracker_options
from policytrader.errors import UsageError, printable
from policytrader.files import read_at_most
from policytrader.model.outcomes import Outcome

if TYPE_CHECKING:
    from policytrader.cli.tracker import TrackerPlace

_KEYS = {
    "player": "Player",
    "team": "Team",
    "market": "Market",
    "line": "Threshold",
    "direction": "market_direction",
    "odds": "Odds",
    "match": "Match",
    "date": "Date",
    "time": "Time",
    "fixture_id": "fixture_id",
    "bookmaker": "bookmaker",
}
"""Option -> key of an alert."""
_MOST_BYTES = 1_000_000


@click.command(short_help="Track a bet.")
@click.option("--alert", metavar="FILE", help="The alert as a JSON object; the options below win over it.")
@click.option("--player", metavar="NAME", help="The player; or --team.")
@click.option("--team", metavar="NAME", help="The team.")
@click.option("--market", metavar="NAME", help="The market, as the bookmaker calls it.")
@click.option("--line", metavar="N", help="The line, such as 1.5.")
@click.option("--direction", metavar="WORD", help="Over, under or handicap.")
@click.option("--odds", metavar="N", help="Decimal odds.")
@click.option("--match", metavar="NAME", help="Home vs Away.")
@click.option("--date", metavar="DATE", help="The day of the match, such as 2024-03-10.")
@click.option("--time", metavar="TIME", help="The kick-off in London, such as 16:30.")
@click.option("--fixture", "fixture_id", metavar="ID", help="The match's id at FotMob.")
@click.option("--bookmaker", metavar="NAME", help="Where the bet stands.")
@click.option("--stake", metavar="AMOUNT", required=True, help="What was staked, in money.")
@click.option("--unit", metavar="AMOUNT", required=True, help="What one unit is, in money.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated.")
@click.option("--note", metavar="TEXT", default="", help="A remark.")
@click.option("--allow-duplicate", is_flag=True, help="Track it even where the same bet is there already.")
@tracker_options
@click.pass_obj
def track(
    context: Context,
    /,
    alert: str | None,
    stake: str,
    unit: str,
    tags: tuple[str, ...],
    note: str,
    allow_duplicate: bool,
    place: TrackerPlace,
    **cells: str | None,
) -> int:
    """Track a bet: from an alert's JSON, or from what the options say."""
    keys = {_KEYS[name]: value for name, value in cells.items() if value is not None}
    document = (_read_alert(context, alert) if alert is not None else {}) | keys
    request = Request(alert=document, actual_stake=stake, unit_size=unit, tags=tags, note=note)
    with opened_bets(context, place) as opened:
        return _tell(opened.track(place.owner, request, allow_duplicate=allow_duplicate))


@click.command(short_help="Set a result by hand.")
@click.argument("bet_id")
@click.argument("status", type=click.Choice([one.value for one in Outcome]))
@click.option("--actual", metavar="N", help="What the statistic came to.")
@click.option("--automatic", is_flag=True, help="As a program's result: a grader may replace it.")
@click.option("--why", metavar="TEXT", default="", help="A remark; it is kept.")
@tracker_options
@click.pass_obj
def result(
    context: Context, bet_id: str, status: str, actual: str | None, automatic: bool, why: str, place: TrackerPlace
) -> int:
    """Set a result by hand: no automatic step changes it afterwards. `pending` resets the bet."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_result(place.owner, bet_id, status, actual, is_manual=not automatic, note=why))


@click.command("take-back", short_help="Take a result back.")
@click.argument("bet_id")
@click.option("--why", metavar="TEXT", required=True, help="The reason; it is kept.")
@tracker_options
@click.pass_obj
def take_back(context: Context, bet_id: str, why: str, place: TrackerPlace) -> int:
    """Take the standing result back, a manual one too: the bet is pending, and may be graded again."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.take_back(place.owner, bet_id, why))


@click.command(short_help="Refund a bet by hand.")
@click.argument("bet_id")
@click.option("--why", metavar="TEXT", default="", help="A remark; it is kept.")
@tracker_options
@click.pass_obj
def void(context: Context, bet_id: str, why: str, place: TrackerPlace) -> int:
    """Refund a bet by hand, as a bookmaker does that voids it."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_result(place.owner, bet_id, Outcome.REFUND, is_manual=True, note=why))


@click.command(short_help="Correct a stake.")
@click.argument("bet_id")
@click.argument("amount")
@tracker_options
@click.pass_obj
def stake(context: Context, bet_id: str, amount: str, place: TrackerPlace) -> int:
    """Correct the stake, in money; a settled bet's returns follow by the outcome that stands."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_stake(place.owner, bet_id, amount))


@click.command(short_help="Correct the odds.")
@click.argument("bet_id")
@click.argument("value")
@tracker_options
@click.pass_obj
def odds(context: Context, bet_id: str, value: str, place: TrackerPlace) -> int:
    """Correct the odds; a settled bet's returns follow by the outcome that stands."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_odds(place.owner, bet_id, value))


@click.command(short_help="Note the last price before kick-off.")
@click.argument("bet_id")
@click.argument("value", required=False)
@tracker_options
@click.pass_obj
def closing(context: Context, bet_id: str, value: str | None, place: TrackerPlace) -> int:
    """Note the last price before kick-off, VALUE; without one, what was noted is taken away."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_closing_odds(place.owner, bet_id, value))


@click.command(short_help="Set tags and note.")
@click.argument("bet_id")
@click.argument("names", nargs=-1)
@click.option("--note", metavar="TEXT", help="Another note; empty for none.")
@click.option("--clear", is_flag=True, help="Take all tags away.")
@tracker_options
@click.pass_obj
def tags(
    context: Context, bet_id: str, names: tuple[str, ...], note: str | None, clear: bool, place: TrackerPlace
) -> int:
    """Replace the tags of a bet by NAMES, and its note by --note."""
    if (clear and names) or not (clear or names or note is not None):
        message = "name tags, or --clear to take all away, or --note TEXT"
        raise UsageError(message)
    with opened_bets(context, place) as opened:
        return _tell(opened.book.set_labels(place.owner, bet_id, names if clear or names else None, note))


@click.command(short_help="Delete a bet.")
@click.argument("bet_id")
@tracker_options
@click.pass_obj
def delete(context: Context, bet_id: str, place: TrackerPlace) -> int:
    """Delete a bet: it is in no list and no sum any more, and no import brings it back."""
    with opened_bets(context, place) as opened:
        return _tell(opened.book.delete(place.owner, bet_id))


@click.command("choose-player", short_help="Say which player is meant.")
@click.argument("bet_id")
@click.argument("player_id", required=False)
@click.option("--take-back", is_flag=True, help="Nobody is chosen any more: the name decides again.")
@tracker_options
@click.pass_obj
def choose_player(context: Context, bet_id: str, player_id: str | None, take_back: bool, place: TrackerPlace) -> int:
    """Say which player of its match a pending bet means, by PLAYER_ID; without one, list both squads.

    The user's next bets on that name mean him too, wherever he plays.
    """
    if take_back and player_id is not None:
        message = "name a PLAYER_ID, or --take-back"
        raise UsageError(message)
    with opened_bets(context, place) as opened:
        if take_back:
            return _tell(take_player_back(opened.book, place.owner, bet_id))
        if player_id is not None:
            return _tell(opened.choose_player(place.owner, bet_id, player_id))
        try:
            squads = opened.squads(place.owner, bet_id)
        except Refusal as refusal:
            return _tell(Answer(is_done=False, message=str(refusal)))
    for one in squads:
        click.echo(printable(f"{one.player_id:<12}{one.name}  ({one.team})"))
    return FINE


@click.command(short_help="Settle what can be settled now.")
@tracker_options
@click.pass_obj
def settle(context: Context, place: TrackerPlace) -> int:
    """Grade the user's pending bets from match statistics; `policytrader grade` does it for everybody, or on watch."""
    with opened_bets(context, place) as opened:
        found = opened.settle(place.owner)
    for bet in found.bets:
        click.echo(printable(f"{bet.bet_id}  {bet.player_name or bet.team}  {bet.market}  {bet.status}"))
    click.echo(printable(found.message))
    return FINE


COMMANDS = (track, result, take_back, void, stake, odds, closing, tags, choose_player, delete, settle)


def _tell(answer: Answer) -> int:
    """What was done on stdout, why nothing was on stderr."""
    click.echo(printable(answer.message), err=not answer.is_done)
    return FINE if answer.is_done else FINDINGS


def _read_alert(context: Context, name: str) -> dict[str, Any]:
    try:
        found = json.loads(read_at_most(context.path(name), _MOST_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"--alert {name}: {getattr(error, 'strerror', None) or 'not JSON'}"
        raise UsageError(message) from None
    if not isinstance(found, dict):
        message = f"--alert {name}: must hold one JSON object, with keys such as Player, Market and Odds"
        raise UsageError(message)
    return found
