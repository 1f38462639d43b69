"""Trading rules: what every linter of rules finds, facts that nobody reads, rules about nobody (W205, W212)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.authoring.boxes import Box, Claim, Solver
from policytrader.authoring.check_conditions import readable_fields
from policytrader.authoring.lint_conditions import ConditionLinter
from policytrader.authoring.lint_findings import list_names, warn
from policytrader.authoring.rule_linter import RuleLinter
from policytrader.policy.cash_out import Trigger
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.fields import RUNNER_FIELDS
from policytrader.policy.rules import MARKET_TYPES, SIDES, AppliesTo, Rule
from policytrader.policy.validation import ValidationRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.conditions import Fact

_FIRED = {"validation": "invalidate", "entry": "take", "cash_out": "cash_out"}


class TradingRuleLinter(RuleLinter[Rule]):
    """The checks of one file with rules; ``key`` is where they stand: ``rules`` or ``triggers``."""

    def __init__(
        self, kind: str, key: str, rules: Sequence[Rule], facts: Mapping[str, Fact], document: YamlDocument
    ) -> None:
        """``facts`` are those that the file declares."""
        word = "trigger" if kind == "cash_out" else "rule"
        super().__init__(key, rules, readable_fields(facts), document, word=word)
        self._kind = kind
        self._facts = facts

    def find(self) -> Iterator[Diagnostic]:
        """Everything but what the file's other parts say."""
        yield from self._fact_conditions()
        yield from self._conditions()
        repeated = dict(self._repeated())
        for number, first in repeated.items():
            yield self._repeats(number, first)
        if self._kind != "entry":  # there every rule has its say: none comes first
            yield from self._unreachable(repeated)
        yield from self._unused_facts()
        yield from self._untested()
        yield from self._unserved()
        if self._kind == "entry":
            yield from self._excluding_each_other()

    def _box(self, *rules: Rule) -> Box:
        return Solver.box(*(rule.applies_to for rule in rules))

    def _reach(self, rule: Rule) -> frozenset[tuple[str, str]]:
        return rule.applies_to.pairs

    def _stops_unknown(self, rule: Rule) -> bool:
        # Unknown decides, too (it holds), but not in triggers, nor where a rule lets it pass.
        return isinstance(rule, ValidationRule) and rule.on_missing != "pass"

    def _consequence(self, rule: Rule) -> object:
        match rule:
            case ValidationRule(then=then, on_missing=on_missing):
                return then.invalidate, then.hold, on_missing
            case Trigger(then=then):
                return then.max_slippage_ticks, then.residual_below
            case _:
                return None

    def _fired(self, rule: Rule) -> str:
        is_hold = isinstance(rule, ValidationRule) and rule.then.hold is not None
        return "hold" if is_hold else _FIRED[self._kind]

    def _fact_conditions(self) -> Iterator[Diagnostic]:
        in_facts = ConditionLinter(self._document, RUNNER_FIELDS, Solver(RUNNER_FIELDS))
        for name, fact in self._facts.items():
            # A fact has to have a `where`: all runners are those of a condition that always holds.
            yield from in_facts.find(fact.where, ("facts", name, "where"), Solver.everything(), may_hold_always=True)

    # -- W205, W212 ----------------------------------------------------------------------------------------------------

    def _unused_facts(self) -> Iterator[Diagnostic]:
        leaves = [leaf for rule in self._rules for _, leaf in walk(rule.when) if isinstance(leaf, Leaf)]
        read = {name for leaf in leaves for name in (leaf.field, leaf.other)}
        for name in self._facts:
            if f"fact.{name}" not in read:
                remedy = "Delete it, or read it in a rule."
                path = ("facts", name)
                yield warn(self._document, path, "W205", f"no rule reads fact `{name}`", remedy, at_key=True)

    def _unserved(self) -> Iterator[Diagnostic]:
        if self._kind == "cash_out":  # a position that no trigger is about is left alone
            return
        served = {pair for rule in self._rules for pair in rule.applies_to.pairs}
        pairs = [f"{side} {market}" for side in SIDES for market in MARKET_TYPES if (side, market) not in served]
        if not pairs:
            return
        named = " and ".join([", ".join(pairs[:-1]), pairs[-1]] if len(pairs) > 1 else pairs)
        if self._kind == "entry":
            message = f"no entry rule applies to {named}: such selections are never bet"
            remedy = "Add a rule for them, or widen `applies_to`."
        else:
            message = f"no validation rule applies to {named}: such selections are never held or invalidated"
            remedy = "Add a rule for them, or widen `applies_to`."
        yield warn(self._document, (self._key,), "W212", message, remedy, at_key=True)

    def _excluding_each_other(self) -> Iterator[Diagnostic]:
        told = set()
        for side in SIDES:
            for market in MARKET_TYPES:
                box = Solver.box(AppliesTo(side=(side,), market_type=(market,)))
                rules = [rule for rule in self._rules if rule.applies_to.includes(side, market)]
                claims = [(rule.when, Claim.TRUE) for rule in rules]
                is_each_possible = all(self._solver.is_possible(claim, among=box) for claim in claims)
                names = tuple(rule.id for rule in rules)
                if names in told or not is_each_possible or self._solver.is_possible(*claims, among=box):
                    continue
                told.add(names)
                message = f"{side} {market} selections are never bet: {list_names(names)} cannot all be true"
                remedy = "A price is taken when every entry rule that applies is true."
                yield self._at(self._rules.index(rules[-1]), "W212", message, remedy)
