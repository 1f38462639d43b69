"""Which grading rules and conditions the tests beside them have seen true, false and unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.coverage import Seen, leaf_text
from policytrader.engine.compile import leaf_column
from policytrader.engine.grading.compile import KIND
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.fields import Operator
from policytrader.policy.grading.fields import GRADING_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policytrader.app.grading.inline_tests import GradingInlineResult
    from policytrader.policy.conditions import Condition, InvalidatedBy
    from policytrader.policy.grading.grading_set import GradingSet


class GradingCoverage:
    """Collects truths from the tests beside the rules."""

    def __init__(self, policy: GradingSet) -> None:
        """Every rule and leaf of the policy, not seen yet."""
        self.seen: dict[str, Seen] = {}
        for rule in policy.grading.rules:
            name = f"{KIND}/{rule.id}"
            self.seen[name] = Seen(name, is_leaf=False, can_be_unknown=_can_be_unknown(rule.when))
            for index, (_, leaf) in enumerate(walk(rule.when)):
                self.seen[leaf_column(KIND, rule.id, index)] = Seen(
                    leaf_text(leaf), is_leaf=True, can_be_unknown=_leaf_can_be_unknown(leaf)
                )

    @property
    def is_complete(self) -> bool:
        """Every rule and leaf seen in every way that it can be."""
        return all(seen.is_complete for seen in self.seen.values())

    def add_inline(self, results: Iterable[GradingInlineResult]) -> None:
        """Count what the tests beside the rules saw."""
        for result in results:
            if not result.applies:
                continue
            self.seen[f"{KIND}/{result.rule.id}"].counts[result.truth] += 1
            for index, truth in enumerate(result.leaves):
                self.seen[leaf_column(KIND, result.rule.id, index)].counts[truth] += 1


def _can_be_unknown(condition: Condition) -> bool:
    return any(_leaf_can_be_unknown(leaf) for _, leaf in walk(condition))


def _leaf_can_be_unknown(leaf: Leaf | InvalidatedBy) -> bool:
    """False where nothing that it reads can be missing, or where it asks for just that."""
    if not isinstance(leaf, Leaf) or leaf.op in {Operator.IS_MISSING, Operator.IS_PRESENT}:
        return False
    return any(GRADING_FIELDS[name].nullable for name in (leaf.field, leaf.other) if name is not None)
