"""``policytrader sql``: what a policy compiles to."""

from __future__ import annotations

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.errors import UsageError

SQL_SCHEMA = "policytrader/sql/1"


# "\b" keeps click from filling the lines of a paragraph.
_HELP = """Print the SQL that a policy compiles to.

\b
policytrader sql                                   the one statement that decides, as DuckDB runs it
policytrader sql --dialect postgres | psql mydb    the validation rules, to be asked in psql
"""


@click.command(help=_HELP, short_help="Print the statement that a policy compiles to.")
@click.option("--policy", metavar="DIR", help="The rules; else the project's, else those that came with policytrader.")
@click.option(
    "--dialect",
    type=click.Choice(["duckdb", "postgres"]),
    default="duckdb",
    help="duckdb: the statement that decides. postgres: the validation rules as views over live_betting.",
)
@click.option("--explain", is_flag=True, help="With duckdb: also a column for each condition and each value seen.")
@click.option("--json", "as_json", is_flag=True, help="One document.")
@click.pass_obj
def command(context: Context, policy: str | None, dialect: str, explain: bool, as_json: bool) -> int:
    """Print the SQL that a policy compiles to."""
    from policytrader.wiring import policy_at

    if explain and dialect != "duckdb":
        message = "--explain goes with --dialect duckdb: views have no columns to explain by"
        raise UsageError(message)
    rules = policy_at(policy, context.project)
    if dialect == "postgres":
        from policytrader.engine.postgres import postgres_views

        sql, columns = postgres_views(rules), None
    else:
        from policytrader.engine.compile import compile_policy

        statement = compile_policy(rules, explain=explain)
        sql, columns = statement.sql, list(statement.columns)
    if as_json:
        print_json(
            {"schema": SQL_SCHEMA, "dialect": dialect, "policy": {"hash": rules.hash}, "columns": columns, "sql": sql}
        )
    else:
        click.echo(sql.rstrip("\n"))
    return FINE
