"""The words of grading: what became of a bet, why, and what it needs."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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


OUTCOME_ALIASES: Mapping[str, Outcome] = dict.fromkeys(("void", "voided", "push"), Outcome.REFUND)
"""What other trackers call a refund: understood in files and in other programs' documents, never from a caller."""


class Reason(StrEnum):
    """Why a bet has its status; the first block settles, the second leaves it pending, the last keeps what it has."""

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
