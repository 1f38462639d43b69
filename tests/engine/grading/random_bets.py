"""What hypothesis draws: fixtures in every state, with gaps and contradictions, and bets on all that they hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from policytrader.model.fixture import (
    Card,
    CardHolder,
    CardKind,
    DecidedBy,
    Fixture,
    FixtureStatus,
    Goal,
    Listed,
    Period,
    Player,
    Quality,
    Stat,
    TeamSide,
    Value,
)
from policytrader.model.grades import BetToGrade
from policytrader.model.outcomes import Outcome, Reason
from policytrader.policy.grading.markets import EVENT_COUNTS
from tests.engine.grading import builders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policytrader.policy.grading.grading_set import GradingSet

PLAYER_IDS = ("101", "102", "103", "201", "202")
STATS = (Stat.GOALS, Stat.ASSISTS, Stat.SHOTS, Stat.TACKLES, Stat.TACKLES_WON, Stat.CORNERS, Stat.SAVES)
PROBLEMS = (
    Reason.STAT_UNAVAILABLE,
    Reason.UNRECONCILED,
    Reason.INCONSISTENT_VALUE,
    Reason.EXTRA_TIME_UNSPLIT,
    Reason.FEED_ERROR,  # none that a value has
    None,
)
LINES = tuple(Decimal(quarters) / 4 for quarters in range(-6, 13))
BIG_LINES = (Decimal("1000.5"), Decimal(-10_000))
BAD_LINES = (
    None,
    Decimal("10000.25"),
    Decimal("0.3"),
    Decimal("1.26"),
    Decimal("NaN"),
    Decimal("Infinity"),
    Decimal("1e30"),
    Decimal("-0"),
)
BOOKMAKERS = (None, "Bet365", " bet365", "Elsewhere")

_counts = st.integers(0, 4)
values = st.one_of(
    _counts.map(lambda count: Value(count, Quality.EXACT, f"stats[{count}]")),
    st.just(Value(0, Quality.ZERO_INFERRED)),
    st.builds(
        Value,
        st.one_of(st.none(), _counts),
        st.sampled_from([Quality.UNAVAILABLE, Quality.SUSPECT]),
        st.just(""),
        st.sampled_from(PROBLEMS),
        st.one_of(st.none(), _counts),
    ),
    st.builds(Value, _counts, st.just(Quality.EXACT), st.just("won"), st.none(), st.one_of(st.none(), _counts)),
)


@st.composite
def players(draw: st.DrawFn, player_id: str) -> Player:
    """Somebody of one of the squads; what is known of him need not fit together."""
    return Player(
        player_id=player_id,
        name=f"Player {player_id}",
        side=TeamSide.HOME if player_id < "200" else TeamSide.AWAY,
        is_keeper=False,
        listed=draw(st.sampled_from([*Listed, None])),
        took_part=draw(st.sampled_from([True, True, True, False, None])),
        started=draw(st.sampled_from([True, True, False, None])),
        is_off=draw(st.booleans()),
        stats=draw(st.fixed_dictionaries({}, optional=dict.fromkeys(STATS, values))),
    )


_sides = st.sampled_from(TeamSide)
_whose = st.sampled_from([*PLAYER_IDS, "999", *PLAYER_IDS, None])
_halves = st.sampled_from([Period.FIRST_HALF, Period.SECOND_HALF, Period.FIRST_HALF, Period.EXTRA_TIME, Period.REGULAR])


@st.composite
def goals(draw: st.DrawFn) -> Goal:
    """A goal by anybody, of either half, of extra time, or of a half that nobody knows."""
    return builders.goal(
        draw(_sides),
        draw(_whose),
        is_own=draw(st.sampled_from([False, False, False, True])),
        is_header=draw(st.sampled_from([False, True, None])),
        period=draw(_halves),
    )


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """A card to anybody."""
    return builders.card(
        draw(_sides),
        draw(_whose),
        draw(st.sampled_from(CardKind)),
        holder=draw(st.sampled_from([CardHolder.PLAYER, CardHolder.PLAYER, CardHolder.PLAYER, *CardHolder])),
        period=draw(_halves),
        is_after_whistle=draw(st.sampled_from([False, False, False, True])),
    )


_team_stats = st.dictionaries(
    st.sampled_from(Period),
    st.dictionaries(st.sampled_from(STATS), st.dictionaries(_sides, values, min_size=1), max_size=4),
    max_size=4,
)


@st.composite
def fixtures(draw: st.DrawFn, statuses: tuple[FixtureStatus, ...] = tuple(FixtureStatus)) -> Fixture:
    """A fixture; half of them are finished, where numbers decide."""
    asked = FixtureStatus.FINISHED in statuses and draw(st.booleans())
    status = FixtureStatus.FINISHED if asked else draw(st.sampled_from(statuses))
    over = {Period.REGULAR, Period.FIRST_HALF, Period.SECOND_HALF}
    finished = over if status is FixtureStatus.FINISHED else draw(st.sets(st.sampled_from(sorted(over))))
    return builders.fixture(
        *(draw(players(player_id)) for player_id in PLAYER_IDS),
        status=status,
        finished_periods=frozenset(finished),
        kickoff_at=draw(st.sampled_from([builders.KICKOFF, builders.AT - timedelta(hours=80), None])),
        is_var_pending=draw(st.sampled_from([False, False, True, None])),
        decided_by=draw(st.sampled_from(DecidedBy)),
        team_stats=draw(_team_stats),
        cards=tuple(draw(st.lists(cards(), max_size=5))),
        goals=tuple(draw(st.lists(goals(), max_size=4))),
        has_events=draw(st.sampled_from([True, True, True, False])),
    )


def fixtures_or_none() -> st.SearchStrategy[Fixture | None]:
    """Sometimes nobody knows the fixture."""
    return st.integers(0, 29).flatmap(lambda number: fixtures() if number else st.none())


def bets(policy: GradingSet) -> st.SearchStrategy[BetToGrade]:
    """Bets on every market of a policy, sound ones and others."""
    markets = policy.markets.markets
    counted = [market for market in markets if set(market.statistics) <= {*STATS, *EVENT_COUNTS}]
    others = [market.name.upper() for market in markets] + ["No Such Market"]
    names = [market.name for market in counted] * 4
    names += [alias if isinstance(alias, str) else alias.name for market in counted for alias in market.aliases]
    return st.builds(_bet, _mostly(names, *others), st.fixed_dictionaries(_parts()))


def _mostly(usual: Sequence[Any], *odd: Any) -> st.SearchStrategy[Any]:
    """Nearly always one of the usual ones."""
    return st.integers(0, 24).flatmap(lambda number: st.sampled_from(odd if number == 0 else usual))


def _parts() -> dict[str, st.SearchStrategy[Any]]:
    ago = [builders.AT - timedelta(seconds=seconds) for seconds in (500, 120, 119, 0, -5)]
    return {
        "line": _mostly(LINES, *BAD_LINES, *BIG_LINES),
        "direction": _mostly(("over", "OVER", "under", "over", "no", None), "sideways", " ", "handicap", "spread"),
        "period": _mostly((None, "match", "Full  Time", "1st Half", "second_half"), "third half"),
        "odds": _mostly(tuple(map(Decimal, ("2", "1.85", "3.333", "1.01"))), Decimal(1), Decimal(0), Decimal("NaN")),
        "stake": _mostly(tuple(map(Decimal, ("1", "10", "0.33", "7.77", "12345.67"))), Decimal(0), Decimal(-1)),
        "player_id": _mostly(PLAYER_IDS, "999", None),
        "player_name": _mostly((None,), "", *(f"Player {player_id}" for player_id in PLAYER_IDS), "Zoe Zander"),
        "team_id": _mostly(("10", "20"), "30", None),
        "team_name": _mostly((None,), "", "Northport", "Eastmoor", "Southgate"),
        "bookmaker": st.sampled_from(BOOKMAKERS),
        "manual_override": st.integers(0, 19).map(lambda number: number == 0),
        "status": st.sampled_from(Outcome),
        "first_seen_value": st.sampled_from([5, 3, 2, 1, 0, None]),
        "first_seen_at": st.sampled_from([*ago, None]),
        "kickoff_at": _mostly((None,), builders.AT - timedelta(hours=80), builders.AT - timedelta(hours=30)),
        "is_lay": st.booleans(),
    }


def _bet(market: str, parts: dict[str, Any]) -> BetToGrade:
    plain = BetToGrade(key="", market=market, direction=None, line=None, odds=Decimal(2), stake=Decimal(1))
    return replace(plain, **parts)
