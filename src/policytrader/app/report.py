"""The day's report: what became of each pick, and what it comes to. Reads a store and writes nothing.

Amounts are exact; the one division of a fill or a starting-price beat is made in ``model/money.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from policytrader.app.activate import unpack
from policytrader.engine.plan import NO_REASON_STORED
from policytrader.errors import PolicyError, StoreError
from policytrader.model.journal import IntentState, Purpose
from policytrader.model.money import ZERO, average, divide, percent_of, percent_or_none
from policytrader.model.position import risk_of
from policytrader.model.records import BetOutcome
from policytrader.model.snapshot import Side
from policytrader.model.times import london_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from policytrader.model.journal import Control, JournalEntry
    from policytrader.model.records import Activation, StoredBet, StoredSelection
    from policytrader.model.snapshot import MarketType
    from policytrader.policy.policy_set import PolicySet
    from policytrader.ports.store import Store

_HUNDRED = Decimal(100)
_AT_THE_OFF = 1
"""Microseconds left: the ladder's last step is still in force."""
_SEEN = frozenset({IntentState.SEEN, IntentState.DONE})
_UNKNOWN = frozenset({IntentState.SENT, IntentState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class PickReport:
    """What became of one pick.

    ``size_matched`` and ``average_price_matched`` are of its own side and ours alone: the exchange's final word where
    the pick is settled, else what the journal knows. ``target``, ``sent`` and ``at_risk`` are in the ladder's unit, the
    stake of a back and the liability of a lay: what the ladder came to at the off (None where no policy is known, or
    the pick did not stay valid), what its opening orders asked for, and what of it is matched. ``starting_price``,
    ``profit`` and ``commission`` are None until the pick is settled; hedges are in the money.
    """

    selection_ref: str
    race_id: str
    race_time: datetime
    course: str
    runner_name: str | None
    market_id: str
    market_type: MarketType
    selection_id: int
    side: Side
    price_requested: Decimal
    stake_points: Decimal
    target: Decimal | None
    sent: Decimal
    size_matched: Decimal
    average_price_matched: Decimal | None
    starting_price: Decimal | None
    outcome: BetOutcome
    profit: Decimal | None
    commission: Decimal | None
    valid: bool
    invalidated_reason: str | None
    invalidated_at: datetime | None
    closed: bool
    orders: int
    hedges: int

    @property
    def bet(self) -> str:
        """``BACK WIN``."""
        return f"{self.side} {self.market_type}"

    @property
    def runner(self) -> str:
        """The runner's name, else its number at the exchange."""
        return self.runner_name or str(self.selection_id)

    @property
    def reason(self) -> str | None:
        """Why it is invalid; None while it is valid."""
        return None if self.valid else self.invalidated_reason or NO_REASON_STORED

    @property
    def is_settled(self) -> bool:
        """Whether its result is stored."""
        return self.outcome is not BetOutcome.TO_BE_RUN

    @property
    def net(self) -> Decimal | None:
        """Profit less commission."""
        return None if self.profit is None else self.profit - (self.commission or ZERO)

    @property
    def at_risk(self) -> Decimal:
        """The stake of a back, the liability of a lay: of what is matched."""
        average = self.average_price_matched
        return ZERO if average is None else risk_of(self.side, average, self.size_matched)

    @property
    def wanted(self) -> Decimal | None:
        """What the fill is measured against: the target, else what was sent; None where nothing was wanted.

        What the exchange annulled says nothing of a fill.
        """
        wanted = self.sent if self.target is None else self.target
        return wanted if wanted > ZERO and self.outcome is not BetOutcome.VOID else None

    @property
    def fill_percent(self) -> Decimal | None:
        """How much of what was wanted is matched."""
        return None if self.wanted is None else percent_of(self.at_risk, self.wanted)

    @property
    def beat_percent(self) -> Decimal | None:
        """By how much the average is better than the starting price: for a back the higher one, for a lay the lower."""
        average, starting = self.average_price_matched, self.starting_price
        if not average or not starting or not self.size_matched:
            return None
        better, worse = (average, starting) if self.side is Side.BACK else (starting, average)
        return percent_of(better, worse) - _HUNDRED


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCounts:
    """The day's orders: all that were decided, all that left, and what is known of them now.

    ``sent`` left this program; ``seen`` are bets at the exchange, over or not; ``dead`` are provably none, refused or
    never sent; of ``unknown`` ones nobody knows. ``hedges`` were decided to close a position.
    """

    decided: int
    sent: int
    seen: int
    dead: int
    unknown: int
    hedges: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceProfit:
    """What a race's settled picks made, net, and what the day had made with them, in the order of the offs."""

    race_time: datetime
    course: str
    picks: int
    net: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayReport:
    """The picks for the races of a London day, by off, market, runner and side; orders and levers of that day."""

    mode: str
    day: date
    picks: tuple[PickReport, ...]
    orders: OrderCounts
    controls: tuple[Control, ...]

    @property
    def settled(self) -> int:
        """How many results are stored."""
        return sum(pick.is_settled for pick in self.picks)

    @property
    def profit(self) -> Decimal:
        """Before commission."""
        return sum((pick.profit or ZERO for pick in self.picks), ZERO)

    @property
    def commission(self) -> Decimal:
        """What the exchange charged."""
        return sum((pick.commission or ZERO for pick in self.picks), ZERO)

    @property
    def net(self) -> Decimal:
        """Profit less commission."""
        return self.profit - self.commission

    @property
    def staked(self) -> Decimal:
        """What was matched: stakes of backs, liabilities of lays."""
        return sum((pick.at_risk for pick in self.picks), ZERO)

    @property
    def wanted(self) -> Decimal:
        """What the fill is measured against, over all picks that wanted something."""
        return sum((pick.wanted or ZERO for pick in self.picks), ZERO)

    @property
    def filled(self) -> Decimal:
        """What of it is matched."""
        return sum((pick.at_risk for pick in self.picks if pick.wanted is not None), ZERO)

    @property
    def fill_percent(self) -> Decimal | None:
        """How much of what was wanted is matched; None where nothing was."""
        return percent_or_none(self.filled, self.wanted)

    @property
    def beats(self) -> tuple[tuple[int, PickReport, Decimal], ...]:
        """The picks whose average and starting price are known: number in the table, pick, percent."""
        found = ((number, pick, pick.beat_percent) for number, pick in enumerate(self.picks, 1))
        return tuple((number, pick, percent) for number, pick, percent in found if percent is not None)

    @property
    def mean_beat_percent(self) -> Decimal | None:
        """The plain mean of the picks' beats."""
        beats = [percent for _, _, percent in self.beats]
        return divide(sum(beats, ZERO), Decimal(len(beats))) if beats else None

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """How many picks each reason stopped, most first."""
        counts = Counter(pick.reason for pick in self.picks if pick.reason is not None)
        return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    @property
    def races(self) -> tuple[RaceProfit, ...]:
        """The day's way to its profit, race by race."""
        found: list[RaceProfit] = []
        total = ZERO
        settled = (pick for pick in self.picks if pick.is_settled)
        for race_time, race_id in dict.fromkeys((pick.race_time, pick.race_id) for pick in settled):
            picks = [
                one for one in self.picks if one.is_settled and (one.race_time, one.race_id) == (race_time, race_id)
            ]
            net = sum((pick.net or ZERO for pick in picks), ZERO)
            total += net
            found.append(
                RaceProfit(race_time=race_time, course=picks[0].course, picks=len(picks), net=net, total=total)
            )
        return tuple(found)


def read_report(store: Store, day: date, mode: str) -> DayReport:
    """The report of a London day. Raises ``StoreError``."""
    picks = store.selections(day)
    results = {bet.selection_ref: bet for bet in store.live_results(day)}
    entries = store.intents(day)
    ladders = _Ladders(store, entries)
    of_pick = {
        ref: tuple(group)
        for ref, group in groupby(
            sorted(entries, key=lambda one: one.intent.selection_ref), lambda one: one.intent.selection_ref
        )
    }
    reports = []
    for pick in picks:
        ref = pick.selection.selection_ref
        own = of_pick.get(ref, ())
        reports.append(_report(pick, results.get(ref), own, ladders.target(pick, own)))
    return DayReport(
        mode=mode,
        day=day,
        picks=tuple(reports),
        orders=_counts(entries),
        controls=tuple(one for one in store.controls() if london_day(one.at) == day),
    )


def _report(
    pick: StoredSelection,
    result: StoredBet | None,
    entries: Sequence[JournalEntry],
    target: Decimal | None,
) -> PickReport:
    one = pick.selection
    opening = [entry for entry in entries if entry.intent.purpose is Purpose.OPENING]
    size, average = _matched(opening) if result is None else (result.size_matched, result.average_price_matched)
    return PickReport(
        selection_ref=one.selection_ref,
        race_id=one.race_id,
        race_time=one.race_time,
        course=pick.course,
        runner_name=one.runner_name,
        market_id=one.market_id,
        market_type=one.market_type,
        selection_id=one.selection_id,
        side=one.side,
        price_requested=one.price_requested,
        stake_points=one.stake_points,
        target=target if one.valid else None,
        sent=sum((entry.intent.reservation for entry in opening if entry.sent_at is not None), ZERO),
        size_matched=size,
        average_price_matched=average,
        starting_price=None if result is None else result.starting_price,
        outcome=BetOutcome.TO_BE_RUN if result is None else result.outcome,
        profit=None if result is None else result.profit,
        commission=None if result is None else result.commission,
        valid=one.valid,
        invalidated_reason=one.invalidated_reason,
        invalidated_at=pick.invalidated_at,
        closed=one.closed,
        orders=len(opening),
        hedges=len(entries) - len(opening),
    )


def _matched(entries: Iterable[JournalEntry]) -> tuple[Decimal, Decimal | None]:
    """Size and average over what the exchange told of these orders."""
    size = value = ZERO
    for entry in entries:
        if entry.sizes is not None and entry.sizes.matched:
            size += entry.sizes.matched
            value += entry.sizes.matched * (entry.sizes.average_price_matched or entry.intent.price)
    return size, average(value, size)


def _counts(entries: Sequence[JournalEntry]) -> OrderCounts:
    return OrderCounts(
        decided=len(entries),
        sent=sum(entry.sent_at is not None for entry in entries),
        seen=sum(entry.state in _SEEN for entry in entries),
        dead=sum(entry.state is IntentState.DEAD for entry in entries),
        unknown=sum(entry.state in _UNKNOWN for entry in entries),
        hedges=sum(entry.intent.purpose is Purpose.HEDGE for entry in entries),
    )


class _Ladders:
    """What the ladder came to at the off, by the policy that decided then."""

    def __init__(self, store: Store, entries: Sequence[JournalEntry]) -> None:
        self._store = store
        self._activations = [one for one in store.activations() if not one.is_shadow]
        self._last_of_day = entries[-1].intent.policy_hash if entries else None
        self._policies: dict[str, PolicySet | None] = {}

    def target(self, pick: StoredSelection, entries: Sequence[JournalEntry]) -> Decimal | None:
        """In the ladder's unit; None where no policy is known."""
        one = pick.selection
        policy = self._policy(self._hash_at(one.race_time, entries))
        if policy is None:
            return None
        step = policy.staking.ladder_for(one.side, one.market_type).step_at(_AT_THE_OFF)
        return ZERO if step is None else step.amount(one.side) * one.stake_points

    def _hash_at(self, race_time: datetime, entries: Sequence[JournalEntry]) -> str | None:
        """Who activated by another clock than the day's has no activation before the off: then the orders tell."""
        before: list[Activation] = [one for one in self._activations if one.at <= race_time]
        if before:
            return before[-1].policy_hash
        return entries[-1].intent.policy_hash if entries else self._last_of_day

    def _policy(self, policy_hash: str | None) -> PolicySet | None:
        if policy_hash is None:
            return None
        if policy_hash not in self._policies:
            self._policies[policy_hash] = self._unpacked(policy_hash)
        return self._policies[policy_hash]

    def _unpacked(self, policy_hash: str) -> PolicySet | None:
        """A policy that cannot be read leaves a number out, not the report."""
        try:
            record = self._store.policy(policy_hash)
            return None if record is None else unpack(record.content)
        except PolicyError:
            return None
        except StoreError as error:
            if error.code != "damaged":
                raise
            return None
