"""``policytrader recording list``: what was imported, so that selections can be written for it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.columns import aligned
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.csv_text import csv_text
from policytrader.cli.documents import exact_or_null, money_or_null
from policytrader.cli.progress import work_bar
from policytrader.cli.recorded import recording_folder
from policytrader.cli.trading import day_option, json_option
from policytrader.cli.words import counted
from policytrader.cli.written import check_targets, write_text
from policytrader.errors import printable
from policytrader.model.money import money_text
from policytrader.model.snapshot import RunnerStatus
from policytrader.model.times import format_utc
from policytrader.wiring import list_recordings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, tzinfo
    from decimal import Decimal

    from policytrader.wiring import ListedMarket, ListedRunner, Listing

LIST_SCHEMA = "policytrader/recordings/1"

_NOTHING = "-"
_HEAD = (
    "Off", "Course", "Country", "Type", "Market", "Runners", "Recorded from", "To", "Rows", "Status", "Can be bet on",
)  # fmt: skip
_NUMBERS = frozenset({5, 8})
_RUNNER_HEAD = ("Selection", "Runner", "Status", "SP", "First back", "lay", "Last back", "lay")
_RUNNER_NUMBERS = frozenset({0, 3, 4, 5, 6, 7})
_INDENT = "    "
_MINUTE = "%Y-%m-%d %H:%M"

_MARKET_COLUMNS = (
    "day", "race_time", "course", "event_name", "country_code", "race_id", "market_id", "market_type", "market_name",
)  # fmt: skip
_COLUMNS = (
    *_MARKET_COLUMNS, "runners_listed", "runners_removed", "recorded_from", "recorded_until", "rows", "status",
    "can_be_bet_on", "why_not", "recording",
)  # fmt: skip
_RUNNER_COLUMNS = (
    *_MARKET_COLUMNS, "selection_id", "runner_name", "status", "starting_price", "first_back", "first_lay", "last_back",
    "last_lay", "can_be_bet_on",
)  # fmt: skip


@click.command("list", short_help="Show the races and markets of recordings.")
@click.argument("recordings", nargs=-1, required=True, metavar="DIR...")
@day_option("all days")
@click.option("--runners", "with_runners", is_flag=True, help="Also each market's runners.")
@click.option("--csv", "csv_file", metavar="FILE", help="Also write one row a market; with --runners one a runner.")
@json_option
@click.pass_obj
def list_(
    context: Context,
    recordings: tuple[str, ...],
    day: date | None,
    with_runners: bool,
    csv_file: str | None,
    as_json: bool,
) -> int:
    """Show the races and markets of each DIR, a folder that `recording import` or `recording generate` wrote.

    With --runners: selection id, name, status at the end, starting price, and the best prices that a runner showed
    first, and last before the market turned in play: what a file of selections is written from.
    """
    check_targets(context, csv=csv_file)
    folders = [recording_folder(context, name) for name in recordings]
    with work_bar(context, "reading") as progress:
        listing = list_recordings(folders, day, with_runners=with_runners, progress=progress)
    if as_json:
        print_json(_document(listing, day, with_runners=with_runners))
    else:
        for line in _lines(listing, context.zone, day, with_runners=with_runners):
            click.echo(printable(line))
        for problem in listing.problems:
            click.echo(problem.render(), err=True)
    if csv_file is not None:
        write_text("--csv", context.path(csv_file), _csv(listing, with_runners=with_runners))
    return FINDINGS if listing.problems else FINE


# --- On a screen ----------------------------------------------------------------------------------------------------


def _lines(listing: Listing, zone: tzinfo, day: date | None, *, with_runners: bool) -> Iterator[str]:
    markets = listing.markets
    if markets:
        head, *rows = aligned([_HEAD, *(_cells(one, zone) for one in markets)], _NUMBERS)
        yield head
        runners = _runner_lines(markets) if with_runners else [[]] * len(markets)
        for row, lines in zip(rows, runners, strict=True):
            yield row
            yield from (f"{_INDENT}{line}" for line in lines)
    races = len({(one.recording, one.race_id) for one in markets})
    usable = sum(one.why_not is None for one in markets)
    line = f"{counted(races, 'race')}, {counted(len(markets), 'market')}, {usable} can be bet on"
    if listing.problems:
        line += f", {len(listing.problems)} cannot be read"
    if not markets and day is not None and listing.days:
        line += f"; nothing of {day.isoformat()}: the folders hold {listing.days[0]} to {listing.days[-1]}"
    yield line


def _cells(market: ListedMarket, zone: tzinfo) -> tuple[str, ...]:
    told = market.definition
    listed, removed = _counts(market)
    return (
        f"{told.start.astimezone(zone):{_MINUTE}}",
        told.venue or told.event_name,
        told.country_code or _NOTHING,
        told.market_type,
        told.market_id,
        f"{listed - removed} of {listed}" if removed else str(listed),
        f"{market.recorded_from.astimezone(zone):{_MINUTE}}",
        f"{market.recorded_until.astimezone(zone):{_MINUTE}}",
        str(market.rows),
        str(told.status),
        "yes" if market.why_not is None else f"no: {market.why_not}",
    )


def _runner_lines(markets: tuple[ListedMarket, ...]) -> list[list[str]]:
    """The runners of each market in the same columns, each under a head of its own."""
    rows = [_RUNNER_HEAD, *(_runner_cells(one) for market in markets for one in market.runners)]
    head, *lines = aligned(rows, _RUNNER_NUMBERS)
    left = iter(lines)
    return [[head, *islice(left, len(market.runners))] for market in markets]


def _runner_cells(runner: ListedRunner) -> tuple[str, ...]:
    prices = (money_or_null(runner.starting_price), *_both(runner.first), *_both(runner.last))
    return (str(runner.selection_id), runner.name, str(runner.status), *(price or _NOTHING for price in prices))


def _both(prices: tuple[Decimal, Decimal] | None) -> tuple[str | None, str | None]:
    return (None, None) if prices is None else (money_text(prices[0]), money_text(prices[1]))


def _counts(market: ListedMarket) -> tuple[int, int]:
    runners = market.definition.runners
    return len(runners), sum(one.status is RunnerStatus.REMOVED for one in runners)


# --- JSON and CSV ---------------------------------------------------------------------------------------------------


def _document(listing: Listing, day: date | None, *, with_runners: bool) -> dict[str, Any]:
    return {
        "schema": LIST_SCHEMA,
        "day": None if day is None else day.isoformat(),
        "markets": [
            _market(one) | {"runners": [_runner(runner) for runner in one.runners] if with_runners else None}
            for one in listing.markets
        ],
        "problems": [one.render() for one in listing.problems],
    }


def _market(market: ListedMarket) -> dict[str, Any]:
    told = market.definition
    listed, removed = _counts(market)
    return {
        "recording": str(market.recording),
        "day": market.day.isoformat(),
        "race_id": market.race_id,
        "race_time": format_utc(told.start),
        "course": told.venue,
        "event_name": told.event_name,
        "country_code": told.country_code,
        "market_id": told.market_id,
        "market_type": told.market_type,
        "market_name": told.name,
        "runners_listed": listed,
        "runners_removed": removed,
        "recorded_from": format_utc(market.recorded_from),
        "recorded_until": format_utc(market.recorded_until),
        "rows": market.rows,
        "status": str(told.status),
        "can_be_bet_on": market.why_not is None,
        "why_not": market.why_not,
    }


def _runner(runner: ListedRunner) -> dict[str, Any]:
    (first_back, first_lay), (last_back, last_lay) = _both(runner.first), _both(runner.last)
    return {
        "selection_id": runner.selection_id,
        "runner_name": runner.name,
        "status": str(runner.status),
        # Exact: it is off the ladder.
        "starting_price": exact_or_null(runner.starting_price),
        "first_back": first_back,
        "first_lay": first_lay,
        "last_back": last_back,
        "last_lay": last_lay,
    }


def _csv(listing: Listing, *, with_runners: bool) -> str:
    """The document's rows; a runner's names are those of a file of selections."""
    if not with_runners:
        return csv_text(_COLUMNS, map(_market, listing.markets))
    rows = (_market(market) | _runner(runner) for market in listing.markets for runner in market.runners)
    return csv_text(_RUNNER_COLUMNS, rows)
