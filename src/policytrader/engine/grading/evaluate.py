"""Bets + fixtures -> grades: one prepared statement decides, money is worked out after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from policytrader.engine.evaluate import open_locked_down
from policytrader.engine.grading import evidence, problems, tables
from policytrader.engine.grading.batch import BatchMaker
from policytrader.engine.grading.catalogue import Catalogue, fold
from policytrader.engine.grading.compile import OTHERWISE, compile_grading
from policytrader.engine.grading.money import Payout, payout
from policytrader.engine.player_names import NameMatcher
from policytrader.engine.tables import SnapshotSource
from policytrader.model.fixture import FixtureStatus, Quality
from policytrader.model.grades import Grade, Outcome, Reason
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.grading.formulas import FormulaError
from policytrader.policy.grading.rules import BY_MARGIN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from types import TracebackType

    import duckdb

    from policytrader.engine.grading.batch import Placed
    from policytrader.model.grades import BetToGrade, FixtureBets
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.rules import GradeTo, GradingRule

BY_DEFAULT = "otherwise"
"""``Grade.rule`` of a bet that no rule decided."""

_COUNT_FIELDS = frozenset({"bet.actual", "bet.margin"})
_RUNNING = frozenset({FixtureStatus.LIVE, FixtureStatus.HALF_TIME})


class _Verdict(NamedTuple):
    """What follows from one judgement: a rule that is true, or unknown."""

    rule: str
    then: GradeTo
    pending: Reason | None
    """Of an unknown rule; it wins over ``then``."""
    reads_count: bool


class GradingEngine:
    """One grading policy, compiled and prepared once; grades any number of bets. Close it, or use it in ``with``."""

    def __init__(self, policy: GradingSet, names: NameMatcher | None = None) -> None:
        """``names`` finds players and teams by name; by default as the policy says."""
        self.policy = policy
        self._grading = policy.grading
        self._catalogue = Catalogue(policy.markets)
        self._maker = BatchMaker(
            self._catalogue,
            names or NameMatcher(policy.names),
            policy.participation.bookmakers,
            tackles_from_attempts=policy.grading.settings.tackles_from_attempts,
        )
        self._verdicts = _verdicts(policy)
        self._statements = {explain: compile_grading(policy, explain=explain) for explain in (False, True)}
        self._prepared: set[bool] = set()
        self._sources = {table.name: SnapshotSource(table) for table in (*tables.BATCH_TABLES, *tables.POLICY_TABLES)}
        for name, table in tables.policy_tables(self._catalogue, policy.markets, policy.participation).items():
            self._sources[name].table = table
        self._connection: duckdb.DuckDBPyConnection = open_locked_down(self._sources)

    def __enter__(self) -> Self:
        """The engine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Release DuckDB's memory."""
        self._connection.close()

    def grade(self, batches: Sequence[FixtureBets], at: datetime, *, explain: bool = False) -> tuple[Grade, ...]:
        """A grade for every bet, in the order of the bets; ``at`` is now. Never raises for what a bet holds.

        With ``explain`` each grade has the values that its rules saw and every rule's truth.
        """
        batch = self._maker.make(batches, at)
        for name, table in batch.arrow().items():
            self._sources[name].table = table
        rows = self._execute(explain=explain)
        if len(rows) != len(batch.placed):
            message = f"{len(rows)} grades for {len(batch.placed)} bets"
            raise AssertionError(message)
        columns = self._statements[explain].columns
        grades: list[Grade | None] = [None] * len(rows)
        for row in rows:
            placed = batch.placed[row[0]]
            grades[row[0]] = self._grade(placed, dict(zip(columns, row, strict=True)), at, explain=explain)
        return tuple(grade for grade in grades if grade is not None)

    def _execute(self, *, explain: bool) -> list[tuple[Any, ...]]:
        name = "explained" if explain else "graded"
        if explain not in self._prepared:
            self._connection.execute(f"PREPARE {name} AS {self._statements[explain].sql}")
            self._prepared.add(explain)
        return self._connection.execute(f"EXECUTE {name}").fetchall()

    def _grade(self, placed: Placed, row: dict[str, Any], at: datetime, *, explain: bool) -> Grade:
        verdict = self._verdicts[row["judgement"]]
        status, reason, problem = self._result(placed.bet, verdict, row)
        paid, money_problem = self._money(placed.bet, status)
        if money_problem and reason is not Reason.MANUAL_OVERRIDE:
            status, reason, problem = Outcome.PENDING, Reason.INVALID_BET, money_problem
        has_count = verdict.reads_count and status.is_settled
        scope = row["bet_scope"]
        first_value, first_at = _to_remember(placed, row, at, status)
        return Grade(
            key=placed.bet.key,
            status=status,
            reason=reason,
            rule=verdict.rule,
            actual_value=row["bet_actual"] // 100 if has_count else _kept_value(placed.bet, verdict),
            margin=evidence.hundredths(row["bet_margin"]) if has_count else None,
            returns=paid.returns,
            profit_loss=paid.profit_loss,
            market_key=row["bet_market"],
            player_id=placed.player.key if scope == "player" else None,
            team_id=_team_id(placed) if scope == "team" else None,
            quality=None if row["bet_quality"] is None else Quality(row["bet_quality"]),
            first_seen_value=first_value,
            first_seen_at=first_at,
            problem=problem,
            suggestions=_suggestions(placed, scope),
            source_paths=self._source_paths(placed, row) if has_count or explain else (),
            values=evidence.seen_values(row) if explain else {},
            rules=evidence.rule_truths(self._grading.rules, row) if explain else (),
        )

    def _result(self, bet: BetToGrade, verdict: _Verdict, row: dict[str, Any]) -> tuple[Outcome, Reason, str]:
        then = verdict.then
        pending = verdict.pending or then.pending
        if pending is None and then.keep is not None:
            return bet.status, Reason.MANUAL_OVERRIDE, ""
        if pending is None and then.outcome == BY_MARGIN:
            if row["margin_row"] is None:
                return Outcome.PENDING, Reason(row["bet_value_problem"] or Reason.STAT_UNAVAILABLE), ""
            line = self._grading.margin_table.rows[row["margin_row"]]
            return Outcome(line.outcome), then.reason or line.reason, ""
        if pending is None:
            assert then.outcome is not None, "the model says so"
            assert then.reason is not None, "the model says so"
            return Outcome(then.outcome), then.reason, ""
        if pending is Reason.INVALID_BET:
            return Outcome.PENDING, pending, problems.bet_problem(bet, self._catalogue)
        return Outcome.PENDING, pending, problems.unknown_market(bet) if pending is Reason.MARKET_UNMAPPED else ""

    def _money(self, bet: BetToGrade, status: Outcome) -> tuple[Payout, str]:
        """What the bet pays, or why nobody can say."""
        try:
            return payout(self._grading.returns, status, bet.stake, bet.odds, is_lay=bet.is_lay), ""
        except (FormulaError, OverflowError, ValueError) as error:
            formula = getattr(self._grading.returns, status)
            return Payout(), f"`{formula}` for stake {bet.stake} at odds {bet.odds}: {error}"

    def _source_paths(self, placed: Placed, row: dict[str, Any]) -> tuple[str, ...]:
        listing = self._catalogue.listings.get(fold(placed.bet.market))
        if listing is None:
            return ()
        from_attempts = self._grading.settings.tackles_from_attempts
        return evidence.source_paths(placed, listing, row, tackles_from_attempts=from_attempts)


def _verdicts(policy: GradingSet) -> dict[int, _Verdict]:
    """By the statement's ``judgement``."""
    grading = policy.grading
    by_default = _Verdict(BY_DEFAULT, grading.otherwise, None, grading.otherwise.outcome == BY_MARGIN)
    found = {OTHERWISE: by_default}
    for index, rule in enumerate(grading.rules):
        reads_count = _reads_count(rule)
        found[2 * index] = _Verdict(rule.id, rule.then, None, reads_count)
        if isinstance(rule.on_missing, Reason):
            found[2 * index + 1] = _Verdict(rule.id, rule.then, rule.on_missing, reads_count)
    return found


def _reads_count(rule: GradingRule) -> bool:
    """Whether the rule's result follows from the count: then the grade tells it."""
    fields = {leaf.field for _, leaf in walk(rule.when) if isinstance(leaf, Leaf)}
    return rule.then.outcome == BY_MARGIN or (rule.then.outcome is not None and not fields.isdisjoint(_COUNT_FIELDS))


def _kept_value(bet: BetToGrade, verdict: _Verdict) -> int | None:
    """What a person wrote stays; a grade holds whole numbers alone."""
    value = bet.actual_value
    if verdict.then.keep is None or verdict.pending or value is None or not value.is_finite():
        return None
    return int(value) if value == int(value) else None


def _team_id(placed: Placed) -> str | None:
    if placed.fixture is None or placed.team.key is None:
        return None
    return next(team.team_id for side, team in placed.fixture.teams.items() if side == placed.team.key)


def _suggestions(placed: Placed, scope: str | None) -> tuple[str, ...]:
    return {"player": placed.player.suggestions, "team": placed.team.suggestions}.get(scope or "", ())


def _to_remember(
    placed: Placed, row: dict[str, Any], at: datetime, status: Outcome
) -> tuple[int | None, datetime | None]:
    """The count that put a running bet past its line, and when it was first seen there without a break."""
    is_running = placed.fixture is not None and placed.fixture.status in _RUNNING
    if status.is_settled or not is_running or not row["is_past"]:
        return None, None
    if row["was_past"]:
        return placed.bet.first_seen_value, placed.bet.first_seen_at
    return row["bet_actual"] // 100, at
