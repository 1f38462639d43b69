"""``policytrader explain``: every rule and condition behind one decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.decision_text import head_line, stored_document
from policytrader.cli.plan_text import NOTHING, do_text
from policytrader.cli.sources import Source, scenario_policy, snapshots_of, source_options
from policytrader.cli.trading import opened_store, profile_of, store_option
from policytrader.engine.explain import NOT_APPLICABLE, Explanation, LeafSeen, RuleSeen, explain
from policytrader.errors import UsageError, printable
from policytrader.model.money import money_text
from policytrader.model.times import format_utc
from policytrader.wiring import policy_at

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from policytrader.app.decided import Decided

EXPLANATION_SCHEMA = "policytrader/explanation/1"


@click.command(short_help="Show every rule and condition behind one decision.")
@click.argument("selection", required=False)
@click.argument("snapshots", nargs=-1, metavar="[SNAPSHOT]")
@click.option("--policy", metavar="DIR", help="Rules to use.")
@source_options
@click.option("--decision", "decision_id", metavar="ID", help="Explain a decision of the log, by its stored inputs.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.option("--no-protections", is_flag=True, help="Leave the protections out.")
@click.pass_obj
def command(
    context: Context,
    selection: str | None,
    snapshots: tuple[str, ...],
    policy: str | None,
    recording: str | None,
    at: str | None,
    captured_at: str | None,
    selections: str | None,
    decision_id: str | None,
    url: str | None,
    as_json: bool,
    no_protections: bool,
) -> int:
    """Show every rule, with the values seen and where it is written, behind the decision on SELECTION.

    With --decision: behind a decision of the log (`policytrader decisions` lists them), made again from its stored
    inputs by the stored policy, and the orders that followed from it. Exit code 1 where it is decided otherwise now.
    """
    from policytrader.engine.evaluate import evaluate

    if decision_id is not None:
        others = (selection, *snapshots, policy, recording, at, captured_at, selections)
        if no_protections or any(one is not None for one in others):
            message = "--decision goes without a selection, a snapshot, --policy, --recording and --no-protections"
            raise UsageError(message)
        return _explain_stored(context, decision_id, url, as_json=as_json)
    if selection is None:
        message = "name a selection, and the snapshot that it is in; or --decision ID for one of the log"
        raise UsageError(message)
    if len(snapshots) > 1:
        message = "one snapshot at a time can be explained"
        raise UsageError(message)
    source = Source(snapshots, recording, at, captured_at, selections)
    for folder, snapshot in snapshots_of(source, context):
        used = policy_at(policy or scenario_policy(snapshot, folder, context), context.project)
        currency = profile_of(context).currency
        plan = evaluate(used, snapshot, protections=not no_protections, explain=True, currency=currency)
        try:
            explanation = explain(plan, plan[selection])
        except KeyError:
            known = ", ".join(decision.selection.selection_ref for decision in plan.decisions[:20])
            message = f"no selection `{selection}` in {folder}; it has {known or 'none'}"
            raise UsageError(message) from None
        if as_json:
            print_json(to_dict(explanation))
        else:
            click.echo("\n".join(map(printable, lines(explanation, context.zone))))
    return FINE


def _explain_stored(context: Context, decision_id: str, url: str | None, *, as_json: bool) -> int:
    from policytrader.app.decided import read_decided
    from policytrader.engine.evaluate import evaluate

    with opened_store(context, url) as store:
        decided = read_decided(store, decision_id)
    currency = profile_of(context).currency
    plan = evaluate(decided.policy, decided.snapshot, explain=True, currency=currency)
    explanation = explain(plan, decided.again(plan))
    different = decided.differences(plan)
    if as_json:
        print_json(to_dict(explanation) | {"stored": stored_document(decided) | {"differences": list(different)}})
    else:
        told = (
            head_line(context, decided),
            *lines(explanation, context.zone),
            *_order_lines(decided),
            *(f"not what was stored: {one}" for one in different),
        )
        click.echo("\n".join(map(printable, told)))
    return FINDINGS if different else FINE


def _order_lines(decided: Decided) -> Iterable[str]:
    if not decided.orders:
        yield "no order followed from it"
    for entry in decided.orders:
        one = entry.intent
        yield f"order {one.ref}  {entry.state}  {one.purpose}: {one.side} {one.size} @ {one.price}"


def lines(explanation: Explanation, zone: tzinfo) -> Iterable[str]:
    """The explanation for people."""
    decision = explanation.decision
    selection, stake, price = decision.selection, decision.stake, decision.price
    name = selection.runner_name or selection.selection_id
    off = f"{selection.race_time.astimezone(zone):%H:%M %Z}"
    yield f"{selection.selection_ref}  {name}  {selection.side} {selection.market_type}  {off}"
    for kind in ("validation", "cash_out", "entry"):
        yield kind
        for rule in explanation.rules:
            if rule.kind == kind:
                yield from _rule_lines(rule)
    for out in explanation.removed:
        when = f" at {out.removed_at.astimezone(zone):%H:%M:%S}" if out.removed_at else ""
        captured = (
            f", {money_text(out.reference_price)} in the capture"
            if out.reference_price
            else ", no price in the capture"
        )
        yield f"withdrawn: {out.runner_name}{when}{captured}"
    yield (
        f"stake  step {stake.step or NOTHING}: target {money_text(stake.target)}, cap {money_text(stake.cap)}, "
        f"have {money_text(stake.exposure)}, remaining {money_text(stake.remaining)}"
    )
    available = "nothing" if price.available is None else money_text(price.available)
    depth = "" if price.depth is None else f" for {money_text(price.depth)}"
    met = "met" if price.meets else "not met"
    yield f"price  want {money_text(price.requested)}, offered {available}{depth}: {met}"
    verdict = f"{decision.verdict}" + (f" ({decision.rule}: {decision.reason})" if decision.reason else "")
    yield f"-> {verdict} -> {decision.action}: {do_text(decision, None)}"


def _rule_lines(rule: RuleSeen) -> Iterable[str]:
    truth = rule.truth.upper() if rule.truth != NOT_APPLICABLE else rule.truth
    yield f"  {rule.id:<28} {truth:<15} {rule.place or ''}"
    yield f"      {rule.title}"
    if rule.truth in {"true", "unknown"}:
        yield f"      why: {rule.why}"
    for leaf in rule.leaves:
        yield _leaf_line(leaf)


def _leaf_line(leaf: LeafSeen) -> str:
    seen = "missing" if leaf.seen is None and not leaf.note else leaf.seen or leaf.note
    extra = f"  ({leaf.note})" if leaf.note and leaf.seen is not None else ""
    if leaf.field is None:
        return f"      {leaf.text}: {leaf.seen or 'not by these'}  {leaf.truth}"
    return f"      {leaf.field:<34} {seen} {leaf.text}{extra}  {leaf.truth}"


def to_dict(explanation: Explanation) -> dict[str, Any]:
    """The explanation as one document."""
    return {
        "schema": EXPLANATION_SCHEMA,
        "decision": explanation.decision.to_dict(),
        "rules": [
            {
                "kind": rule.kind,
                "id": rule.id,
                "title": rule.title,
                "why": rule.why,
                "truth": rule.truth,
                "place": str(rule.place) if rule.place else None,
                "leaves": [
                    {
                        "field": leaf.field,
                        "seen": leaf.seen,
                        "condition": leaf.text,
                        "truth": leaf.truth,
                        "note": leaf.note,
                        "place": str(leaf.place) if leaf.place else None,
                    }
                    for leaf in rule.leaves
                ],
            }
            for rule in explanation.rules
        ],
        "removed": [
            {
                "selection_id": out.selection_id,
                "runner_name": out.runner_name,
                "reference_price": None if out.reference_price is None else f"{money_text(out.reference_price)}",
                "removed_at": None if out.removed_at is None else format_utc(out.removed_at),
            }
            for out in explanation.removed
        ],
    }
