"""``policytrader report``: what a day came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.journal_days import journal_of
from policytrader.app.report import read_report
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.report_text import report_lines
from policytrader.cli.report_words import csv_of, document_of
from policytrader.cli.trading import access_options, asked_day, day_words, json_option, profile_of
from policytrader.cli.written import check_targets, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from policytrader.cli.trading import Access
    from policytrader.ports.store import Store


@click.command(short_help="Show what a day came to: profit, fills, starting-price beat.")
@day_words
@click.option("--csv", "csv_file", metavar="FILE", help="Also write one row a selection.")
@click.option("--parquet", "parquet_file", metavar="FILE", help="The same rows as a Parquet table, with types.")
@click.option("--html", "html_file", metavar="FILE", help="Also write one self-contained page, with pictures.")
@access_options
@json_option
@click.pass_obj
def command(
    context: Context,
    day_argument: date | None,
    day: date | None,
    csv_file: str | None,
    parquet_file: str | None,
    html_file: str | None,
    access: Access,
    as_json: bool,
) -> int:
    """Show what a London day came to.

    Each selection, profit, fills, starting-price beat, what stopped selections, levers and latches.

    DAY is a date such as 2026-05-02, and --day DATE says the same. Only reads the store.
    """
    profile = profile_of(context)
    given = asked_day(day_argument, day)
    check_targets(context, csv=csv_file, parquet=parquet_file, html=html_file)
    with access.store(context) as store:
        wanted = access.day(context, store, given)
        report = read_report(store, wanted, profile.mode)
        where = () if report.picks else tuple(_where_to_look(store, wanted))
    if as_json:
        print_json(document_of(report, profile.name))
    else:
        click.echo("\n".join(report_lines(report, context, profile.name, where)))
    if csv_file is not None:
        _write(context, "--csv", csv_file, csv_of(report).encode())
    if parquet_file is not None:
        from policytrader.cli.report_parquet import parquet_of

        _write(context, "--parquet", parquet_file, parquet_of(report))
    if html_file is not None:
        from policytrader.cli.report_html import html_of

        _write(context, "--html", html_file, html_of(report, profile.name, context.zone).encode())
    return FINE


def _where_to_look(store: Store, day: date) -> Iterator[str]:
    yield f"no selections for the races of {day.isoformat()} in {store.status().place}"
    days = sorted({entry.intent.day for entry in journal_of(store, None)})
    if days and days[-1] != day:
        yield f"the last day with orders is {days[-1]}: policytrader report {days[-1]}"
    yield "`policytrader select list --day DATE` shows the selections of a day; --store URL names another store"


def _write(context: Context, option: str, name: str, data: bytes) -> None:
    path = context.path(name)
    write_bytes(option, path, data)
    context.note(f"wrote {path}")
