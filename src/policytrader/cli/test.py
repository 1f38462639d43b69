"""``policytrader test``: the tests beside the rules, and the golden scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policytrader.app.coverage import TRUTHS, BesideRule, Coverage, RuleCoverage
from policytrader.app.grading.checks import add_grades
from policytrader.app.grading.inline_tests import run_inline_tests as run_grading_tests
from policytrader.app.grading.scenarios import GRADING, run_grading_scenario
from policytrader.app.inline_tests import run_inline_tests
from policytrader.app.scenarios import (
    EXPECTED,
    TRADING,
    ScenarioForm,
    ScenarioResult,
    compare,
    read_expected,
    scenario_folders,
    write_expected,
)
from policytrader.authoring.families import FOOTBALL, RACING, families_in, holds_rules
from policytrader.authoring.load import load_grading
from policytrader.cli.context import FINDINGS, FINE, Context, print_json
from policytrader.cli.words import counted
from policytrader.engine.evaluate import Engine
from policytrader.errors import PolicytraderError, SnapshotError, UsageError
from policytrader.policy.grading.fields import GRADING_FIELDS
from policytrader.resources import resource
from policytrader.wiring import policy_at, policy_folder, read_snapshot
from policytrader.wiring.grading import read_match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.policy_set import PolicySet

TESTS_SCHEMA = "policytrader/tests/1"
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Rules:
    """The rules to test; None for a family that the folder does not hold."""

    trading: PolicySet | None
    grading: GradingSet | None


@dataclass(frozen=True)
class Seen:
    """What was tested of one family: the tests beside its rules, its scenarios, and what they have seen."""

    inline: Sequence[BesideRule] = ()
    scenarios: Sequence[ScenarioResult] = ()
    coverage: RuleCoverage = field(default_factory=lambda: RuleCoverage(()))

    @property
    def is_anything(self) -> bool:
        """True when something was tested."""
        return bool(self.inline or self.scenarios)

    @property
    def is_passed(self) -> bool:
        """True when all came to what was expected."""
        return _failed(self.inline) == _failed(self.scenarios) == 0


@click.command(short_help="Run the tests beside the rules and the golden scenarios.")
@click.argument("name", default="")
@click.option("--policy", metavar="DIR", help="Rules to test.")
@click.option("--golden", metavar="DIR", help="Folder of scenarios; default: the project's golden/ and scenarios/.")
@click.option("--coverage", "show_coverage", is_flag=True, help="Show what was seen true, false and unknown.")
@click.option("--update", is_flag=True, help="Make the present plans the expected ones. Read the difference first.")
@click.option("--no-protections", is_flag=True, help="Leave the protections out of the scenarios.")
@click.option("--json", "as_json", is_flag=True, help="One document on stdout.")
@click.pass_obj
def command(
    context: Context,
    name: str,
    policy: str | None,
    golden: str | None,
    show_coverage: bool,
    update: bool,
    no_protections: bool,
    as_json: bool,
) -> int:
    """Run the tests beside the rules and the scenarios; with NAME, those whose rule or folder contains it.

    NAME may also be a folder of rules to test, such as rules/football.
    """
    if policy is None and name and holds_rules(context.path(name)):
        policy, name = str(context.path(name)), ""
    rules = _rules(context, policy)
    if no_protections and rules.trading is None:
        message = "--no-protections is about trading scenarios, and these are grading rules"
        raise UsageError(message)
    searched = _searched(context, golden, update=update)
    trading, grading = Seen(), Seen()
    if rules.trading is not None:
        trading = _run_trading(searched, rules.trading, name, protections=not no_protections)
    if rules.grading is not None:
        grading = _run_grading(searched, rules.grading, name)
    if golden and not trading.scenarios and not grading.scenarios and not name:
        message = f"no scenarios in {searched.roots[0]}"
        raise UsageError(message)
    if not trading.is_anything and not grading.is_anything:
        message = f"no test matches `{name}`" if name else "there are no tests beside these rules, and no scenarios"
        raise UsageError(message)
    if searched.is_shipped:
        context.note("no golden/ or scenarios/ in this project: these are the scenarios that came with policytrader")
    if as_json:
        print_json(_document(rules, trading, grading))
    else:
        _print(rules, trading, grading, show_coverage=show_coverage)
    return FINE if trading.is_passed and grading.is_passed else FINDINGS


def _rules(context: Context, reference: str | None) -> Rules:
    """The rules of both families, as far as they are there."""
    folder = policy_folder(context.project) if reference is None else Path(reference)
    if reference is not None and not folder.is_dir():
        folder = context.path(reference)
    families = families_in(folder) if folder.is_dir() else (RACING,)
    trading = policy_at(reference, context.project) if RACING in families else None
    return Rules(trading, load_grading(folder) if FOOTBALL in families else None)


@dataclass(frozen=True)
class _Searched:
    """Where scenarios are looked for, and whether their expectations are to be written anew."""

    context: Context
    roots: list[Path]
    update: bool
    is_shipped: bool

    def folders(self, name: str, form: ScenarioForm) -> list[Path]:
        """The scenarios of a form; says how many lack what is expected of them."""
        found: list[Path] = []
        for root in self.roots:
            every = scenario_folders(root, name, form=form, with_expected=False)
            usable = every if self.update else scenario_folders(root, name, form=form)
            found += usable
            if bare := len(every) - len(usable):
                self.context.note(f"{counted(bare, 'scenario')} in {root} without {form.expected}: --update writes it")
        return found


def _searched(context: Context, golden: str | None, *, update: bool) -> _Searched:
    roots = _scenario_roots(context, golden)
    is_shipped = roots == [resource("golden")] and not _is_checkout(context)
    if update and is_shipped:
        message = "--update changes scenarios of this project only, and it has none: golden/ or scenarios/"
        raise UsageError(message)
    return _Searched(context, roots, update, is_shipped)


def _run_grading(searched: _Searched, policy: GradingSet, name: str) -> Seen:
    inline = [result for result in run_grading_tests(policy) if name in result.rule.id]
    coverage = RuleCoverage([("grading", policy.grading.rules)], GRADING_FIELDS)
    coverage.add_inline(inline)
    values: list[Mapping[str, Any]] = []
    scenarios = [
        run_grading_scenario(folder, policy, read_match, update=searched.update, saw=values.append)
        for folder in searched.folders(name, GRADING)
    ]
    add_grades(coverage, policy, values)
    return Seen(inline, scenarios, coverage)


def _run_trading(searched: _Searched, policy: PolicySet, name: str, *, protections: bool) -> Seen:
    coverage = Coverage(policy)
    inline = [result for result in run_inline_tests(policy) if name in result.rule.id]
    coverage.add_inline(inline)
    folders = searched.folders(name, TRADING)
    scenarios = _run_scenarios(policy, folders, coverage, protections=protections, update=searched.update)
    return Seen(inline, scenarios, coverage)


def _scenario_roots(context: Context, golden: str | None) -> list[Path]:
    """Where the scenarios are: as named, else the project's golden/ and scenarios/, else those that were shipped."""
    if golden is not None:
        root = context.path(golden)
        if not root.is_dir():
            message = f"--golden {golden}: no such folder"
            raise UsageError(message)
        return [root]
    own = [context.path(name) for name in ("golden", "scenarios") if context.path(name).is_dir()]
    if own:
        return own
    return [resource("golden")]


def _is_checkout(context: Context) -> bool:
    return context.path("golden").resolve() == resource("golden").resolve()


def _run_scenarios(
    policy: PolicySet, folders: list[Path], coverage: Coverage, *, protections: bool, update: bool
) -> list[ScenarioResult]:
    results = []
    with Engine(policy, protections=protections, explain=True) as engine:
        for folder in folders:
            try:
                snapshot = read_snapshot(folder)
                expected = read_expected(folder) if (folder / EXPECTED).is_file() else None
            except SnapshotError as error:
                results.append(ScenarioResult(folder, error=error.render()))
                continue
            try:
                own_policy = policy_at(str(folder / snapshot.policy), Path()) if snapshot.policy is not None else policy
            except PolicytraderError as error:
                results.append(ScenarioResult(folder, error=error.render()))
                continue
            if own_policy.hash != policy.hash:
                with Engine(own_policy, protections=protections) as own:
                    plan = own.evaluate(snapshot)
            else:
                plan = engine.evaluate(snapshot)
                coverage.add_plan(plan)
                coverage.add_members(engine, snapshot)
            differences = compare(expected, plan) if expected is not None else ()
            if update and (differences or expected is None):
                write_expected(folder, plan)
                results.append(ScenarioResult(folder, is_updated=True))
            else:
                results.append(ScenarioResult(folder, differences))
    return results


def _print(rules: Rules, trading: Seen, grading: Seen, *, show_coverage: bool) -> None:
    for seen in (trading, grading):
        _print_failed(seen.inline)
        _print_scenarios(seen.scenarios)
    if show_coverage:
        _print_coverage(RuleCoverage.joined(trading.coverage, grading.coverage))
    # A name that is found in one family only says nothing about the other.
    if rules.trading is not None and (trading.is_anything or not grading.is_anything):
        click.echo(_summary(trading))
    if rules.grading is not None and (grading.is_anything or rules.trading is None):
        click.echo(f"grading: {_summary(grading)}")


def _summary(seen: Seen) -> str:
    beside, scenarios = _failed(seen.inline), _failed(seen.scenarios)
    complete = sum(one.is_complete for one in seen.coverage.seen.values())
    parts = (
        f"{counted(len(seen.inline), 'test')} beside rules, {beside} failed",
        f"{counted(len(seen.scenarios), 'scenario')}, {scenarios} failed",
        f"{complete} of {len(seen.coverage.seen)} rules and conditions seen in every way",
    )
    return " · ".join(parts)


def _failed(results: Sequence[BesideRule | ScenarioResult]) -> int:
    return sum(not result.is_passed for result in results)


def _print_failed(results: Sequence[BesideRule]) -> None:
    for result in results:
        if not result.is_passed:
            where = f"{result.place}  " if result.place else ""
            said = f"actual {result.actual}, expected {result.test.expect}"
            click.echo(f"FAILED  {where}{result.rule.id}, {result.test.name}: {said}")


def _print_scenarios(scenarios: Sequence[ScenarioResult]) -> None:
    for scenario in scenarios:
        if scenario.is_updated:
            click.echo(f"updated {scenario.folder}")
        elif scenario.error:
            click.echo(f"FAILED  {scenario.folder}\n{scenario.error}")
        elif scenario.differences:
            click.echo(f"FAILED  {scenario.folder}")
            for difference in scenario.differences[:_MOST_SHOWN]:
                click.echo(f"  {difference}")
            if len(scenario.differences) > _MOST_SHOWN:
                click.echo(f"  … and {len(scenario.differences) - _MOST_SHOWN} more")


def _print_coverage(coverage: RuleCoverage) -> None:
    width = max((len(seen.label) + 2 for seen in coverage.seen.values()), default=0)
    click.echo(f"{'':<{width}}  {'true':>6}  {'false':>6}  {'unknown':>7}")
    for seen in coverage.seen.values():
        label = f"  {seen.label}" if seen.is_leaf else seen.label
        unknown = str(seen.counts[None]) if seen.can_be_unknown else "-"
        mark = "" if seen.is_complete else "  <- not seen in every way"
        click.echo(f"{label:<{width}}  {seen.counts[True]:>6}  {seen.counts[False]:>6}  {unknown:>7}{mark}")


def _document(rules: Rules, trading: Seen, grading: Seen) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": TESTS_SCHEMA, **_entries(trading)}
    if rules.grading is not None:
        document["grading"] = _entries(grading)
    return document


def _entries(seen: Seen) -> dict[str, Any]:
    return {
        "inline": _inline_entries(seen.inline),
        "scenarios": _scenario_entries(seen.scenarios),
        "coverage": _coverage_entries(seen.coverage),
    }


def _scenario_entries(scenarios: Sequence[ScenarioResult]) -> list[dict[str, Any]]:
    return [
        {
            "folder": str(scenario.folder), "passed": scenario.is_passed, "updated": scenario.is_updated,
            "error": scenario.error or None,
            "differences": [
                {"where": one.where, "actual": one.actual, "expected": one.expected} for one in scenario.differences
            ],
        }
        for scenario in scenarios
    ]  # fmt: skip


def _inline_entries(results: Sequence[BesideRule]) -> list[dict[str, Any]]:
    return [
        {
            "rule": result.rule.id, "name": result.test.name, "passed": result.is_passed,
            "actual": result.actual, "expected": result.test.expect, "place": str(result.place or ""),
        }
        for result in results
    ]  # fmt: skip


def _coverage_entries(coverage: RuleCoverage) -> dict[str, Any]:
    names = dict(zip(TRUTHS, ("true", "false", "unknown"), strict=True))
    return {
        key: {
            "label": seen.label, "complete": seen.is_complete,
            **{names[truth]: seen.counts[truth] for truth in TRUTHS},
        }
        for key, seen in coverage.seen.items()
    }  # fmt: skip
