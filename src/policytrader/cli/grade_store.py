"""``policytrader grade`` over a store: one look or a watch, with progress, and what it came to."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.grading.grade_file import grade_document
from policytrader.app.grading.watch import watch as watch_bets
from policytrader.cli.context import FINE, OUT_OF_REACH, Context, print_json
from policytrader.cli.finding_text import finding_document, print_finding
from policytrader.cli.signals import StopFlag, stopped_by_signals
from policytrader.cli.words import counted
from policytrader.errors import StoreError, printable
from policytrader.model.money import money_text
from policytrader.wiring import system_clock
from policytrader.wiring.bets import open_bet_store
from policytrader.wiring.grading import ALL_DAY, opened_feed, opened_settler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policytrader.app.grading.settle import FixtureLook, Round, SettledBet
    from policytrader.cli.tracker import TrackerPlace
    from policytrader.policy.grading.grading_set import GradingSet

ROUND_SCHEMA = "policytrader/grading-round/1"
KEPT = "feed"
"""The folder, beside the project's, where the feed's answers are kept: they are the evidence of what was settled."""


def grade_store(context: Context, rules: GradingSet, place: TrackerPlace, *, watch: bool, as_json: bool) -> int:
    """Look once, or again and again; exit code 4 where the feed or the store answered nothing at all."""
    stop = StopFlag()
    clock = system_clock(stop, at=context.now)
    with (
        closing(open_bet_store(place.address, place.database)) as store,
        opened_feed(rules, clock, ALL_DAY, context.path(KEPT)) as feed,
        opened_settler(store, feed, feed, rules, clock) as settler,
        stopped_by_signals(stop.handle),
    ):
        if watch:
            with _progress(context) as progress:
                watch_bets(
                    settler,
                    clock,
                    rules.grading.schedule,
                    owner=place.owner_or_all,
                    is_stopping=stop,
                    progress=progress,
                    tell=lambda found, seconds: _tell(found, seconds, as_json=as_json),
                )
            return FINE
        with _progress(context) as progress:
            found = settler.look(place.owner_or_all, progress, stop)
    _print_round(found, as_json=as_json)
    return OUT_OF_REACH if found.is_unanswered else FINE


def _tell(found: Round | StoreError, seconds: float, *, as_json: bool) -> None:
    if isinstance(found, StoreError):
        click.echo(f"error: {found.render()}", err=True)
    else:
        _print_round(found, as_json=as_json)
    if not as_json:
        click.echo(f"next look in {seconds:.0f} s")


def _print_round(found: Round, *, as_json: bool) -> None:
    if as_json:
        print_json({"schema": ROUND_SCHEMA, **_document(found)})
        return
    for one in found.settled:
        click.echo(printable(_line(one)))
    print_finding(found.finding)
    for look in found.failures:
        click.echo(printable(f"warning: fixture {look.fixture_id}: {look.failure}"), err=True)
    for given_up in found.given_up:
        lost = counted(given_up.bet_count, "bet")
        click.echo(
            printable(
                f"warning: fixture {given_up.fixture_id}: given up, {lost} pending; "
                "settle by hand with `policytrader bets result`"
            ),
            err=True,
        )
    kept = sum(look.is_cached for look in found.looks)
    fixtures = counted(len(found.looks), "fixture") + (f" ({kept} from kept answers)" if kept else "")
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(found.pending_by_reason().items()))
    left = f", {found.pending_count} pending ({reasons})" if reasons else ""
    settled = counted(len(found.settled) - len(found.corrected), "bet")
    click.echo(f"{fixtures}: {settled} settled{left}{_again(found)}")


def _line(one: SettledBet) -> str:
    bet, grade = one.bet, one.grade
    who = bet.player_name or bet.team or ""
    was = f", was {one.before}" if one.is_corrected else ""
    outcome = f"{grade.status}  {money_text(grade.profit_loss)}"
    return f"{bet.bet_id}  {who}  {bet.market}  {outcome}  [{bet.result.reason}, {grade.rule}]{was}"


def _again(found: Round) -> str:
    """How many results were looked at again, where any was."""
    if not found.again_count:
        return ""
    return f"; {counted(found.again_count, 'settled bet')} looked at again, {len(found.corrected)} changed"


def _document(found: Round) -> dict[str, Any]:
    return {
        "fixtures": len(found.looks),
        "from_kept_answers": sum(look.is_cached for look in found.looks),
        "settled": [_settled_document(one) for one in found.settled if not one.is_corrected],
        "again": found.again_count,
        "corrected": [_settled_document(one) | {"before": one.before} for one in found.corrected],
        "pending": {reason.value: count for reason, count in sorted(found.pending_by_reason().items())},
        "failures": [{"fixture_id": look.fixture_id, "failure": look.failure} for look in found.failures],
        "given_up": [one.fixture_id for one in found.given_up],
        **finding_document(found.finding),
    }


def _settled_document(one: SettledBet) -> dict[str, Any]:
    return {"bet_id": one.bet.bet_id, "user_id": one.bet.user_id, **grade_document(one.grade)}


@contextmanager
def _progress(context: Context) -> Iterator[Callable[[FixtureLook, int, int], None]]:
    """A bar on stderr, where somebody looks."""
    console = context.console(stderr=True)
    if not (context.verbosity and console.is_terminal):
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("fixtures", total=None)
        yield lambda _, number, total: bar.update(task, completed=number, total=total)
