"""Random bets x random fixtures: the compiled statement and the oracle say the same.

``POLICYTRADER_GRADING_DIFFERENTIAL=20000`` compares as many bets.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.fixture import FixtureStatus, Stat
from policytrader.model.grades import FixtureBets
from policytrader.model.outcomes import Outcome
from tests.engine.grading import random_bets
from tests.engine.grading.builders import (
    AT,
    AWAY,
    FIRST,
    HOME,
    KICKOFF,
    REGULAR,
    bet,
    both,
    goal,
    inferred,
    player,
    stats,
)
from tests.engine.grading.builders import fixture as made
from tests.engine.grading.oracle import Oracle, as_answer
from tests.engine.grading.policies import shipped, strict

if TYPE_CHECKING:
    from policytrader.model.grades import BetToGrade
    from policytrader.policy.grading.grading_set import GradingSet

CASES = int(os.environ.get("POLICYTRADER_GRADING_DIFFERENTIAL", "4500"))
BETS_PER_FIXTURE = 20

POLICIES = {"shipped": shipped, "strict": strict}

MUST_OCCUR = {"line", "did_not_play", "not_finished", "stat_unavailable", "invalid_bet"}
"""Common enough for every run; a run without them compared nothing."""


def _placed(bets: list[BetToGrade]) -> tuple[BetToGrade, ...]:
    return tuple(replace(bet, key=str(number)) for number, bet in enumerate(bets))


@pytest.mark.engine
@pytest.mark.parametrize("name", POLICIES)
def test_statement_and_oracle_agree(name: str) -> None:
    policy: GradingSet = POLICIES[name]()
    seen: Counter[str] = Counter()
    oracle = Oracle(policy)
    drawn = st.lists(random_bets.bets(policy), min_size=BETS_PER_FIXTURE, max_size=BETS_PER_FIXTURE)
    with GradingEngine(policy) as engine:

        @settings(max_examples=CASES // BETS_PER_FIXTURE // len(POLICIES), suppress_health_check=list(HealthCheck))
        @given(random_bets.fixtures_or_none(), drawn)
        def compare(fixture: Any, bets: Any) -> None:
            placed = _placed(bets)
            grades = engine.grade([FixtureBets(fixture, placed)], AT)
            for bet, grade in zip(placed, grades, strict=True):
                assert grade.key == bet.key
                assert as_answer(grade) == oracle.grade(bet, fixture, AT), bet
                seen[grade.reason] += 1
                assert grade.status.is_settled or grade.returns == grade.profit_loss == 0
                assert grade.reason == "manual_override" or grade.status in Outcome

        compare()
    assert MUST_OCCUR - set(seen) == set()


@pytest.mark.engine
def test_statement_and_oracle_agree_about_what_was_abandoned() -> None:
    policy = shipped()
    asked = itertools.product(("Player Shots", "Team Corners", "Match Corners"), ("over", "under"), ("1.5", "9.5"))
    bets = [bet(*one, player_id="7", team_id="10", period=period)
            for *one, period in ((market, line, direction, period) for market, direction, line in asked
                                 for period in (None, "1st half"))]  # fmt: skip
    bets += [bet("Team Corners Handicap", "1.5", "handicap", team_id="10", period=one) for one in (None, "1st half")]
    corners: dict[Any, Any] = {REGULAR: {Stat.CORNERS: both(7, 4)}, FIRST: {Stat.CORNERS: both(2, 1)}}
    seen: Counter[str] = Counter()
    for took_part, is_off, known in itertools.product((True, False, None), (True, False), (stats(shots=2), {})):
        ann = player("7", "Ann", took_part=took_part, is_off=is_off, stats=known)
        given = made(
            ann,
            status=FixtureStatus.ABANDONED,
            finished_periods=frozenset({FIRST}),
            team_stats=corners if known else {},
        )
        with GradingEngine(policy) as engine:
            for one, grade in zip(bets, engine.grade([FixtureBets(given, tuple(bets))], AT), strict=True):
                assert as_answer(grade) == Oracle(policy).grade(one, given, AT), one
                seen[grade.reason] += 1
    assert {"abandoned_void", "abandoned_decided", "did_not_play", "stat_unavailable"} <= set(seen)


@pytest.mark.engine
def test_statement_and_oracle_agree_about_goals_that_nobody_stated() -> None:
    policy = shipped()
    bets = [bet(market, line, "over", team_id="10", first_seen_value=2, first_seen_at=KICKOFF)
            for market in ("Match Goals", "Team Goals", "Both Teams To Score") for line in ("-1.5", "0.5")]  # fmt: skip
    unstated = {HOME: inferred(), AWAY: inferred()}
    for status, goals in itertools.product(
        (FixtureStatus.LIVE, FixtureStatus.FINISHED), ((), (goal(HOME, "7"), goal(AWAY, "8")))
    ):
        given = made(
            status=status, goals=goals, team_stats={REGULAR: {Stat.GOALS: unstated}}, finished_periods=frozenset()
        )
        with GradingEngine(policy) as engine:
            for one, grade in zip(bets, engine.grade([FixtureBets(given, tuple(bets))], AT), strict=True):
                assert as_answer(grade) == Oracle(policy).grade(one, given, AT), one
                assert grade.status.is_settled == (status is FixtureStatus.FINISHED)
