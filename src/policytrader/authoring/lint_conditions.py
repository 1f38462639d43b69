"""W202 and W204: conditions, and parts of conditions, that can never be true or never be false."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from policytrader.authoring.boxes import Box, Claim, Solver
from policytrader.authoring.lint_findings import name_condition, warn
from policytrader.policy.conditions import All, AnyOf, Condition, Leaf, Not, Path
from policytrader.policy.fields import Field, FieldType, Operator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policytrader.authoring.yaml import YamlDocument
    from policytrader.errors import Diagnostic


class Subject(NamedTuple):
    """What a policy is about, for sentences."""

    rows: str
    seen: str


TRADING = Subject("selections", "the snapshot")


class ConditionLinter:
    """Looks for W202 and W204 in the conditions of one file."""

    def __init__(
        self, document: YamlDocument, fields: Mapping[str, Field], solver: Solver, subject: Subject = TRADING
    ) -> None:
        """``fields`` are those that the conditions may read."""
        self._subject = subject
        self._remedies = {
            "W202": f"It never holds, whatever {subject.seen}: mend it, or delete it.",
            "W204": "It asks nothing but whether the values are there: mend it, or delete it.",
        }
        self._document = document
        self._fields = fields
        self._solver = solver

    def find(
        self, condition: Condition, path: Path, box: Box, *, may_hold_always: bool = False
    ) -> Iterator[Diagnostic]:
        """The outermost parts at fault; ``box`` is what the rule is about."""
        if not self._is_possible(condition, Claim.TRUE, box):
            yield self._finding("W202", condition, path, Claim.TRUE, box)
        elif not may_hold_always and not self._is_possible(condition, Claim.FALSE, box):
            yield self._finding("W204", condition, path, Claim.FALSE, box)
        else:
            for below, part in _parts(condition, path):
                yield from self.find(part, below, box)

    def _is_possible(self, condition: Condition, claim: Claim, box: Box) -> bool:
        return self._solver.is_possible((condition, claim), among=box)

    def _finding(self, code: str, condition: Condition, path: Path, claim: Claim, box: Box) -> Diagnostic:
        place, at_key, sentence = self._explain(condition, path, claim, box)
        if self._is_possible(condition, claim, Box()):
            sentence += f": not for the {self._subject.rows} that the rule applies to"
        return warn(self._document, place, code, sentence, self._remedies[code], at_key=at_key)

    def _explain(self, condition: Condition, path: Path, claim: Claim, box: Box) -> tuple[Path, bool, str]:
        """The smallest part at fault: its path, whether its key is meant, and why the claim cannot hold."""
        parts = list(_parts(condition, path))
        word = claim.value
        needs_every_part = isinstance(condition, All) == (claim is Claim.TRUE)
        match condition:
            case Leaf():
                named = name_condition(condition, path, self._document)
                return (*path, "field"), False, f"{named} can never be {word}{self._why(condition, claim)}"
            case All() | AnyOf() if needs_every_part:
                return self._explain_parts(parts, claim, box)
            case All() | AnyOf():
                return parts[0][0][:-1], True, f"this can never be {word}: none of its parts can"
            case _:
                opposite = "false" if claim is Claim.TRUE else "true"
                return (*path, "not"), True, f"this can never be {word}: what it negates can never be {opposite}"

    def _explain_parts(self, parts: list[tuple[Path, Condition]], claim: Claim, box: Box) -> tuple[Path, bool, str]:
        """Which of the parts exclude each other."""
        for path, part in parts:
            if not self._is_possible(part, claim, box):
                return self._explain(part, path, claim, box)
        last = next(
            number
            for number in range(1, len(parts) + 1)
            if not self._solver.is_possible(*((part, claim) for _, part in parts[:number]), among=box)
        )
        path, part = parts[last - 1]
        place, at_key = ((*path, "field"), False) if isinstance(part, Leaf) else (path, True)
        named = name_condition(part, path, self._document)
        for other_path, other in parts[: last - 1]:
            if not self._solver.is_possible((part, claim), (other, claim), among=box):
                other_named = name_condition(other, other_path, self._document)
                line = f" (line {self._document.place(other_path).line})" if isinstance(other, Leaf) else ""
                return place, at_key, _exclusion(claim, named, other_named + line)
        return place, at_key, _exclusion(claim, named, "the parts before it")

    def _why(self, leaf: Leaf, claim: Claim) -> str:
        read = self._fields.get(leaf.field)
        if read is None or self._is_possible(leaf, claim, Box()):
            return ""  # what the rule applies to makes it so
        if leaf.other is not None:
            return ": a value is equal to itself" if leaf.other == leaf.field else ""
        if leaf.op in {Operator.CONTAINS, Operator.SIZE_GTE}:
            return ": a list has 0 members or more"
        return _bounds_text(read)


def _parts(condition: Condition, path: Path) -> Iterator[tuple[Path, Condition]]:
    match condition:
        case All(all=parts):
            yield from (((*path, "all", number), part) for number, part in enumerate(parts))
        case AnyOf(any=parts):
            yield from (((*path, "any", number), part) for number, part in enumerate(parts))
        case Not(not_=part):
            yield (*path, "not"), part
        case _:
            return


def _exclusion(claim: Claim, one: str, other: str) -> str:
    if claim is Claim.TRUE:
        return f"{one} can never be true together with {other}"
    return f"{one} is true wherever {other} is false, so this can never be false"


_UNIT_TEXTS = {
    "odds": "a price from 1.01 to 1000",
    "gbp": "money, with two decimals at most, and never negative",
    "percent": "from 0 to 100",
    "points": "never negative",
    "runners": "a whole number, and never negative",
    "winners": "a whole number, and never negative",
}


def _bounds_text(read: Field) -> str:
    if read.type is FieldType.ENUM:
        return f": `{read.name}` is one of {', '.join(read.values)}"
    return f": `{read.name}` is {_UNIT_TEXTS[read.unit]}" if read.unit in _UNIT_TEXTS else ""
