"""PolicySet -> one SQL statement over the tables of ``tables.py``.

The statement reads, for every selection of every snapshot: the live runners of its race merged over the race's
markets (``live``), the capture beside them (``member``), the facts, the position; then it judges and decides. It
compares, counts and sums; it never divides or rounds. Amounts are whole numbers throughout: prices and sizes in
pennies (1e-2), exposures and target amounts in 1e-10.

DuckDB pays for every expression and column of a plan at every execution, however few the rows. So the statement is
narrow on purpose: what Python can read from the selection itself (step, target, texts) does not come out of it, and
each relation carries on only what the next one needs.

Rows come out unordered: ``row_no`` is the selection's place in the order of decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from policytrader.engine.leaves import LeafCompiler, column_of
from policytrader.engine.relations import Relations
from policytrader.engine.sql import case, number, quote, text_list
from policytrader.policy.conditions import Condition, Fact, InvalidatedBy, Leaf, walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import RUNNER_FIELDS, SELECTION_FIELDS, Operator
from policytrader.policy.rules import MARKET_TYPES, SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal

    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import AppliesTo, Rule
    from policytrader.policy.staking import Ladder
    from policytrader.policy.validation import ValidationRule

STORED = -1
"""``judgement`` of a selection that was stored as invalid."""


class Judgement(IntEnum):
    """How a rule decided; ``judgement`` is 4 x the rule's number plus this. Odd holds, even invalidates."""

    INVALIDATES = 0
    HOLDS = 1
    INVALIDATES_UNKNOWN = 2
    HOLDS_UNKNOWN = 3


class Outcome(IntEnum):
    """What the statement decides about one selection; sizes, minimums and protections come after it."""

    HOLD = 0
    CLOSED = 1
    CASH_OUT_WAITS = 2
    CASH_OUT = 3
    CANCEL_INVALID = 4
    INVALID = 5
    CANCEL_RESTED = 6
    AFTER_OFF = 7
    FULLY_MATCHED = 8
    STEP_FILLED = 9
    NO_PRICE = 10
    CANDIDATE = 11


FIXED_COLUMNS = ("snapshot_id", "row_no", "judgement", "outcome", "meets", "exposure", "matched", "value", "trigger")
"""What every compiled statement returns first, in this order.

``exposure`` (1e-10), ``matched`` (pennies) and ``value`` (1e-10: size x average price) are of the selection's own side.
Each is empty where it would not fit into 64 bits (beyond 900 million pounds): then it is summed from the orders.
``trigger`` is the place of the first cash-out trigger that is true, where there are several; else 0.
One truth column per validation rule follows (``r0``, ``r1``, …), then for each leaf of a rule with several leaves
whether it is unknown (``u<rule>_<leaf>``), then the explanation columns.
"""


@dataclass(frozen=True)
class Statement:
    """The compiled policy: SQL text, the names of its columns, and where the explanation columns begin.

    ``wanted`` names the live columns that it reads, as ``table.column``; the others may be left empty.
    """

    sql: str
    columns: tuple[str, ...]
    explained_from: int
    wanted: frozenset[str]


def compile_policy(policy: PolicySet, *, explain: bool = False) -> Statement:
    """The statement that decides; with ``explain`` also a truth column per leaf and every field's value as seen."""
    return _Compiler(policy, explain=explain).statement()


def compile_members(policy: PolicySet) -> str:
    """A statement that shows each fact's verdict on each runner: for ``explain`` and for coverage.

    Columns: snapshot_id, race_id, capture_id, selection_id, then per fact its truth and one truth per leaf.
    """
    return _Compiler(policy, explain=True).members()


def compile_conditions(policy: PolicySet) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The rules' conditions over a table ``seen`` of given values: for the tests beside the rules.

    Returns the SQL, its columns (one truth per rule and per leaf), and the columns that ``seen`` must have.
    """
    return _Compiler(policy, explain=True).conditions()


class _Compiler:
    def __init__(self, policy: PolicySet, *, explain: bool) -> None:
        self.policy = policy
        self.explain = explain
        self.facts: dict[str, Fact] = dict(policy.validation.facts)
        facts = {FACT_PREFIX + name: fact_field(name, fact) for name, fact in self.facts.items()}
        self.leaves = LeafCompiler({**SELECTION_FIELDS, **facts}, self.facts, self._invalidated_by)
        self.relations = Relations(policy, self._list_facts_to_open(), explain=explain)

    def _list_facts_to_open(self) -> frozenset[str]:
        """Facts whose members must come out: those that a rule looks into, and all lists when explaining."""
        opened = {
            leaf.field.removeprefix(FACT_PREFIX)
            for _, rules in rule_groups(self.policy)
            for rule in rules
            for _, leaf in walk(rule.when)
            if isinstance(leaf, Leaf) and leaf.op is Operator.CONTAINS
        }
        if self.explain:
            opened |= {name for name, fact in self.facts.items() if fact.aggregate == "list"}
        return frozenset(opened)

    def _invalidated_by(self, names: tuple[str, ...]) -> str:
        """Invalid now by one of these rules, or stored as invalid with the text of one of them."""
        codes, texts, taken = [], [], set()
        for index, rule in enumerate(self.policy.validation.rules):
            reason = rule.then.invalidate
            if rule.id in names:
                codes += [str(4 * index), str(4 * index + 2)]
            if reason is not None and reason not in taken:
                taken.add(reason)
                texts += [reason] if rule.id in names else []
        stored = f'("judgement" = {STORED} AND "invalidated_reason" IN {text_list(texts)})' if texts else "FALSE"
        return f'coalesce("judgement" IN ({", ".join(codes)}) OR {stored}, FALSE)' if codes else "FALSE"

    # -- the decision --------------------------------------------------------------------------------------------------

    def judged(self) -> str:
        """Truth of every validation rule, the triggers' leaves, and whether the price is there."""
        rules = self.policy.validation.rules
        truths = [f"{self._truth(rule)} AS {quote(f'r{index}')}" for index, rule in enumerate(rules)]
        unknown = [f"{self.leaves.leaf(leaf)} IS NULL AS {quote(name)}" for name, leaf in unknown_columns(rules)]
        listed = ",\n    ".join([*truths, *unknown, f'{self._meets()} AS "meets"'])
        return f"judged AS (\n  SELECT *,\n    {listed}\n  FROM seen)"

    def _truth(self, rule: Rule) -> str:
        applies, condition = _applies(rule.applies_to), self.leaves.condition(rule.when)
        return condition if applies is None else f"CASE WHEN {applies} THEN {condition} END"

    def _meets(self) -> str:
        """A price is offered, every entry rule that applies is true, and at least one applies."""
        every, some = [], []
        for rule in self.policy.entry.rules:
            applies, condition = _applies(rule.applies_to), self.leaves.condition(rule.when)
            every.append(condition if applies is None else f"(NOT {applies} OR {condition})")
            some.append("TRUE" if applies is None else applies)
        served = frozenset(pair for rule in self.policy.entry.rules for pair in rule.applies_to.pairs)
        only = "" if len(served) == len(SIDES) * len(MARKET_TYPES) else f" AND ({' OR '.join(some)})"
        return f'"is_offered" AND coalesce({" AND ".join(every)}, FALSE){only}'

    def decided(self) -> str:
        """The first rule in file order that is true or unknown; a stored invalidation comes before all of them."""
        cases = [f'WHEN NOT "valid" THEN {STORED}']
        for index, rule in enumerate(self.policy.validation.rules):
            applies = _applies(rule.applies_to)
            also = "" if applies is None else f"{applies} AND "
            true = Judgement.HOLDS if rule.then.hold is not None else Judgement.INVALIDATES
            cases.append(f'WHEN "r{index}" THEN {4 * index + true}')
            if rule.on_missing != "pass":
                unknown = Judgement.HOLDS_UNKNOWN if rule.on_missing == "hold" else Judgement.INVALIDATES_UNKNOWN
                cases.append(f'WHEN {also}"r{index}" IS NULL THEN {4 * index + unknown}')
        listed = "\n      ".join(cases)
        return f'decided AS (\n  SELECT *,\n    CASE {listed} END AS "judgement"\n  FROM judged)'

    def outcome(self) -> str:
        """The first row of the action table that fits, up to where sizes have to be divided."""
        held = '"judgement" >= 0 AND "judgement" % 2 = 1'
        # What comes after HOLD with a judgement can only be an invalidation.
        closing = f'"matched" > 0 AND "race_status" IS DISTINCT FROM \'REMOVED\' AND ({self._triggers()})'
        can_close = '"own_market_status" = \'OPEN\' AND NOT "own_in_play" AND "race_status" = \'ACTIVE\''
        invalid = [
            (closing, f"CASE WHEN {can_close} THEN {Outcome.CASH_OUT.value} ELSE {Outcome.CASH_OUT_WAITS.value} END"),
            ('"rests_since" IS NOT NULL', Outcome.CANCEL_INVALID.value),
        ]
        kept = [
            (f'"now_us" - "rests_since" > {self.relations.cancel_after}', Outcome.CANCEL_RESTED.value),
            ('"own_time_to_off" <= 0', Outcome.AFTER_OFF.value),
            (
                f'{self._amount(_caps)} - "exposure" < {self._amount(_within, scaled=False)}',
                Outcome.FULLY_MATCHED.value,
            ),
            (f'"exposure" >= {self._amount(_targets)}', Outcome.STEP_FILLED.value),
            ('NOT "meets"', Outcome.NO_PRICE.value),
        ]
        # Nested, so that what only invalid picks need is not worked out for a market full of valid ones.
        cases = [
            (held, str(Outcome.HOLD.value)),
            ('"closed"', str(Outcome.CLOSED.value)),
            ('"judgement" IS NOT NULL', case(invalid, Outcome.INVALID.value)),
        ]
        return case(cases, case(kept, Outcome.CANDIDATE.value))

    def _triggers(self) -> str:
        """A cash-out trigger holds for certain; none does for a stored reason that is no rule's text."""
        parts = self._trigger_conditions()
        texts = {rule.then.invalidate for rule in self.policy.validation.rules if rule.then.invalidate is not None}
        of_a_rule = f'"invalidated_reason" IN {text_list(sorted(texts))}' if texts else "FALSE"
        return f'coalesce({" OR ".join(parts)}, FALSE) AND ("judgement" <> {STORED} OR coalesce({of_a_rule}, FALSE))'

    def _trigger_conditions(self) -> list[str]:
        """Each trigger where it applies, in file order."""
        parts = []
        for trigger in self.policy.cash_out.triggers:
            applies, condition = _applies(trigger.applies_to), self.leaves.condition(trigger.when)
            parts.append(condition if applies is None else f"{applies} AND {condition}")
        return parts

    def _first_trigger(self) -> str:
        parts = self._trigger_conditions()
        return case([(part, str(number)) for number, part in enumerate(parts)], "0") if len(parts) > 1 else "0"

    def _amount(self, of: Callable[[Ladder, str, int], str], *, scaled: bool = True) -> str:
        """A ladder's amount for the selection's side at its stake points, in 1e-10 pounds."""
        cases = []
        for ladder in self.policy.staking.ladders:
            applies = _applies(ladder.applies_to)
            for side in ("BACK", "LAY"):
                where = f"\"own_side\" = '{side}'" + (f" AND {applies}" if applies else "")
                cases.append(f"WHEN {where} THEN {of(ladder, side, 6 if scaled else 10)}")
        amount = f"CASE {' '.join(cases)} END"
        return f'{amount} * "own_points"' if scaled else amount

    # -- statements ----------------------------------------------------------------------------------------------------

    def statement(self) -> Statement:
        relations = [*self.relations.all(), self.judged(), self.decided()]
        rules = self.policy.validation.rules
        whole = {name: f"TRY_CAST({quote(name)} AS BIGINT)" for name in ("exposure", "matched", "value")}
        whole |= {"outcome": self.outcome(), "trigger": self._first_trigger()}
        fixed = [f"{whole.get(name, quote(name))} AS {quote(name)}" for name in FIXED_COLUMNS]
        names = [*(f"r{index}" for index in range(len(rules))), *(name for name, _ in unknown_columns(rules))]
        extra = self._explained() if self.explain else {}
        listed = [*fixed, *map(quote, names), *(f"{value} AS {quote(name)}" for name, value in extra.items())]
        body = ",\n".join(relations)
        sql = f"WITH {body}\nSELECT\n  " + ",\n  ".join(listed) + "\nFROM decided"
        columns = (*FIXED_COLUMNS, *names, *extra)
        return Statement(sql, columns, len(FIXED_COLUMNS) + len(names), self.relations.wanted)

    def _explained(self) -> dict[str, str]:
        """A truth column per leaf (``<kind>/<rule>/<n>``) and the value of every field and fact as seen."""
        columns = self._leaf_columns()
        for field in self.relations.used:
            columns[field.name] = quote(field.column)
        for name in self.facts:
            for suffix in self.relations.suffixes(name):
                columns[FACT_PREFIX + name + suffix] = quote("fact_" + name + suffix)
        return columns

    def _leaf_columns(self) -> dict[str, str]:
        return {
            leaf_column(kind, rule.id, index): self.leaves.condition(leaf)
            for kind, rules in rule_groups(self.policy)
            for rule in rules
            for index, (_, leaf) in enumerate(walk(rule.when))
        }

    def members(self) -> str:
        """See ``compile_members``."""
        leaves = LeafCompiler(RUNNER_FIELDS, {})
        columns = []
        for name, fact in self.facts.items():
            columns.append(f"{leaves.condition(fact.where)} AS {quote(name)}")
            for index, (_, leaf) in enumerate(walk(fact.where)):
                columns.append(f"{leaves.condition(leaf)} AS {quote(leaf_column('facts', name, index))}")
        listed = "".join(f",\n  {column}" for column in columns)
        return (
            f"WITH {self.relations.live()},\n{self.relations.member()}\n"
            f'SELECT "snapshot_id", "race_id", "capture_id", "runner_selection_id"{listed}\nFROM member\n'
            f'ORDER BY "snapshot_id", "race_id", "capture_id", "runner_selection_id"'
        )

    def conditions(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """See ``compile_conditions``."""
        rules = {f"{kind}/{rule.id}": self._truth(rule) for kind, group in rule_groups(self.policy) for rule in group}
        columns = {**rules, **self._leaf_columns()}
        listed = ",\n  ".join(f"{value} AS {quote(name)}" for name, value in columns.items())
        needed = [column_of(field.name) for field in self.relations.used]
        needed += [f"fact_{name}{suffix}" for name in self.facts for suffix in self.relations.suffixes(name)]
        own = ("test_no", "own_side", "own_market_type", "judgement", "invalidated_reason")
        sql = f'SELECT "test_no",\n  {listed}\nFROM seen ORDER BY "test_no"'
        return sql, ("test_no", *columns), (*own, *dict.fromkeys(needed))


def rule_groups(policy: PolicySet) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The rules with conditions, by kind, in file order."""
    return (
        ("validation", policy.validation.rules),
        ("entry", policy.entry.rules),
        ("cash_out", policy.cash_out.triggers),
    )


def leaf_column(kind: str, rule: str, index: int) -> str:
    """Name of a leaf's truth column."""
    return f"{kind}/{rule}/{index}"


def unknown_columns(rules: Iterable[ValidationRule]) -> list[tuple[str, Leaf]]:
    """The columns that tell which leaf of a rule with several leaves is unknown, in the order of the statement."""
    found = []
    for number_of_rule, rule in enumerate(rules):
        leaves = compared_leaves(rule.when)
        if len(leaves) > 1:
            found += [(f"u{number_of_rule}_{index}", leaf) for index, leaf in enumerate(leaves)]
    return found


def compared_leaves(condition: Condition) -> list[Leaf]:
    """The leaves that compare fields."""
    return [leaf for _, leaf in walk(condition) if not isinstance(leaf, InvalidatedBy)]


def _applies(applies_to: AppliesTo) -> str | None:
    """A two-valued SQL expression; None when every selection is meant."""
    parts = []
    if len(set(applies_to.side)) == 1:
        parts.append(f"\"own_side\" = '{applies_to.side[0]}'")
    if len(set(applies_to.market_type)) == 1:
        parts.append(f"\"own_market_type\" = '{applies_to.market_type[0]}'")
    return f"({' AND '.join(parts)})" if parts else None


def _targets(ladder: Ladder, side: str, places: int) -> str:
    """The amount of the step in force: the last one whose start has come."""
    amounts = [number(step.amount(side).scaleb(places)) for step in ladder.steps]
    cases = [
        f'WHEN "own_time_to_off" <= {ladder.steps[index].microseconds} THEN {amounts[index]}'
        for index in range(len(amounts) - 1, 0, -1)
    ]
    return f"CASE {' '.join(cases)} ELSE {amounts[0]} END" if cases else amounts[0]


def _caps(ladder: Ladder, side: str, places: int) -> str:
    return number(ladder.limits.amount(side).scaleb(places))


def _within(ladder: Ladder, _: str, places: int) -> str:
    amount: Decimal = ladder.fully_matched_within
    return number(amount.scaleb(places))
