"""Grades on the screen, as ``grade`` prints them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from policytrader.errors import printable
from policytrader.model.fixture import Period, TeamSide
from policytrader.model.money import money_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.app.grading.bet_file import BetRow
    from policytrader.errors import LayoutUnknownError
    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import Grade

_SHORT = 12
_TRUTHS = {True: "TRUE", False: "false", None: "unknown"}


def print_grades(
    policy_hash: str,
    graded: Sequence[tuple[BetRow, Grade]],
    match: Fixture | LayoutUnknownError,
    *,
    explain: bool,
) -> None:
    """A line for each row, with the match above and the counts below."""
    click.echo(printable(f"{_match_line(match)}  policy {policy_hash[:_SHORT]}"))
    if explain and not isinstance(match, Exception):
        _print_answer(match)
    for row, grade in graded:
        click.echo(printable(f"{row.row:>4}  {_line(row, grade)}"))
        if grade.suggestions:
            nearest = ", ".join(f"{one.name} ({one.score:.0f})" for one in grade.suggestions)
            click.echo(printable(f"      nearest of 100: {nearest}"))
        if explain:
            _print_trace(grade)
    counts = Counter(grade.status.value for _, grade in graded)
    click.echo(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))


def _print_answer(match: Fixture) -> None:
    """What the match's answer holds, and where its players do not add up: there no missing number is read as zero."""
    known = match.completeness
    parts = (
        ("team statistics", known.has_team_stats),
        ("player statistics", known.has_player_stats),
        ("shot map", known.has_shots),
    )
    held = ", ".join(name for name, is_there in parts if is_there) or "no statistics"
    periods = ", ".join(period for period in Period if period in match.available_periods) or "none"
    click.echo(printable(f"      answer of {match.source.feed}, layout {known.layout}: {held}; periods: {periods}"))
    for side in TeamSide:
        short = sorted(stat for stat, fits in known.reconciled.items() if fits.get(side) is False)
        if short:
            name = match.teams[side].name
            click.echo(printable(f"      players of {name} do not add up to the team's figure: {', '.join(short)}"))


def _print_trace(grade: Grade) -> None:
    """Every rule with what it said, the values that the rules saw, and where they were read."""
    for one in grade.rules:
        mark = "->" if one.rule_id == grade.rule else "  "
        click.echo(printable(f"      {mark} {one.rule_id:<24} {_TRUTHS[one.truth]}"))
    for name, value in grade.values.items():
        if value is not None:
            click.echo(printable(f"         {name} = {value}"))
    for path in grade.source_paths:
        click.echo(printable(f"         read at {path}"))


def _match_line(match: Fixture | LayoutUnknownError) -> str:
    if isinstance(match, Exception):
        return "no match"
    home, away = match.teams[TeamSide.HOME], match.teams[TeamSide.AWAY]
    score = "" if match.score is None else f"{match.score[TeamSide.HOME]}-{match.score[TeamSide.AWAY]} "
    return f"{home.name} {score}{away.name}  {match.status}"


def _line(row: BetRow, grade: Grade) -> str:
    if row.bet is None:
        return f"pending    {grade.reason}: {grade.problem}"
    who = f"{row.bet.player_name}, " if row.bet.player_name else ""
    line = "" if row.bet.line is None else f" {row.bet.line.normalize():f}"
    period = f" {row.bet.period}" if row.bet.period else ""
    what = f"{who}{row.bet.market} {row.bet.direction or '?'}{line}{period}"
    actual = "" if grade.actual_value is None else f"  actual {grade.actual_value}"
    money = f"  {money_text(grade.profit_loss)}" if grade.status.is_settled else ""
    problem = f": {grade.problem}" if grade.problem else ""
    return f"{grade.status:<10} {what}{actual}{money}  [{grade.reason}{problem}, {grade.rule or 'no rule asked'}]"
