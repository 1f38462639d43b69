"""Rules beside each other: the same twice, never reached, untested, about nobody (W201, W203, W205, W208, W212)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.authoring.boxes import Claim, Solver
from policytrader.authoring.check_conditions import readable_fields
from policytrader.authoring.lint_conditions import ConditionLinter
from policytrader.authoring.lint_findings import list_names, warn
from policytrader.authoring.literals import amount_of
from policytrader.policy.cash_out import Trigger
from policytrader.policy.conditions import All, AnyOf, Condition, InvalidatedBy, Leaf, Not, walk
from policytrader.policy.fields import RUNNER_FIELDS, FieldType
from policytrader.policy.rules import MARKET_TYPES, SIDES, AppliesTo, Rule
from policytrader.policy.validation import ValidationRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.conditions import Fact

_FIRED = {"validation": "invalidate", "entry": "take", "cash_out": "cash_out"}
"""What a test of a rule expects when its condition holds."""


class RuleLinter:
    """The checks of one file with rules; ``key`` is where they stand: ``rules`` or ``triggers``."""

    def __init__(
        self, kind: str, key: str, rules: Sequence[Rule], facts: Mapping[str, Fact], document: YamlDocument
    ) -> None:
        """``facts`` are those that the file declares."""
        self._kind = kind
        self._key = key
        self._rules = rules
        self._facts = facts
        self._document = document
        self._fields = readable_fields(facts)
        self._solver = Solver(self._fields)
        self._word = "trigger" if kind == "cash_out" else "rule"

    def find(self) -> Iterator[Diagnostic]:
        """Everything but what the file's other parts say."""
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

    def _conditions(self) -> Iterator[Diagnostic]:
        in_facts = ConditionLinter(self._document, RUNNER_FIELDS, Solver(RUNNER_FIELDS))
        for name, fact in self._facts.items():
            # A fact has to have a `where`: all runners are those of a condition that always holds.
            where = in_facts.find(fact.where, ("facts", name, "where"), Solver.everything(), may_hold_always=True)
            yield from where
        linter = ConditionLinter(self._document, self._fields, self._solver)
        for number, rule in enumerate(self._rules):
            yield from linter.find(rule.when, (self._key, number, "when"), Solver.box(rule.applies_to))

    # -- W201: the same rule twice -------------------------------------------------------------------------------------

    def _repeated(self) -> Iterator[tuple[int, int]]:
        """A rule's number and that of the first that says the same."""
        first: dict[object, int] = {}
        for number, rule in enumerate(self._rules):
            meaning = (rule.applies_to.pairs, self._meaning(rule.when), _consequence(rule))
            if first.setdefault(meaning, number) != number:
                yield number, first[meaning]

    def _repeats(self, number: int, first: int) -> Diagnostic:
        message = f"{self._word} `{self._rules[number].id}` says the same as {self._named(first)}"
        return self._at(number, "W201", message, "Delete one of the two.")

    def _meaning(self, condition: Condition) -> tuple[Any, ...]:
        """Equal for conditions that differ in order, spelling of numbers or repetition only."""
        match condition:
            case All(all=parts) | AnyOf(any=parts):
                meanings = frozenset(self._meaning(part) for part in parts)
                return (type(condition).__name__, meanings) if len(meanings) > 1 else next(iter(meanings))
            case Not(not_=part):
                return ("Not", self._meaning(part))
            case InvalidatedBy(invalidated_by=names):
                return ("InvalidatedBy", frozenset(names))
            case Leaf(field=name, op=op, value=value, other=other):
                read = self._fields[name]
                is_amount = read.type not in {FieldType.ENUM, FieldType.TEXT, FieldType.LIST}
                values = value if isinstance(value, tuple) else () if value is None else (value,)
                literals = [amount_of(one) if is_amount else one for one in values]
                return (name, op, other, tuple(literals) if op == "between" else frozenset(literals))

    # -- W203: never reached -------------------------------------------------------------------------------------------

    def _unreachable(self, repeated: Mapping[int, int]) -> Iterator[Diagnostic]:
        is_possible = [self._can_fire(rule) for rule in self._rules]
        for number, rule in enumerate(self._rules):
            if self._solver.is_exhausted:
                return
            if number in repeated or not is_possible[number]:
                continue
            before = [other for other in range(number) if is_possible[other]]
            if first := self._always_first(rule, before):
                names = list_names(self._rules[other].id for other in first)
                verb = "comes" if len(first) == 1 else "come"
                message = f"{self._word} `{rule.id}` never fires: {names} always {verb} first"
                lines = ", ".join(str(self._line(other)) for other in first)
                remedy = (
                    f"Whenever it is true, what stands on line {lines} decides before it: move it up, or delete it."
                )
                yield self._at(number, "W203", message, remedy)

    def _can_fire(self, rule: Rule) -> bool:
        return self._solver.is_possible((rule.when, Claim.TRUE), among=Solver.box(rule.applies_to))

    def _always_first(self, rule: Rule, before: Sequence[int]) -> list[int]:
        """Rules that between them decide wherever ``rule`` is true; none if it is reached at all."""
        open_pairs = set(rule.applies_to.pairs)
        found = []
        for number in before:
            other = self._rules[number]
            if open_pairs & other.applies_to.pairs and self._decides_wherever(other, rule):
                found.append(number)
                open_pairs -= other.applies_to.pairs
                if not open_pairs:
                    return found
        return []

    def _decides_wherever(self, other: Rule, rule: Rule) -> bool:
        """Whether ``other`` decides wherever both are about a selection and ``rule`` is true."""
        # Unknown decides, too (it holds), but not in triggers, nor where a rule lets it pass.
        stops_unknown = isinstance(other, ValidationRule) and other.on_missing != "pass"
        undecided = Claim.FALSE if stops_unknown else Claim.NOT_TRUE
        both = Solver.box(rule.applies_to, other.applies_to)
        return not self._solver.is_possible((rule.when, Claim.TRUE), (other.when, undecided), among=both)

    # -- W205, W208, W212 ----------------------------------------------------------------------------------------------

    def _unused_facts(self) -> Iterator[Diagnostic]:
        leaves = [leaf for rule in self._rules for _, leaf in walk(rule.when) if isinstance(leaf, Leaf)]
        read = {name for leaf in leaves for name in (leaf.field, leaf.other)}
        for name in self._facts:
            if f"fact.{name}" not in read:
                remedy = "Delete it, or read it in a rule."
                path = ("facts", name)
                yield warn(self._document, path, "W205", f"no rule reads fact `{name}`", remedy, at_key=True)

    def _untested(self) -> Iterator[Diagnostic]:
        for number, rule in enumerate(self._rules):
            if not rule.tests:
                is_hold = isinstance(rule, ValidationRule) and rule.then.hold is not None
                expect = "hold" if is_hold else _FIRED[self._kind]
                remedy = f"Add at least one: `tests: [{{name: …, given: {{…}}, expect: {expect}}}]`."
                yield self._at(number, "W208", f"{self._word} `{rule.id}` has no test", remedy)

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

    # -- how a rule is named -------------------------------------------------------------------------------------------

    def _at(self, number: int, code: str, message: str, remedy: str) -> Diagnostic:
        return warn(self._document, (self._key, number, "id"), code, message, remedy)

    def _line(self, number: int) -> int:
        return self._document.place((self._key, number, "id")).line

    def _named(self, number: int) -> str:
        return f"`{self._rules[number].id}` (line {self._line(number)})"


def _consequence(rule: Rule) -> object:
    match rule:
        case ValidationRule(then=then, on_missing=on_missing):
            return then.invalidate, then.hold, on_missing
        case Trigger(then=then):
            return then.max_slippage_ticks, then.residual_below
        case _:
            return None
