"""PolicySet -> one SQL statement over the tables of ``tables.py``.

The statement reads, for every selection of every snapshot: the live runners of its race merged over the race's
markets (``live``), the capture beside them (``member``), the facts, the position, and then judges (``judged``) and
decides (``decided``). It compares, counts and sums; it never divides or rounds. Amounts leave it as whole numbers
of 1e-10 (``_e10``) or 1e-2 (``_e2``) pounds, exact and cheap to hand over.

Rows come out unordered: ``row_no`` is the selection's place in the order of decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from policytrader.engine.leaves import LeafCompiler
from policytrader.engine.sql import literal, quote, text, text_list
from policytrader.model.price import MAX_PRICE, MIN_PRICE
from policytrader.policy.conditions import Condition, Fact, InvalidatedBy, Leaf, walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import (
    RUNNER_FIELDS,
    SELECTION_FIELDS,
    Field,
    FieldType,
    Operator,
)
from policytrader.policy.policy_set import PolicySet
from policytrader.policy.rules import AppliesTo, Rule
from policytrader.policy.staking import Ladder
from policytrader.policy.values import duration_microseconds

STORED = -1
"""``decided_by`` of a selection that was stored as invalid."""


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


@dataclass(frozen=True)
class Statement:
    """The compiled policy: SQL text, and the names of what its columns mean."""

    sql: str
    columns: tuple[str, ...]
    fact_names: tuple[str, ...]


FIXED_COLUMNS = (
    "snapshot_id",
    "row_no",
    "decided_by",
    "stored_rule",
    "missing",
    "outcome",
    "ladder_no",
    "step_no",
    "time_to_off",
    "exposure_e10",
    "meets",
    "best_back_e2",
    "best_lay_e2",
    "depth_e2",
    "back_matched_e2",
    "back_value_e10",
    "lay_matched_e2",
    "lay_value_e10",
    "trigger_no",
)
"""The columns that every compiled statement returns first, in this order; one truth column per rule follows."""


def compile_policy(policy: PolicySet, *, explain: bool = False) -> Statement:
    """The statement that decides; with ``explain`` also a truth column per leaf and every field's value as seen."""
    return _Compiler(policy, explain=explain).statement()


def compile_members(policy: PolicySet) -> str:
    """A statement that shows each fact's verdict on each runner: for ``explain`` and for coverage.

    Columns: snapshot_id, race_id, capture_id, selection_id, then per fact its truth and one truth per leaf.
    """
    return _Compiler(policy, explain=True).members()


class _Compiler:
    def __init__(self, policy: PolicySet, *, explain: bool) -> None:
        self.policy = policy
        self.explain = explain
        self.facts: dict[str, Fact] = dict(policy.validation.facts)
        fields = {**SELECTION_FIELDS, **{FACT_PREFIX + name: fact_field(name, fact) for name, fact in self.facts.items()}}
        self.leaves = LeafCompiler(fields, self.facts)
        self.member_leaves = LeafCompiler(RUNNER_FIELDS, {})
        self.used = self._used_fields()

    def _conditions(self) -> Iterable[Condition]:
        for rules in (self.policy.validation.rules, self.policy.entry.rules, self.policy.cash_out.triggers):
            for rule in rules:
                yield rule.when

    def _used_fields(self) -> list[Field]:
        names = [name for condition in self._conditions() for name in _names(condition)]
        return [SELECTION_FIELDS[name] for name in dict.fromkeys(names) if name in SELECTION_FIELDS]

    # -- the relations ---------------------------------------------------------------------------------------------

    def live(self) -> str:
        """One row per runner of a race, over the race's markets."""
        return """live AS (
  SELECT
    "snapshot_id",
    "race_id",
    "selection_id",
    CASE WHEN bool_or("status" = 'REMOVED') THEN 'REMOVED'
         WHEN bool_or("status" = 'ACTIVE') THEN 'ACTIVE'
         ELSE max("status") END AS "status",
    min("removed_at") AS "removed_at",
    max("best_back") FILTER (WHERE "market_type" = 'WIN') AS "win_best_back",
    max("last_traded") FILTER (WHERE "market_type" = 'WIN') AS "win_last_traded"
  FROM runners
  GROUP BY "snapshot_id", "race_id", "selection_id")"""

    def member(self) -> str:
        """The runners of each captured race: the live ones, and those captured as running that are listed no more."""
        columns = ",\n    ".join(
            f"{field.sql} AS {quote(field.column)}" for field in RUNNER_FIELDS.values() if field.sql.startswith("r.")
        )
        return f"""captured_race AS (
  SELECT DISTINCT "snapshot_id", "race_id", "capture_id", "captured_at" FROM selections),
member AS (
  SELECT
    coalesce(l."snapshot_id", r."snapshot_id") AS "snapshot_id",
    coalesce(l."race_id", r."race_id") AS "race_id",
    coalesce(l."capture_id", r."capture_id") AS "capture_id",
    coalesce(l."selection_id", r."selection_id") AS "runner_selection_id",
    l."status" AS "runner_status",
    CASE WHEN l."removed_at" < l."captured_at" THEN FALSE
         ELSE r."captured_status" = 'ACTIVE' END AS "runner_active_at_capture",
    l."win_best_back" AS "runner_win_best_back",
    l."win_last_traded" AS "runner_win_last_traded",
    {columns}
  FROM (
    SELECT live.*, c."capture_id", c."captured_at"
    FROM live JOIN captured_race c ON c."snapshot_id" = live."snapshot_id" AND c."race_id" = live."race_id") l
  FULL JOIN reference r
    ON r."snapshot_id" = l."snapshot_id" AND r."capture_id" = l."capture_id" AND r."selection_id" = l."selection_id"
  WHERE l."selection_id" IS NOT NULL OR r."captured_status" = 'ACTIVE' OR r."captured_status" IS NULL)"""

    def fact(self) -> str:
        """The facts of each captured race."""
        columns = [column for name, fact in self.facts.items() for column in self._fact_columns(name, fact)]
        listed = "".join(f",\n    {column}" for column in columns)
        return f"""fact AS (
  SELECT "snapshot_id", "race_id", "capture_id"{listed}
  FROM member
  GROUP BY "snapshot_id", "race_id", "capture_id")"""

    def _fact_columns(self, name: str, fact: Fact) -> list[str]:
        truth = self.member_leaves.condition(fact.where)
        possible = f"({truth}) IS NOT FALSE"
        column = FACT_PREFIX.replace(".", "_") + name

        def named(expression: str, suffix: str) -> str:
            return f"{expression} AS {quote(column + suffix)}"

        if fact.aggregate in {"min", "max"}:
            return self._extreme_columns(name, fact, truth, possible)
        columns = [
            named(f"count(*) FILTER (WHERE {truth})", "_lo"),
            named(f"count(*) FILTER (WHERE {possible})", "_hi"),
        ]
        if fact.aggregate == "list" and (self.explain or self._looks_inside(name)):
            runner = '"runner_selection_id"'
            columns += [
                named(f"coalesce(list({runner} ORDER BY {runner}) FILTER (WHERE {truth}), [])", "_ids"),
                named(f"coalesce(list({runner} ORDER BY {runner}) FILTER (WHERE {possible}), [])", "_maybe"),
            ]
        return columns

    def _looks_inside(self, name: str) -> bool:
        return any(
            isinstance(leaf, Leaf) and leaf.field == FACT_PREFIX + name and leaf.op is Operator.CONTAINS
            for condition in self._conditions()
            for _, leaf in walk(condition)
        )

    def _extreme_columns(self, name: str, fact: Fact, truth: str, possible: str) -> list[str]:
        """Bounds of ``min`` or ``max``: missing prices and possible members widen them to the ends of the ladder."""
        value = quote(RUNNER_FIELDS[fact.of or ""].column)
        column = FACT_PREFIX.replace(".", "_") + name
        certain_count = f"count(*) FILTER (WHERE {truth})"
        known = f"{fact.aggregate}({value}) FILTER (WHERE {truth})"
        widest = f"{fact.aggregate}({value}) FILTER (WHERE {possible})"
        has_gap = f"count(*) FILTER (WHERE {possible} AND {value} IS NULL) > 0"
        near, far = (MAX_PRICE, MIN_PRICE) if fact.aggregate == "min" else (MIN_PRICE, MAX_PRICE)
        inner = f"CASE WHEN {certain_count} > 0 THEN coalesce({known}, {near}) END"
        outer = f"CASE WHEN {certain_count} > 0 THEN CASE WHEN {has_gap} THEN {far} ELSE {widest} END END"
        low, high = (outer, inner) if fact.aggregate == "min" else (inner, outer)
        return [
            f"{low} AS {quote(column + '_lo')}",
            f"{high} AS {quote(column + '_hi')}",
            f"{certain_count} AS {quote(column + '_certain')}",
            f"count(*) FILTER (WHERE {possible}) AS {quote(column + '_possible')}",
        ]

    def position(self) -> str:
        """Orders summed per runner of a market, both sides. UNKNOWN reserves its whole size and has nothing matched."""
        cancel_after = duration_microseconds(self.policy.entry.order.cancel_unmatched_after)
        resting = "\"is_ours\" AND \"status\" = 'EXECUTABLE' AND \"size_remaining\" > 0"
        parts = []
        for side in ("BACK", "LAY"):
            only = f"FILTER (WHERE \"side\" = '{side}')"
            known = f"FILTER (WHERE \"side\" = '{side}' AND \"status\" <> 'UNKNOWN')"
            prefix = side.lower()
            parts += [
                f'sum("size_matched") {known} AS "{prefix}_matched"',
                f'sum("size_matched"::DECIMAL(24,2) * "average_price_matched") {known} AS "{prefix}_value"',
                f'sum("open_size") {only} AS "{prefix}_open"',
                f'bool_or({resting}) {only} AS "{prefix}_rests"',
                f'min("placed_at") FILTER (WHERE "side" = \'{side}\' AND {resting}) AS "{prefix}_rests_since"',
            ]
        parts.append(
            'sum("open_size"::DECIMAL(24,2) * ("price" - 1)) FILTER (WHERE "side" = \'LAY\') AS "lay_open_liability"'
        )
        listed = ",\n    ".join(parts)
        self._cancel_after = cancel_after
        return f"""position AS (
  SELECT "snapshot_id", "market_id", "selection_id",
    {listed}
  FROM (SELECT *, CASE WHEN "status" = 'UNKNOWN' THEN "size" ELSE "size_remaining" END AS "open_size" FROM orders)
  GROUP BY "snapshot_id", "market_id", "selection_id")"""

    def seen(self) -> str:
        """One row per selection with everything that its decision depends on, columns named after the fields."""
        own = {
            "p.size_matched": _own("p", "matched"),
            "p.size_unmatched": _own("p", "open"),
            "p.exposure": _EXPOSURE,
            "s.time_to_off": 'epoch_us(s."race_time") - epoch_us(k."now")',
            "m.price_age": 'epoch_us(k."now") - epoch_us(m."published_at")',
            "c.age": 'epoch_us(k."now") - epoch_us(s."captured_at")',
            "c.number_of_runners": 's."number_of_runners"',
        }
        columns = [f"{own.get(field.sql, field.sql)} AS {quote(field.column)}" for field in self.used]
        for name, fact in self.facts.items():
            suffixes = ["_lo", "_hi"]
            if fact.aggregate in {"min", "max"}:
                suffixes += ["_certain", "_possible"]
            if fact.aggregate == "list" and (self.explain or self._looks_inside(name)):
                suffixes += ["_ids", "_maybe"]
            columns += [f'f.{quote("fact_" + name + suffix)}' for suffix in suffixes]
        fixed = [
            's."snapshot_id"',
            's."row_no"',
            's."side" AS "own_side"',
            's."market_type" AS "own_market_type"',
            's."stake_points" AS "own_stake_points"',
            's."valid"',
            's."invalidated_reason"',
            's."closed"',
            own["s.time_to_off"] + ' AS "own_time_to_off"',
            "m.\"status\" = 'OPEN' AND NOT m.\"in_play\" AS \"open_before_off\"",
            'w."status" AS "race_status"',
            'o."best_back" AS "own_best_back"',
            'o."best_lay" AS "own_best_lay"',
            'CASE WHEN s."side" = \'BACK\' THEN o."best_back_size" ELSE o."best_lay_size" END AS "depth"',
            _own("p", "matched") + ' AS "own_matched"',
            f'coalesce({_pick("p", "rests")}, FALSE) AS "own_rests"',
            f'epoch_us(k."now") - epoch_us({_pick("p", "rests_since")}) > {self._cancel_after} AS "own_rested"',
            _EXPOSURE + ' AS "own_exposure"',
            *(f'p."{side}_{what}"' for side in ("back", "lay") for what in ("matched", "value")),
        ]
        listed = ",\n    ".join(fixed + columns)
        return f"""seen AS (
  SELECT
    {listed}
  FROM selections s
  JOIN snapshots k ON k."snapshot_id" = s."snapshot_id"
  LEFT JOIN markets m ON m."snapshot_id" = s."snapshot_id" AND m."market_id" = s."market_id"
  LEFT JOIN runners o ON o."snapshot_id" = s."snapshot_id" AND o."market_id" = s."market_id"
    AND o."selection_id" = s."selection_id"
  LEFT JOIN live w ON w."snapshot_id" = s."snapshot_id" AND w."race_id" = s."race_id"
    AND w."selection_id" = s."selection_id"
  LEFT JOIN position p ON p."snapshot_id" = s."snapshot_id" AND p."market_id" = s."market_id"
    AND p."selection_id" = s."selection_id"{self._fact_join()})"""

    def _fact_join(self) -> str:
        if not self.facts:
            return ""
        return """
  LEFT JOIN fact f ON f."snapshot_id" = s."snapshot_id" AND f."race_id" = s."race_id"
    AND f."capture_id" = s."capture_id\""""

    # -- the decision ----------------------------------------------------------------------------------------------

    def judged(self) -> str:
        """Truth of every validation rule, and which rule decides."""
        truths, decides, stored = [], ['WHEN NOT "valid" THEN -1'], []
        for index, rule in enumerate(self.policy.validation.rules):
            truths.append(f"{_where_applies(rule.applies_to, self.leaves.condition(rule.when))} AS {quote(f'r{index}')}")
            applies = _applies(rule.applies_to)
            holds = "IS NOT FALSE" if rule.on_missing != "pass" else "IS TRUE"
            condition = f'"r{index}" {holds}' if applies == "TRUE" else f'({applies}) AND "r{index}" {holds}'
            decides.append(f'WHEN {condition} THEN {index}')
            if rule.then.invalidate is not None:
                stored.append(f"WHEN {text(rule.then.invalidate)} THEN {index}")
        listed = ",\n    ".join(truths)
        stored_rule = f'CASE "invalidated_reason" {" ".join(stored)} END' if stored else "NULL"
        return f"""judged AS (
  SELECT *,
    CASE {" ".join(decides)} END AS "decided_by",
    CASE WHEN NOT "valid" THEN {stored_rule} END AS "stored_rule"
  FROM (SELECT *,
    {listed}
  FROM seen))"""

    def verdicts(self) -> str:
        """Hold, invalid, and the rule that cash-out triggers ask for."""
        holds, invalidates, names = [], ['WHEN -1 THEN TRUE'], []
        for index, rule in enumerate(self.policy.validation.rules):
            unknown_holds = rule.on_missing == "hold"
            if rule.then.hold is not None:
                holds.append(f"WHEN {index} THEN TRUE")
            elif unknown_holds:
                holds.append(f'WHEN {index} THEN "r{index}" IS NULL')
                invalidates.append(f'WHEN {index} THEN "r{index}" IS TRUE')
            else:
                invalidates.append(f"WHEN {index} THEN TRUE")
            names.append(f"WHEN {index} THEN {text(rule.id)}")
        hold = f'coalesce(CASE "decided_by" {" ".join(holds)} END, FALSE)' if holds else "FALSE"
        name = f'CASE coalesce("stored_rule", "decided_by") {" ".join(names)} END'
        return f"""verdicts AS (
  SELECT *, CASE WHEN "invalid" THEN {name} END AS "invalidated_by"
  FROM (SELECT *,
    {hold} AS "held",
    coalesce(CASE "decided_by" {" ".join(invalidates)} END, FALSE) AS "invalid"
  FROM judged))"""

    def staked(self) -> str:
        """Ladder, step, target and cap; whether a trigger holds; whether the price is there."""
        ladders = self.policy.staking.ladders
        target, cap, within, ladder_no, step_no = ([] for _ in range(5))
        for index, ladder in enumerate(ladders):
            applies = _applies(ladder.applies_to)
            ladder_no.append(f"WHEN {applies} THEN {index}")
            step_no.append(f"WHEN {applies} THEN {_step_case(ladder)}")
            for side in ("BACK", "LAY"):
                where = f"{applies} AND \"own_side\" = '{side}'"
                amounts = [step.amount(side) for step in ladder.steps]
                target.append(f"WHEN {where} THEN {_step_case(ladder, amounts)}")
                cap.append(f"WHEN {where} THEN {_money(ladder.limits.amount(side))}")
            within.append(f"WHEN {applies} THEN {_money(ladder.fully_matched_within)}")
        triggers = [
            f"WHEN ({_applies(trigger.applies_to)}) AND {self.leaves.condition(trigger.when)} THEN {index}"
            for index, trigger in enumerate(self.policy.cash_out.triggers)
        ]
        return f"""staked AS (
  SELECT *,
    CASE {" ".join(ladder_no)} END AS "ladder_no",
    CASE WHEN "own_time_to_off" > 0 THEN CASE {" ".join(step_no)} END END AS "step_no",
    CASE WHEN "own_time_to_off" > 0 THEN CASE {" ".join(target)} END ELSE 0 END * "own_stake_points" AS "target",
    CASE {" ".join(cap)} END * "own_stake_points" AS "cap",
    CASE {" ".join(within)} END AS "within",
    CASE {" ".join(triggers)} END AS "trigger_no",
    {self._meets()} AS "meets"
  FROM verdicts)"""

    def _meets(self) -> str:
        """Every entry rule that applies is true, and at least one applies."""
        rules = self.policy.entry.rules
        every = [f"(NOT ({_applies(rule.applies_to)}) OR {self.leaves.condition(rule.when)})" for rule in rules]
        some = [f"({_applies(rule.applies_to)})" for rule in rules]
        return f"coalesce({' AND '.join(every)}, FALSE) AND ({' OR '.join(some)})"

    def outcome(self) -> str:
        """The first row of the action table that fits, up to where sizes have to be divided."""
        closing = '"invalid" AND "trigger_no" IS NOT NULL AND "own_matched" > 0 AND "race_status" IS DISTINCT FROM \'REMOVED\''
        can_close = "coalesce(\"open_before_off\" AND \"race_status\" = 'ACTIVE', FALSE)"
        cases = [
            ('"held"', Outcome.HOLD),
            ('"closed"', Outcome.CLOSED),
            (f"{closing} AND NOT {can_close}", Outcome.CASH_OUT_WAITS),
            (closing, Outcome.CASH_OUT),
            ('"invalid" AND "own_rests"', Outcome.CANCEL_INVALID),
            ('"invalid"', Outcome.INVALID),
            ('"own_rested"', Outcome.CANCEL_RESTED),
            ('"own_time_to_off" <= 0', Outcome.AFTER_OFF),
            ('"cap" - "own_exposure" < "within"', Outcome.FULLY_MATCHED),
            ('"own_exposure" >= "target"', Outcome.STEP_FILLED),
            ('NOT "meets"', Outcome.NO_PRICE),
        ]
        listed = "\n         ".join(f"WHEN {condition} THEN {outcome.value}" for condition, outcome in cases)
        return f"CASE {listed}\n         ELSE {Outcome.CANDIDATE.value} END"

    def _missing(self) -> str:
        cases = [
            f'WHEN {index} THEN {self.leaves.missing(rule.when)}'
            for index, rule in enumerate(self.policy.validation.rules)
            if rule.on_missing == "hold"
        ]
        if not cases:
            return "NULL"
        return f'CASE WHEN "held" THEN CASE "decided_by" {" ".join(cases)} END END'

    def statement(self) -> Statement:
        facts = [self.member(), self.fact()] if self.facts else []
        relations = [self.live(), *facts, self.position(), self.seen(), self.judged(), self.verdicts(), self.staked()]
        expressions = {
            "missing": self._missing(),
            "outcome": self.outcome(),
            "time_to_off": '"own_time_to_off"',
            "exposure_e10": _whole("own_exposure", 10),
            "best_back_e2": _whole("own_best_back", 2),
            "best_lay_e2": _whole("own_best_lay", 2),
            "depth_e2": _whole("depth", 2),
            "back_matched_e2": _whole("back_matched", 2),
            "back_value_e10": _whole("back_value", 10),
            "lay_matched_e2": _whole("lay_matched", 2),
            "lay_value_e10": _whole("lay_value", 10),
        }
        rules = [f"r{index}" for index in range(len(self.policy.validation.rules))]
        listed = [f"{expressions.get(name, quote(name))} AS {quote(name)}" for name in FIXED_COLUMNS]
        listed += [quote(rule) for rule in rules]
        columns = [*FIXED_COLUMNS, *rules]
        if self.explain:
            extra = self.explained()
            listed += [f"{expression} AS {quote(name)}" for name, expression in extra.items()]
            columns += extra
        body = ",\n".join(relations)
        sql = f"WITH {body}\nSELECT\n  " + ",\n  ".join(listed) + "\nFROM staked"
        return Statement(sql, tuple(columns), tuple(self.facts))

    def explained(self) -> dict[str, str]:
        """A truth column per leaf (``<kind>/<rule>/<n>``) and the value of every field and fact as seen."""
        columns: dict[str, str] = {}
        for kind, rules in rule_groups(self.policy):
            for rule in rules:
                for number, (_, leaf) in enumerate(walk(rule.when)):
                    columns[leaf_column(kind, rule.id, number)] = self.leaves.condition(leaf)
        for field in self.used:
            columns[field.name] = quote(field.column)
        for name, fact in self.facts.items():
            for suffix in ("_lo", "_hi", *(("_ids", "_maybe") if fact.aggregate == "list" else ())):
                columns[FACT_PREFIX + name + suffix] = quote("fact_" + name + suffix)
        return columns

    def members(self) -> str:
        columns = []
        for name, fact in self.facts.items():
            columns.append(f"{self.member_leaves.condition(fact.where)} AS {quote(name)}")
            for number, (_, leaf) in enumerate(walk(fact.where)):
                columns.append(f"{self.member_leaves.condition(leaf)} AS {quote(leaf_column('facts', name, number))}")
        listed = "".join(f",\n  {column}" for column in columns)
        return (
            f"WITH {self.live()},\n{self.member()}\n"
            f'SELECT "snapshot_id", "race_id", "capture_id", "runner_selection_id"{listed}\nFROM member\n'
            f'ORDER BY "snapshot_id", "race_id", "capture_id", "runner_selection_id"'
        )


def rule_groups(policy: PolicySet) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The rules with conditions, by kind, in file order."""
    return (
        ("validation", policy.validation.rules),
        ("entry", policy.entry.rules),
        ("cash_out", policy.cash_out.triggers),
    )


def leaf_column(kind: str, rule: str, number: int) -> str:
    """Name of a leaf's truth column."""
    return f"{kind}/{rule}/{number}"


def _names(condition: Condition) -> Iterable[str]:
    for _, leaf in walk(condition):
        if isinstance(leaf, InvalidatedBy):
            continue
        yield leaf.field
        if leaf.other is not None:
            yield leaf.other


_EXPOSURE = (
    "CASE WHEN s.\"side\" = 'BACK' THEN coalesce(p.\"back_matched\", 0) + coalesce(p.\"back_open\", 0) "
    'ELSE coalesce(p."lay_value" - p."lay_matched", 0) + coalesce(p."lay_open_liability", 0) END'
)


def _pick(alias: str, what: str) -> str:
    return f"CASE WHEN s.\"side\" = 'BACK' THEN {alias}.\"back_{what}\" ELSE {alias}.\"lay_{what}\" END"


def _own(alias: str, what: str) -> str:
    return f"coalesce({_pick(alias, what)}, 0)"


def _whole(column: str, places: int) -> str:
    return f"CAST({quote(column)} * {10**places} AS HUGEINT)" if places > 2 else f"CAST({quote(column)} * {10**places} AS BIGINT)"


def _money(amount: Decimal) -> str:
    return literal(amount, FieldType.MONEY)


def _applies(applies_to: AppliesTo) -> str:
    parts = []
    if len(set(applies_to.side)) < 2:
        parts.append(f'"own_side" IN {text_list(applies_to.side)}')
    if len(set(applies_to.market_type)) < 2:
        parts.append(f'"own_market_type" IN {text_list(applies_to.market_type)}')
    return " AND ".join(parts) or "TRUE"


def _where_applies(applies_to: AppliesTo, expression: str) -> str:
    applies = _applies(applies_to)
    return expression if applies == "TRUE" else f"CASE WHEN {applies} THEN {expression} END"


def _step_case(ladder: Ladder, amounts: list[Decimal] | None = None) -> str:
    """The step in force (its number, or its amount): the last one whose start has come."""
    cases = []
    for index in range(len(ladder.steps) - 1, 0, -1):
        result = str(index) if amounts is None else _money(amounts[index])
        cases.append(f'WHEN "own_time_to_off" <= {ladder.steps[index].microseconds} THEN {result}')
    first = "0" if amounts is None else _money(amounts[0])
    return f"CASE {' '.join(cases)} ELSE {first} END" if cases else first
