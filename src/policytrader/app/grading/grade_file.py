"""Rows of a bet file against one match: an answer for every row, whatever is wrong with it or with the match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.errors import LayoutUnknownError
from policytrader.model.fixture import Period, TeamSide
from policytrader.model.grades import FixtureBets, Grade
from policytrader.model.money import money_text
from policytrader.model.outcomes import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.app.grading.bet_file import BetRow
    from policytrader.model.fixture import Fixture
    from policytrader.policy.grading.grading_set import GradingSet

BEFORE_RULES = ""
"""``Grade.rule`` of a row that no rule was asked about."""


def grade_rows(
    policy: GradingSet,
    rows: Sequence[BetRow],
    fixture: Fixture | LayoutUnknownError,
    at: datetime,
    *,
    explain: bool = False,
) -> list[tuple[BetRow, Grade]]:
    """The rows with their grades, in the rows' order; all are pending where the match could not be read."""
    grades: dict[str, Grade] = {}
    if not isinstance(fixture, LayoutUnknownError):
        bets = tuple(row.bet for row in rows if row.bet is not None)
        with GradingEngine(policy) as engine:
            grades = {grade.key: grade for grade in engine.grade([FixtureBets(fixture, bets)], at, explain=explain)}
    return [(row, _grade(row, grades)) for row in rows]


def grade_document(grade: Grade, *, explain: bool = False) -> dict[str, Any]:
    """A grade as JSON, money as text. ``problem`` only where the bet or the match could not be read."""
    document: dict[str, Any] = {
        "status": grade.status,
        "actual_value": grade.actual_value,
        "reason": grade.reason,
        "rule": grade.rule,
        "returns": money_text(grade.returns),
        "profit_loss": money_text(grade.profit_loss),
    }
    if grade.problem:
        document["problem"] = grade.problem
    if explain:
        document |= {
            "market": grade.market_key,
            "player_id": grade.player_id,
            "team_id": grade.team_id,
            "margin": None if grade.margin is None else format(grade.margin, "f"),
            "quality": grade.quality,
            "suggestions": [one.name for one in grade.suggestions],
            "source_paths": list(grade.source_paths),
            "values": {name: None if value is None else str(value) for name, value in grade.values.items()},
            "rules": {one.rule_id: one.truth for one in grade.rules},
        }
    return document


def match_document(fixture: Fixture) -> dict[str, Any]:
    """What the match's answer was, and what of it can be counted on, as JSON.

    ``reconciled`` has, by statistic and side, whether the players add up to the team's figure: where they do not, a
    player's missing number is not read as zero.
    """
    known = fixture.completeness
    return {
        "fixture_id": fixture.fixture_id,
        "status": fixture.status,
        "feed": fixture.source.feed,
        "layout": known.layout,
        "hash": fixture.source.hash,
        "periods": [period for period in Period if period in fixture.available_periods],
        "team_stats": known.has_team_stats,
        "player_stats": known.has_player_stats,
        "shots": known.has_shots,
        "reconciled": {
            stat: {side: fits[side] for side in TeamSide if side in fits} for stat, fits in known.reconciled.items()
        },
    }


def _grade(row: BetRow, grades: dict[str, Grade]) -> Grade:
    key = str(row.row)
    if row.bet is None:
        return _pending(key, Reason.INVALID_BET, row.problem)
    return grades.get(key) or _pending(key, Reason.LAYOUT_UNKNOWN, "the match could not be read")


def _pending(key: str, reason: Reason, problem: str) -> Grade:
    return Grade(key=key, status=Outcome.PENDING, reason=reason, rule=BEFORE_RULES, problem=problem)
