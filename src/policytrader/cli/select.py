"""``policytrader select``: the morning's picks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.app.morning import listed_races, resolve_picks
from policytrader.app.pick_file import COLUMNS, pick_of, read_pick_file
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.documents import pick_document, time_or_null
from policytrader.cli.trading import access_options, day_option, json_option, person, person_options, reason
from policytrader.cli.words import counted
from policytrader.errors import Place
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from policytrader.app.morning import Pick
    from policytrader.cli.trading import Access
    from policytrader.model.records import StoredSelection

SELECTIONS_SCHEMA = "policytrader/selections/1"


@click.group(short_help="Import, add, list and revalidate the day's selections.")
def command() -> None:
    """The day's selections: which runners to bet on, at which price, for how many points."""


@command.command("import", short_help="Store the picks of a CSV file.")
@click.argument("file")
@access_options
@json_option
@click.pass_obj
def import_(context: Context, file: str, access: Access, as_json: bool) -> int:
    """Store the picks of a CSV file, and capture the state of their races.

    Columns: race_time, course, horse, market_type, side, price_requested, stake_points and, instead of names,
    market_id, selection_id. All picks are stored or none; one that is there already is refused.
    """
    return _store_picks(context, read_pick_file(context.path(file)), access, as_json=as_json)


@command.command(short_help="Store one pick.")
@click.option("--market-type", metavar="TYPE", required=True, help="WIN or PLACE.")
@click.option("--side", metavar="SIDE", required=True, help="BACK or LAY.")
@click.option("--price", "price_requested", metavar="PRICE", required=True, help="The price that is asked for.")
@click.option("--points", "stake_points", metavar="N", default="1", show_default=True, help="Stake points.")
@click.option("--race-time", metavar="ISO", default="", help="The off, with its zone.")
@click.option("--course", metavar="NAME", default="", help="The course, as the exchange writes it.")
@click.option("--horse", metavar="NAME", default="", help="The horse, as the exchange writes it.")
@click.option("--market-id", metavar="ID", default="", help="The market, instead of time, course and horse.")
@click.option("--selection-id", metavar="ID", default="", help="The runner, instead of its name.")
@click.option("--ref", "selection_ref", metavar="REF", default="", help="The selection's own name; else one is made.")
@access_options
@json_option
@click.pass_obj
def add(context: Context, /, access: Access, as_json: bool, **cells: str) -> int:
    """Store one pick, and capture the state of its race."""
    row = {name: cells.get(name, "").strip() for name in COLUMNS}
    return _store_picks(context, [pick_of(row, Place("select add"))], access, as_json=as_json)


@command.command("list", short_help="Show the selections of a day.")
@day_option()
@access_options
@json_option
@click.pass_obj
def list_(context: Context, day: date | None, access: Access, as_json: bool) -> int:
    """Show the selections of a day."""
    with access.store(context) as store:
        picks = store.selections(access.day(context, store, day))
    _show(context, picks, as_json=as_json)
    return FINE


@command.command(short_help="Take an invalidation back.")
@click.argument("ref")
@person_options
@access_options
@click.pass_obj
def revalidate(
    context: Context,
    ref: str,
    why: str,
    who: str | None,
    access: Access,
) -> int:
    """Take an invalidation back: the selection may be bet again, until a rule speaks against it once more."""
    at = access.moment(context)
    with access.store(context) as store:
        is_changed = store.revalidate(ref, at, person(who), reason(why))
    click.echo(f"{ref} is valid again" if is_changed else f"{ref} is valid already")
    return FINE if is_changed else FINDINGS


def _store_picks(
    context: Context,
    picks: Sequence[Pick],
    access: Access,
    *,
    as_json: bool,
) -> int:
    with access.exchange(context) as trading, access.store(context, makes=True) as store:
        store.control_state()  # a store that cannot be used is told before anything is asked of the exchange
        races = listed_races(trading.prices)
        now = trading.clock.now()
        resolved = resolve_picks(picks, races, trading.prices, now)
        store.add_selections(resolved, now)
        refs = {one.selection.selection_ref for one in resolved}
        days = sorted({london_day(one.selection.race_time) for one in resolved})
        stored = [one for day in days for one in store.selections(day) if one.selection.selection_ref in refs]
    _show(context, stored, as_json=as_json)
    return FINE


def _show(context: Context, picks: Sequence[StoredSelection], *, as_json: bool) -> None:
    if as_json:
        print_json({"schema": SELECTIONS_SCHEMA, "selections": [_document(one) for one in picks]})
        return
    for pick in picks:
        one = pick.selection
        off = one.race_time.astimezone(context.zone)
        state = "" if one.valid else f"  x {one.invalidated_reason}"
        click.echo(
            f"{off:%Y-%m-%d %H:%M}  {pick.course:<16} {one.runner_name or '':<24} {one.side:<4} {one.market_type:<5} "
            f"{one.price_requested:>7}  {one.stake_points:>4} points  {one.selection_ref}{state}"
        )
    click.echo(counted(len(picks), "selection"))


def _document(pick: StoredSelection) -> dict[str, Any]:
    one = pick.selection
    return pick_document(one, pick.course) | {
        "price_requested": str(one.price_requested),
        "stake_points": str(one.stake_points),
        "valid": one.valid,
        "invalidated_reason": one.invalidated_reason,
        "invalidated_at": time_or_null(pick.invalidated_at),
        "closed": one.closed,
        "size_matched": str(pick.size_matched),
        "fully_matched": pick.fully_matched,
        "unique_id": pick.unique_id,
        "mode": pick.mode,
    }
