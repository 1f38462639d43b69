"""``policytrader recording generate``: a season of generated races, as if it had been recorded."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.progress import work_bar
from policytrader.cli.words import counted
from policytrader.errors import UsageError

if TYPE_CHECKING:
    from policytrader.wiring.seasons import SeasonReport

GENERATE_SCHEMA = "policytrader/season/1"
_MOST_PICKS = 20


@click.command(short_help="Make a season of generated races, as if recorded.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="The same seed, the same season.")
@click.option("--days", type=int, required=True, metavar="D", help="Days in a row.")
@click.option("--races", type=int, default=36, show_default=True, metavar="R", help="Races a day, 1 to 60.")
@click.option("--first-day", metavar="DATE", default="2026-05-01", show_default=True, help="The first day.")
@click.option("--out", required=True, metavar="DIR", help="A new folder.")
@click.option(
    "--form", type=click.Choice(["imported", "raw", "both"]), default="imported", show_default=True,
    help="What is kept: as `recording import` writes it, raw stream files in DIR/raw, or both.",
)  # fmt: skip
@click.option("--picks", type=int, default=2, show_default=True, metavar="N", help="Selections in each market.")
@click.option("--jobs", type=int, metavar="N", help="Processes; without it as many as there are processors.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def generate(
    context: Context,
    seed: int,
    days: int,
    races: int,
    first_day: str,
    out: str,
    form: str,
    picks: int,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Make generated race days as if they had been recorded, and selections beside them.

    WIN and PLACE markets with withdrawals, starting prices and results, one day after the other; selections.csv in DIR
    has picks in each market, made in the morning. The same options make the same files. Names, prices and results are
    made up: what a policy earns here, it earns on no racecourse.
    """
    from policytrader.simulation.season import Season
    from policytrader.wiring.seasons import SeasonForm, generate_season
    from policytrader.wiring.workers import open_workers

    if not 0 <= picks <= _MOST_PICKS:
        message = f"--picks {picks}: 0 to {_MOST_PICKS}"
        raise UsageError(message)
    try:
        season = Season(seed, days, races, _day(first_day))
    except ValueError as error:
        raise UsageError(str(error)) from None
    with work_bar(context, "making") as progress:
        report = generate_season(
            season,
            context.path(out),
            open_workers(jobs),
            form=SeasonForm(form),
            per_market=picks,
            progress=progress,
        )
    if as_json:
        print_json(_document(season.seed, days, report))
    else:
        click.echo(
            f"{counted(days, 'day')}, {counted(report.races, 'race')}, {counted(report.markets, 'market')}, "
            f"{counted(report.updates, 'update')}, {counted(report.picks, 'selection')}"
        )
    return FINE


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"--first-day {text}: write a date, as in 2026-05-01"
        raise UsageError(message) from None


def _document(seed: int, days: int, report: SeasonReport) -> dict[str, object]:
    return {
        "schema": GENERATE_SCHEMA,
        "seed": seed,
        "days": days,
        "races": report.races,
        "markets": report.markets,
        "updates": report.updates,
        "selections": report.picks,
        "raw_bytes": report.raw_bytes,
    }
