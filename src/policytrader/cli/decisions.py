"""``policytrader decisions``: the decision log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.decision_text import head_document
from policytrader.cli.trading import access_options, day_option, json_option, profile_of, range_options
from policytrader.cli.words import counted
from policytrader.cli.written import WRITTEN_SCHEMA, check_targets, write_lines
from policytrader.errors import UsageError, printable

if TYPE_CHECKING:
    from datetime import date

    from policytrader.cli.trading import Access
    from policytrader.model.records import LoggedDecision

DECISIONS_SCHEMA = "policytrader/decisions/1"
_SHORT = 12


@click.command(short_help="Show the decision log: what was decided, when, and why.")
@click.argument("selection_ref", required=False)
@day_option()
@click.option("--export", metavar="FILE", help="Write the log with all inputs, for `evaluate --decisions FILE`.")
@range_options
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    selection_ref: str | None,
    day: date | None,
    export: str | None,
    since: date | None,
    until: date | None,
    access: Access,
    as_json: bool,
) -> int:
    """Show the logged decisions on today's picks, or on one pick (SELECTION_REF), newest last.

    A decision is logged when it is not what it was (something else is done, or for another reason), and when an order
    follows from it. What stood behind
    one is shown by `explain --decision ID`.

    With --export: the decisions of all days (or of the races of --from to --to), with their inputs and the policies
    that made them, are written to a file instead.
    """
    if export is not None:
        if selection_ref is not None or day is not None:
            message = "--export goes with --from and --to, not with a selection or --day"
            raise UsageError(message)
        return _export(context, export, access, since, until, as_json=as_json)
    if since is not None or until is not None:
        message = "--from and --to go with --export FILE; --day DATE lists a day"
        raise UsageError(message)
    with access.store(context) as store:
        # Of one pick all decisions are shown, unless a day was named.
        wanted = access.day(context, store, day) if selection_ref is None else day
        found = store.logged_decisions(day=wanted, selection_ref=selection_ref)
    mode = profile_of(context).mode
    if as_json:
        shown = wanted.isoformat() if wanted is not None else None
        rows = [_document(one) for one in found]
        print_json({"schema": DECISIONS_SCHEMA, "mode": mode, "day": shown, "decisions": rows})
        return FINE
    about = " ".join(str(one) for one in (wanted, selection_ref) if one is not None)
    click.echo(printable(f"{mode.upper()}  {counted(len(found), 'decision')}  {about}"))
    for one in found:
        told = json.loads(one.document)
        at = one.at.astimezone(context.zone)
        shadow = "  (shadow)" if one.is_shadow else ""
        why = told.get("reason") or one.code
        line = (
            f"{at:%Y-%m-%d %H:%M:%S}  {one.decision_id[:_SHORT]}  {one.action:<8}  {one.selection_ref}  {why}{shadow}"
        )
        click.echo(printable(line))
    return FINE


def _export(
    context: Context, name: str, access: Access, since: date | None, until: date | None, *, as_json: bool
) -> int:
    from policytrader.app.log_file import store_source, write_log

    check_targets(context, export=name)
    path = context.path(name)
    with access.store(context) as store:
        source = store_source(store, profile_of(context).mode, since, until)
        write_lines("--export", path, write_log(source))
    if as_json:
        print_json({"schema": WRITTEN_SCHEMA, "files": [str(path)]})
    else:
        click.echo(str(path))
    return FINE


def _document(one: LoggedDecision) -> dict[str, Any]:
    return head_document(one) | {"reason": json.loads(one.document).get("reason")}
