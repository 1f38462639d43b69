"""``policytrader demo``: a made-up race through the morning, ladder steps and a withdrawal. No network, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from policytrader.app.made_up_race import Moment, moments
from policytrader.cli.context import FINE, Context, print_json
from policytrader.cli.explain import lines as explanation_lines
from policytrader.cli.plan_text import plan_lines
from policytrader.engine.evaluate import Engine
from policytrader.engine.explain import explain
from policytrader.resources import resource
from policytrader.wiring import policy_at

if TYPE_CHECKING:
    from policytrader.engine.plan import Plan

DEMO_SCHEMA = "policytrader/demo/1"


@click.command(short_help="Walk a made-up race through the morning, a ladder step, a withdrawal.")
@click.option("--policy", metavar="DIR", help="Rules to use; default: the shipped ones.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def command(context: Context, policy: str | None, as_json: bool) -> int:
    """Walk a made-up race through the day: the same rules, the same statement, four snapshots."""
    used = policy_at(policy or str(resource("rules")), context.project)
    documents: list[dict[str, Any]] = []
    with Engine(used, explain=True) as engine:
        for moment in moments():
            plan = engine.evaluate(moment.snapshot)
            documents.append({"title": moment.title, "plan": plan.to_dict()})
            if not as_json:
                _show(context, moment, plan)
        last = engine.evaluate(moments()[-1].snapshot)
    if as_json:
        print_json({"schema": DEMO_SCHEMA, "moments": documents})
        return FINE
    click.echo("Why? `policytrader explain` shows every rule with the values it saw:\n")
    click.echo("\n".join(explanation_lines(explain(last, last["kingmaker-place"]), context.zone)))
    click.echo(
        "\nYours next:\n"
        "  policytrader init my-rules                 a complete set of rules, and this race as a scenario\n"
        "  policytrader -C my-rules validate          change a number in rules/racing/staking.yaml, then ask\n"
        "  policytrader -C my-rules evaluate scenarios/first"
    )
    return FINE


def _show(context: Context, moment: Moment, plan: Plan) -> None:
    click.echo(moment.title)
    shown = list(plan_lines(plan, context.zone, mode="DEMO  no exchange", rules="as shipped", color=context.has_color))
    click.echo("\n".join(shown[:1] + shown[2:]) + "\n")
