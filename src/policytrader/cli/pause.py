"""``policytrader pause``: open nothing new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.cli.context import FINE, Context
from policytrader.cli.trading import access_options, person, person_options, profile_of, reason
from policytrader.model.journal import Control, ControlKind

if TYPE_CHECKING:
    from policytrader.cli.trading import Access


@click.command(short_help="Open nothing new until somebody resumes.")
@person_options
@access_options
@click.pass_obj
def command(context: Context, why: str, who: str | None, access: Access) -> int:
    """Open nothing new until somebody resumes; what has to be closed is closed.

    Where the store is out of reach, nothing can be paused (exit code 4): `policytrader kill` works without it.
    """
    at = access.moment(context)
    pulled = Control(kind=ControlKind.PAUSE, at=at, who=person(who), why=reason(why))
    with access.store(context) as store:
        store.pull(pulled)
    click.echo(f"{profile_of(context).mode.upper()}  paused by {pulled.who}: {pulled.why}")
    return FINE
