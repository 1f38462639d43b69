"""``policytrader init``: a complete set of rules, config and a first scenario."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import click

from policytrader.app.made_up_race import first_snapshot
from policytrader.app.scenarios import EXPECTED, write_expected
from policytrader.authoring.load import load_policy
from policytrader.cli.context import FINE, Context, print_json
from policytrader.engine.evaluate import evaluate
from policytrader.errors import UsageError
from policytrader.resources import resource
from policytrader.wiring import write_snapshot

INIT_SCHEMA = "policytrader/init/1"
_COPIED = (("rules", "*.yaml"), ("schemas", "*.json"), ("config", "*.yaml"))
_SCENARIO = "scenarios/first"


@click.command(short_help="Write rules, config and a first scenario.")
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def command(context: Context, folder: str, as_json: bool) -> int:
    """Write complete rules for trading and for grading, schemas, a profile and a first scenario into DIR (or here).

    Nothing that is there already is overwritten.
    """
    target = context.path(folder)
    try:
        written = _write(target)
    except OSError as error:
        message = f"{error.filename or target}: cannot be written: {error.strerror}"
        raise UsageError(message) from None
    if as_json:
        print_json({"schema": INIT_SCHEMA, "folder": str(target), "written": [str(path) for path in written]})
        return FINE
    for path in written:
        click.echo(f"wrote {path}")
    where = "" if target == Path() else f"-C {shlex.quote(str(target))} "
    click.echo(
        f"\nNext:\n  policytrader {where}validate\n  policytrader {where}evaluate {_SCENARIO}\n"
        f"  policytrader {where}explain blue-moon-win {_SCENARIO}"
    )
    return FINE


def _write(target: Path) -> list[Path]:
    sources = [
        (file, target / name / file.relative_to(resource(name)))
        for name, pattern in _COPIED
        for file in sorted(resource(name).rglob(pattern))
    ]
    scenario = target / _SCENARIO
    there = [str(path) for _, path in sources if path.exists()]
    there += [str(scenario)] if scenario.exists() else []
    if there:
        message = f"{target} has these already, and nothing is overwritten: {', '.join(there)}"
        raise UsageError(message)
    for source, path in sources:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
    scenario.parent.mkdir(parents=True, exist_ok=True)
    snapshot = replace(first_snapshot(), policy="../../rules")
    write_snapshot(snapshot, scenario)
    write_expected(scenario, evaluate(load_policy(target / "rules"), snapshot))
    return [*(path for _, path in sources), scenario, scenario / EXPECTED]
