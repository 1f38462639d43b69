"""``policytrader schema``: the JSON Schemas of the policy files."""

from __future__ import annotations

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.written import write_files
from policytrader.errors import UsageError

SCHEMAS_SCHEMA = "policytrader/schemas/1"


@click.command(short_help="Print or write the JSON Schemas.")
@click.argument("kind", required=False)
@click.option("--write", metavar="DIR", help="Write them to this folder, one file for each kind.")
@click.option("--json", "as_json", is_flag=True, help="One document.")
@click.pass_obj
def command(context: Context, kind: str | None, write: str | None, as_json: bool) -> int:
    """Print the JSON Schema of KIND, or list the kinds.

    An editor that reads the first line of a rule file finds its schema in the folder `schemas`.
    """
    from policytrader.authoring.families import ALL_KINDS
    from policytrader.authoring.schema import all_schemas, file_name, schema_for, schema_text
    from policytrader.authoring.suggest import did_you_mean

    if kind is not None and kind not in ALL_KINDS:
        message = f"no kind `{kind}`{did_you_mean(kind, ALL_KINDS)}\n  The kinds: {', '.join(ALL_KINDS)}."
        raise UsageError(message)
    chosen = {kind: schema_for(kind)} if kind else all_schemas()
    if write is not None:
        texts = {file_name(name): schema_text(schema) for name, schema in chosen.items()}
        write_files(context, write, texts, as_json=as_json)
    elif as_json:
        print_json({"schema": SCHEMAS_SCHEMA, "schemas": chosen})
    elif kind:
        click.echo(schema_text(chosen[kind]), nl=False)
    else:
        for name, schema in chosen.items():
            click.echo(f"{name:<14}{schema['description']}")
    return FINE
