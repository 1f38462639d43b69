"""Warnings about a grading policy: what is written correctly and yet is hardly meant."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from policytrader.authoring.boxes import Box
from policytrader.authoring.grading.margin import lint_margins
from policytrader.authoring.grading.markets import lint_markets
from policytrader.authoring.lint_conditions import Subject
from policytrader.authoring.rule_linter import RuleLinter
from policytrader.authoring.values import named
from policytrader.policy.grading.fields import GRADING_FIELDS
from policytrader.policy.grading.markets import MarketsPolicy
from policytrader.policy.grading.rules import BY_MARGIN, GradingPolicy, GradingRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.rules import PolicyFile

_SCOPE, _DIRECTION = GRADING_FIELDS["bet.scope"], GRADING_FIELDS["bet.direction"]
_UNKNOWN: Final = None
"""A bet whose market, or whose direction, is not known: a rule that names none is about it, too."""


def lint_grading_file(model: PolicyFile, document: YamlDocument) -> Iterator[Diagnostic]:
    """The warnings about one file of a grading policy."""
    match model:
        case MarketsPolicy():
            yield from lint_markets(model, document)
        case GradingPolicy():
            yield from GradingRuleLinter("rules", model.rules, GRADING_FIELDS, document).find()
            yield from lint_margins(model.margin_table, document)
        case _:
            pass


class GradingRuleLinter(RuleLinter[GradingRule]):
    """The checks of the grading rules."""

    subject = Subject("bets", "the bet and its fixture")

    def find(self) -> Iterator[Diagnostic]:
        """Everything but what the file's other parts say."""
        yield from self._conditions()
        repeated = dict(self._repeated())
        for number, first in repeated.items():
            yield self._repeats(number, first)
        yield from self._unreachable(repeated)
        yield from self._untested()

    def _box(self, *rules: GradingRule) -> Box:
        possible = {}
        for field, key in ((_SCOPE, "scope"), (_DIRECTION, "direction")):
            chosen = [frozenset(words) for rule in rules if (words := getattr(rule.applies_to, key)) is not None]
            if chosen:
                possible[field.name] = named(frozenset.intersection(*chosen))
        return Box(possible)

    def _reach(self, rule: GradingRule) -> frozenset[tuple[str | None, str | None]]:
        scopes: Iterable[str | None] = rule.applies_to.scope or (*_SCOPE.values, _UNKNOWN)
        directions: Iterable[str | None] = rule.applies_to.direction or (*_DIRECTION.values, _UNKNOWN)
        return frozenset(product(scopes, directions))

    def _stops_unknown(self, rule: GradingRule) -> bool:
        return rule.on_missing != "pass"

    def _consequence(self, rule: GradingRule) -> object:
        return rule.then.outcome, rule.then.reason, rule.then.pending, rule.then.keep, rule.on_missing

    def _fired(self, rule: GradingRule) -> str:
        then = rule.then
        return "won" if then.outcome == BY_MARGIN else str(then.outcome or then.pending or then.keep)
