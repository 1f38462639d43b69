"""From a tracked bet to what the engine grades, and from a grade back to the bet's next version and its history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policytrader.model.grades import BetToGrade
from policytrader.model.money import ZERO
from policytrader.model.outcomes import Reason
from policytrader.model.tracked import By, entry_of
from policytrader.ports.bet_store import Check

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from policytrader.model.fixture import Fixture
    from policytrader.model.grades import Grade
    from policytrader.model.tracked import HistoryEntry, TrackedBet


VOID = frozenset({Reason.VOID_WINDOW, Reason.FIXTURE_CANCELLED, Reason.ABANDONED_VOID})
"""Reasons of results that hang on no number."""


def bet_to_grade(bet: TrackedBet) -> BetToGrade:
    """What the engine is told. A bet that was graded before is graded as if it were pending: the rules decide anew."""
    return BetToGrade(
        key=bet.bet_id,
        market=bet.market,
        direction=bet.market_direction,
        line=bet.threshold,
        odds=bet.odds,
        stake=bet.actual_stake,
        period=bet.period,
        player_name=bet.player_name,
        player_id=bet.player_id,
        team_name=bet.team,
        team_id=bet.team_id,
        bookmaker=bet.bookmaker,
        status=bet.status,
        manual_override=bet.manual_override,
        actual_value=bet.actual_value,
        first_seen_value=bet.result.first_seen_value,
        first_seen_at=bet.result.first_seen_at,
        kickoff_at=bet.kickoff_at,
        is_lay=bet.is_lay,
        matched_by=bet.matched_by,
    )


def is_news(bet: TrackedBet, grade: Grade) -> bool:
    """True where a grade says more than the bet does already: a result, where there was none or another number.

    A result never goes back to pending by itself: a feed that stopped answering takes nothing away. Nor does it change
    with the rules alone: only a number that the feed corrected grades a settled bet again. Where nobody said a number
    for a result, as a program may leave it out, one that confirms the result is no correction.
    """
    if bet.manual_override or not grade.status.is_settled:
        return False
    if not bet.status.is_settled:
        return True
    is_confirmed = bet.actual_value is None and bet.status is grade.status
    return grade.actual_value is not None and bet.actual_value != _decimal(grade) and not is_confirmed


def may_be_corrected(bet: TrackedBet) -> bool:
    """Whether a settled bet's result hangs on a number: what was void stays so, also when the match is played later."""
    return not bet.manual_override and bet.result.reason not in VOID


def settled(
    bet: TrackedBet, grade: Grade, fixture: Fixture, policy_hash: str, at: datetime
) -> tuple[TrackedBet, HistoryEntry]:
    """The bet's next version with this result, and the history entry that explains it.

    A result that replaces another automatic one was corrected by the feed; the rule's own reason stays in the
    evidence. ``settled_at`` stays as well: corrections do not make the window for corrections longer.
    """
    reason = Reason.STAT_CORRECTED if bet.status.is_settled else grade.reason
    result = replace(
        bet.result,
        graded_at=at,
        last_checked_at=at,
        reason=reason,
        rule_id=grade.rule,
        policy_hash=policy_hash,
        stat_source=fixture.source.feed,
        snapshot_hash=fixture.source.hash,
        quality=grade.quality,
        first_seen_value=None,
        first_seen_at=None,
    )
    changed = replace(
        bet,
        status=grade.status,
        actual_value=_decimal(grade),
        returns=grade.returns,
        profit_loss=grade.profit_loss,
        settled_at=(bet.settled_at or at) if bet.status.is_settled else at,
        market_key=grade.market_key or bet.market_key,
        **_ids(bet, grade),
        version=bet.version + 1,
        result=result,
    )
    evidence = _evidence(grade, fixture)
    return changed, entry_of(
        bet, changed, By.GRADER, reason, at, rule_id=grade.rule, policy_hash=policy_hash, evidence=evidence
    )


def _ids(bet: TrackedBet, grade: Grade) -> dict[str, Any]:
    """The feed's own ids, from now on instead of the name; whom a person chose stays."""
    if bet.matched_by is By.PERSON or (grade.player_id is None and grade.team_id is None):
        return {}
    ids = {"player_id": grade.player_id or bet.player_id, "team_id": grade.team_id or bet.team_id}
    return {**ids, "matched_by": By.GRADER}


def signed(step: tuple[TrackedBet, HistoryEntry], grader: str) -> tuple[TrackedBet, HistoryEntry]:
    """The step with the name of who makes it, where there is one."""
    changed, entry = step
    return changed, replace(entry, evidence={**entry.evidence, "grader": grader}) if grader else entry


def check(bet: TrackedBet, grade: Grade) -> Check:
    """What a look that settled nothing leaves behind; a live count that was first seen is remembered with its time."""
    return Check(
        bet_id=bet.bet_id,
        reason=grade.reason,
        first_seen_value=grade.first_seen_value,
        first_seen_at=grade.first_seen_at,
    )


def _evidence(grade: Grade, fixture: Fixture) -> dict[str, Any]:
    return {
        "snapshot_hash": fixture.source.hash,
        "source_paths": list(grade.source_paths),
        "quality": grade.quality,
        "reason": grade.reason,
        "values": {name: str(value) for name, value in grade.values.items() if value is not None},
        "returns": format(grade.returns, "f"),
        "profit_loss": format(grade.profit_loss, "f"),
    }


def _decimal(grade: Grade) -> Decimal | None:
    return None if grade.actual_value is None else ZERO + grade.actual_value
