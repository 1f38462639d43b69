"""``policytrader orders``: the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.app.journal_days import journal_of
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.trading import day_option, json_option, opened_store, profile_of, store_option
from policytrader.cli.words import counted
from policytrader.model.times import format_utc

if TYPE_CHECKING:
    from datetime import date

    from policytrader.model.journal import JournalEntry

ORDERS_SCHEMA = "policytrader/orders/1"


@click.command(short_help="Show the journal: every order, and what became of it.")
@day_option("all days")
@click.option("--exchange", "_exchange", metavar="FILE", help="Taken as by other commands; the journal needs none.")
@store_option
@json_option
@click.pass_obj
def command(context: Context, day: date | None, _exchange: str | None, url: str | None, as_json: bool) -> int:
    """Show the journal: every order that was decided, and what became of it, oldest first."""
    with opened_store(context, url) as store:
        entries = journal_of(store, day)
    if as_json:
        print_json({"schema": ORDERS_SCHEMA, "orders": [_document(entry) for entry in entries]})
        return FINE
    click.echo(f"{profile_of(context).mode.upper()}  {counted(len(entries), 'order')}")
    for entry in entries:
        intent = entry.intent
        matched = entry.sizes.matched if entry.sizes is not None else "-"
        at = intent.created_at.astimezone(context.zone)
        click.echo(
            f"{at:%Y-%m-%d %H:%M:%S}  {entry.state:<8} {intent.side:<4} {intent.size:>8} @ {intent.price:<7} "
            f"matched {matched:<8} {intent.selection_ref:<32} {intent.ref}  {entry.code}"
        )
    return FINE


def _document(entry: JournalEntry) -> dict[str, Any]:
    intent, sizes = entry.intent, entry.sizes
    average = sizes.average_price_matched if sizes is not None else None
    return {
        "ref": intent.ref,
        "state": str(entry.state),
        "selection_ref": intent.selection_ref,
        "market_id": intent.market_id,
        "selection_id": intent.selection_id,
        "side": str(intent.side),
        "price": str(intent.price),
        "size": str(intent.size),
        "size_matched": str(sizes.matched if sizes is not None else "0.00"),
        "policy_hash": intent.policy_hash,
        "epoch": entry.epoch,
        "created_at": format_utc(intent.created_at),
        "customer_order_ref": intent.ref,
        "purpose": str(intent.purpose),
        "average_price_matched": str(average) if average is not None else None,
        "bet_id": entry.bet_id,
        "code": entry.code,
        "decision_id": intent.decision_id,
        "snapshot_hash": intent.snapshot_hash,
        "market_version": intent.market_version,
        "sent_at": format_utc(entry.sent_at) if entry.sent_at is not None else None,
        "account": intent.account,
        "mode": entry.mode,
    }
