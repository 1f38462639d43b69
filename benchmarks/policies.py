"""The shipped policy with more validation rules, written as YAML and read by the loader like anybody's."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from policytrader.authoring.load import load_policy
from policytrader.resources import resource

if TYPE_CHECKING:
    from policytrader.policy.policy_set import PolicySet

SHIPPED_RULES = 4
RULES_PER_FACT = 10

_BOTH = "{{{{{}: [{{{{field: {}}}}}, {{{{field: {}}}}}]}}}}"

# None of them is true on the made-up day, and each is evaluated for every pick all the same.
_CONDITIONS = (
    "{{field: selection.stake_points, op: gt, value: {number}}}",
    _BOTH.format("all", "market.number_of_winners, op: gt, value: 4", "runner.best_lay, op: gt, value: {number}"),
    _BOTH.format("all", "selection.time_to_off, op: lt, value: 1s", "runner.best_back_size, op: lt, value: {number}"),
    _BOTH.format("any", "reference.number_of_runners, op: gt, value: {number}", "market.price_age, op: gt, value: 9m"),
    "{{field: fact.{fact}, op: gt, value: {number}}}",
)
_APPLIES_TO = ("{side: [BACK]}", "{side: [LAY]}", "{market_type: [PLACE]}", "{side: [BACK, LAY]}")


def policy_with_rules(rule_count: int) -> PolicySet:
    """The shipped policy with ``rule_count`` validation rules, and one more fact for every ten of them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in sorted((Path(str(resource("rules"))) / "racing").glob("*.yaml")):
            text = file.read_text(encoding="utf-8")
            if file.stem == "validation":
                text = _with_rules(text, rule_count)
            (folder / file.name).write_text(text, encoding="utf-8")
        return load_policy(folder)


def _with_rules(text: str, rule_count: int) -> str:
    numbers = range(rule_count - SHIPPED_RULES)
    facts = "".join(_fact(number) for number in range(max(1, len(numbers) // RULES_PER_FACT)))
    rules = "".join(
        _rule(number, fact=f"under_{number // 5 % max(1, len(numbers) // RULES_PER_FACT)}") for number in numbers
    )
    head, _, _ = text.rpartition("end: validation")
    return head.replace("facts:\n", "facts:\n" + facts, 1) + rules + "end: validation\n"


def _fact(number: int) -> str:
    return f"""  under_{number}:
    count: runners
    where: {{field: runner.reference_price, op: lt, value: {number + 2}}}
"""


def _rule(number: int, fact: str) -> str:
    condition = _CONDITIONS[number % len(_CONDITIONS)].format(number=1000 + number, fact=fact)
    return f"""  - id: generated-{number}
    title: Generated rule {number}
    why: It is there to be counted.
    applies_to: {_APPLIES_TO[number % len(_APPLIES_TO)]}
    when: {condition}
    then: {{invalidate: Invalid Generated {number}}}
    tests: []
"""
