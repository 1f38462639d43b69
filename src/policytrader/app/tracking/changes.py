"""What a person may change about a bet: each change is the bet's next version with the history entry that tells it.

All are pure. None stands for "nothing to change": what is asked for is so already, and no history is written.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from policytrader.app.tracking.values import Refusal
from policytrader.model.money import ZERO
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import By, Change, ResultTracking, TrackedBet, entry_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from policytrader.engine.grading.money import Payout
    from policytrader.model.tracked import HistoryEntry

    Pay: TypeAlias = Callable[[TrackedBet, Outcome], Payout]
    """The money of a bet with an outcome."""
    Step: TypeAlias = tuple[TrackedBet, HistoryEntry]

HELD = "a person graded this bet; only another manual result (manual_override) or take_back changes it"


def with_result(
    bet: TrackedBet,
    outcome: Outcome,
    actual: Decimal | None,
    at: datetime,
    pay: Pay,
    *,
    is_manual: bool,
    note: str = "",
) -> Step | None:
    """A result that a person, or a program of theirs, says; ``pending`` resets the bet.

    With ``is_manual`` the result is held: no automatic step changes it. Without, it is one more automatic result, which
    a grader may replace. Raises ``Refusal`` where a manual result stands and this one is not.
    """
    if bet.manual_override and not is_manual:
        raise Refusal(HELD)
    if outcome is Outcome.PENDING:
        is_reset = bet.status is Outcome.PENDING and not bet.manual_override
        return None if is_reset else _reset(bet, Change.MANUAL_RESET_TO_PENDING, at, note)
    if (bet.status, bet.actual_value, bet.manual_override) == (outcome, actual, is_manual):
        return None
    money = pay(bet, outcome)
    changed = replace(
        bet,
        status=outcome,
        actual_value=actual,
        manual_override=is_manual,
        returns=money.returns,
        profit_loss=money.profit_loss,
        settled_at=at,
        version=bet.version + 1,
        result=replace(_unexplained(bet.result), reason=Reason.MANUAL, graded_at=at),
    )
    before, after = ({"manual_override": json.dumps(one.manual_override)} for one in (bet, changed))
    return changed, entry_of(bet, changed, By.PERSON, Reason.MANUAL, at, before=before, after=after, note=note)


def taken_back(bet: TrackedBet, at: datetime, why: str) -> Step:
    """The result is taken back, a manual one too: the bet is pending, and may be graded again."""
    if not bet.status.is_settled:
        message = "this bet is pending: there is no result to take back"
        raise Refusal(message)
    return _reset(bet, Change.TAKEN_BACK, at, why)


def with_stake(bet: TrackedBet, stake: Decimal, at: datetime, pay: Pay) -> Step | None:
    """Another stake; the money of a settled bet follows, by the outcome that stands."""
    if stake == bet.actual_stake:
        return None
    return _corrected(bet, replace(bet, actual_stake=stake), Change.STAKE_CORRECTED, at, pay)


def with_odds(bet: TrackedBet, odds: Decimal, at: datetime, pay: Pay) -> Step | None:
    """Other odds, likewise."""
    if odds == bet.odds:
        return None
    return _corrected(bet, replace(bet, odds=odds), Change.ODDS_CORRECTED, at, pay)


def with_closing_odds(bet: TrackedBet, closing: Decimal | None, at: datetime) -> Step | None:
    """The last price before kick-off; None takes it away."""
    if closing == bet.closing_odds:
        return None
    changed = replace(bet, closing_odds=closing, version=bet.version + 1)
    return changed, _differing(bet, changed, Change.CLOSING_PRICE, at)


def with_labels(bet: TrackedBet, tags: tuple[str, ...] | None, note: str | None, at: datetime) -> Step | None:
    """Other tags or another note; None leaves them."""
    changed = replace(
        bet,
        tags=bet.tags if tags is None else tags,
        note=bet.note if note is None else note,
        version=bet.version + 1,
    )
    if (changed.tags, changed.note) == (bet.tags, bet.note):
        return None
    return changed, _differing(bet, changed, Change.TAGS_CHANGED, at)


def deleted(bet: TrackedBet, at: datetime) -> Step:
    """A tombstone: in no list and no sum, and there, so that no import brings the bet back."""
    changed = replace(bet, deleted_at=at, version=bet.version + 1)
    return changed, entry_of(bet, changed, By.PERSON, Change.DELETED, at)


def graded_immediately(bet: TrackedBet, at: datetime) -> Step | None:
    """The grader had its result when it was tracked: noted once."""
    if bet.result.graded_immediately or not bet.status.is_settled:
        return None
    changed = replace(bet, version=bet.version + 1, result=replace(bet.result, graded_immediately=True))
    return changed, entry_of(bet, changed, By.GRADER, Change.GRADED_IMMEDIATELY, at)


def first_entry(bet: TrackedBet, by: By, reason: Change, note: str = "") -> HistoryEntry:
    """How a history begins: what was tracked, for how much."""
    pending = replace(bet, status=Outcome.PENDING, actual_value=None)
    after = {name: _shown(getattr(bet, name)) for name in ("odds", "actual_stake", "unit_size")}
    return entry_of(pending, bet, by, reason, bet.tracked_at, after=after, note=note)


def _reset(bet: TrackedBet, reason: Change, at: datetime, note: str) -> Step:
    changed = replace(
        bet,
        status=Outcome.PENDING,
        manual_override=False,
        actual_value=None,
        returns=ZERO,
        profit_loss=ZERO,
        settled_at=None,
        version=bet.version + 1,
        **_without_found_ids(bet),
        # Never looked at, as far as the rotation knows: its turn comes at once.
        result=replace(
            _unexplained(bet.result),
            last_checked_at=None,
            reason=None if bet.market_key is not None else Reason.MARKET_UNMAPPED,
        ),
    )
    return changed, entry_of(bet, changed, By.PERSON, reason, at, note=note)


def _without_found_ids(bet: TrackedBet) -> dict[str, Any]:
    """Whom the grader found may be what was wrong: the name decides anew. Whom a person chose stays."""
    if bet.matched_by is not By.GRADER:
        return {}
    name = "team_id" if bet.player_name is None else "player_id"
    return {name: None, "matched_by": None}


def _unexplained(result: ResultTracking) -> ResultTracking:
    """Without what explained the result before: how it is found stays."""
    return ResultTracking(
        api_type_id=result.api_type_id,
        api_location=result.api_location,
        stat_type=result.stat_type,
        last_checked_at=result.last_checked_at,
    )


def _corrected(bet: TrackedBet, amended: TrackedBet, reason: Change, at: datetime, pay: Pay) -> Step:
    money = pay(amended, amended.status)
    changed = replace(amended, returns=money.returns, profit_loss=money.profit_loss, version=bet.version + 1)
    return changed, _differing(bet, changed, reason, at)


def _differing(bet: TrackedBet, changed: TrackedBet, reason: Change, at: datetime) -> HistoryEntry:
    names = ("actual_stake", "odds", "returns", "profit_loss", "closing_odds", "tags", "note")
    differing = [name for name in names if getattr(bet, name) != getattr(changed, name)]
    before, after = ({name: _shown(getattr(one, name)) for name in differing} for one in (bet, changed))
    return entry_of(bet, changed, By.PERSON, reason, at, before=before, after=after)


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, tuple) else format(value, "f")
