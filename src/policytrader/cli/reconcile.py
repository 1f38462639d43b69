"""``policytrader reconcile``: the journal against the exchange, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.activate import ActivePolicy
from policytrader.cli.context import FINE, REFUSED, Context, print_json
from policytrader.cli.trader import make_trader
from policytrader.cli.trading import access_options, json_option, profile_of
from policytrader.cli.words import counted
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from policytrader.app.reconcile import Finding
    from policytrader.cli.trading import Access

RECONCILED_SCHEMA = "policytrader/reconciled/1"


@click.command(short_help="Compare the journal with the exchange, and record what is found.")
@access_options
@json_option
@click.pass_obj
def command(context: Context, access: Access, as_json: bool) -> int:
    """Compare the journal with the exchange completely, and record what is found; sends nothing.

    Exit code 5 where something was found after which nothing is placed until a person has looked.
    """
    from policytrader.app.reconcile import STOPS

    with access.exchange(context) as trading, access.store(context) as store:
        active = ActivePolicy(store)
        active.refresh()
        if active.policy is None:
            message = "no policy is activated: `policytrader activate` checks the project's rules and stores them"
            raise UsageError(message)
        trader = make_trader(context, trading, store, profile_of(context))
        findings = trader.reconcile(active.policy)
    if as_json:
        print_json({"schema": RECONCILED_SCHEMA, "findings": [_document(one) for one in findings]})
    else:
        for one in findings:
            click.echo(f"{one.found:<9} {one.market_id}  bet {one.bet_id or '-'}  order {one.ref or '-'}  {one.code}")
        click.echo(f"{profile_of(context).mode.upper()}  {counted(len(findings), 'difference')}")
    return REFUSED if any(one.found in STOPS for one in findings) else FINE


def _document(finding: Finding) -> dict[str, str | None]:
    return {
        "found": str(finding.found),
        "market_id": finding.market_id,
        "ref": finding.ref,
        "bet_id": finding.bet_id,
        "code": finding.code or None,
    }
