"""The day's report as one HTML file: no script, nothing from elsewhere, the same bytes for the same day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from policytrader.cli.html_page import Kinds, facts, page_of, pair, table, text
from policytrader.cli.report_pictures import counts_picture, percents_picture, profit_picture
from policytrader.cli.report_words import (
    HEAD,
    RIGHT,
    RUNNER,
    cells_of,
    control_text,
    percent_text,
    signed_text,
    summary_of,
)
from policytrader.model.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from policytrader.app.report import DayReport

_MINUTE = timedelta(minutes=1)
_NO_PICKS = "There are no selections for the races of this day."


def html_of(report: DayReport, profile: str, zone: tzinfo) -> str:
    """The page. Times are shown in ``zone``."""
    mode = report.mode.upper()
    heading = f"{mode} {report.day.isoformat()}"
    body = [
        f'<h1><span class="mode {text(report.mode)}">{text(mode)}</span> Report of {report.day:%A %d %B %Y}</h1>',
        f'<p class="soft">Profile {text(profile)}. Times are {text(str(zone))}; the day is London\'s.</p>',
        facts(summary_of(report)),
    ]
    if report.picks:
        body += [*_profit(report, zone), *_reasons(report), *_beats(report, zone), *_picks(report, zone)]
    else:
        body.append(f"<p>{_NO_PICKS}</p>")
    body += _controls(report, zone)
    # The mode stands in the first line of whatever is written.
    return page_of(heading, body)


def _profit(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Profit through the day</h2>"
    races = report.races
    if not races:
        yield "<p>No result is stored yet.</p>"
        return
    yield "<p>Net of commission, by the off of the race; every selection that is settled.</p>"
    offs = [f"{race.race_time.astimezone(zone):%H:%M}" for race in races]
    start = races[0].race_time
    picture = profit_picture(
        [
            (
                off,
                (race.race_time - start) // _MINUTE,
                race.total,
                f"{off} {race.course}: {signed_text(race.total)}",
            )
            for off, race in zip(offs, races, strict=True)
        ]
    )
    rows = [
        (off, race.course, str(race.picks), signed_text(race.net), signed_text(race.total))
        for off, race in zip(offs, races, strict=True)
    ]
    head = ("Off", "Course", "Selections", "Net", "Day")
    yield pair(picture, table("Net profit race by race", head, rows, Kinds(0, {2, 3, 4})))


def _reasons(report: DayReport) -> Iterable[str]:
    yield "<h2>What stopped selections</h2>"
    if not report.reasons:
        yield "<p>Nothing: all selections stayed valid.</p>"
        return
    rows = [(reason, str(count)) for reason, count in report.reasons]
    shown = table("Selections stopped by each reason", ("Reason", "Selections"), rows, Kinds(0, {1}, {0}))
    yield pair(counts_picture(report.reasons), shown)


def _beats(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Starting-price beat</h2>"
    beats = report.beats
    if not beats:
        yield "<p>No selection has both an average price and a starting price yet.</p>"
        return
    yield (
        "<p>By how much the average price is better than the starting price: of a back average / SP - 1, of a lay "
        "SP / average - 1. Up is better; the numbers are those of the tables.</p>"
    )
    named = [
        (number, pick, f"{pick.race_time.astimezone(zone):%H:%M} {pick.runner}", percent)
        for number, pick, percent in beats
    ]
    picture = percents_picture(
        [(number, percent, f"{name} {pick.bet}: {percent_text(percent)}") for number, pick, name, percent in named]
    )
    rows = [
        (
            str(number), name, pick.bet, money_text(pick.average_price_matched or percent),
            money_text(pick.starting_price or percent), percent_text(percent),
        )
        for number, pick, name, percent in named
    ]  # fmt: skip
    head = ("No.", "Selection", "Bet", "Average", "SP", "Beat")
    yield pair(picture, table("Starting-price beat of each selection", head, rows, Kinds(1, {0, 3, 4, 5})))


def _picks(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Selections</h2>"
    yield (
        '<p class="soft">Want and staked are stakes of backs and liabilities of lays. Want is what the ladder came to '
        "at the off; where the selection did not stay valid, what was sent. Profit has the hedges in it.</p>"
    )
    rows = [(str(number), *cells_of(pick, zone)) for number, pick in enumerate(report.picks, 1)]
    numbers = {0, *(column + 1 for column in RIGHT)}
    yield table("The selections of the day", ("No.", *HEAD), rows, Kinds(RUNNER + 1, numbers, {len(HEAD)}))


def _controls(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Levers and latches</h2>"
    if not report.controls:
        yield "<p>None was pulled, none closed.</p>"
        return
    yield "<ul>" + "".join(f"<li>{text(control_text(one, zone))}</li>" for one in report.controls) + "</ul>"
