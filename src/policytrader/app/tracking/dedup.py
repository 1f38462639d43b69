"""When two bets are the same one: the key that a store holds once for each user."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING

from policytrader.model.money import half_up

if TYPE_CHECKING:
    from policytrader.model.tracked import TrackedBet

_STEP = Decimal("0.0001")


def dedup_key(bet: TrackedBet, source_message: str | None = None) -> str:
    """User, bookmaker, match, selection, market, odds and stake to four places, day, and the message it came from.

    Texts are compared without case and accents. Whoever places the same bet twice has two messages, or says that it is
    a second one.
    """
    parts = (
        bet.user_id,
        bet.bot_type,
        _folded(bet.bookmaker),
        _folded(bet.match),
        _folded(bet.player_name or bet.team),
        bet.market_direction,
        _number(bet.threshold),
        bet.period,
        bet.is_lay,
        _folded(bet.market),
        _number(bet.odds),
        _number(bet.actual_stake),
        _folded(bet.date),
        source_message,
    )
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def _folded(text: str | None) -> str:
    from anyascii import anyascii  # noqa: PLC0415 - its tables are read when the first bet is tracked

    return " ".join(anyascii(text or "").casefold().split())


def _number(value: Decimal | None) -> str | None:
    return None if value is None else format(half_up(value, _STEP), "f")
