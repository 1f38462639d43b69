"""The bets that users of the alert bot track: one document a bet, and a history that only grows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal


class BotType(StrEnum):
    """Which of the two bots a bet belongs to: player props or team props."""

    PLAYER = "player"
    TEAM = "team"


class By(StrEnum):
    """Who changed a bet."""

    GRADER = "grader"
    PERSON = "person"
    IMPORT = "import"


class Change(StrEnum):
    """Reasons of history entries that are no grades."""

    TRACKED = "tracked"
    IMPORTED = "imported"
    STAKE_CORRECTED = "stake_corrected"
    ODDS_CORRECTED = "odds_corrected"
    MANUAL_RESET_TO_PENDING = "manual_reset_to_pending"
    TAKEN_BACK = "taken_back"
    DELETED = "deleted"
    CLOSING_PRICE = "closing_price"
    TAGS_CHANGED = "tags_changed"
    GRADED_IMMEDIATELY = "graded_immediately"
    FIXTURE_FOUND = "fixture_found"
    IDS_FOUND = "ids_found"
    PLAYER_CHOSEN = "player_chosen"
    PLAYER_TAKEN_BACK = "player_taken_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTracking:
    """How a bet's result is found, and how it was found. ``api_location``: home, away, total or player.

    ``first_seen_value`` and ``first_seen_at``: what an earlier look at the live fixture gave (a live decision needs
    the value twice).
    """

    api_type_id: int | None = None
    api_location: str | None = None
    stat_type: str | None = None
    graded_at: datetime | None = None
    reason: Reason | None = None
    rule_id: str | None = None
    policy_hash: str | None = None
    stat_source: str | None = None
    snapshot_hash: str | None = None
    quality: str | None = None
    graded_immediately: bool = False
    last_checked_at: datetime | None = None
    first_seen_value: int | None = None
    first_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedBet:
    """A tracked bet, frozen; a change is a new value with ``version`` one higher.

    Money in the account's currency, exact. ``market`` is the alert's text, ``market_key`` the catalogue's name for it.
    ``version`` starts at 1. ``deleted_at`` makes a tombstone: the bet is in no list, and no import brings it back.
    ``matched_by``: who found ``player_id`` (of a bet on a team: ``team_id``) in the feed's own squads, the grader or a
    person who chose; None where nobody did yet: then an id is the alert's, and may be another feed's.
    ``dedup_key`` is unique within a user and bot among bets without ``duplicate_of``, tombstones included.
    """

    bet_id: str
    user_id: int
    bot_type: BotType
    tracked_at: datetime
    market: str
    odds: Decimal
    actual_stake: Decimal
    unit_size: Decimal
    alert_id: str | None = None
    player_name: str | None = None
    player_id: str | None = None
    team: str | None = None
    team_id: str | None = None
    market_key: str | None = None
    match: str | None = None
    date: str | None = None
    time: str | None = None
    kickoff_at: datetime | None = None
    threshold: Decimal | None = None
    market_direction: str | None = None
    period: str = "match"
    bookmaker: str | None = None
    is_lay: bool = False
    status: Outcome = Outcome.PENDING
    manual_override: bool = False
    returns: Decimal = ZERO
    profit_loss: Decimal = ZERO
    fixture_id: str | None = None
    actual_value: Decimal | None = None
    settled_at: datetime | None = None
    closing_odds: Decimal | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    dedup_key: str = ""
    duplicate_of: str | None = None
    deleted_at: datetime | None = None
    version: int = 1
    matched_by: By | None = None
    result: ResultTracking = ResultTracking()


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of a bet; (``bet_id``, ``version``) is its key: the version that the bet has after it.

    ``evidence`` holds snapshot_hash, source_paths, values, quality as plain JSON values. ``before`` and ``after`` hold
    the fields that changed (stake, odds, tags) as text, where the change is no result.
    """

    bet_id: str
    user_id: int
    version: int
    at: datetime
    by: By
    reason: str
    from_status: Outcome
    to_status: Outcome
    actual_from: Decimal | None = None
    actual_to: Decimal | None = None
    rule_id: str | None = None
    policy_hash: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, str | None] = field(default_factory=dict)
    after: Mapping[str, str | None] = field(default_factory=dict)
    note: str = ""


def entry_of(bet: TrackedBet, changed: TrackedBet, by: By, reason: str, at: datetime, **more: Any) -> HistoryEntry:
    """The entry of the step from ``bet`` to ``changed``."""
    return HistoryEntry(
        bet_id=bet.bet_id,
        user_id=bet.user_id,
        version=changed.version,
        at=at,
        by=by,
        reason=reason,
        from_status=bet.status,
        to_status=changed.status,
        actual_from=bet.actual_value,
        actual_to=changed.actual_value,
        **more,
    )
