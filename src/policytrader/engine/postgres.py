"""The validation rules as views over PostgreSQL's schema ``live_betting``, for whoever asks in psql.

The four views that the trader's document names are made from the policy: thresholds, conditions and texts come from the
YAML. Where the tables are kept (one row per capture and runner in ``market_state``, one per runner in
``updated_price_data``) decides how a race is put together; ``_NOTES`` says what they cannot tell.

Conditions compile through the engine's own ``LeafCompiler``; only what is peculiar to PostgreSQL is written here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from policytrader.engine.compile import compared_leaves
from policytrader.engine.leaves import LeafCompiler, column_of
from policytrader.engine.postgres_fields import RUNNER_COLUMNS, SELECTION_COLUMNS
from policytrader.engine.sql import quote, text
from policytrader.model.price import MAX_PRICE, MIN_PRICE
from policytrader.policy.conditions import Condition, Fact, Leaf, walk
from policytrader.policy.facts import FACT_PREFIX, fact_field
from policytrader.policy.fields import RUNNER_FIELDS, SELECTION_FIELDS, Field, Operator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policytrader.policy.policy_set import PolicySet
    from policytrader.policy.rules import Rule
    from policytrader.policy.validation import ValidationRule

SHORT_PRICE_REASON: Final = "Invalid Short Price Removed"
EIGHT_TO_SEVEN_REASON: Final = "Invalid 8 to 7 Place"
"""The stored texts by which the seed's two rules are known, whatever an author calls the rules."""

VIEWS: Final = (
    "v_race_runners",
    "v_race_facts",
    "v_active_runner_count",
    "v_short_price_removals",
    "v_eight_to_seven_races",
    "v_valid_pending_bets",
)
"""All views in the order of their dependence; the first two are ours, the others are the seed's names."""

_NOTES: Final = """\
-- What these tables cannot tell, and DuckDB's statement (`policytrader sql`) decides:
--   * removed_at: every runner in a capture counts as active at that capture.
--   * in_play and the market's status: rules that read them are left out below, each with a note.
--   * orders other than the selection's own matched size.
-- How they are read:
--   * updated_price_data has no race_id: its races are found by market ids through market_state and selections.
--   * updated_price_data holds the current state; of several rows per runner the newest counts. A runner that a
--     capture lists and that is no longer there has an unknown status.
--   * times without a zone are UTC.
--   * unknown is NULL: a bet that is held has computed_valid NULL, which `WHERE computed_valid` leaves out."""


def postgres_views(policy: PolicySet) -> str:
    """A script that replaces the views in one transaction: psql runs it as it is.

    A view whose rule the policy does not have is dropped and not made again; a comment says so.
    """
    return _Views(policy).script()


class _PostgresLeaves(LeafCompiler):
    """The engine's conditions in PostgreSQL's words: arrays instead of lists."""

    def _is_whole(self, leaf: Leaf) -> bool:
        """Prices are plain odds here, not pennies."""
        return self._fields[leaf.field].unit == "runners"

    def _list_leaf(self, leaf: Leaf) -> str:
        if leaf.op is not Operator.CONTAINS:
            return super()._list_leaf(leaf)
        certain, possible = (quote(column_of(leaf.field) + suffix) for suffix in ("_ids", "_maybe"))
        value = self._literal(leaf, leaf.value)
        return (
            f"(CASE WHEN {value} = ANY({certain}) THEN TRUE "
            f"WHEN {value} = ANY({possible}) THEN NULL WHEN {possible} IS NOT NULL THEN FALSE END)"
        )


class _Views:
    def __init__(self, policy: PolicySet) -> None:
        self.policy = policy
        self.facts: dict[str, Fact] = dict(policy.validation.facts)
        facts = {FACT_PREFIX + name: fact_field(name, fact) for name, fact in self.facts.items()}
        self.rule_leaves = _PostgresLeaves(_unscaled({**SELECTION_FIELDS, **facts}.values()), self.facts)
        self.runner_leaves = _PostgresLeaves(_unscaled(RUNNER_FIELDS.values()), {})
        self.rules = policy.validation.rules
        self.decided = [rule for rule in self.rules if not untold_fields(rule)]

    def script(self) -> str:
        dropped = "\n".join(f"DROP VIEW IF EXISTS live_betting.{name};" for name in reversed(VIEWS))
        parts = [self.race_runners(), self.race_facts(), self.active_runner_count()]
        parts += [self.short_price_removals(), self.eight_to_seven_races(), self.valid_pending_bets()]
        head = f"-- Validation rules of policy {self.policy.hash[:12]}, made by `policytrader sql --dialect postgres`."
        return "\n\n".join([head, _NOTES, f"BEGIN;\n{dropped}", *parts, "COMMIT;"]) + "\n"

    # -- races, runners, facts -----------------------------------------------------------------------------------------

    def race_runners(self) -> str:
        """One row per capture of a pick and runner of its race."""
        columns = ",\n  ".join(f"{sql} AS {quote(column_of(name))}" for name, sql in RUNNER_COLUMNS.items())
        return f"""\
-- Every runner of each picked race to come, as the pick sees it: the live runners, and those that its capture lists.
-- One row per pick's capture and runner, however many picks, markets or price rows the race has.
CREATE VIEW live_betting.v_race_runners AS
WITH pick AS (
  SELECT DISTINCT race_id, unique_id, selection_type, market_type
  FROM live_betting.selections
  WHERE race_time > now() AT TIME ZONE 'UTC'),
race_market AS (
  SELECT race_id, market_id_win, market_id_place FROM live_betting.market_state
  WHERE race_id IN (SELECT race_id FROM pick)
  UNION
  SELECT race_id, CASE WHEN market_type = 'WIN' THEN market_id END, CASE WHEN market_type = 'PLACE' THEN market_id END
  FROM live_betting.selections
  WHERE race_id IN (SELECT race_id FROM pick)),
price AS (
  SELECT DISTINCT ON (selection_id, market_id_win, market_id_place) *
  FROM live_betting.updated_price_data
  ORDER BY selection_id, market_id_win, market_id_place, created_at DESC NULLS LAST),
live AS (
  SELECT m.race_id, u.selection_id,
    CASE WHEN bool_or(u.status = 'REMOVED') THEN 'REMOVED'
      WHEN bool_or(u.status = 'ACTIVE') THEN 'ACTIVE'
      ELSE max(nullif(u.status, 'HIDDEN')) END AS status,
    max(u.back_price_1_win) AS win_best_back, max(u.betfair_win_sp) AS win_last_traded
  FROM (
    SELECT race_id, market_id_win AS market_id FROM race_market
    UNION
    SELECT race_id, market_id_place FROM race_market) m
  JOIN price u ON m.market_id IN (u.market_id_win, u.market_id_place)
  GROUP BY m.race_id, u.selection_id),
-- A pick's capture: the rows of its unique_id, and of its side and market where the rows say for which they were taken.
captured AS (
  SELECT DISTINCT ON (p.race_id, p.unique_id, p.selection_type, p.market_type, c.selection_id)
    p.*, c.selection_id, c.back_price_win
  FROM pick p
  JOIN live_betting.market_state c ON c.race_id = p.race_id AND c.unique_id = p.unique_id
    AND coalesce(rtrim(c.bet_type), p.selection_type) = p.selection_type
    AND coalesce(c.market_type, p.market_type) = p.market_type
  ORDER BY p.race_id, p.unique_id, p.selection_type, p.market_type, c.selection_id, c.created_at DESC NULLS LAST),
listed AS (
  SELECT p.*, l.selection_id FROM pick p JOIN live l ON l.race_id = p.race_id
  UNION
  SELECT race_id, unique_id, selection_type, market_type, selection_id FROM captured)
SELECT p.race_id, p.unique_id, p.selection_type, p.market_type,
  {columns}
FROM listed p
LEFT JOIN live l ON l.race_id = p.race_id AND l.selection_id = p.selection_id
LEFT JOIN captured r ON r.race_id = p.race_id AND r.unique_id IS NOT DISTINCT FROM p.unique_id
  AND r.selection_type = p.selection_type AND r.market_type = p.market_type AND r.selection_id = p.selection_id;"""

    def race_facts(self) -> str:
        """One row per capture of a pick: the facts as bounds, and the capture's head."""
        columns = [column for name, fact in self.facts.items() for column in self._fact_columns(name, fact)]
        listed = "".join(f",\n  {column}" for column in columns)
        return f"""\
-- The policy's facts for each pick's capture, as bounds: "_lo" counts the runners that are certainly meant, "_hi"
-- also those that are possibly meant.
CREATE VIEW live_betting.v_race_facts AS
SELECT f.*, c.captured_at, c.number_of_runners, c.market_id_win
FROM (
  SELECT race_id, unique_id, selection_type, market_type, count(*) AS total_runners{_indent(listed, 2)}
  FROM live_betting.v_race_runners
  GROUP BY race_id, unique_id, selection_type, market_type) f
LEFT JOIN LATERAL (
  -- Rows of one capture that disagree about the number of runners do not tell it.
  SELECT max(c.created_at) AS captured_at, max(c.market_id_win) AS market_id_win,
    CASE WHEN min(c.number_of_runners) = max(c.number_of_runners) THEN max(c.number_of_runners) END AS number_of_runners
  FROM live_betting.market_state c
  WHERE c.race_id = f.race_id AND c.unique_id = f.unique_id
    AND coalesce(rtrim(c.bet_type), f.selection_type) = f.selection_type
    AND coalesce(c.market_type, f.market_type) = f.market_type) c ON TRUE;"""

    def _fact_columns(self, name: str, fact: Fact) -> Iterator[str]:
        truth = self.runner_leaves.condition(fact.where)
        possible = f"({truth}) IS NOT FALSE"
        runner = quote("runner_selection_id")
        if fact.of is not None:
            columns = _extreme_columns(fact, truth, possible)
        else:
            columns = {
                "_lo": f"count(*) FILTER (WHERE {truth})",
                "_hi": f"count(*) FILTER (WHERE {possible})",
            }
        if fact.aggregate == "list":
            columns["_ids"] = f"coalesce(array_agg({runner} ORDER BY {runner}) FILTER (WHERE {truth}), '{{}}')"
            columns["_maybe"] = f"coalesce(array_agg({runner} ORDER BY {runner}) FILTER (WHERE {possible}), '{{}}')"
        return (f"{value} AS {quote('fact_' + name + suffix)}" for suffix, value in columns.items())

    # -- the seed's views by race --------------------------------------------------------------------------------------

    def active_runner_count(self) -> str:
        """From the count that the place rule reads."""
        rule = self._rule(EIGHT_TO_SEVEN_REASON)
        fact = next((name for name in self._facts_of(rule) if self.facts[name].aggregate == "count"), None)
        if fact is None:
            return _left_out("v_active_runner_count", EIGHT_TO_SEVEN_REASON, "and counts runners")
        certain, possible = (quote(f"fact_{fact}{suffix}") for suffix in ("_lo", "_hi"))
        return f"""\
-- Runners of each picked race, distinct by selection_id. A runner whose status nobody says is only possibly active.
CREATE VIEW live_betting.v_active_runner_count AS
SELECT race_id, max(market_id_win) AS market_id_win, min({certain}) AS active_runners,
  max(total_runners) AS total_runners, max({possible}) AS possibly_active_runners
FROM live_betting.v_race_facts
GROUP BY race_id;"""

    def short_price_removals(self) -> str:
        """The races in which the rule of that text holds for certain."""
        rule = self._rule(SHORT_PRICE_REASON)
        if rule is None or not _is_about_race(rule):
            return _left_out("v_short_price_removals", SHORT_PRICE_REASON, "and reads facts and the capture alone")
        return f"""\
-- Rule {rule.id}: {_comment(rule.title)}.
-- Races for which it certainly holds; prices are those of the morning's capture.
CREATE VIEW live_betting.v_short_price_removals AS
SELECT race_id, max(market_id_win) AS market_id_win, TRUE AS has_short_price_removal
FROM {self._race_rule(rule)}
GROUP BY race_id;"""

    def eight_to_seven_races(self) -> str:
        """The races in which the rule of that text holds for certain."""
        rule = self._rule(EIGHT_TO_SEVEN_REASON)
        fact = next((name for name in self._facts_of(rule) if self.facts[name].aggregate == "count"), None)
        if rule is None or fact is None or not _is_about_race(rule):
            return _left_out("v_eight_to_seven_races", EIGHT_TO_SEVEN_REASON, "and reads facts and the capture alone")
        return f"""\
-- Rule {rule.id}: {_comment(rule.title)}.
-- Races for which it certainly holds, in whichever of their captures.
CREATE VIEW live_betting.v_eight_to_seven_races AS
SELECT race_id, max(market_id_win) AS market_id_win, max(number_of_runners) AS original_runners,
  min({quote(f"fact_{fact}_lo")}) AS current_runners, TRUE AS eight_to_seven
FROM {self._race_rule(rule)}
GROUP BY race_id;"""

    def _race_rule(self, rule: Rule) -> str:
        """The captures for which a rule holds that is about the race alone."""
        used = [name for name in _fields_of([rule.when]) if name in SELECTION_FIELDS]
        seen = "".join(f", {SELECTION_COLUMNS[name]} AS {quote(column_of(name))}" for name in used)
        return f"""\
(
  SELECT f.*{seen}
  FROM live_betting.v_race_facts f) seen
WHERE {self.rule_leaves.condition(rule.when)}"""

    def _rule(self, reason: str) -> ValidationRule | None:
        return next((rule for rule in self.decided if rule.then.invalidate == reason), None)

    def _facts_of(self, rule: Rule | None) -> list[str]:
        names = _fields_of([rule.when]) if rule else []
        return [name.removeprefix(FACT_PREFIX) for name in names if name.startswith(FACT_PREFIX)]

    # -- the verdict ---------------------------------------------------------------------------------------------------

    def valid_pending_bets(self) -> str:
        """One row per pending selection: today's, before the off, not stored as invalid."""
        flags = [
            f"{self._flag(SHORT_PRICE_REASON)} AS short_price_removed",
            f"{self._flag(EIGHT_TO_SEVEN_REASON)} AS eight_to_seven_runners",
        ]
        used = [name for name in _fields_of([rule.when for rule in self.decided]) if name in SELECTION_FIELDS]
        seen = [f"{SELECTION_COLUMNS[name]} AS {quote(column_of(name))}" for name in used]
        notes = "\n".join(
            f"-- Rule {rule.id} is not among them: the tables do not hold {', '.join(untold_fields(rule))}."
            for rule in self.rules
            if rule not in self.decided
        )
        return f"""\
-- Today's pending bets, one row each, with the verdict of the rules in file order: the first that is true or unknown
-- decides. computed_valid: TRUE may be bet, FALSE invalid, NULL held because something is not known.
{notes}
CREATE VIEW live_betting.v_valid_pending_bets AS
-- Put together once, not once for each selection.
WITH fact AS MATERIALIZED (SELECT * FROM live_betting.v_race_facts),
runner AS MATERIALIZED (SELECT * FROM live_betting.v_race_runners)
SELECT s.*,
  u.back_price_1_win, u.lay_price_1_win, u.back_price_1_place, u.lay_price_1_place, l.runner_status AS status,
  {", ".join(flags)},
  CASE verdict.how WHEN 'keep' THEN TRUE WHEN 'invalidate' THEN FALSE END AS computed_valid,
  CASE verdict.how WHEN 'invalidate' THEN verdict.reason ELSE s.invalidated_reason END AS computed_invalidated_reason,
  CASE verdict.how WHEN 'hold' THEN verdict.reason END AS computed_hold_reason,
  verdict.rule AS computed_rule
FROM live_betting.selections s
LEFT JOIN fact f ON f.race_id = s.race_id AND f.unique_id IS NOT DISTINCT FROM s.unique_id
  AND f.selection_type = s.selection_type AND f.market_type = s.market_type
LEFT JOIN runner l ON l.race_id = s.race_id AND l.unique_id IS NOT DISTINCT FROM s.unique_id
  AND l.selection_type = s.selection_type AND l.market_type = s.market_type AND l.runner_selection_id = s.selection_id
LEFT JOIN LATERAL (
  SELECT * FROM live_betting.updated_price_data u
  WHERE u.selection_id = s.selection_id
    AND s.market_id = CASE s.market_type WHEN 'WIN' THEN u.market_id_win ELSE u.market_id_place END
  ORDER BY u.created_at DESC NULLS LAST LIMIT 1) u ON TRUE
CROSS JOIN LATERAL (
  SELECT {_listed(seen)}) seen
CROSS JOIN LATERAL (
  SELECT {_listed(self._truths())}) truth
CROSS JOIN LATERAL (
  SELECT CASE{self._cases("how")}
      ELSE 'keep' END AS how,
    CASE{self._cases("reason")} END AS reason,
    CASE{self._cases("rule")} END AS rule) verdict
WHERE s.race_date = (now() AT TIME ZONE 'Europe/London')::date
  AND s.race_time > now() AT TIME ZONE 'UTC'
  AND s.valid IS NOT FALSE;"""

    def _flag(self, reason: str) -> str:
        """The condition of the rule with this text, whatever it applies to; unknown where there is no such rule."""
        rule = self._rule(reason)
        return f"truth.c{self.rules.index(rule)}" if rule else "NULL::boolean"

    def _truths(self) -> list[str]:
        """Each rule's condition as ``c<n>``, and its leaves that are unknown as ``u<n>``: the fields, as text."""
        columns = []
        for rule in self.decided:
            number = self.rules.index(rule)
            columns.append(f"{self.rule_leaves.condition(rule.when)} AS c{number}")
            if rule.on_missing == "hold":
                columns.append(f"{self._missing(rule)} AS u{number}")
        return columns

    def _missing(self, rule: ValidationRule) -> str:
        """``Missing: <fields>``, the fields whose comparisons are unknown, as the engine words it."""
        leaves = compared_leaves(rule.when)
        if len(leaves) == 1:
            return text(f"Missing: {leaves[0].field}")
        cases = []
        for name in dict.fromkeys(leaf.field for leaf in leaves):
            unknown = [f"{self.rule_leaves.leaf(leaf)} IS NULL" for leaf in leaves if leaf.field == name]
            cases.append(f"CASE WHEN {' OR '.join(unknown)} THEN {text(name)} END")
        return f"'Missing: ' || concat_ws(', ', {', '.join(cases)})"

    def _cases(self, what: str) -> str:
        lines = []
        for rule in self.decided:
            number, applies = self.rules.index(rule), _applies(rule)
            how = "hold" if rule.then.hold is not None else "invalidate"
            value = {"how": text(how), "reason": text(rule.then.text), "rule": text(rule.id)}[what]
            lines.append(f"WHEN {applies}truth.c{number} THEN {value}")
            if rule.on_missing == "pass":
                continue
            unknown_reason = f"truth.u{number}" if rule.on_missing == "hold" else text(rule.then.text)
            value = {"how": text(rule.on_missing), "reason": unknown_reason, "rule": text(rule.id)}[what]
            lines.append(f"WHEN {applies}truth.c{number} IS NULL THEN {value}")
        return "".join(f"\n      {line}" for line in lines) or " WHEN FALSE THEN NULL"


def untold_fields(rule: Rule) -> list[str]:
    """The fields of a rule that the tables do not hold."""
    return [name for name in _fields_of([rule.when]) if name in SELECTION_FIELDS and name not in SELECTION_COLUMNS]


def _fields_of(conditions: Iterable[Condition]) -> list[str]:
    """Every field and fact that conditions read, each once, in order of appearance."""
    leaves = [leaf for condition in conditions for _, leaf in walk(condition) if isinstance(leaf, Leaf)]
    return list(dict.fromkeys(name for leaf in leaves for name in (leaf.field, leaf.other) if name is not None))


def _is_about_race(rule: Rule) -> bool:
    """Whether a rule reads nothing but facts and the head of the capture."""
    return all(name.startswith((FACT_PREFIX, "reference.")) for name in _fields_of([rule.when]))


def _unscaled(fields: Iterable[Field]) -> dict[str, Field]:
    """The tables hold amounts as they are written, not as whole numbers of pennies."""
    return {field.name: replace(field, places=0) for field in fields}


def _applies(rule: Rule) -> str:
    parts = []
    if len(set(rule.applies_to.side)) == 1:
        parts.append(f"s.selection_type = {text(rule.applies_to.side[0])} AND ")
    if len(set(rule.applies_to.market_type)) == 1:
        parts.append(f"s.market_type = {text(rule.applies_to.market_type[0])} AND ")
    return "".join(parts)


def _extreme_columns(fact: Fact, truth: str, possible: str) -> dict[str, str]:
    """Bounds of ``min`` or ``max``: missing prices and possible members widen them to the ends of the ladder."""
    value = quote(column_of(fact.of or ""))
    certain_count = f"count(*) FILTER (WHERE {truth})"
    known, widest = (f"{fact.aggregate}({value}) FILTER (WHERE {which})" for which in (truth, possible))
    has_gap = f"count(*) FILTER (WHERE {possible} AND {value} IS NULL) > 0"
    near, far = (MAX_PRICE, MIN_PRICE) if fact.aggregate == "min" else (MIN_PRICE, MAX_PRICE)
    inner = f"CASE WHEN {certain_count} > 0 THEN coalesce({known}, {near}) END"
    outer = f"CASE WHEN {certain_count} > 0 THEN CASE WHEN {has_gap} THEN {far} ELSE {widest} END END"
    low, high = (outer, inner) if fact.aggregate == "min" else (inner, outer)
    possible_count = f"count(*) FILTER (WHERE {possible})"
    return {"_lo": low, "_hi": high, "_certain": certain_count, "_possible": possible_count}


def _left_out(view: str, reason: str, also: str) -> str:
    return f'-- {view} is left out: no rule of this policy invalidates with "{reason}" {also}.'


def _comment(title: str) -> str:
    """A title as part of a comment: one line."""
    return " ".join(title.split())


def _listed(columns: list[str]) -> str:
    return ",\n    ".join(columns) or "NULL"


def _indent(lines: str, width: int) -> str:
    return lines.replace("\n", "\n" + " " * width)
