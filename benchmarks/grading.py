"""Bets graded per second: the engine beside an honest loop over the bets, which decides the same by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.contenders.answers import DisagreementError
from benchmarks.measure import Stopwatch, frozen_heap
from benchmarks.report import Section, ms, table
from policytrader.engine.grading.evaluate import GradingEngine
from policytrader.model.fixture import Card, CardKind, Fixture, FixtureStatus, Goal, Period, Player, Stat, TeamSide
from policytrader.model.grades import BetToGrade, FixtureBets
from tests.engine.grading import builders
from tests.engine.grading.oracle import Oracle, as_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measure import Timing
    from policytrader.policy.grading.grading_set import GradingSet

SEED = 5
SQUAD = 20
PLAYED = {FixtureStatus.FINISHED: 16, FixtureStatus.LIVE: 2, FixtureStatus.POSTPONED: 1, FixtureStatus.ABANDONED: 1}
LINES = tuple(Decimal(quarters) / 4 for quarters in range(1, 16))
NOTE = (
    "Fixtures and bets as Python values to grades, in one process; every statistic of forty players is known, bets "
    "carry ids, and each names one of the catalogue's markets. *Loop* is the oracle of the tests: plain Python written "
    "by hand from the specification, found to give the same answers on these bets. It reads no rules from YAML, "
    "evaluates none beside the one that decides, matches no names and records nothing. *Explained* also gives every "
    "value that the rules saw and every rule's truth."
)


def make_batches(policy: GradingSet, fixture_count: int, bet_count: int, seed: int = SEED) -> list[FixtureBets]:
    """Fixtures, mostly finished, with as many bets each."""
    chance = Random(seed)
    each = bet_count // fixture_count
    batches = []
    for number in range(fixture_count):
        fixture = _fixture(chance, number)
        bets = tuple(_bet(chance, policy, fixture, f"{number}-{index}") for index in range(each))
        batches.append(FixtureBets(fixture, bets))
    return batches


def _fixture(chance: Random, number: int) -> Fixture:
    status = chance.choices(list(PLAYED), list(PLAYED.values()))[0]
    players = [_player(chance, f"{number}{index:02}", index) for index in range(2 * SQUAD)]
    sides = list(TeamSide)
    is_over = status is FixtureStatus.FINISHED
    ids = [player.player_id for player in players]
    return builders.fixture(
        *players,
        fixture_id=str(number),
        status=status,
        finished_periods=builders.ALL_OVER if is_over else frozenset({Period.FIRST_HALF}),
        team_stats={
            period: {stat: builders.both(chance.randint(0, 9), chance.randint(0, 9)) for stat in Stat}
            for period in (Period.REGULAR, Period.FIRST_HALF, Period.SECOND_HALF)
        },
        cards=tuple(_card(chance, sides, ids) for _ in range(chance.randint(0, 6))),
        goals=tuple(_goal(chance, sides, ids) for _ in range(chance.randint(0, 5))),
    )


def _player(chance: Random, player_id: str, index: int) -> Player:
    side = TeamSide.HOME if index < SQUAD else TeamSide.AWAY
    if index % SQUAD > 13:
        return builders.unused(player_id, f"Player {player_id}", side)
    counts = builders.stats(**{stat: chance.randint(0, 4) for stat in Stat})
    make = builders.came_on if index % SQUAD > 10 else builders.player
    return make(player_id, f"Player {player_id}", side, stats=counts)


def _card(chance: Random, sides: list[TeamSide], ids: list[str]) -> Card:
    side = chance.choice(sides)
    return builders.card(side, chance.choice(ids), chance.choice(list(CardKind)), period=_half(chance))


def _goal(chance: Random, sides: list[TeamSide], ids: list[str]) -> Goal:
    return builders.goal(chance.choice(sides), chance.choice(ids), period=_half(chance))


def _half(chance: Random) -> Period:
    return chance.choice((Period.FIRST_HALF, Period.SECOND_HALF))


def _bet(chance: Random, policy: GradingSet, fixture: Fixture, key: str) -> BetToGrade:
    market = chance.choice(policy.markets.markets)
    return BetToGrade(
        key=key,
        market=market.name,
        direction=market.direction or chance.choice(("over", "under")),
        line=chance.choice(LINES),
        odds=Decimal(chance.randint(105, 800)) / 100,
        stake=Decimal(chance.randint(1, 10_000)) / 100,
        period=chance.choice(("match", "match", "match", "first_half")) if market.scope != "player" else None,
        player_id=chance.choice(list(fixture.players)),
        team_id=chance.choice(["10", "20"]),
        bookmaker=chance.choice((None, "Bet365")),
        first_seen_value=chance.choice((None, 3)),
        first_seen_at=builders.AT - timedelta(seconds=300),
    )


def measure_grading(policy: GradingSet, fixture_count: int, bet_count: int, round_count: int) -> Section:
    """Raises ``DisagreementError`` when the two grade differently: their times would say nothing."""
    batches = make_batches(policy, fixture_count, bet_count)
    oracle = Oracle(policy)

    def loop() -> list[Any]:
        return [oracle.grade(bet, batch.fixture, builders.AT) for batch in batches for bet in batch.bets]

    with GradingEngine(policy) as engine:
        _check_agreement(engine, loop(), batches)
        ways: dict[str, Callable[[], object]] = {
            "policytrader": lambda: engine.grade(batches, builders.AT),
            "policytrader, explained": lambda: engine.grade(batches, builders.AT, explain=True),
            "loop over the bets": loop,
        }
        timings = _time(ways, round_count)
    rows = [
        [name, ms(timing.p50), ms(timing.cpu_p50), f"{1000 * bet_count / timing.cpu_p50:,.0f}"]
        for name, timing in timings.items()
    ]
    text = table(["", "p50 ms", "CPU p50 ms", "bets per CPU-second"], rows)
    title = f"Grading {bet_count:,} bets over {fixture_count:,} fixtures"
    return Section(title, text, {name: timing.to_dict() for name, timing in timings.items()}, notes=(NOTE,))


def _time(ways: dict[str, Callable[[], object]], round_count: int) -> dict[str, Timing]:
    watches = {name: Stopwatch() for name in ways}
    with frozen_heap():
        for number in range(-1, round_count):
            for name, way in ways.items():
                if number == 0:
                    watches[name].forget()
                with watches[name].lap():
                    answer = way()
                del answer
    return {name: watch.timing for name, watch in watches.items()}


def _check_agreement(engine: GradingEngine, answers: list[Any], batches: Sequence[FixtureBets]) -> None:
    grades = engine.grade(batches, builders.AT)
    for grade, answer in zip(grades, answers, strict=True):
        if as_answer(grade) != answer:
            message = f"bet {grade.key}: the engine says {as_answer(grade)}, the loop {answer}"
            raise DisagreementError(message)
