"""A day's report on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.cli.columns import aligned
from policytrader.cli.report_words import HEAD, RIGHT, cells_of, control_text, summary_of
from policytrader.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policytrader.app.report import DayReport
    from policytrader.cli.context import Context


def report_lines(report: DayReport, context: Context, profile: str, where: Sequence[str] = ()) -> Iterator[str]:
    """The report for a terminal; ``where`` tells where else to look, for a day without picks."""
    yield f"{report.mode.upper()}  profile {profile}  report of {report.day.isoformat()}"
    yield from where
    if report.picks:
        yield from aligned([HEAD, *(cells_of(pick, context.zone) for pick in report.picks)], RIGHT)
        yield ""
    if report.picks or report.orders.decided:
        yield from (f"{name:<10}  {line}" for name, line in summary_of(report))
    for reason, count in report.reasons:
        yield printable(f"{'invalid':<10}  {count} {reason}")
    for control in report.controls:
        yield printable(f"{'lever':<10}  {control_text(control, context.zone)}")
