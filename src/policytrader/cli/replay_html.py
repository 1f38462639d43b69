"""A replay as one HTML file under 300 KB: pictures, each beside the table that it shows; the same bytes each time."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.app.replay.summary import by_period
from policytrader.app.replay.told import made_lines, problem_lines
from policytrader.cli.html_page import Kinds, facts, page_of, pair, table, text
from policytrader.cli.replay_pictures import CLASSES, Bar, Line, Middle, bars_picture, intervals_picture, lines_picture
from policytrader.cli.replay_words import (
    DEFINITIONS,
    DIFFERENCE_HEAD,
    DIFFERENCE_NUMBERS,
    INTERVAL,
    PICK_HEAD,
    PICK_NUMBERS,
    breakdown_tables,
    cause_lines,
    decided_text,
    difference_cells,
    head_lines,
    heads,
    interval_text,
    letters_of,
    pick_cells,
    policy_lines,
    refused_texts,
    share_percent,
    total_rows,
    verdict_line,
)
from policytrader.cli.report_words import NOTHING, signed_text
from policytrader.model.money import money_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from policytrader.app.replay.bootstrap import Interval
    from policytrader.app.replay.report import ReplayReport

MOST_ROWS = 120
"""Rows of selections in the page: with all of them it would not stay small."""
MOST_GROUPS = 30
"""Rows of a breakdown."""
_MOST_REASONS = 20
_MOST_CONDITIONS = 4
_MOST_PROBLEMS = 40
_LONGEST_CELL = 240
"""Bytes, as they stand in the page."""
_MOST_PERIODS = 60


def html_of(report: ReplayReport, zone: tzinfo) -> str:
    """The page. Times are shown in ``zone``."""
    heading = "Replay" if report.comparison is None else "Replay of two policies"
    made = report.results[0].replay.made
    body = [
        f"<h1>{heading}</h1>",
        *(f"<p>{text(line)}</p>" for line in (*head_lines(report, zone), *policy_lines(report))),
        *(f"<p>{text(_clip(line))}</p>" for line in list(made_lines(made))[:_MOST_PROBLEMS]),
        f'<p class="soft">Times are {text(str(zone))}.</p>',
        *_totals(report),
        *_refusals(report),
        *_breakdowns(report),
        *_profit(report, zone),
        *_beat(report),
        *_bands(report),
        *_reasons(report),
        *(_picks(report, zone) if report.comparison is None else _differences(report, zone)),
        *_problems(report),
    ]
    return page_of(heading, body)


def _totals(report: ReplayReport) -> Iterator[str]:
    yield "<h2>What it came to</h2>"
    if report.comparison is not None:
        yield f"<p><strong>{text(verdict_line(report))}.</strong></p>"
    more = ["B - A"] if report.comparison is not None else []
    rows = [(row.name, *row.values, *([row.more] if more else [])) for row in total_rows(report)]
    names = [letter or "Total" for letter in letters_of(report)]
    yield table("Totals", ("", *names, *more), rows, Kinds(0, {1, 2, 3}, {0, 1, 2, 3}))
    yield f'<p class="soft">{text(DEFINITIONS)} There are {report.resamples} resamples.</p>'
    lines = [
        (f"{letter} decided".strip(), decided_text(result))
        for letter, result in zip(letters_of(report), report.results, strict=True)
        if result.actions
    ]
    if lines:
        yield facts(lines)


def _refusals(report: ReplayReport) -> Iterator[str]:
    yield "<h2>What refused orders</h2>"
    found = [{one.code: one for one in result.refusals} for result in report.results]
    codes = list(dict.fromkeys(one.code for result in report.results for one in result.refusals))
    if not codes:
        yield "<p>Nothing: each order was sent.</p>"
        return
    rows = []
    for code in codes:
        texts = [
            (*refused_texts(own[code], result), str(own[code].ticks)) if code in own else (NOTHING,) * 3
            for own, result in zip(found, report.results, strict=True)
        ]
        rows.append((code, *(cell for column in zip(*texts, strict=True) for cell in column)))
    head = ("Limit", *heads(report, "Selections"), *heads(report, "Days"), *heads(report, "Ticks"))
    yield (
        "<p>Of how many selections each limit refused an order, and on how many days. Where that is most of them, a "
        "policy's profit, and what two policies differ in, is mostly a matter of when the limit was reached.</p>"
    )
    yield table("Orders refused by each limit", head, rows, Kinds(0, set(range(1, len(head))), {0}))


def _breakdowns(report: ReplayReport) -> Iterator[str]:
    found = list(breakdown_tables(report, MOST_GROUPS))
    if not found:
        return
    *names, last = [by for by, _, _ in found]
    yield f"<h2>By {', '.join(names)} and {last}</h2>"
    yield '<div class="tables">'
    for _, head, rows in found:
        shown = [_clipped(row) for row in rows]
        yield table(f"By {head[0].lower()}", head, shown, Kinds(0, set(range(1, len(head))), {0}))
    yield "</div>"


def _profit(report: ReplayReport, zone: tzinfo) -> Iterator[str]:
    yield "<h2>Profit and drawdown</h2>"
    moments = [result.moments for result in report.results]
    if not moments[0]:
        yield "<p>There are no selections.</p>"
        return
    ends = tuple(f"{one.at:%Y-%m-%d}" for one in (moments[0][0], moments[0][-1]))
    named = list(zip(letters_of(report), moments, strict=True))
    profit = [Line(letter, [one.total for one in own]) for letter, own in named]
    falls = [Line(letter, [-one.drawdown for one in own]) for letter, own in named]
    pictures = (
        lines_picture("Net profit by the off", profit, (ends[0], ends[1])),
        "<p>Below the peak that was before:</p>",
        lines_picture("Drawdown by the off", falls, (ends[0], ends[1]), lowest=True),
    )
    unit, first = by_period(moments[0], zone, _MOST_PERIODS)
    periods = [first, *(by_period(own, zone, _MOST_PERIODS)[1] for own in moments[1:])]
    rows = [
        (
            row[0].name, str(row[0].picks), *(signed_text(one.net) for one in row),
            *(signed_text(one.total) for one in row), *(money_text(one.drawdown) for one in row),
        )
        for row in zip(*periods, strict=True)
    ]  # fmt: skip
    head = (unit, "Selections", *heads(report, "Net"), *heads(report, "Total"), *heads(report, "Drawdown"))
    yield pair("\n".join(pictures), table("Net profit and drawdown", head, rows, Kinds(0, set(range(1, len(head))))))
    yield from _nets(report)


def _nets(report: ReplayReport) -> Iterator[str]:
    """How sure the profit is."""
    yield "<h2>How sure the profit is</h2>"
    found = [
        (f"Net {letter}".strip(), CLASSES[place], result.totals.net, result.net_interval)
        for place, (letter, result) in enumerate(zip(letters_of(report), report.results, strict=True))
    ]
    races = report.results[0].races
    yield _sure("Net profit with its interval", found, races, "")
    if report.comparison is not None:
        # On a scale of its own: it is small beside what each makes.
        more = [("B - A", CLASSES[1], report.comparison.net_shown, report.comparison.net_interval)]
        yield "<p>What B makes more than A, race by race, so that what both win or lose says nothing:</p>"
        yield _sure("Net profit of B less that of A, with its interval", more, races, "")


def _beat(report: ReplayReport) -> Iterator[str]:
    yield "<h2>Starting-price beat</h2>"
    found = [
        (f"SP beat {letter}".strip(), CLASSES[place], percent, result.beat_interval)
        for place, (letter, result) in enumerate(zip(letters_of(report), report.results, strict=True))
        if (percent := result.totals.beat_percent) is not None
    ]
    if not found:
        yield "<p>Nothing was matched on a selection with a starting price.</p>"
        return
    yield _sure("Starting-price beat with its interval", found, report.results[0].races, " %")


def _sure(name: str, found: Sequence[tuple[str, str, Decimal, Interval | None]], races: int, unit: str) -> str:
    """Amounts with their intervals, as a picture and its table."""
    rows = [(label, signed_text(amount) + unit, interval_text(one, races, unit)) for label, _, amount, one in found]
    middles = [
        Middle(label, kind, amount, one, ": ".join(row[:2]))
        for (label, kind, amount, one), row in zip(found, rows, strict=True)
    ]
    shown = table(name, ("", "Came to", INTERVAL), rows, Kinds(0, {1, 2}))
    return pair(intervals_picture(name, middles, unit), shown)


def _bands(report: ReplayReport) -> Iterator[str]:
    yield "<h2>Matched of what was sent, by time to the off</h2>"
    rows = [row for row in zip(*(result.bands for result in report.results), strict=True) if any(b.orders for b in row)]
    if not rows:
        yield "<p>No order was sent.</p>"
        return
    bars = [
        (
            row[0].label,
            [
                Bar(CLASSES[place], one.risk_matched, one.risk_sent, f"{letter} {share}".strip())
                for place, (letter, one) in enumerate(zip(letters_of(report), row, strict=True))
                for share in [share_percent(one.risk_matched, one.risk_sent)]
            ],
        )
        for row in rows
    ]
    cells = [
        (row[0].label, *(str(one.orders) for one in row), *(money_text(one.risk_sent) for one in row),
         *(money_text(one.risk_matched) for one in row))
        for row in rows
    ]  # fmt: skip
    head = ("Time to the off", *heads(report, "Orders"), *heads(report, "Risk sent"), *heads(report, "Matched"))
    name = "Risk matched of what was sent"
    yield pair(bars_picture(name, bars), table(name, head, cells, Kinds(0, set(range(1, len(head))))))


def _reasons(report: ReplayReport) -> Iterator[str]:
    yield "<h2>What stopped selections</h2>"
    counts = [dict(result.reasons) for result in report.results]
    reasons = sorted({one for own in counts for one in own}, key=lambda one: (-max(c.get(one, 0) for c in counts), one))
    if not reasons:
        yield "<p>Nothing: all selections stayed valid.</p>"
        return
    shown = reasons[:_MOST_REASONS]
    letters = letters_of(report)
    bars = [
        (
            _clip(reason),
            [
                Bar(CLASSES[place], Decimal(own.get(reason, 0)), None, f"{letters[place]} {own.get(reason, 0)}".strip())
                for place, own in enumerate(counts)
            ],
        )
        for reason in shown
    ]
    rows = [(_clip(reason), *(str(own.get(reason, 0)) for own in counts)) for reason in shown]
    name = "Selections stopped by each reason"
    head = ("Reason", *heads(report, "Selections"))
    yield pair(bars_picture(name, bars), table(name, head, rows, Kinds(0, {1, 2}, {0})))
    yield from _left_out(len(reasons), len(shown), "reasons")


def _picks(report: ReplayReport, zone: tzinfo) -> Iterator[str]:
    yield "<h2>Selections</h2>"
    picks = report.results[0].replay.selections
    known = [one for one in picks if one.orders or one.invalidated_at is not None]
    if not known:
        yield "<p>No selection had an order or was invalidated.</p>"
        return
    # The largest amounts are what a person looks for; they are shown in the order of the day.
    kept = sorted(range(len(known)), key=lambda place: (-abs(known[place].net), place))[:MOST_ROWS]
    rows = [_clipped(pick_cells(known[place], zone)) for place in sorted(kept)]
    yield table("Selections", PICK_HEAD, rows, Kinds(2, PICK_NUMBERS, long=len(PICK_HEAD) - 1))
    yield from _left_out(len(known), len(rows), "selections, those with the smallest net")


def _differences(report: ReplayReport, zone: tzinfo) -> Iterator[str]:
    yield "<h2>What differs, and why</h2>"
    if not report.explained:
        yield "<p>Nothing: the two policies do the same.</p>"
        return
    counts = [(", ".join(one.names), str(one.picks), signed_text(one.net)) for one in report.causes]
    shown = [_clipped(row) for row in counts[:MOST_ROWS]]
    yield table("Differences by cause", ("Because of", "Selections", "Net B - A"), shown, Kinds(0, {1, 2}, {0}))
    yield from _left_out(len(counts), len(shown), "causes")
    order = sorted(
        range(len(report.explained)), key=lambda place: (-abs(report.explained[place].difference.net), place)
    )
    kept = [report.explained[place] for place in sorted(order[:MOST_ROWS])]
    rows = []
    for one in kept:
        lines = [line.strip() for cause in one.causes for line in cause_lines(cause)]
        told = "; ".join(lines[:_MOST_CONDITIONS]) + (" …" if len(lines) > _MOST_CONDITIONS else "")
        rows.append(_clipped((*difference_cells(one, zone)[:-1], told)))
    yield "<p>Each selection at the first moment at which the two differ:</p>"
    yield table(
        "Selections that differ", DIFFERENCE_HEAD, rows, Kinds(2, DIFFERENCE_NUMBERS, {5, 6}, len(DIFFERENCE_HEAD) - 1)
    )
    yield from _left_out(len(report.explained), len(rows), "selections, those with the smallest difference")


def _problems(report: ReplayReport) -> Iterator[str]:
    for name, problems in (("Not exactly", report.remarks), ("Not replayed", report.problems)):
        if problems:
            yield f"<h2>{name}</h2>"
            lines = list(problem_lines(problems))
            yield "<ul>" + "".join(f"<li>{text(_clip(one))}</li>" for one in lines[:_MOST_PROBLEMS]) + "</ul>"
            yield from _left_out(len(lines), min(len(lines), _MOST_PROBLEMS), "problems")


def _left_out(count: int, shown: int, what: str) -> Iterator[str]:
    if count > shown:
        yield f'<p class="soft">Left out here: {count - shown} of {count} {text(what)}; --json has all of them.</p>'


def _clipped(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(_clip, cells))


def _clip(shown: str) -> str:
    """Down to what a cell may take of the page, where one character may take six."""
    if len(text(shown).encode()) <= _LONGEST_CELL:
        return shown
    kept = shown[:_LONGEST_CELL]
    while len(text(kept).encode()) >= _LONGEST_CELL:
        kept = kept[:-1]
    return f"{kept}…"
