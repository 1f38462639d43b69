"""Bets + fixtures -> grades: one prepared statement decides, money is worked out after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from policytrader.engine.connection import ConnectionOwner
from policytrader.engine.grading import evidence, problems, tables
from policytrader.engine.grading.batch import BatchMaker
from policytrader.engine.grading.compile import FIXED_COLUMNS, OTHERWISE, GradedRow, compile_grading
from policytrader.engine.grading.money import Payout, payout
from policytrader.engine.player_names import NameMatcher
from policytrader.engine.tables import SnapshotSource
from policytrader.model.fixture import FixtureStatus, Quality
from policytrader.model.grades import Grade
from policytrader.model.outcomes import Outcome, Reason
from policytrader.policy.conditions import Leaf, walk
from policytrader.policy.grading.catalogue import Catalogue
from policytrader.policy.grading.formulas import FormulaError
from policytrader.policy.grading.rules import BY_MARGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from policytrader.engine.grading.batch import Placed
    from policytrader.model.grades import BetToGrade, FixtureBets
    from policytrader.policy.grading.grading_set import GradingSet
    from policytrader.policy.grading.rules import GradeTo, GradingRule

BY_DEFAULT = "otherwise"
"""``Grade.rule`` of a bet that no rule decided."""

_COUNT_FIELDS = frozenset({"bet.actual", "bet.margin"})
_QUALITIES = {quality.value: quality for quality in Quality}
_RUNNING = frozenset({FixtureStatus.LIVE, FixtureStatus.HALF_TIME})


class _Verdict(NamedTuple):
    """What follows from one judgement: a rule that is true, or unknown."""

    rule: str
    then: GradeTo
    pending: Reason | None
    """Of an unknown rule; it wins over ``then``."""
    reads_count: bool


class GradingEngine(ConnectionOwner):
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
        super().__init__(self._sources)

    def grade(
        self, batches: Sequence[FixtureBets], at: datetime, *, explain: bool | Callable[[Grade], bool] = False
    ) -> tuple[Grade, ...]:
        """A grade for every bet, in the order of the bets; ``at`` is now. Never raises for what a bet holds.

        With ``explain`` each grade has the values that its rules saw, every rule's truth and the numbers' places; or
        those have that it is true of.
        """
        batch = self._maker.make(batches, at)
        for name, table in batch.arrow().items():
            self._sources[name].table = table
        wants = explain if callable(explain) else lambda _: explain is True
        rows = self._execute(explain=explain is not False)
        if len(rows) != len(batch.placed):
            message = f"{len(rows)} grades for {len(batch.placed)} bets"
            raise AssertionError(message)
        grades: dict[int, Grade] = {}
        for cells in rows:
            row = GradedRow(*cells[: len(FIXED_COLUMNS)])
            grade = self._grade(batch.placed[row.bet_no], row, at)
            if wants(grade):
                grade = self._explained(grade, batch.placed[row.bet_no], row, cells)
            grades[row.bet_no] = grade
        return tuple(grades[number] for number in range(len(rows)))

    def _execute(self, *, explain: bool) -> list[tuple[Any, ...]]:
        name = "explained" if explain else "graded"
        if explain not in self._prepared:
            self._connection.execute(f"PREPARE {name} AS {self._statements[explain].sql}")
            self._prepared.add(explain)
        return self._connection.execute(f"EXECUTE {name}").fetchall()

    def _grade(self, placed: Placed, row: GradedRow, at: datetime) -> Grade:
        verdict = self._verdicts[row.judgement]
        status, reason, problem = self._result(placed.bet, verdict, row)
        paid, money_problem = self._money(placed.bet, status)
        if money_problem and reason is not Reason.MANUAL_OVERRIDE:
            status, reason, problem = Outcome.PENDING, Reason.INVALID_BET, money_problem
        actual, margin = row.bet_actual, row.bet_margin
        if not (verdict.reads_count and status.is_settled):
            actual = margin = None
        first_value, first_at = _to_remember(placed, row, at, status)
        named = {"player": placed.player, "team": placed.team}.get(row.bet_scope or "")
        return Grade(
            key=placed.bet.key,
            status=status,
            reason=reason,
            rule=verdict.rule,
            actual_value=_kept_value(placed.bet, verdict) if actual is None else actual // 100,
            margin=None if margin is None else evidence.hundredths(margin),
            returns=paid.returns,
            profit_loss=paid.profit_loss,
            market_key=row.bet_market,
            player_id=placed.player.key if row.bet_scope == "player" else None,
            team_id=_team_id(placed) if row.bet_scope == "team" else None,
            quality=None if row.bet_quality is None else _QUALITIES[row.bet_quality],
            first_seen_value=first_value,
            first_seen_at=first_at,
            problem=problem,
            suggestions=named.suggestions if named is not None else (),
        )

    def _explained(self, grade: Grade, placed: Placed, row: GradedRow, cells: tuple[Any, ...]) -> Grade:
        seen = dict(zip(self._statements[True].columns, cells, strict=True))
        listing = self._catalogue.listing(placed.bet.market)
        from_attempts = self._grading.settings.tackles_from_attempts
        paths = evidence.source_paths(placed, listing, row, tackles_from_attempts=from_attempts) if listing else ()
        return replace(
            grade,
            source_paths=paths,
            values=evidence.seen_values(seen),
            rules=evidence.rule_truths(self._grading.rules, seen),
        )

    def _result(self, bet: BetToGrade, verdict: _Verdict, row: GradedRow) -> tuple[Outcome, Reason, str]:
        then = verdict.then
        pending = verdict.pending or then.pending
        if pending is Reason.INVALID_BET:
            return Outcome.PENDING, pending, problems.bet_problem(bet, self._catalogue)
        if pending is not None:
            return Outcome.PENDING, pending, problems.unknown_market(bet) if pending is Reason.MARKET_UNMAPPED else ""
        if then.keep is not None:
            return bet.status, Reason.MANUAL_OVERRIDE, ""
        if then.outcome != BY_MARGIN:
            assert then.outcome is not None, "the model says so"
            assert then.reason is not None, "the model says so"
            return Outcome(then.outcome), then.reason, ""
        if row.margin_row is None:
            return Outcome.PENDING, Reason(row.bet_value_problem or Reason.STAT_UNAVAILABLE), ""
        line = self._grading.margin_table.rows[row.margin_row]
        return Outcome(line.outcome), then.reason or line.reason, ""

    def _money(self, bet: BetToGrade, status: Outcome) -> tuple[Payout, str]:
        """What the bet pays, or why nobody can say."""
        try:
            return payout(self._grading.returns, status, bet.stake, bet.odds, is_lay=bet.is_lay), ""
        except (FormulaError, OverflowError, ValueError) as error:
            formula = getattr(self._grading.returns, status)
            return Payout(), f"`{formula}` for stake {bet.stake} at odds {bet.odds}: {error}"


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


def _to_remember(placed: Placed, row: GradedRow, at: datetime, status: Outcome) -> tuple[int | None, datetime | None]:
    """The count that put a running bet past its line, and when it was first seen there without a break."""
    is_running = placed.fixture is not None and placed.fixture.status in _RUNNING
    if status.is_settled or not is_running or not row.is_past or row.bet_actual is None:
        return None, None
    if row.was_past:
        return placed.bet.first_seen_value, placed.bet.first_seen_at
    return row.bet_actual // 100, at
