"""The numbered checks: what is written correctly and yet is hardly meant. Warnings; they refuse nothing.

A file switches a check off with ``ignore: [Wnnn]`` at its top level. What must not be switched off is in ``check.py``.
Only what is certain is reported: where a question about conditions is too large to be answered, nothing is said.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from policytrader.authoring.boxes import Claim, Solver
from policytrader.authoring.check_conditions import readable_fields
from policytrader.authoring.codes import CHECKS
from policytrader.authoring.grading.lint import lint_grading_file
from policytrader.authoring.lint_amounts import lint_ladders, lint_limits, lint_price_age, lint_protections
from policytrader.authoring.lint_findings import list_names, warn
from policytrader.authoring.lint_rules import TradingRuleLinter
from policytrader.authoring.yaml_text import MAXIMUM_DIAGNOSTICS
from policytrader.policy.cash_out import CashOutPolicy
from policytrader.policy.conditions import InvalidatedBy, walk
from policytrader.policy.entry import EntryPolicy
from policytrader.policy.protection import ProtectionPolicy
from policytrader.policy.schedule import SchedulePolicy
from policytrader.policy.staking import StakingPolicy
from policytrader.policy.validation import ValidationPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.authoring.load import LoadResult
    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.rules import PolicyFile

__all__ = ["CHECKS", "lint", "lint_file", "lint_set"]


def lint(result: LoadResult) -> tuple[Diagnostic, ...]:
    """The warnings about files that were read: per file, then of the files about one another.

    Without those that a file switches off, and without files that have errors: those come first.
    """
    broken = {found.place.file for found in result.errors}
    sound = [file for file in result.files if file.document.file not in broken]
    warnings = [found for file in sound for found in lint_file(file.kind, file.model, file.document)]
    warnings += lint_set({file.kind: (file.model, file.document) for file in sound})
    ignored = {file.document.file: file.model.ignore for file in sound}
    order = {file.document.file: number for number, file in enumerate(sound)}
    kept = [found for found in warnings if found.code not in ignored[found.place.file]]
    return tuple(sorted(kept, key=lambda found: (order[found.place.file], found.place, found.code)))


def lint_file(kind: str, model: PolicyFile, document: YamlDocument) -> list[Diagnostic]:
    """The warnings about one file in which ``check_file`` found nothing; the first 50, in the order of places.

    Those that the file switches off are among them.
    """
    found = islice(_lint_file(kind, model, document), MAXIMUM_DIAGNOSTICS)
    return sorted(found, key=lambda one: (one.place, one.code))


def _lint_file(kind: str, model: PolicyFile, document: YamlDocument) -> Iterator[Diagnostic]:
    match model:
        case ValidationPolicy():
            return TradingRuleLinter(kind, "rules", model.rules, model.facts, document).find()
        case EntryPolicy():
            return TradingRuleLinter(kind, "rules", model.rules, {}, document).find()
        case CashOutPolicy():
            return TradingRuleLinter(kind, "triggers", model.triggers, {}, document).find()
        case StakingPolicy():
            return lint_ladders(model, document)
        case ProtectionPolicy():
            return lint_protections(model, document)
        case _:
            return lint_grading_file(model, document)


def lint_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> list[Diagnostic]:
    """The warnings about files, by kind, that are sound by themselves; the first 50."""
    return list(islice(_lint_set(files), MAXIMUM_DIAGNOSTICS))


def _lint_set(files: Mapping[str, tuple[PolicyFile, YamlDocument]]) -> Iterator[Diagnostic]:
    models = {kind: model for kind, (model, _) in files.items()}
    protection, staking, schedule = models.get("protection"), models.get("staking"), models.get("schedule")
    if isinstance(protection, ProtectionPolicy):
        document = files["protection"][1]
        if isinstance(staking, StakingPolicy):
            yield from lint_limits(protection, staking, document)
        if isinstance(schedule, SchedulePolicy):
            yield from lint_price_age(protection, schedule, document)
    validation, cash_out = models.get("validation"), models.get("cash_out")
    if isinstance(validation, ValidationPolicy) and isinstance(cash_out, CashOutPolicy):
        yield from _never_triggered(cash_out, validation, files["cash_out"][1])


def _never_triggered(
    cash_out: CashOutPolicy, validation: ValidationPolicy, document: YamlDocument
) -> Iterator[Diagnostic]:
    """W213: the rules that a trigger names are about other selections than the trigger."""
    fields = readable_fields({})
    reach = {rule.id: rule.applies_to for rule in validation.rules}
    alone, together = Solver(fields), Solver(fields, reach)
    for number, trigger in enumerate(cash_out.triggers):
        claim, box = (trigger.when, Claim.TRUE), Solver.box(trigger.applies_to)
        if not alone.is_possible(claim, among=box) or together.is_possible(claim, among=box):
            continue
        path, leaf = next(
            (path, leaf)
            for path, leaf in walk(trigger.when, ("triggers", number, "when"))
            if isinstance(leaf, InvalidatedBy)
        )
        verb = "is" if len(leaf.invalidated_by) == 1 else "are"
        names = list_names(leaf.invalidated_by)
        message = f"trigger `{trigger.id}` never fires: {names} {verb} about other selections"
        remedy = "The trigger and the rules that it names must apply to the same side and market type."
        yield warn(document, (*path, "invalidated_by"), "W213", message, remedy, at_key=True)
