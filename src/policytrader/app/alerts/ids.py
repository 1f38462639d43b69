"""Alert ids: ``player_id|fixture_id|market|scope|bookmaker|direction|threshold``; the last two may be absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from policytrader.app.alerts.numbers import read_line
from policytrader.model.ids import LARGEST_ID, whole_id
from policytrader.model.outcomes import Direction

if TYPE_CHECKING:
    from decimal import Decimal

DIRECTIONS = tuple(Direction)
_SHORT, _LONG = 5, 7
_LONGEST_TEXT = 500
# What a program writes for a part that it does not have.
_ABSENT = ("", "none", "null")


@dataclass(frozen=True, slots=True)
class AlertId:
    """What an id says. ``subject_id`` is the player's, for team alerts the team's; absent parts are None."""

    subject_id: int
    fixture_id: int
    market: str
    scope: str | None = None
    bookmaker: str | None = None
    direction: str | None = None
    threshold: Decimal | None = None


def parse_alert_id(alert_id: Any, bot_type: str) -> AlertId | None:
    """The id's parts, or None for whatever is not of this shape: that is no error, it only says nothing.

    Players' ids have 5 or 7 parts, teams' have 5. The two numbers are told apart by their place alone.
    """
    if not isinstance(alert_id, str):
        return None
    parts = [part.strip() for part in alert_id.split("|")]
    if len(parts) not in ({_SHORT, _LONG} if bot_type == "player" else {_SHORT}):
        return None
    subject_id, fixture_id, market = as_id(parts[0]), as_id(parts[1]), as_text(parts[2])
    if subject_id is None or fixture_id is None or market is None:
        return None
    scope, bookmaker = parts[3] or None, parts[4] or None
    if len(parts) == _SHORT:
        return AlertId(subject_id, fixture_id, market, scope, bookmaker)
    direction, line = (part.casefold() if part.casefold() not in _ABSENT else None for part in parts[5:])
    threshold = read_line(line) if line is not None else None
    if direction not in (None, *DIRECTIONS) or (line is not None and threshold is None):
        return None
    return AlertId(subject_id, fixture_id, market, scope, bookmaker, direction, threshold)


def as_id(value: Any) -> int | None:
    """A whole positive number, however it is kept: 12345, "12345" or 12345.0; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return whole_id(value.strip())
    if isinstance(value, float):
        return int(value) if value.is_integer() and 0 <= value < LARGEST_ID else None
    return int(value) if isinstance(value, int) and 0 <= value <= LARGEST_ID else None


def as_text(value: Any) -> str | None:
    """A text that says something and that any database can be asked for; None for anything else."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    if not text or len(text) > _LONGEST_TEXT or "\0" in text or not text.isprintable():
        return None
    return text
