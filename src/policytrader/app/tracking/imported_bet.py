"""A row of a file as a tracked bet: read as strictly as a new one, with the result that the file says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policytrader.app.tracking import values
from policytrader.app.tracking.new_bet import Request, new_bet
from policytrader.app.tracking.records import COLUMNS, RESULT
from policytrader.app.tracking.values import Refusal
from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.times import parse_utc
from policytrader.model.tracked import By
from policytrader.model.tracked_checks import kept, kept_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from policytrader.app.tracking.book import Rules
    from policytrader.model.tracked import ResultTracking, TrackedBet
    from policytrader.ports.bet_store import Owner

_ECHOED = ("expected_threshold", "market_direction", "result_status", "actual_value")
"""What a public bet document repeats in its ``result_tracking``."""
COLUMNS_READ = (*COLUMNS, *(RESULT + name for name in _ECHOED))
OTHER_NAMES = {
    "stake": "actual_stake",
    "player": "player_name",
    "line": "threshold",
    "direction": "market_direction",
    "result": "status",
}
"""What other trackers call these columns."""
_ALERT_KEYS = {
    "alert_id": "alert_id",
    "player_name": "Player",
    "player_id": "player_id",
    "team": "Team",
    "team_id": "team_id",
    "market": "Market",
    "match": "Match",
    "date": "Date",
    "time": "Time",
    "threshold": "Threshold",
    "market_direction": "market_direction",
    "period": "period",
    "bookmaker": "bookmaker",
    "odds": "Odds",
    "fixture_id": "fixture_id",
}
_HASH_LENGTH = 64
_FLAGS = {"true": True, "false": False}


def imported_bet(
    owner: Owner, bet_id: str, row: Mapping[str, Any], rules: Rules, there: TrackedBet | None = None
) -> TrackedBet:
    """The bet that a row describes. ``there`` is the stored bet of this id: what the row leaves out is as there.

    Raises ``Refusal``, also for a row of another user or bot.
    """
    check_owner(owner, row)
    now = kept_time(rules.now())
    alert = {key: row[name] for name, key in _ALERT_KEYS.items() if row.get(name) is not None}
    request = Request(
        alert=alert if there is None else _of_stored(there) | alert,
        actual_stake=_given(row, "actual_stake", there),
        unit_size=_given(row, "unit_size", there),
        tags=_tags(row.get("tags")) if "tags" in row or there is None else there.tags,
        note=row.get("note") if "note" in row or there is None else there.note,
        is_lay=_given_flag(row, "is_lay", there),
    )
    bet = new_bet(owner, bet_id, request, rules.terms, now)
    tracked_at = _moment(row, "tracked_at") or (there.tracked_at if there is not None else now)
    bet = replace(
        bet,
        tracked_at=tracked_at,
        kickoff_at=_moment(row, "kickoff_at") or (there.kickoff_at if there is not None else bet.kickoff_at),
        closing_odds=_closing(row, there),
        deleted_at=_moment(row, "deleted_at"),
        duplicate_of=values.text("duplicate_of", row.get("duplicate_of")),
        dedup_key=_key(row) or bet.dedup_key,
        matched_by=_matched_by(row, there),
        market_key=bet.market_key or values.text("market_key", row.get("market_key")),
    )
    try:
        return kept(_with_result(bet, row, rules, there))
    except ValueError as error:
        raise Refusal(str(error)) from None


def check_owner(owner: Owner, row: Mapping[str, Any]) -> None:
    """Raises ``Refusal`` for a row of another user or bot."""
    for name, mine in (("user_id", str(owner.user_id)), ("bot_type", owner.bot_type.value)):
        if row.get(name) is not None and str(row[name]) != mine:
            message = f"{name}: {row[name]} is not whose bets these are ({mine})"
            raise Refusal(message)


def _matched_by(row: Mapping[str, Any], there: TrackedBet | None) -> By | None:
    """Who found the ids, as far as they are the file's own; a word that is none says nothing."""
    if row.get("matched_by") is None:
        return None if there is None else there.matched_by
    return By(row["matched_by"]) if row["matched_by"] in tuple(By) else None


def _with_result(bet: TrackedBet, row: Mapping[str, Any], rules: Rules, there: TrackedBet | None) -> TrackedBet:
    word = row.get("status")
    outcome = Outcome.PENDING if there is None else there.status
    if word is not None:
        outcome = values.imported_outcome("status", word if isinstance(word, str) else str(word))
    result = _result_tracking(row, bet.result if there is None else there.result)
    is_manual = _given_flag(row, "manual_override", there)
    if not outcome.is_settled:
        return replace(bet, result=replace(result, reason=bet.result.reason if there is None else result.reason))
    given = _given(row, "actual_value", there)
    money = rules.pay(bet, outcome)
    settled_at = _moment(row, "settled_at") or (there.settled_at if there is not None else None)
    return replace(
        bet,
        status=outcome,
        actual_value=None if given is None else values.count("actual_value", given),
        manual_override=is_manual,
        returns=money.returns,
        profit_loss=money.profit_loss,
        # When nobody says: a curve is drawn in the order of the matches.
        settled_at=settled_at or bet.kickoff_at or bet.tracked_at,
        result=result if result.reason is not None else replace(result, reason=Reason.MANUAL),
    )


def _result_tracking(row: Mapping[str, Any], known: ResultTracking) -> ResultTracking:
    """What explains the result, where the file has it; how it is found follows from the market."""
    read: dict[str, Callable[[str], Any]] = {
        "graded_at": lambda name: _moment(row, name),
        "reason": lambda name: _reason(row[name]),
        "rule_id": lambda name: values.text(name, row[name]),
        "policy_hash": lambda name: values.text(name, row[name]),
        "stat_source": lambda name: values.text(name, row[name]),
        "snapshot_hash": lambda name: values.text(name, row[name]),
        "quality": lambda name: values.text(name, row[name]),
        "graded_immediately": lambda name: _flag(name, row[name]),
    }
    given = {name: of(RESULT + name) for name, of in read.items() if row.get(RESULT + name) is not None}
    return replace(known, **given)


def _of_stored(bet: TrackedBet) -> dict[str, Any]:
    found = {key: getattr(bet, name) for name, key in _ALERT_KEYS.items()}
    return {key: value for key, value in found.items() if value is not None}


def _given(row: Mapping[str, Any], name: str, there: TrackedBet | None) -> Any:
    if row.get(name) is not None:
        return row[name]
    return None if there is None else getattr(there, name)


def _given_flag(row: Mapping[str, Any], name: str, there: TrackedBet | None) -> bool:
    if row.get(name) is not None:
        return _flag(name, row[name])
    return there is not None and bool(getattr(there, name))


def _flag(name: str, value: object) -> bool:
    word = value.strip().casefold() if isinstance(value, str) else ""
    return _FLAGS[word] if word in _FLAGS else values.flag(name, value)


def _moment(row: Mapping[str, Any], name: str) -> datetime | None:
    value = row.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        return values.moment(name, value)
    try:
        return kept_time(parse_utc(value.strip()))
    except ValueError as error:
        message = f"{name}: `{value[:40]}` is {error}"
        raise Refusal(message) from None


def _closing(row: Mapping[str, Any], there: TrackedBet | None) -> Any:
    value = _given(row, "closing_odds", there)
    return None if value is None else values.odds("closing_odds", value)


def _reason(value: object) -> Reason:
    if not isinstance(value, str) or value not in tuple(Reason):
        message = f"{RESULT}reason: `{str(value)[:40]}` is no reason that is known"
        raise Refusal(message)
    return Reason(value)


def _key(row: Mapping[str, Any]) -> str | None:
    """A key of our own making, which also knows the message that the bet came from."""
    key = row.get("dedup_key")
    is_ours = isinstance(key, str) and len(key) == _HASH_LENGTH and set(key) <= set("0123456789abcdef")
    return key if isinstance(key, str) and is_ours and row.get("bet_id") is not None else None


def _tags(value: object) -> tuple[str, ...]:
    """A JSON list, or texts with a semicolon between."""
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                return values.tags("tags", json.loads(value))
            except ValueError:
                pass
        return values.tags("tags", value.split(";"))
    return values.tags("tags", value if value is not None else ())
