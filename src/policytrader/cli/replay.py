"""``policytrader replay``: what a policy would have done over recorded races, and what another would have done."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.progress import work_bar
from policytrader.cli.recorded import recording_folder
from policytrader.cli.trading import json_option
from policytrader.cli.written import check_targets, write_text
from policytrader.errors import UsageError
from policytrader.model.times import parse_utc
from policytrader.wiring import policy_at, policy_folder

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from policytrader.app.replay.report import ReplayReport, Source
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.workers import Progress
    from policytrader.wiring.replays import Question

_PAIR = 2
_DURATION = re.compile(r"[1-9][0-9]{0,5}[hms]")
_CADENCES = ("change", "schedule")


@click.command(short_help="Run a policy over recorded races; two policies: what differs, and why.")
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...")
@click.option("--selections", metavar="FILE", help="The picks: a CSV as of `evaluate --recording`.")
@click.option("--select", "select_file", metavar="FILE", help="Or a rule that picks: a YAML of the kind selections.")
@click.option("--policy", "policies", multiple=True, metavar="DIR|git:REV", help="The rules; twice compares two.")
@click.option(
    "--cadence", default="schedule", show_default=True, metavar="15s|change|schedule",
    help="Ticks so far apart, at every change of a race, or as each policy's schedule has them.",
)  # fmt: skip
@click.option(
    "--capture", metavar="8h|ISO",
    help="When picks of a file are made: so long before the off (8h without it), or at this moment.",
)  # fmt: skip
@click.option("--jobs", type=int, metavar="N", help="Processes; without it as many as there are processors.")
@click.option("--cluster", metavar="tcp://HOST:PORT", help="The workers of a Dask scheduler do it (extra: cluster).")
@click.option("--html", "html_file", metavar="FILE", help="Also write one self-contained page, with pictures.")
@click.option(
    "--orders", "orders_file", metavar="FILE", help="Also write every order that was sent as CSV, one row each."
)
@json_option
@click.pass_obj
def command(
    context: Context,
    recordings: tuple[str, ...],
    selections: str | None,
    select_file: str | None,
    policies: tuple[str, ...],
    cadence: str,
    capture: str | None,
    jobs: int | None,
    cluster: str | None,
    html_file: str | None,
    orders_file: str | None,
    as_json: bool,
) -> int:
    """Replay each RECORDING, a folder that `recording import` wrote.

    Orders are matched, settled and charged by the simulated exchange, and are those that `run` sends on it at the same
    cadence. With two policies: totals side by side, the selections that differ, and the rule that made the difference.
    The exit code is 1 where some of the picks could not be replayed, and 2 where none could.
    """
    check_targets(context, html=html_file, orders=orders_file)
    named = _named(context, policies)
    folders = [recording_folder(context, name) for name in recordings]
    first = _question(context, named[0][1], selections, select_file, cadence=cadence, capture=capture)
    questions = [replace(first, policy=policy) for _, policy in named]
    with work_bar(context, "replaying") as progress:
        report = _report(named, questions, folders, jobs=jobs, cluster=cluster, progress=progress)
    report = replace(report, source=_source(select_file or selections or "", first))
    if as_json:
        from policytrader.cli.replay_document import document_of

        print_json(document_of(report))
    else:
        from policytrader.cli.replay_text import replay_lines

        click.echo("\n".join(replay_lines(report, context.zone)))
    if html_file is not None:
        from policytrader.cli.replay_html import html_of

        write_text("--html", context.path(html_file), html_of(report, context.zone))
    if orders_file is not None:
        from policytrader.cli.replay_orders import orders_csv

        write_text("--orders", context.path(orders_file), orders_csv(report))
    return FINDINGS if report.problems else FINE


def _report(
    named: list[tuple[str, PolicySet]],
    questions: list[Question],
    folders: list[Path],
    *,
    jobs: int | None,
    cluster: str | None,
    progress: Progress | None,
) -> ReplayReport:
    from policytrader.app.replay.report import report_of, report_of_two
    from policytrader.wiring.replays import ask, snapshots_of

    found = [ask(question, folders, jobs=jobs, cluster=cluster, progress=progress) for question in questions]
    if len(found) < _PAIR:
        return report_of(found[0], named[0][0])
    (first, before), (second, after) = named
    inputs = snapshots_of(questions[0], folders, found[0])
    return report_of_two((found[0], found[1]), (first, second), (before, after), inputs)


def _named(context: Context, policies: tuple[str, ...]) -> list[tuple[str, PolicySet]]:
    if len(policies) > _PAIR:
        message = "two policies can be compared: give --policy once or twice"
        raise UsageError(message)
    names = policies or (str(policy_folder(context.project)),)
    return [(name, policy_at(name, context.project)) for name in names]


def _question(
    context: Context,
    policy: PolicySet,
    selections: str | None,
    select_file: str | None,
    *,
    cadence: str,
    capture: str | None,
) -> Question:
    from policytrader.authoring.families import SUFFIXES
    from policytrader.authoring.load import load_selections
    from policytrader.wiring.replays import DEFAULT_CAPTURE, Question, read_replay_picks

    if (selections is None) == (select_file is None):
        message = "--selections or --select: one of them says what is picked"
        raise UsageError(message)
    if select_file is not None and select_file.casefold().endswith(".csv"):
        message = f"--select {select_file}: this is a CSV: use --selections"
        raise UsageError(message)
    if selections is not None and selections.casefold().endswith(SUFFIXES):
        message = f"--selections {selections}: this is YAML: use --select"
        raise UsageError(message)
    if select_file is not None and capture is not None:
        message = "--capture goes with --selections; a rule of --select says itself when it picks (`at`)"
        raise UsageError(message)
    if cadence not in _CADENCES and not _DURATION.fullmatch(cadence):
        message = (
            f"--cadence {cadence}: a whole number of h, m or s, at least 1s, such as 15s or 1m; or change, or schedule"
        )
        raise UsageError(message)
    return Question(
        policy=policy,
        picks=() if selections is None else read_replay_picks(context.path(selections)),
        select=None if select_file is None else load_selections(context.path(select_file)),
        cadence=cadence,
        capture=_captured(capture or DEFAULT_CAPTURE),
    )


def _source(name: str, question: Question) -> Source:
    from policytrader.app.replay.report import Source

    select = question.select
    return Source(name, select is not None, question.capture if select is None else select.at)


def _captured(text: str) -> str | datetime:
    if _DURATION.fullmatch(text):
        return text
    try:
        return parse_utc(text)
    except ValueError as error:
        message = f"--capture {text}: {error}; or a whole number of h, m or s before the off, such as 8h"
        raise UsageError(message) from None
