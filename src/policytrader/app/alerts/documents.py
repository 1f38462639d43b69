"""Alert documents: their keys, how they are stored, and how they are given out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from policytrader.app.alerts.ids import as_id, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policytrader.app.alerts.message import ParsedMessage

KEYS = (
    "Player",
    "Team",
    "Market",
    "Threshold",
    "Odds",
    "Match",
    "Date",
    "Time",
    "market_direction",
    "fixture_id",
    "player_id",
    "team_id",
    "bookmaker",
)
"""The keys of every alert that is given out; one that is not known is None."""

_IDS = ("fixture_id", "player_id", "team_id")
_SENT = ("sent_at", "created_at", "timestamp", "sentAt", "createdAt", "sent", "created")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TOO_LARGE = Decimal("1e15")
_TEAM_ALERTS_LACK = frozenset(("Player", "player_id"))


def alert_of(document: Mapping[str, Any], method: str, bot_type: str) -> dict[str, Any]:
    """An alert as it is given out: all ``KEYS``, whatever else is stored beside them, and how it was rebuilt.

    ``method`` is ids, names, message or sportmonks.
    Numbers are plain floats, ids whole numbers, times have a zone. ``missing`` are the keys without a value that this
    bot's alerts have; ``confidence`` is the share of those that have one, 0 to 1.
    """
    alert = {str(key): _plain(value) for key, value in document.items()}
    alert |= {key: alert.get(key) for key in KEYS}
    alert |= {key: as_id(alert[key]) for key in _IDS}
    alert |= {key: _float(number_of(document.get(key))) for key in ("Threshold", "Odds")}
    wanted = [key for key in KEYS if bot_type == "player" or key not in _TEAM_ALERTS_LACK]
    missing = [key for key in wanted if alert[key] is None]
    confidence = round(1 - len(missing) / len(wanted), 2)
    alert["reconstruction"] = {"method": method, "confidence": confidence, "missing": missing}
    return alert


def document_of(message: ParsedMessage) -> dict[str, Any]:
    """What a message says, under an alert document's keys."""
    kick_off = message.kick_off
    return {
        "Player": message.player,
        "Team": message.team,
        "Market": message.market,
        "Threshold": message.threshold,
        "Odds": message.odds,
        "Match": message.match,
        "Date": kick_off.day.isoformat() if kick_off is not None and kick_off.day is not None else None,
        "Time": kick_off.at.strftime("%H:%M") if kick_off is not None and kick_off.at is not None else None,
        "market_direction": message.direction,
        "bookmaker": message.bookmaker,
    }


def printed_in(message: ParsedMessage) -> dict[str, Any]:
    """What a message shows that is no part of an alert document; None for what it does not show."""
    return {
        "kind": message.kind,
        "league": message.league,
        "model_odds": _float(message.model_odds),
        "value_percent": _float(message.value_percent),
        "suggested_units": _float(message.suggested_units),
    }


def number_of(value: Any) -> Decimal | None:
    """A stored number, whatever its type; None for what is none."""
    if callable(getattr(value, "to_decimal", None)):  # BSON's, without knowing BSON here
        value = value.to_decimal()
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number) < _TOO_LARGE else None


def day_of(document: Mapping[str, Any]) -> date | None:
    """The day of a stored kick-off."""
    value = document.get("Date")
    if isinstance(value, datetime):
        return value.date()
    found = _DAY.match(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found.group()) if found is not None else None
    except ValueError:
        return None


def newest_key(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Documents in rising order of this are in the order of their age, as far as they say it; the newest is last.

    By kick-off, then by when the alert was sent, then by the id that the database gave.
    """
    day, time, stored = day_of(document), as_text(document.get("Time")), document.get("_id")
    sent = next((moment for key in _SENT if (moment := _moment(document.get(key))) is not None), None)
    number = stored if isinstance(stored, int) and not isinstance(stored, bool) and stored >= 0 else None
    return (
        day.isoformat() if day is not None else "",
        (time or "").rjust(len("00:00"), "0"),
        sent.isoformat() if sent is not None else "",
        f"{number:020d}" if number is not None else str(stored or ""),
    )


def _moment(value: Any) -> datetime | None:
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        elif isinstance(value, int | float) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, UTC)
        # Databases give times without a zone, and mean UTC.
        return _aware(value).astimezone(UTC) if isinstance(value, datetime) else None
    except (ValueError, OverflowError, OSError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    """A stored value as programs are given it: BSON's decimals and ours as floats, times with a zone."""
    if isinstance(value, Decimal) or callable(getattr(value, "to_decimal", None)):
        return _float(number_of(value))
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _float(number: Decimal | None) -> float | None:
    return float(number) if number is not None else None
