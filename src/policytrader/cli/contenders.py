"""``policytrader contenders``: the horses that can win, and what value their prices are."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.contender_file import read_mark_file
from policytrader.app.contenders import LivePrices, Mark, RaceValue, Valued, resolve_marks, value_races
from policytrader.app.morning import listed_races
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.trading import access_options, asked_day, day_words, json_option, profile_of
from policytrader.cli.words import counted
from policytrader.errors import Place, UsageError, printable
from policytrader.model.money import half_up, money_text
from policytrader.model.times import format_utc, london_day, parse_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from policytrader.cli.trading import Access
    from policytrader.ports.store import Store

CONTENDERS_SCHEMA = "policytrader/contenders/1"
_PLACE = Place("contenders mark")
_HEAD = ("", "Horse", "SP", "from", "equal", "normalised", "adjusted", "odds", "value %")
_LEFT = {0, 1, 3}
_NOTHING = "-"
_PROBABILITY_UNIT = Decimal("0.000001")


# "\b" keeps click from filling the lines of a paragraph.
_HELP = """The horses of a race that can win it, and the value table.

\b
equal = 1/n, n contenders      normalised = (1/SP) / sum of 1/SP over the contenders
adjusted = (equal + normalised) / 2      odds = 1/adjusted      value % = (SP - odds) / odds x 100

SP is the price in the race's WIN market now: the starting price once it is known, else the best back price, else the
last traded one; where none can be had, the price that was kept when the horse was marked.
"""


@click.group(help=_HELP, short_help="Mark horses as contenders; show the value table.")
def command() -> None:
    """Three commands below."""


@command.command(short_help="Mark horses of one race.")
@click.option("--race", "race_id", metavar="MARKET", help="The race, by its WIN market's id.")
@click.option("--race-time", metavar="ISO", help="Instead of --race, with --course: the off, with its zone.")
@click.option("--course", metavar="NAME", help="The course, as the exchange writes it.")
@click.option("--horse", "horses", multiple=True, metavar="NAME", help="A horse, by name; may be repeated.")
@click.option("--selection", "runners", multiple=True, type=int, metavar="ID", help="A horse, by the exchange's id.")
@click.option("--not", "is_not", is_flag=True, help="Mark them as not-contender.")
@access_options
@json_option
@click.pass_obj
def mark(
    context: Context,
    race_id: str | None,
    race_time: str | None,
    course: str | None,
    horses: tuple[str, ...],
    runners: tuple[int, ...],
    is_not: bool,
    access: Access,
    as_json: bool,
) -> int:
    """Mark horses of one race as contenders, or with --not as no contenders, and show the race's value table."""
    if (race_id is None) == (race_time is None or course is None):
        message = "name the race: --race MARKET, or --race-time ISO and --course NAME"
        raise UsageError(message)
    if not horses and not runners:
        message = "name a horse: --horse NAME or --selection ID"
        raise UsageError(message)
    try:
        off = parse_utc(race_time) if race_time is not None else None
    except ValueError as error:
        message = f"--race-time {race_time}: {error}"
        raise UsageError(message) from None

    def one(horse: str | None, selection_id: int | None) -> Mark:
        return Mark(
            is_contender=not is_not,
            race_time=off,
            course=course,
            race_id=race_id,
            horse=horse,
            selection_id=selection_id,
            place=_PLACE,
        )

    marks = [*(one(name, None) for name in horses), *(one(None, runner) for runner in runners)]
    return _mark(context, marks, access, as_json=as_json)


@command.command("import", short_help="Mark the horses of a CSV file.")
@click.argument("file")
@access_options
@json_option
@click.pass_obj
def import_(context: Context, file: str, access: Access, as_json: bool) -> int:
    """Mark the horses of a CSV file, and show the value tables of their races.

    Columns: race_time, course, horse, contender; the last one says contender or not-contender. All marks are stored or
    none; a later mark of a horse replaces an earlier one.
    """
    return _mark(context, read_mark_file(context.path(file)), access, as_json=as_json)


@command.command("list", short_help="Show the value tables of a day.")
@day_words
@access_options
@json_option
@click.pass_obj
def list_(
    context: Context,
    day_argument: date | None,
    day: date | None,
    access: Access,
    as_json: bool,
) -> int:
    """Show the value tables of the marked races of a London day: DAY, or --day DATE.

    With --exchange (or a profile that names an account) the prices are those of this moment, else those that the
    daemon stored last.
    """
    given = asked_day(day_argument, day)
    with access.store(context) as store:
        wanted = access.day(context, store, given)
        marked = store.contenders(wanted)
        live = LivePrices()
        if marked and (access.exchange_file is not None or profile_of(context).real is not None):
            with access.exchange(context) as trading:
                live = LivePrices.read(trading.prices, (one.race_id for one in marked))
        races = _races(store, {wanted}, {one.race_id for one in marked}, live, {})
    _show(context, races, [wanted], as_json=as_json)
    return FINE


def _mark(
    context: Context,
    marks: Sequence[Mark],
    access: Access,
    *,
    as_json: bool,
) -> int:
    with access.exchange(context) as trading, access.store(context, makes=True) as store:
        store.control_state()  # a store that cannot be used is told before anything is asked of the exchange
        rows, courses, live = resolve_marks(marks, listed_races(trading.prices), trading.prices)
        store.mark_contenders(rows, trading.clock.now())
        race_ids = {one.race_id for one in rows}
        days = {london_day(one.race_time) for one in rows}
        races = _races(store, days, race_ids, live, courses)
    _show(context, races, sorted(days), as_json=as_json)
    return FINE


def _races(
    store: Store, days: set[date], race_ids: set[str], live: LivePrices, courses: dict[str, str]
) -> tuple[RaceValue, ...]:
    marked = [one for day in sorted(days) for one in store.contenders(day) if one.race_id in race_ids]
    known = {pick.selection.race_id: pick.course for day in sorted(days) for pick in store.selections(day)}
    return value_races(marked, store.prices(sorted(race_ids)), live, known | courses)


def _show(context: Context, races: Sequence[RaceValue], days: Sequence[date], *, as_json: bool) -> None:
    mode = profile_of(context).mode
    if as_json:
        rows = [_document(race) for race in races]
        print_json({"schema": CONTENDERS_SCHEMA, "mode": mode, "days": [str(day) for day in days], "races": rows})
        return
    count = f"{counted(len(races), 'race')} with marked horses"
    click.echo(f"{mode.upper()}  {', '.join(map(str, days))}  {count}")
    for race in races:
        off = race.race_time.astimezone(context.zone)
        running = sum(one.contender.is_contender and not one.now.is_out for one in race.horses)
        lines = [
            f"{off:%H:%M %Z}  {race.course}  {race.race_id}  {running} of {len(race.horses)} marked are contenders"
        ]
        table = [_HEAD, *map(_cells, race.horses)]
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD))]
        for row in table:
            cells = (
                cell.ljust(width) if column in _LEFT else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            lines.append("  ".join(cells).rstrip())
        if race.problem:
            lines.append(f"no values: {race.problem}")
        click.echo("\n".join(map(printable, lines)))


def _cells(one: Valued) -> tuple[str, ...]:
    sign = "x" if one.now.is_out else "+" if one.contender.is_contender else "-"
    source = "withdrawn" if one.now.is_out else one.now.source or _NOTHING
    price = money_text(one.now.price) if one.now.price is not None else _NOTHING
    head = (sign, one.contender.runner_name, price, source)
    if one.value is None:
        return (*head, *[_NOTHING] * (len(_HEAD) - len(head)))
    value = one.value
    shares = (value.equal, value.normalised, value.adjusted)
    percent = f"{half_up(value.value_percent):+.2f}"
    return (*head, *(f"{money_text(share * 100)}%" for share in shares), money_text(value.adjusted_odds), percent)


def _document(race: RaceValue) -> dict[str, Any]:
    return {
        "race_id": race.race_id,
        "race_time": format_utc(race.race_time),
        "course": race.course,
        "problem": race.problem or None,
        "horses": [_horse(one) for one in race.horses],
    }


def _horse(one: Valued) -> dict[str, Any]:
    value = one.value
    return {
        "selection_id": one.contender.selection_id,
        "horse": one.contender.runner_name,
        "contender": one.contender.is_contender,
        "withdrawn": one.now.is_out,
        "starting_price": money_text(one.now.price) if one.now.price is not None else None,
        "price_from": one.now.source,
        "equal": _share(value.equal) if value is not None else None,
        "normalised": _share(value.normalised) if value is not None else None,
        "adjusted_probability": _share(value.adjusted) if value is not None else None,
        "adjusted_odds": money_text(value.adjusted_odds) if value is not None else None,
        "value_percent": money_text(value.value_percent) if value is not None else None,
    }


def _share(probability: Decimal) -> str:
    return format(half_up(probability, _PROBABILITY_UNIT), "f")
