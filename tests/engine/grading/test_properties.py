"""What holds for every bet and every fixture: the margin table, money, live safety, repetition, order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.fixture import FixtureStatus, Stat
from policytrader.model.grades import FixtureBets
from policytrader.model.outcomes import Outcome
from tests.engine.grading import random_bets
from tests.engine.grading.builders import AT, REGULAR, bet, both, fixture
from tests.engine.grading.grading import grade_all
from tests.engine.grading.policies import shipped
from tests.strategies import amounts

if TYPE_CHECKING:
    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import BetToGrade

pytestmark = pytest.mark.engine

QUARTERS = tuple(Decimal(number) / 4 for number in range(121))
FEW = settings(max_examples=15, suppress_health_check=list(HealthCheck))
LIVE = (FixtureStatus.LIVE, FixtureStatus.HALF_TIME)


def _in_halves(margin: Decimal) -> str:
    """The outcome of half a stake a quarter lower and half a stake a quarter higher, where the line is a quarter."""
    halves = [margin, margin] if margin % Decimal("0.5") == 0 else [margin - Decimal("0.25"), margin + Decimal("0.25")]
    won, lost = sum(half > 0 for half in halves), sum(half < 0 for half in halves)
    return {
        (2, 0): "won", (1, 0): "half_win", (0, 0): "refund", (0, 1): "half_loss", (0, 2): "lost",
    }[won, lost]  # fmt: skip


@pytest.mark.parametrize("direction", ["over", "under", "handicap"])
def test_the_margin_table_is_two_half_stakes(direction: str) -> None:
    market = "Team Corners Handicap" if direction == "handicap" else "Team Corners"
    bets = [bet(market, str(line), direction, team_id="10") for line in QUARTERS]
    batches, expected = [], []
    for count in range(31):
        played = fixture(team_stats={REGULAR: {Stat.CORNERS: both(count, 12)}})
        batches.append(FixtureBets(played, tuple(bets)))
        for line in QUARTERS:
            margin = {"over": count - line, "under": line - count, "handicap": count - 12 + line}[direction]
            expected.append((_in_halves(margin), margin))
    with GradingEngine(shipped()) as engine:
        grades = engine.grade(batches, AT)
    assert [(grade.status, grade.margin) for grade in grades] == expected


@FEW
@given(stake=amounts("0.01", "100000"), odds=amounts("1.01", "1000"))
def test_money(stake: Decimal, odds: Decimal) -> None:
    played = fixture(team_stats={REGULAR: {Stat.CORNERS: both(2, 0)}})
    lines = {"won": "1.5", "half_win": "1.75", "refund": "2", "half_loss": "2.25", "lost": "2.5"}
    back = [bet("Team Corners", line, team_id="10", stake=stake, odds=odds) for line in lines.values()]
    lay = [replace(one, is_lay=True) for one in back]
    backed, laid = grade_all(back, played), grade_all(lay, played)
    assert [one.status for one in backed] == [one.status for one in laid] == list(lines)
    for one, other in zip(backed, laid, strict=True):
        assert one.returns - stake == one.profit_loss == -other.profit_loss
        assert one.returns == one.returns.quantize(Decimal("0.01"))
    won, half_win, refund, half_loss, lost = (one.returns for one in backed)
    assert won >= half_win >= refund == stake >= half_loss >= lost == 0
    # Each half was rounded once: together they are the whole to a penny.
    assert abs(2 * half_win - won - stake) <= Decimal("0.01")
    assert abs(2 * half_loss - stake) <= Decimal("0.01")


def test_halves_of_a_penny_go_up() -> None:
    played = fixture(team_stats={REGULAR: {Stat.CORNERS: both(2, 0)}})
    bets = [bet("Team Corners", "2.25", team_id="10", stake=Decimal(stake)) for stake in ("0.01", "0.03", "10.05")]
    assert [str(one.returns) for one in grade_all(bets, played)] == ["0.01", "0.02", "5.03"]


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(running=random_bets.fixtures(LIVE), bets=st.lists(random_bets.bets(shipped()), min_size=20, max_size=20))
def test_no_live_fixture_wins_an_under_or_loses_an_over(running: Any, bets: Any) -> None:
    # The bet's part of the match is still being played.
    running = replace(running, finished_periods=frozenset())
    asked = [replace(one, manual_override=False) for one in bets]
    explained = grade_all(asked, running, explain=True)
    for one, grade in zip(asked, explained, strict=True):
        direction = grade.values["bet.direction"]
        assert grade.status in {Outcome.PENDING, Outcome.WON}, one
        assert grade.status is Outcome.PENDING or direction == "over", one


Batches = list[tuple["Fixture | None", list["BetToGrade"]]]


@FEW
@given(
    st.lists(st.tuples(random_bets.fixtures_or_none(), st.lists(random_bets.bets(shipped()), max_size=6)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_order_and_company_do_not_matter(batches: Any, chance: Any) -> None:
    given_batches: Batches = [
        (played, [replace(one, key=f"{number}.{index}") for index, one in enumerate(bets)])
        for number, (played, bets) in enumerate(batches)
    ]
    together = _graded(given_batches)
    assert together == _graded(given_batches), "the same twice"
    shuffled = [(played, chance.sample(bets, len(bets))) for played, bets in given_batches]
    chance.shuffle(shuffled)
    assert _graded(shuffled) == together
    alone = [_graded([(played, [one])]) for played, bets in given_batches for one in bets]
    assert {key: grade for part in alone for key, grade in part.items()} == together


def _graded(batches: Batches) -> dict[str, Any]:
    with GradingEngine(shipped()) as engine:
        grades = engine.grade([FixtureBets(played, tuple(bets)) for played, bets in batches], AT, explain=True)
    assert [grade.key for grade in grades] == [one.key for _, bets in batches for one in bets]
    return {grade.key: grade for grade in grades}


@FEW
@given(played=random_bets.fixtures_or_none(), bets=st.lists(random_bets.bets(shipped()), min_size=1, max_size=20))
def test_what_a_person_graded_is_never_touched(played: Any, bets: Any) -> None:
    by_hand = [replace(one, manual_override=True, actual_value=Decimal("2.5")) for one in bets]
    for one, grade in zip(by_hand, grade_all(by_hand, played), strict=True):
        assert (grade.status, grade.reason, grade.actual_value) == (one.status, "manual_override", None)
