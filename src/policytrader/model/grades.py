"""What grading says about a tracked bet: outcome, reason, money."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.fixture import Fixture, Quality


class Outcome(StrEnum):
    """The status of a tracked bet. All but PENDING are results."""

    PENDING = "pending"
    WON = "won"
    LOST = "lost"
    REFUND = "refund"
    HALF_WIN = "half_win"
    HALF_LOSS = "half_loss"

    @property
    def is_settled(self) -> bool:
        """True for the five results."""
        return self is not Outcome.PENDING


class Reason(StrEnum):
    """Why a bet has its status; the first block settles, the second leaves it pending."""

    LINE = "line"
    PUSH = "push"
    QUARTER_LINE = "quarter_line"
    DID_NOT_PLAY = "did_not_play"
    DID_NOT_START = "did_not_start"
    VOID_WINDOW = "void_window"
    FIXTURE_CANCELLED = "fixture_cancelled"
    ABANDONED_DECIDED = "abandoned_decided"
    ABANDONED_VOID = "abandoned_void"
    LIVE_DECIDED = "live_decided"
    MANUAL = "manual"
    STAT_CORRECTED = "stat_corrected"

    NOT_FINISHED = "not_finished"
    POSTPONED_WAIT = "postponed_wait"
    VAR_PENDING = "var_pending"
    FIXTURE_UNMATCHED = "fixture_unmatched"
    MARKET_UNMAPPED = "market_unmapped"
    PLAYER_NOT_FOUND = "player_not_found"
    PLAYER_AMBIGUOUS = "player_ambiguous"
    UNRECONCILED = "unreconciled"
    STAT_UNAVAILABLE = "stat_unavailable"
    INCONSISTENT_VALUE = "inconsistent_value"
    EXTRA_TIME_UNSPLIT = "extra_time_unsplit"
    LAYOUT_UNKNOWN = "layout_unknown"
    FEED_ERROR = "feed_error"
    INVALID_BET = "invalid_bet"
    """The bet itself cannot be graded: no line, a line off the quarter steps, an unknown direction or period."""
    MANUAL_OVERRIDE = "manual_override"


class Direction(StrEnum):
    """What a bet needs: more than the line, less, or own minus other with the line added."""

    OVER = "over"
    UNDER = "under"
    HANDICAP = "handicap"


class BetPeriod(StrEnum):
    """The part of a match that a bet is on; ``match`` is regular time."""

    MATCH = "match"
    FIRST_HALF = "first_half"
    SECOND_HALF = "second_half"


@dataclass(frozen=True, slots=True, kw_only=True)
class BetToGrade:
    """What the engine is told of a bet; ``key`` comes back with its grade.

    ``market`` is the alert's own text. ``player_id`` or ``team_id`` (the feed's) win over the names. ``line`` is None
    where none was given; a market may have one of its own. ``first_seen`` is the actual value that an earlier look at
    this live fixture gave, and when: what a live decision is confirmed by. ``is_lay``: money the other way round.
    """

    key: str
    market: str
    direction: str | None
    line: Decimal | None
    odds: Decimal
    stake: Decimal
    period: str | None = None
    player_name: str | None = None
    player_id: str | None = None
    team_name: str | None = None
    team_id: str | None = None
    bookmaker: str | None = None
    status: Outcome = Outcome.PENDING
    manual_override: bool = False
    actual_value: Decimal | None = None
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None
    is_lay: bool = False


@dataclass(frozen=True, slots=True)
class FixtureBets:
    """The bets on one fixture; ``fixture`` is None for bets whose fixture nobody knows."""

    fixture: Fixture | None
    bets: tuple[BetToGrade, ...]


@dataclass(frozen=True, slots=True)
class RuleTruth:
    """What one rule of the policy said: True, False or unknown."""

    rule_id: str
    truth: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """The answer for one bet. ``rule`` is the rule that decided; money is of a settled bet, zero while pending.

    ``player_id``/``team_id`` are what a name was matched with, to be kept with the bet. ``problem`` explains an invalid
    bet in words. ``first_seen_value`` and ``first_seen_at``: the live count to remember until the next look, and since
    when it has stood; None where nothing is to be remembered. ``values`` are the fields that the rules read,
    ``source_paths`` where the numbers came from.
    """

    key: str
    status: Outcome
    reason: Reason
    rule: str
    actual_value: int | None = None
    margin: Decimal | None = None
    returns: Decimal = ZERO
    profit_loss: Decimal = ZERO
    market_key: str | None = None
    player_id: str | None = None
    team_id: str | None = None
    quality: Quality | None = None
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None
    problem: str = ""
    suggestions: tuple[str, ...] = ()
    source_paths: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    rules: tuple[RuleTruth, ...] = ()
