"""Faults: their names, how often they come, and one source of chance that decides all of them."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.simulation.race_chance import Chance

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fault(StrEnum):
    """What can go wrong; each is counted where it is injected."""

    ANSWER_LOST_BEFORE = "answer lost, order never processed"
    ANSWER_LOST_AFTER = "answer lost, order processed"
    TIMEOUT_LATE = "TIMEOUT, order appears later"
    TIMEOUT_NEVER = "TIMEOUT, order never appears"
    SERVICE_CODE = "service code for an order"
    CANCEL_LOST = "answer to a cancel lost"
    LAG_4 = "bet listed 4 s late"
    LAG_15 = "bet listed 15 s late"
    LAG_45 = "bet listed 45 s late"
    LAG_120 = "bet listed 120 s late"
    LISTED_TWICE = "bet listed twice"
    VIEW_LOSES_BET = "a listed bet is missing from one reading"
    VIEW_LOSES_BET_CLOSING = "a listed bet is missing from a cash-out's reading"
    READ_FAILS = "a read fails"
    SLOW_ANSWER = "answer after 16 to 40 s"
    STALE_PRICES = "prices a minute old"
    HIDDEN_RUNNER = "runner HIDDEN"
    CRASH_EXCHANGE = "crash at a call to the exchange"
    CRASH_ORDER = "crash around an order or a cancel"
    CRASH_STORE = "crash at a call to the store"
    STORE_FAILS = "store: error before the commit"
    STORE_READ_FAILS = "store: a read fails"
    COMMIT_LOST_WITH_ROW = "store: commit's answer lost, row there"
    COMMIT_LOST_WITHOUT_ROW = "store: commit's answer lost, no row"
    STORE_READ_ONLY = "store: read-only for a while"
    PRICE_MOVES = "price moves between reading and order"
    VERSION_CHANGES = "new market version between reading and order"
    WITHDRAWN_BEFORE_ORDER = "withdrawal between reading and order"
    WITHDRAWAL = "withdrawal"
    SUSPENSION = "suspension"
    IN_PLAY_EARLY = "turned in play before the scheduled off"
    RACE_MOVED = "race time moved"
    FOREIGN_BET = "bet placed by hand"
    CLOCK_JUMP = "the trader's clock jumps an hour"
    TIME_PASSES = "minutes pass between two ticks"
    LEVER = "a person kills or pauses"


RATES: Mapping[Fault, float] = {
    Fault.ANSWER_LOST_BEFORE: 0.04,
    Fault.ANSWER_LOST_AFTER: 0.08,
    Fault.TIMEOUT_LATE: 0.08,
    Fault.TIMEOUT_NEVER: 0.02,
    Fault.SERVICE_CODE: 0.04,
    Fault.CANCEL_LOST: 0.2,
    Fault.LAG_4: 0.1,
    Fault.LAG_15: 0.1,
    Fault.LAG_45: 0.08,
    Fault.LAG_120: 0.08,
    Fault.LISTED_TWICE: 0.03,
    Fault.VIEW_LOSES_BET: 0.02,
    Fault.READ_FAILS: 0.005,
    Fault.SLOW_ANSWER: 0.004,
    Fault.STALE_PRICES: 0.01,
    Fault.HIDDEN_RUNNER: 0.01,
    Fault.CRASH_EXCHANGE: 0.003,
    Fault.CRASH_ORDER: 0.05,
    Fault.CRASH_STORE: 0.004,
    Fault.STORE_FAILS: 0.008,
    Fault.STORE_READ_FAILS: 0.001,
    Fault.COMMIT_LOST_WITH_ROW: 0.01,
    Fault.COMMIT_LOST_WITHOUT_ROW: 0.01,
    Fault.STORE_READ_ONLY: 0.002,
    Fault.PRICE_MOVES: 0.2,
    Fault.VERSION_CHANGES: 0.05,
    Fault.WITHDRAWN_BEFORE_ORDER: 0.03,
    Fault.WITHDRAWAL: 0.035,
    Fault.SUSPENSION: 0.03,
    Fault.IN_PLAY_EARLY: 0.004,
    Fault.RACE_MOVED: 0.02,
    Fault.FOREIGN_BET: 0.06,
    Fault.CLOCK_JUMP: 0.012,
    Fault.TIME_PASSES: 0.06,
    Fault.LEVER: 0.01,
}
"""How likely each is at each occasion: an order, a call, a tick. What is not named does not happen."""


class Crash(BaseException):
    """The process ends here: nothing in it runs on, no ``except`` for errors sees it."""


class Injector:
    """Decides what goes wrong, and counts it."""

    def __init__(self, seed: int, rates: Mapping[Fault, float] = RATES) -> None:
        self.chance = Chance("faults", seed)
        self.counts: Counter[Fault] = Counter()
        self.is_on = True
        self._rates = rates

    def hits(self, fault: Fault) -> bool:
        """Whether it happens here."""
        if not self.is_on or not self.chance.happens(self._rates.get(fault, 0.0)):
            return False
        self.counts[fault] += 1
        return True

    def first_of(self, *faults: Fault) -> Fault | None:
        """The first that happens, or None."""
        return next((fault for fault in faults if self.hits(fault)), None)
