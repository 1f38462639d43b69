"""``policytrader db``: the store's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINE, OUT_OF_REACH, Context, print_json
from policytrader.cli.trading import json_option, opened_store, store_option
from policytrader.wiring import export_schema

if TYPE_CHECKING:
    from policytrader.model.records import StoreStatus

MIGRATE_SCHEMA = "policytrader/db-migrate/1"
STATUS_SCHEMA = "policytrader/db-status/1"


@click.group(short_help="Make, check and show the store's schema.")
def command() -> None:
    """The store: SQLite in the project's folder, or PostgreSQL.

    Each mode, paper or live, has a database of its own.
    """


@command.command(short_help="Make the tables, or bring them up to date.")
@store_option
@json_option
@click.pass_obj
def migrate(context: Context, url: str | None, as_json: bool) -> int:
    """Make the tables, or bring them up to date. Doing it twice does no harm.

    In PostgreSQL the tables are in the schema live_betting; tables that are there already stay, with their rows.
    """
    with opened_store(context, url) as store:
        applied = store.migrate()
        status = store.status()
    if as_json:
        print_json({"schema": MIGRATE_SCHEMA, "applied": list(applied), **_document(status)})
    else:
        done = f"applied {', '.join(applied)}" if applied else "nothing to do"
        click.echo(f"{_head(status)}: {done}")
        _warn(context, status)
    return FINE


@command.command(short_help="Say what the store is, and whether it can be used.")
@store_option
@json_option
@click.pass_obj
def status(context: Context, url: str | None, as_json: bool) -> int:
    """Say what the store is, and whether this policytrader can use it; changes nothing.

    Exit code 4 where it cannot be used.
    """
    with opened_store(context, url) as store:
        found = store.status()
    if as_json:
        print_json({"schema": STATUS_SCHEMA, **_document(found)})
    else:
        click.echo(_head(found))
        click.echo(f"schema  {found.revision or 'none'}, newest {found.newest}")
        if not found.is_current:
            click.echo("not usable: `policytrader db migrate` makes or updates its tables")
        _warn(context, found)
    return FINE if found.is_current else OUT_OF_REACH


@command.command("export-schema", short_help="Print the schema as SQL.")
@click.option(
    "--dialect",
    type=click.Choice(["postgresql", "sqlite"]),
    default="postgresql",
    help="Which database's SQL.",
)
def export_schema_(dialect: str) -> int:
    """Print the schema as SQL, for an empty database; `db migrate` then has nothing left to make."""
    click.echo(export_schema(dialect), nl=False)
    return FINE


def _head(status: StoreStatus) -> str:
    return f"{status.place}  {status.mode or 'no mode yet'}"


def _warn(context: Context, status: StoreStatus) -> None:
    for warning in status.warnings:
        context.note(f"warning: {warning}")


def _document(status: StoreStatus) -> dict[str, Any]:
    return {
        "dialect": status.dialect,
        "place": status.place,
        "mode": status.mode,
        "revision": status.revision,
        "newest": status.newest,
        "usable": status.is_current,
        "warnings": list(status.warnings),
    }
