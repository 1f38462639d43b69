"""A replay on a terminal or a pipe: one policy, or two and what they differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.replay.told import made_lines, problem_lines
from policytrader.cli.columns import aligned
from policytrader.cli.replay_words import (
    DIFFERENCE_HEAD,
    DIFFERENCE_NUMBERS,
    LETTERS,
    PICK_HEAD,
    PICK_NUMBERS,
    breakdown_tables,
    cause_lines,
    difference_cells,
    head_lines,
    letters_of,
    pick_cells,
    policy_lines,
    single_lines,
    total_rows,
    verdict_line,
)
from policytrader.cli.report_words import signed_text
from policytrader.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from policytrader.app.replay.report import ReplayReport

MOST_ROWS = 40
MOST_GROUPS = 14
_BROKEN_DOWN = frozenset({"day", "bet"})
"""What is shown here; the page and --json have the others too."""
_MOST_PROBLEMS = 20


def replay_lines(report: ReplayReport, zone: tzinfo, most: int = MOST_ROWS) -> Iterator[str]:
    """The report as lines; of selections the first ``most``, and how many are left out."""
    yield from map(printable, head_lines(report, zone))
    yield from map(printable, policy_lines(report))
    yield from made_lines(report.results[0].replay.made)
    yield ""
    rows = [(row.name, *row.values, row.more) for row in total_rows(report)]
    if report.comparison is None:
        yield from aligned([row[:2] for row in rows])
    else:
        yield from aligned([("", *LETTERS, "B - A"), *rows], {1, 2, 3})
    for letter, result in zip(letters_of(report), report.results, strict=True):
        yield from (printable(f"{letter} {name:<9}  {line}".lstrip()) for name, line in single_lines(result))
    for by, head, lines in breakdown_tables(report, MOST_GROUPS):
        if by in _BROKEN_DOWN:
            yield ""
            yield from aligned([head, *lines], set(range(1, len(head))))
    yield ""
    yield from _picks(report, zone, most) if report.comparison is None else _differences(report, zone, most)
    yield from _problems(report)


def _picks(report: ReplayReport, zone: tzinfo, most: int) -> Iterator[str]:
    picks = report.results[0].replay.selections
    shown = [one for one in picks if one.orders or one.invalidated_at is not None]
    if shown:
        yield from aligned([PICK_HEAD, *(pick_cells(one, zone) for one in shown[:most])], PICK_NUMBERS)
    yield from _left_out(len(shown), most)
    if len(shown) < len(picks):
        yield f"{len(picks) - len(shown)} without an order or an invalidation"


def _differences(report: ReplayReport, zone: tzinfo, most: int) -> Iterator[str]:
    yield verdict_line(report)
    if not report.explained:
        return
    yield ""
    counts = [(str(one.picks), signed_text(one.net), ", ".join(one.names)) for one in report.causes]
    yield from aligned([("Picks", "Net B - A", "Because of"), *counts], {0, 1})
    yield ""
    shown = report.explained[:most]
    rows = list(aligned([DIFFERENCE_HEAD, *(difference_cells(one, zone) for one in shown)], DIFFERENCE_NUMBERS))
    yield rows[0]
    for line, one in zip(rows[1:], shown, strict=True):
        yield line
        yield from (printable(f"    {told}") for cause in one.causes for told in cause_lines(cause))
    yield from _left_out(len(report.explained), most)


def _left_out(count: int, most: int) -> Iterator[str]:
    if count > most:
        yield f"… and {count - most} more: --json has all of them"


def _problems(report: ReplayReport) -> Iterator[str]:
    """What could not be replayed is told last, where it is seen."""
    for name, problems in (("not exactly", report.remarks), ("not replayed", report.problems)):
        if problems:
            yield ""
            yield f"{name}: {len(problems)}"
            lines = list(problem_lines(problems))
            yield from (f"  {one}" for one in lines[:_MOST_PROBLEMS])
            yield from _left_out(len(lines), _MOST_PROBLEMS)
