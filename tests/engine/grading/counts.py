"""Counting for the oracle: what a bet's market is about, in one fixture, from statistics and from events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from policytrader.model.fixture import CardHolder, Period, Quality, Stat, TeamSide
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policytrader.model.fixture import Card, Fixture, Goal, Player, Value
    from policytrader.model.grades import BetToGrade
    from policytrader.policy.grading.markets import Market

RUNNING = ("LIVE", "HALF_TIME")
WORST_FIRST = ("stat_unavailable", "unreconciled", "inconsistent_value", "extra_time_unsplit")
ENDS = {"first_goal": slice(0, 1), "last_goal": slice(-1, None)}


class MissingError(Exception):
    """There is no number to grade on; the text is the reason."""


class InferredZeroError(MissingError):
    """A zero that nobody stated, of a match that goes on: goals beside it contradict it, so they are not counted."""


@dataclass(frozen=True)
class Terms:
    """What one bookmaker asks of one market."""

    participation: str
    void_window: str
    points: dict[str, int]
    most: int


def named_player(bet: BetToGrade, fixture: Fixture) -> str | None:
    """The player's id: whom a name says, written in full, is he; without one his id does."""
    if not bet.player_name:
        return bet.player_id if bet.player_id in fixture.players else None
    return next((key for key, one in fixture.players.items() if one.name == bet.player_name), None)


def named_side(bet: BetToGrade, fixture: Fixture) -> TeamSide | None:
    """The side of the team, as for players."""
    said = {side: bet.team_name == team.name if bet.team_name else bet.team_id == team.team_id
            for side, team in fixture.teams.items()}  # fmt: skip
    return next((side for side, is_his in said.items() if is_his), None)


@dataclass(frozen=True)
class Counter:
    """Counts what a bet is about, in one fixture."""

    market: Market
    fixture: Fixture
    terms: Terms
    period: str
    tackles_from_attempts: bool

    def count(self, bet: BetToGrade, direction: str) -> int:
        """The number that is compared with the line. Raises ``MissingError``."""
        if not self.market.is_whole:
            raise MissingError(Reason.STAT_UNAVAILABLE)
        if self.market.scope == "player":
            return self._sum([self.fixture.players[named_player(bet, self.fixture) or ""]])[0]
        if self.market.scope == "match":
            home, away = self._sum(list(TeamSide))
            return min(home, away) if self.market.combine == "lower" else home + away
        own = named_side(bet, self.fixture)
        assert own is not None, "asked before"
        if direction != "handicap":
            return self._sum([own])[0]
        mine, theirs = self._sum([own, own.other])
        return mine - theirs

    def _sum(self, owners: Sequence[Player | TeamSide]) -> list[int]:
        """One total for each owner; the worst of all that is missing is told."""
        totals, problems = [], []
        for owner in owners:
            total = 0
            for part in dict.fromkeys(self.market.statistics):
                try:
                    total += self._part(str(part), owner)
                except MissingError as error:
                    problems.append(str(error))
            totals.append(total)
        if problems:
            raise MissingError(min(problems, key=WORST_FIRST.index))
        return totals

    def _part(self, part: str, owner: Player | TeamSide) -> int:
        if part == "cards":
            return self._cards(owner)
        if part not in set(Stat):
            return self._goals(part, owner)
        is_whole_player = not isinstance(owner, TeamSide) and self.period == "match"
        try:
            return self._stated(Stat(part), owner)
        except InferredZeroError:
            raise
        except MissingError as error:
            value = self._value(Stat(part), owner)
            is_stated = value is not None and value.quality is not Quality.UNAVAILABLE
            is_elsewhere = not is_stated and str(error) in {"stat_unavailable", "extra_time_unsplit"}
            if part == "goals" and not is_whole_player and is_elsewhere:
                try:
                    return self._goals(part, owner)
                except MissingError:
                    raise error from None
            raise

    def _stated(self, stat: Stat, owner: Player | TeamSide) -> int:
        value = self._value(stat, owner)
        is_tackles = stat is Stat.TACKLES and (value is None or value.value is None)
        won = self._value(Stat.TACKLES_WON, owner) if is_tackles and self.tackles_from_attempts else None
        if won is not None and won.attempts is not None and won.quality is Quality.EXACT:
            return won.attempts
        if value is None:
            raise MissingError(Reason.STAT_UNAVAILABLE)
        if value.quality is Quality.SUSPECT:
            raise MissingError(value.reason if value.reason in WORST_FIRST else Reason.INCONSISTENT_VALUE)
        if value.value is None or value.quality is Quality.UNAVAILABLE:
            raise MissingError(value.reason if value.reason in WORST_FIRST else Reason.STAT_UNAVAILABLE)
        if value.quality is Quality.ZERO_INFERRED and self.fixture.status in RUNNING:
            raise InferredZeroError(Reason.STAT_UNAVAILABLE)
        return value.value

    def _value(self, stat: Stat, owner: Player | TeamSide) -> Value | None:
        if isinstance(owner, TeamSide):
            period = Period.REGULAR if self.period == "match" else Period(self.period)
            return self.fixture.team_stats.get(period, {}).get(stat, {}).get(owner)
        return owner.stats.get(stat) if self.period == "match" else None

    def _in_period(self, event: Card | Goal) -> bool | None:
        """None where the event's half is not known and the bet is on a half."""
        if self.period == "match":
            return event.period is not Period.EXTRA_TIME
        return None if event.period is Period.REGULAR else event.period == self.period

    def _events(self, events: Sequence[Card | Goal]) -> Iterator[tuple[int, Card | Goal, bool]]:
        """Number, event, and whether it is certainly of this period."""
        if not self.fixture.has_events:
            raise MissingError(Reason.STAT_UNAVAILABLE)
        for number, event in enumerate(events):
            is_in = self._in_period(event)
            if is_in is not False:
                yield number, event, is_in is True

    @staticmethod
    def _is_of(event: Card | Goal, owner: Player | TeamSide) -> bool | None:
        """None where nobody says whose it is, and it may be his."""
        if isinstance(owner, TeamSide):
            return event.side is owner
        if event.player_id is not None:
            return event.player_id == owner.player_id
        return None if event.side is owner.side else False

    def _cards(self, owner: Player | TeamSide) -> int:
        points: dict[str, int] = {}
        is_certain = True
        for _, event, is_sure in self._events(self.fixture.cards):
            is_on_pitch = getattr(event, "holder", None) is CardHolder.PLAYER
            is_his = self._is_of(event, owner)
            if not is_on_pitch or getattr(event, "is_after_whistle", False) or is_his is False:
                continue
            is_certain &= is_sure and is_his is True and event.player_id is not None
            holder = event.player_id or ""
            points[holder] = points.get(holder, 0) + self.terms.points[str(getattr(event, "kind", ""))]
        if not is_certain:
            raise MissingError(Reason.STAT_UNAVAILABLE)
        return sum(min(one, self.terms.most) for one in points.values())

    def _goals(self, part: str, owner: Player | TeamSide) -> int:
        is_side = isinstance(owner, TeamSide)
        goals = [(number, goal, sure) for number, goal, sure in self._events(self.fixture.goals)]
        own_goals_count = is_side and part != "header_goals"
        counting = [one for one in goals if own_goals_count or not getattr(one[1], "is_own", False)]
        is_order_sure = all(sure for _, _, sure in goals)
        if part in ENDS and is_order_sure:
            counting = counting[ENDS[part]]
        count = 0
        for _, goal, sure in counting:
            is_his, is_header = self._is_of(goal, owner), getattr(goal, "is_header", None)
            if is_his is False or (part == "header_goals" and is_header is False):
                continue
            is_known = part != "header_goals" or is_header is not None
            if is_his is None or not sure or not is_known or (part in ENDS and not is_order_sure):
                raise MissingError(Reason.STAT_UNAVAILABLE)
            count += 1
        return count
