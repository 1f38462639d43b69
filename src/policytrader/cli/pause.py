"""``policytrader pause``: open nothing new."""

from __future__ import annotations

import click

from policytrader.cli.context import FINE, Context
from policytrader.cli.trading import (
    exchange_options,
    moment,
    opened_store,
    person,
    person_options,
    profile_of,
    reason,
    store_option,
)
from policytrader.model.journal import Control, ControlKind


@click.command(short_help="Open nothing new until somebody resumes.")
@person_options
@store_option
@exchange_options
@click.pass_obj
def command(
    context: Context, why: str, who: str | None, url: str | None, exchange_file: str | None, clock: str | None
) -> int:
    """Open nothing new until somebody resumes; what has to be closed is closed.

    Where the store is out of reach, nothing can be paused (exit code 4): `policytrader kill` works without it.
    """
    at = moment(context, exchange_file, clock)
    pulled = Control(kind=ControlKind.PAUSE, at=at, who=person(who), why=reason(why))
    with opened_store(context, url) as store:
        store.pull(pulled)
    click.echo(f"{profile_of(context).mode.upper()}  paused by {pulled.who}: {pulled.why}")
    return FINE
