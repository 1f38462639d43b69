"""The Heartbeat API's state: a client that falls silent has its unmatched bets cancelled, on simulated time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policytrader.model.bets import OrderType

if TYPE_CHECKING:
    from policytrader.simulation.exchange import SimulatedExchange

MIN_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS = 10, 300
NOTHING_DONE = "NONE"


class Heartbeat:
    """The account's registration, if it has one. Used under the host's lock."""

    def __init__(self) -> None:
        self.deadline: datetime | None = None
        self._action = NOTHING_DONE

    def beat(self, now: datetime, preferred_seconds: int) -> tuple[int, str]:
        """Register or renew; 0 ends it. Returns the timeout that holds, and what was done since the last beat."""
        action, self._action = self._action, NOTHING_DONE
        if preferred_seconds == 0:
            self.deadline = None
            return 0, action
        seconds = min(max(preferred_seconds, MIN_TIMEOUT_SECONDS), MAX_TIMEOUT_SECONDS)
        self.deadline = now + timedelta(seconds=seconds)
        return seconds, action

    def strike(self, exchange: SimulatedExchange) -> None:
        """The client was silent too long: cancel every unmatched LIMIT bet, and end the registration."""
        self.deadline = None
        exchange.cancel(None, ())
        is_left = any(bet.is_open and bet.order_type is OrderType.LIMIT for bet in exchange.bets.values())
        self._action = "SOME_BETS_NOT_CANCELLED" if is_left else "ALL_BETS_CANCELLED"
