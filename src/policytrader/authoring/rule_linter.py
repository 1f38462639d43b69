"""Rules beside each other, in every family: the same twice, never reached, untested (W201, W202 to W204, W208).

What rules are about and what they do is their family's: see ``lint_rules.py`` and ``grading/lint.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from policytrader.authoring.boxes import Claim, Solver
from policytrader.authoring.check_conditions import NamedRule
from policytrader.authoring.lint_conditions import TRADING, ConditionLinter, Subject
from policytrader.authoring.lint_findings import list_names, warn
from policytrader.authoring.literals import amount_of
from policytrader.policy.conditions import All, AnyOf, Condition, InvalidatedBy, Leaf, Not
from policytrader.policy.fields import FieldType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from policytrader.authoring.boxes import Box
    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic
    from policytrader.policy.fields import Field

AnyRule = TypeVar("AnyRule", bound=NamedRule)


class RuleLinter(ABC, Generic[AnyRule]):
    """The checks of one file with rules; ``key`` is where they stand, ``word`` what one of them is called."""

    subject: Subject = TRADING

    def __init__(
        self,
        key: str,
        rules: Sequence[AnyRule],
        fields: Mapping[str, Field],
        document: YamlDocument,
        *,
        word: str = "rule",
    ) -> None:
        """``fields`` are those that the rules may read."""
        self._key = key
        self._rules = rules
        self._fields = fields
        self._document = document
        self._solver = Solver(fields)
        self._word = word

    # -- what a family says of its rules -------------------------------------------------------------------------------

    @abstractmethod
    def find(self) -> Iterator[Diagnostic]:
        """Everything but what the file's other parts say."""

    @abstractmethod
    def _box(self, *rules: AnyRule) -> Box:
        """What all of these rules are about."""

    @abstractmethod
    def _reach(self, rule: AnyRule) -> frozenset[Any]:
        """What the rule is about, in the smallest pieces."""

    @abstractmethod
    def _stops_unknown(self, rule: AnyRule) -> bool:
        """Whether the rule decides, too, when it is unknown."""

    @abstractmethod
    def _consequence(self, rule: AnyRule) -> object:
        """What the rule does; equal for rules that do the same."""

    @abstractmethod
    def _fired(self, rule: AnyRule) -> str:
        """What a test of the rule expects when its condition holds."""

    # -- W202, W204 ----------------------------------------------------------------------------------------------------

    def _conditions(self) -> Iterator[Diagnostic]:
        linter = ConditionLinter(self._document, self._fields, self._solver, self.subject)
        for number, rule in enumerate(self._rules):
            yield from linter.find(rule.when, (self._key, number, "when"), self._box(rule))

    # -- W201: the same rule twice -------------------------------------------------------------------------------------

    def _repeated(self) -> Iterator[tuple[int, int]]:
        """A rule's number and that of the first that says the same."""
        first: dict[object, int] = {}
        for number, rule in enumerate(self._rules):
            meaning = (self._reach(rule), self._meaning(rule.when), self._consequence(rule))
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

    def _can_fire(self, rule: AnyRule) -> bool:
        return self._solver.is_possible((rule.when, Claim.TRUE), among=self._box(rule))

    def _always_first(self, rule: AnyRule, before: Sequence[int]) -> list[int]:
        """Rules that between them decide wherever ``rule`` is true; none if it is reached at all."""
        still_open = set(self._reach(rule))
        found = []
        for number in before:
            other = self._rules[number]
            if still_open & self._reach(other) and self._decides_wherever(other, rule):
                found.append(number)
                still_open -= self._reach(other)
                if not still_open:
                    return found
        return []

    def _decides_wherever(self, other: AnyRule, rule: AnyRule) -> bool:
        """Whether ``other`` decides wherever both are about the same and ``rule`` is true."""
        undecided = Claim.FALSE if self._stops_unknown(other) else Claim.NOT_TRUE
        both = self._box(rule, other)
        return not self._solver.is_possible((rule.when, Claim.TRUE), (other.when, undecided), among=both)

    # -- W208 ----------------------------------------------------------------------------------------------------------

    def _untested(self) -> Iterator[Diagnostic]:
        for number, rule in enumerate(self._rules):
            if not rule.tests:
                remedy = f"Add at least one: `tests: [{{name: …, given: {{…}}, expect: {self._fired(rule)}}}]`."
                yield self._at(number, "W208", f"{self._word} `{rule.id}` has no test", remedy)

    # -- how a rule is named -------------------------------------------------------------------------------------------

    def _at(self, number: int, code: str, message: str, remedy: str) -> Diagnostic:
        return warn(self._document, (self._key, number, "id"), code, message, remedy)

    def _line(self, number: int) -> int:
        return self._document.place((self._key, number, "id")).line

    def _named(self, number: int) -> str:
        return f"`{self._rules[number].id}` (line {self._line(number)})"
