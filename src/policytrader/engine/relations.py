"""The relations that a decision is read from: live runners, captured races, facts, positions, what each pick sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.engine.leaves import LeafCompiler
from policytrader.engine.sql import quote
from policytrader.model.price import MAX_PRICE, MIN_PRICE
from policytrader.policy.conditions import Condition, Fact, Leaf, walk
from policytrader.policy.facts import FACT_PREFIX
from policytrader.policy.fields import RUNNER_FIELDS, SELECTION_FIELDS, Field
from policytrader.policy.values import duration_microseconds

if TYPE_CHECKING:
    from policytrader.policy.policy_set import PolicySet

_WIN_ONLY = {"runner.win_best_back": "best_back", "runner.win_last_traded": "last_traded"}

_COMPUTED = {
    "s.time_to_off": '"own_time_to_off"',
    "s.price_age": 'epoch_us(s."now") - epoch_us(s."published_at")',
    "s.reference_age": 'epoch_us(s."now") - epoch_us(s."captured_at")',
    "p.size_matched": 'coalesce(p."matched", 0)',
    "p.size_unmatched": 'coalesce(p."unmatched", 0)',
    "p.exposure": 'coalesce(p."exposure", 0)',
}


class Relations:
    """The common table expressions below the decision, for one policy."""

    def __init__(self, policy: PolicySet, opened: frozenset[str], *, explain: bool) -> None:
        """``opened`` names the list facts whose members must come out."""
        self._facts: dict[str, Fact] = dict(policy.validation.facts)
        self._opened = opened
        self._leaves = LeafCompiler(RUNNER_FIELDS, {})
        self.cancel_after = duration_microseconds(policy.entry.order.cancel_unmatched_after)
        rules = (*policy.validation.rules, *policy.entry.rules, *policy.cash_out.triggers)
        self.used: list[Field] = _fields_of([rule.when for rule in rules], SELECTION_FIELDS)
        member_fields = _fields_of([fact.where for fact in self._facts.values()], RUNNER_FIELDS)
        member_fields += [RUNNER_FIELDS[fact.of] for fact in self._facts.values() if fact.of is not None]
        self._member_fields = list(RUNNER_FIELDS.values()) if explain else list(dict.fromkeys(member_fields))

    @property
    def wanted(self) -> frozenset[str]:
        """The live columns of ``selections`` and ``runners`` that the relations read, as ``table.column``."""
        own = {f"selections.{field.sql.removeprefix('s.')}" for field in self.used if field.sql.startswith("s.")}
        own |= {f"selections.{name}" for name in ("market_status", "in_play", "best_back", "best_lay")}
        own |= {"selections.published_at"} if "selections.price_age" in own else set()
        win = {f"runners.{_WIN_ONLY[field.name]}" for field in self._member_fields if field.name in _WIN_ONLY}
        return frozenset(own | win)

    def all(self) -> list[str]:
        """In the order of their dependence."""
        facts = [self.member(), self.fact()] if self._facts else []
        return [self.live(), *facts, self.position(), self.seen()]

    def live(self) -> str:
        """One row per runner of a race, over the race's markets."""
        win = [
            f"max({quote(column)}) FILTER (WHERE \"market_type\" = 'WIN') AS {quote('win_' + column)}"
            for name, column in _WIN_ONLY.items()
            if RUNNER_FIELDS[name] in self._member_fields
        ]
        listed = "".join(f",\n    {column}" for column in win)
        return f"""live AS (
  SELECT "snapshot_id", "race_id", "selection_id",
    CASE WHEN bool_or("status" = 'REMOVED') THEN 'REMOVED'
      WHEN bool_or("status" = 'ACTIVE') THEN 'ACTIVE'
      ELSE max("status") END AS "status",
    min("removed_at") AS "removed_at"{listed}
  FROM runners
  GROUP BY "snapshot_id", "race_id", "selection_id")"""

    def member(self) -> str:
        """The runners of each captured race: the live ones, and those captured as running that are listed no more."""
        columns = {
            "runner.selection_id": 'coalesce(l."selection_id", r."selection_id")',
            # Removed, but nobody says when: whether it was still in at the capture is not known.
            "runner.active_at_capture": """CASE
      WHEN r."captured_status" <> 'ACTIVE' OR l."removed_at" < l."captured_at" THEN FALSE
      WHEN l."status" = 'REMOVED' AND (l."removed_at" < l."captured_at") IS NULL THEN NULL
      ELSE r."captured_status" = 'ACTIVE' END""",
        }
        listed = ",\n    ".join(
            f"{columns.get(field.name, field.sql)} AS {quote(field.column)}"
            for field in dict.fromkeys([RUNNER_FIELDS["runner.selection_id"], *self._member_fields])
        )
        return f"""captured_race AS (
  SELECT DISTINCT "snapshot_id", "race_id", "capture_id", "captured_at" FROM selections),
member AS (
  SELECT
    coalesce(l."snapshot_id", r."snapshot_id") AS "snapshot_id",
    coalesce(l."race_id", r."race_id") AS "race_id",
    coalesce(l."capture_id", r."capture_id") AS "capture_id",
    {listed}
  FROM (
    SELECT live.*, c."capture_id", c."captured_at"
    FROM live JOIN captured_race c ON c."snapshot_id" = live."snapshot_id" AND c."race_id" = live."race_id") l
  FULL JOIN reference r
    ON r."snapshot_id" = l."snapshot_id" AND r."capture_id" = l."capture_id" AND r."selection_id" = l."selection_id"
  WHERE l."selection_id" IS NOT NULL OR r."captured_status" = 'ACTIVE' OR r."captured_status" IS NULL)"""

    def fact(self) -> str:
        """The facts of each captured race, as bounds: certain and possible."""
        columns = [column for name, fact in self._facts.items() for column in self._fact_columns(name, fact)]
        listed = "".join(f",\n    {column}" for column in columns)
        return f"""fact AS (
  SELECT "snapshot_id", "race_id", "capture_id"{listed}
  FROM member
  GROUP BY "snapshot_id", "race_id", "capture_id")"""

    def suffixes(self, name: str) -> tuple[str, ...]:
        """The columns that a fact comes in, by suffix."""
        if self._facts[name].aggregate in {"min", "max"}:
            return ("_lo", "_hi", "_certain", "_possible")
        return ("_lo", "_hi", "_ids", "_maybe") if name in self._opened else ("_lo", "_hi")

    def _fact_columns(self, name: str, fact: Fact) -> list[str]:
        truth = self._leaves.condition(fact.where)
        possible = f"({truth}) IS NOT FALSE"
        if fact.aggregate in {"min", "max"}:
            return self._extreme_columns(name, fact, truth, possible)
        values = [f"count(*) FILTER (WHERE {truth})", f"count(*) FILTER (WHERE {possible})"]
        if name in self._opened:
            runner = '"runner_selection_id"'
            values += [
                f"coalesce(list({runner} ORDER BY {runner}) FILTER (WHERE {which}), [])" for which in (truth, possible)
            ]
        return self._named(name, values)

    def _extreme_columns(self, name: str, fact: Fact, truth: str, possible: str) -> list[str]:
        """Bounds of ``min`` or ``max``: missing prices and possible members widen them to the ends of the ladder."""
        assert fact.of is not None, "checked: min and max name a field"
        value = quote(RUNNER_FIELDS[fact.of].column)
        certain_count = f"count(*) FILTER (WHERE {truth})"
        known = f"{fact.aggregate}({value}) FILTER (WHERE {truth})"
        widest = f"{fact.aggregate}({value}) FILTER (WHERE {possible})"
        has_gap = f"count(*) FILTER (WHERE {possible} AND {value} IS NULL) > 0"
        ends = (int(MAX_PRICE * 100), int(MIN_PRICE * 100))
        near, far = ends if fact.aggregate == "min" else reversed(ends)
        inner = f"CASE WHEN {certain_count} > 0 THEN coalesce({known}, {near}) END"
        outer = f"CASE WHEN {certain_count} > 0 THEN CASE WHEN {has_gap} THEN {far} ELSE {widest} END END"
        low, high = (outer, inner) if fact.aggregate == "min" else (inner, outer)
        return self._named(name, [low, high, certain_count, f"count(*) FILTER (WHERE {possible})"])

    def _named(self, name: str, values: list[str]) -> list[str]:
        return [
            f"{value} AS {quote('fact_' + name + suffix)}"
            for value, suffix in zip(values, self.suffixes(name), strict=True)
        ]

    @staticmethod
    def position() -> str:
        """Orders summed per runner and side of a market. ``open_size`` is what rests, or all of an unknown order."""
        return """position AS (
  SELECT "snapshot_id", "market_id", "selection_id", "side",
    sum("size_matched") AS "matched",
    sum("size_matched"::HUGEINT * "average_price") AS "value",
    sum("open_size") AS "unmatched",
    sum(CASE WHEN "side" = 'BACK' THEN ("size_matched" + "open_size")::HUGEINT * 100000000
      ELSE "size_matched"::HUGEINT * ("average_price" - 100000000)
        + "open_size"::HUGEINT * (("price" - 100) * 1000000) END) AS "exposure",
    min("rests_since") AS "rests_since"
  FROM orders
  GROUP BY "snapshot_id", "market_id", "selection_id", "side")"""

    def seen(self) -> str:
        """One row per selection with everything that its decision depends on, columns named after the fields."""
        time_to_off = 'epoch_us(s."race_time") - epoch_us(s."now")'
        computed = {**_COMPUTED, "s.time_to_off": time_to_off}
        fields = [f"{computed.get(field.sql, field.sql)} AS {quote(field.column)}" for field in self.used]
        facts = [f"f.{quote('fact_' + name + suffix)}" for name in self._facts for suffix in self.suffixes(name)]
        listed = "".join(f",\n    {column}" for column in [*fields, *facts])
        fact_join = """
  LEFT JOIN fact f ON f."snapshot_id" = s."snapshot_id" AND f."race_id" = s."race_id"
    AND f."capture_id" = s."capture_id\""""
        return f"""seen AS (
  SELECT s."snapshot_id", s."row_no", s."valid", s."invalidated_reason", s."closed",
    s."side" AS "own_side", s."market_type" AS "own_market_type", s."stake_points"::HUGEINT AS "own_points",
    {time_to_off} AS "own_time_to_off", epoch_us(s."now") AS "now_us",
    s."market_status" AS "own_market_status", s."in_play" AS "own_in_play", w."status" AS "race_status",
    CASE WHEN s."side" = 'BACK' THEN s."best_back" ELSE s."best_lay" END IS NOT NULL AS "is_offered",
    p."matched", p."value", coalesce(p."exposure", 0) AS "exposure", p."rests_since"{listed}
  FROM selections s
  LEFT JOIN live w ON w."snapshot_id" = s."snapshot_id" AND w."race_id" = s."race_id"
    AND w."selection_id" = s."selection_id"
  LEFT JOIN position p ON p."snapshot_id" = s."snapshot_id" AND p."market_id" = s."market_id"
    AND p."selection_id" = s."selection_id" AND p."side" = s."side"{fact_join if self._facts else ""})"""


def _fields_of(conditions: list[Condition], known: dict[str, Field]) -> list[Field]:
    """The catalogue's fields that conditions read, each once, in order of appearance."""
    names: list[str] = []
    for condition in conditions:
        for _, leaf in walk(condition):
            if isinstance(leaf, Leaf):
                names += [name for name in (leaf.field, leaf.other) if name is not None]
    return [known[name] for name in dict.fromkeys(names) if not name.startswith(FACT_PREFIX)]
