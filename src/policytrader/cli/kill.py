"""``policytrader kill``: no order at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.kill_switch import write_kill_file
from policytrader.cli.context import FINE, Context
from policytrader.cli.trading import access_options, person, person_options, profile_of, reason
from policytrader.errors import ExchangeError, PolicytraderError, StoreError
from policytrader.model.journal import Control, ControlKind
from policytrader.wiring import system_clock

if TYPE_CHECKING:
    from datetime import datetime

    from policytrader.cli.trading import Access


@click.command(short_help="Send no order at all until somebody resumes.")
@click.option("--cancel-open", is_flag=True, help="The daemon also cancels what rests of ours at the exchange.")
@person_options
@access_options
@click.pass_obj
def command(
    context: Context,
    cancel_open: bool,
    why: str,
    who: str | None,
    access: Access,
) -> int:
    """Send no order at all, hedges included, until somebody resumes.

    Written to the kill file of the profile and to the store; one of the two is enough. Exit code 4 where neither can
    be written.
    """
    at = _moment(context, access)
    kill = Control(kind=ControlKind.KILL, at=at, who=person(who), why=reason(why), cancels_open=cancel_open)
    path = profile_of(context).kill_path(context.project)
    file_problem = ""
    try:
        write_kill_file(path, kill)
    except OSError as error:
        file_problem = f"the kill file {path} cannot be written: {error.strerror or error}"
    try:
        with access.store(context) as store:
            store.pull(kill)
    except StoreError as error:
        if file_problem:
            message = f"NOT KILLED: {file_problem}; and {error.render()}"
            raise StoreError(message, error.code) from None
        click.echo(f"warning: only the kill file was written: {error.render()}", err=True)
    if file_problem:
        click.echo(f"warning: only the store was written: {file_problem}", err=True)
    click.echo(f"{profile_of(context).mode.upper()}  killed by {kill.who}: {kill.why}  (kill file {path})")
    return FINE


def _moment(context: Context, access: Access) -> datetime:
    """The clock's time; a kill does not wait for a clock that fails."""
    try:
        return access.moment(context)
    except (ExchangeError, OSError) as error:
        said = error.render() if isinstance(error, PolicytraderError) else str(error)
        click.echo(f"warning: the system's clock is used: {said}", err=True)
        return system_clock().now()
