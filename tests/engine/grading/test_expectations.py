"""The bets that were graded by hand over the recorded matches: every row, by the shipped rules."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from policytrader.adapters.fotmob.match import parse_match
from policytrader.authoring.load import load_grading
from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.grades import BetToGrade, FixtureBets
from policytrader.policy.grading.overrides import with_setting

if TYPE_CHECKING:
    from pathlib import Path

    from policytrader.model.grades import Grade

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.engine
def test_every_bet_that_was_graded_by_hand(project_root: Path, shared_data: Path) -> None:
    folder = shared_data / "fotmob"
    if not folder.is_dir():
        pytest.skip("needs the recorded matches in ../shared/data/fotmob, which are not part of the project")
    with (folder / "expectations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [(row, got) for row in rows if (got := _answer(project_root, folder, row)) != _expected(row)]
    assert wrong == []
    assert len(rows) >= 20


def _expected(row: dict[str, str]) -> tuple[str, str, str]:
    return row["expected_status"], row["reason"], row["expected_actual"]


def _answer(project_root: Path, folder: Path, row: dict[str, str]) -> tuple[str, str, str]:
    policy = load_grading(project_root / "rules")
    for name, value in re.findall(r"policy:(\w+)=(\w+)", row["note"]):
        policy = with_setting(policy, name, value)
    fixture = parse_match((folder / row["file"]).read_bytes(), fetched_at=None)
    with GradingEngine(policy) as engine:
        (grade,) = engine.grade([FixtureBets(fixture, (_bet(row),))], AT)
    return grade.status, grade.reason, _actual(grade)


def _bet(row: dict[str, str]) -> BetToGrade:
    named = None if row["player_or_team"] == "match" else row["player_or_team"]
    return BetToGrade(
        key="1",
        market=row["market"],
        direction=row["direction"],
        line=Decimal(row["threshold"]),
        odds=Decimal(2),
        stake=Decimal(1),
        period=row["period"],
        player_name=named,
        team_name=named,
    )


def _actual(grade: Grade) -> str:
    return "" if grade.actual_value is None else str(grade.actual_value)
