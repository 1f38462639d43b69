"""Meaning: what a schema cannot see. Fields, operators, literals, units, references; every finding is an error here.

Findings that a trader may overrule are warnings and live in ``lint.py``.
"""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING

from policytrader.authoring.check_conditions import EXPECTATIONS, ConditionChecker
from policytrader.authoring.codes import checks_for
from policytrader.authoring.grading.check import check_grading_file, check_grading_set
from policytrader.authoring.suggest import did_you_mean
from policytrader.authoring.yaml_text import MAXIMUM_DIAGNOSTICS
from policytrader.policy.cash_out import CashOutPolicy
from policytrader.policy.conditions import InvalidatedBy, Path, walk
from policytrader.policy.entry import EntryPolicy
from policytrader.policy.rules import MARKET_TYPES, SIDES, PolicyFile
from policytrader.policy.schedule import SchedulePolicy
from policytrader.policy.selections import SelectionsPolicy
from policytrader.policy.staking import START, Ladder, StakingPolicy
from policytrader.policy.validation import ValidationPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic

__all__ = ["EXPECTATIONS", "check_file", "check_set"]

_ONE_LADDER = "Exactly one ladder serves each side and market type"


def check_file(kind: str, model: PolicyFile, document: YamlDocument) -> list[Diagnostic]:
    """What one file says that cannot be meant; the first 50 findings, in the order of their places."""
    found = islice(_check_file(kind, model, document), MAXIMUM_DIAGNOSTICS)
    return sorted(found, key=lambda one: one.place)


def _check_file(kind: str, model: PolicyFile, document: YamlDocument) -> Iterator[Diagnostic]:
    yield from _check_ignored(kind, model, document)
    match model:
        case ValidationPolicy():
            checker = ConditionChecker(kind, document, model.facts)
            yield from checker.facts()
            yield from checker.rules("rules", model.rules)
        case EntryPolicy():
            yield from ConditionChecker(kind, document, {}).rules("rules", model.rules)
        case CashOutPolicy():
            yield from ConditionChecker(kind, document, {}).rules("triggers", model.triggers)
        case StakingPolicy():
            yield from _check_ladders(model, document)
        case SchedulePolicy():
            yield from _check_schedule(model, document)
        case SelectionsPolicy():
            yield from _check_picks(model, document)
        case _:
            yield from check_grading_file(model, document)
    assert isinstance(document.value, dict), "it has the form of its kind"
    if model.end is not None and list(document.value)[-1] != "end":
        remedy = "Keep it last: it guards against a file that was cut off."
        yield document.diagnostic(("end",), "E217", "`end` is not the last key", remedy, at_key=True)


def _check_ignored(kind: str, model: PolicyFile, document: YamlDocument) -> Iterator[Diagnostic]:
    checks = checks_for(kind)
    for number, code in enumerate(model.ignore):
        if code not in checks:
            message = f"there is no check `{code}`{did_you_mean(code, checks)}"
            remedy = f"The checks: {', '.join(checks)}." if checks else "There are no checks of this kind of file."
            yield document.diagnostic(("ignore", number), "E218", message, remedy)


def check_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> list[Diagnostic]:
    """What the files say of one another; the first 50 findings."""
    return list(islice(_check_set(files), MAXIMUM_DIAGNOSTICS))


def _check_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> Iterator[Diagnostic]:
    yield from check_grading_set(files)
    if "validation" not in files or "cash_out" not in files:
        return
    validation, (cash_out, document) = files["validation"][0], files["cash_out"]
    assert isinstance(validation, ValidationPolicy)
    assert isinstance(cash_out, CashOutPolicy)
    invalidating = sorted({rule.id for rule in validation.rules if rule.then.invalidate is not None})
    yield from _check_references(cash_out, document, invalidating)


def _check_references(cash_out: CashOutPolicy, document: YamlDocument, invalidating: list[str]) -> Iterator[Diagnostic]:
    remedy = f"Rules that invalidate: {', '.join(invalidating) or 'none'}."
    for place, rule in _references(cash_out):
        if rule not in invalidating:
            message = f"no validation rule `{rule}` invalidates{did_you_mean(rule, invalidating)}"
            yield document.diagnostic(place, "E211", message, remedy)


def _references(cash_out: CashOutPolicy) -> Iterator[tuple[Path, str]]:
    """Every name of a validation rule, in conditions and in tests."""
    for number, trigger in enumerate(cash_out.triggers):
        for path, leaf in walk(trigger.when, ("triggers", number, "when")):
            if isinstance(leaf, InvalidatedBy):
                for index, rule in enumerate(leaf.invalidated_by):
                    yield (*path, "invalidated_by", index), rule
        for index, test in enumerate(trigger.tests):
            if "invalidated_by" in test.given:
                place = ("triggers", number, "tests", index, "given", "invalidated_by")
                yield place, test.given["invalidated_by"]


def _check_ladders(model: StakingPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    served: dict[tuple[str, str], str] = {}
    yield from _check_ids("ladder", "ladders", [ladder.id for ladder in model.ladders], document)
    for number, ladder in enumerate(model.ladders):
        path: Path = ("ladders", number)
        yield from _check_steps(ladder, path, document)
        for side, market in sorted(ladder.applies_to.pairs):
            if (side, market) in served:
                message = f"{side} in the {market} market is served by `{served[side, market]}` already"
                yield document.diagnostic((*path, "id"), "E210", message, f"{_ONE_LADDER}: narrow `applies_to`.")
            served.setdefault((side, market), ladder.id)
    unserved = [f"{side} {market}" for side in SIDES for market in MARKET_TYPES if (side, market) not in served]
    if unserved:
        message = "no ladder serves " + ", ".join(unserved)
        yield document.diagnostic(("ladders",), "E210", message, f"{_ONE_LADDER}: widen one, or add one.", at_key=True)


def _check_picks(model: SelectionsPolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    yield from _check_ids("rule", "picks", [rule.id for rule in model.picks], document)
    for number, rule in enumerate(model.picks):
        if rule.price.from_ > rule.price.to:
            place = ("picks", number, "price", "to")
            message = f"no price lies between {rule.price.from_} and {rule.price.to}"
            yield document.diagnostic(place, "E219", message, "`from` is the lower bound, `to` the upper.")


def _check_ids(what: str, key: str, ids: Iterable[str], document: YamlDocument) -> Iterator[Diagnostic]:
    """E206 for each id that stands in the list under ``key`` before."""
    seen: set[str] = set()
    for number, one in enumerate(ids):
        if one in seen:
            message, remedy = f"a second {what} `{one}`", f"Give each {what} an id of its own."
            yield document.diagnostic((key, number, "id"), "E206", message, remedy)
        seen.add(one)


def _check_steps(ladder: Ladder, path: Path, document: YamlDocument) -> Iterator[Diagnostic]:
    for number, step in enumerate(ladder.steps):
        place = (*path, "steps", number)
        if (step.from_ == START) != (number == 0):
            message = "the first step must be `from: start`" if number == 0 else "only the first step is `from: start`"
            remedy = "It holds from the beginning until the next step starts."
            yield document.diagnostic((*place, "from"), "E207", message, remedy)
        for key in ("back_stake", "lay_liability"):
            amount, limit = getattr(step, key), getattr(ladder.limits, key)
            if amount > limit:
                message = f"{key} {amount} is above the limit of {limit}"
                yield document.diagnostic((*place, key), "E209", message, "Raise `limits`, or lower the step.")
    for number, (before, after) in enumerate(pairwise(ladder.steps), start=1):
        if after.microseconds is None or before.microseconds is None:
            continue
        if after.microseconds >= before.microseconds:
            message = f"step {after.from_} does not start later than step {before.from_}"
            remedy = "Steps stand in falling time to the off: start, 4h, 2h, 30m."
            yield document.diagnostic((*path, "steps", number, "from"), "E207", message, remedy)


def _check_schedule(model: SchedulePolicy, document: YamlDocument) -> Iterator[Diagnostic]:
    first = model.intervals[0].from_
    if first != "00:00":
        remedy = 'The first interval starts at "00:00", so that no time of day is without one.'
        yield document.diagnostic(("intervals", 0, "from"), "E212", f'no interval before "{first}"', remedy)
    for number, (before, after) in enumerate(pairwise(model.intervals), start=1):
        if after.from_ <= before.from_:
            message = f'"{after.from_}" does not come after "{before.from_}"'
            remedy = "Intervals stand in the order of the day."
            yield document.diagnostic(("intervals", number, "from"), "E212", message, remedy)
