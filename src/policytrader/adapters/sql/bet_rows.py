"""A tracked bet, a history entry as a row, and back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from policytrader.model.outcomes import Outcome, Reason
from policytrader.model.tracked import BotType, By, HistoryEntry, ResultTracking, TrackedBet
from policytrader.model.tracked_checks import UNIT_STEP, units_of

if TYPE_CHECKING:
    from sqlalchemy import Row

_RESULT = tuple(field.name for field in fields(ResultTracking))
_BET = tuple(field.name for field in fields(TrackedBet) if field.name not in {"result", "tags"})
_ENTRY = tuple(field.name for field in fields(HistoryEntry))
_MAPPINGS = ("evidence", "before", "after")


def bet_row(bet: TrackedBet) -> dict[str, Any]:
    """Every column of ``bets``; the bet is one that is kept (``model.tracked_checks``)."""
    row = {name: getattr(bet, name) for name in _BET} | {name: getattr(bet.result, name) for name in _RESULT}
    row["tags"] = _json(bet.tags)
    row["units_staked_e10"] = int(units_of(bet, bet.actual_stake) / UNIT_STEP)
    row["units_returned_e10"] = int(units_of(bet, bet.returns) / UNIT_STEP)
    return row


def bet_of(row: Row[Any]) -> TrackedBet:
    """The bet of a row."""
    found = row._mapping  # noqa: SLF001 - a Row's public face
    values = {name: found[name] for name in _BET}
    values["bot_type"] = BotType(values["bot_type"])
    values["status"] = Outcome(values["status"])
    values["matched_by"] = By(values["matched_by"]) if values["matched_by"] in set(By) else None
    values["tags"] = tuple(json.loads(found["tags"]))
    result = {name: found[name] for name in _RESULT}
    # A word that is no reason any more says nothing.
    result["reason"] = Reason(result["reason"]) if result["reason"] in set(Reason) else None
    return TrackedBet(**values, result=ResultTracking(**result))


def entry_row(entry: HistoryEntry) -> dict[str, Any]:
    """Every column of ``bet_history``."""
    row = {name: getattr(entry, name) for name in _ENTRY}
    return row | {name: _json(row[name]) for name in _MAPPINGS}


def entry_of(row: Row[Any]) -> HistoryEntry:
    """The entry of a row."""
    found = row._mapping  # noqa: SLF001 - a Row's public face
    values = {name: found[name] for name in _ENTRY} | {name: json.loads(found[name]) for name in _MAPPINGS}
    values["by"] = By(values["by"])
    values["from_status"] = Outcome(values["from_status"])
    values["to_status"] = Outcome(values["to_status"])
    return HistoryEntry(**values)


def _json(value: Any) -> str:
    # A NUL becomes an escape: it is in the text, and in no text of the database's.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
