"""A football fixture with its statistics, as every feed's parser gives it and grading rules see it.

What a feed does not say is never zero here: it is a ``Value`` without a number, with its quality and the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from policytrader.model.outcomes import Reason


class FixtureStatus(StrEnum):
    """Where a fixture stands. A word that nobody recorded is UNKNOWN, never FINISHED."""

    SCHEDULED = "SCHEDULED"
    LIVE = "LIVE"
    HALF_TIME = "HALF_TIME"
    FINISHED = "FINISHED"
    POSTPONED = "POSTPONED"
    ABANDONED = "ABANDONED"
    CANCELLED = "CANCELLED"
    AWARDED = "AWARDED"
    UNKNOWN = "UNKNOWN"


class DecidedBy(StrEnum):
    """How far a fixture went: bets are graded on regular time alone."""

    REGULAR = "regular"
    EXTRA_TIME = "extra_time"
    PENALTIES = "penalties"


class TeamSide(StrEnum):
    """Which of the two teams."""

    HOME = "home"
    AWAY = "away"

    @property
    def other(self) -> TeamSide:
        """The opponent."""
        return TeamSide.AWAY if self is TeamSide.HOME else TeamSide.HOME


class Period(StrEnum):
    """A part of a fixture. ``regular`` is 90 minutes with stoppage time: what a bet on the match is graded on."""

    REGULAR = "regular"
    FIRST_HALF = "first_half"
    SECOND_HALF = "second_half"
    EXTRA_TIME = "extra_time"

    @property
    def parts(self) -> tuple[Period, ...]:
        """The periods that events are told of: regular time is its two halves."""
        return HALVES if self is Period.REGULAR else (self,)


HALVES = (Period.FIRST_HALF, Period.SECOND_HALF)
"""What regular time is made of."""

END_OF_FIRST_HALF = 45
END_OF_REGULAR = 90
MAX_MINUTE = 150
"""No minute of a match is beyond it."""


def period_of(minute: int) -> Period:
    """The period of a minute as feeds count them: stoppage time has the minute that it is added to."""
    if minute <= END_OF_FIRST_HALF:
        return Period.FIRST_HALF
    return Period.SECOND_HALF if minute <= END_OF_REGULAR else Period.EXTRA_TIME


class Stat(StrEnum):
    """What is counted; each feed's parser maps its own words to these. Cards and goals of a half come from events."""

    GOALS = "goals"
    ASSISTS = "assists"
    SHOTS = "shots"
    SHOTS_ON_TARGET = "shots_on_target"
    PASSES = "passes"
    ACCURATE_PASSES = "accurate_passes"
    KEY_PASSES = "key_passes"
    CROSSES = "crosses"
    TACKLES = "tackles"
    TACKLES_WON = "tackles_won"
    INTERCEPTIONS = "interceptions"
    CLEARANCES = "clearances"
    BLOCKS = "blocks"
    FOULS = "fouls"
    FOULS_DRAWN = "fouls_drawn"
    OFFSIDES = "offsides"
    SAVES = "saves"
    DRIBBLES = "dribbles"
    TOUCHES_BOX = "touches_box"
    CORNERS = "corners"
    THROW_INS = "throw_ins"
    GOAL_KICKS = "goal_kicks"
    FREE_KICKS = "free_kicks"


class Quality(StrEnum):
    """How far a number can be believed."""

    EXACT = "exact"
    """The feed states it."""
    ZERO_INFERRED = "zero_inferred"
    """The feed states nothing, and the team's other players already add up to the team's figure."""
    UNAVAILABLE = "unavailable"
    SUSPECT = "suspect"
    """The feed contradicts itself; not graded on."""


@dataclass(frozen=True, slots=True)
class Value:
    """One count. ``reason`` says why there is none; ``source_path`` is where in the feed's answer it was read.

    ``attempts`` is the denominator that the feed states beside it ("4/6 (67%)"), kept for policies that want it.
    """

    value: int | None
    quality: Quality
    source_path: str = ""
    reason: Reason | None = None
    attempts: int | None = None


class Listed(StrEnum):
    """How the line-up lists a player."""

    STARTER = "starter"
    BENCH = "bench"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A player of one of the two squads.

    ``took_part`` is None while it is open: a man on the bench may still come on until the final whistle. ``on_minute``
    and ``off_minute`` are substitutions; ``is_off`` also after a red card. ``stats`` holds a ``Value`` for every
    ``Stat`` that is known for players at all, present or not.
    """

    player_id: str
    name: str
    side: TeamSide
    is_keeper: bool
    listed: Listed | None
    took_part: bool | None
    started: bool | None
    on_minute: int | None = None
    off_minute: int | None = None
    is_off: bool = False
    minutes: int | None = None
    stats: Mapping[Stat, Value] = field(default_factory=dict)


class CardKind(StrEnum):
    """A second yellow is one card of its own kind, beside the first yellow."""

    YELLOW = "yellow"
    RED = "red"
    SECOND_YELLOW = "second_yellow"


class CardHolder(StrEnum):
    """Whom a card was shown to: players on the pitch, staff, or players who were not on the pitch."""

    PLAYER = "player"
    STAFF = "staff"
    OFF_PITCH = "off_pitch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card. ``minute`` counts to 45, 90, 120; ``added`` is stoppage time on top. ``period`` by the half markers."""

    side: TeamSide
    player_id: str | None
    kind: CardKind
    minute: int
    added: int
    period: Period
    holder: CardHolder
    is_after_whistle: bool = False
    source_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal, never one of a shoot-out. ``side`` is the team that it counts for; ``player_id`` who put it in."""

    side: TeamSide
    player_id: str | None
    is_own: bool
    is_header: bool | None
    is_penalty: bool
    minute: int
    added: int
    period: Period
    source_path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """One of the two teams; ids are the feed's, as text."""

    team_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """What the feed's answer holds at all. ``reconciled``: do the players of a side add up to the team's figure?"""

    layout: str
    has_team_stats: bool
    has_player_stats: bool
    has_shots: bool
    reconciled: Mapping[Stat, Mapping[TeamSide, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixtureSource:
    """Where a fixture came from: ``hash`` is the SHA-256 of the raw answer, kept under that name."""

    feed: str
    layout: str
    hash: str
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """All that rules see of a match.

    ``finished_periods`` are over for good: FIRST_HALF after the half-time marker, all after the final whistle.
    ``is_var_pending`` is None where the feed does not say whether a video review is open.
    ``team_stats`` is by period, statistic and side; REGULAR is the sum of the halves where there was extra time.
    ``players`` by the feed's id. ``cards`` and ``goals`` in the order in which they happened, extra time included.
    """

    fixture_id: str
    teams: Mapping[TeamSide, Team]
    kickoff_at: datetime | None
    status: FixtureStatus
    is_var_pending: bool | None
    score: Mapping[TeamSide, int] | None
    decided_by: DecidedBy
    finished_periods: frozenset[Period]
    available_periods: frozenset[Period]
    team_stats: Mapping[Period, Mapping[Stat, Mapping[TeamSide, Value]]]
    players: Mapping[str, Player]
    cards: tuple[Card, ...]
    goals: tuple[Goal, ...]
    completeness: Completeness
    source: FixtureSource
    has_events: bool = True
    status_word: str = ""
    """The feed's own word for the status, for messages."""
