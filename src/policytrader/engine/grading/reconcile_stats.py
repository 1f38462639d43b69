"""What a feed's numbers go through before one that is missing is believed to be zero.

A number that is stated counts as it is stated. A missing one is a zero only where nothing is left for it: the match is
over, the man was on the pitch, the feed says something of him, he is no keeper (feeds hide what keepers do), what is
stated of his side adds up to the team's figure, and no recount contradicts.

Goals have a second witness, the events: where those name every scorer of a side, they tell also what its keeper scored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policytrader.model.fixture import Quality, Stat, TeamSide, Value
from policytrader.model.outcomes import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerCounts:
    """What is stated of one player: only the statistics whose key is there.

    ``recounts`` are counts of regular time from single events (shots of the shot map, goals): a statistic that cannot
    be recounted is not in it.
    """

    player_id: str
    side: TeamSide
    is_keeper: bool
    took_part: bool | None
    stated: Mapping[Stat, Value]
    recounts: Mapping[Stat, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What players are measured against: the teams' figures of regular time, own goals not among the goals.

    ``recorded`` is what the layout states for players at all; ``goals`` how many each side's own men scored, where the
    events tell.
    """

    recorded: frozenset[Stat]
    team: Mapping[Stat, Mapping[TeamSide, Value]]
    goals: Mapping[TeamSide, Value]
    is_finished: bool


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A value for every statistic of every player; and whether a side's players add up to its figure."""

    players: Mapping[str, Mapping[Stat, Value]]
    sides: Mapping[Stat, Mapping[TeamSide, bool]]


def stated(count: int | None, source_path: str, attempts: int | None = None) -> Value:
    """A number as stated; suspect where it cannot be read, or is more than what it was counted of ("2/1 (200%)")."""
    if count is None or (attempts is not None and count > attempts):
        return Value(None, Quality.SUSPECT, source_path, Reason.INCONSISTENT_VALUE, attempts)
    return Value(count, Quality.EXACT, source_path, attempts=attempts)


def unavailable(reason: Reason = Reason.STAT_UNAVAILABLE, source_path: str = "", attempts: int | None = None) -> Value:
    """No number, and why."""
    return Value(None, Quality.UNAVAILABLE, source_path, reason, attempts)


def agreeing(known: Value | None, other: Value) -> Value:
    """One value of two cells for the same statistic; suspect where both are numbers and differ."""
    if known is None or known.quality is Quality.UNAVAILABLE:
        return other
    if other.quality is Quality.UNAVAILABLE or other.value == known.value:
        return known
    return Value(None, Quality.SUSPECT, f"{known.source_path} + {other.source_path}", Reason.INCONSISTENT_VALUE)


def added(first: Value, second: Value) -> Value:
    """Two halves as one value; what is wrong with one is wrong with the sum."""
    for half in (first, second):
        if half.value is None:
            return half
    assert first.value is not None
    assert second.value is not None
    return Value(first.value + second.value, Quality.EXACT, f"{first.source_path} + {second.source_path}")


def contradicts(whole: Value, first: Value, second: Value) -> bool:
    """Whether three numbers are there and the halves are not the whole."""
    total = added(first, second).value
    return whole.value is not None and total is not None and whole.value != total


def suspected(value: Value) -> Value:
    """The same place, its number not to be graded on."""
    return Value(None, Quality.SUSPECT, value.source_path, Reason.INCONSISTENT_VALUE, value.attempts)


def reconcile_players(players: Sequence[PlayerCounts], evidence: Evidence) -> Reconciled:
    """Every player's values, for a match that ended (or stands) within regular time."""
    sides = {
        stat: {side: fit for side in TeamSide if (fit := _adds_up(players, evidence, stat, side)) is not None}
        for stat in evidence.recorded
    }
    named = {
        stat for player in players for stat, value in player.stated.items() if value.quality is not Quality.UNAVAILABLE
    }
    return Reconciled(
        {
            player.player_id: {
                stat: player.stated.get(stat) or _missing(player, stat, evidence, sides.get(stat, {}), named)
                for stat in Stat
            }
            for player in players
        },
        {stat: fits for stat, fits in sides.items() if fits},
    )


def players_of_regular_time(players: Sequence[PlayerCounts], evidence: Evidence) -> Reconciled:
    """Every player's values where extra time was played: what is stated counts it in, so only recounts are left."""
    is_whole = {
        (stat, side): _recount_adds_up(players, evidence, stat, side) for stat in evidence.recorded for side in TeamSide
    }

    def value(player: PlayerCounts, stat: Stat) -> Value:
        if stat not in evidence.recorded or player.took_part is not True:
            return unavailable()
        if is_whole[stat, player.side] and stat in player.recounts:
            return player.recounts[stat]
        known = player.stated.get(stat)
        if known is not None and known.quality is Quality.UNAVAILABLE:
            return known
        return unavailable(Reason.EXTRA_TIME_UNSPLIT, known.source_path if known else "")

    return Reconciled({player.player_id: {stat: value(player, stat) for stat in Stat} for player in players}, {})


def _figure(evidence: Evidence, stat: Stat, side: TeamSide) -> Value | None:
    """What the players of a side should add up to; None where nobody says."""
    if stat is Stat.GOALS:
        figure = evidence.goals.get(side)
    elif stat is Stat.FOULS_DRAWN:
        # A foul may be drawn by nobody (handball), so that the other side's fouls are an upper bound: who adds up to
        # it leaves nothing over.
        figure = evidence.team.get(Stat.FOULS, {}).get(side.other)
    else:
        figure = evidence.team.get(stat, {}).get(side)
    return figure if figure is not None and figure.value is not None else None


def _adds_up(players: Iterable[PlayerCounts], evidence: Evidence, stat: Stat, side: TeamSide) -> bool | None:
    figure = _figure(evidence, stat, side)
    if figure is None:
        return None
    total = 0
    for player in players:
        if player.side is side and (value := player.stated.get(stat) or _witnessed(player, stat)) is not None:
            if value.value is None:
                return False
            total += value.value
    return total == figure.value


def _witnessed(player: PlayerCounts, stat: Stat) -> Value | None:
    return player.recounts.get(stat) if stat is Stat.GOALS else None


def _recount_adds_up(players: Iterable[PlayerCounts], evidence: Evidence, stat: Stat, side: TeamSide) -> bool:
    figure = _figure(evidence, stat, side)
    counted = [
        player.recounts[stat].value or 0 for player in players if player.side is side and stat in player.recounts
    ]
    return figure is not None and bool(counted) and sum(counted) == figure.value


def _missing(
    player: PlayerCounts, stat: Stat, evidence: Evidence, fits: Mapping[TeamSide, bool], named: set[Stat]
) -> Value:
    if stat not in evidence.recorded or player.took_part is not True or not evidence.is_finished:
        return unavailable()
    figure = _figure(evidence, stat, player.side)
    if figure is None and stat not in named:
        return unavailable()
    does_fit = fits.get(player.side, False)
    goals = _witnessed(player, stat)
    if goals is not None and does_fit and (goals.value or (player.is_keeper and player.stated)):
        return goals
    recount = player.recounts.get(stat)
    is_hidden = player.is_keeper or not player.stated or (recount is not None and recount.value != 0)
    if figure is None or is_hidden or not does_fit:
        return unavailable(Reason.UNRECONCILED, figure.source_path if figure else "")
    return Value(0, Quality.ZERO_INFERRED, figure.source_path)
