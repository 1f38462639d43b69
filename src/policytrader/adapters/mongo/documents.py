"""A tracked bet, a history entry as a document: strict, and always the same for the same value."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bson.decimal128 import Decimal128

from policytrader.model.ids import id_value
from policytrader.model.tracked import ResultTracking, TrackedBet
from policytrader.model.tracked_checks import closing_line_value, units_of

if TYPE_CHECKING:
    from policytrader.model.tracked import HistoryEntry

FROM, TO = "from", "to"
"""The statuses of a history entry, as documents call them."""
IDS = ("player_id", "team_id", "fixture_id")
"""Whole numbers in the seed's documents, and texts inside: other feeds have other ids."""

_BET = tuple(field.name for field in fields(TrackedBet) if field.name != "result")
_RESULT = tuple(field.name for field in fields(ResultTracking))
# A key with a dollar in front or a dot in it means something to servers and drivers, and NUL ends it.
_ESCAPES = {"~": "~0", ".": "~1", "$": "~2", "\0": "~3"}
_ESCAPED = str.maketrans(_ESCAPES)


def bet_document(bet: TrackedBet) -> dict[str, Any]:
    """Every field but ``_id``; the bet is one that is kept (``model.tracked_checks``).

    ``units_returned`` and ``is_deleted`` stand beside the documented fields: the statistics are added up from an index.
    """
    document = {name: _stored(getattr(bet, name)) for name in _BET}
    document |= {name: id_value(document[name]) for name in IDS}
    document["units_staked"] = Decimal128(units_of(bet, bet.actual_stake))
    document["units_returned"] = Decimal128(units_of(bet, bet.returns))
    document["clv"] = _stored(closing_line_value(bet))
    document["is_deleted"] = bet.deleted_at is not None
    result = {name: _stored(getattr(bet.result, name)) for name in _RESULT}
    result["expected_threshold"] = document["threshold"]
    result["market_direction"] = document["market_direction"]
    result["result_status"] = document["status"]
    result["actual_value"] = document["actual_value"]
    return document | {"result_tracking": result}


def entry_document(entry: HistoryEntry) -> dict[str, Any]:
    """Every field but ``_id``."""
    document = {field.name: _stored(getattr(entry, field.name)) for field in fields(entry)}
    document[FROM] = document.pop("from_status")
    document[TO] = document.pop("to_status")
    return document


def unescaped(value: Any) -> Any:
    """A mapping as it was before it was stored."""
    if isinstance(value, list):
        return [unescaped(one) for one in value]
    if isinstance(value, dict):
        return {_unescaped_key(key): unescaped(one) for key, one in value.items()}
    return value


def _stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        # Nothing less than nothing: zero has no sign.
        return Decimal128(value or abs(value))
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_stored(one) for one in value]
    if isinstance(value, dict):
        return {key.translate(_ESCAPED): _stored(one) for key, one in value.items()}
    return value


def _unescaped_key(key: str) -> str:
    for sign, escape in reversed(_ESCAPES.items()):
        key = key.replace(escape, sign)
    return key
