"""``policytrader resume``: lift what a person or a protection stopped."""

from __future__ import annotations

from pathlib import Path

import click

from policytrader.app.activate import unpack
from policytrader.app.kill_switch import read_kill_file
from policytrader.cli.context import FINE, REFUSED, Context
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
from policytrader.errors import PolicyError, UsageError
from policytrader.model.journal import Control, ControlKind


@click.command(short_help="Lift kill, pause and latches.")
@person_options
@store_option
@exchange_options
@click.pass_obj
def command(
    context: Context, why: str, who: str | None, url: str | None, exchange_file: str | None, clock: str | None
) -> int:
    """Lift kill, pause and latches, and remove the profile's kill file.

    A latch closes again only on a new cause. Exit code 5 where another kill file is still there.
    """
    at = moment(context, exchange_file, clock)
    pulled = Control(kind=ControlKind.RESUME, at=at, who=person(who), why=reason(why))
    own = profile_of(context).kill_path(context.project)
    with opened_store(context, url) as store:
        store.pull(pulled)
        active = store.active_policy()
    try:
        own.unlink(missing_ok=True)
    except OSError as error:
        message = f"the kill file {own} cannot be removed ({error.strerror or error}): it still kills; remove it"
        raise UsageError(message) from None
    try:
        named = unpack(active.content).protection.protections.kill_switch_file if active is not None else None
    except PolicyError:
        named = None
    if named is not None and read_kill_file(Path(named), at) is not None:
        click.echo(
            f"the kill file {named}, which the policy names, is there or cannot be read: it still kills", err=True
        )
        return REFUSED
    click.echo(f"{profile_of(context).mode.upper()}  resumed by {pulled.who}: {pulled.why}")
    return FINE
