"""The journal: one intent is one row, at most one request, at most one bet (``ARCHITECTURE.md``).

What an intent is (``Intent``) never changes; what is known of it (``JournalEntry``) follows the states below. The
amounts are what the limits count: an intent counts from the moment its row is durable until it is provably no bet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from policytrader.model.money import ZERO
from policytrader.model.position import risk_of
from policytrader.model.snapshot import Order, OrderStatus
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from policytrader.model.bets import Bet
    from policytrader.model.snapshot import Side


class Purpose(StrEnum):
    """Why an order is sent: to open a position, or to close one."""

    OPENING = "opening"
    HEDGE = "hedge"


class IntentState(StrEnum):
    """What is known of an intent."""

    DECIDED = "decided"
    """Computed, nothing written: never stands in a store."""
    RESERVED = "reserved"
    """The row is durable, nothing was sent."""
    SENT = "sent"
    """Written before the first byte: the exchange may have it."""
    UNKNOWN = "unknown"
    """Nobody knows: quarantine, until there is positive evidence."""
    SEEN = "seen"
    """The exchange holds a bet for it."""
    DEAD = "dead"
    """Provably no bet."""
    DONE = "done"
    """The bet is over; what was matched stays in the day's totals."""


class EventKind(StrEnum):
    """What a ``JournalEvent`` is about, beside an intent's steps, which have the names of the states they lead to."""

    SIZES = "sizes"
    """The sizes of an intent's bet are others."""
    LEAD = "lead"
    """Another leader: ``code`` is the account."""
    LATCH = "latch"
    CASH_OUT = "cash_out"
    """A cash-out ended: ``code`` says how, ``detail`` is the pick."""
    INVALIDATED = "invalidated"
    REVALIDATED = "revalidated"


TRANSITIONS: dict[IntentState, frozenset[IntentState]] = {
    IntentState.DECIDED: frozenset({IntentState.RESERVED}),
    IntentState.RESERVED: frozenset({IntentState.SENT, IntentState.DEAD, IntentState.UNKNOWN}),
    IntentState.SENT: frozenset({IntentState.SEEN, IntentState.DEAD, IntentState.UNKNOWN}),
    IntentState.UNKNOWN: frozenset({IntentState.SEEN, IntentState.DEAD}),
    IntentState.SEEN: frozenset({IntentState.DONE}),
    IntentState.DEAD: frozenset(),
    IntentState.DONE: frozenset(),
}
"""State -> the states that may follow. Nothing leads back to ``sent``: an intent is never sent again."""

NOT_SENT = "NOT_SENT"
"""The code of an intent that was reserved and then not sent: nothing left this process."""

OPEN_STATES = frozenset({IntentState.RESERVED, IntentState.SENT, IntentState.UNKNOWN, IntentState.SEEN})
"""The states in which something may still happen."""


def may_become(state: IntentState, following: IntentState) -> bool:
    """Whether the life of an intent has this step."""
    return following in TRANSITIONS[state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order that was decided. ``ref`` (at most 32 characters) is its name here and at the exchange.

    ``price`` stands on the ladder, ``size`` has two decimals. ``decision_id``, ``policy_hash`` and ``snapshot_hash``
    say why it exists; ``market_version`` is the one that was seen before the account's orders were read.
    """

    ref: str
    account: str
    selection_ref: str
    purpose: Purpose
    market_id: str
    selection_id: int
    side: Side
    price: Decimal
    size: Decimal
    market_version: int
    strategy_ref: str
    decision_id: str
    policy_hash: str
    snapshot_hash: str
    created_at: datetime
    payout: Decimal | None = None

    @property
    def reservation(self) -> Decimal:
        """What it may cost: the stake of a back, the liability of a lay, at the order's own price."""
        return risk_of(self.side, self.price, self.size)

    @property
    def day(self) -> date:
        """The day in London on which it was decided: the day whose totals it counts in."""
        return london_day(self.created_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetSizes:
    """What became of an order's size; the parts add up to it. ``average_price_matched`` is None with nothing matched.

    A removal voids or reduces: sizes are read anew each time and replace what was known, they are never summed.
    """

    matched: Decimal = ZERO
    average_price_matched: Decimal | None = None
    remaining: Decimal = ZERO
    cancelled: Decimal = ZERO
    lapsed: Decimal = ZERO
    voided: Decimal = ZERO

    @classmethod
    def of(cls, bet: Bet) -> BetSizes:
        """The sizes of a bet as the account lists it."""
        return cls(
            matched=bet.size_matched,
            average_price_matched=bet.average_price_matched,
            remaining=bet.size_remaining,
            cancelled=bet.size_cancelled,
            lapsed=bet.size_lapsed,
            voided=bet.size_voided,
        )

    @property
    def gone(self) -> Decimal:
        """What can no longer be matched."""
        return self.cancelled + self.lapsed + self.voided


@dataclass(frozen=True, kw_only=True)
class JournalEntry:
    """An intent and what is known of it now. ``epoch`` is the leader's that reserved it.

    ``sizes`` is None until the exchange has told; ``sizes_at`` is when it did, so that a late answer changes nothing.
    ``code`` and ``detail`` are the last word on its fate: the exchange's, or of a person who resolved it.
    """

    intent: Intent
    epoch: int
    state: IntentState
    mode: str
    updated_at: datetime
    sent_at: datetime | None = None
    bet_id: str | None = None
    code: str = ""
    detail: str = ""
    sizes: BetSizes | None = None
    sizes_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Something may still happen to it."""
        return self.state in OPEN_STATES

    @cached_property
    def exposure(self) -> Decimal:
        """What the limits count now, in the intent's own unit: stake of a back, liability of a lay.

        Reserved, sent and unknown: the whole reservation. Seen: what is matched, at its average, and whatever is
        neither matched nor gone, at the order's price (or what the exchange says is open, whichever is more). Done:
        what was matched. Dead: nothing.
        """
        match self.state:
            case IntentState.DECIDED | IntentState.DEAD:
                return ZERO
            case IntentState.RESERVED | IntentState.SENT | IntentState.UNKNOWN:
                return self.intent.reservation
            case IntentState.SEEN:
                return self._matched + max(self._reserved_remainder, self._remaining)
            case IntentState.DONE:
                return self._matched

    @property
    def _reserved_remainder(self) -> Decimal:
        over = ZERO if self.sizes is None else self.sizes.gone + self.sizes.matched
        return risk_of(self.intent.side, self.intent.price, max(ZERO, self.intent.size - over))

    @property
    def _matched(self) -> Decimal:
        if self.sizes is None:
            return ZERO
        average = self.sizes.average_price_matched
        return risk_of(self.intent.side, self.intent.price if average is None else average, self.sizes.matched)

    @property
    def _remaining(self) -> Decimal:
        return ZERO if self.sizes is None else risk_of(self.intent.side, self.intent.price, self.sizes.remaining)

    def as_order(self) -> Order:
        """The entry as a row of a snapshot, where the account does not list it (yet): its whole size is reserved."""
        intent = self.intent
        return Order(
            intent.ref, intent.market_id, intent.selection_id, intent.side, intent.price, intent.size,
            ZERO, None, intent.size, OrderStatus.UNKNOWN, self.sent_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What became known of an intent: ``state`` is seen, dead or unknown. Seen needs a ``bet_id``.

    ``code`` is the exchange's word, or names where the evidence comes from; ``who`` is a person, where one decided.
    """

    state: IntentState
    code: str
    detail: str = ""
    bet_id: str | None = None
    sizes: BetSizes | None = None
    who: str = ""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for what is no evidence."""
        if self.state not in {IntentState.SEEN, IntentState.DEAD, IntentState.UNKNOWN}:
            message = f"an intent is resolved to seen, dead or unknown, not to {self.state}"
            raise ValueError(message)
        if (self.state is IntentState.SEEN) != (self.bet_id is not None):
            message = f"{self.state} {'needs a' if self.bet_id is None else 'has no'} bet_id"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEvent:
    """Something that happened, to an intent (``ref``) or to the day; appended, never changed.

    ``kind`` is the state that an intent's step led to, or an ``EventKind``; ``detail`` is for people. ``seq`` rises; 0
    until it is stored.
    """

    at: datetime
    kind: str
    ref: str | None = None
    code: str = ""
    detail: str = ""
    who: str = ""
    epoch: int | None = None
    seq: int = 0


class ControlKind(StrEnum):
    """The safety levers."""

    KILL = "kill"
    PAUSE = "pause"
    RESUME = "resume"
    LATCH = "latch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One pull of a lever: who, why and when. ``seq`` rises; 0 until it is stored.

    A latch also has a ``cause`` (a protection's id), a ``subject`` (a market, a selection, an account) and the
    ``evidence`` that closed it (for example the newest intent that was counted): one that a person has lifted closes
    again only on other evidence.
    """

    kind: ControlKind
    at: datetime
    who: str
    why: str
    cause: str = ""
    subject: str = ""
    evidence: str = ""
    cancels_open: bool = False
    seq: int = 0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` where nobody, or no reason, is named."""
        if not self.who.strip() or not self.why.strip():
            message = f"{self.kind} needs a name and a reason"
            raise ValueError(message)
        if (self.kind is ControlKind.LATCH) != bool(self.cause):
            message = "a latch, and nothing else, has a cause"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlState:
    """The levers as they stand: what was pulled since the last ``resume``."""

    kill: Control | None = None
    pause: Control | None = None
    latches: tuple[Control, ...] = ()

    @property
    def may_open(self) -> bool:
        """Whether new positions may be opened."""
        return self.kill is None and self.pause is None and not self.latches


def control_state_of(controls: tuple[Control, ...]) -> ControlState:
    """The state after these pulls, oldest first. The first kill or pause stands, with its reason, until a resume."""
    kill = pause = None
    latches: list[Control] = []
    for control in controls:
        match control.kind:
            case ControlKind.KILL:
                kill = kill or control
            case ControlKind.PAUSE:
                pause = pause or control
            case ControlKind.LATCH:
                latches.append(control)
            case ControlKind.RESUME:
                kill = pause = None
                latches.clear()
    return ControlState(kill=kill, pause=pause, latches=tuple(latches))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to trade for an account: whoever holds the highest ``epoch`` has it."""

    account: str
    holder: str
    epoch: int
    acquired_at: datetime
    renewed_at: datetime
    released_at: datetime | None = None
