"""``policytrader bets import`` and ``bets export``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.tracking.exporting import FORMS, exported
from policytrader.app.tracking.importing import import_bets
from policytrader.app.tracking.values import Refusal
from policytrader.cli.bet_options import opened_bets
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.tracker import tracker_options
from policytrader.cli.trading import json_option
from policytrader.cli.written import write_text
from policytrader.errors import UsageError, printable
from policytrader.files import TooLargeError, read_at_most

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.cli.tracker import TrackerPlace

IMPORTED_SCHEMA = "policytrader/bets-imported/1"
_MOST_BYTES = 256 << 20
_form_option = click.option(
    "--form", type=click.Choice(FORMS), help="How the file is written; default: by its name, else csv."
)


@click.command("import", short_help="Add the bets of a file.")
@click.argument("file")
@_form_option
@click.option("--unit", metavar="AMOUNT", help="What one unit is, for rows that do not say so.")
@tracker_options
@json_option
@click.pass_obj
def import_(context: Context, file: str, form: str | None, unit: str | None, place: TrackerPlace, as_json: bool) -> int:
    """Add the bets of a CSV or JSON file that are not there yet.

    A bet that is there is not changed, a deleted one not brought back; what looks like another bet is listed for
    review and not stored. Columns as `bets export` writes them; needed are market, odds, actual_stake, unit_size and
    player_name or team. Exit code 1 where a row was refused.
    """
    path = context.path(file)
    text = _read(path)
    with opened_bets(context, place) as opened:
        try:
            found = import_bets(opened.book, place.owner, text, form or _form_of(path), unit_size=unit)
        except Refusal as refusal:
            message = f"{file}: {refusal}"
            raise UsageError(message) from None
    if as_json:
        print_json({"schema": IMPORTED_SCHEMA, **found.document()})
    else:
        for word, remarks in (("review", found.review), ("deleted", found.deleted), ("refused", found.refused)):
            for one in remarks:
                like = f" ({one.bet_id})" if one.bet_id is not None else ""
                click.echo(printable(f"row {one.row}  {word}: {one.why}{like}"))
        click.echo(found.message)
    return FINDINGS if found.refused else FINE


@click.command(short_help="Write all bets to a file.")
@_form_option
@click.option("--out", metavar="FILE", help="Write there; default: stdout.")
@tracker_options
@click.pass_obj
def export(context: Context, form: str | None, out: str | None, place: TrackerPlace) -> int:
    """Write every field of every bet; to import the file again changes nothing.

    JSON is a backup: it has each bet's history and the deleted bets too, and an empty store that imports it is as this
    one. CSV is flat, for tables.
    """
    path = context.path(out) if out is not None else None
    with opened_bets(context, place) as opened:
        text = "".join(exported(opened.book.store, place.owner, form or _form_of(path)))
    if path is None:
        click.echo(text, nl=False)
    else:
        write_text("--out", path, text)
    return FINE


COMMANDS = (import_, export)


def _form_of(path: Path | None) -> str:
    return "json" if path is not None and path.suffix.casefold() == ".json" else "csv"


def _read(path: Path) -> str:
    try:
        data = read_at_most(path, _MOST_BYTES)
    except TooLargeError:
        message = f"{path}: too large for a file of bets"
        raise UsageError(message) from None
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise UsageError(message) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = f"{path}: not UTF-8 text"
        raise UsageError(message) from None
