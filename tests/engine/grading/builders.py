"""Small fixtures and bets: what a test does not name is a finished match on which everything is known and zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from policytrader.model.fixture import (
    Card,
    CardHolder,
    CardKind,
    Completeness,
    DecidedBy,
    Fixture,
    FixtureSource,
    FixtureStatus,
    Goal,
    Listed,
    Period,
    Player,
    Quality,
    Stat,
    Team,
    TeamSide,
    Value,
)
from policytrader.model.grades import BetToGrade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.model.outcomes import Reason

KICKOFF = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)
AT = KICKOFF + timedelta(hours=3)
HOME, AWAY = TeamSide.HOME, TeamSide.AWAY
FIRST, SECOND, EXTRA, REGULAR = Period.FIRST_HALF, Period.SECOND_HALF, Period.EXTRA_TIME, Period.REGULAR
ALL_OVER = frozenset({REGULAR, FIRST, SECOND})


def exact(count: int, path: str = "", *, attempts: int | None = None) -> Value:
    """A number that the feed states."""
    return Value(count, Quality.EXACT, path, attempts=attempts)


def inferred() -> Value:
    """Nothing stated, and nothing left over."""
    return Value(0, Quality.ZERO_INFERRED)


def missing(reason: Reason) -> Value:
    """No number."""
    return Value(None, Quality.UNAVAILABLE, reason=reason)


def suspect(count: int | None, reason: Reason) -> Value:
    """A number that the feed contradicts."""
    return Value(count, Quality.SUSPECT, reason=reason)


def player(player_id: str, name: str, side: TeamSide = HOME, **changed: Any) -> Player:
    """A starter who played to the end."""
    given: dict[str, Any] = {
        "is_keeper": False, "listed": Listed.STARTER, "took_part": True, "started": True, "stats": {},
    }  # fmt: skip
    return Player(player_id=player_id, name=name, side=side, **given | changed)


def unused(player_id: str, name: str, side: TeamSide = HOME, **changed: Any) -> Player:
    """A man who stayed on the bench."""
    return player(player_id, name, side, **{"listed": Listed.BENCH, "took_part": False, "started": False} | changed)


def came_on(player_id: str, name: str, side: TeamSide = HOME, **changed: Any) -> Player:
    """A substitute who came on."""
    given = {"listed": Listed.BENCH, "started": False, "on_minute": 71}
    return player(player_id, name, side, **given | changed)


def card(side: TeamSide, player_id: str | None, kind: CardKind = CardKind.YELLOW, **changed: Any) -> Card:
    """A yellow card of the first half."""
    given: dict[str, Any] = {"minute": 30, "added": 0, "period": FIRST, "holder": CardHolder.PLAYER}
    return Card(side=side, player_id=player_id, kind=kind, **given | changed)


def goal(side: TeamSide, player_id: str | None, **changed: Any) -> Goal:
    """A goal of the first half, with the foot."""
    given: dict[str, Any] = {
        "is_own": False, "is_header": False, "is_penalty": False, "minute": 30, "added": 0, "period": FIRST,
    }  # fmt: skip
    return Goal(side=side, player_id=player_id, **given | changed)


def both(home: int, away: int) -> Mapping[TeamSide, Value]:
    """A team statistic."""
    return {HOME: exact(home, f"stats.{home}"), AWAY: exact(away, f"stats.{away}")}


def fixture(*players: Player, **changed: Any) -> Fixture:
    """Northport against Eastmoor, finished."""
    given: dict[str, Any] = {
        "fixture_id": "4506",
        "teams": {HOME: Team(team_id="10", name="Northport"), AWAY: Team(team_id="20", name="Eastmoor")},
        "kickoff_at": KICKOFF,
        "status": FixtureStatus.FINISHED,
        "is_var_pending": False,
        "score": None,
        "decided_by": DecidedBy.REGULAR,
        "finished_periods": ALL_OVER,
        "available_periods": ALL_OVER,
        "team_stats": {},
        "cards": (),
        "goals": (),
        "completeness": Completeness(layout="made", has_team_stats=True, has_player_stats=True, has_shots=False),
        "source": FixtureSource(feed="made", layout="made", hash="0" * 64, fetched_at=None),
    }
    return Fixture(players={one.player_id: one for one in players}, **given | changed)


def live(*players: Player, **changed: Any) -> Fixture:
    """The same, still running in its second half."""
    given: dict[str, Any] = {"status": FixtureStatus.LIVE, "finished_periods": frozenset({FIRST})}
    return fixture(*players, **given | changed)


def stats(**counts: int | Value) -> Mapping[Stat, Value]:
    """A player's statistics."""
    return {Stat(name): exact(count) if isinstance(count, int) else count for name, count in counts.items()}


def bet(market: str, line: str | None = "0.5", direction: str | None = "over", **changed: Any) -> BetToGrade:
    """One pound at 2.00."""
    given: dict[str, Any] = {"key": "1", "odds": Decimal(2), "stake": Decimal(1)}
    return BetToGrade(
        market=market, direction=direction, line=None if line is None else Decimal(line), **given | changed
    )
