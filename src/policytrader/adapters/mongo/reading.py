"""Documents read as bets, whoever wrote them: floats and texts for amounts, times as texts, fields that are missing.

Nothing is made up: what a bet cannot be without, and what cannot be understood, makes a document unreadable.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from bson.decimal128 import Decimal128
from bson.objectid import ObjectId

from policytrader.adapters.mongo.documents import FROM, IDS, TO, unescaped
from policytrader.errors import StoreError
from policytrader.model.money import ZERO
from policytrader.model.outcomes import OUTCOME_ALIASES, Outcome, Reason
from policytrader.model.times import EPOCH
from policytrader.model.tracked import BotType, By, HistoryEntry, ResultTracking, TrackedBet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LOG = logging.getLogger(__name__)
_MOST_DIGITS = 40
_TEXTS = (
    "alert_id", "player_name", "team", "market_key", "match", "date", "time", "bookmaker", "duplicate_of",
)  # fmt: skip
_RESULT_TEXTS = (
    "api_location", "stat_type", "rule_id", "policy_hash", "stat_source", "snapshot_hash", "quality",
)  # fmt: skip


class UnreadableError(Exception):
    """A document that is no bet; the sentence names the field."""


def readable(documents: Iterable[Mapping[str, Any]]) -> Iterator[TrackedBet]:
    """The bets of documents; one that cannot be read is told in the log, and does not stop the others."""
    for document in documents:
        try:
            yield bet_of(document)
        except UnreadableError as error:
            _LOG.warning("bet %s is left out: %s", document.get("bet_id"), error)


@contextmanager
def asked_for(document: Mapping[str, Any], place: str) -> Iterator[None]:
    """Raise ``StoreError`` where a document cannot be read that was asked for by its id."""
    try:
        yield
    except UnreadableError as error:
        message = f"store {place}: bet {document.get('bet_id')} cannot be read: {error}. Mend its document."
        raise StoreError(message, "damaged") from None


def bet_of(document: Mapping[str, Any]) -> TrackedBet:
    """The bet of a document. Raises ``UnreadableError``."""
    result = document.get("result_tracking")
    result = result if isinstance(result, dict) else {}
    tracked_at = _time(document, "tracked_at") or _made_at(document)
    values: dict[str, Any] = {name: _text(document, name) for name in (*_TEXTS, *IDS)}
    values |= {name: _time(document, name) for name in ("kickoff_at", "settled_at", "deleted_at")}
    values |= {name: _required_amount(document, name) for name in ("odds", "actual_stake", "unit_size")}
    values |= {name: _amount(document, name) or ZERO for name in ("returns", "profit_loss")}
    return TrackedBet(
        **values,
        bet_id=_required_text(document, "bet_id"),
        user_id=_required_whole(document, "user_id"),
        bot_type=BotType(_known(document, "bot_type", BotType, BotType.PLAYER)),
        tracked_at=tracked_at,
        market=_required_text(document, "market"),
        threshold=_first(_amount(document, "threshold"), _amount(result, "expected_threshold")),
        market_direction=_first(_text(document, "market_direction"), _text(result, "market_direction")),
        period=_text(document, "period") or "match",
        is_lay=bool(document.get("is_lay")),
        status=_status(document, "status"),
        manual_override=bool(document.get("manual_override")),
        actual_value=_first(_amount(document, "actual_value"), _amount(result, "actual_value")),
        closing_odds=_amount(document, "closing_odds"),
        tags=tuple(str(tag) for tag in document.get("tags") or ()),
        note=_text(document, "note") or "",
        dedup_key=_text(document, "dedup_key") or "",
        version=_whole(document, "version") or 1,
        matched_by=_matched_by(document),
        result=_result(result),
    )


def entry_of(document: Mapping[str, Any]) -> HistoryEntry:
    """The history entry of a document, which only this program writes. Raises ``UnreadableError``."""
    values = {field.name: document[field.name] for field in fields(HistoryEntry) if field.name in document}
    for name in ("actual_from", "actual_to"):
        values[name] = _amount(document, name)
    for name in ("evidence", "before", "after"):
        values[name] = unescaped(document.get(name) or {})
    values["at"] = _time(document, "at") or EPOCH
    values["by"] = By(_known(document, "by", By, By.IMPORT))
    return HistoryEntry(**values, from_status=_status(document, FROM), to_status=_status(document, TO))


def _result(document: Mapping[str, Any]) -> ResultTracking:
    values: dict[str, Any] = {name: _text(document, name) for name in _RESULT_TEXTS}
    values |= {name: _time(document, name) for name in ("graded_at", "last_checked_at", "first_seen_at")}
    values |= {name: _whole(document, name) for name in ("api_type_id", "first_seen_value")}
    reason = _text(document, "reason")
    return ResultTracking(
        **values,
        reason=Reason(reason) if reason in set(Reason) else None,
        graded_immediately=bool(document.get("graded_immediately")),
    )


def _matched_by(document: Mapping[str, Any]) -> By | None:
    text = _text(document, "matched_by")
    return By(text) if text in set(By) else None


def _status(document: Mapping[str, Any], name: str) -> Outcome:
    text = (_text(document, name) or Outcome.PENDING).strip().lower()
    text = str(OUTCOME_ALIASES.get(text, text))
    if text not in set(Outcome):
        message = f"{name} {text!r} is no status"
        raise UnreadableError(message)
    return Outcome(text)


def _known(document: Mapping[str, Any], name: str, words: type[BotType | By], missing: str) -> str:
    text = _text(document, name) or missing
    if text not in set(words):
        message = f"{name} {text!r} is unknown"
        raise UnreadableError(message)
    return text


def _amount(document: Mapping[str, Any], name: str) -> Decimal | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, Decimal128):
        amount = value.to_decimal()
    elif isinstance(value, (int, float, str)) and not isinstance(value, bool):
        # A float as it is written: 2.1 is meant, not its 50 binary digits.
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal("NaN")
    else:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount.adjusted() > _MOST_DIGITS:
        message = f"{name} is no number that can be one"
        raise UnreadableError(message)
    return amount


def _required_amount(document: Mapping[str, Any], name: str) -> Decimal:
    amount = _amount(document, name)
    if amount is None:
        message = f"{name} is missing"
        raise UnreadableError(message)
    return amount


def _time(document: Mapping[str, Any], name: str) -> datetime | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        message = f"{name} is no time"
        raise UnreadableError(message)
    # What the seed wrote without a zone was UTC.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _made_at(document: Mapping[str, Any]) -> datetime:
    """When the document was made, which its own id tells."""
    made = document.get("_id")
    return made.generation_time.astimezone(UTC) if isinstance(made, ObjectId) else EPOCH


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, dict, list)):
        message = f"{name} is no text"
        raise UnreadableError(message)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _required_text(document: Mapping[str, Any], name: str) -> str:
    if not (text := _text(document, name)):
        message = f"{name} is missing"
        raise UnreadableError(message)
    return text


def _whole(document: Mapping[str, Any], name: str) -> int | None:
    amount = _amount(document, name)
    if amount is None:
        return None
    if amount != amount.to_integral_value():
        message = f"{name} is no whole number"
        raise UnreadableError(message)
    return int(amount)


def _required_whole(document: Mapping[str, Any], name: str) -> int:
    value = _whole(document, name)
    if value is None:
        message = f"{name} is missing"
        raise UnreadableError(message)
    return value


def _first(one: Any, other: Any) -> Any:
    return other if one is None else one
