"""What stands in a replay where the daemon has the world: a clock nobody waits for, no log, no levers, one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policytrader.app.bookkeeper import Bookkeeper
from policytrader.app.reconcile import Reading
from policytrader.app.world import Traded
from policytrader.ports import ClearedStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from policytrader.app.replay.world import ReplayWorld
    from policytrader.engine.plan import Decision, Plan
    from policytrader.model.journal import ControlState, JournalEntry
    from policytrader.policy.protection import Protections
    from policytrader.ports import Exchange


class ReplayClock:
    """The exchange's time, which nobody waits for."""

    def __init__(self, world: ReplayWorld) -> None:
        self._world = world

    def now(self) -> datetime:
        """The time that the fold has come to."""
        return self._world.exchange.now


class NoLog:
    """A replay tells its decisions itself, and names none."""

    def append_acted_on(self, decision: Decision, plan: Plan) -> None:
        """Nothing to keep."""

    def names(self, decision: Decision, plan: Plan) -> tuple[str, str]:
        """None."""
        del decision, plan
        return "", ""


class ReplayBookkeeper(Bookkeeper):
    """The daemon's, without levers that a person or a file of this machine pulls today."""

    def controls(self, limits: Protections) -> ControlState:
        """The latches alone."""
        del limits
        state: ControlState = self._store.control_state()
        return state


class ReplayAccount:
    """The account as a tick reads it: what is listed, and how that ended which no longer is."""

    def __init__(self, exchange: Exchange, world: ReplayWorld) -> None:
        self._exchange = exchange
        self._world = world

    def read_account(self, traded: Traded, entries: Sequence[JournalEntry], *, is_complete: bool) -> Reading:
        """As the daemon's world reads it."""
        del traded, is_complete
        open_entries = [entry for entry in entries if entry.is_open]
        current = self._exchange.current_bets() if entries else ()
        listed = {bet.order_ref for bet in current}
        absent = sorted({entry.intent.market_id for entry in open_entries if entry.intent.ref not in listed})
        cleared = tuple(
            bet for status in ClearedStatus if absent for bet in self._exchange.cleared_bets(status, market_ids=absent)
        )
        return Reading(current=current, cleared=cleared, closed_markets=self._world.closed_markets)


def nothing_read(now: datetime) -> Traded:
    """A moment at which no market was read: a replay knows them without."""
    return Traded(now=now, picks=(), captures=(), races={}, books=())
