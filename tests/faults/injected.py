"""Faults: their names, the rows of the catalogue they stand for, how often they come, and one source of chance."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from policytrader.simulation.race_chance import Chance

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fault(StrEnum):
    """What can go wrong; each is counted where it is injected."""

    CRASH_EXCHANGE = "crash at a call to the exchange"
    CRASH_ORDER = "crash around an order or a cancel"
    CRASH_CLOSING = "crash in mid cash-out"
    CRASH_STORE = "crash at a call to the store"
    ANSWER_LOST_BEFORE = "answer lost, order never processed"
    ANSWER_LOST_AFTER = "answer lost, order processed"
    ANSWER_BROKEN = "answer cut off, HTML, 5xx or of another request"
    CANCEL_LOST = "answer to a cancel lost"
    READ_FAILS = "a read fails"
    TIMEOUT_LATE = "TIMEOUT, order appears later"
    TIMEOUT_NEVER = "TIMEOUT, order never appears"
    LAG_4 = "bet listed 4 s late"
    LAG_15 = "bet listed 15 s late"
    LAG_45 = "bet listed 45 s late"
    LAG_120 = "bet listed 120 s late"
    LISTED_TWICE = "bet listed twice"
    LISTED_OLD = "an older state of a bet listed beside the newer"
    LISTED_SHUFFLED = "bets listed in another order"
    ANSWER_LATE = "answer to an order after minutes"
    PRICE_MOVES = "price moves between reading and order"
    FILLED_IN_CANCEL = "order filled while it is cancelled"
    VERSION_CHANGES = "new market version between reading and order"
    SUSPENDED_BEFORE_ORDER = "suspension between reading and order"
    IN_PLAY_BEFORE_ORDER = "off between reading and order"
    CLOSED_BEFORE_ORDER = "market closed between reading and order"
    SUSPENSION = "suspension"
    WITHDRAWN_BEFORE_ORDER = "withdrawal between reading and order"
    WITHDRAWAL = "withdrawal"
    HIDDEN_RUNNER = "runner HIDDEN"
    REINSTATED = "a removed runner is shown as active again"
    EMPTY_BACKS = "no back price in the whole market"
    IN_PLAY_EARLY = "turned in play before the scheduled off"
    RACE_MOVED = "race time moved"
    ABANDONED = "race abandoned"
    SESSION_ENDS = "session expires in mid-tick"
    LOGIN_REFUSED = "login refused for minutes"
    TOO_MANY = "too many requests, too much data"
    SERVICE_CODE = "service code for an order"
    SLOW_ANSWER = "answer after 16 to 40 s"
    STORE_FAILS = "store: full"
    STORE_BUSY = "store: serialization failure"
    STORE_READ_FAILS = "store: a read fails"
    COMMIT_LOST_WITH_ROW = "store: commit's answer lost, row there"
    COMMIT_LOST_WITHOUT_ROW = "store: commit's answer lost, no row"
    STORE_READ_ONLY = "store: read-only for a while"
    TAKEN_OVER = "a second daemon takes over in mid-tick"
    PAUSED = "the process stops for a minute in mid-tick"
    CLOCK_JUMP = "the trader's clock jumps an hour"
    CLOCK_BACK = "the trader's clock is put back by seconds"
    FOLD_DAY = "a day on which the clocks change, a leap day"
    DUPLICATE_PICK = "a pick that is there already"
    STALE_PRICES = "prices a minute old"
    BAD_PRICE = "odds NaN, -1, 0, 1, 1e308 or off the ladder"
    BAD_SIZE = "size 0, NaN or negative at the best price"
    CROSSED_BOOK = "crossed book, back and lay swapped"
    SQL_IN_NAMES = "SQL and format strings in names"
    FOREIGN_BET = "bet placed by hand"
    FOREIGN_BOT = "bet of another program"
    VIEW_LOSES_BET = "a listed bet is missing from one reading"
    VIEW_LOSES_BET_CLOSING = "a listed bet is missing from a cash-out's reading"
    TIME_PASSES = "minutes pass between two ticks"
    LEVER = "a person kills or pauses"


F = Fault

ROWS: Mapping[int, tuple[str, tuple[Fault, ...]]] = {
    1: ("crash", (F.CRASH_EXCHANGE, F.CRASH_ORDER, F.CRASH_CLOSING, F.CRASH_STORE)),
    2: (
        "request or answer lost",
        (F.ANSWER_LOST_BEFORE, F.ANSWER_LOST_AFTER, F.ANSWER_BROKEN, F.CANCEL_LOST, F.READ_FAILS),
    ),
    3: ("TIMEOUT, listed late", (F.TIMEOUT_LATE, F.TIMEOUT_NEVER, F.LAG_4, F.LAG_15, F.LAG_45, F.LAG_120)),
    4: ("twice, late, reordered", (F.LISTED_TWICE, F.LISTED_OLD, F.LISTED_SHUFFLED, F.ANSWER_LATE)),
    5: ("filled in between", (F.PRICE_MOVES, F.FILLED_IN_CANCEL)),
    6: (
        "market moved on",
        (
            F.VERSION_CHANGES,
            F.SUSPENDED_BEFORE_ORDER,
            F.IN_PLAY_BEFORE_ORDER,
            F.CLOSED_BEFORE_ORDER,
            F.SUSPENSION,
        ),
    ),
    7: (
        "non-runner",
        (F.WITHDRAWN_BEFORE_ORDER, F.WITHDRAWAL, F.HIDDEN_RUNNER, F.REINSTATED, F.EMPTY_BACKS),
    ),
    8: ("race moved, early, abandoned", (F.IN_PLAY_EARLY, F.RACE_MOVED, F.ABANDONED)),
    9: ("session, login", (F.SESSION_ENDS, F.LOGIN_REFUSED)),
    10: ("too many, slow", (F.TOO_MANY, F.SERVICE_CODE, F.SLOW_ANSWER)),
    11: (
        "database",
        (
            F.STORE_FAILS,
            F.STORE_BUSY,
            F.STORE_READ_FAILS,
            F.COMMIT_LOST_WITH_ROW,
            F.COMMIT_LOST_WITHOUT_ROW,
            F.STORE_READ_ONLY,
        ),
    ),
    13: ("two daemons, pauses", (F.TAKEN_OVER, F.PAUSED)),
    14: ("clock, calendar", (F.CLOCK_JUMP, F.CLOCK_BACK, F.FOLD_DAY)),
    16: ("duplicate selections", (F.DUPLICATE_PICK,)),
    17: ("odds", (F.STALE_PRICES, F.BAD_PRICE, F.BAD_SIZE, F.CROSSED_BOOK)),
    18: ("names", (F.SQL_IN_NAMES,)),
    20: ("others on the account", (F.FOREIGN_BET, F.FOREIGN_BOT)),
    21: ("a listed bet is lost", (F.VIEW_LOSES_BET, F.VIEW_LOSES_BET_CLOSING)),
}
"""Row of the fault catalogue -> what it is about, and the faults injected for it here."""

ELSEWHERE = {
    12: "the store for grading is not there yet",
    15: "tests/authoring/test_broken_policies.py, test_yaml.py",
    19: "tests/authoring/test_broken_policies.py: test_a_link_out_of_the_folder_is_refused (there are no includes)",
    22: "tests/adapters/betfair/test_stream.py: test_a_status_503_, test_silence_, test_an_image_in_the_middle_",
    23: "tests/adapters/betfair/test_stream.py: test_an_unknown_issuer_, test_another_issuer_, test_another_name_",
    24: "tests of whole processes",
}
"""Rows that other tests cover."""

RATES: Mapping[Fault, float] = {
    F.CRASH_EXCHANGE: 0.003,
    F.CRASH_ORDER: 0.05,
    F.CRASH_CLOSING: 0.04,
    F.CRASH_STORE: 0.004,
    F.ANSWER_LOST_BEFORE: 0.04,
    F.ANSWER_LOST_AFTER: 0.07,
    F.ANSWER_BROKEN: 0.04,
    F.CANCEL_LOST: 0.25,
    F.READ_FAILS: 0.004,
    F.TIMEOUT_LATE: 0.07,
    F.TIMEOUT_NEVER: 0.03,
    F.LAG_4: 0.1,
    F.LAG_15: 0.1,
    F.LAG_45: 0.08,
    F.LAG_120: 0.08,
    F.LISTED_TWICE: 0.02,
    F.LISTED_OLD: 0.02,
    F.LISTED_SHUFFLED: 0.05,
    F.ANSWER_LATE: 0.03,
    F.PRICE_MOVES: 0.25,
    F.FILLED_IN_CANCEL: 0.3,
    F.VERSION_CHANGES: 0.05,
    F.SUSPENDED_BEFORE_ORDER: 0.03,
    F.IN_PLAY_BEFORE_ORDER: 0.012,
    F.CLOSED_BEFORE_ORDER: 0.012,
    F.SUSPENSION: 0.02,
    F.WITHDRAWN_BEFORE_ORDER: 0.03,
    F.WITHDRAWAL: 0.008,
    F.HIDDEN_RUNNER: 0.01,
    F.REINSTATED: 0.05,
    F.EMPTY_BACKS: 0.006,
    F.IN_PLAY_EARLY: 0.0008,
    F.RACE_MOVED: 0.01,
    F.ABANDONED: 0.0008,
    F.SESSION_ENDS: 0.002,
    F.LOGIN_REFUSED: 0.00012,
    F.TOO_MANY: 0.002,
    F.SERVICE_CODE: 0.05,
    F.SLOW_ANSWER: 0.003,
    F.STORE_FAILS: 0.006,
    F.STORE_BUSY: 0.006,
    F.STORE_READ_FAILS: 0.001,
    F.COMMIT_LOST_WITH_ROW: 0.01,
    F.COMMIT_LOST_WITHOUT_ROW: 0.01,
    F.STORE_READ_ONLY: 0.002,
    F.TAKEN_OVER: 0.012,
    F.PAUSED: 0.012,
    F.CLOCK_JUMP: 0.006,
    F.CLOCK_BACK: 0.006,
    F.FOLD_DAY: 0.3,
    F.DUPLICATE_PICK: 0.5,
    F.STALE_PRICES: 0.01,
    F.BAD_PRICE: 0.02,
    F.BAD_SIZE: 0.015,
    F.CROSSED_BOOK: 0.015,
    F.SQL_IN_NAMES: 0.4,
    F.FOREIGN_BET: 0.02,
    F.FOREIGN_BOT: 0.02,
    F.VIEW_LOSES_BET: 0.01,
    F.VIEW_LOSES_BET_CLOSING: 0.03,
    F.TIME_PASSES: 0.015,
    F.LEVER: 0.006,
}
"""How likely each is at each occasion: an order, a call, a tick, a day. What is not named does not happen."""


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
        rate = self._rates.get(fault, 0.0)
        if not self.is_on or not rate or not self.chance.happens(rate):
            return False
        self.counts[fault] += 1
        return True

    def first_of(self, *faults: Fault) -> Fault | None:
        """The first that happens, or None."""
        return next((fault for fault in faults if self.hits(fault)), None)

    def checkpoint(self, name: str) -> bool:
        """Before and after each call to store and exchange: whether the process ends here, by plan."""
        del name
        return False


class CrashAt(Injector):
    """One process's end at one checkpoint, and of the faults only those that make a day worth it."""

    def __init__(self, number: int | None) -> None:
        super().__init__(0, {Fault.PRICE_MOVES: 1.0})
        self.names: list[str] = []
        """The checkpoints that were passed."""
        self._number = number

    def checkpoint(self, name: str) -> bool:
        if not self.is_on:
            return False
        self.names.append(name)
        return len(self.names) == self._number


def missing_rows(counts: Counter[Fault]) -> dict[int, list[Fault]]:
    """Rows of the catalogue with a fault that was never hit."""
    missing = {row: [fault for fault in faults if not counts[fault]] for row, (_, faults) in ROWS.items()}
    return {row: faults for row, faults in missing.items() if faults}
