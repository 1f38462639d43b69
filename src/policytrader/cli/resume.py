"""``policytrader resume``: lift what a person or a protection stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from policytrader.app.activate import unpack
from policytrader.app.kill_switch import read_kill_file
from policytrader.cli.context import FINE, REFUSED, Context
from policytrader.cli.trading import access_options, person, person_options, profile_of, reason
from policytrader.errors import PolicyError, UsageError
from policytrader.model.journal import Control, ControlKind

if TYPE_CHECKING:
    from policytrader.cli.trading import Access


@click.command(short_help="Lift kill, pause and latches.")
@person_options
@access_options
@click.pass_obj
def command(context: Context, why: str, who: str | None, access: Access) -> int:
    """Lift kill, pause and latches, and remove the profile's kill file.

    A latch closes again only on a new cause. Exit code 5 where another kill file is still there.
    """
    at = access.moment(context)
    pulled = Control(kind=ControlKind.RESUME, at=at, who=person(who), why=reason(why))
    own = profile_of(context).kill_path(context.project)
    with access.store(context) as store:
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
