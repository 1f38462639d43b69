"""``policytrader resolve``: a person says what became of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.cli.context import FINE, Context
from policytrader.cli.trading import access_options, person, person_options, reason
from policytrader.errors import UsageError
from policytrader.model.journal import Evidence, IntentState
from policytrader.model.order_checks import is_bet_id

if TYPE_CHECKING:
    from policytrader.cli.trading import Access


@click.command(short_help="Say what became of an order whose fate is unknown.")
@click.argument("ref")
@click.option("--seen", "bet_id", metavar="BET_ID", help="The exchange holds this bet for it.")
@click.option("--dead", is_flag=True, help="The exchange has no bet for it, and will have none.")
@person_options
@access_options
@click.pass_obj
def command(
    context: Context,
    ref: str,
    bet_id: str | None,
    dead: bool,
    why: str,
    who: str | None,
    access: Access,
) -> int:
    """Say what became of the order REF: seen or dead. Look at the exchange first; nothing takes this back.

    Exit code 1 where it contradicts what is known.
    """
    if (bet_id is None) is not dead:
        message = "say one of --seen BET_ID and --dead"
        raise UsageError(message)
    if bet_id is not None and not is_bet_id(bet_id):
        message = f"--seen {bet_id!r}: a bet's id is a whole number, as the exchange shows it"
        raise UsageError(message)
    at = access.moment(context)
    state = IntentState.DEAD if dead else IntentState.SEEN
    evidence = Evidence(state=state, code="person", detail=reason(why), bet_id=bet_id, who=person(who))
    with access.store(context) as store:
        if store.intent(ref) is None:
            message = f"there is no order {ref} in the journal; `policytrader orders` lists them"
            raise UsageError(message)
        entry = store.resolve(ref, evidence, at)
    click.echo(f"{ref} is {entry.state}")
    return FINE
