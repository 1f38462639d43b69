"""``policytrader evaluate``: the plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from policytrader.cli.context import CHANGES, FINE, Context, print_json
from policytrader.cli.plan_text import comparison_lines, plan_lines
from policytrader.cli.sources import Source, rules_name, scenario_policy, snapshots_of, source_options
from policytrader.config import load_profile
from policytrader.errors import UsageError
from policytrader.model.decision import Action
from policytrader.wiring import policy_at

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.snapshot import Snapshot
    from policytrader.policy.policy_set import PolicySet


_PAIR = 2  # policies that can be compared


@click.command(short_help="Show the plan: what would be done, and why.")
@click.argument("snapshots", nargs=-1, metavar="[SNAPSHOT]...")
@click.option("--policy", "policies", multiple=True, metavar="DIR", help="Rules to use; twice compares the two.")
@click.option("--against", metavar="DIR|git:REV", help="Show what the rules in use change against these.")
@source_options
@click.option("--json", "as_json", is_flag=True, help="One document a snapshot on stdout.")
@click.option("--out", metavar="FILE", help="Also write the JSON documents to a file.")
@click.option("--no-protections", is_flag=True, help="Leave the protections out: the policy's own logic.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 3 when something would be done or changes.")
@click.pass_obj
def command(
    context: Context,
    snapshots: tuple[str, ...],
    policies: tuple[str, ...],
    against: str | None,
    recording: str | None,
    at: str | None,
    captured_at: str | None,
    selections: str | None,
    as_json: bool,
    out: str | None,
    no_protections: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what would be done about every selection of a snapshot, and why. Nothing is ever sent.

    SNAPSHOT is a folder (snapshot.yaml and five tables); several give one document or table each.
    """
    names = _policy_names(policies, against)
    source = Source(snapshots, recording, at, captured_at, selections)
    loaded: dict[str, PolicySet] = {}
    documents: list[object] = []
    has_changes = False
    for folder, snapshot in snapshots_of(source, context):
        own = scenario_policy(snapshot, folder, context) if None in names else ""
        named = [name or own for name in names]
        used = [_load(name, context, loaded) for name in named]
        document, changed = _show(
            context, snapshot, used, named, protections=not no_protections, as_json=as_json, first=not documents
        )
        documents.append(document)
        has_changes = has_changes or changed
    if out is not None:
        _write(context.path(out), documents)
    return CHANGES if detailed_exitcode and has_changes else FINE


def _policy_names(policies: tuple[str, ...], against: str | None) -> tuple[str | None, ...]:
    if len(policies) + (against is not None) > _PAIR:
        message = "two policies can be compared: give --policy twice, or --policy and --against"
        raise UsageError(message)
    if "" in policies or against == "":
        message = "--policy and --against need a folder of rules or git:REV, not an empty name"
        raise UsageError(message)
    used: tuple[str | None, ...] = policies or (None,)
    return (against, *used) if against is not None else used


def _load(name: str, context: Context, loaded: dict[str, PolicySet]) -> PolicySet:
    if name not in loaded:
        loaded[name] = policy_at(name, context.project)
    return loaded[name]


def _show(
    context: Context,
    snapshot: Snapshot,
    used: list[PolicySet],
    names: list[str],
    *,
    protections: bool,
    as_json: bool,
    first: bool,
) -> tuple[object, bool]:
    from policytrader.app.comparison import compare_plans
    from policytrader.engine.evaluate import evaluate

    profile = load_profile(context.project, context.profile)
    plans = [
        evaluate(policy, snapshot, protections=protections, explain=not as_json, currency=profile.currency)
        for policy in used
    ]
    if not as_json and not first:
        click.echo()
    if len(plans) == _PAIR:
        comparison = compare_plans(*plans)
        document = comparison.to_dict()
        if as_json:
            print_json(document)
        else:
            click.echo("\n".join(comparison_lines(comparison, (names[0], names[1]))))
        return document, bool(comparison.changes)
    document = plans[0].to_dict()
    if as_json:
        print_json(document)
    else:
        mode = f"DRY RUN  profile {context.profile}" + ("" if protections else "  without protections")
        rules, color = rules_name(names[0], context), context.has_color
        click.echo("\n".join(plan_lines(plans[0], context.zone, mode=mode, rules=rules, color=color)))
    acts = {Action.PLACE, Action.CASH_OUT, Action.CANCEL}
    return document, any(decision.action in acts for decision in plans[0])


def _write(path: Path, documents: list[object]) -> None:
    try:
        path.write_text("".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents), "utf-8")
    except OSError as error:
        message = f"--out {path}: cannot be written: {error.strerror}"
        raise UsageError(message) from None
