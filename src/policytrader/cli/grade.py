"""``policytrader grade``: settle tracked bets, once or again and again; or grade a file of bets against one match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policytrader.app.grading.bet_file import read_bet_file
from policytrader.app.grading.grade_file import grade_document, grade_rows, match_document
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.grade_text import print_grades
from policytrader.cli.tracker import TrackerPlace, tracker_options
from policytrader.cli.trading import json_option
from policytrader.errors import LayoutUnknownError, UsageError
from policytrader.policy.grading.overrides import with_setting
from policytrader.wiring import system_clock
from policytrader.wiring.grading import grading_folder, read_grading, read_match

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.grading_set import GradingSet

GRADES_SCHEMA = "policytrader/grades/1"


@click.command(short_help="Settle tracked bets from match statistics, or grade a file of bets.")
@click.option("--fixture", metavar="FILE", help="A match's answer as the feed gave it: grade --bets against it.")
@click.option("--bets", metavar="FILE", help="With --fixture: the bets, as CSV.")
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option("--policy", metavar="DIR", help="The grading rules; default: the project's own.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another value of a setting, for now.")
@click.option("--explain", is_flag=True, help="Show every rule and value behind each grade.")
@tracker_options
@json_option
@click.pass_obj
def command(
    context: Context,
    fixture: str | None,
    bets: str | None,
    watch: bool,
    policy: str | None,
    settings: tuple[str, ...],
    explain: bool,
    place: TrackerPlace,
    as_json: bool,
) -> int:
    """Grade tracked bets by the rules in rules/football.

    Without --fixture: every pending bet in the store whose match should be over is looked up at the feed
    (POLICYTRADER_FOTMOB_URL, default the real one), each match once, and settled where the rules can tell. What they
    cannot tell stays pending, with the reason. Then matches whose bets got their results inside regrade_window are
    looked up again, every regrade_every at most: a number that the feed corrected changes an automatic result.

    With --fixture and --bets nothing is fetched and nothing stored: each row of the CSV (market, player_or_team,
    direction, threshold; and, where wanted, period, odds, stake, bookmaker) is graded against that match.
    """
    rules = _rules(context, policy, settings)
    if fixture is None and bets is None:
        from policytrader.cli.grade_store import grade_store

        return grade_store(context, rules, place, watch=watch, as_json=as_json)
    if fixture is None or bets is None:
        message = "--fixture and --bets belong together: the match, and the bets on it"
        raise UsageError(message)
    if watch:
        message = "--watch settles the bets in a store; a file is graded once"
        raise UsageError(message)
    return _grade_files(context, rules, context.path(fixture), context.path(bets), explain=explain, as_json=as_json)


def _grade_files(
    context: Context, rules: GradingSet, fixture: Path, bets: Path, *, explain: bool, as_json: bool
) -> int:
    rows = read_bet_file(bets, lambda found: context.note(f"warning: {found.render()}"))
    now = system_clock(at=context.now).now()
    match: Fixture | LayoutUnknownError
    try:
        match = read_match(fixture, now)
    except LayoutUnknownError as error:
        context.note(f"warning: {error}")
        match = error
    graded = grade_rows(rules, rows, match, now, explain=explain)
    if as_json:
        grades = [{"row": row.row, **grade_document(grade, explain=explain)} for row, grade in graded]
        shown = {"match": None if isinstance(match, LayoutUnknownError) else match_document(match)} if explain else {}
        print_json({"schema": GRADES_SCHEMA, "policy": {"hash": rules.hash}, **shown, "grades": grades})
    else:
        print_grades(rules.hash, graded, match, explain=explain)
    return FINE


def _rules(context: Context, folder: str | None, settings: Iterable[str]) -> GradingSet:
    rules = read_grading(grading_folder(context.project, folder))
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            message = f"--set {setting}: write NAME=VALUE, for example participation=must_start"
            raise UsageError(message)
        rules = with_setting(rules, name.strip(), value.strip())
    return rules
