"""The day's report as one HTML file: no script, nothing from elsewhere, the same bytes for the same day."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, NamedTuple

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
from policytrader.errors import printable
from policytrader.model.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import tzinfo

    from policytrader.app.report import DayReport

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --fore: #1b1f24; --soft: #57606a; --rule: #d0d7de; --band: #f6f8fa;
  --line: #0550ae; --gain: #116329; --loss: #a40e26; --mode: #1b1f24 }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --fore: #e6edf3; --soft: #9da7b3; --rule: #30363d;
  --band: #161b22; --line: #79c0ff; --gain: #56d364; --loss: #ff8f88; --mode: #e6edf3 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 96rem; padding: 1rem; background: var(--back); color: var(--fore);
  font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin: .5rem 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
.mode { border: 2px solid var(--mode); border-radius: .3rem; padding: 0 .4rem }
.live { background: var(--loss); border-color: var(--loss); color: var(--back) }
p { margin: .5rem 0; max-width: 48rem } .soft { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 1rem 0 }
dt { color: var(--soft) } dd { margin: 0 }
.scroll { overflow-x: auto; max-width: 100% }
.pair { display: grid; gap: 1rem; align-items: start }
@media (min-width: 60rem) { .pair { grid-template-columns: 1fr 1fr } }
.pair .scroll { max-height: 26rem; overflow-y: auto }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .45rem; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule) }
thead th { position: sticky; top: 0; background: var(--band); z-index: 1 }
.n { text-align: right } .wrap { white-space: normal; min-width: 9rem }
tbody th { position: sticky; left: 0; background: var(--back); font-weight: 600 }
svg { width: 100%; max-width: 40rem; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--fore) } .grid { stroke: var(--rule) } .zero { stroke: var(--soft); stroke-width: 1.5 }
.line { fill: none; stroke: var(--line); stroke-width: 2 } .bar { fill: var(--line) }
@media print { .scroll { overflow: visible; max-height: none !important } }
.gain { fill: var(--gain) } .loss { fill: var(--loss) }
"""
_MINUTE = timedelta(minutes=1)
_NO_PICKS = "There are no selections for the races of this day."


class _Kinds(NamedTuple):
    """Which column names the rows, which hold numbers, which may be broken into lines."""

    names: int
    numbers: AbstractSet[int]
    wraps: int | None = None


def html_of(report: DayReport, profile: str, zone: tzinfo) -> str:
    """The page. Times are shown in ``zone``."""
    mode = report.mode.upper()
    heading = f"{mode} {report.day.isoformat()}"
    body = [
        f'<h1><span class="mode {_t(report.mode)}">{_t(mode)}</span> Report of {report.day:%A %d %B %Y}</h1>',
        f'<p class="soft">Profile {_t(profile)}. Times are {_t(str(zone))}; the day is London\'s.</p>',
        _summary(report),
    ]
    if report.picks:
        body += [*_profit(report, zone), *_reasons(report), *_beats(report, zone), *_picks(report, zone)]
    else:
        body.append(f"<p>{_NO_PICKS}</p>")
    body += _controls(report, zone)
    # The mode stands in the first line of whatever is written.
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_t(heading)} - policytrader</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{_STYLE}</style></head>\n<body>\n<main>\n" + "\n".join(body) + "\n</main>\n</body></html>\n"
    )


def _summary(report: DayReport) -> str:
    rows = "\n".join(f"<dt>{_t(name)}</dt><dd>{_t(line)}</dd>" for name, line in summary_of(report))
    return f"<dl>\n{rows}\n</dl>"


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
    yield _pair(picture, _table("Net profit race by race", head, rows, _Kinds(0, {2, 3, 4})))


def _reasons(report: DayReport) -> Iterable[str]:
    yield "<h2>What stopped selections</h2>"
    if not report.reasons:
        yield "<p>Nothing: all selections stayed valid.</p>"
        return
    rows = [(reason, str(count)) for reason, count in report.reasons]
    table = _table("Selections stopped by each reason", ("Reason", "Selections"), rows, _Kinds(0, {1}, 0))
    yield _pair(counts_picture(report.reasons), table)


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
    yield _pair(picture, _table("Starting-price beat of each selection", head, rows, _Kinds(1, {0, 3, 4, 5})))


def _picks(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Selections</h2>"
    yield (
        '<p class="soft">Want and staked are stakes of backs and liabilities of lays. Want is what the ladder came to '
        "at the off; where the selection did not stay valid, what was sent. Profit has the hedges in it.</p>"
    )
    rows = [(str(number), *cells_of(pick, zone)) for number, pick in enumerate(report.picks, 1)]
    numbers = {0, *(column + 1 for column in RIGHT)}
    yield _table("The selections of the day", ("No.", *HEAD), rows, _Kinds(RUNNER + 1, numbers, len(HEAD)))


def _controls(report: DayReport, zone: tzinfo) -> Iterable[str]:
    yield "<h2>Levers and latches</h2>"
    if not report.controls:
        yield "<p>None was pulled, none closed.</p>"
        return
    yield "<ul>" + "".join(f"<li>{_t(control_text(one, zone))}</li>" for one in report.controls) + "</ul>"


def _pair(picture: str, table: str) -> str:
    return f'<div class="pair">\n<div>{picture}</div>\n{table}\n</div>'


def _table(name: str, head: Sequence[str], rows: Iterable[Sequence[str]], kinds: _Kinds) -> str:
    def classes(column: int) -> str:
        return ' class="n"' if column in kinds.numbers else ' class="wrap"' if column == kinds.wraps else ""

    def cell(column: int, text: str) -> str:
        if column == kinds.names:
            return f'<th scope="row"{classes(column)}>{_t(text)}</th>'
        return f"<td{classes(column)}>{_t(text)}</td>"

    heads = "".join(f'<th scope="col"{classes(column)}>{_t(text)}</th>' for column, text in enumerate(head))
    lines = ["<tr>" + "".join(cell(*one) for one in enumerate(row)) + "</tr>" for row in rows]
    # Reached and scrolled by keyboard too.
    return (
        f'<div class="scroll" role="region" aria-label="{_t(name)}" tabindex="0"><table>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n" + "\n".join(lines) + "\n</tbody></table></div>"
    )


def _t(text: str) -> str:
    """Text that is nothing but text."""
    return escape(printable(text))
